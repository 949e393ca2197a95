// The prompt: through a pipe, and at a real terminal (tmux).
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { wemoon, tempDir, writeFiles, configLua, sleep } = require('./harness');
const { type, terminal } = require('./prompt');

test('an expression prints its value, a statement runs, _ is the last value', async (t) => {
  const { out } = await type(t, ['1 + 1', '_ * 21', 'x = 5', 'x', 'local y = x + 1', 'y']);
  assert.equal(out, '2\n42\n5\n6\n');
});

test('the banner says where calls go: to the platform, or to the api_base of the configuration', async (t) => {
  const account = { appid: 'wx0123456789abcdef', appsecret: '0123456789abcdef0123456789abcdef', store: 'memory:' };
  const open = (more, env) => {
    const home = tempDir(t);
    writeFiles(home, { 'config.lua': configLua({ ...account, ...more }) });
    return terminal(t, { home, env });
  };
  await open({}).shows(/calls go to the real platform\n/);
  const elsewhere = open({ api_base: 'http://127.0.0.1:9' });
  await elsewhere.shows(/calls go to http:\/\/127\.0\.0\.1:9 \(api_base\)\n/);
  assert.doesNotMatch(elsewhere.screen(), /real platform/);
});

test('.tap without a menu says how to make one, which works', async (t) => {
  const { out } = await type(t, ['.tap 今日歌曲', '.tap 1', 'menu:click("今日歌曲", "V1001")', 'function on_message(msg) return msg.key end', '.tap 今日歌曲'], { code: 1 });
  assert.equal(out.split('error: there is no menu: draw one, menu:click("今日歌曲", "V1001"), and .tap 今日歌曲; .push creates it on the platform\n').length, 3, out);
  assert.match(out, /微月: V1001\n$/);
});

test('an unfinished input goes on on the next line, a long string too', async (t) => {
  const { out } = await type(t, ['for i = 1, 2 do', '  n = i', 'end', 'n', '#[[ab', 'cd]]', '(1 +', '2)']);
  assert.equal(out, '2\n5\n3\n');
});

test('values can be read: nested tables, cycles, long strings, Chinese, functions by name and place', async (t) => {
  const { out } = await type(t, [
    '{1, {a = "微月", ["a b"] = true}}', 't = {}; t.me = t', 't', '("x"):rep(1000)', '"a\\0b\\n"', 'string.rep', 'wechat.json.null', '{}',
    '{ aaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb = 2, ccccccccccccccccccccccccccc = 3 }',
  ]);
  const lines = out.split('\n');
  assert.equal(lines[0], '{ 1, { a = "微月", ["a b"] = true } }');
  assert.equal(lines[1], '{ me = <_> }');
  assert.match(lines[2], /^"x{300}" … \(1000 bytes\)$/);
  assert.equal(lines[3], '"a\\x00b\\n"');
  assert.equal(lines[4], 'function string.rep (in C)');
  assert.equal(lines[5], 'json.null');
  assert.equal(lines[6], '{}');
  assert.deepEqual(lines.slice(7, 12).map((line) => line.trim()[0]), ['{', 'a', 'b', 'c', '}']);
});

test('an error points at its place, with a traceback of the input\'s own; the exit status of a pipe is 1', async (t) => {
  const { out } = await type(t, ['print(nothing.here)', 'x = = 1', 'function f() error("oops") end', 'f()', '2'], { code: 1 });
  assert.match(out, /error: attempt to index a nil value \(global 'nothing'\)\n {2}print\(nothing\.here\)\n {8}\^{7}\n/);
  assert.match(out, /error: unexpected symbol near '='\n {2}x = = 1\n {4}\^\n/);
  assert.match(out, /error: oops\n {2}function f\(\) error\("oops"\) end\n/, 'the input that raised, not the one that called it');
  assert.match(out, /\n2\n$/);
  assert.doesNotMatch(out, /wemoon\]\/repl/);
});

