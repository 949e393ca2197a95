// The commands' errors where the user's language is Chinese: each has its name, its cause and what to do; names of
// options, settings, codes and files stay, and so does the log.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { atEnd, BINARY, wemoon, startBot, tempDir, writeFiles, cleanEnv } = require('./harness');

const CHINESE = { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'C.UTF-8' };
const SENTENCE = /([a-z']+ ){3}[a-z']+/; // English
const BOT = 'function on_message(msg) return "hi" end';

// Runs a command that is refused, once in each language; returns what it said in Chinese.
async function refused(cwd, args, { code = 2, env, input } = {}) {
  const run = (more) => wemoon(args, { cwd, code, input, env: { ...env, ...more } });
  const [zh, en] = [(await run(CHINESE)).stderr, (await run({})).stderr];
  assert.notEqual(zh, en);
  assert.match(zh, /^wemoon: /);
  assert.doesNotMatch(zh, SENTENCE, zh);
  assert.equal(zh.trim().split('\n').length, en.trim().split('\n').length);
  return zh;
}

test('a wrong command line', async (t) => {
  const cwd = tempDir(t);
  assert.equal(await refused(cwd, ['rnu']), 'wemoon: 没有命令 rnu；你是不是想写 run？\n请看：wemoon --help\n');
  assert.equal(await refused(cwd, ['run']), 'wemoon: run: 缺少参数：wemoon run BOT.lua\n请看：wemoon run --help\n');
  assert.match(await refused(cwd, ['run', 'bot.lua', '--lisen', '1']), /^wemoon: run: 没有选项 --lisen；你是不是想写 --listen？$/m);
  assert.match(await refused(cwd, ['run', 'bot.lua', '-p', '80']), /没有选项 -p；你是不是想写 --listen？--listen ADDRESS：监听地址.*（以横线开头的参数之前请写 --）$/m);
  assert.match(await refused(cwd, ['dev', '--fault', 'xx']), /^wemoon: .*--fault：没有故障“xx”：请写 slow/m);
  assert.match(await refused(cwd, ['send', 'tex', 'a']), /^wemoon: send: 没有“tex”这种消息；你是不是想写 text？$/m);
  assert.match(await refused(cwd, ['store', 'lst']), /^wemoon: store: 没有子命令 lst：请写 list、get、delete、export 或 import$/m);
  assert.match(await refused(cwd, ['explain', 'abc']), /“abc”里没有错误码：请给一个数字，例如 40164/);
});

test('a missing script and wrong settings, with key, place and mend', async (t) => {
  const cwd = tempDir(t);
  assert.equal(await refused(cwd, ['run', 'none.lua']), 'wemoon: none.lua：没有这个文件或文件夹\n');
  writeFiles(cwd, { 'bot.lua': BOT });
  assert.match(await refused(cwd, ['run', 'bot.lua']), /^wemoon: token：没有设置：请给 --token、WEMOON_TOKEN.*没有公众号也想试机器人：wemoon dev BOT\.lua/);
  writeFiles(cwd, { 'config.lua': 'return {\n  token = "tok",\n  lisen = "8080",\n  threads = "9",\n  encrypt_mode = "secret",\n  deadline_ms = 3,\n  path = "x",\n  appsecret = "s",\n}' });
  const zh = await refused(cwd, ['run', 'bot.lua'], { env: { WEMOON_LOG_LEVL: 'x' } });
  for (const line of ['lisen（来自 config.lua:3）：没有这个键：你是不是想写 listen？', 'threads（来自 config.lua:4）：是 字符串，应为整数，不带引号和小数',
    'encrypt_mode（来自 config.lua:5）：没有“secret”这个值：请写 normal、compatible 或 safe', 'deadline_ms（来自 config.lua:6）：3 超出范围：请写 50 到 4900',
    'path（来自 config.lua:7）：“x”不以 / 开头：请写 /x', 'WEMOON_LOG_LEVL（来自环境变量）：没有这个变量：你是不是想写 WEMOON_LOG_LEVEL？',
    'appsecret（来自 config.lua:8）：还需要 appid：只有 AppSecret 没有 AppID 是没有用的']) assert.ok(zh.includes(`wemoon: ${line}\n`), `${line}\n${zh}`);
  writeFiles(cwd, { 'config.lua': 'return 5' });
  assert.match(await refused(cwd, ['dev', 'bot.lua']), /config\.lua 返回的是 数字，不是表：请以 return \{ key = value, \.\.\. \} 结尾/);
});

test('a port that is taken, a store that cannot be opened, a script without on_message', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': BOT, 'empty.lua': 'x = 1', 'wemoon.db': 'this is no database at all, and long enough to be read as one' });
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => { other.on('listening', resolve); });
  atEnd(t, () => other.close());
  const { port } = other.address();
  const env = { WEMOON_TOKEN: 'mytoken' };
  assert.equal(await refused(cwd, ['run', 'bot.lua', '--listen', String(port), '--store', 'memory:'], { code: 1, env }),
    `wemoon: 无法监听 ${port}：地址已被占用：另一个进程占用了这个端口：请结束它，或换一个端口（--listen 或 --admin-listen；dev 用 --port）\n`);
  assert.match(await refused(cwd, ['run', 'bot.lua'], { env }), /^wemoon: 存储：wemoon\.db 不是 SQLite 数据库：请换一个文件（--store sqlite:PATH），或把它移走$/m);
  assert.match(await refused(cwd, ['run', 'bot.lua', '--store', 'sqlite:no/such.db'], { env }), /^wemoon: 存储：无法打开 no\/such\.db 来写入：没有这个文件或文件夹：它的文件夹不存在，请先新建$/m);
  assert.match(await refused(cwd, ['check', 'bot.lua', '--store', 'redis://127.0.0.1:0/x'], { env }), /^wemoon: .*端口不是 1 到 65535 的数字：请写 redis:/m);
  assert.match(await refused(cwd, ['run', 'bot.lua', '--store', 'sqlite:/tmp'], { env }), /^wemoon: 存储：无法打开 \/tmp 来写入：是文件夹：请写里面的一个文件/m);
  assert.match(await refused(cwd, ['check', 'bot.lua', '--store', '/path/x.db'], { env }), /^wemoon: store（来自 --store）：只有路径不是存储的地址：请写 sqlite:\/path\/x\.db$/m);
  assert.match(await refused(cwd, ['check', 'bot.lua', '--store', 'mysql'], { env }), /请写以下之一：memory:、sqlite:路径、redis:\/\/\[\[用户\]:密码@\]主机:端口\/库、[^A-Z]*\n$/m);
  assert.match((await wemoon(['run', 'empty.lua', '--store', 'memory:', '--listen', '0'], { cwd, code: 1, env: { ...env, ...CHINESE } })).stderr, /^wemoon: empty\.lua 没有定义 on_message：请写 `function on_message/m);
});

test('the user\'s own words stay as they are', async (t) => {
  const cwd = tempDir(t);
  assert.match(await refused(cwd, ['string']), /^wemoon: 没有命令 string：/);
  assert.match(await refused(cwd, ['store', 'get', 'table', '--store', 'sqlite:a.db', '--token', 'aToken'], { code: 1 }), /^wemoon: .*(table|a\.db)/);
  const long = await wemoon(['x'.repeat(3000)], { cwd, code: 2, env: CHINESE });
  assert.match(long.stderr, /^wemoon: unknown command xxx/);
});

test('a full disk', { skip: !fs.existsSync('/dev/full') }, async (t) => {
  const shown = spawnSync(BINARY, ['docs', 'man'], { stdio: ['ignore', fs.openSync('/dev/full', 'w'), 'pipe'], env: cleanEnv(CHINESE), encoding: 'utf8' });
  assert.equal(shown.stderr, 'wemoon: 标准输出：磁盘已满\n');
});

test('another charset than UTF-8 is told in English', async (t) => {
  const said = async (LC_ALL) => (await wemoon(['rnu'], { cwd: tempDir(t), code: 2, env: { LC_ALL } })).stderr;
  for (const name of ['zh', 'zh_CN', 'zh_CN.utf8', 'zh_TW.UTF-8@x']) assert.match(await said(name), /没有命令 rnu/, name);
  for (const name of ['zh_CN.GBK', 'zh_CN.GB18030', 'zh_TW.Big5@x']) assert.match(await said(name), /unknown command rnu/, name);
});

test('a bot that is not there, or refuses', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'config.lua': 'return { token = "mytoken", listen = "127.0.0.1:9", admin_listen = "127.0.0.1:9" }' });
  assert.match(await refused(cwd, ['send', 'text', 'a', '--url', 'http://127.0.0.1:9/wechat', '--admin-listen', '127.0.0.1:10'], { code: 1 }), /机器人在运行吗？请用 wemoon run BOT\.lua 启动它，或用 --url 给出它的地址/);
  const bot = await startBot(t, { script: BOT });
  const wrong = await refused(bot.dir, ['send', 'text', 'a', '--token', 'wrongtoken', '--url', bot.url], { code: 1 });
  assert.match(wrong, /^wemoon: send: 机器人应答了 403.*：签名被拒绝：token 和 encrypt_mode 与机器人的一致吗？/);
  writeFiles(cwd, { 'config.lua': 'return { token = "mytoken" }' });
  assert.match(await refused(cwd, ['status']), /^wemoon: status: 没有设置 admin_listen：请把它设为一个地址/);
});

test('what commands say of a script that fails stays Lua\'s, and the log stays English', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bad.lua': 'local x = nil\nreturn x.y' });
  const { stderr } = await wemoon(['exec', 'bad.lua'], { cwd, code: 1, env: CHINESE });
  assert.match(stderr, /bad\.lua:2: attempt to index a nil value \(local 'x'\)/);
  for (const code of ['error("No such file or directory")', 'error("no memory", 0)', 'return nil, "the bot has ended"']) {
    const words = /"([^"]+)"/.exec(code)[1];
    assert.match((await wemoon(['exec', '-e', code], { cwd, code: 1, env: CHINESE })).stderr, new RegExp(`^wemoon: exec: .*${words}$`, 'm'));
  }
  writeFiles(cwd, { 'worse_spec.lua': 'error("no memory", 0)' });
  assert.match((await wemoon(['test', 'worse_spec.lua'], { cwd, code: 1, env: CHINESE })).stderr, /^wemoon: test: worse_spec\.lua: .*no memory/m);
  const bot = await startBot(t, { script: 'function on_message(msg) error("boom") end', env: CHINESE });
  await bot.say('a');
  await bot.waitForLog(/outcome=failed/);
  assert.doesNotMatch(bot.log, /[\u4e00-\u9fff]/);
  assert.equal(fs.existsSync(path.join(cwd, 'wemoon.db')), false);
});

test('what is wrong with a result, a code, a file and the platform is Chinese in every command', async (t) => {
  const cwd = tempDir(t);
  const said = (args, options) => refused(cwd, args, { code: 1, ...options });
  assert.equal(await said(['exec', '-e', 'return function() end']), 'wemoon: exec: 第 1 个结果无法写成 JSON：value 是 函数\n');
  assert.match(await said(['exec', '-e', 'return 0/0']), /value 不是有限的数$/m);
  assert.match(await said(['explain', '99999']), /^wemoon: explain: 没有收录 99999 这个返回码：/);
  const account = ['--appid', 'wx0123456789abcdef', '--appsecret', '0123456789abcdef0123456789abcdef'];
  assert.match(await said(['new', 'ad', '--adopt', ...account, '--api-base', 'http://127.0.0.1:9']), /^wemoon: new: 获取 access_token：127\.0\.0\.1:9：.*连不上平台：请检查网络/);
  const platform = http.createServer((request, response) => response.end('{"errcode":40125,"errmsg":"invalid appsecret"}')).listen(0, '127.0.0.1');
  await new Promise((resolve) => { platform.on('listening', resolve); });
  atEnd(t, () => { platform.closeAllConnections(); platform.close(); });
  assert.match(await said(['new', 'ad', '--adopt', ...account, '--api-base', `http://127.0.0.1:${platform.address().port}`]), /^wemoon: new: 40125 .*[\u4e00-\u9fff]{4}/);
  writeFiles(cwd, { 'bot.lua': 'function on_message(msg) wechat.log.info(msg.type) io.popen("x") os.exit() end' });
  const found = await said(['check', 'bot.lua', '--store', 'memory:'], { env: { WEMOON_TOKEN: 'mytoken' } });
  assert.match(found, /: io\.popen 需要在配置里写 allow_shell = true\n.*: 没有 os\.exit：它会结束整个机器人（return 结束这条消息的处理）\n/);
  const prompt = await wemoon(['repl', '--store', 'memory:'], { cwd, input: '.save /nonexistent/x.lua\n', env: CHINESE });
  assert.match(prompt.stdout + prompt.stderr, /\/nonexistent\/x\.lua：没有这个文件或文件夹/);
});

