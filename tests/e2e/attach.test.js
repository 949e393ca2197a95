// The prompt of a running bot: `wemoon repl --attach`, through a pipe and at a real terminal (tmux).
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { atEnd, BINARY, wemoon, startBot, textXml, tempDir, writeFiles, cleanEnv, sleep, until } = require('./harness');
const { stopwatch } = require('./stopwatch');
const { startDev } = require('./dev');
const { terminal } = require('./prompt');

const ECHO = 'greeting = "hi "\nfunction on_message(msg) return greeting .. (msg.content or msg.type) end';

// Types lines into the prompt of a bot; returns { out, err }.
async function attach(bot, lines, { code = 0, args = ['bot.lua'], env } = {}) {
  const { stdout, stderr } = await wemoon(['repl', ...args, '--attach'], {
    cwd: bot.dir, input: `${lines.join('\n')}\n`, code, env: { XDG_STATE_HOME: bot.dir, ...env },
  });
  return { out: stdout, err: stderr };
}

const socketOf = (bot) => path.join(bot.dir, `wemoon-${bot.pid}.sock`);
const ended = (child) => new Promise((resolve) => {
  if (child.exitCode !== null || child.signalCode !== null) return resolve();
  child.on('close', resolve);
  return child.kill();
});
const at = (t, bot, options) => terminal(t, { home: bot.dir, args: ['repl', 'bot.lua', '--attach'], ...options });

test('it is in the bot: its globals, its wechat; what is changed there, messages see', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const { out } = await attach(bot, ['greeting', 'greeting = "yo "', 'wechat.config.get and true', 'wechat.store.set("k", 7)']);
  assert.match(out, /^"hi "\n/);
  assert.equal(await bot.say('a'), 'yo a');
  assert.match((await attach(bot, ['wechat.store.get("k")'])).out, /^7\n/);
});

test('a bot that `wemoon dev` serves has the prompt too, also while its script does not load', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  const { bot } = sim;
  assert.equal((fs.statSync(socketOf(bot)).mode & 0o777).toString(8), '600');
  const { out } = await attach(bot, ['greeting = "yo "', 'wechat.create_menu({ button = { { type = "click", name = "n", key = "k" } } })', '#wechat.get_menu().menu.button']);
  assert.match(out, /\n1\n$/);
  assert.match(JSON.stringify((await sim.say('a')).shown), /"yo a"/);
  fs.writeFileSync(path.join(bot.dir, 'bot.lua'), 'function on_message( return 1');
  await until(() => /bot.lua:1: .*near/.test(bot.log), 'the failed reload');
  assert.match((await attach(bot, ['greeting'])).out, /^"yo "/);
  await bot.stop();
  assert.equal(fs.existsSync(socketOf(bot)), false);
});

test('a bot whose script, or a prompt, has removed wechat still has prompts', async (t) => {
  const bot = await startBot(t, { script: `${ECHO}\nlocal own = wechat wechat = nil` });
  assert.match((await attach(bot, ['wechat', '1 + 1', '.conversations'])).out, /^nil\n2\nnobody is in a conversation/);
});

test('what is typed leaves nothing behind: _ , menu and print are the prompt\'s, undefined globals are nil', async (t) => {
  const bot = await startBot(t, { script: `${ECHO}
    names = {}
    function new()
      local all = {}
      for name in pairs(_G) do if not names[name] then all[#all + 1] = name end end
      return table.concat(all, " ")
    end
    for name in pairs(_G) do names[name] = true end` });
  const { out, err } = await attach(bot, ['nothing', '1 + 1', '_', 'print("a", nil)', 'menu:click("b", "k")', '#menu.button', 'rawget(_G, "menu")', 'new()']);
  assert.equal(out.split('\n').filter((line) => !line.startsWith('{')).join('|'), 'nil|2|2|a\tnil|1|nil|""|');
  assert.equal(err, '');
  assert.doesNotMatch(bot.log, /made inside a function|undefined/);
});