test('a table that is raised is laid out', async (t) => {
  assert.equal((await type(t, ['error { code = 5, why = "无" }'], { code: 1 })).out, 'error: { code = 5, why = "无" }\n');
});

test('a reply without a message is laid out', async (t) => {
  const { out } = await type(t, ['wechat.response_text("你好")']);
  assert.match(out, /content = "你好"/);
  assert.match(out, /type = "text"/);
});

test('an undefined global is nil at the prompt', async (t) => assert.equal((await type(t, ['nothing'])).out, 'nil\n'));

test('what other languages write has a hint at the prompt too', async (t) => {
  const { out } = await type(t, ['if a => 1 then end', 'if a && b then end', 'n = 1 n += 1', 'local t { 1 }', 'f g'], { code: 1 });
  for (const hint of ['; write == to compare', '; write and for &&', '; write n = n + 1', '; or an = is missing before it']) assert.ok(out.replaceAll(': write', '; write').includes(hint), `${hint} in ${out}`);
  assert.match(out, /error: syntax error near 'g'\n/);
});

test('a command as a Chinese keyboard writes it is a command, and what follows is unchanged', async (t) => {
  const { out } = await type(t, ['function on_message(msg) return "[" .. msg.content .. "]" end', '。say　你　好。', '　.as bob', '。as', '"。say"']);
  assert.match(out, /^微月: \[你　好。\]\nyou are bob\nyou are bob\n"。say"\n$/);
});

test('.help names the nearest name, of one hit its whole entry, and of a group what wemoon adds to it', async (t) => {
  const { out } = await type(t, ['.help reponse_txt', '.help respnse_text', '.help botword', '.help user.inf', '.help trusted_prox'], { code: 1 });
  assert.equal(out, ['response_text', 'response_text', 'bot.word'].map((name, i) =>
    `error: nothing is known of ${['reponse_txt', 'respnse_text', 'botword'][i]}; did you mean ${name}?\n`).join('') + out.split('\n').slice(3).join('\n'));
  assert.match(out, /GET \/cgi-bin\/user\/info\n[^]*openid string {2}needed\n/, 'user.inf is in no other name');
  assert.match(out, /^config trusted_proxies\n./m);
  const { out: menu } = await type(t, ['.help menu']);
  for (const name of ['check', 'create', 'diff', 'new', 'pull', 'push', 'trymatch']) assert.match(menu, new RegExp(`^  ${name}  .`, 'm'));
  const { out: chinese } = await type(t, ['.help botword'], { code: 1, env: { LC_ALL: 'zh_CN.UTF-8' } });
  assert.equal(chinese, '错误：不知道 botword 是什么；你是不是想找 bot.word？\n');
});

test('.help of no name knows nothing, and not everything', async (t) => {
  const { out } = await type(t, ['.help wechat.'], { code: 1 });
  assert.equal(out, 'error: nothing is known of wechat.\n');
});

test('an input that ends in the middle is an error', async (t) => {
  const { err } = await type(t, ['for i = 1, 2 do'], { code: 1 });
  assert.match(err, /wemoon: repl: the input ends before its last statement does/);
});

test('without credentials APIs are the simulated platform\'s; a failure is printed with what to do', async (t) => {
  const { out } = await type(t, ['wechat.tag.create{tag = {name = "vip"}}', 'wechat.tag.list().tags[4].name', 'wechat.user.info{openid = "x"}'], { code: 1 });
  assert.match(out, /^\{ tag = \{ id = 100, name = "vip" \} \}\n"vip"\nnil, wechat\.user\.info: 40003 /);
});

test('an on_message that is defined at the prompt answers what is said', async (t) => {
  const { out } = await type(t, [
    'function on_message(msg) return "你说：" .. (msg.content or msg.type) end', '.say 你好', '.subscribe', '.scan 42', '.locate 1.5 2.5', '.image',
    '.as bob', '.say hi', '.unsubscribe',
  ]);
  assert.deepEqual(out.trim().split('\n'), [
    '微月: 你说：你好', '微月: 你说：subscribe', '微月: 你说：scan', '微月: 你说：location', '微月: 你说：image', 'you are bob', '微月: 你说：hi', '(no reply)',
  ]);
});

