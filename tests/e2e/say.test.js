// wechat.say: answers in parts, and their shared quota.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { atEnd, startBot, textXml, sleep, until } = require('./harness');

// Starts the platform's API for customer service messages. `refuse(n, text)` returns the errcode of the n-th send;
// null: it arrives and gets no answer.
async function startPlatform(t, { refuse = () => 0 } = {}) {
  const platform = { sent: [], typing: 0 };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      const path = request.url.split('?')[0];
      if (/token/.test(path)) return response.end('{"access_token":"TOKEN-1","expires_in":7200}');
      if (/typing/.test(path)) { platform.typing++; return response.end('{"errcode":0,"errmsg":"ok"}'); }
      const body = JSON.parse(Buffer.concat(chunks).toString());
      const errcode = refuse(platform.sent.length + 1, body.text?.content);
      if (!errcode) platform.sent.push({ at: Date.now(), body });
      return errcode !== null && response.end(JSON.stringify({ errcode, errmsg: 'x' }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.close(); server.closeAllConnections(); });
  platform.config = { appid: 'wx0123456789abcdef', appsecret: 'secret-of-the-account', store: 'memory:', deadline_ms: 300,
    api_base: `http://127.0.0.1:${server.address().port}` };
  platform.texts = () => platform.sent.map(({ body }) => (body.text ? body.text.content : body.msgtype));
  return platform;
}

const start = async (t, script, options = {}) => {
  const platform = await startPlatform(t, options);
  const bot = await startBot(t, { script: `function on_message(msg) ${script} end`, config: { ...platform.config, ...options.config } });
  return { platform, bot };
};
const replyTo = async (bot, content = 'x', fields) => (await bot.deliver(textXml(content, fields))).reply;

test('what a quick script says and returns is one passive reply', async (t) => {
  const { platform, bot } = await start(t, 'wechat.say("今天") wechat.say("晴。") return "出门吧"');
  assert.equal((await replyTo(bot)).Content, '今天晴。出门吧');
  await sleep(200);
  assert.deepEqual(platform.sent, []);
});

test('what was said by the deadline is the passive reply, cut after its last whole sentence; the rest follows', async (t) => {
  const { platform, bot } = await start(t, `
    wechat.say("今天晴。明天") wechat.sleep(0.6) wechat.say("多云。\\n\\n") wechat.sleep(1) wechat.say("后天有") return "雨。"`);
  assert.equal((await replyTo(bot)).Content, '今天晴。');
  await until(() => platform.sent.length === 2, 'two parts');
  assert.deepEqual(platform.texts(), ['明天多云。', '后天有雨。']);
  assert.ok(platform.typing >= 1);
  await bot.waitForLog(/the rest of the answer to \S+ went out in 2 parts/);
});

test('nothing whole counts as nothing said: success, and all of it follows', async (t) => {
  const { platform, bot } = await start(t, 'wechat.say("今天") wechat.sleep(0.6) return "晴"');
  assert.equal(await replyTo(bot), null);
  await until(() => platform.sent.length === 1, 'the answer');
  await sleep(200);
  assert.deepEqual(platform.texts(), ['今天晴']);
});

test('a paragraph goes out as soon as it is whole', async (t) => {
  const { platform, bot } = await start(t, `
    wechat.sleep(0.5) wechat.say("第一段。") wechat.say("\\n\\n第二") wechat.sleep(1) return "段。"`);
  const began = Date.now();
  assert.equal(await replyTo(bot), null);
  await until(() => platform.sent.length === 2, 'both');
  assert.deepEqual(platform.texts(), ['第一段。', '第二段。']);
  assert.ok(platform.sent[0].at - began < 1000, 'the first one at once');
});

test('near the end of the quota paragraphs are joined, and the last one goes out at the end', async (t) => {
  const { platform, bot } = await start(t, `
    wechat.sleep(0.5)
    for i = 1, 9 do wechat.say("段" .. i .. "。\\n\\n") wechat.sleep(0.05) end
    return "完。"`);
  assert.equal(await replyTo(bot), null);
  await until(() => /完/.test(platform.texts().join('')), 'the end');
  const texts = platform.texts();
  assert.deepEqual(texts.slice(0, 3), ['段1。', '段2。', '段3。']);
  assert.equal(texts.length, 4);
  assert.equal(texts.join('').replace(/\s/g, ''), '段1。段2。段3。段4。段5。段6。段7。段8。段9。完。');
});

