// Conversations outlive their process: after kill -9 or a restart, or at another process of the store, the user's
// next message continues the script where it stopped, and no effect is repeated.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { makeRedis } = require('./redis');
const { OPENID, startBot, eventXml, textXml, sleep, tempDir, until, BINARY, wemoon, threeAtATime } = require('./harness');
const { stopwatch } = require('./stopwatch');

const test = threeAtATime('conversations');

const from = (openid) => ({ fields: { FromUserName: openid } });
const sqlite = (t) => `sqlite:${path.join(tempDir(t), 'kept.db')}`;

const dialogue = `
function on_message(msg)
  if msg.content ~= "start" then return "plain " .. (msg.content or msg.type) end
  local began, dice = os.time(), math.random(1000000000)
  local name = wechat.ask("name?")
  local age = wechat.ask("age of " .. name.content .. "? " .. dice)
  return name.content .. " is " .. age.content .. ", said " .. wechat.get_message().content .. " to " .. dice ..
    ((os.time() >= began and msg.content == "start") and "" or " WRONG")
end
`;

for (const way of ['kill', 'stop']) {
  test(`the next message goes on after ${way === 'kill' ? 'kill -9' : 'SIGTERM'}`, async (t) => {
    const config = { store: sqlite(t) };
    let bot = await startBot(t, { script: dialogue, config });
    assert.equal(await bot.say('start'), 'name?');
    await bot[way]();
    bot = await startBot(t, { script: dialogue, config });
    const question = await bot.say('Li');
    const dice = /^age of Li\? (\d+)$/.exec(question)[1];
    await bot[way]();
    bot = await startBot(t, { script: dialogue, config });
    assert.equal(await bot.say('7', from('another')), 'plain 7');
    assert.equal(await bot.say('7'), `Li is 7, said 7 to ${dice}`);
    assert.equal(await bot.say('7'), 'plain 7');
  });
}

test('after kill -9 the lines of what goes on name its user and its message, as those before did', async (t) => {
  const script = `function on_message(msg)
    wechat.log.info("begun")
    wechat.sleep(2)
    wechat.log.info("slept")
  end`;
  const config = { store: sqlite(t), deadline_ms: 300, late_reply: 'customer_service', ...platform(await startPeer(t)) };
  const options = { script, config };
  const subject = (log, text) => new RegExp(`info .*: ${text} (openid=\\S+ msgid=\\d+)`).exec(log)?.[1];
  let bot = await startBot(t, options);
  await bot.say('x');
  const begun = subject(bot.log, 'begun');
  assert.ok(begun, bot.log);
  await bot.kill();
  bot = await startBot(t, options);
  await bot.waitForLog(/slept/, 8000);
  assert.equal(subject(bot.log, 'slept'), begun, bot.log);
});

test('events go to on_message while a conversation is in the store, unless it wants them', async (t) => {
  const script = `function on_message(msg)
    if msg.event then return "event" end
    return "got " .. wechat.ask("?", { events = msg.content == "with" }).type
  end`;
  const config = { store: sqlite(t) };
  const tap = (bot) => bot.deliver(eventXml('CLICK', { EventKey: 'K', CreateTime: 1700000000 + Math.floor(Math.random() * 1e6) }));
  for (const [word, wanted] of [['without', 'event'], ['with', 'got click']]) {
    let bot = await startBot(t, { script, config });
    assert.equal(await bot.say(word), '?');
    await bot.kill();
    bot = await startBot(t, { script, config });
    assert.equal((await tap(bot)).reply.Content, wanted);
    if (word === 'without') assert.equal(await bot.say('x'), 'got text');
    await bot.stop();
  }
});

