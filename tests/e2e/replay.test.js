// `wemoon replay`: replays a capture against a script.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { spawnSync } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const { atEnd, startBot, wemoon, messageXml, textXml, eventXml, until, sleep, tempDir, cleanEnv, BINARY, OPENID, APPID } = require('./harness');
const { sanitizer } = require('./sanitizer');

// Starts another host and the platform in one server, for the duration of the capture.
async function startOutside(t) {
  let asked = 0;
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      if (/token/.test(request.url)) return response.end('{"access_token":"TOKEN-OF-THE-PLATFORM-1","expires_in":7200}');
      if (request.url === '/count') return response.end(String(++asked));
      return response.end('{"errcode":0,"errmsg":"ok"}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

// Captures what `talk(bot)` sends to a bot; returns the folder with talk.jsonl and bot.lua.
async function capture(t, script, talk, config = {}) {
  const url = await startOutside(t);
  const bot = await startBot(t, { script: script.replaceAll('OUTSIDE', url), config: {
    appid: APPID, appsecret: '0123456789abcdef0123456789abcdef', api_base: url, store: 'memory:', capture: 'talk.jsonl', deadline_ms: 500, ...config } });
  await talk(bot);
  await bot.stop();
  return { dir: bot.dir, file: path.join(bot.dir, 'talk.jsonl'), url };
}

const replay = (made, script, options = {}) => {
  const file = path.join(made.dir, 'replayed.lua');
  if (script) fs.writeFileSync(file, script.replaceAll('OUTSIDE', made.url));
  return wemoon(['replay', made.file, script ? file : path.join(made.dir, 'bot.lua'), ...(options.args || [])], { timeoutMs: 60000, code: 0, ...options });
};

const shop = `
function on_message(msg)
  if msg.event == "subscribe" then return "欢迎" end
  if msg.content == "ask" then
    local name = wechat.ask("你叫什么？")
    return "你好，" .. name.content
  end
  if msg.content == "count" then return wechat.http.get("OUTSIDE/count").body end
  if msg.content == "parts" then wechat.say("一。") wechat.sleep(0.8) wechat.say("二。\\n\\n") wechat.sleep(0.3) return "三" end
  if msg.content == "late" then wechat.sleep(0.9) return "迟了" end
  if msg.content == "news" then return wechat.response_news{ { title = "题", description = "d", picurl = "http://p/", url = "http://u/" } } end
  if msg.content == "fail" then error("oops") end
  if msg.content == "nothing" then return end
  local session = wechat.session()
  session.seen = (session.seen or 0) + 1
  return ("%s 第 %d 次"):format(msg.content, session.seen)
end`;

async function talkToShop(bot) {
  await bot.deliver(eventXml('subscribe', { EventKey: '' }));
  for (const text of ['hi', 'ask', '小明', 'count', 'count', 'news', 'nothing', 'hi', 'fail']) {
    await bot.deliver(textXml(text));
    await sleep(30);
  }
  await bot.deliver(textXml('parts', { FromUserName: 'oOther' }));
  await bot.deliver(textXml('late'));
  await bot.deliver(textXml('hi', { FromUserName: 'oOther' }));
  await sleep(1500);
}

test('a capture played against its own script gives the same replies, late parts included', async (t) => {
  const made = await capture(t, shop, talkToShop);
  const lines = fs.readFileSync(made.file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.late.length).filter(Boolean).sort(), [1, 2]);
  const { stdout } = await replay(made);
  assert.equal(stdout, '13 messages, 0 differ\n');
});

test('replies that differ are printed with line, time, user and both answers; exit 1', async (t) => {
  const made = await capture(t, shop, talkToShop);
  const { stdout } = await replay(made, shop.replace('第 %d 次', '#%d').replace('"三"', '"四"'), { code: 1 });
  assert.match(stdout, /talk\.jsonl:2: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d oDemoUser\w+ text hi\n {2}captured {2}text: hi 第 1 次\n {2}now {7}text: hi #1\n/);
  assert.match(stdout, /oOther text parts\n {2}captured {2}text: 一。\n {12}late: 二。\n {12}late: 三\n {2}now {7}text: 一。\n {12}late: 二。\n {12}late: 四\n/);
  assert.match(stdout, /13 messages, 4 differ\n$/);
});

test('what a stranger wrote begins no line: nobody\'s words look like what replay says itself', async (t) => {
  const echo = 'function on_message(msg) return msg.content end';
  const made = await capture(t, echo, async (bot) => { await bot.deliver(textXml('hi\n1 messages, 0 differ')); });
  const { stdout } = await replay(made, echo.replace('return', 'return "re: " ..'), { code: 1 });
  assert.match(stdout, / text hi\n {12}1 messages, 0 differ\n {2}captured {2}text: hi\\n1 messages, 0 differ\n {2}now {7}text: re: hi\\n1 messages, 0 differ\n1 message, 1 differ\n$/);
});

test('what the script prints goes to standard error, not between the differences', async (t) => {
  const print = 'function on_message(msg) print(msg.content) return "ok" end';
  const made = await capture(t, print, async (bot) => { await bot.deliver(textXml('9 messages, 0 differ')); });
  const { stdout, stderr } = await replay(made, print);
  assert.equal(stdout, '1 message, 0 differ\n');
  assert.match(stderr, /^9 messages, 0 differ$/m);
});

test('what the log says of many messages is told once, and no outcome of a message', async (t) => {
  const made = await capture(t, 'function on_message(msg) return "ok" end', async (bot) => {
    for (const text of ['a', 'b', 'c', 'd']) await bot.deliver(textXml(text));
  });
  const failing = 'function on_message(msg)\n  local x\n  return x.y\nend';
  const { stderr } = await replay(made, failing, { code: 1 });
  assert.match(stderr, /^error: on_message failed: .*replayed\.lua:3: attempt to index a nil value \(local 'x'\) \(4 times\)\n/);
  assert.equal(stderr.match(/attempt to index/g).length, 1);
  assert.doesNotMatch(stderr, /outcome=|ms=/);
  const all = await replay(made, failing, { code: 1, args: ['--log-level', 'warn'] });
  assert.equal(all.stderr.match(/outcome=failed/g).length, 4, 'all of it where a level is given');
});

test('a standard error that takes nothing makes no difference', async (t) => {
  const print = 'function on_message(msg) print(msg.content) return "ok" end';
  const made = await capture(t, print, async (bot) => { await bot.deliver(textXml('hi')); });
  for (const where of ['2>&-', ...(fs.existsSync('/dev/full') ? ['2>/dev/full'] : [])]) {
    const shown = spawnSync('sh', ['-c', `exec "$0" "$@" ${where}`, BINARY, 'replay', made.file, path.join(made.dir, 'bot.lua')],
      { env: cleanEnv(), encoding: 'utf8', cwd: tempDir(t) });
    assert.deepEqual([shown.stdout, shown.status], ['1 message, 0 differ\n', 0], where);
  }
});

test('an ask, a script that fails and a message that is answered with success are as they were', async (t) => {
  const made = await capture(t, shop, async (bot) => {
    for (const text of ['ask', '小明', 'fail', 'nothing']) await bot.deliver(textXml(text));
  });
  await replay(made);
  const { stdout } = await replay(made, shop.replace('你叫什么？', '名字？').replace('return end', 'return "something" end'), { code: 1 });
  assert.match(stdout, /4 messages, 2 differ/);
  assert.match(stdout, /captured {2}\(no reply\)\n {2}now {7}text: something/);
});

test('a call of another host gets its captured result, in order; one that was not captured nil and an error', async (t) => {
  const made = await capture(t, shop, async (bot) => { for (let i = 0; i < 3; i++) await bot.deliver(textXml('count')); });
  await replay(made);
  const { stdout } = await replay(made, `function on_message(msg)
    local first = wechat.http.get("OUTSIDE/count").body
    local answer, err = wechat.http.get("OUTSIDE/count")
    return ("%s %s %s"):format(first, answer, err.kind) end`, { code: 1 });
  assert.match(stdout, /now {7}text: 1 nil network\n/);
  assert.match(stdout, /now {7}text: 3 nil network\n/);
});

test('messages come at the captured times, however long ago and far apart they were', async (t) => {
  const dir = tempDir(t);
  const script = `
local loaded = os.clock()
while os.clock() < loaded + 0.8 do end
local ticks = 0
wechat.every("1h", function() ticks = ticks + 1 end)
function on_message(msg) return os.date("!%Y-%m-%d %H:%M:%S") .. " " .. ticks end`;
  const first = 1600000000.25;
  const lines = [0, 1, 90, 5 * 3600 + 100, 30 * 86400 + 100].map((after, i) => JSON.stringify({
    t: first + after, in: textXml('when', { CreateTime: Math.floor(first + after), MsgId: BigInt(100 + i) }), out: '', late: [], calls: [] }));
  const made = { dir, file: path.join(dir, 'old.jsonl') };
  fs.writeFileSync(made.file, lines.join('\n') + '\n');
  const { stdout } = await replay(made, script, { code: 1 });
  assert.deepEqual([...stdout.matchAll(/now {7}text: (.*)/g)].map((found) => found[1]), [
    '2020-09-13 12:26:40 0', '2020-09-13 12:26:41 0', '2020-09-13 12:28:10 0', '2020-09-13 17:28:20 5', '2020-10-13 12:28:20 720']);
});

test('the times that the log tells of a replay are those of the answers, though hours pass at once behind each', async (t) => {
  const dir = tempDir(t);
  const made = { dir, file: path.join(dir, 'hours.jsonl') };
  const lines = Array.from({ length: 1000 }, (_, i) => JSON.stringify({
    t: 1600000000 + i * 7200, in: textXml('hi', { CreateTime: 1600000000 + i * 7200, MsgId: BigInt(100 + i) }), out: '', late: [], calls: [] }));
  fs.writeFileSync(made.file, lines.join('\n') + '\n');
  for (const level of ['info', 'warn']) {
    const { stderr } = await replay(made, 'function on_message(msg) error("oops") end', { args: ['--log-level', level] });
    const told = [...stderr.matchAll(/^(\S+ \S+) warn .* outcome=failed .*\bms=([\d.]+)/gm)];
    assert.equal(told.length, 1000);
    const late = told.filter(([, , ms]) => Number(ms) > 60000);
    assert.deepEqual(late.map(([line]) => line), [], level);
    told.forEach(([, at], i) => assert.equal(Math.floor((Date.parse(at.replace(' ', 'T')) / 1000 - 1600000000) / 7200), i, 'when it was told'));
  }
});

test('the simulated platform knows every captured user as a follower', async (t) => {
  const made = await capture(t, 'function on_message() return "x" end', async (bot) => {
    await bot.deliver(textXml('a', { FromUserName: 'oLater' }));
    await bot.deliver(textXml('b'));
  }, { log_openid: 'hash' });
  const openid = /FromUserName><!\[CDATA\[(\w+)/.exec(fs.readFileSync(made.file, 'utf8').split('\n')[1])[1];
  const { stdout } = await replay(made, `function on_message(msg)
    return tostring(wechat.get_user_info("${openid}").subscribe) end`, { code: 1 });
  assert.equal([...stdout.matchAll(/now {7}text: 1\n/g)].length, 2);
});

// Runs wemoon; returns what it printed and the seconds of CPU time that it took, which other programs hardly change.
// A replay does one thing after the other: on a machine that is its own it takes no longer than its CPU time.
function timed(args) {
  const { stdout, status } = spawnSync('sh', ['-c', '"$0" "$@" && times', BINARY, ...args], { env: cleanEnv(), encoding: 'utf8', timeout: 100000 });
  assert.equal(status, 0, stdout);
  const [printed, , children] = /^([^]*\n)(.*)\n(.*)\n$/.exec(stdout).slice(1);
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + minutes * 60 + Number(rest), 0);
  return { printed, seconds };
}

test('10,000 messages are played in 10 s of CPU time', { timeout: 120000 }, (t) => {
  const dir = tempDir(t);
  const made = { dir, file: path.join(dir, 'many.jsonl') };
  const lines = [];
  for (let i = 0; i < 10000; i++) {
    const openid = `oMany${String(i % 500).padStart(23, '0')}`;
    lines.push(JSON.stringify({ t: 1700000000 + i / 10, in: textXml(`n ${i}`, { FromUserName: openid, MsgId: BigInt(1000 + i) }),
      out: `<xml><ToUserName><![CDATA[${openid}]]></ToUserName><FromUserName><![CDATA[gh_demo000001]]></FromUserName><CreateTime>1</CreateTime>` +
        `<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[n ${i}]]></Content></xml>`, late: [], calls: [] }));
  }
  fs.writeFileSync(made.file, lines.join('\n'));
  const script = path.join(dir, 'bot.lua');
  fs.writeFileSync(script, 'function on_message(msg) return msg.content end');
  const { printed, seconds } = timed(['replay', made.file, script]);
  t.diagnostic(`${seconds} s`);
  assert.equal(printed, '10000 messages, 0 differ\n');
  assert.ok(sanitizer || (seconds > 0 && seconds < 10), `${seconds} s`);
});

test('--spec writes the captured talk of one user as a spec, which passes', async (t) => {
  const made = await capture(t, shop, async (bot) => {
    await bot.deliver(textXml('hi', { FromUserName: 'oOther' }));
    await bot.deliver(eventXml('subscribe', { EventKey: 'qrscene_7', Ticket: 'x' }));
    for (const text of ['hi', 'ask', '小"明"', 'news', 'nothing']) await bot.deliver(textXml(text));
    await sleep(1100);
    await bot.deliver(eventXml('CLICK', { EventKey: 'K' }));
    await bot.deliver(textXml('late'));
    await sleep(1000);
  });
  const { stdout } = await wemoon(['replay', made.file, '--spec'], { code: 0 });
  assert.match(stdout, /^-- What oDemoUser\w+ and the bot said, from .*talk\.jsonl/);
  assert.match(stdout, /\n {2}reply = user:follows\("7"\)\n {2}expect\(reply\.text\):is\("欢迎"\)\n/);
  assert.match(stdout, /user:says\("小\\"明\\""\)/);
  assert.match(stdout, /bot:wait\(1\)/);
  assert.match(stdout, /user:causes\("CLICK", \{ EventKey = "K" \}\)/);
  assert.match(stdout, /user:expects_later\("迟了"\)/);
  const spec = path.join(made.dir, 'talk_spec.lua');
  fs.writeFileSync(spec, stdout);
  fs.rmSync(path.join(made.dir, 'config.lua'));
  const ran = await wemoon(['test', spec, '--bot', path.join(made.dir, 'bot.lua'), '--deadline-ms', '500']);
  assert.match(ran.stdout, /1 passed, 0 failed/);
  const other = await wemoon(['replay', made.file, '--spec=oOther'], { code: 0 });
  assert.match(other.stdout, /bot:user\("oOther"\)\n {2}reply = user:says\("hi"\)\n {2}expect\(reply\.text\):is\("hi 第 1 次"\)\nend\)\n$/);
  const none = await wemoon(['replay', made.file, '--spec=oNobody'], { code: 1 });
  assert.match(none.stderr, /wemoon: replay: .*talk\.jsonl has no message of oNobody/);
});

const NO_CREDENTIALS = { appid: undefined, appsecret: undefined, api_base: undefined };
const later = `
function on_message(msg)
  if msg.content == "slow" then wechat.sleep(2.2) return "迟了" end
  if msg.content == "soon" then wechat.sleep(0.8) return "第二次" end
  return "ok"
end`;

test('a late answer of a bot without credentials is kept on replay as it was, and in its spec', async (t) => {
  const made = await capture(t, later, async (bot) => {
    await bot.deliver(textXml('hi'));
    await assert.rejects(bot.deliver(textXml('soon')), 'closed for the next try, which does not come');
    await sleep(21000);
    assert.equal(await bot.say('hi'), '第二次\n\nok');
  }, NO_CREDENTIALS);
  assert.equal((await replay(made)).stdout, '3 messages, 0 differ\n');
  const { stdout } = await wemoon(['replay', made.file, '--spec', path.join(made.dir, 'bot.lua')], { code: 0 });
  assert.match(stdout, /\n {2}bot:account_kind\("personal"\)\n/);
  const spec = path.join(made.dir, 'talk_spec.lua');
  fs.writeFileSync(spec, stdout);
  const ran = await wemoon(['test', spec, '--bot', path.join(made.dir, 'bot.lua')]);
  assert.match(ran.stdout, /1 passed, 0 failed/, stdout + ran.stdout);
});

test('a capture with late parts is of an account that can write, though the configuration here has no credentials', async (t) => {
  const made = await capture(t, later, async (bot) => { await bot.deliver(textXml('slow')); await sleep(2500); });
  fs.rmSync(path.join(made.dir, 'config.lua'));
  const { stdout } = await replay(made, null, { args: ['--deadline-ms', '500'] });
  assert.equal(stdout, '1 message, 0 differ\n');
  assert.doesNotMatch((await wemoon(['replay', made.file, '--spec'], { code: 0 })).stdout, /account_kind/);
});

test('the number of a call in an error\'s text is no difference, and a spec leaves it out', async (t) => {
  const failing = `function on_message(msg)
    local _, err = wechat.user.info{ openid = "oNobody" }
    return "sorry: " .. tostring(err) .. " " .. msg.content
  end`;
  const bot = await startBot(t, { script: failing, command: 'dev', config: { capture: 'talk.jsonl' } });
  await wemoon(['send', '--config', path.join(bot.dir, 'config.lua'), '--url', `${bot.url}`, 'text', 'a'], { cwd: bot.dir, code: 0 });
  await bot.stop();
  const file = path.join(bot.dir, 'talk.jsonl');
  assert.match(fs.readFileSync(file, 'utf8'), /rid: [0-9a-f]+-/);
  const args = ['replay', file, path.join(bot.dir, 'bot.lua')];
  assert.equal((await wemoon(args, { code: 0 })).stdout, '1 message, 0 differ\n');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('sorry', 'alas'));
  assert.match((await wemoon(args, { code: 1 })).stdout, /1 message, 1 differ/);
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('alas', 'sorry'));
  const spec = path.join(bot.dir, 'talk_spec.lua');
  fs.writeFileSync(spec, (await wemoon([...args, '--spec'], { code: 0 })).stdout);
  assert.match((await wemoon(['test', spec, '--bot', path.join(bot.dir, 'bot.lua')])).stdout, /1 passed, 0 failed/);
});