test('check tells its warnings in Chinese, each as a line of its own', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': Buffer.from(`${BOT} -- \xc4\xe3`, 'latin1'), 'config.lua': `return {\n  token = "mytoken",\n  appid = "gh_12",\n  appsecret = "short",
  admin_token = "short",\n  interpreters = 2,\n  script_memory_mb = 1048576,\n}\n` });
  const zh = await refused(cwd, ['check', 'bot.lua', '--strict'], { code: 1, env: { TZ: 'Asia/Shangai' } });
  const lines = zh.trim().split('\n');
  assert.equal(lines.length, 7, zh);
  for (const line of lines) assert.match(line, /^wemoon: check: 警告：/);
  for (const start of ['bot.lua:1：', 'appid（来自 config.lua:3）：gh_12 ', 'appsecret（来自 config.lua:4）：', 'admin_token（来自 config.lua:5）：设置了它却没有 admin_listen',
    'admin_token（来自 config.lua:5）：只有 5 个字符', 'TZ：本机没有时区 Asia/Shangai']) assert.ok(zh.includes(`警告：${start}`), `${start}\n${zh}`);
  assert.match(await refused(cwd, ['check', 'bot.lua', '--strict', '--admin-listen', '0.0.0.0:0'], { code: 1 }), /admin_listen（来自 --admin-listen）：0\.0\.0\.0:0 能从其他机器访问/);
});

test('check tells its findings in Chinese, behind the same places, and ends with the same status', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'bot.lua': 'function on_message(msg)\n  local x = msg.contnet\n  if msg.type == "txt" then return msg.location.lat end\n  wechat.create_menu("a", 2)\nend' });
  const zh = await refused(cwd, ['check', 'bot.lua', '--store', 'memory:'], { code: 1, env: { WEMOON_TOKEN: 'mytoken' } });
  for (const line of ['2:17: 没有哪种消息有字段 contnet；你是不是想写 content？', '3:18: msg.type 不会是 "txt"；你是不是想写 "text"？', '3:49: msg.location 没有字段 lat（它有 x, y）',
    '4:10: wechat.create_menu 取 1 个参数，不是 2 个']) assert.ok(zh.includes(`wemoon: check: bot.lua:${line}\n`), `${line}\n${zh}`);
});
