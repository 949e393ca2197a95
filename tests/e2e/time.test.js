// Time (the platform waits 5 s and tries three times): a script runs once, its answer is in time, a retry gets the
// same answer.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { atEnd, startBot, eventXml, textXml, messageXml, sleep, OPENID, ORIGINAL_ID } = require('./harness');
const { stopwatch } = require('./stopwatch');

const counting = `
runs = 0
function on_message(msg)
  runs = runs + 1
  if msg.content and msg.content:find("slow") then wechat.sleep(0.4) end
  return "run " .. runs
end
`;

const text = (content, fields) => messageXml({
  ToUserName: ORIGINAL_ID, FromUserName: OPENID, MsgType: 'text', Content: content, MsgId: 7001, ...fields,
});
const event = (fields) => messageXml({
  ToUserName: ORIGINAL_ID, FromUserName: OPENID, CreateTime: 1700000000, MsgType: 'event', ...fields,
});

for (const mode of ['normal', 'safe']) {
  test(`a retry after the answer gets the same answer, byte for byte when opened (${mode})`, async (t) => {
    const bot = await startBot(t, { script: counting, mode });
    const first = await bot.deliver(text('hi'));
    await sleep(1100); // in another second: CreateTime of the reply must not change
    const second = await bot.deliver(text('hi'));
    assert.equal(first.reply.Content, 'run 1');
    assert.equal(second.xml, first.xml);
    if (mode === 'safe') assert.notEqual(second.body, first.body); // encrypted again, with a new nonce
  });

  test(`a retry joins the run under way and gets its answer (${mode})`, async (t) => {
    const bot = await startBot(t, { script: counting, mode });
    const answers = await Promise.all([0, 50, 100].map(async (wait) => {
      await sleep(wait);
      return bot.deliver(text('slow'));
    }));
    assert.deepEqual(answers.map((answer) => answer.reply.Content), ['run 1', 'run 1', 'run 1']);
    assert.equal((await bot.deliver(text('next', { MsgId: 7002 }))).reply.Content, 'run 2');
  });
}

test('two users with one MsgId are two messages', async (t) => {
  const bot = await startBot(t, { script: counting });
  assert.equal((await bot.deliver(text('a'))).reply.Content, 'run 1');
  assert.equal((await bot.deliver(text('a', { FromUserName: 'oOther' }))).reply.Content, 'run 2');
  assert.equal((await bot.deliver(text('a'))).reply.Content, 'run 1');
});

test('events are told apart by second, event and key, locations by their coordinates too', async (t) => {
  const bot = await startBot(t, { script: counting });
  const events = [
    event({ Event: 'CLICK', EventKey: 'A' }),
    event({ Event: 'CLICK', EventKey: 'B' }),
    event({ Event: 'CLICK', EventKey: 'A', CreateTime: 1700000001 }),
    event({ Event: 'VIEW', EventKey: 'A' }),
    event({ Event: 'LOCATION', Latitude: '1.0', Longitude: '2.0', Precision: '1' }),
    event({ Event: 'LOCATION', Latitude: '1.0', Longitude: '2.5', Precision: '1' }),
  ];
  for (let i = 0; i < events.length; i++) {
    assert.equal((await bot.deliver(events[i])).reply.Content, `run ${i + 1}`);
    assert.equal((await bot.deliver(events[i])).reply.Content, `run ${i + 1}`);
  }
});

test('after dedup_window_s a message is new again', async (t) => {
  const bot = await startBot(t, { script: counting, config: { dedup_window_s: 1 } });
  assert.equal((await bot.deliver(text('a'))).reply.Content, 'run 1');
  await sleep(1200);
  assert.equal((await bot.deliver(text('a'))).reply.Content, 'run 2');
});

test('at deadline_ms the platform gets `success`, whatever the script does', async (t) => {
  const bot = await startBot(t, { script: counting, config: { deadline_ms: 150, late_reply: 'drop' } });
  const began = Date.now(), elapsed = stopwatch(bot);
  const answer = await bot.deliver(text('slow'));
  assert.equal(answer.body, 'success');
  const ms = elapsed();
  assert.ok(Date.now() - began >= 140 && ms < 390, `${ms} ms`);
  await bot.waitForLog(/deadline_ms/);
});