test('what was done is not done again: calls, the store, once, spawned tasks, sleeps', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    local got = wechat.http.post("${peer.url}/post", { body = "x" })
    local number = wechat.json.decode(got.body).number
    local count = wechat.store.incr("count")
    local kept = wechat.once(function() return wechat.http.get("${peer.url}/once").status end)
    wechat.spawn(function() wechat.http.post("${peer.url}/spawned", { body = "x" }) end)
    wechat.sleep(0.3)
    local session = wechat.session()
    session.visits = (session.visits or 0) + 1
    print("this line once")
    wechat.log.info("and this one")
    local answer = wechat.ask("number " .. number)
    return table.concat({ number, count, kept, session.visits, answer.content }, " ")
  end`;
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), 'number 1');
  const seen = peer.seen.slice().sort();
  assert.deepEqual(seen, ['GET /once', 'POST /post', 'POST /spawned']);
  await bot.kill();
  bot = await startBot(t, { script, config });
  const elapsed = stopwatch(bot);
  assert.equal(await bot.say('answer'), '1 1 200 1 answer');
  const ms = elapsed();
  assert.ok(ms < 290, 'a sleep is not slept again');
  assert.deepEqual(peer.seen.slice().sort(), seen);
  assert.doesNotMatch(bot.log + bot.output, /this line once|and this one/);
  assert.equal(await bot.say('go'), 'number 4');
  assert.equal(await bot.say('again'), '4 2 200 2 again');
});

test('a call that may have happened gives "unknown", one that reads is made again', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    local answer = wechat.ask("?")
    local got, err = wechat.http[answer.content]("${peer.url}/call", answer.content == "post" and { body = "x" } or nil)
    return got and "status " .. got.status or err.kind
  end`;
  for (const [verb, wanted] of [['post', 'unknown'], ['get', 'status 200']]) {
    const config = { store: sqlite(t) };
    let bot = await startBot(t, { script, config });
    assert.equal(await bot.say('go'), '?');
    const xml = textXml(verb);
    peer.pause = 60000;
    peer.seen.length = 0;
    bot.deliver(xml).catch(() => {});
    await until(() => peer.seen.length === 1, 'the call');
    await bot.kill();
    peer.pause = 0;
    bot = await startBot(t, { script, config });
    assert.equal((await bot.deliver(xml)).reply.Content, wanted);
    assert.equal(peer.seen.length, verb === 'post' ? 1 : 2);
  }
});

test('a question whose process was killed before it was out is asked again at the platform\'s next try', async (t) => {
  const script = `function on_message(msg)
    local a = wechat.ask("first?")
    local b = wechat.ask("second, after " .. a.content .. "?")
    return a.content .. " " .. b.content
  end`;
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script, config });
  for (const [content, answer] of [['go', 'first?'], ['a', 'second, after a?']]) {
    const xml = textXml(content);
    assert.equal((await bot.deliver(xml)).reply.Content, answer);
    await bot.kill(); // as if the answer had not gone out
    bot = await startBot(t, { script, config });
    assert.equal((await bot.deliver(xml)).reply.Content, answer);
  }
  assert.equal(await bot.say('b'), 'a b');
});

test('a question that is no text is asked again likewise', async (t) => {
  const script = `function on_message(msg)
    local answer = wechat.ask(wechat.response_news { { title = "Which?", url = "https://example.com/" } })
    return "got " .. answer.content
  end`;
  const config = { store: sqlite(t) };
  const xml = textXml('go');
  let bot = await startBot(t, { script, config });
  for (let i = 0; i < 2; i++) {
    const { reply } = await bot.deliver(xml);
    assert.equal(reply.MsgType, 'news');
    assert.equal(reply.Articles.item.Title, 'Which?');
    await bot.kill(); // as if the question had not gone out
    bot = await startBot(t, { script, config });
  }
  assert.equal(await bot.say('b'), 'got b');
});

test('a script that changed is noticed: on_lost gets the message, the log both places', async (t) => {
  const asks = (question) => `function on_message(msg)
    if msg.content ~= "start" then return "plain " .. msg.content end
    local name = wechat.ask("name?")
    ${question}
    return "done"
  end\n`;
  const on_lost = `function on_lost(msg, lost)
    return ("%s lost %s at %s, %s"):format(msg.content, lost.question, lost.place:match("[^/]+$"), os.time() - lost.since < 20)
  end`;
  const config = { store: sqlite(t) };
  for (const hook of [on_lost, '']) {
    let bot = await startBot(t, { script: asks('local age = wechat.ask("age?")'), config });
    assert.equal(await bot.say('start'), 'name?');
    assert.equal(await bot.say('Li'), 'age?');
    await bot.kill();
    bot = await startBot(t, { script: asks('\n\nlocal age = wechat.ask("how old?")') + hook, config });
    assert.equal(await bot.say('7'), hook ? '7 lost age? at bot.lua:4, true' : 'plain 7');
    await bot.waitForLog(new RegExp(` warn {2}the script changed, so the conversation with ${OPENID} ended: it now calls wechat\\.ask at \\S*bot\\.lua:6 with other arguments, where it called wechat\\.ask at \\S*bot\\.lua:4; the user's message goes to on_lost, or as a new one to on_message openid=${OPENID} msgid=\\d+$`, 'm'));
    assert.equal(await bot.say('8'), 'plain 8');
    await bot.stop();
  }
});