test('what an input writes with io goes to its prompt, in order with what it prints; what the bot\'s code writes does not', async (t) => {
  const bot = await startBot(t, { script: `${ECHO}\nfunction say_it() io.write("the bot wrote\\n") io.stdout:flush() end` });
  const { out, err } = await attach(bot, [
    'io.write("a", 1, 2.5) print("b") io.stdout:write("c\\n"):write("d") io.stderr:write("e") say_it()',
    'coroutine.wrap(function() io.write("f\\n") end)() wechat.spawn(function() io.write("g\\n") end) wechat.sleep(0.3)',
    'wechat.spawn(function() wechat.sleep(0.2) io.write("later") end)', 'wechat.sleep(0.5) print()', 'print("")',
    'io.type(io.stdout) .. " " .. io.type(io.stderr) .. " " .. tostring(io.type(1))', 'io.output("typed.txt"):setvbuf("no")', 'io.write("in the file")',
    'io.output(io.stdout) io.write("h\\27[2J")', 'rawget(_G, "io").write == io.write',
  ]);
  assert.equal(out.replace(/^(file \(.*|\{\})\n/gm, ''), 'a12.5b\nc\nde\nf\ng\nlater\n\n"file file nil"\ntrue\nh\\x1B[2J\nfalse\n');
  assert.equal(err, '');
  assert.equal(fs.readFileSync(path.join(bot.dir, 'typed.txt'), 'utf8'), 'in the file');
  await until(() => /^the bot wrote$/m.test(bot.output), 'the bot\'s own output');
  assert.doesNotMatch(bot.output, /12\.5|later|in the file/);
});

test('what an input left in the bot writes, once the prompt has ended, goes to the bot\'s own output', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  await attach(bot, [
    'local out = io.stdout', 'function on_message(msg) print("printed", msg.content) io.write("written ", msg.content, "\\n") out:write("kept\\n"):flush() return "ok" end',
    'wechat.spawn(function() wechat.sleep(0) io.write("unshown\\n") end)',
  ]);
  await until(() => /^unshown$/m.test(bot.output), 'what the prompt did not show');
  assert.equal(await bot.say('a'), 'ok');
  await until(() => /^printed\ta\nwritten a\nkept$/m.test(bot.output), 'the text in the bot\'s output');
});

test('an open prompt holds 1 MB of what is written while nothing is typed, and says how much was left out', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const write = 'for i = 1, 200000 do io.write("x") end wechat.sleep(0) io.write(("y"):rep(3000000))';
  const { out } = await attach(bot, [write, 'print("after")'], { env: { LC_ALL: 'zh_CN.UTF-8' } });
  const [shown, ...rest] = out.split('\n');
  assert.equal(shown, 'x'.repeat(200000) + 'y'.repeat((1 << 20) - 200000));
  assert.deepEqual(rest.slice(0, 2), [`还写了 ${3200000 - (1 << 20)} 个字节，没有显示`, 'after']);
});

test('what the code before a reload writes to a prompt that goes on in the new one is in the bot\'s own output, and what was cut is said', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const { out } = await attach(bot, ['function on_unload() print("unloaded") io.write(("y"):rep(2000000)) end', '.reload', '#greeting']);
  assert.match(out, /reloaded\n3\n$/);
  await until(() => /^unloaded\ny{1048567}\n951433 bytes more were written to the prompt, and left out$/m.test(bot.output), 'what was written');
});

test('what io.write does not take is an error at the input\'s line', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const { out } = await attach(bot, ['x = io.write("a", nil)', 'x = io.stdout:write({})', 'x = io.stdout.write("a")', 'x = io.output(5)', 'x = io.output("/no/such/file")'], { code: 1 });
  assert.deepEqual(out.match(/^error: .*$/gm), [
    'error: bad argument #2 to \'write\' (string expected, got nil)', 'error: bad argument #1 to \'write\' (string expected, got table)',
    'error: bad argument #1 to \'write\' (FILE* expected, got string)', 'error: bad argument #1 to \'output\' (FILE* expected, got number)',
    'error: /no/such/file: No such file or directory']);
  assert.equal(out.match(/^ {2}x = io\./gm).length, 5, 'the line');
});

test('two prompts that write at the same time get each their own', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const writes = (name) => [`for i = 1, 5 do io.write("${name}", i, " ") io.stderr:write("${name} ") wechat.sleep(0.1) end`];
  const [one, two] = await Promise.all([attach(bot, writes('x')), attach(bot, writes('y'))]);
  assert.equal(one.out, 'x1 x x2 x x3 x x4 x x5 x \n');
  assert.equal(two.out, 'y1 y y2 y y3 y y4 y y5 y \n');
  assert.equal(bot.output.match(/[xy]\d /), null);
});