test('with late_reply = retry the request is left unanswered, and a retry gets the answer of the one run', async (t) => {
  const script = counting.replace('wechat.sleep(0.4)', 'while not io.open(wechat.path("enough")) do wechat.sleep(0.02) end');
  const bot = await startBot(t, { script, config: { deadline_ms: 1500, late_reply: 'retry' } });
  for (let i = 1; i < 3; i++) await assert.rejects(bot.deliver(text('slow')), /hang up|ECONNRESET/);
  const third = bot.deliver(text('slow'));
  await sleep(100);
  bot.write('enough', '');
  assert.equal((await third).reply.Content, 'run 1');
  assert.equal((await bot.deliver(text('x', { MsgId: 7002 }))).reply.Content, 'run 2');
});

test('a slow script delays nobody else', async (t) => {
  const bot = await startBot(t, { script: counting });
  const slow = bot.deliver(text('slow'));
  await sleep(50);
  const elapsed = stopwatch(bot);
  assert.equal((await bot.deliver(text('quick', { MsgId: 7002 }))).reply.Content, 'run 2');
  assert.ok(elapsed() < 250);
  assert.equal((await slow).reply.Content, 'run 2');
});

test('past max_jobs a message is closed without a byte, and the retry runs the script', async (t) => {
  const bot = await startBot(t, { script: counting, config: { max_jobs: 2 } });
  const slow = [text('slow 1', { MsgId: 1 }), text('slow 2', { MsgId: 2 })].map((xml) => bot.deliver(xml));
  await sleep(100);
  await assert.rejects(bot.deliver(text('a', { MsgId: 3 })), /hang up/);
  await bot.waitForLog(/closed unanswered: max_jobs \(2\)/);
  await Promise.all(slow);
  assert.equal((await bot.deliver(text('a', { MsgId: 3 }))).reply.Content, 'run 3');
});

test('SIGTERM lets a job under way end and exits 0', async (t) => {
  const bot = await startBot(t, { script: counting });
  const slow = bot.deliver(text('slow'));
  await sleep(100);
  bot.signal('SIGTERM');
  assert.equal((await slow).reply.Content, 'run 1');
  await bot.stop();
});

test('SIGTERM ends a bot whose script is stuck in a call that nothing interrupts, with 0', async (t) => {
  const script = `function on_message(msg)
    if msg.content == "stuck" then setmetatable({}, { __gc = function() while true do end end }) collectgarbage() end
    return "fine"
  end`;
  const bot = await startBot(t, { script, config: { deadline_ms: 1000, script_cpu_ms: 300, late_reply: 'drop' } });
  assert.equal((await bot.deliver(text('stuck'))).body, 'success');
  await bot.waitForLog(/stuck|given up/);
  assert.equal(await bot.say('hi'), 'fine');
  const began = Date.now();
  await bot.stop({ timeoutMs: 16000 });
  assert.ok(Date.now() - began < 14000, 'ends before the service manager ends it (TimeoutStopSec)');
});

// ---- late replies
// -----------------------------------------------------------------------------------------------------------

// Starts the platform's API for customer service messages: tokens, and the sent messages in order. `refuse` answers
// sends with an errcode.
async function startPlatform(t, { refuse } = {}) {
  const platform = { sent: [], tokens: 0 };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const answer = (json) => response.end(JSON.stringify(json));
      if (/token/.test(request.url.split('?')[0])) {
        platform.tokens += 1;
        return answer({ access_token: 'TOKEN-1', expires_in: 7200 });
      }
      platform.sent.push({ at: Date.now(), path: request.url.split('?')[0], body: JSON.parse(Buffer.concat(chunks).toString()) });
      return answer(refuse ? { errcode: refuse, errmsg: 'refused' } : { errcode: 0, errmsg: 'ok' });
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  platform.config = { appid: 'wx0123456789abcdef', appsecret: '0123456789abcdef0123456789abcdef', api_base: `http://127.0.0.1:${server.address().port}` };
  return platform;
}