test('what changed is told by the functions that the script calls', async (t) => {
  const waits = (line) => `function on_message(msg)
    if msg.content ~= "start" then return "plain" end
    wechat.ask("name?")
    ${line}
    wechat.ask("age?")
    return "done"
  end\n`;
  const config = { store: sqlite(t), deadline_ms: 300 };
  let bot = await startBot(t, { script: waits('wechat.ask("more?")'), config });
  assert.equal(await bot.say('start'), 'name?');
  assert.equal(await bot.say('Li'), 'more?');
  await bot.kill();
  bot = await startBot(t, { script: waits('wechat.sleep(0.01)'), config });
  assert.equal(await bot.say('7'), 'plain');
  await bot.waitForLog(/ended: it now calls wechat\.sleep\b[^;]* at \S*bot\.lua:4, where it called (wechat\.say or )?wechat\.ask at \S*bot\.lua:4;/);
});

test('comments, lines, names and what comes later may change', async (t) => {
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script: `function on_message(msg)
    local name = wechat.ask("name?")
    return "old " .. name.content
  end`, config });
  assert.equal(await bot.say('go'), 'name?');
  await bot.kill();
  bot = await startBot(t, { script: `-- a comment

function on_message(message)
    -- another
    local who = wechat.ask("name?")
    return "new " .. who.content
  end`, config });
  assert.equal(await bot.say('Li'), 'new Li');
});

test('a time-out comes true after a restart', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    local answer, why = wechat.ask("?", { timeout_s = 2 })
    return answer and answer.content or "no answer: " .. why
  end`;
  const config = { store: sqlite(t), ...platform(peer) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), '?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  await until(() => peer.sent.length === 1, 'the answer to a time-out', 8000);
  assert.equal(peer.sent[0].text.content, 'no answer: timeout');
  assert.equal(await bot.say('later'), '?');
});

test('who unfollows ends a conversation that is only in the store', async (t) => {
  const script = `
    function on_message(msg)
      if msg.content ~= "start" then return "plain " .. (msg.content or msg.event) end
      local answer, why = wechat.ask("name?")
      wechat.log.warn("the question ends: " .. tostring(why))
    end
  `;
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('start'), 'name?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  await bot.deliver(eventXml('unsubscribe', { EventKey: '' }));
  await bot.waitForLog(/the question ends: unsubscribe/);
  assert.equal(await bot.say('Li'), 'plain Li');
});

test('a timer that on_message started ticks on, once, after a restart too, until the conversation stops it', async (t) => {
  const script = `
    local ticks = 0
    function on_message(msg)
      if msg.content == "ticks" then return tostring(ticks) end
      local timer = wechat.every(0.3, function() ticks = ticks + 1 end)
      wechat.ask("stop?")
      timer:stop()
      return "stopped"
    end
  `;
  const config = { store: sqlite(t) };
  const another = from('another');
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('start'), 'stop?');
  await until(async () => Number(await bot.say('ticks', another)) > 1, 'ticks');
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('ticks', another), '0', 'the timer is of a run that has not gone on yet');
  assert.equal(await bot.say('stop'), 'stopped');
  const before = await bot.say('ticks', another);
  await sleep(1000);
  assert.equal(await bot.say('ticks', another), before);
});

test('with conversations = "process" a conversation ends with its process', async (t) => {
  const config = { store: sqlite(t), conversations: 'process' };
  let bot = await startBot(t, { script: dialogue, config });
  assert.equal(await bot.say('start'), 'name?');
  await bot.kill();
  bot = await startBot(t, { script: dialogue, config });
  assert.equal(await bot.say('Li'), 'plain Li');
});

test('a record past 256 KB stays in its process, with one warning that names the call', async (t) => {
  const script = `function on_message(msg)
    if msg.content ~= "start" then return "plain " .. msg.content end
    for i = 1, 300 do wechat.once(function() return ("x"):rep(1000) end) end
    local a = wechat.ask("one?")
    return "got " .. a.content .. wechat.ask("two?").content
  end`;
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('start'), 'one?');
  assert.equal(await bot.say('a'), 'two?');
  assert.equal(await bot.say('b'), 'got ab');
  assert.equal(bot.log.match(/stays in this process: wechat\.once at \S*bot\.lua:3 makes its record longer than 256 KB/g).length, 1);
  assert.equal(await bot.say('start'), 'one?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('a'), 'plain a');
});

test('one that ended two processes is not begun a third time: an error line, error_reply to the user', async (t) => {
  const script = `function on_message(msg)
    if msg.content ~= "start" then return "plain " .. msg.content end
    local answer = wechat.ask("?")
    wechat.sleep(0.3)  -- the store is told within milliseconds whose the answer is
    os.execute("kill -9 $PPID")
  end`;
  const config = { store: sqlite(t), allow_shell: true, error_reply: 'sorry' };
  const xml = textXml('die');
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('start'), '?');
  for (let i = 0; i < 2; i++) {
    await bot.deliver(xml).catch(() => {});
    await bot.ended;
    bot.stopped = true;
    bot = await startBot(t, { script, config });
  }
  assert.equal((await bot.deliver(xml)).reply.Content, 'sorry');
  await bot.waitForLog(/error.*bot\.lua:3: the script is not begun again for \S+: two processes ended while they ran it/);
  assert.equal(await bot.say('next'), 'plain next');
});

test('open conversations are counted after a restart', async (t) => {
  const config = { store: sqlite(t), admin_listen: '127.0.0.1:0' };
  let bot = await startBot(t, { script: dialogue, config });
  for (let i = 0; i < 5; i++) assert.equal(await bot.say('start', from(`user${i}`)), 'name?');
  await bot.kill();
  bot = await startBot(t, { script: dialogue, config });
  const admin = () => /http:\/\/127\.0\.0\.1:(\d+)\/healthz/.exec(bot.output + bot.log);
  await until(admin, 'the admin address');
  const count = async () => {
    const answer = await fetch(`http://127.0.0.1:${admin()[1]}/healthz`);
    return (await answer.json()).conversations;
  };
  await until(async () => await count() === 5, 'five conversations');
  await bot.say('x', from('user0'));
  await bot.say('y', from('user0'));
  assert.equal(await count(), 4);
});