test('the quota counts what the script sends itself, and the user\'s next message renews it', async (t) => {
  const { platform, bot } = await start(t, `
    if msg.content == "own" then for i = 1, 3 do wechat.send_text_message(msg.source, "own " .. i) end return "sent" end
    wechat.sleep(0.5) wechat.say("a。\\n\\n") wechat.say("b。\\n\\n") return "c。"`);
  assert.equal((await replyTo(bot, 'own', { CreateTime: 1700000000 })).Content, 'sent');
  assert.equal(await replyTo(bot, 'parts', { CreateTime: 1700000000 }), null);
  await until(() => platform.sent.length === 4, 'joined');
  assert.deepEqual(platform.texts().slice(3), ['a。\n\nb。\n\nc。']);
  assert.equal(await replyTo(bot, 'parts', { CreateTime: 1700000100 }), null);
  await until(() => platform.sent.length === 7, 'three');
  assert.deepEqual(platform.texts().slice(4), ['a。', 'b。', 'c。']);
});

test('other replies keep their place among texts; the first one can be the passive reply', async (t) => {
  const { platform, bot } = await start(t, `
    if msg.content == "first" then wechat.say(wechat.response_image("m1")) wechat.say("看图。") wechat.sleep(0.6) return "完。" end
    wechat.say("看：") wechat.say(wechat.response_image("m2")) wechat.say("好看吗？") return "完。"`);
  const first = await replyTo(bot, 'first');
  assert.equal(first.Image.MediaId, 'm1');
  await until(() => platform.sent.length === 1, 'the text');
  assert.deepEqual(platform.texts(), ['看图。完。']);
  assert.equal((await replyTo(bot, 'second')).Content, '看：');
  await until(() => platform.sent.length === 3, 'picture and text');
  assert.deepEqual(platform.texts().slice(1), ['image', '好看吗？完。']);
});

test('parts of a script that fails go out, and so does a question', async (t) => {
  const { platform, bot } = await start(t, `
    if msg.content == "ask" then
      wechat.say("先说一句。")
      local answer = wechat.ask("你呢？")
      wechat.say("你说：")
      return answer.content
    end
    wechat.say("说到这里。") wechat.sleep(0.6) wechat.say("又一句。") error("bad")`);
  assert.equal((await replyTo(bot, 'fails')).Content, '说到这里。');
  await until(() => platform.sent.length === 1, 'the rest');
  assert.deepEqual(platform.texts(), ['又一句。']);
  assert.equal((await replyTo(bot, 'ask')).Content, '先说一句。你呢？');
  assert.equal((await replyTo(bot, '好')).Content, '你说：好');
});

const threeParts = 'wechat.sleep(0.5) wechat.say("one\\n\\ntwo\\n\\n") wechat.sleep(1.5) wechat.say("three") return "four"';

test('a part that may have gone out is not sent again, and those behind it are', async (t) => {
  const { platform, bot } = await start(t, threeParts,
    { refuse: (n, text) => (text === 'one' ? null : 0), config: { api_timeout_s: 1, late_reply: 'customer_service' } });
  assert.equal(await replyTo(bot), null);
  await bot.waitForLog(/the rest of the answer to \S+ went out in 2 parts/);
  assert.deepEqual(platform.texts(), ['one', 'two', 'threefour']);
  assert.equal(bot.log.match(/a part of the answer to \S+ is lost: /g).length, 1, bot.log);
});

test('a part that is refused is lost with one line, and those behind it go out', async (t) => {
  let tries = 0;
  const { platform, bot } = await start(t, threeParts, { refuse: (n, text) => (text === 'one' ? (tries++, 45002) : 0) });
  assert.equal(await replyTo(bot), null);
  await bot.waitForLog(/the rest of the answer to \S+ went out in 2 parts/);
  assert.deepEqual(platform.texts(), ['two', 'threefour']);
  assert.equal(tries, 1);
  assert.equal(bot.log.match(/a part of the answer to \S+ is lost: /g).length, 1, bot.log);
});

test('where none can be sent or kept, what is left is lost with one line', async (t) => {
  const { platform, bot } = await start(t, 'wechat.sleep(0.5) return wechat.say("one") or wechat.say("x") or ("y"):rep(5000)',
    { refuse: () => 45047, config: { late_reply: 'customer_service' } });
  assert.equal(await replyTo(bot), null);
  await bot.waitForLog(/a part of the answer to \S+ is lost \(3 messages\): .*45047/);
  await sleep(300);
  assert.deepEqual(platform.texts(), []);
  assert.equal(bot.log.match(/is lost/g).length, 1, bot.log);
});