test('a menu of the bot\'s own is the bot\'s', async (t) => {
  const bot = await startBot(t, { script: `menu = { button = {} }\n${ECHO}` });
  assert.equal((await attach(bot, ['#menu.button', 'menu = 5', 'rawget(_G, "menu")'])).out, '0\n5\n');
});

test('an input that runs away is ended by script_cpu_ms, and no message is lost or late for it', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { script_cpu_ms: 400 } });
  const prompt = attach(bot, ['while true do end', 'pcall(function() while true do end end)', '("x"):rep(1e9)', '"alive"'], { code: 1 });
  await until(() => /while true/.test(bot.log), 'the input');
  for (let i = 0; i < 5; i++) {
    const elapsed = stopwatch(bot);
    assert.equal(await bot.say(`m${i}`), `hi m${i}`);
    const ms = elapsed();
    assert.ok(ms < 4500, `${ms} ms`);
  }
  const { out } = await prompt;
  assert.equal(out.match(/stopped after 400 ms of CPU time/g).length, 2);
  assert.match(out, /not enough memory\n"alive"\n$/);
});

test('what a phone does is refused there, with what to do instead', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const line of ['.say hi', '.tap 1', '.subscribe', '.unsubscribe', '.scan 1', '.locate 1 2', '.image', '.as bob', '.trace on', '.save f.lua'])
    assert.match((await attach(bot, [line], { code: 1 })).out, new RegExp(`^error: \\${line.split(' ')[0]} is not for a running bot: `));
  const { out } = await attach(bot, ['.help']);
  assert.match(out, /^\.conversations/m);
  assert.doesNotMatch(out, /^\.say/m);
  assert.equal(fs.existsSync(path.join(bot.dir, 'f.lua')), false);
});

test('.conversations lists who talks with the bot, .end ends it', async (t) => {
  for (const conversations of ['lasting', 'process']) {
    const bot = await startBot(t, { config: { conversations }, script: `function on_message(msg)
      if msg.content ~= "ask" then return "free" end
      local answer, why = wechat.ask("your name?", { timeout_s = 3600 })
      ended = why
      return answer and "name " .. answer.content
    end` });
    assert.match((await attach(bot, ['.conversations'])).out, /^nobody is in a conversation\n/);
    assert.equal(await bot.say('ask'), 'your name?');
    const { out } = await attach(bot, ['.conversations']);
    assert.match(out, /^oDemoUser0000000000000000001  asked \d s ago( at \S+bot\.lua:3)?, ends in 59 min(: your name\?)?\n/, out);
    if (conversations === 'lasting') assert.match(out, /bot\.lua:3.*your name\?/);
    assert.match((await attach(bot, ['.end nobody'], { code: 1 })).out, /no conversation of that openid/);
    assert.match((await attach(bot, ['.end oDemoUser0000000000000000001', '.conversations'])).out, /^ended\nnobody is/);
    await until(async () => /"ended"/.test((await attach(bot, ['ended'])).out), 'the reason');
    assert.equal(await bot.say('x'), 'free');
    await bot.stop();
  }
});

test('.reload loads the script anew, or says why not; after a reload the next input is in the new one', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { watch: false } });
  const screen = at(t, bot);
  await screen.shows(/live >/);
  bot.write('bot.lua', 'function on_message(');
  screen.keys('.reload', 'Enter');
  await screen.shows(/not reloaded, the previous version stays in service: \S*bot\.lua:\s*1/);
  bot.write('bot.lua', ECHO.replace('hi ', 'v2 '));
  screen.keys('mine = 1', 'Enter');
  screen.keys('.reload', 'Enter');
  await screen.shows(/reloaded/);
  screen.keys('tostring(mine) .. greeting', 'Enter');
  await screen.shows(/· the script was loaded anew: its globals are new[^]*"nilv2 "/);
  assert.equal(await bot.say('a'), 'v2 a');
  bot.write('bot.lua', ECHO.replace('hi ', 'v3 '));
  bot.signal('SIGHUP');
  await bot.waitForLog(/SIGHUP: .* was loaded again/);
  screen.keys('greeting', 'Enter');
  await screen.shows(/"v3 "/);
});