test('on one Redis the proxy need keep nobody together', async (t) => {
  const redis = await makeRedis(t);
  const config = { store: redis.url };
  const bots = [];
  for (let i = 0; i < 2; i++) bots.push(await startBot(t, { script: dialogue, config }));
  for (let round = 0; round < 3; round++) {
    assert.equal(await bots[0].say('start'), 'name?');
    assert.match(await bots[1].say('Li'), /^age of Li/);
    assert.match(await bots[0].say('7'), /^Li is 7, said 7/);
    assert.equal(await bots[1].say('7'), 'plain 7');
  }
  assert.doesNotMatch(bots[0].log + bots[1].log, /warn(?!  the script has run for \d+ ms)|error/);
});

test('two messages of one user at two processes: one goes on, the other waits for its turn', async (t) => {
  const redis = await makeRedis(t);
  const script = `function on_message(msg)
    if msg.content ~= "start" then return "plain " .. msg.content end
    local heard = {}
    for i = 1, 3 do
      heard[i] = wechat.ask("q" .. i).content
      wechat.sleep(0.2)
    end
    table.sort(heard)
    return table.concat(heard, " ")
  end`;
  const config = { store: redis.url };
  const bots = [];
  for (let i = 0; i < 2; i++) bots.push(await startBot(t, { script, config }));
  assert.equal(await bots[0].say('start'), 'q1');
  const answers = await Promise.all([bots[0].say('a'), bots[1].say('b')]);
  assert.deepEqual(answers.sort(), ['q2', 'q3']);
  assert.equal(await bots[1].say('c'), 'a b c');
});

test('another process goes on when one of several is killed', async (t) => {
  const redis = await makeRedis(t);
  const config = { store: redis.url };
  const bots = [];
  for (let i = 0; i < 2; i++) bots.push(await startBot(t, { script: dialogue, config }));
  assert.equal(await bots[0].say('start'), 'name?');
  await bots[0].kill();
  assert.match(await bots[1].say('Li'), /^age of Li/);
});

