// The log: one line per message with its fields, read with the usual tools: jq, grep, logrotate.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { atEnd, tempDir, startBot, wemoon, configLua, writeFiles, textXml, eventXml, until, sleep, OPENID, APPID, ORIGINAL_ID, TOKEN, AES_KEY } = require('./harness');

const script = `
function on_message(msg)
  if msg.content == "fail" then error("oops") end
  if msg.content == "say nothing" then return end if msg.content == "a number" then return 7 end
  if msg.content == "log" then wechat.log.info("seen", msg.content) end
  if msg.content == "later" then
    wechat.sleep(0.2)
    wechat.log.info("slept")
    wechat.spawn(function() wechat.sleep(0.1) wechat.log.info("spawned") end)
    error("after a while")
  end
  if msg.content == "slow" then wechat.sleep(1) end
  if msg.content == "to a stranger" then wechat.log.info("for", "oStranger0000000000000000001") end
  return msg.content or "event"
end`;

const json = (options = {}) => ({ script, ...options, config: { log_format: 'json', ...options.config } });

// Runs jq on the log; returns the filter's values, one per line.
function jq(log, filter) {
  const { stdout, stderr, status } = spawnSync('jq', ['-c', filter], { input: log, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split('\n').filter(Boolean).map((line) => JSON.parse(line));
}
const messages = (bot) => jq(bot.log, 'select(.msg == "message")');
const untilMessages = (bot, count) => until(() => messages(bot).length >= count && messages(bot), `${count} messages`);

test('in JSON each message is one line with all fields, in their order', async (t) => {
  const bot = await startBot(t, json({ config: { appid: APPID } }));
  await bot.say('hi', { fields: { MsgId: 24000000000000001n } });
  const [line] = await untilMessages(bot, 1);
  assert.deepEqual(Object.keys(line), ['time', 'level', 'msg', 'openid', 'msgid', 'type', 'outcome', 'attempt', 'ms',
    'api_calls', 'account', 'place']);
  const { time, ms, ...rest } = line;
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 10000, time);
  assert.ok(ms > 0 && ms < 5000, `${ms}`);
  assert.deepEqual(rest, { level: 'info', msg: 'message', openid: OPENID, msgid: '24000000000000001', type: 'text',
    outcome: 'replied', attempt: 1, api_calls: 0, account: APPID, place: null });
});

test('in text each message is one line with fields as key=value', async (t) => {
  const bot = await startBot(t, { script });
  await bot.say('hi', { fields: { MsgId: 24000000000000002n } });
  await bot.waitForLog(new RegExp(`^\\d{4}-\\d\\d-\\d\\d [\\d:.]{12} info {2}message openid=${OPENID} ` +
    `msgid=24000000000000002 type=text outcome=replied attempt=1 ms=\\d+\\.\\d api_calls=0 account=${ORIGINAL_ID}$`, 'm'));
});

test('an event has a msgid of its time, event and key', async (t) => {
  const bot = await startBot(t, json());
  await bot.deliver(eventXml('CLICK', { CreateTime: 1800000000, EventKey: 'a b', FromUserName: 'oSomebody' }));
  const [line] = await untilMessages(bot, 1);
  assert.equal(line.msgid, 'e:1800000000:CLICK:a b');
  assert.equal(line.type, 'click');
  assert.equal(line.openid, 'oSomebody');
});

test('a script that failed is outcome failed, with its place, and never success', async (t) => {
  const bot = await startBot(t, json());
  await bot.say('fail');
  await bot.say('say nothing');
  await bot.say('a number');
  const [failed, nothing, number] = await untilMessages(bot, 3);
  assert.equal(number.outcome, 'failed');
  assert.match(number.place, /bot\.lua:2$/);
  assert.equal(failed.outcome, 'failed');
  assert.equal(failed.level, 'warn');
  assert.match(failed.place, /bot\.lua:3$/);
  assert.equal(nothing.outcome, 'success');
  assert.equal(nothing.place, null);
});

test('error_reply and on_error answer a message whose outcome is failed all the same', async (t) => {
  const bot = await startBot(t, json({ config: { error_reply: 'sorry' } }));
  assert.equal(await bot.say('fail'), 'sorry');
  const other = await startBot(t, json({ script: `${script}\nfunction on_error() return "mended" end` }));
  assert.equal(await other.say('fail'), 'mended');
  for (const one of [bot, other]) assert.equal((await untilMessages(one, 1))[0].outcome, 'failed');
  assert.match((await untilMessages(other, 1))[0].place, /bot\.lua:3$/);
});

test('a message tried again is a line a try: the second is a duplicate', async (t) => {
  const bot = await startBot(t, json());
  for (let i = 0; i < 3; i++) await bot.say('hi', { fields: { MsgId: 7n } });
  const lines = await untilMessages(bot, 3);
  assert.deepEqual(lines.map((line) => [line.attempt, line.outcome]), [[1, 'replied'], [2, 'duplicate'], [3, 'duplicate']]);
});

test('what missed its deadline says what became of it: unanswered, late_text, kept, late, lost', async (t) => {
  const outcomes = async (bot, count) => (await untilMessages(bot, count)).map((line) => `${line.outcome} ${line.level}`);
  const slow = (id, fields) => textXml('slow', { MsgId: id, ...fields });
  const longAgo = { CreateTime: Math.floor(Date.now() / 1000) - 10 }; // any try is the last one
  const keeps = await startBot(t, json({ config: { late_reply: 'keep', late_text: 'wait', deadline_ms: 500 } }));
  await assert.rejects(keeps.deliver(slow(31n)));
  assert.equal((await keeps.deliver(slow(32n, { ...longAgo, FromUserName: 'oOther' }))).reply.Content, 'wait');
  await sleep(1500);
  assert.equal(await keeps.say('go on', { fields: { FromUserName: 'oOther' } }), 'slow');
  assert.deepEqual(await outcomes(keeps, 3), ['unanswered info', 'late_text info', 'kept info']);
  const drops = await startBot(t, json({ config: { late_reply: 'drop', deadline_ms: 100 } }));
  assert.equal((await drops.deliver(slow(33n))).reply, null);
  assert.deepEqual(await outcomes(drops, 1), ['late info']);
  const retries = await startBot(t, json({ config: { late_reply: 'retry', deadline_ms: 100 } }));
  assert.equal((await retries.deliver(slow(34n, longAgo))).reply, null);
  assert.deepEqual(await outcomes(retries, 1), ['lost warn']);
  await retries.waitForLog(/past the platform's last try; it is lost/);
});

test('a request that is refused is a warning with the reason, and no message', async (t) => {
  const bot = await startBot(t, json());
  assert.equal((await bot.request({ method: 'POST', path: `${bot.path}?signature=x&timestamp=1&nonce=2`, body: textXml('a') })).status, 403);
  await bot.waitForLog(/refused/);
  const [line] = jq(bot.log, 'select(.msg | test("^refused"))');
  assert.equal(line.level, 'warn');
  assert.match(line.msg, /^refused POST \S+ from 127\.0\.0\.1 with 403: /);
  assert.deepEqual(messages(bot), []);
});

test('every other line that a message caused carries its msgid and openid', async (t) => {
  const bot = await startBot(t, json());
  await bot.say('log', { fields: { MsgId: 11n, FromUserName: 'oFirst' } });
  await bot.say('fail', { fields: { MsgId: 12n, FromUserName: 'oSecond' } });
  await bot.say('later', { fields: { MsgId: 13n, FromUserName: 'oThird' } });
  await bot.waitForLog(/spawned/);
  const of = (id) => jq(bot.log, `select(.msgid == "${id}" and .msg != "message")`);
  assert.deepEqual(of(11).map((line) => [line.openid, line.level]), [['oFirst', 'info']]);
  assert.match(of(12)[0].msg, /^on_message failed: .*oops/);
  assert.equal(of(12)[0].openid, 'oSecond');
  assert.deepEqual(of(13).map((line) => line.msg.replace(/\n[^]*/, '').replace(/^.*?\/?bot\.lua/, 'bot.lua')),
    ['bot.lua:8: slept', 'bot.lua:10: after a while', 'bot.lua:9: spawned']);
  for (const line of of(13)) assert.equal(line.openid, 'oThird');
  assert.deepEqual(jq(bot.log, 'select(.msgid and .openid == null)'), []);
});

test('a reply past the deadline that is dropped is a warning with the user', async (t) => {
  const bot = await startBot(t, json({ config: { deadline_ms: 100, late_reply: 'drop' } }));
  await bot.say('slow', { fields: { MsgId: 21n } });
  await bot.waitForLog(/is dropped/);
  const [late] = messages(bot);
  assert.equal(late.outcome, 'late');
  const [dropped] = jq(bot.log, 'select(.msg | test("dropped"))');
  assert.deepEqual([dropped.level, dropped.openid, dropped.msgid], ['warn', OPENID, '21']);
});

test('a late reply that cannot be delivered is one warning with the user', async (t) => {
  const bot = await startBot(t, json({ config: { deadline_ms: 100, late_reply: 'customer_service' } }));
  await bot.say('slow', { fields: { MsgId: 22n } });
  await bot.waitForLog(/is lost/);
  const lost = jq(bot.log, 'select(.msg | test("is lost"))');
  assert.deepEqual(lost.map((line) => [line.level, line.openid, line.msgid]), [['warn', OPENID, '22']]);
});

// A platform that refuses every customer service message.
async function startRefusing(t) {
  const server = http.createServer((request, response) => request.resume().on('end', () => response.end(
    /stable_token/.test(request.url) ? '{"access_token":"TOKEN-OF-THE-PLATFORM-1","expires_in":7200}' : '{"errcode":40003,"errmsg":"invalid openid"}')));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

test('a late reply or part that the platform refuses is one warning, with its words and the user; a send of the script\'s own too', async (t) => {
  const bot = await startBot(t, json({
    script: `function on_message(msg)
  if msg.content == "own" then wechat.send_text_message("oOther", "x") return "ok" end
  if msg.content == "parts" then wechat.say("One.") wechat.sleep(0.5) wechat.say("Two.") end
  wechat.sleep(0.5)
  if msg.content == "late" then return "late" end
end`,
    config: { deadline_ms: 300, late_reply: 'customer_service', appid: APPID, appsecret: 'the-secret-of-the-account', api_base: await startRefusing(t) },
  }));
  await bot.say('own', { fields: { MsgId: 31n } });
  await bot.say('late', { fields: { MsgId: 32n } });
  await bot.say('parts', { fields: { MsgId: 33n } });
  const warned = (id) => jq(bot.log, `select(.msgid == "${id}" and .level == "warn") | .openid, .msg`);
  for (const [id, wanted] of [[31, /bot\.lua:2: wechat\.\S+: 40003/], [32, /^a late reply to \S+ is lost \(1 message\): .*40003/], [33, /^a part of the answer to \S+ is lost: .*40003/]]) {
    const [openid, text] = await until(() => warned(id).length > 0 && warned(id), `a warning of ${id} in ${bot.log}`);
    assert.equal(openid, OPENID);
    assert.match(text, wanted);
  }
  await bot.stop();
  for (const id of [31, 32, 33]) assert.equal(warned(id).length, 2, `one warning: ${warned(id)}`);
});

test('only what serves a bot writes to its log_file: other commands speak to who typed them, and make no file', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, {
    'bot.lua': script, 'config.lua': configLua({ token: TOKEN, log_file: 'w.log', log_format: 'json' }),
    'talk.jsonl': `${JSON.stringify({ t: 1700000000, in: textXml('fail'), out: '', late: [], calls: [] })}\n`,
  });
  const type = (args, input) => wemoon(args, { cwd: dir, input });
  const replayed = await type(['replay', 'talk.jsonl', 'bot.lua']);
  assert.match(replayed.stdout, /1 messages?, 0 differ/);
  assert.match(replayed.stderr, /on_message failed: .*bot\.lua:3: oops/);
  assert.match((await type(['repl', 'bot.lua'], '.say fail\n')).stderr, /on_message failed: .*bot\.lua:3: oops/);
  assert.match((await type(['exec', '-e', 'wechat.log.warn("heard")'])).stderr, /heard/);
  await type(['store', 'list']);
  assert.ok(!fs.existsSync(path.join(dir, 'w.log')));
});

test('what ended with an interpreter that was given up is a warning a user', async (t) => {
  const bot = await startBot(t, json({
    script: `function on_message(msg)
      if msg.content == "stick" then io.popen("sleep 6"):read("a") end
      if msg.content == "wait" then wechat.sleep(60) end
      return "free"
    end`,
    config: { allow_shell: true, script_cpu_ms: 100, deadline_ms: 1500, late_reply: 'drop', log_level: 'warn' },
  }));
  bot.say('wait', { fields: { FromUserName: 'oWaits' } }).catch(() => {});
  await sleep(200);
  bot.say('stick', { fields: { FromUserName: 'oStuck' } }).catch(() => {});
  await bot.waitForLog(/a fresh interpreter serves/, 10000);
  const ended = jq(bot.log, 'select(.msg | test("ended with its interpreter"))');
  assert.deepEqual(ended.map((line) => [line.level, line.openid]), [['warn', 'oWaits']]);
  assert.match(ended[0].msg, /while it waited in wechat\.sleep/);
  await bot.kill();
});

test('log_openid = "hash": no openid stands anywhere, and one user has one hash in every run', async (t) => {
  const one = await startBot(t, json({ config: { log_openid: 'hash' } }));
  await one.say('to a stranger');
  await one.deliver(eventXml('CLICK', { EventKey: OPENID }));
  const lines = await untilMessages(one, 2);
  assert.match(lines[0].openid, /^[0-9a-f]{16}$/);
  assert.equal(lines[1].openid, lines[0].openid);
  assert.doesNotMatch(one.log, new RegExp(OPENID));
  assert.doesNotMatch(one.log, /oStranger/);
  const again = await startBot(t, json({ config: { log_openid: 'hash' } }));
  await again.say('hi');
  assert.equal((await untilMessages(again, 1))[0].openid, lines[0].openid);
  const other = await startBot(t, json({ config: { log_openid: 'hash', token: 'anotherToken' } }));
  await other.say('hi');
  assert.notEqual((await untilMessages(other, 1))[0].openid, lines[0].openid);
});

test('known secrets that a stranger sends are masked', async (t) => {
  const bot = await startBot(t, {
    script: 'function on_message(msg) wechat.log.info(msg.content or msg.key) error(msg.content or msg.key) end',
    config: { appid: APPID, encoding_aes_key: AES_KEY, encrypt_mode: 'compatible' },
  });
  await bot.say(`${TOKEN} and ${AES_KEY}`);
  await bot.deliver(eventXml('CLICK', { EventKey: AES_KEY }));
  await bot.waitForLog(/type=click/);
  assert.doesNotMatch(bot.log, new RegExp(`${TOKEN}|${AES_KEY}`));
  assert.match(bot.log, /aCal…\(15\) and abcd…\(43\)/);
});

test('log_file and capture may be pipes that nobody reads: nobody waits for them, and the bot stops', async (t) => {
  const dir = tempDir(t);
  const pipes = ['log', 'capture'].map((name) => path.join(dir, name));
  for (const pipe of pipes) spawnSync('mkfifo', [pipe]);
  const bot = await startBot(t, { script: 'function on_message(msg) return tostring(#msg.content) end', config: { log_file: pipes[0], capture: pipes[1] } });
  const content = 'x'.repeat(2000); // more in all than pipes hold
  for (let i = 0; i < 500; i++) assert.equal(await bot.say(content), '2000');
  const log = fs.openSync(pipes[0], fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  atEnd(t, () => fs.closeSync(log));
  const bytes = Buffer.alloc(1000);
  assert.ok(fs.readSync(log, bytes) > 0, 'a reader that comes later reads what the pipe held');
  await bot.stop();
});

test('logrotate takes the file away, SIGUSR1 opens it anew, and no line is lost', async (t) => {
  if (spawnSync('logrotate', ['--version']).error) return t.skip('no logrotate here');
  const bot = await startBot(t, { script, config: { log_file: 'w.log', log_format: 'json' } });
  const file = bot.file('w.log');
  bot.write('rotate.conf', `${file} {\n  rotate 3\n  create\n  su\n  postrotate\n    kill -USR1 ${bot.pid}\n  endscript\n}\n`
    .replace('  su\n', ''));
  fs.chmodSync(bot.dir, 0o700);
  let said = 0;
  const talk = async () => {
    for (let i = 0; i < 20; i++) await bot.say('hi', { fields: { MsgId: BigInt(++said) } });
  };
  for (let round = 0; round < 3; round++) {
    await talk();
    const { status, stderr } = spawnSync('logrotate', ['-f', '-s', bot.file('state'), bot.file('rotate.conf')], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    await sleep(100);
  }
  await talk();
  const all = () => ['w.log.3', 'w.log.2', 'w.log.1', 'w.log'].map((name) => fs.readFileSync(bot.file(name), 'utf8'));
  await until(() => all().join('').split('"msg":"message"').length - 1 === said, 'every message');
  const ids = all().map((text) => jq(text, 'select(.msg == "message") | .msgid | tonumber'));
  assert.deepEqual(ids.flat(), Array.from({ length: said }, (_, i) => i + 1));
  for (const part of ids) assert.equal(part.length, 20);
});

test('what a script writes is seen line by line, though standard output is a pipe', async (t) => {
  for (const command of ['run', 'dev']) {
    const bot = await startBot(t, { command, script: 'function on_message(msg) io.write("wrote ", msg.content, "\\n") return "ok" end' });
    await bot.say('this');
    await until(() => bot.output.includes('wrote this\n'), 'the line', 5000);
  }
});
