// A conversation that outlives its process may wait for everything that a script can wait for: streams, tasks, gates.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const path = require('node:path');
const { startPeer, platform } = require('./peer');
const { atEnd, startBot, eventXml, textXml, sleep, tempDir, until } = require('./harness');

const sqlite = (t) => `sqlite:${path.join(tempDir(t), 'kept.db')}`;
const from = (openid) => ({ fields: { FromUserName: openid } });

// For each of `words`: starts the bot, sends the word, kills the bot with kill -9. Returns the answers.
async function talkThroughKills(t, script, words, config = { store: sqlite(t) }) {
  const answers = [];
  for (const word of words) {
    const bot = await startBot(t, { script, config });
    answers.push(await bot.say(word));
    assert.doesNotMatch(bot.log, /the script changed/);
    await bot.kill();
  }
  return answers;
}

// Begins a conversation by "go" and answers its question by "answer"; kills the bot with kill -9 once `underWay`
// resolves, and delivers the answer again to the next process. Returns what that replies.
async function answerThroughKill(t, script, underWay) {
  const config = { store: sqlite(t) };
  const bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), '?');
  const xml = textXml('answer');
  bot.deliver(xml).catch(() => {});
  await underWay();
  await bot.kill();
  const next = await startBot(t, { script, config });
  return (await next.deliver(xml)).reply.Content;
}

// Starts a server that writes `pieces` one after another, and stops before a null one.
async function startStream(t, pieces) {
  const server = http.createServer(async (request, response) => {
    server.asked++;
    request.resume();
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Kind': 'slow' });
    for (const piece of pieces) {
      if (piece === null) return;
      response.write(piece);
      await sleep(20);
    }
    response.end();
  });
  server.asked = 0;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  server.url = `http://127.0.0.1:${server.address().port}`;
  return server;
}

test('what a task returned is known again, and what it does next is done once', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    local tasks = {}
    for i = 3, 1, -1 do
      local before = tasks[i + 1]
      tasks[i] = wechat.spawn(function(n)
        wechat.sleep(0.05)
        if before then before:join() end
        return n, wechat.json.decode(wechat.http.post("${peer.url}/" .. n, { body = "x" }).body).number
      end, i)
    end
    local failing = wechat.spawn(function() wechat.sleep(0.01) error("no luck", 0) end)
    local slow = wechat.spawn(function() wechat.sleep(60) return "never" end)
    local _, late = slow:join(0.05)
    slow:cancel()
    local _, ended = slow:join()
    local _, why = failing:join()
    local heard = { late, ended, why }
    for i = 1, 3 do heard[#heard + 1] = table.concat({ tasks[i]:join() }, "-") end
    local a = wechat.ask(table.concat(heard, " "))
    local again = wechat.spawn(function() wechat.sleep(0.01) return "task" end)
    local b = wechat.ask(a.content .. " " .. again:join())
    return table.concat({ a.content, b.content, table.concat({ tasks[2]:join() }, "-"), again:join() }, " ")
  end`;
  const answers = await talkThroughKills(t, script, ['go', 'a', 'b']);
  assert.deepEqual(answers, ['timeout cancelled no luck 1-3 2-2 3-1', 'a task', 'a b 2-2 task']);
  assert.deepEqual(peer.seen, ['POST /3', 'POST /2', 'POST /1']);
});

test('a task that is joined when the process ends goes on in the next one', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    if msg.content == "other" then return "other" end
    local answer = wechat.ask("?")
    local task = wechat.spawn(function()
      wechat.http.post("${peer.url}/first", { body = "x" })
      wechat.sleep(1)
      wechat.http.post("${peer.url}/second", { body = "x" })
      return "done"
    end)
    local _, late = task:join(0.3)
    return answer.content .. " " .. late .. " " .. task:join(10)
  end`;
  const answer = await answerThroughKill(t, script, async () => {
    await until(() => peer.seen.length === 1, 'the first call');
    await sleep(600);
  });
  assert.equal(answer, 'answer timeout done');
  assert.deepEqual(peer.seen, ['POST /first', 'POST /second']);
});