const until = async (probe, timeoutMs = 5000) => {
  const end = Date.now() + timeoutMs;
  while (!probe() && Date.now() < end) await sleep(20);
  assert.ok(probe(), 'in time');
};

test('a late reply goes out as a customer service message, once', async (t) => {
  const platform = await startPlatform(t);
  const bot = await startBot(t, { script: counting, config: { deadline_ms: 150, ...platform.config } });
  assert.equal((await bot.deliver(text('slow'))).body, 'success');
  await until(() => platform.sent.length > 0);
  await sleep(300);
  assert.deepEqual(platform.sent.map(({ path, body }) => [path, body]), [['/cgi-bin/message/custom/send',
    { touser: OPENID, msgtype: 'text', text: { content: 'run 1' } }]]);
  await bot.waitForLog(/late reply to .* went out/);
});

test('every reply kind has its customer service form; what has none is logged', async (t) => {
  const platform = await startPlatform(t);
  const script = `
    local replies = {
      image = wechat.response_image("m1"), voice = wechat.response_voice("m2"), video = wechat.response_video("m3", "t", "d"),
      music = wechat.response_music("http://a/1.mp3", "t", "d", "http://a/2.mp3", "m4"),
      news = wechat.response_news{ { title = "t", description = "d", picurl = "http://p", url = "http://u" } },
      transfer = wechat.group_transfer_message(),
    }
    function on_message(msg) wechat.sleep(0.3) return replies[msg.content] end`;
  const bot = await startBot(t, { script, config: { deadline_ms: 100, ...platform.config } });
  const kinds = ['image', 'voice', 'video', 'music', 'news', 'transfer'];
  for (let i = 0; i < kinds.length; i++) {
    assert.equal((await bot.deliver(text(kinds[i], { MsgId: 100 + i }))).body, 'success');
    if (kinds[i] !== 'transfer') await until(() => platform.sent.length === i + 1);
  }
  await bot.waitForLog(/transfer_customer_service.*no customer service form/);
  const bodies = platform.sent.map(({ body }) => body);
  assert.deepEqual(bodies[0], { touser: OPENID, msgtype: 'image', image: { media_id: 'm1' } });
  assert.deepEqual(bodies[2].video, { media_id: 'm3', title: 't', description: 'd' });
  assert.deepEqual(bodies[3].music, { title: 't', description: 'd', musicurl: 'http://a/1.mp3', hqmusicurl: 'http://a/2.mp3', thumb_media_id: 'm4' });
  assert.deepEqual(bodies[4].news.articles, [{ title: 't', description: 'd', picurl: 'http://p', url: 'http://u' }]);
});

test('a long text is cut at a character, and the rest follows in order', async (t) => {
  const platform = await startPlatform(t);
  const script = 'function on_message() return string.rep("月", 1500) end';
  const bot = await startBot(t, { script, config: platform.config });
  const first = (await bot.deliver(text('x'))).reply.Content;
  assert.equal(first, '月'.repeat(682)); // 2046 bytes
  await until(() => platform.sent.length === 2);
  assert.deepEqual(platform.sent.map(({ body }) => body.text.content), ['月'.repeat(682), '月'.repeat(136)]);
});

test('a long text is cut after a paragraph, else a sentence, else a word, and never inside a link', async (t) => {
  const platform = await startPlatform(t);
  const script = `
    local texts = {
      paragraph = string.rep("一。", 200) .. "\\n\\n" .. string.rep("二。", 200),
      sentence = string.rep("三", 500) .. "。" .. string.rep("四", 400),
      word = string.rep("word ", 500),
      link = string.rep("五", 675) .. '<a href="https://a.cn/x">看这里</a>' .. string.rep("六", 300),
    }
    function on_message(msg) return texts[msg.content] end`;
  const bot = await startBot(t, { script, config: platform.config });
  const expected = {
    paragraph: ['一。'.repeat(200) + '\n\n', '二。'.repeat(200)], sentence: ['三'.repeat(500) + '。', '四'.repeat(400)],
    word: ['word '.repeat(409), 'word '.repeat(91)], link: ['五'.repeat(675), '<a href="https://a.cn/x">看这里</a>' + '六'.repeat(300)],
  };
  for (const [kind, [first, rest]] of Object.entries(expected)) {
    const count = platform.sent.length;
    assert.equal((await bot.deliver(text(kind, { MsgId: 7100 + count }))).reply.Content, first, kind);
    await until(() => platform.sent.length === count + 1);
    assert.equal(platform.sent[count].body.text.content, rest, kind);
  }
});

