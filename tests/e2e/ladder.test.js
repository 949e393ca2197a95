// The fallback order of late answers: in time, else a customer service message, else the platform's own retry, else
// kept for the user's next message. Nothing is lost on an account without customer service messages.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const path = require('node:path');
const { atEnd, startBot, eventXml, freePort, messageXml, textXml, sleep, tempDir, until, wemoon, threeAtATime } = require('./harness');

const test = threeAtATime('late answers');

const KEPT = /kept for the user's next message openid=/; // no customer service message was refused
const LATE_TEXT = '还在想，稍后发任意文字看结果';

// Starts the platform's API for customer service messages; `refuse()` returns the errcode.
async function startPlatform(t, { refuse = () => 0 } = {}) {
  const platform = { sent: [], calls: 0, refuse };
  const opened = new Promise((resolve) => { platform.open = resolve; }); // what HOLD waits for
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      const where = request.url.split('?')[0];
      if (/token/.test(where)) return response.end('{"access_token":"TOKEN-1","expires_in":7200}');
      if (where === '/gate') return opened.then(() => response.end());
      if (/typing/.test(where)) return response.end('{"errcode":0,"errmsg":"ok"}');
      platform.calls++;
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
      const errcode = platform.refuse(body);
      if (!errcode) platform.sent.push(body);
      return response.end(JSON.stringify({ errcode, errmsg: 'x' }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  platform.config = { appid: 'wx0123456789abcdef', appsecret: 'secret-of-the-account', deadline_ms: 600,
    api_base: `http://127.0.0.1:${server.address().port}` };
  platform.texts = () => platform.sent.map((body) => (body.text ? body.text.content : body.msgtype));
  return platform;
}

const noRight = () => 48001;
const begin = (bot, options) => startBot(bot.t, options);
const start = async (t, script, { config, ...options } = {}) => {
  const platform = await startPlatform(t, { refuse: noRight, ...options });
  const settings = { script: `function on_message(msg) ${script} end`,
    config: { ...platform.config, store: `sqlite:${path.join(tempDir(t), 'kept.db')}`, ...config } };
  const again = async () => Object.assign(await begin({ t }, settings), { platform });
  return { platform, again, bot: await again() };
};

const replyOf = async (bot, xml) => {
  const { reply } = await bot.deliver(xml);
  return reply && (reply.Content === undefined ? reply.MsgType : reply.Content);
};
const say = (bot, content, fields) => replyOf(bot, textXml(content, fields));

// In a script: waits until the platform of the test opens its gate.
const HOLD = 'wechat.http.get(wechat.config.api_base .. "/gate")';

// Posts a try whose client gives up, and waits until the bot has seen both: a busy machine may read it only then.
async function giveUp(bot, xml, attempt, timeoutMs) {
  const name = /<MsgId>(\d+)/.exec(xml)?.[1] ?? `e:${/<CreateTime>(\d+)/.exec(xml)[1]}:`;
  const answer = await bot.deliver(xml, { timeoutMs, agent: false }).catch(() => null);
  if (!answer) await bot.waitForLog(new RegExp(`msgid=${name}.* outcome=unanswered attempt=${attempt} `), 30000);
  return answer;
}

// Posts like the platform: a try without an answer in time is closed and repeated, three times in all. Returns the
// last try's answer, however long a busy machine takes for it. `opens`: the gate, before the last try or after it.
async function ask(bot, xml, { patienceMs = 800, opens = 'after' } = {}) {
  for (let i = 1; i <= 3; i++) {
    if (i === 3 && opens === 'before') bot.platform.open();
    const answer = i < 3 ? await giveUp(bot, xml, i, patienceMs) : await bot.deliver(xml, { timeoutMs: 30000 }).catch(() => null);
    if (answer && opens === 'after') bot.platform.open();
    if (answer) return { tries: i, text: answer.reply ? answer.reply.Content || answer.reply.MsgType : answer.body };
  }
  return { tries: 3, text: '该公众号暂时无法提供服务，请稍后再试' };
}

// Makes the bot learn that the account may not send such messages.
async function learn(bot) {
  assert.equal(await say(bot, 'learn'), null);
  await bot.waitForLog(/is kept for the user's next message/);
  assert.match(await say(bot, 'quick'), /^learnt\n\nquick/);
}
const LEARN = 'if msg.content == "learn" then wechat.sleep(1.6) return "learnt" end if msg.content == "quick" then return "quick" end ';

// First, as it takes longest.
test('an answer of 16 seconds is read in the second message, always: fifty users of an account without the right', async (t) => {
  const { bot } = await start(t, `if msg.content ~= "slow" then return "ran" end
    wechat.sleep(16) return "the answer for " .. msg.source`, { config: { deadline_ms: 4500 } });
  const users = Array.from({ length: 50 }, (_, i) => `oSlow${i}`);
  const read = await Promise.all(users.map(async (user, i) => {
    await sleep(i * 60);
    const first = await ask(bot, textXml('slow', { FromUserName: user }), { patienceMs: 5000 });
    assert.ok(first.text === 'success' || first.text === LATE_TEXT, first.text);
    await bot.waitForLog(new RegExp(`to ${user} is kept for the user's next message`), 40000);
    return say(bot, 'and?', { FromUserName: user });
  }));
  users.forEach((user, i) => assert.match(read[i], new RegExp(`^the answer for ${user}(\n\nran)?$`)));
});

test('an answer that 48001 stops is read in the second message, before its reply', async (t) => {
  const { bot } = await start(t, `if msg.content == "slow" then wechat.sleep(1) return "the slow answer" end return "hello"`);
  assert.equal(await say(bot, 'slow'), null);
  await bot.waitForLog(/a late reply to \S+ is kept for the user's next message: .*48001/);
  assert.equal(await say(bot, 'hi', { FromUserName: 'another' }), 'hello');
  assert.equal(await say(bot, 'hi'), 'the slow answer\n\nhello');
  assert.equal(await say(bot, 'hi'), 'hello');
});

test('where the next reply is success, the kept answer is the reply', async (t) => {
  const { bot } = await start(t, `if msg.content == "slow" then wechat.sleep(1) return "the slow answer" end`);
  assert.equal(await say(bot, 'slow'), null);
  await bot.waitForLog(/is kept/);
  assert.equal(await say(bot, 'hi'), 'the slow answer');
  assert.equal(await say(bot, 'hi'), null);
});

test('once the right is known to be missing an answer that is ready by the third try is passive', async (t) => {
  const { bot, platform } = await start(t, `${LEARN} ${HOLD} return "in time"`);
  await learn(bot);
  const calls = platform.calls;
  assert.deepEqual(await ask(bot, textXml('x'), { opens: 'before' }), { tries: 3, text: 'in time' });
  assert.equal(platform.calls, calls);
  assert.equal(await say(bot, 'quick'), 'quick');
});

test('late_text at the last try; the next text fetches the answer, and no script sees it', async (t) => {
  const { bot, platform } = await start(t, `${LEARN}
    if msg.content == "slow" then ${HOLD} return "the answer" end
    return "ran for " .. msg.content`);
  await learn(bot);
  const calls = platform.calls;
  assert.deepEqual(await ask(bot, textXml('slow'), { opens: 'never' }), { tries: 3, text: LATE_TEXT });
  assert.equal(await say(bot, 'ready?'), LATE_TEXT, 'not ready yet: at once');
  platform.open();
  await bot.waitForLog(KEPT);
  assert.equal(await say(bot, 'now?'), 'the answer');
  assert.equal(await say(bot, 'next'), 'ran for next');
  assert.equal(platform.calls, calls, 'nothing was sent');
});

test('a message is answered once: a duplicate of what fetched an answer gets it again', async (t) => {
  const { bot } = await start(t, `${LEARN} if msg.content == "slow" then ${HOLD} return "the answer" end return "ran"`);
  await learn(bot);
  assert.equal((await ask(bot, textXml('slow'))).text, LATE_TEXT);
  await bot.waitForLog(KEPT);
  const xml = textXml('now?');
  assert.equal(await replyOf(bot, xml), 'the answer');
  assert.equal(await replyOf(bot, xml), 'the answer');
  assert.equal(await say(bot, 'more'), 'ran');
});

for (const when of ['before', 'after']) {
  for (const way of ['kill', 'stop']) {
    test(`the answer is fetched ${way === 'kill' ? 'after kill -9' : 'after a restart'} ${when} it was ready`, async (t) => {
      const { bot: first, again, platform } = await start(t, `${LEARN} if msg.content == "slow" then ${HOLD} return "the answer" end return "ran"`,
        { config: { deadline_ms: 1300 } }); // whether this is the last try is looked at each second
      let bot = first;
      await learn(bot);
      assert.equal((await ask(bot, textXml('slow'), { opens: 'never', patienceMs: 1500 })).text, LATE_TEXT);
      if (when === 'after') {
        platform.open();
        await bot.waitForLog(KEPT);
      }
      await bot[way]();
      bot = await again();
      if (when === 'before') {
        assert.equal(await say(bot, 'ready?'), LATE_TEXT);
        platform.open();
        await bot.waitForLog(KEPT, 15000);
      }
      assert.equal(await say(bot, 'now?'), 'the answer');
      assert.equal(await say(bot, 'more'), 'ran');
    });
  }
}

test('an answer that came between two tries outlives kill -9: the next try gets it, and the script runs once', async (t) => {
  const { bot: first, again, platform } = await start(t, `${LEARN} wechat.sleep(1)
    wechat.http.request{ url = wechat.config.api_base .. "/ran" } return "the answer"`, { refuse: (body) => (body.touser ? 48001 : 0) });
  let bot = first;
  await learn(bot);
  const xml = textXml('x');
  const { calls } = platform;
  assert.equal(await giveUp(bot, xml, 1, 800), null);
  await until(() => platform.calls > calls, 'the call of the script');
  await sleep(800);
  await bot.kill();
  bot = await again();
  assert.equal(await replyOf(bot, xml), 'the answer');
  assert.equal(await say(bot, 'quick'), 'quick');
  assert.ok(platform.calls);
});

test('parts said by the last try are its reply, with late_text as the last line; the rest is fetched', async (t) => {
  const { bot } = await start(t, `${LEARN} if msg.content ~= "slow" then return "ran" end
    wechat.say("今天晴。明天") ${HOLD} wechat.say("多云。") return "后天雨。"`);
  await learn(bot);
  assert.deepEqual(await ask(bot, textXml('slow')), { tries: 3, text: `今天晴。\n${LATE_TEXT}` });
  await bot.waitForLog(KEPT);
  assert.equal(await say(bot, 'now?'), '明天多云。后天雨。');
  assert.equal(await say(bot, 'more'), 'ran');
});

test('parts that 48001 stops are kept, all that was not sent, in one', async (t) => {
  const { bot } = await start(t, `if msg.content ~= "slow" then return "ran" end
    wechat.say("一。") wechat.sleep(1) wechat.say("二。\\n\\n") wechat.say("三。\\n\\n") wechat.sleep(0.4) return "四。"`);
  assert.equal(await say(bot, 'slow'), '一。');
  await bot.waitForLog(/is kept for the user's next message/);
  assert.equal(await say(bot, 'hi'), '二。\n\n三。\n\n四。\n\nran');
});

test('a question that has not gone out is fetched; the text after that is its answer', async (t) => {
  const { bot } = await start(t, `${LEARN} if msg.content == "slow" then
      ${HOLD} local answer = wechat.ask("how many?") return "you said " .. answer.content end
    return "ran"`);
  await learn(bot);
  assert.equal((await ask(bot, textXml('slow'))).text, LATE_TEXT);
  await bot.waitForLog(KEPT);
  assert.equal(await say(bot, 'well?'), 'how many?');
  assert.equal(await say(bot, 'seven'), 'you said seven');
  assert.equal(await say(bot, 'x'), 'ran');
});

test('a question that 48001 stops is read before its answer is written', async (t) => {
  const { bot } = await start(t, 'wechat.sleep(1) return "you said " .. wechat.ask("how many?").content');
  assert.equal(await say(bot, 'slow'), null);
  await bot.waitForLog(/is kept for the user's next message/);
  assert.equal(await say(bot, 'well?'), 'how many?');
  assert.equal(await say(bot, 'seven'), 'you said seven');
});

test('what does not fit stands alone, oldest first, and the other is kept', async (t) => {
  const { bot } = await start(t, `if msg.content == "slow" then wechat.sleep(1) return ("月"):rep(600) end
    if msg.content == "picture" then return wechat.response_image("M1") end return ("日"):rep(200)`);
  assert.equal(await say(bot, 'slow'), null);
  await bot.waitForLog(/is kept/);
  assert.equal(await say(bot, 'hi'), '月'.repeat(600));
  assert.equal(await say(bot, 'picture'), '日'.repeat(200));
  assert.equal(await say(bot, 'hi'), 'image');
  assert.equal(await say(bot, 'hi'), `${'日'.repeat(200)}\n\n${'日'.repeat(200)}`);
  assert.equal(await say(bot, 'hi'), '日'.repeat(200));
});

test('a long answer is kept in pieces, one for each message', async (t) => {
  const { bot } = await start(t, `${LEARN} if msg.content == "slow" then ${HOLD} return ("一二三四五六七八九。"):rep(150) end return "ran"`);
  await learn(bot);
  assert.equal((await ask(bot, textXml('slow'))).text, LATE_TEXT);
  await bot.waitForLog(KEPT);
  const pieces = [await say(bot, '1'), await say(bot, '2'), await say(bot, '3')];
  assert.equal(pieces.join(''), '一二三四五六七八九。'.repeat(150));
  assert.equal(await say(bot, '4'), 'ran');
});

test('an event that shows no reply takes none, and gets no late_text', async (t) => {
  const { bot } = await start(t, `${LEARN} if msg.content == "slow" then wechat.sleep(1) return "slow" end
    if msg.type == "view" then ${HOLD} return "viewed" end return "ran"`);
  assert.equal(await say(bot, 'slow'), null);
  await bot.waitForLog(/is kept/);
  assert.equal((await ask(bot, eventXml('VIEW', { EventKey: 'http://a/' }), { opens: 'never' })).text, 'success');
  assert.equal(await replyOf(bot, eventXml('CLICK', { EventKey: 'K' })), 'slow\n\nran');
  bot.platform.open();
});

test('a picture is answered by the script while a text would fetch the answer', async (t) => {
  const { bot } = await start(t, `${LEARN} if msg.content == "slow" then ${HOLD} return "the answer" end return "ran"`);
  await learn(bot);
  assert.equal((await ask(bot, textXml('slow'))).text, LATE_TEXT);
  await bot.waitForLog(KEPT);
  const picture = messageXml({ MsgType: 'image', PicUrl: 'http://a/1.jpg', MediaId: 'M' });
  assert.equal(await replyOf(bot, picture), 'ran');
  assert.equal(await say(bot, 'now?'), 'the answer');
});

test('a script that ends without an answer keeps its promise to nobody', async (t) => {
  const { bot } = await start(t, `${LEARN} if msg.content == "slow" then ${HOLD} wechat.log.info("it is over") return end return "ran"`);
  await learn(bot);
  assert.equal((await ask(bot, textXml('slow'))).text, LATE_TEXT);
  await bot.waitForLog(/it is over/);
  await until(async () => (await say(bot, 'now?')) === 'ran', 'the end of the promise');
});

test('late_reply = keep sends no customer service message; late_text is as configured', async (t) => {
  const { bot, platform } = await start(t, `if msg.content == "slow" then ${HOLD} return "the answer" end return "ran"`,
    { refuse: () => 0, config: { late_reply: 'keep', late_text: '等等' } });
  assert.equal((await ask(bot, textXml('slow'))).text, '等等');
  await bot.waitForLog(KEPT);
  assert.equal(await say(bot, 'now?'), 'the answer');
  assert.equal(platform.calls, 0);
});

test('late_reply = customer_service keeps nothing: what cannot be delivered is lost, with a line', async (t) => {
  const { bot } = await start(t, 'if msg.content == "slow" then wechat.sleep(1) return "slow" end return "ran"',
    { config: { late_reply: 'customer_service' } });
  assert.equal(await say(bot, 'slow'), null);
  await bot.waitForLog(/a late reply to \S+ is lost .*48001|a late reply to \S+ is lost .*cannot be sent/);
  assert.equal(await say(bot, 'hi'), 'ran');
});

for (const code of [45047, 45015]) {
  test(`a quota or window that is spent (${code}) is told from a right that is missing: the answer is kept, the next one is sent`, async (t) => {
    const { bot, platform } = await start(t, 'if msg.content == "slow" then wechat.sleep(1) return "slow" end return "ran"',
      { refuse: () => code });
    assert.equal(await say(bot, 'slow'), null);
    await bot.waitForLog(new RegExp(`is kept for the user's next message: .*${code}`));
    platform.refuse = () => 0;
    assert.equal(await say(bot, 'slow', { CreateTime: Math.floor(Date.now() / 1000) + 5 }), 'slow');
    await until(() => platform.texts().length === 1, 'the second one');
  });
}

test('parts past the quota are kept, all of them', async (t) => {
  let left = 1;
  const { bot, platform } = await start(t, `if msg.content ~= "slow" then return "ran" end
    wechat.sleep(1) wechat.say("一。\\n\\n") wechat.sleep(0.2) wechat.say("二。\\n\\n") wechat.sleep(0.2) return "三。"`,
  { refuse: () => (left-- > 0 ? 0 : 45047) });
  assert.equal(await say(bot, 'slow'), null);
  await bot.waitForLog(/is kept for the user's next message: .*45047/);
  assert.deepEqual(platform.texts(), ['一。']);
  assert.equal(await say(bot, 'hi'), '二。\n\n三。\n\nran');
});

test('a script that spent the quota itself waits for the platform\'s tries', async (t) => {
  const { bot, platform } = await start(t, `for i = 1, 5 do wechat.send_text_message(msg.source, "part " .. i) end
    ${HOLD} return "the last"`, { refuse: () => 0 });
  assert.equal((await ask(bot, textXml('x'), { opens: 'before' })).text, 'the last');
  assert.equal(platform.sent.length, 5);
});

test('48001 in a script\'s own call is learned too; a send that succeeds ends it', async (t) => {
  const { bot, platform } = await start(t, `if msg.content == "send" then wechat.send_text_message(msg.source, "x") return "sent" end
    wechat.sleep(1) return "slow"`);
  assert.equal(await say(bot, 'send'), 'sent');
  await bot.waitForLog(/has no customer service messages/);
  assert.equal(await giveUp(bot, textXml('slow'), 1, 800), null);
  await sleep(300);
  platform.refuse = () => 0;
  await say(bot, 'send');
  assert.equal(await say(bot, 'slow'), null);
  await until(() => platform.texts().includes('slow'), 'the late answer');
});

test('errors of one reply leave customer service messages to everybody else', async (t) => {
  const { bot, platform } = await start(t, `wechat.sleep(1)
    if msg.content == "music" then return wechat.response_music("http://a/1.mp3", "t") end return "slow"`,
    { refuse: (body) => (body.touser === 'oWrong' ? 40003 : 0) });
  assert.equal(await say(bot, 'music'), null);
  assert.equal(await say(bot, 'x', { FromUserName: 'oWrong' }), null);
  await bot.waitForLog(/to oWrong is lost/);
  assert.equal(await say(bot, 'y'), null);
  await until(() => platform.texts().length === 2, 'both');
  assert.deepEqual(platform.texts(), ['t\nhttp://a/1.mp3', 'slow']);
});

test('without credentials the first late answer waits for the platform\'s tries', async (t) => {
  const { bot } = await start(t, `${HOLD} return "in time"`, { config: { appid: undefined, appsecret: undefined } });
  assert.deepEqual(await ask(bot, textXml('x'), { opens: 'before' }), { tries: 3, text: 'in time' });
});

test('that the right is missing is known after a restart, and to the other process of the store', async (t) => {
  const { bot: first, again, platform } = await start(t, `${LEARN} if msg.content == "slow" then wechat.sleep(1) return "slow" end return "ran"`);
  const other = await again();
  await learn(first);
  const { calls } = platform;
  await sleep(6000);
  assert.equal((await ask(other, textXml('slow'))).text, 'slow');
  await first.kill();
  const bot = await again();
  assert.equal((await ask(bot, textXml('slow'))).text, 'slow');
  assert.equal(platform.calls, calls);
});

test('an answer that one process keeps is given by another one', async (t) => {
  const { bot: first, again } = await start(t, `${LEARN} if msg.content == "slow" then ${HOLD} return "the answer" end return "ran"`);
  const other = await again();
  await learn(first);
  assert.equal((await ask(first, textXml('slow'), { opens: 'never' })).text, LATE_TEXT);
  assert.equal(await say(other, 'ready?'), LATE_TEXT);
  first.platform.open();
  await first.waitForLog(KEPT);
  assert.equal(await say(other, 'now?'), 'the answer');
  assert.equal(await say(first, 'more'), 'ran');
});

test('/metrics counts kept answers, and wemoon forget takes them away', async (t) => {
  const port = await freePort();
  const { bot, again } = await start(t, 'if msg.content == "slow" then wechat.sleep(1) return "slow" end return "ran"',
    { config: { admin_listen: `127.0.0.1:${port}` } });
  const kept = async () => Number(/^wemoon_kept_answers (\d+)/m.exec(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())[1]);
  assert.equal(await kept(bot), 0);
  await Promise.all(['oA', 'oB'].map((user) => say(bot, 'slow', { FromUserName: user }))); // before 48001 is known
  await until(async () => (await kept(bot)) === 2, 'two');
  await bot.kill();
  const next = await again();
  await until(async () => (await kept(next)) === 2, 'two after a restart');
  assert.equal(await say(next, 'hi', { FromUserName: 'oA' }), 'slow\n\nran');
  await until(async () => (await kept(next)) === 1, 'one');
  await wemoon(['forget', 'oB', '--config', next.file('config.lua')], { code: 0 });
  assert.equal(await say(next, 'hi', { FromUserName: 'oB' }), 'ran');
  await until(async () => (await kept(next)) === 0, 'none');
});