test('beside a script the script answers; .reload loads it anew, or says why not', async (t) => {
  const script = 'function on_message(msg) return "v1" end';
  const { out } = await type(t, ['.say a', 'io.open("bot.lua", "w"):write("function on_message() return \\"v2\\" end"):close()', '.reload', '.say a'], { script, code: 0 });
  assert.match(out, /微月: v1\n[^]*reloaded\n微月: v2\n/);
});

const MENU = [
  'menu:click("今日歌曲", "V1001")', 'local m = menu:sub("菜单")', 'm:view("搜索", "http://www.soso.com/")', 'm:click("赞一下我们", "GOOD")',
];

test('a name that was cut stands below the menu in full, and no other', async (t) => {
  const { out } = await type(t, ['menu:click("今日歌曲今日歌曲今日歌曲", "K");', 'local m = menu:sub("菜单"); m:click("一二三四五六七八九十", "G");', '.menu']);
  assert.match(out, /┘\n1 今日歌曲今日歌曲今日歌曲\n(?![\d.]+ 一二)/);
});

test('a menu is drawn as the phone shows it, pushed as it was drawn, and pulled back equal', async (t) => {
  const { out } = await type(t, [
    ...MENU.map((line) => `${line};`), '.menu', '.push', '.push yes', '.push', 'a = wechat.json.encode(menu)', '.pull', 'wechat.json.encode(menu) == a',
    'wechat.get_menu().menu.button[2].sub_button[1].url',
  ]);
  assert.match(out, /│ +搜索 ↗ +│\n.*│ +赞一下我们 +│\n┌─+┬─+┐\n│ +今日歌曲 +│ +≡ 菜单 +│\n└─+┴─+┘/);
  assert.match(out, /button\[1\] is new: '今日歌曲' \(click\)\n.*\nto do it: \.push yes\n/);
  assert.match(out, /\npushed\nthe platform has this menu already\n/);
  assert.match(out, /\ntrue\n"http:\/\/www\.soso\.com\/"\n$/);
});

test('faults are marked with their path and limit, and nothing is pushed', async (t) => {
  const { out } = await type(t, ['menu:click("一二三四五六", "K");', 'menu.button[2] = {name = "x", type = "view"};', '.menu', '.push yes'], { code: 1 });
  assert.match(out, /! button\[1\]\.name has 18 bytes \(at most 16\) \(40018\)/);
  assert.match(out, /! button\[2\]\.url is missing/);
  assert.match(out, /not pushed: correct the faults first/);
});

test('buttons of a menu that was only drawn can be tapped', async (t) => {
  const { out } = await type(t, [
    'function on_message(msg) return msg.type .. " " .. tostring(msg.key) end', ...MENU.map((line) => `${line};`), '.tap 1', '.tap 2.1', '.tap 2.2', '.tap 3', '.tap 2',
  ], { code: 1 });
  assert.match(out, /微月: click V1001\n\(no reply\)\n微月: click GOOD\nerror: there is no button 3\nerror: button 2 opens a sheet/);
});

test('buttons can be tapped by name, by the name below a button, and by key, of the drawn menu and of the platform\'s', async (t) => {
  const names = ['.tap 今日歌曲', '.tap 赞一下我们', '.tap 菜单.赞一下我们', '.tap GOOD', '.tap 菜单', '.tap 没有', '.tap'];
  const bot = 'function on_message(msg) return msg.type .. " " .. tostring(msg.key) end';
  const told = /微月: click V1001\n(微月: click GOOD\n){3}error: '菜单' opens a submenu: tap one of its buttons\nerror: the menu has no button "没有"\nerror: which button\?/;
  const drawn = await type(t, [bot, ...MENU.map((line) => `${line};`), ...names], { code: 1 });
  assert.match(drawn.out, told);
  const pushed = await type(t, [bot, ...MENU.map((line) => `${line};`), '.push yes', 'menu = nil', ...names], { code: 1 });
  assert.match(pushed.out, told);
});