test('the rest of a long text that cannot be sent is logged', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() return string.rep("月", 1500) end', config: { late_reply: 'customer_service' } });
  assert.equal((await bot.deliver(text('x'))).reply.Content, '月'.repeat(682));
  await bot.waitForLog(/rest of a long text to .* is lost/);
});

test('why the rest of a long text is kept is said in words', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() return string.rep("月", 1500) end' });
  assert.equal((await bot.deliver(text('x'))).reply.Content, '月'.repeat(682));
  await bot.waitForLog(/rest of a long text to .* is kept for the user's next message: .*needs appid and appsecret/);
});

test('after 48001 `auto` waits for the platform to try again', async (t) => {
  const platform = await startPlatform(t, { refuse: 48001 });
  const bot = await startBot(t, { script: counting, config: { deadline_ms: 150, ...platform.config } });
  assert.equal((await bot.deliver(text('slow'))).body, 'success');
  await bot.waitForLog(/is kept for the user's next message/);
  await assert.rejects(bot.deliver(text('slow', { MsgId: 7003 }), { timeoutMs: 250 }));
  await sleep(400);
  assert.equal((await bot.deliver(text('slow', { MsgId: 7003 }))).reply.Content, 'run 1\n\nrun 2');
});

test('45015 and 45047 are told plainly and not tried again', async (t) => {
  for (const code of [45015, 45047]) {
    const platform = await startPlatform(t, { refuse: code });
    const bot = await startBot(t, { script: counting, config: { deadline_ms: 150, late_reply: 'customer_service', ...platform.config } });
    assert.equal((await bot.deliver(text('slow'))).body, 'success');
    await bot.waitForLog(new RegExp(`late reply to .* is lost .*${code}.*not tried again`));
    assert.equal(platform.sent.length, 1);
    await bot.stop();
  }
});

// Computes without yielding: other messages wait.
const computing = `
local runs = 0
function on_message(msg)
  runs = runs + 1
  local ends = os.clock() + 0.35
  while os.clock() < ends do end
  return msg.content .. " " .. runs
end`;

test('messages that get no turn by their deadlines are answered in time, run once, and their replies come late', async (t) => {
  const platform = await startPlatform(t);
  const bot = await startBot(t, { script: computing, config: { deadline_ms: 500, script_cpu_ms: 3000, ...platform.config } });
  const users = Array.from({ length: 6 }, (_, i) => `oUser${i}`);
  const answers = await Promise.all(users.map(async (user, i) => {
    const elapsed = stopwatch(bot);
    const answer = await bot.deliver(text('busy', { MsgId: 100 + i, FromUserName: user }));
    return { user, answer, ms: elapsed() };
  }));
  const late = answers.filter(({ answer }) => !answer.reply);
  assert.ok(late.length >= 4, `${late.length}`);
  late.forEach(({ answer, ms }) => { assert.equal(answer.body, 'success'); assert.ok(ms < 1000, `${ms} ms`); });
  await until(() => platform.sent.length === late.length, 30000);
  await sleep(500);
  const texts = [...answers.filter(({ answer }) => answer.reply).map(({ answer }) => answer.reply.Content),
    ...platform.sent.map(({ body }) => body.text.content)];
  assert.deepEqual(texts.sort(), [1, 2, 3, 4, 5, 6].map((run) => `busy ${run}`));
  assert.deepEqual(platform.sent.map(({ body }) => body.touser).sort(), late.map(({ user }) => user).sort());
});

test('with late_reply = retry one that gets no turn by its deadline runs once, and a retry gets the answer', async (t) => {
  const script = `
    local runs = 0
    function on_message(msg)
      runs = runs + 1
      wechat.log.info("begins " .. msg.content)
      while msg.content == "hold" and not io.open(wechat.path("enough")) do end
      return msg.content .. " " .. runs
    end`;
  const bot = await startBot(t, { script, config: { deadline_ms: 500, script_cpu_ms: 60000, late_reply: 'retry' } });
  const hold = bot.deliver(text('hold', { MsgId: 1, FromUserName: 'oOther' })).catch(() => {});
  await bot.waitForLog(/begins hold/);
  const last = text('last', { MsgId: 7004 }), after = text('after', { MsgId: 7005 });
  const answerOf = async (message) => (await bot.deliver(message).catch(() => bot.deliver(message))).reply.Content;
  await assert.rejects(bot.deliver(last), /hang up|ECONNRESET/);
  bot.write('enough', '');
  await hold;
  assert.equal(await answerOf(last), 'last 2');
  assert.equal(await answerOf(after), 'after 3');
});

test('SIGTERM waits for a job that becomes a late reply', async (t) => {
  const platform = await startPlatform(t);
  const bot = await startBot(t, { script: counting, config: { deadline_ms: 100, store: 'memory:', ...platform.config } });
  assert.equal((await bot.deliver(text('slow'))).body, 'success');
  await bot.stop();
  assert.equal(platform.sent.length, 1);
});

test('slow scripts on few threads: quick messages are answered, slow ones all delivered late, none twice', async (t) => {
  const platform = await startPlatform(t);
  const script = `function on_message(msg)
    if msg.content ~= "quick" then wechat.sleep(2) return msg.content end
    return "quick"
  end`;
  const bot = await startBot(t, { script, config: { threads: 16, deadline_ms: 1500, ...platform.config } });
  // Each message has its own connection: there are fewer threads than connections, so idle ones are closed.
  const agent = false;
  const slow = Array.from({ length: 60 }, (_, i) => bot.deliver(text(`slow ${i}`, { MsgId: 1000 + i, FromUserName: `oUser${i}` }), { agent }));
  await sleep(300);
  const times = [];
  for (let i = 0; i < 20; i++) {
    const elapsed = stopwatch(bot);
    assert.equal((await bot.deliver(text('quick', { MsgId: 5000 + i }), { agent })).reply.Content, 'quick');
    times.push(elapsed());
  }
  assert.ok(Math.max(...times) < 1000, `${times}`);
  for (const answer of await Promise.all(slow)) assert.equal(answer.body, 'success');
  await until(() => platform.sent.length >= 60, 15000);
  await sleep(300);
  const sent = platform.sent.map(({ body }) => `${body.touser} ${body.text.content}`).sort();
  assert.deepEqual(sent, Array.from({ length: 60 }, (_, i) => `oUser${i} slow ${i}`).sort());
});

// ---- causes and order of errors
// ----------------------------------------------------------------------------------------------

test('a reply that cannot be sent as it is says nothing of the others: customer service stays on', async (t) => {
  const platform = await startPlatform(t);
  const script = `
    function on_message(msg)
      wechat.sleep(0.3)
      if msg.content == "music" then return wechat.response_music("http://a/1.mp3", "歌", "好听") end
      return "again"
    end`;
  const bot = await startBot(t, { script, config: { deadline_ms: 100, ...platform.config } });
  assert.equal((await bot.deliver(text('music'))).body, 'success');
  await until(() => platform.sent.length === 1);
  assert.deepEqual(platform.sent[0].body, { touser: OPENID, msgtype: 'text', text: { content: '歌\n好听\nhttp://a/1.mp3' } });
  await bot.waitForLog(/music without thumb_media_id goes out as a text/);
  await bot.deliver(eventXml('VIEW', { FromUserName: undefined, EventKey: 'k' }));
  await bot.waitForLog(/lost: its message names no sender/);
  assert.equal((await bot.deliver(text('more', { MsgId: 7010 }))).body, 'success');
  await until(() => platform.sent.length === 2);
  assert.doesNotMatch(bot.log, /means "retry"/);
});

test('late answers of one user go out whole, in the order of the messages', async (t) => {
  const platform = await startPlatform(t);
  const script = `
    function on_message(msg)
      local name, seconds = msg.content:match("(%a)(.*)")
      wechat.sleep(tonumber(seconds))
      return string.rep(name, 5000)
    end`;
  const bot = await startBot(t, { script, config: { deadline_ms: 100, ...platform.config } });
  const all = [['A', 1.5], ['B', 0.5], ['C', 0.3]].map(async ([name, seconds], i) => {
    await sleep(150 * i);
    return bot.deliver(text(name + seconds, { MsgId: 7020 + i }));
  });
  all.push(bot.deliver(text('O0.3', { MsgId: 7030, FromUserName: 'oOther' })));
  for (const answer of await Promise.all(all)) assert.equal(answer.body, 'success');
  await until(() => platform.sent.length === 12, 20000);
  const of = (openid) => platform.sent.filter(({ body }) => body.touser === openid).map(({ body }) => body.text.content[0]).join('');
  assert.equal(of(OPENID), 'AAABBBCCC');
  assert.equal(of('oOther'), 'OOO');
  assert.equal(platform.sent[0].body.touser, 'oOther', 'others do not wait for that');
});

test('a message that is answered in time, fails or says nothing holds no later one up', async (t) => {
  const platform = await startPlatform(t);
  const script = `
    function on_message(msg)
      if msg.content == "quick" then wechat.sleep(0.05) return "quick" end
      wechat.sleep(1.2)
      if msg.content == "fails" then error("x") end
      if msg.content ~= "silent" then return msg.content end
    end`;
  const bot = await startBot(t, { script, config: { deadline_ms: 800, ...platform.config } });
  const answers = await Promise.all(['fails', 'silent', 'quick', 'late'].map((word, i) => bot.deliver(text(word, { MsgId: 7040 + i }))));
  assert.equal(answers[2].reply.Content, 'quick');
  await until(() => platform.sent.length === 1);
  assert.equal(platform.sent[0].body.text.content, 'late');
});

test('"typing" that shows already is no warning', async (t) => {
  const platform = await startPlatform(t, { refuse: 45081 });
  const script = `function on_message(msg)
    local _, err = wechat.message.custom.typing{touser = msg.source, command = "Typing"}
    return tostring(err.errcode)
  end`;
  const bot = await startBot(t, { script, config: platform.config });
  assert.equal(await bot.say('x'), '45081');
  assert.doesNotMatch(bot.log.replace(/.*without a pause.*/g, ''), / warn /); // on a busy machine
});

test('a late reply that has bytes which are no UTF-8 goes out with U+FFFD in their place, and a warning', async (t) => {
  const platform = await startPlatform(t);
  const script = 'function on_message(msg) wechat.sleep(0.4) return "你好\\xC4\\xE3。" end';
  const bot = await startBot(t, { script, config: { deadline_ms: 150, ...platform.config } });
  assert.equal((await bot.deliver(text('x'))).body, 'success');
  await until(() => platform.sent.length > 0);
  assert.equal(platform.sent[0].body.text.content, '你好\ufffd\ufffd。');
  await bot.waitForLog(/not UTF-8 \(GBK\?\), which are sent as/);
});

test('with late_reply = retry a script that computes past the deadline leaves its request without a byte, and no line of a refusal', async (t) => {
  const script = 'function on_message() local over = os.clock() + 1 while os.clock() < over do end return "computed" end';
  const bot = await startBot(t, { script, config: { deadline_ms: 200, script_cpu_ms: 5000, late_reply: 'retry' } });
  await assert.rejects(bot.deliver(text('x'), { timeoutMs: 20000 }));
  await bot.waitForLog(/type=text outcome=/, 60000); // a second of CPU
  assert.doesNotMatch(bot.log, /gave no answer|with 500/);
});