for (const kind of ['one Redis', 'one SQLite file']) {
  for (const when of ['after', 'while it waits behind']) {
    test(`a message that a killed process was answering is no new message ${when} the user's next one, on ${kind}`, async (t) => {
      const peer = await startPeer(t);
      const script = `function on_message(msg)
        if msg.content ~= "start" then return "plain " .. msg.content end
        local first = wechat.ask("one?").content
        wechat.http.get("${peer.url}/held")
        local second = wechat.ask("two, after " .. first .. "?").content
        return first .. " " .. second
      end`;
      const config = { store: kind === 'one Redis' ? (await makeRedis(t)).url : sqlite(t), ...platform(peer) };
      const bots = [];
      for (let i = 0; i < 2; i++) bots.push(await startBot(t, { script, config }));
      assert.equal(await bots[0].say('start'), 'one?');
      const xml = textXml('a');
      bots[0].deliver(xml).catch(() => {});
      await until(() => peer.seen.length === 1, 'the call');
      await bots[0].kill();
      const next = bots[1].say('b');
      await until(() => peer.seen.length === 2, 'the call of the next process', 15000);
      if (when === 'after') {
        peer.lets = true;
        await next;
      }
      const again = bots[1].deliver(xml);
      await sleep(200);
      peer.lets = true;
      assert.equal((await again).body, 'success');
      const answer = await next;
      await until(() => [answer, ...peer.sent.map((sent) => sent.text.content)].includes('a b'), 'the end');
      assert.deepEqual(peer.sent.map((sent) => sent.text.content).filter((text) => text !== 'a b'), ['two, after a?']);
      assert.equal(await bots[1].say('c'), 'plain c');
    });
  }
}

test('of two conversations of one user the second is named as one that its process keeps to itself', async (t) => {
  const script = 'function on_message(msg) return wechat.ask(msg.event and "two?" or "one?").content end';
  const bot = await startBot(t, { script, config: { store: sqlite(t) } });
  assert.equal(await bot.say('start'), 'one?');
  assert.equal((await bot.deliver(eventXml('CLICK', { EventKey: 'K' }))).reply.Content, 'two?');
  await bot.waitForLog(/warn .*bot\.lua:1 ends with this process: the user has another one/);
});

// Asks about each message; about two that start with "slow" once both have begun.
const TWO = `function on_message(msg)
  if msg.content:match("^slow") then
    wechat.store.incr("begun")
    while wechat.store.incr("begun", 0) < 2 do wechat.sleep(0.05) end
  end
  return msg.content .. " got " .. wechat.ask(msg.content .. "?").content
end`;

test('an answer goes to the conversation that asked, not to one that ended at another process', async (t) => {
  const redis = await makeRedis(t);
  const [a, b] = await Promise.all([1, 2].map(() => startBot(t, { script: TWO, config: { store: redis.url } })));
  assert.equal(await a.say('go1'), 'go1?');
  assert.equal(await b.say('x'), 'go1 got x');
  assert.equal(await b.say('go2'), 'go2?');
  assert.equal(await a.say('y'), 'go2 got y');
});

test('of two conversations that one user begins at two processes at once, the second is named and goes on where it is', async (t) => {
  const redis = await makeRedis(t);
  const bots = await Promise.all([1, 2].map(() => startBot(t, { script: TWO, config: { store: redis.url } })));
  assert.deepEqual(await Promise.all(bots.map((bot, i) => bot.say(`slow${i}`))), ['slow0?', 'slow1?']);
  const named = () => bots.filter((bot) => /warn .*ends with this process: the user has another one/.test(bot.log)).length;
  await until(() => named() === 1, 'the second conversation is named');
  assert.deepEqual([await bots[0].say('x'), await bots[1].say('y')], ['slow0 got x', 'slow1 got y']);
});

// ---- owed answers ---------------------------------------------------------------------------------------------------

const slow = (peer) => `function on_message(msg)
  wechat.http.post("${peer.url}/first", { body = "x" })
  wechat.sleep(2)
  wechat.http.post("${peer.url}/second", { body = "x" })
  return "late answer to " .. msg.content
end`;

for (const way of ['kill', 'stop']) {
  test(`a script whose message was answered goes on after ${way === 'kill' ? 'kill -9' : 'SIGTERM'}, and nothing is done twice`, async (t) => {
    const peer = await startPeer(t);
    const config = { store: sqlite(t), deadline_ms: 600, ...platform(peer) };
    let bot = await startBot(t, { script: slow(peer), config });
    assert.equal(await bot.say('go'), null);
    const elapsed = stopwatch(bot);
    await bot[way]();
    const ms = elapsed();
    assert.ok(ms < 1500, 'it is not waited for');
    bot = await startBot(t, { script: slow(peer), config });
    await until(() => peer.sent.length === 1, 'the late answer', 8000);
    assert.equal(peer.sent[0].text.content, 'late answer to go');
    assert.deepEqual(peer.seen, ['POST /first', 'POST /second']);
    await bot.stop();
    bot = await startBot(t, { script: slow(peer), config });
    await sleep(1000);
    assert.equal(peer.sent.length, 1);
  });
}