test('Ctrl-C ends what was typed, and nothing of the bot\'s; Ctrl-D leaves', async (t) => {
  const bot = await startBot(t, { script: `function on_message(msg) if msg.content == "slow" then wechat.sleep(1.5) end return "said " .. msg.content end` });
  const screen = at(t, bot);
  await screen.shows(/process \d+ serves \S*bot\.lua[^]*live >/);
  const slow = bot.say('slow');
  screen.keys('wechat.sleep(60)', 'Enter');
  await bot.waitForLog(/attach 1: wechat\.sleep\(60\)/);
  await sleep(200);
  screen.keys('C-c');
  await screen.shows(/interrupted/);
  assert.equal(await slow, 'said slow');
  screen.keys('6 * 7', 'Enter');
  await screen.shows(/42/);
  screen.keys('C-d');
  await screen.ended();
  await bot.waitForLog(/attach 1: the prompt was closed/);
  assert.equal(await bot.say('b'), 'said b');
});

test('a second Ctrl-C ends what the prompt\'s inputs have spawned, tells how many, and touches nobody else\'s tasks', async (t) => {
  const bot = await startBot(t, { script: `state = {}
    function spawn(name)
      wechat.spawn(function()
        local c <close> = setmetatable({}, { __close = function() state[name] = "ended" end })
        state[name] = "there"
        wechat.sleep(600)
      end)
    end
    function on_message(msg) spawn("message") return "ok" end` });
  assert.equal(await bot.say('a'), 'ok');
  const other = spawn(BINARY, ['repl', 'bot.lua', '--attach'], { cwd: bot.dir, env: cleanEnv({ XDG_STATE_HOME: bot.dir }), stdio: ['pipe', 'ignore', 'ignore'] });
  atEnd(t, () => ended(other));
  other.stdin.write('spawn("other")\n');
  await bot.waitForLog(/attach 1: spawn/);
  const states = async () => (await attach(bot, ['table.concat({ state.message or "-", state.other or "-", state.one or "-", state.two or "-" }, " ")'])).out.trim();
  await until(async () => /^"there there - -"$/.test(await states()), 'the others');
  const screen = at(t, bot);
  await screen.shows(/live >/);
  screen.keys('-l', 'spawn("one")');
  screen.keys('Enter');
  await until(async () => /^"there there there -"$/.test(await states()), 'the first of this prompt');
  screen.keys('-l', 'spawn("two") wechat.sleep(600)');
  screen.keys('Enter');
  await until(async () => /^"there there there there"$/.test(await states()), 'the second');
  screen.keys('C-c');
  await screen.shows(/interrupted\n月 live >$/);
  assert.equal(await states(), '"there there there there"');
  await until(async () => { // on a busy machine two keys may be a second apart
    screen.keys('C-c', 'C-c');
    await screen.shows(/\^C\n[^\n]*live >$|in the bot: \d\n月 live >$/);
    return /· the second Ctrl-C ended the tasks of this prompt that ran in the bot: 2\n/.test(screen.screen());
  }, 'the end of this prompt\'s');
  await until(async () => /^"there there ended ended"$/.test(await states()), 'their end');
  screen.keys('6 * 7', 'Enter');
  await screen.shows(/42\n月 live >$/);
});

test('a prompt that is closed while its input runs cancels that input', async (t) => {
  const bot = await startBot(t, { script: `${ECHO}\nclosed = 0` });
  const child = spawn(BINARY, ['repl', 'bot.lua', '--attach'], { cwd: bot.dir, env: cleanEnv({ XDG_STATE_HOME: bot.dir }), stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.write('local c <close> = setmetatable({}, { __close = function() closed = closed + 1 end }); wechat.sleep(60)\n');
  await bot.waitForLog(/attach 1: local c/);
  child.kill('SIGKILL');
  await until(async () => /^1\n/.test((await attach(bot, ['closed'])).out), 'the end of the input');
});

test('.help knows the keys of the configuration, the metrics and the log\'s fields there too', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const { out } = await attach(bot, ['.help late_reply', '.help wemoon_jobs', '.help outcome']);
  assert.match(out, /^config late_reply$/m);
  assert.match(out, /^ {2}metric wemoon_jobs {2}Messages and pages under way\.\n {2}log outcome {2}What became of this try/m);
});

test('names are completed from the bot\'s globals', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const screen = at(t, bot);
  await screen.shows(/live >/);
  screen.keys('gree', 'Tab', ' .. 1', 'Enter');
  await screen.shows(/"hi 1"/);
  screen.keys('.conv', 'Tab', 'Enter');
  await screen.shows(/nobody is in a conversation/);
});

