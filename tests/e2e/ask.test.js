// Conversations (wechat.ask): the question answers the current message; ask returns the same user's next message.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const { atEnd, startBot, eventXml, textXml, sleep, until } = require('./harness');
const { sanitizer } = require('./sanitizer');

const dialogue = `
function on_message(msg)
  if msg.content == "start" then
    local name, why = wechat.ask("name?", { timeout_s = 60 })
    if not name then wechat.log.warn("no name: " .. why) return nil end
    local age = wechat.ask("age of " .. name.content .. "?")
    return name.content .. " is " .. age.content .. ", said " .. wechat.get_message().content
  end
  return "echo " .. (msg.content or msg.type)
end
`;

const from = (openid) => ({ fields: { FromUserName: openid } });

for (const mode of ['normal', 'safe']) {
  test(`a dialogue is straight-line code (${mode})`, async (t) => {
    const bot = await startBot(t, { script: dialogue, mode });
    assert.equal(await bot.say('start'), 'name?');
    assert.equal(await bot.say('Bob'), 'age of Bob?');
    assert.equal(await bot.say('42'), 'Bob is 42, said 42');
    assert.equal(await bot.say('hi'), 'echo hi');
  });
}

test('each user has a conversation of his own, others go to on_message', async (t) => {
  const bot = await startBot(t, { script: dialogue });
  assert.equal(await bot.say('start', from('oA')), 'name?');
  assert.equal(await bot.say('start', from('oB')), 'name?');
  assert.equal(await bot.say('hi', from('oC')), 'echo hi');
  assert.equal(await bot.say('Bea', from('oB')), 'age of Bea?');
  assert.equal(await bot.say('Ada', from('oA')), 'age of Ada?');
});

test('a hundred questions in a loop', async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      local sum = 0
      for i = 1, 100 do sum = sum + tonumber(wechat.ask("n" .. i).content) end
      return "sum " .. sum
    end`,
  });
  assert.equal(await bot.say('go'), 'n1');
  for (let i = 2; i <= 100; i++) assert.equal(await bot.say('2'), `n${i}`);
  assert.equal(await bot.say('2'), 'sum 200');
});

test("events go to on_message while a conversation waits, unless it wants them", async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      if msg.event == "click" then return "tapped " .. msg.key end
      local answer = wechat.ask("?", { events = msg.content == "with events" })
      return "got " .. (answer.content or answer.event)
    end`,
  });
  const tap = () => bot.deliver(eventXml('CLICK', { EventKey: 'K', CreateTime: 1700000000 + Math.floor(Math.random() * 1e6) }));
  assert.equal(await bot.say('plain'), '?');
  assert.equal((await tap()).reply.Content, 'tapped K');
  assert.equal(await bot.say('x'), 'got x');
  assert.equal(await bot.say('with events'), '?');
  assert.equal((await tap()).reply.Content, 'got click');
});

// Starts a platform that records customer service messages, and answers one `pause` ms after its user has it.
async function platform(t, pause = 0) {
  const sent = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const sends = request.url.includes('/message/custom/send');
      if (sends) sent.push(JSON.parse(Buffer.concat(chunks).toString()));
      const answer = () => response.end(JSON.stringify({ errcode: 0, errmsg: 'ok', access_token: 'T', expires_in: 7200 }));
      if (sends && pause) setTimeout(answer, pause);
      else answer();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return { sent, config: { appid: 'wx0123456789abcdef', appsecret: 's'.repeat(32), api_base: `http://127.0.0.1:${server.address().port}` } };
}

test('without an answer ask returns nil and "timeout", and what is said then goes out as a customer service message', async (t) => {
  const { sent, config } = await platform(t);
  const bot = await startBot(t, {
    script: `function on_message(msg)
      local answer, why = wechat.ask("?", { timeout_s = 0.3 })
      return answer and "got " .. answer.content or "gave up: " .. why
    end`,
    config,
  });
  assert.equal(await bot.say('hi'), '?');
  await until(() => sent.length > 0, 'the customer service message');
  assert.equal(sent[0].text.content, 'gave up: timeout');
  assert.equal(await bot.say('hi again'), '?');
  assert.equal(await bot.say('there'), 'got there');
});

test('after a time-out a script may ask again: the question is a customer service message', async (t) => {
  const { sent, config } = await platform(t);
  const bot = await startBot(t, {
    script: `function on_message(msg)
      local answer
      repeat answer = wechat.ask("still there?", { timeout_s = 0.3 }) until answer
      return "back: " .. answer.content
    end`,
    config,
  });
  assert.equal(await bot.say('hi'), 'still there?');
  await until(() => sent.length >= 2, 'two more questions');
  assert.equal(await bot.say('yes'), 'back: yes');
});