test('who was inside a gate is inside again, and others wait for it', async (t) => {
  const script = `local gate = wechat.gate(1)
  function on_message(msg)
    if msg.content == "try" then return gate:enter(0.05) and "through" or "shut" end
    if msg.content == "late" then
      local pass, why = gate:enter(0.01)
      return wechat.ask(tostring(pass) .. " " .. why).content
    end
    local a
    do
      local pass <close> = gate:enter()
      a = wechat.ask("inside")
      if a.content == "more" then a = wechat.ask("still inside") end
    end
    local b = wechat.ask("outside")
    return a.content .. b.content
  end`;
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), 'inside');
  assert.equal(await bot.say('try', from('another')), 'shut');
  assert.equal(await bot.say('late', from('third')), 'nil timeout');
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('x', from('third')), 'x');
  assert.equal(await bot.say('try', from('another')), 'through');
  await sleep(50);
  assert.equal(await bot.say('more'), 'still inside');
  assert.equal(await bot.say('try', from('another')), 'shut');
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('a'), 'outside');
  assert.equal(await bot.say('try', from('another')), 'through');
  assert.equal(await bot.say('b'), 'ab');
});

test('a stream is read once: the next process has what was read', async (t) => {
  const server = await startStream(t, ['data: one\n\n', 'data: two\n\ndata: three\n\n', 'rest']);
  const script = `function on_message(msg)
    local heard = {}
    local r <close> = wechat.http.stream { url = "${server.url}/", method = msg.content == "post" and "POST" or "GET" }
    for event in r:events() do heard[#heard + 1] = event.data end
    local a = wechat.ask(table.concat(heard, " ") .. " " .. r.status .. r.headers["X-Kind"] .. tostring(r.err))
    return a.content .. " " .. table.concat(heard, " ")
  end`;
  for (const verb of ['get', 'post']) {
    server.asked = 0;
    const answers = await talkThroughKills(t, script, [verb, 'a']);
    assert.deepEqual(answers, ['one two three 200slownil', 'a one two three']);
    assert.equal(server.asked, 1);
  }
});

test('of a stream that a kill cut off there is what was recorded, then "unknown"', async (t) => {
  const server = await startStream(t, ['one\n', 'two\n', null]);
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    local answer = wechat.ask("?")
    local heard = {}
    local r = wechat.http.stream { url = "${server.url}/" }
    for line in r:lines() do
      heard[#heard + 1] = line
      wechat.http.post("${peer.url}/" .. line, { body = line })
    end
    return table.concat(heard, " ") .. " " .. r.err.kind .. " " .. tostring(r:read()) .. " " .. tostring(r.err)
  end`;
  const answer = await answerThroughKill(t, script, async () => {
    await until(() => peer.seen.length === 2, 'both lines');
    await sleep(100);
  });
  assert.equal(answer, 'one two unknown nil http.stream: the stream ended with the process that read it');
  assert.deepEqual(peer.seen, ['POST /one', 'POST /two']);
  assert.equal(server.asked, 1);
});

test('a late answer waits for its user\'s earlier ones in the next process too', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    wechat.sleep(msg.content == "first" and 3 or 0.8)
    return "late " .. msg.content
  end`;
  const config = { store: sqlite(t), deadline_ms: 500, ...platform(peer) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('first'), null);
  assert.equal(await bot.say('second'), null);
  await sleep(700);  // the second message has its answer and waits for the first
  await bot.kill();
  bot = await startBot(t, { script, config });
  await until(() => peer.sent.length === 2, 'both answers', 10000);
  await bot.stop();
  assert.deepEqual(peer.sent.map((sent) => sent.text.content).sort(), ['late first', 'late second']);
});

// ---- answers in parts -----------------------------------------------------------------------------------------------

const parts = `function on_message(msg)
  if msg.content == "plain" then return "plain" end
  wechat.say("One. ")
  wechat.sleep(1)
  for _, word in ipairs { "two", "three", "four" } do
    wechat.say(word .. "\\n\\n")
    wechat.sleep(0.4)
  end
  return "five"
end`;
const texts = (peer) => peer.sent.filter((sent) => sent.went && sent.text).map((sent) => sent.text.content);

for (const [when, ms] of [['before the answer is out', 300], ['when its first part is out', 700], ['between two parts', 1250]]) {
  test(`no part is lost or said twice: a kill ${when}`, async (t) => {
    const peer = await startPeer(t);
    const config = { store: sqlite(t), deadline_ms: 500, ...platform(peer) };
    let bot = await startBot(t, { script: parts, config });
    const xml = textXml('go');
    const asked = bot.deliver(xml).catch(() => null);
    await sleep(ms);
    await bot.kill();
    let first = (await asked)?.reply?.Content;
    bot = await startBot(t, { script: parts, config });
    if (!first) first = (await bot.deliver(xml)).reply.Content;
    await until(() => texts(peer).join('').endsWith('five'), 'the last part', 8000);
    assert.equal([first, ...texts(peer)].join(' ').replace(/\s+/g, ' '), 'One. two three four five');
    await bot.stop();
  });
}

test('parts whose sends fail are owed until they are out', async (t) => {
  const peer = await startPeer(t);
  const config = { store: sqlite(t), deadline_ms: 500, ...platform(peer) };
  peer.errcode = 45009;
  let bot = await startBot(t, { script: parts, config });
  assert.equal(await bot.say('go'), 'One.');
  await bot.waitForLog(/did not go out: .*45009.*; it is tried again/);
  await sleep(2000);  // the script has ended by now
  await bot.kill();
  peer.errcode = 0;
  bot = await startBot(t, { script: parts, config });
  await until(() => texts(peer).join('').endsWith('five'), 'the last part', 8000);
  assert.equal(texts(peer).join(' ').replace(/\s+/g, ' '), 'two three four five');
});

test('a question that comes late is owed until it is out, and its answer goes on', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    wechat.say("Before. ")
    wechat.sleep(1)
    local name = wechat.ask("name?")
    return "hello " .. name.content
  end`;
  const config = { store: sqlite(t), deadline_ms: 500, ...platform(peer) };
  peer.errcode = 45009;
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), 'Before.');
  await bot.waitForLog(/did not go out: .*45009.*; it is tried again/);
  await bot.kill();
  peer.errcode = 0;
  bot = await startBot(t, { script, config });
  await until(() => texts(peer).length === 1, 'the question', 8000);
  assert.deepEqual(texts(peer), ['name?']);
  await sleep(200);
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('Li'), 'hello Li');
  assert.deepEqual(texts(peer), ['name?']);
});

test('the rest of a long text is owed until it is out', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    if msg.content == "wait" then wechat.sleep(0.1) end
    return ("x"):rep(2047) .. "\\n" .. "the rest of " .. msg.content
  end`;
  for (const word of ['at once', 'wait']) {
    const config = { store: sqlite(t), ...platform(peer) };
    peer.sent.length = 0;
    peer.errcode = 45009;
    let bot = await startBot(t, { script, config });
    assert.match(await bot.say(word), /^x+\n?$/);
    await bot.waitForLog(/did not go out: .*45009.*; it is tried again/);
    await bot.kill();
    peer.errcode = 0;
    bot = await startBot(t, { script, config });
    await until(() => texts(peer).length === 1, 'the rest', 8000);
    assert.deepEqual(texts(peer), [`the rest of ${word}`]);
    await bot.stop();
  }
});