test('.save writes a script that recreates what was typed, and does not overwrite', async (t) => {
  const { out, cwd } = await type(t, ['function on_message(msg) return "saved" end', ...MENU.map((line) => `${line};`), '.save made.lua', '.save made.lua'], { code: 1 });
  assert.match(out, /written to made\.lua\nerror: made\.lua is there already/);
  const text = fs.readFileSync(`${cwd}/made.lua`, 'utf8');
  assert.match(text, /function on_message\(msg\) return "saved" end/);
  assert.match(text, /name = "今日歌曲"/);
  await wemoon(['check', 'made.lua', '--token', 'tok'], { cwd, code: 0 });
});

test('what .save wrote loads, whatever names _, and however many values there were', async (t) => {
  const { cwd } = await type(t, ['_', ...Array.from({ length: 230 }, (_, i) => `${i}`), 'seen = _', '.save made.lua']);
  assert.equal((await wemoon(['exec', '-e', 'dofile("made.lua") return seen'], { cwd, code: 0 })).stdout, '229\n');
});

test('.help lists the commands, and tells of names', async (t) => {
  const { out } = await type(t, ['.help', '.help .scan', '.help wechat.tag.create', '.help tag', '.help create_menu', '.help upload_media', '.help nothing.there', '.nope'], { code: 1 });
  for (const name of ['say', 'tap', 'subscribe', 'unsubscribe', 'scan', 'locate', 'image', 'as', 'menu', 'push', 'pull', 'reload', 'trace', 'save', 'help']) {
    assert.match(out, new RegExp(`^\\.${name} `, 'm'));
  }
  assert.equal([...out.matchAll(/^\.scan SCENE +scan a QR code/gm)].length, 2, 'in the list, and alone');
  assert.match(out, /POST \/cgi-bin\/tags\/create/);
  assert.match(out, /tag\.name string {2}needed up to 30 bytes/);
  assert.match(out, /^wechat\.tag\.create\{ tag = \{ name = "name" \} \}$/m);
  assert.match(out, /wechat\.create_menu\(menu\)/);
  assert.match(out, /The table has the fields that wechat\.media\.upload returns\.\n[^]* {2}media_id string/);
  assert.match(out, /error: nothing is known of nothing\.there\nerror: unknown command \.nope/);
});

test('.trace shows the XML and the API calls, and no token', async (t) => {
  const { out } = await type(t, ['function on_message(msg) wechat.get_menu() return "x" end', '.trace on', '.say a']);
  assert.match(out, /→ <xml>/);
  assert.match(out, /API menu\.get 200/);
  assert.doesNotMatch(out, /access_token=/);
});

// ---- at a terminal ----

test('what an input spawns goes on beside the next ones; a pipe waits for it at its end, .quit does not', { timeout: 60000 }, async (t) => {
  const spawn = 'local task = wechat.spawn(function() while not go do wechat.sleep(0.05) end print("spawned") end)';
  for (const script of [undefined, 'function on_message() end']) {
    assert.equal((await type(t, [spawn, 'go = false', '1 + 1', 'go = true'], { script })).out, '2\nspawned\n');
    for (const ending of ['\n', '']) assert.equal((await type(t, [spawn, '1 + 1', '.quit'], { script, ending })).out, '2\n');
    assert.equal((await type(t, [spawn, 'task:cancel() and 2', 'select(2, task:join())'], { script })).out, '2\n"cancelled"\n');
  }
});

test('at a terminal what an input spawns keeps no input waiting, and Ctrl-D leaves', async (t) => {
  const term = terminal(t);
  await term.shows(/月 >/);
  term.keys('-l', 'local task = wechat.spawn(wechat.sleep, 600)');
  term.keys('Enter');
  term.keys('-l', '6 * 7');
  term.keys('Enter');
  await term.shows(/\n42\n月 >$/);
  term.keys('C-d');
  await term.ended();
});