test('Ctrl-C while the bot completes a word clears the line', async (t) => {
  const script = `${ECHO}
slow = setmetatable({}, { __pairs = function() wechat.log.error("asked") wechat.sleep(4) return next, {} end })`;
  const bot = await startBot(t, { script });
  const screen = at(t, bot);
  await screen.shows(/live >/);
  screen.keys('slow.a', 'Tab');
  await bot.waitForLog(/asked/);
  screen.keys('C-c');
  await screen.shows(/slow\.a\^C\n月 live >$/);
  screen.keys('6 * 7', 'Enter');
  await screen.shows(/42/);
});

test('a second Ctrl-C while the bot still completes a word ends what the prompt has spawned, and is answered', async (t) => {
  const script = `${ECHO}
slow = setmetatable({}, { __pairs = function() wechat.log.error("asked") wechat.sleep(15) return next, {} end })`;
  const bot = await startBot(t, { script });
  const screen = at(t, bot);
  await screen.shows(/live >/);
  screen.keys('-l', 'wechat.spawn(function() wechat.sleep(600) end)');
  screen.keys('Enter');
  await screen.shows(/end\)\n[^]*live >$/);
  await until(async () => { // on a busy machine two keys may be a second apart
    const asked = bot.log.split('asked').length;
    screen.keys('slow.a', 'Tab');
    await until(() => bot.log.split('asked').length > asked, 'the completion');
    await screen.types(); // it does not wait for the bot any more
    screen.keys('C-c', 'C-c');
    await screen.shows(/\^C\n[^]*live >$/);
    return until(() => /in the bot: 1\n/.test(screen.screen()), 'the answer', 4000).then(() => true, () => false);
  }, 'the end of the task', 60000);
  screen.keys('6 * 7', 'Enter');
  await screen.shows(/42\n月 live >$/);
});

test('the end of the bot is said at once, and ends the prompt with status 1', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const screen = at(t, bot);
  await screen.shows(/live >/);
  const waiting = attach(bot, ['wechat.sleep(60)'], { code: 1 });
  await bot.waitForLog(/attach 2: wechat/);
  const elapsed = stopwatch(bot);
  await bot.stop();
  assert.ok(elapsed() < 5000, 'an input does not hold up the end');
  await screen.shows(/· the bot has ended/);
  assert.match((await waiting).err, /wemoon: repl: the bot has ended\n/);
  assert.equal(fs.existsSync(socketOf(bot)), false);
  assert.match((await attach(bot, ['1'], { code: 1 })).err, /wemoon: repl: no running bot of this configuration \(looked for \S*wemoon-PID\.sock\)/);
});

test('an input that does not return keeps no successor from what was answered', async (t) => {
  const script = 'function on_message(msg) return msg.content .. " " .. wechat.store.incr("runs") end';
  const config = { store: `sqlite:${path.join(tempDir(t), 'wemoon.db')}`, allow_shell: true };
  const xml = textXml('hi');
  const bot = await startBot(t, { script, config });
  assert.equal((await bot.deliver(xml)).reply.Content, 'hi 1');
  const stuck = attach(bot, ['os.execute("sleep 20")'], { code: 1 });
  await bot.waitForLog(/attach 1: os/);
  await bot.stop();
  await stuck;
  const next = await startBot(t, { script, config });
  assert.equal((await next.deliver(xml)).reply.Content, 'hi 1');
});

test('several at once: each has its own _ and menu; the ninth is refused', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const sockets = [];
  atEnd(t, () => sockets.forEach((one) => one.destroy()));
  const say = (socket, word, text) => socket.write(`${word} ${Buffer.byteLength(text)}\n${text}`);
  const open = async () => {
    const socket = net.connect(socketOf(bot));
    socket.heard = '';
    socket.on('data', (chunk) => { socket.heard += chunk; });
    socket.on('error', () => {});
    sockets.push(socket);
    await until(() => /wemoon|refused/.test(socket.heard), 'a greeting');
    if (/refused/.test(socket.heard)) return socket;
    say(socket, 'hello', '{"columns":"80","terminal":"","color":""}');
    await until(() => /ready/.test(socket.heard), 'an answer');
    return socket;
  };
  for (let i = 0; i < 8; i++) {
    const socket = await open();
    say(socket, 'line', `${i} * 10`);
  }
  assert.match((await open()).heard, /refused \d+\nthe largest number of prompts/);
  for (let i = 0; i < 8; i++) say(sockets[i], 'line', '"is " .. _');
  for (let i = 0; i < 8; i++) await until(() => sockets[i].heard.includes(`"is ${i * 10}"`), `the value of ${i}`);
  sockets[0].destroy();
  await bot.waitForLog(/the prompt was closed/);
  assert.equal((await attach(bot, ['1'])).out, '1\n');
});

