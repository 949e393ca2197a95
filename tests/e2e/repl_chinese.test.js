// The prompt where the user's language is Chinese: through a pipe, at a real terminal (tmux), and in a running bot.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { wemoon, startBot, tempDir, writeFiles, until } = require('./harness');
const { PATIENCE_MS, type, terminal } = require('./prompt');

const CHINESE = { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'C.UTF-8' };
const SENTENCE = /([a-z']+ ){3}[a-z']+/; // English

test('from a pipe its notes and errors are Chinese; what Lua and the library say stays as it is', async (t) => {
  const lines = [
    'function on_message(msg) if msg.content == "bad" then error("boom") end end', '.say', '.say ok', '.say bad', '.tap', '.tap 1', '.menu', 'menu:click("a", "K");', '.tap 2',
    '.tap none', 'menu:sub("m"):click("b", "L");', '.tap 2', '.tap m', '.push', '.push yes', '.push', 'menu = wechat.menu.new();', 'menu:click("c", "K");', '.pull', 'menu.button[2] = {};',
    '.push', 'menu = 1', '.menu', '.scan', '.locate', '.trace', '.reload', '.save', '.save made.lua', '.save made.lua', '.as', '.as bob', '.unsubscribe', '.say hi', '.nope',
    '.help nothing.there', 'x = = 1',
  ];
  const { out, err } = await type(t, lines, { code: 1, env: CHINESE });
  assert.match(err, /^wemoon: repl: 没有 appid 和 appsecret：调用发往模拟的平台$/m);
  for (const text of ['错误：说什么？', '（没有回复）', '（脚本出错）', '错误：哪个按钮？', '错误：没有菜单：先画一个，menu:click(', '（空菜单：', '错误：没有按钮 2', '错误：菜单里没有按钮 "none"',
    '错误：按钮 2 会展开列表：.tap 2.1', '错误：“m”会展开子菜单', '要执行：.push yes', '已放到平台上', '平台上已经是这个菜单', '这会丢弃你画的：', '要执行：.pull yes', '没有放到平台上：请先改正错误',
    '错误：menu 已不是表', '错误：哪个场景？', '错误：在哪里？', '错误：on 还是 off？', '错误：没有脚本', '错误：哪个文件？', '已写入 made.lua', '错误：made.lua 已经存在', '你是 alice', '你是 bob',
    '没有关注账号：请先 .subscribe', '错误：没有命令 .nope：', '错误：不知道 nothing.there 是什么']) assert.ok(out.includes(text), `${text}\n${out}`);
  assert.match(out, /错误：unexpected symbol near '='\n {2}x = = 1\n/);
  assert.match(out, /^! button\[2\]\.name 缺少（字符串） \(40018\)\n! button\[2\] 什么也不做：既没有 type，也没有 sub_button/m);
  assert.doesNotMatch(out.replace(/unexpected symbol near/g, ''), SENTENCE);
  assert.match((await type(t, ['for i = 1, 2 do'], { code: 1, env: CHINESE })).err, /最后一条语句还没有写完/);
});

test('at a terminal its first lines are Chinese, .push asks in Chinese, and 是 agrees', async (t) => {
  const home = tempDir(t);
  writeFiles(home, { 'bot.lua': 'function on_message(msg) return "v1" end' });
  const term = terminal(t, { home, args: ['repl', 'bot.lua'], env: CHINESE, width: 100 });
  await term.shows(/微月 [\d.]+ · 没有 appid 和 appsecret：调用发往模拟的平台\nbot\.lua 回应你 \.say 的话 · \.help 列出其余命令\n月 >/);
  for (const [line, shown] of [['menu:click("a", "K");', /月 >$/], ['.push', /button\[1\] 是新的：'a' \(click\)\n放到平台上吗？ \(y\/N\)\n月 >$/], ['否', /没有执行\n月 >$/], ['.push', /放到平台上吗？[^]*放到平台上吗？ \(y\/N\)\n月 >$/], ['是', /已放到平台上\n月 >$/],
    ['.reload', /已重新载入\n月 >$/], ['.say a', /微月: v1\n月 >$/]]) {
    term.keys('-l', line);
    term.keys('Enter');
    await term.shows(shown);
  }
  term.keys('-l', 'wechat.sleep(60)');
  term.keys('Enter');
  await term.shows(/sleep\(60\)$/);
  await until(() => {
    term.keys('C-c');
    return /已中断/.test(term.screen());
  }, 'the end of the call');
});

test('who types exit, quit or help at a terminal is told what to type, in both languages, and a misspelt command is guessed', async (t) => {
  for (const [env, leave, help, guess] of [[{}, 'to leave: .quit, or Ctrl-D', 'commands begin with a dot: .help lists them', 'unknown command .hlep; did you mean .help?'],
    [CHINESE, '退出：.quit 或 Ctrl-D', '命令以点开头：.help 列出所有命令', '没有命令 .hlep；你是不是想输入 .help？']]) {
    const term = terminal(t, { env });
    await term.shows(/月 >/);
    const types = async (line) => {
      await term.types(); // else the terminal shows what is typed, too
      term.keys('-l', line);
      term.keys('Enter');
    };
    for (const [line, told] of [['exit', leave], ['quit()', leave], ['help', help], ['?', help], ['？', help], ['.hlep', guess], ['.exit', '.quit']]) {
      await types(line);
      await until(() => term.screen().split(`月 > ${line}\n`)[1]?.includes(told) && /月 >$/.test(term.screen()), `${told} of ${line}:\n${term.screen()}`, PATIENCE_MS);
    }
    await types('quit = 7');
    await term.shows(/quit = 7\n月 >$/);
    await types('quit');
    await term.shows(/\n7\n月 >$/);
  }
});

test('in a running bot it is Chinese beside another prompt that is English', async (t) => {
  const bot = await startBot(t, { config: { watch: false }, script: `function on_message(msg)
    if msg.content == "ask" then return wechat.ask("your name?", { timeout_s = 3600 }) and "hi" end
  end` });
  const attach = async (lines, env, code = 0) => (await wemoon(['repl', 'bot.lua', '--attach'], { cwd: bot.dir, input: `${lines.join('\n')}\n`, code, env: { XDG_STATE_HOME: bot.dir, ...env } })).stdout;
  assert.match(await attach(['.conversations'], CHINESE), /^没有人在对话中\n/);
  assert.equal(await bot.say('ask'), 'your name?');
  const openid = 'oDemoUser0000000000000000001';
  assert.match(await attach(['.conversations'], CHINESE), /^oDemoUser\d+ {2}提问于 \d+ 秒前（\S*bot\.lua:2），剩余 59 分钟: your name\?$/m);
  assert.match(await attach(['.conversations'], {}), /^oDemoUser\d+ {2}asked \d+ s ago at \S*bot\.lua:2, ends in 59 min: your name\?$/m);
  const refused = await attach(['.say hi', '.save f', '.trace on', '.end', '.end nobody'], CHINESE, 1);
  for (const text of ['错误：.say 不能用于运行中的机器人：这里没有手机', '不能用于运行中的机器人：那会是机器人的文件', '它会拖慢每条消息', '谁的？.end OPENID', '该 openid 没有进行中的对话']) assert.ok(refused.includes(text), `${text}\n${refused}`);
  assert.match(await attach([`.end ${openid}`, '.reload', '1'], CHINESE), /^已结束\n已重新载入\n1\n$/m);
  bot.write('bot.lua', 'function on_message(');
  assert.match(await attach(['.reload'], CHINESE, 1), /^没有重新载入，仍使用之前的版本：\S*bot\.lua:1: /m);
  const screen = terminal(t, { home: bot.dir, args: ['repl', 'bot.lua', '--attach'], env: CHINESE, width: 100 });
  await screen.shows(/微月 [\d.]+ · 进程 \d+ 正在运行 \S+bot\.lua：你在这里做的，就是它做的\n[^]*月 live >/);
  await bot.stop();
  await screen.shows(/· 机器人已经结束/);
});

test('that no bot runs is said in Chinese', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'config.lua': 'return { token = "tok" }' });
  const { stderr } = await wemoon(['repl', '--attach'], { cwd, code: 1, input: '', env: { XDG_RUNTIME_DIR: cwd, ...CHINESE } });
  assert.match(stderr, /没有用这份配置运行的机器人（找的是 \S+wemoon-PID\.sock）：请用 `wemoon run` 或 `wemoon dev` 启动它/);
  const named = await wemoon(['repl', '--attach=missing.sock'], { cwd, code: 1, input: '', env: CHINESE });
  assert.match(named.stderr, /missing\.sock：那里没有机器人：/);
});
