// What commands print for a person where the user's language is Chinese; what programs read is the same in both.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { wemoon, startBot, tempDir, writeFiles, freePort, textXml, until } = require('./harness');

const CHINESE = { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'C.UTF-8' };
const ENGLISH = /([a-z']+ ){2}[a-z']+/;
const ECHO = 'function on_message(msg) if msg.content == "fail" then error("oops") end return "你说：" .. (msg.content or msg.type) end';

test('run and dev say where they serve, and how to talk to the bot', async (t) => {
  const bot = await startBot(t, { script: ECHO, env: CHINESE });
  const command = /\n {2}(\S+) send --config (\S+) --url (\S+) text 你好\n$/.exec(bot.output);
  assert.match(bot.output, /^wemoon \S+：正在运行 \S+\/bot\.lua，地址 http:\/\/127\.0\.0\.1:\d+\/wechat （normal 模式）\n在另一个终端里和它说话：\n/);
  assert.equal((await wemoon(['send', '--config', command[2], '--url', command[3], 'text', '你好'], { code: 0, env: CHINESE })).stdout, 'text: 你说：你好\n');
  const dev = await startBot(t, { script: 'function on_message(', command: 'dev', env: CHINESE });
  assert.match(dev.output, /（normal 模式）：脚本还不能载入；请改正并保存\n/);
  assert.match(dev.output, /\n在浏览器里和它聊天：\n {2}http:\/\/127\.0\.0\.1:\d+\/console\n$/);
  assert.doesNotMatch(bot.output + dev.output, ENGLISH);
});

test('dev without a bot tells the account and the address of the API', async (t) => {
  const { output } = await startBot(t, { command: 'dev', env: CHINESE });
  const [head] = output.split('  wechatpy\n');
  assert.match(head, /^wemoon \S+：模拟平台在 http:\S+ ，机器人的地址：还没有给出（用 --callback URL 给出）\n它模拟的账号（你自己配置的内容已遮住）：\n/);
  assert.match(head, /\n {2}token {10} \S+\n[^]*\n {2}模式 {12}normal\n接口的地址，代替 https:\/\/api\.weixin\.qq\.com ：\n {2}http:\S+\n在各 SDK 里这样设置：\n$/);
  assert.doesNotMatch(head, ENGLISH);
});

test('check says that all is right', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': ECHO });
  const check = async () => (await wemoon(['check', 'bot.lua', '--token', 'mytoken'], { cwd, code: 0, env: CHINESE })).stdout;
  assert.equal(await check(), '正常：bot.lua：on_message；normal 模式；没有配置文件\n');
  writeFiles(cwd, { 'config.lua': 'return { log_level = "warn" }' });
  assert.equal(await check(), '正常：bot.lua：on_message；normal 模式；配置来自 config.lua\n');
});

test('test counts as ever, and names the log in Chinese', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': ECHO, 'bot_spec.lua': 'test("one", function() expect(bot:user("a"):says("hi")):is("你说：hi") end)\ntest("two", function() expect(bot:user("a"):says("fail")):is("x") end)' });
  const { stdout } = await wemoon(['test', 'bot_spec.lua'], { cwd, code: 1, env: CHINESE });
  assert.match(stdout, /^ok {3}one\nFAIL two\n[^]*\n {4}-- 机器人的日志：\n {4}错误：[^]*oops[^]*\n1 passed, 1 failed\n$/);
});

test('a new bot has Chinese comments, the same code, and works', async (t) => {
  const cwd = tempDir(t);
  const zh = (await wemoon(['new', 'zh'], { cwd, code: 0, env: CHINESE })).stdout;
  await wemoon(['new', 'en'], { cwd, code: 0 });
  assert.match(zh, /^zh 里有了机器人、它的测试和配置。接下来：\n {2}cd zh\n.* dev bot\.lua +在浏览器里和它聊天\n.* test bot_spec\.lua +运行它的测试\n.* run bot\.lua +在 config\.lua 里写上账号的 token 之后，上线\n$/);
  assert.deepEqual(fs.readdirSync(`${cwd}/zh`), fs.readdirSync(`${cwd}/en`));
  const read = (name) => fs.readFileSync(`${cwd}/${name}`, 'utf8');
  for (const name of ['bot.lua', 'bot_spec.lua', 'config.lua', '.luacheckrc']) {
    const code = (text) => text.replace(/\s*-- .*|^--$/gm, '');
    assert.notEqual(read(`zh/${name}`), read(`en/${name}`));
    assert.equal(code(read(`zh/${name}`)), code(read(`en/${name}`)), name);
    for (const [comment] of read(`zh/${name}`).matchAll(/-- .*/g)) assert.match(comment, /[\u4e00-\u9fff]|= ""|"wx"/, comment);
  }
  assert.equal(fs.statSync(`${cwd}/zh/config.lua`).mode & 0o777, 0o600);
  assert.match((await wemoon(['test', 'bot_spec.lua'], { cwd: `${cwd}/zh`, code: 0, env: CHINESE })).stdout, /^2 passed, 0 failed$/m);
  await wemoon(['check', 'bot.lua', '--strict', '--token', 'mytoken'], { cwd: `${cwd}/zh`, code: 0, env: CHINESE });
});