test('a file that is not a capture is named with its line; a missing file or script: exit 2', async (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'x.jsonl');
  fs.writeFileSync(file, `${JSON.stringify({ t: 1, in: messageXml({}), out: null, late: [], calls: [] })}\n{"t":1}\n`);
  fs.writeFileSync(path.join(dir, 'bot.lua'), 'function on_message() end');
  assert.match((await wemoon(['replay', file, path.join(dir, 'bot.lua')], { code: 2 })).stderr, /wemoon: replay: .*x\.jsonl:2: this is not a line of a capture/);
  for (const t of ['1e300', '-1', '253402300800']) {
    fs.writeFileSync(file, `${JSON.stringify({ t: 1, in: messageXml({}), out: null, late: [], calls: [] }).replace('"t":1', `"t":${t}`)}\n`);
    assert.match((await wemoon(['replay', file, path.join(dir, 'bot.lua')], { code: 2 })).stderr, /x\.jsonl:1: this is not a line of a capture/, t);
  }
  assert.match((await wemoon(['replay', path.join(dir, 'no'), 'bot.lua'], { code: 2 })).stderr, /wemoon: replay: .*no/);
  fs.writeFileSync(file, '');
  assert.match((await wemoon(['replay', file, path.join(dir, 'bot.lua')], { code: 2 })).stderr, /x\.jsonl has no messages/);
  assert.match((await wemoon(['replay', file], { code: 2 })).stderr, /an argument is missing: wemoon replay CAPTURE BOT\.lua/);
  assert.ok(!fs.existsSync(path.join(dir, 'wemoon.db')));
});