test('what is lost after some went out is not said to have gone out', async (t) => {
  const { platform, bot } = await start(t, 'wechat.sleep(0.5) wechat.say("one\\n\\n") wechat.sleep(1) return "two"',
    { refuse: (n, text) => (text === 'one' ? 0 : 45047), config: { late_reply: 'customer_service' } });
  assert.equal(await replyTo(bot), null);
  await bot.waitForLog(/a part of the answer to \S+ is lost: .*45047/);
  await bot.stop();
  assert.deepEqual(platform.texts(), ['one']);
  assert.doesNotMatch(bot.log, /went out in/);
});

// A text of three messages, of which the first fails for a reason of its own.
for (const [how, errcode, config] of [['may have gone out', null, { api_timeout_s: 1 }], ['is refused', 45002, {}]]) {
  test(`a whole answer goes out whole: the others follow one that ${how}`, async (t) => {
    const { platform, bot } = await start(t, 'wechat.sleep(0.5) return ("a"):rep(2048) .. ("b"):rep(2048) .. "c"',
      { refuse: (n, text) => (text[0] === 'a' ? errcode : 0), config: { late_reply: 'customer_service', ...config } });
    assert.equal(await replyTo(bot), null);
    await bot.waitForLog(/a late reply to \S+ went out as 2 customer service messages/);
    assert.deepEqual(platform.texts().map((text) => text[0]), errcode === null ? ['a', 'b', 'c'] : ['b', 'c']);
    assert.equal(bot.log.match(/a late reply to \S+ is lost \(1 message\): /g).length, 1, bot.log);
  });
}

test('where none goes any more, the pieces of a whole answer are lost with one line', async (t) => {
  const { platform, bot } = await start(t, 'wechat.sleep(0.5) return ("a"):rep(2048) .. ("b"):rep(2048) .. "c"',
    { refuse: (n, text) => (text[0] === 'a' ? 0 : 45047), config: { late_reply: 'customer_service' } });
  assert.equal(await replyTo(bot), null);
  await bot.waitForLog(/a late reply to \S+ is lost \(2 messages\): .*45047/);
  await bot.stop();
  assert.equal(platform.texts().length, 1);
  assert.doesNotMatch(bot.log, /went out/);
});

test('a duplicate of a message whose answer went out in parts is answered success', async (t) => {
  const { platform, bot } = await start(t, 'wechat.sleep(0.6) wechat.say("一。") return "二。"');
  const xml = textXml('x');
  assert.equal((await bot.deliver(xml)).body, 'success');
  await until(() => platform.sent.length === 1, 'the answer');
  assert.equal((await bot.deliver(xml)).body, 'success');
});

test('parts of two messages of one user do not mix', async (t) => {
  const { platform, bot } = await start(t, `
    wechat.sleep(0.4)
    for i = 1, 2 do wechat.say(msg.content .. i .. "。\\n\\n") wechat.sleep(0.2) end
    return msg.content .. "3。"`);
  const both = [replyTo(bot, 'A', { CreateTime: 1700000000 })];
  await sleep(100);
  both.push(replyTo(bot, 'B', { CreateTime: 1700000050 }));
  await Promise.all(both);
  await until(() => /A3[^]*B3/.test(platform.texts().join('')), 'all');
  assert.match(platform.texts().join('').replace(/\s/g, ''), /^A1。A2。A3。B1。B2。B3。$/);
});

test('with late_reply = drop what is said after the deadline is dropped, with a line', async (t) => {
  const { platform, bot } = await start(t, 'wechat.say("一。") wechat.sleep(0.6) wechat.say("二。") return "三。"', { config: { late_reply: 'drop' } });
  assert.equal((await replyTo(bot)).Content, '一。');
  await bot.waitForLog(/it is dropped/);
  await sleep(300);
  assert.deepEqual(platform.sent, []);
});

test('with late_reply = retry a message waits for its script, and what it said is one answer', async (t) => {
  const { platform, bot } = await start(t, 'wechat.say("一。") wechat.sleep(0.6) wechat.say("二。") return "三。"', { config: { late_reply: 'retry' } });
  const xml = textXml('x');
  await assert.rejects(bot.deliver(xml, { timeoutMs: 450 }));
  await sleep(300);
  assert.equal((await bot.deliver(xml)).reply.Content, '一。二。三。');
  assert.deepEqual(platform.sent, []);
});

test('misuse is named', async (t) => {
  const { bot } = await start(t, `
    local _, a = pcall(wechat.say, 7)
    local task = wechat.spawn(function() wechat.say("x") end)
    local _, b = task:join()
    return a .. "|" .. b`);
  const { Content: text } = await replyTo(bot);
  assert.match(text, /wechat\.say: part is a number \(string or reply expected\)/);
  assert.match(text, /wechat\.say: no message is being answered here/);
});