test('replay says what differs, in columns, and its spec has a Chinese comment', async (t) => {
  const bot = await startBot(t, { script: ECHO, config: { capture: 'talk.jsonl', store: 'memory:' } });
  await bot.say('hi');
  await bot.say('ho');
  await bot.stop();
  const now = ECHO.replace('return', 'if msg.content == "ho" then wechat.log.warn("careful") return "别的" end return');
  writeFiles(bot.dir, { 'now.lua': now });
  const { stdout, stderr } = await wemoon(['replay', 'talk.jsonl', 'now.lua'], { cwd: bot.dir, code: 1, env: CHINESE });
  assert.match(stdout, /^talk\.jsonl:2: [^\n]* text ho\n {2}录下的 {4}text: 你说：ho\n {2}现在 {6}text: 别的\n2 条消息，1 条不同\n$/);
  assert.match(stderr, /^警告：.*careful/m);
  const spec = (await wemoon(['replay', 'talk.jsonl', '--spec'], { cwd: bot.dir, code: 0, env: CHINESE })).stdout;
  assert.match(spec, /^-- \S+ 和机器人说的话，录在 talk\.jsonl 里。wemoon test 本文件 --bot BOT\.lua\n\ntest\("\S+ 的对话，\d{4}-/);
  writeFiles(bot.dir, { 'talk_spec.lua': spec });
  await wemoon(['test', 'talk_spec.lua', '--bot', 'bot.lua'], { cwd: bot.dir, code: 0, env: CHINESE });
});

test('no reply is said in Chinese by replay and send; --json and --raw are the same in both languages', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() return nil end', config: { capture: 'talk.jsonl', store: 'memory:' } });
  const send = async (env, ...more) => (await wemoon(['send', ...more, '--url', bot.url, 'text', 'hi'], { cwd: bot.dir, code: 0, env })).stdout;
  assert.deepEqual([await send(CHINESE), await send({})], ['（没有回复）\n', '(no reply)\n']);
  for (const form of ['--json', '--raw']) assert.equal(await send(CHINESE, form), await send({}, form), form);
  await bot.stop();
  writeFiles(bot.dir, { 'now.lua': ECHO });
  const { stdout } = await wemoon(['replay', 'talk.jsonl', 'now.lua'], { cwd: bot.dir, code: 1, env: CHINESE });
  assert.match(stdout, /^ {2}录下的 {4}（没有回复）\n {2}现在 {6}text: 你说：hi$/m);
});

test('status is Chinese in each line, and --json is the same in both languages', async (t) => {
  const port = await freePort();
  const bot = await startBot(t, { script: ECHO, config: { admin_listen: `127.0.0.1:${port}`, interpreters: 2 } });
  await bot.say('hi');
  const status = async (env, ...more) => (await wemoon(['status', ...more], { cwd: bot.dir, code: 0, env })).stdout;
  const zh = await status(CHINESE);
  assert.match(zh, /^状态 {12}正常（wemoon \S+）\n已运行 {10}(\d+ 分 )?\d+ 秒\n脚本 {12}\S+bot\.lua，载入过 1 次，在 2 个 Lua 状态里\n存储 {12}sqlite，正常\naccess_token {4}还没有\n正在处理 {8}0 条消息，0 个对话在等用户\n回调 {12}text replied 1\n载入 {12}success 1\n$/);
  const steady = (text) => text.replace(/"uptime_s":\d+/, '');
  assert.equal(steady(await status(CHINESE, '--json')), steady(await status({}, '--json')));
  bot.write('bot.lua', 'function on_message(');
  await until(async () => /^没有重新载入 {4}\S*bot\.lua:1: /m.test(await status(CHINESE)), 'the fault of the script');
});