test('a conversation may say parts before each question', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    wechat.say("Hello. ")
    local a = wechat.ask("One?")
    wechat.say("First. ")
    wechat.sleep(0.8)
    wechat.say("Later.\\n\\n")
    local b = wechat.ask("Two?")
    wechat.say("Almost. ")
    return a.content .. b.content
  end`;
  const config = { store: sqlite(t), deadline_ms: 500, ...platform(peer) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), 'Hello. One?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('a'), 'First.');
  await until(() => texts(peer).length === 2, 'the second question', 8000);
  await sleep(200);
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('b'), 'Almost. ab');
  assert.deepEqual(texts(peer), ['Later.', 'Two?']);
  assert.doesNotMatch(bot.log, /the script changed/);
});

test('unfollowing ends a conversation in the store, and its event does not wait for the interpreter', async (t) => {
  const script = `function on_message(msg)
    if msg.content == "compute" then
      print("computing")
      local from = os.clock()
      while os.clock() - from < 3 do end
      print("computed")
    elseif msg.content == "go" then
      local answer, why = wechat.ask("?")
      if not answer then wechat.log.warn("no answer: " .. why) end
    end
  end`;
  const config = { store: sqlite(t), script_cpu_ms: 20000, deadline_ms: 300, late_reply: 'drop' };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), '?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  const computes = bot.say('compute', from('oAnother'));
  await until(() => /computing/.test(bot.output), 'the computation', 10000);
  await bot.deliver(eventXml('unsubscribe', { EventKey: '' }));
  assert.doesNotMatch(bot.output, /computed/);
  await computes;
  await until(() => /no answer: unsubscribe/.test(bot.log), 'its end', 30000);
});

test('who unfollows just before a kill -9 has left after it', async (t) => {
  const script = `function on_message(msg)
    if msg.content ~= "go" then return "plain " .. (msg.content or msg.event) end
    local answer, why = wechat.ask("?")
    wechat.log.warn("the question ends: " .. tostring(why))
  end`;
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), '?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  await bot.deliver(eventXml('unsubscribe', { EventKey: '' }));
  await bot.kill();
  bot = await startBot(t, { script, config });
  await bot.waitForLog(/the question ends: (unsubscribe|timeout)/, 10000);
  assert.equal(await bot.say('x'), 'plain x');
});