test('a question that comes past the deadline is a late reply; its answer is an answer', async (t) => {
  const { sent, config } = await platform(t);
  const bot = await startBot(t, {
    script: `function on_message(msg)
      wechat.sleep(1.5)
      return "got " .. wechat.ask("late question").content
    end`,
    config: { ...config, deadline_ms: 1000 },
  });
  assert.equal(await bot.say('hi'), null);
  await until(() => sent.length > 0, 'the question');
  assert.equal(sent[0].text.content, 'late question');
  assert.equal(await bot.say('x'), 'got x');
});

const late = `function on_message(msg)
  if msg.event then return "event" end
  if msg.content ~= "hi" then return "plain " .. msg.content end
  wechat.sleep(1.5)
  return "got " .. wechat.ask("late question").content
end`;

for (const conversations of ['lasting', 'process']) {
  test(`an answer that comes before the platform says that the question is out waits for it (${conversations})`, async (t) => {
    const { sent, config } = await platform(t, 2000);
    const bot = await startBot(t, { script: late, config: { ...config, conversations, deadline_ms: 1000, late_reply: 'customer_service' } });
    assert.equal(await bot.say('hi'), null);
    await until(() => sent.length > 0, 'the question');
    const answered = bot.say('x'); // its deadline runs, so its answer is a late one
    assert.equal((await bot.deliver(eventXml('CLICK', { EventKey: 'K' }))).reply.Content, 'event');
    assert.equal(await bot.say('y', from('oAnother')), 'plain y');
    assert.equal(await answered, null);
    await until(() => sent.length > 1, 'the answer');
    assert.equal(sent[1].text.content, 'got x');
    assert.equal(await bot.say('z'), 'plain z');
  });
}

test('a message that comes while a conversation works waits until it asks again or ends', async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      if msg.content ~= "start" then return "plain " .. msg.content end
      local first = wechat.ask("one?")
      wechat.sleep(0.5)
      local second = wechat.ask("two?")
      wechat.sleep(0.5)
      return first.content .. second.content
    end`,
    config: { conversations: 'process' },
  });
  assert.equal(await bot.say('start'), 'one?');
  const first = bot.say('a');
  await sleep(100);
  const second = bot.say('b');
  assert.equal(await first, 'two?');
  await sleep(100);
  const third = bot.say('c');
  assert.equal(await second, 'ab');
  assert.equal(await third, 'plain c');
});

for (const store of ['memory:', 'sqlite:kept.db']) {
  test(`of several messages that come while a conversation works the first is the next answer, on ${store}`, async (t) => {
    const bot = await startBot(t, {
      script: `function on_message(msg)
        if msg.content ~= "start" then return "plain " .. msg.content end
        local all = {}
        for i = 1, 3 do
          all[i] = wechat.ask("question " .. i).content
          wechat.sleep(0.7)
        end
        return table.concat(all, " ")
      end`,
      config: { store },
    });
    await Promise.all(Array.from({ length: 5 }, async (_, i) => {
      const user = { fields: { FromUserName: `user${i}` } };
      assert.equal(await bot.say('start', user), 'question 1');
      const answers = [];
      for (const word of ['a', 'b', 'c', 'd', 'e']) {
        answers.push(bot.say(word, user));
        await sleep(200 + i * 10); // they come in this order on a busy machine too
      }
      assert.deepEqual(await Promise.all(answers), ['question 2', 'question 3', 'a b c', 'plain d', 'plain e']);
    }));
  });
}

test('unfollowing ends the user\'s conversation', async (t) => {
  const bot = await startBot(t, { script: dialogue });
  assert.equal(await bot.say('start'), 'name?');
  await bot.deliver(eventXml('unsubscribe', { EventKey: '' }));
  await bot.waitForLog(/no name: unsubscribe/);
  assert.equal(await bot.say('Bob'), 'echo Bob');
});

test('the platform\'s retry of an answer gets the reply that the answer got', async (t) => {
  const bot = await startBot(t, { script: dialogue });
  assert.equal(await bot.say('start'), 'name?');
  const answer = textXml('Bob');
  assert.equal((await bot.deliver(answer)).reply.Content, 'age of Bob?');
  assert.equal((await bot.deliver(answer)).reply.Content, 'age of Bob?');
  assert.equal(await bot.say('7'), 'Bob is 7, said 7');
});

test('a newer question of the same user is answered first', async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      if msg.event == "click" then return "key " .. wechat.ask("about the key?").content end
      return "text " .. wechat.ask("about the text?").content
    end`,
  });
  assert.equal(await bot.say('hi'), 'about the text?');
  assert.equal((await bot.deliver(eventXml('CLICK', { EventKey: 'K' }))).reply.Content, 'about the key?');
  assert.equal(await bot.say('1'), 'key 1');
  assert.equal(await bot.say('2'), 'text 2');
});