test('another process of one Redis takes an owed script over', async (t) => {
  const redis = await makeRedis(t);
  const peer = await startPeer(t);
  const config = { store: redis.url, deadline_ms: 600, ...platform(peer) };
  const bots = [];
  for (let i = 0; i < 2; i++) bots.push(await startBot(t, { script: slow(peer), config }));
  assert.equal(await bots[0].say('go'), null);
  await bots[0].kill();
  await until(() => peer.sent.length === 1, 'the late answer', 12000);
  assert.equal(peer.sent[0].text.content, 'late answer to go');
  assert.deepEqual(peer.seen, ['POST /first', 'POST /second']);
});

test('a deployment is no fault of the script: three restarts do not end it', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg) wechat.sleep(5) return "at last" end`;
  const config = { store: sqlite(t), deadline_ms: 500, ...platform(peer) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), null);
  for (let i = 0; i < 3; i++) {
    await bot.stop();
    bot = await startBot(t, { script, config });
    await sleep(700);
  }
  await until(() => peer.sent.length === 1, 'the late answer', 12000);
  assert.equal(peer.sent[0].text.content, 'at last');
});

test('an owed script that ends two processes is not begun a third time', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    wechat.sleep(1)
    os.execute("kill -9 $PPID")
  end`;
  const config = { store: sqlite(t), deadline_ms: 600, allow_shell: true, error_reply: 'sorry', ...platform(peer) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), null);
  for (let i = 0; i < 2; i++) {
    await bot.ended;
    bot.stopped = true;
    bot = await startBot(t, { script, config });
  }
  await until(() => peer.sent.length === 1, 'the error reply', 8000);
  assert.equal(peer.sent[0].text.content, 'sorry');
  await bot.waitForLog(/the script is not begun again for \S+: two processes ended/);
});

test('a late send that did not happen is tried again, a restart included', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg) wechat.sleep(1) return "late" end`;
  const config = { store: sqlite(t), deadline_ms: 500, ...platform(peer) };
  peer.errcode = 45009;
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), null);
  await bot.waitForLog(/did not go out: .*45009.*; it is tried again in 1 s/);
  await bot.kill();
  peer.errcode = 0;
  bot = await startBot(t, { script, config });
  await until(() => peer.sent.some((sent) => sent.went), 'the late answer', 8000);
});

for (const where of ['SQLite file', 'Redis']) {
  test(`a process that was frozen past its lease sends nothing when it wakes: another one of the ${where} has`, async (t) => {
    const store = where === 'Redis' ? (await makeRedis(t)).url : sqlite(t);
    const peer = await startPeer(t);
    const script = `function on_message(msg)
      wechat.sleep(1)
      wechat.http.post("${peer.url}/first")
      wechat.sleep(4)
      wechat.http.post("${peer.url}/second")
      return "late answer to " .. msg.content
    end`;
    const config = { store, deadline_ms: 500, ...platform(peer) };
    const bots = [];
    for (let i = 0; i < 2; i++) bots.push(await startBot(t, { script, config }));
    for (let i = 0; i < 5; i++) assert.equal(await bots[0].say(`go ${i}`, from(`user${i}`)), null);
    await until(() => peer.seen.filter((line) => line === 'POST /first').length === 5, 'the first calls');
    await sleep(500); // no call is under way
    bots[0].signal('SIGSTOP');
    await until(() => peer.sent.length === 5, 'the late answers of the other process', 30000);
    bots[0].signal('SIGCONT');
    await sleep(3000);
    assert.deepEqual(peer.sent.map(({ text }) => text.content).sort(), [0, 1, 2, 3, 4].map((i) => `late answer to go ${i}`));
    assert.equal(peer.seen.filter((line) => line === 'POST /second').length, 5, `${peer.seen}`);
  });
}

test('SIGTERM does not wait for a call that raised', async (t) => {
  const bot = await startBot(t, { script: 'function on_message() wechat.sleep(0.5) return "late" end', config: { store: sqlite(t), deadline_ms: 200, late_reply: 'customer_service' } });
  await bot.say('x'); // without credentials the late reply cannot be sent
  await bot.waitForLog(/a late reply to .* is lost/, 10000);
  await sleep(300);
  const began = Date.now();
  await bot.stop();
  assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
  assert.doesNotMatch(bot.log, /still under way/);
});