test('a client of the attach socket that is not a prompt is disconnected', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'hello 99999999999\n', 'hello -1\n', 'x'.repeat(100), 'line 1\na', 'hello 2\n{}line 300000\n']) {
    const socket = net.connect(socketOf(bot));
    socket.on('error', () => {});
    socket.write(bytes + (bytes.includes('300000') ? 'x'.repeat(300000) : ''));
    const heard = await new Promise((resolve) => {
      let all = '';
      socket.on('data', (chunk) => { all += chunk; if (/too long/.test(all)) socket.destroy(); });
      socket.on('close', () => resolve(all));
    });
    assert.match(heard, /^wemoon \d+\n\{/);
  }
  assert.equal((await attach(bot, ['1'])).out, '1\n');
});

test('the socket is the owner\'s alone, and who else comes is refused by name', { skip: process.getuid() !== 0 && 'needs root' }, async (t) => {
  const bot = await startBot(t, { script: ECHO });
  assert.equal(fs.statSync(socketOf(bot)).mode & 0o777, 0o600);
  const binary = bot.file('wemoon'); // the one under test may lie where nobody but its owner may look
  fs.copyFileSync(BINARY, binary);
  const as_nobody = (file) => execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c',
    `echo 1 | ${binary} repl --attach=${file} 2>&1; echo status $?`], { cwd: '/', env: cleanEnv({ HOME: '/nonexistent', XDG_STATE_HOME: '/nonexistent' }) }).toString();
  fs.chmodSync(bot.dir, 0o755);
  assert.match(as_nobody(socketOf(bot)), /Permission denied\nstatus 1/);
  fs.chmodSync(socketOf(bot), 0o666);
  assert.match(as_nobody(socketOf(bot)), /belongs to user 0, not to this one\nstatus 1/);
  const heard = execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'node', '-e',
    `require("net").connect(${JSON.stringify(socketOf(bot))}).on("data", (chunk) => process.stdout.write(chunk))`], { cwd: '/' }).toString();
  assert.match(heard, /^refused \d+\nonly the bot's own user and root may attach$/);
  await bot.waitForLog(/warn {2}attach: process \d+ of user 65534 was refused/);
  assert.equal((await attach(bot, ['1'])).out, '1\n');
});

test('each input is a line of the log, secrets masked', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  await attach(bot, ['greeting = "x"', '"aCallbackToken1"', '"\\27[2J"', '-- ' + 'y'.repeat(1000)], { code: 0 });
  await bot.waitForLog(new RegExp(`info  attach 1: process \\d+ of user ${process.getuid()} attached\n`));
  await bot.waitForLog(/info {2}attach 1: greeting = "x"\n/);
  await bot.waitForLog(/info {2}attach 1: "aCal…\(15\)"\n/);
  await bot.waitForLog(/y…\n/);
  assert.doesNotMatch(bot.log, /y{600}/);
});

test('control characters of a stranger\'s text never reach the terminal, whatever the bot\'s objects contain', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) last = msg return "ok" end\nodd = setmetatable({}, { __tostring = function() return "\\27[2J\\u{9b}1m" end })' });
  await bot.deliver(textXml('\u009b2J evil'));
  const { out } = await attach(bot, ['last.content', 'odd', 'print(last.content)', 'error("\\27]0;x\\7")'], { code: 1 });
  assert.doesNotMatch(out, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  assert.match(out, /\\x1B\[2J/);
});