test('at a terminal: completion of names, of arguments by the catalogue, and of commands', async (t) => {
  const term = terminal(t);
  await term.shows(/月 >/);
  term.keys('wechat.tag.cr', 'Tab');
  await term.shows(/月 > wechat\.tag\.create$/);
  term.keys('{', 'Tab');
  await term.shows(/wechat\.tag\.create\{tag$/);
  term.keys('C-c', 'wechat.user.info{', 'Tab', 'Tab');
  await term.shows(/lang {2}openid/);
  term.keys('C-c', '.unsub', 'Tab');
  await term.shows(/月 > \.unsubscribe$/);
});

test('at a terminal: Ctrl-C ends the call and not the prompt, gives up a line, Ctrl-D leaves', async (t) => {
  const term = terminal(t);
  await term.shows(/月 >/);
  term.keys('wechat.sleep(1000)', 'Enter');
  await sleep(300);
  term.keys('C-c');
  await term.shows(/interrupted/);
  term.keys('while true do end', 'Enter');
  await sleep(300);
  term.keys('C-c');
  await term.shows(/interrupted[^]*interrupted/);
  term.keys('for i = 1, 2 do', 'Enter');
  await term.shows(/\n {3}>/);
  term.keys('C-c', '40 + 2', 'Enter');
  await term.shows(/\n42\n/);
  term.keys('C-d');
  await term.ended();
});

test('at a terminal: history is kept across runs, but no secret', async (t) => {
  const first = terminal(t);
  await first.shows(/月 >/);
  first.keys('"remember me"', 'Enter');
  await first.shows(/\n"remember me"\n/);
  first.keys('appsecret = "0123456789"', 'Enter', 'C-d');
  await first.ended();
  const file = `${first.home}/wemoon/history`;
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.doesNotMatch(fs.readFileSync(file, 'utf8'), /0123456789/);
  const second = terminal(t, { home: first.home });
  await second.shows(/月 >/);
  second.keys('Up');
  await second.shows(/月 > "remember me"$/);
});

test('at a terminal of 40 columns a menu with Chinese is as wide as it says', async (t) => {
  const term = terminal(t, { width: 40 });
  await term.shows(/月 >/);
  for (const line of [...MENU, '.menu']) term.keys('-l', `${line}`), term.keys('Enter');
  await term.shows(/└─+┴─+┘/);
  const rows = term.screen().split('\n').filter((line) => /^[┌│└]/.test(line));
  const width = (line) => [...line].reduce((sum, c) => sum + (/[\u2e80-\uffef]/.test(c) ? 2 : 1), 0);
  assert.equal(new Set(rows.map(width)).size, 1, rows.join('\n'));
  assert.ok(width(rows[0]) <= 40);
});

test('at a terminal: NO_COLOR, and a locale that is not UTF-8', async (t) => {
  const term = terminal(t, { width: 120, env: { NO_COLOR: '1', LC_ALL: 'C' } });
  await term.shows(/the locale's characters are .*set LANG=C\.UTF-8/);
  term.keys('-l', '"微月"');
  term.keys('Enter');
  await term.shows(/\n"微月"\n/);
});

test('the log of the bot comes above what is being typed, however long that is', async (t) => {
  const home = tempDir(t);
  writeFiles(home, { 'bot.lua': 'function on_load() wechat.spawn(function() wechat.sleep(1) wechat.log.error("from the bot") end) end function on_message() end' });
  const term = terminal(t, { home, args: ['repl', 'bot.lua'] });
  await term.shows(/月 >/);
  term.keys('-l', `half ${'a'.repeat(100)} li`);
  await term.shows(/from the bot[^]*\n月 > half a+\na+ li$/);
  assert.equal(term.screen().match(/half/g).length, 1);
});