test('conversations of a reloaded script go on in the old one; the ninth reload ends the first', async (t) => {
  const script = (n) => `function on_message(msg)
    if msg.content ~= "start" then return "v${n}" end
    local answer, why = wechat.ask("v${n}?", { timeout_s = 60 })
    if not answer then wechat.log.warn("v${n} ended: " .. why) return end
    return "v${n} got " .. answer.content
  end`;
  const bot = await startBot(t, { script: script(0), config: { conversations: 'process' } });
  for (let n = 1; n <= 9; n++) {
    assert.equal(await bot.say('start', from(`oUser${n - 1}`)), `v${n - 1}?`);
    bot.write('bot.lua', script(n));
    bot.signal('SIGHUP');
    await until(async () => (await bot.say('which', from('oOther'))) === `v${n}`, `version ${n}`);
  }
  await bot.waitForLog(/v0 ended: reload/);
  assert.equal(await bot.say('x', from('oUser0')), 'v9');
  assert.equal(await bot.say('x', from('oUser1')), 'v1 got x');
  assert.equal(await bot.say('x', from('oUser8')), 'v8 got x');
});

test('the session is saved before the question goes out, and changed keys after the answer', async (t) => {
  const script = `function on_message(msg)
    local s = wechat.session()
    if msg.content == "show" then return tostring(s.step) .. " " .. tostring(s.name) end
    s.step = 1
    s.name = wechat.ask("name?").content
    return "kept"
  end`;
  const conversations = 'process';
  const bot = await startBot(t, { script, config: { conversations } });
  assert.equal(await bot.say('go'), 'name?');
  await bot.kill();
  const again = await startBot(t, { script, config: { conversations, store: `sqlite:${bot.dir}/wemoon.db` } });
  assert.equal(await again.say('show'), '1 nil');
  assert.equal(await again.say('go'), 'name?');
  assert.equal(await again.say('Bob'), 'kept');
  assert.equal(await again.say('show'), '1 Bob');
});

test('ask where there is no message to answer says so', async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      wechat.spawn(function() wechat.ask("?") end)
      local fine, why = pcall(wechat.ask, 42)
      return why
    end`,
  });
  assert.match(await bot.say('hi'), /wechat\.ask: question is a number \(string or reply expected\)/);
  await bot.waitForLog(/wechat\.ask: there is no message to answer here/);
});

test('job_timeout_s counts what the script works, not what the user thinks', async (t) => {
  const bot = await startBot(t, { script: dialogue, config: { job_timeout_s: 1 } });
  assert.equal(await bot.say('start'), 'name?');
  await sleep(1500);
  assert.equal(await bot.say('Bob'), 'age of Bob?');
});

test('open conversations do not keep the process from ending', async (t) => {
  const bot = await startBot(t, { script: dialogue });
  assert.equal(await bot.say('start'), 'name?');
  const began = Date.now();
  await bot.stop();
  assert.ok(Date.now() - began < 3000, `${Date.now() - began} ms`);
});

test('ten thousand open conversations take less than 100 MB, and each gets its answer', async (t) => {
  const bot = await startBot(t, { script: dialogue });
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${bot.pid}/status`, 'utf8'))[1]) / 1024;
  await bot.say('hi');
  const before = memory();
  const everybody = Array.from({ length: 10000 }, (_, i) => `oUser${i}`);
  const inTurns = async (what) => {
    for (let i = 0; i < everybody.length; i += 50) await Promise.all(everybody.slice(i, i + 50).map(what));
  };
  await inTurns(async (openid) => assert.equal(await bot.say('start', from(openid)), 'name?'));
  const taken = memory() - before;
  await inTurns(async (openid) => assert.equal(await bot.say(openid, from(openid)), `age of ${openid}?`));
  if (!sanitizer) assert.ok(taken < 100, `${taken} MB`);
  t.diagnostic(`${taken.toFixed(1)} MB`);
});