test('of two bots in one folder the script selects one; without it the prompt lists both', async (t) => {
  const bot = await startBot(t, { script: ECHO, files: { 'other.lua': ECHO.replace('hi', 'other') } });
  const child = spawn(BINARY, ['run', 'other.lua', '--store', 'sqlite:other.db'], { cwd: bot.dir, env: cleanEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(t, () => ended(child));
  await until(() => fs.existsSync(path.join(bot.dir, `wemoon-${child.pid}.sock`)), 'its socket');
  assert.equal((await attach(bot, ['greeting'])).out, '"hi "\n');
  assert.equal((await attach(bot, ['greeting'], { args: ['other.lua'] })).out, '"other "\n');
  const { err } = await attach(bot, ['greeting'], { args: [], code: 2 });
  assert.match(err, /several bots are running: name the socket of one\n {2}--attach=\S+ {2}\(process \d+, \S+\.lua\)\n {2}--attach=/);
  const named = await wemoon(['repl', `--attach=${socketOf(bot)}`], { cwd: '/', input: 'greeting\n', code: 0, env: { XDG_STATE_HOME: bot.dir } });
  assert.equal(named.stdout, '"hi "\n');
});

test('a stale socket is removed, and the prompt says that no bot is running', async (t) => {
  const first = await startBot(t, { script: ECHO });
  await first.kill();
  assert.ok(fs.existsSync(socketOf(first)));
  assert.match((await attach(first, ['1'], { code: 1 })).err, /no running bot of this configuration/);
  const again = spawn(BINARY, ['run', 'bot.lua'], { cwd: first.dir, env: cleanEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(t, () => ended(again));
  await until(() => fs.existsSync(path.join(first.dir, `wemoon-${again.pid}.sock`)), 'the new socket');
  assert.equal(fs.existsSync(socketOf(first)), false);
});

test('attach names a path, or false; without a SQLite file the socket is in XDG_RUNTIME_DIR, else in /tmp/wemoon-UID', async (t) => {
  const off = await startBot(t, { script: ECHO, config: { attach: false } });
  assert.deepEqual(fs.readdirSync(off.dir).filter((name) => name.endsWith('.sock')), []);
  assert.match((await attach(off, ['1'], { code: 2 })).err, /the configuration says attach = false/);
  const deep = 'd'.repeat(120);
  const named = await startBot(t, { script: ECHO, config: { attach: `./${deep}/s.sock` }, files: { [`${deep}/x`]: '' } });
  assert.ok(fs.statSync(path.join(named.dir, deep, 's.sock')).isSocket(), 'a path that is too long for a socket\'s address');
  assert.equal((await attach(named, ['1'])).out, '1\n');
  const runtime = tempDir(t);
  const memory = await startBot(t, { script: ECHO, config: { store: 'memory:' }, env: { XDG_RUNTIME_DIR: runtime } });
  assert.deepEqual(fs.readdirSync(runtime), [`wemoon-${memory.pid}.sock`]);
  assert.equal((await attach(memory, ['1'], { env: { XDG_RUNTIME_DIR: runtime } })).out, '1\n');
  const nowhere = { XDG_RUNTIME_DIR: '' };
  const bare = await startBot(t, { script: ECHO, config: { store: 'memory:' }, env: nowhere });
  const folder = `/tmp/wemoon-${process.getuid()}`;
  assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
  assert.equal(fs.statSync(`${folder}/wemoon-${bare.pid}.sock`).mode & 0o777, 0o600);
  assert.equal((await attach(bare, ['1'], { env: nowhere })).out, '1\n');
});

test('a /tmp/wemoon-UID that is not the user\'s alone is used by neither bot nor prompt', { skip: process.getuid() !== 0 && 'needs root' }, async (t) => {
  const uid = 1000000 + process.pid; // nobody's, and of no other test
  const folder = `/tmp/wemoon-${uid}`;
  const dir = tempDir(t);
  fs.chmodSync(dir, 0o755);
  fs.copyFileSync(BINARY, path.join(dir, 'wemoon')); // the one under test may lie where nobody but its owner may look
  writeFiles(dir, { 'bot.lua': ECHO, 'config.lua': 'return { token = "aCallbackToken1", store = "memory:", listen = "127.0.0.1:0" }' });
  const options = { cwd: dir, env: cleanEnv({ XDG_RUNTIME_DIR: '', XDG_STATE_HOME: '/nonexistent', HOME: '/nonexistent' }) };
  const as_user = (...args) => ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', './wemoon', ...args];
  const serve = async (pattern) => {
    const child = spawn('setpriv', as_user('run', 'bot.lua'), options);
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { log += chunk; });
    atEnd(t, () => ended(child));
    await until(() => pattern.test(log), `${pattern} in the log:\n${log}`);
    return child;
  };
  const clear = () => fs.rmSync(folder, { recursive: true, force: true });
  atEnd(t, clear);
  const elsewhere = path.join(dir, 'elsewhere');
  fs.mkdirSync(elsewhere, { mode: 0o700 });
  fs.chownSync(elsewhere, uid, uid);
  const faults = {
    'another user made it': () => fs.mkdirSync(folder, { mode: 0o700 }),
    'root\'s, open to all': () => { fs.mkdirSync(folder); fs.chmodSync(folder, 0o777); },
    'others may enter it': () => { fs.mkdirSync(folder); fs.chownSync(folder, uid, uid); fs.chmodSync(folder, 0o711); },
    'a link to a folder of the user\'s own': () => { fs.symlinkSync(elsewhere, folder); fs.lchownSync(folder, uid, uid); },
    'a file': () => { fs.writeFileSync(folder, ''); fs.chownSync(folder, uid, uid); fs.chmodSync(folder, 0o600); },
  };
  for (const [fault, make] of Object.entries(faults)) {
    make();
    const why = new RegExp(`${folder}: is not a folder that this user alone can enter \\(mode 0700\\): remove it, or set \`attach\` to another path`);
    const bot = await serve(new RegExp(`warn {2}the socket of repl --attach could not be created .*${why.source}`));
    const { status, stderr } = spawnSync('setpriv', as_user('repl', '--attach'), { ...options, input: '1\n', encoding: 'utf8' });
    assert.match(stderr, why, fault);
    assert.equal(status, 1, fault);
    assert.deepEqual(fs.readdirSync(elsewhere), [], fault);
    await ended(bot);
    clear();
  }
  const bot = await serve(/http:\/\//);
  await until(() => fs.existsSync(`${folder}/wemoon-${bot.pid}.sock`), 'the socket in a folder that it made itself');
  assert.equal(fs.statSync(folder).uid, uid);
  assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
});

test('a socket that cannot be made is one warning, and the bot serves', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { attach: '/nonexistent/s.sock' } });
  await bot.waitForLog(/warn {2}the socket of repl --attach could not be created \(set attach = false to do without it\): \/nonexistent\/: No such file/);
  assert.equal(await bot.say('a'), 'hi a');
});

test('a file that is no socket is left alone, and so is the socket of a bot that took the path over', async (t) => {
  const dir = tempDir(t);
  fs.writeFileSync(path.join(dir, 'notes'), 'mine');
  const wrong = await startBot(t, { script: ECHO, config: { attach: path.join(dir, 'notes') } });
  await wrong.waitForLog(/warn {2}the socket of repl --attach could not be created .*notes: it is there and is no socket/);
  assert.equal(fs.readFileSync(path.join(dir, 'notes'), 'utf8'), 'mine');
  const config = { attach: path.join(dir, 's.sock') };
  const before = await startBot(t, { script: ECHO, config });
  const after = await startBot(t, { script: ECHO, config });
  await before.stop();
  assert.equal((await attach(after, ['1 + 1'])).out, '2\n');
  await after.stop();
  assert.equal(fs.existsSync(config.attach), false);
});

test('a socket whose file was removed is there again within two seconds, and the log says so', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  fs.unlinkSync(socketOf(bot));
  await until(() => fs.existsSync(socketOf(bot)), 'the socket', 2500);
  assert.match(bot.log, /warn {2}attach: .*wemoon-\d+\.sock was removed; the socket was made again/);
  assert.equal(fs.statSync(socketOf(bot)).mode & 0o777, 0o600);
  assert.equal((await attach(bot, ['1 + 1'])).out, '2\n');
  await bot.stop();
  assert.equal(fs.existsSync(socketOf(bot)), false);
});

test('of several Lua states it is in one, and says so', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { interpreters: 2 } });
  const screen = at(t, bot, { width: 100 });
  await screen.shows(/one of its 2 Lua states: the others have globals of their own/);
});

test('a wrong value of attach is refused, and the error says what to write', async (t) => {
  const bot = { dir: tempDir(t) };
  const { stderr } = await wemoon(['check', 'bot.lua', '--token', 'abc', '--attach', 'sock'], { cwd: bot.dir, code: 2 });
  assert.match(stderr, /attach \(from --attach\): "sock" is neither true nor false nor a path: write \.\/sock/);
});
