// wechat.forget and wemoon forget: all stored data of a user is deleted, and scripts that wait for the user end.
'use strict';

const assert = require('node:assert/strict');
const { APPID, TOKEN, OPENID, tempDir, writeFiles, configLua, sleep, wemoon, startBot, eventXml, textXml, until, threeAtATime } = require('./harness');
const { startPeer, platform } = require('./peer');
const { makeRedis } = require('./redis');
const { keptKeys } = require('./owed');

const test = threeAtATime('forgetting a user');

const SCRIPT = `
function on_message(msg)
  if msg.content == "talk" then
    local answer, why = wechat.ask("name?")
    if not answer then wechat.store.set("ended", why) return "ended" end
    return "hello " .. answer.content
  end
  if msg.content == "forget me" then return tostring(wechat.forget(msg.source)) end
  if msg.content == "forget later" then
    wechat.session().colour = "red"
    return tostring(wechat.forget(msg.source))
  end
  if msg.content == "slow" then
    local s = wechat.session()
    wechat.sleep(0.6)
    s.slow = true
    return "slow"
  end
  local key, value = msg.content:match("^(%w+)=(%w+)$")
  if key then wechat.session()[key] = value return "set" end
  local keys = {}
  for k in pairs(wechat.session()) do keys[#keys + 1] = k end
  table.sort(keys)
  return "[" .. table.concat(keys, " ") .. "]"
end`;

const OTHER = 'oOtherUser';
const as = (FromUserName) => ({ fields: { FromUserName } });

test('wechat.forget takes the session of that user alone, the running job\'s own changes too', async (t) => {
  const bot = await startBot(t, { script: SCRIPT });
  for (const user of [OPENID, OTHER]) assert.equal(await bot.say('a=1', as(user)), 'set');
  assert.equal(await bot.say('forget me'), 'true');
  assert.equal(await bot.say('keys'), '[]');
  assert.equal(await bot.say('keys', as(OTHER)), '[a]');
  assert.equal(await bot.say('forget later'), 'true');
  assert.equal(await bot.say('keys'), '[]');
});

test('a job that runs meanwhile ends, and does not bring the session back', async (t) => {
  const bot = await startBot(t, { script: SCRIPT });
  await bot.say('a=1');
  const slow = bot.say('slow');
  await sleep(200);
  assert.equal(await bot.say('forget me'), 'true');
  assert.equal(await slow, null);
  assert.equal(await bot.say('keys'), '[]');
});

test('wemoon forget: session and conversation of a user of a running bot are gone, on SQLite and on Redis', async (t) => {
  const redis = await makeRedis(t);
  for (const config of [{}, { store: redis.url }]) {
    const bot = await startBot(t, { script: SCRIPT, config });
    for (const user of [OPENID, OTHER]) await bot.say('a=1', as(user));
    for (const user of [OPENID, OTHER]) assert.equal(await bot.say('talk', as(user)), 'name?');
    const { stdout, stderr } = await wemoon(['forget', OPENID], { cwd: bot.dir, code: 0 });
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /nothing was stored/);
    await until(async () => (await wemoon(['store', 'get', 'ended'], { cwd: bot.dir })).stdout === '"forgotten"\n', 'the end of the conversation');
    assert.equal(await bot.say('keys'), '[]');
    assert.equal(await bot.say('moon', as(OTHER)), 'hello moon');
    assert.equal(await bot.say('keys', as(OTHER)), '[a]');
    const kept = await wemoon(['store', 'export', '--all'], { cwd: bot.dir, code: 0 });
    assert.doesNotMatch(kept.stdout, new RegExp(`(session|forgotten)/[^"]*${OPENID}`));
    await bot.stop();
  }
});

test('wemoon forget of a user that nobody knows is done and says so; without a store, with memory: or without an openid it is told', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'config.lua': configLua({ token: TOKEN, appid: APPID }) });
  const run = (args, code) => wemoon(['forget', ...args], { cwd: dir, code });
  assert.match((await run(['oNobody'], 1)).stderr, /^wemoon: forget: store: wemoon\.db does not exist/);
  await wemoon(['exec', '-e', 'wechat.store.set("a", 1)'], { cwd: dir, code: 0 });
  assert.match((await run(['oNobody'], 0)).stderr, /^wemoon: forget: nothing was stored about oNobody: is it the openid of a user\?\n$/);
  assert.match((await run([], 2)).stderr, /an argument is missing: wemoon forget OPENID/);
  assert.match((await run(['o', '--store', 'memory:'], 2)).stderr, /the store is memory:/);
});

test('wemoon forget never takes another account\'s user for one of whom nothing is stored', async (t) => {
  const redis = await makeRedis(t);
  for (const store of ['sqlite:wemoon.db', redis.url]) {
    const dir = tempDir(t);
    const shell = (args, code, env = {}) => wemoon([...args, '--store', store], { cwd: dir, code, env });
    await shell(['store', 'import', '--all', '--token', 'tok1'], 0);
    assert.match((await shell(['forget', OPENID], 2)).stderr, /^wemoon: (forget: )?neither token nor appid is set, so it is unknown whose data is meant: .*WEMOON_TOKEN.*--token/);
    await shell(['exec', '-e', 'wechat.store.set("a", 1)'], 0, { WEMOON_TOKEN: 'tok1' });
    const wrong = await shell(['forget', OPENID, '--token', 'wrong1'], 1);
    assert.match(wrong.stderr, /^wemoon: forget: nothing was deleted: nothing is stored of the account token-[0-9a-f]{16}, only of token-[0-9a-f]{16}: is it the right token or appid\?\n$/);
    assert.match((await shell(['forget', OPENID], 0, { WEMOON_TOKEN: 'tok1' })).stderr, /nothing was stored about/);
    // An account that was made later than the token is still the same one.
    assert.match((await shell(['forget', OPENID, '--appid', APPID], 0, { WEMOON_TOKEN: 'tok1' })).stderr, /nothing was stored about/);
  }
});

test('accounts without an appid keep their sessions apart, and find what version 0.1 kept', async (t) => {
  const dir = tempDir(t);
  const store = `sqlite:${dir}/wemoon.db`;
  writeFiles(dir, { 'config.lua': configLua({ token: 'first1' }) });
  const old = '{"key":"session//oU","own":true,"value":{"old":1}}\n';
  await wemoon(['store', 'import', '--all'], { cwd: dir, input: old, code: 0 });
  const [one, two] = [await startBot(t, { script: SCRIPT, config: { token: 'first1', store } }),
    await startBot(t, { script: SCRIPT, config: { token: 'second2', store } })];
  assert.equal(await one.say('keys', as('oU')), '[old]');
  assert.equal(await one.say('new=1', as('oU')), 'set');
  assert.equal(await two.say('keys', as('oU')), '[]');
  assert.equal(await two.say('theirs=1', as('oU')), 'set');
  assert.equal(await one.say('keys', as('oU')), '[new old]');
});

for (const way of ['wechat.forget', 'wemoon forget']) {
  for (const interpreters of [1, 2]) {
    test(`${way}, ${interpreters} interpreter(s): what is under way for a forgotten user ends, and nothing more goes out`, async (t) => {
      const peer = await startPeer(t);
      const script = `function on_message(msg)
        if msg.content == "forget" then
          wechat.sleep(0.1)
          assert(wechat.forget(msg.source))
          wechat.sleep(1.5)
          return "forgotten"
        end
        local _ <close> = setmetatable({}, { __close = function() wechat.log.info("closed " .. msg.content) end })
        wechat.spawn(function() wechat.sleep(5) wechat.send_text_message(msg.source, "spawned") end)
        wechat.sleep(msg.content == "slow" and 5 or 0.1)
        return "late " .. msg.content
      end`;
      const config = { interpreters, deadline_ms: 500, error_reply: 'sorry', ...platform(peer) };
      const bot = await startBot(t, { script, config });
      assert.equal(await bot.say('slow', as(OPENID)), null);
      assert.equal(await bot.say('slow', as(OTHER)), null);
      if (way === 'wemoon forget') await wemoon(['forget', OPENID], { cwd: bot.dir, code: 0 });
      else assert.equal(await bot.say('forget', as(OPENID)), null);
      await bot.waitForLog(/closed slow/);
      await until(() => peer.sent.filter((sent) => sent.touser === OTHER).length === 2, 'what is sent to the other user', 12000);
      await sleep(way === 'wemoon forget' ? 300 : 1500);
      const sent = peer.sent.filter((one) => one.touser === OPENID).map((one) => one.text.content);
      assert.deepEqual(sent, way === 'wemoon forget' ? [] : ['forgotten']);
    });
  }
}

// The script of a message forgets its own user 1 s after it began; meanwhile the second process has a try of the message.
async function forgetsItself(t) {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    wechat.sleep(1)
    assert(wechat.forget(msg.source))
    wechat.http.post("${peer.url}/forgotten", { body = "x" })
    wechat.sleep(1.7)
    return "forgotten"
  end`;
  const config = { store: `sqlite:${tempDir(t)}/wemoon.db`, ...platform(peer) };
  const bots = [await startBot(t, { script, config }), await startBot(t, { script, config })];
  await sleep(600); // until both have noticed each other
  const xml = textXml('go');
  const first = bots[0].deliver(xml).catch(() => null);
  await sleep(300);
  return { peer, bots, answers: [first, bots[1].deliver(xml)] };
}

test('a message whose script forgets its own user is answered at the process that has another try of it, too', async (t) => {
  const { answers } = await forgetsItself(t);
  for (const { reply } of await Promise.all(answers)) assert.equal(reply?.Content, 'forgotten');
});

test('a message whose script forgets its own user is run by the process that has another try, once the first one is killed', async (t) => {
  const { peer, bots } = await forgetsItself(t);
  await until(() => peer.seen.length === 1, 'the call');
  await sleep(1200); // the second process looks for notices every second
  await bots[0].kill();
  await until(() => peer.sent.length === 1, 'the late answer', 15000);
  assert.equal(peer.sent[0].text.content, 'forgotten');
});

// The script of an owed message forgets its own user, then works on.
async function owedForgetsItself(t, config = {}) {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    if msg.content == "slow" then wechat.sleep(2.5) return "slow" end
    wechat.sleep(1.5)
    assert(wechat.forget(msg.source))
    wechat.http.post("${peer.url}/forgotten", { body = "x" })
    wechat.sleep(2)
    wechat.http.post("${peer.url}/after", { body = "x" })
    return "done"
  end`;
  const all = { store: `sqlite:${tempDir(t)}/wemoon.db`, deadline_ms: 800, late_reply: 'customer_service', ...platform(peer), ...config };
  const bots = [await startBot(t, { script, config: all }), await startBot(t, { script, config: all })];
  await sleep(600); // until both have noticed each other
  const fields = { CreateTime: Math.floor(Date.now() / 1000) - 10 }; // the platform's last try
  const answers = [bots[0].say('slow', { fields }), bots[0].say('go', { fields })];
  const late = config.late_text || null;
  assert.deepEqual(await Promise.all(answers), [late, late]);
  return { peer, bots, config: all };
}

const sent = (peer) => peer.sent.map(({ text }) => text.content);

test('an owed message whose script forgets its own user goes on, and the user\'s others end', async (t) => {
  const { peer, config } = await owedForgetsItself(t);
  await until(() => peer.sent.length === 1, 'the late answer', 15000);
  await until(async () => (await keptKeys(t, config)).length === 0, 'nothing owed');
  await sleep(1000);
  assert.deepEqual(sent(peer), ['done']);
  assert.deepEqual(peer.seen, ['POST /forgotten', 'POST /after']);
});

test('an owed message whose script has forgotten its own user is gone on with by another process', async (t) => {
  const { peer, bots, config } = await owedForgetsItself(t);
  await until(() => peer.seen.length === 1, 'the call');
  await until(async () => (await keptKeys(t, config)).length === 1, 'its run alone in the store');
  await bots[0].kill();
  await until(() => peer.sent.length === 1, 'the late answer', 15000);
  await until(async () => (await keptKeys(t, config)).length === 0, 'nothing owed');
  assert.deepEqual(sent(peer), ['done']);
  assert.deepEqual(peer.seen, ['POST /forgotten', 'POST /after']);
});

test('late_reply = "keep": the answer of an owed message whose script forgets its own user is fetched', async (t) => {
  const { peer, bots } = await owedForgetsItself(t, { late_reply: 'keep', late_text: 'wait' });
  await until(() => peer.seen.length === 1, 'the call');
  assert.equal(await bots[0].say('fetch'), 'wait');
  await until(() => peer.seen.length === 2, 'its end');
  await sleep(300);
  assert.equal(await bots[0].say('fetch'), 'done');
});

// Keeps the answer of `slow`, and answers the user with `wait` until then.
const keeping = (t, peer) => ({
  script: `function on_message(msg)
    if msg.type == "click" then
      local _, any = wechat.forget(msg.source)
      wechat.http.post("${peer.url}/" .. tostring(any), { body = "x" })
    elseif msg.content == "forget" then
      assert(wechat.forget(msg.source))
    else
      wechat.sleep(msg.content == "slow" and 2 or 0)
      return msg.content .. " answer"
    end
  end`,
  config: { store: `sqlite:${tempDir(t)}/wemoon.db`, deadline_ms: 500, late_reply: 'keep', late_text: 'wait', ...platform(peer) },
});
// The platform's last try.
const lastTry = (FromUserName = OPENID) => ({ fields: { FromUserName, CreateTime: Math.floor(Date.now() / 1000) - 10 } });

test('what is kept after a forget stays, though another process starts and learns of the forget', async (t) => {
  const all = keeping(t, await startPeer(t));
  const bot = await startBot(t, all);
  assert.equal(await bot.say('forget'), null);
  await sleep(1500);
  assert.equal(await bot.say('slow', lastTry()), 'wait');
  await sleep(2500);
  await startBot(t, all);
  await sleep(1500); // it looks for notices every second
  assert.equal(await bot.say('fetch'), 'slow answer');
});

test('what is promised after a forget stays, though another process learns of the forget later', async (t) => {
  const all = keeping(t, await startPeer(t));
  const bots = [await startBot(t, all), await startBot(t, all)];
  await sleep(1000);
  const fetched = await Promise.all([0, 1, 2, 3, 4, 5].map(async (i) => {
    await sleep(i * 150);
    assert.equal(await bots[0].say('forget', as(`oUser${i}`)), null);
    assert.equal(await bots[0].say('slow', lastTry(`oUser${i}`)), 'wait');
    await sleep(1000);
    return bots[0].say('fetch', as(`oUser${i}`));
  }));
  assert.deepEqual(fetched, Array(6).fill('wait'));
});

test('wechat.forget says whether an answer was kept, and that it is gone then', async (t) => {
  const peer = await startPeer(t);
  const bot = await startBot(t, keeping(t, peer));
  assert.equal(await bot.say('slow', lastTry()), 'wait');
  await sleep(2500);
  for (const any of [true, false]) {
    await bot.deliver(eventXml('CLICK', { EventKey: `${any}` }));
    await until(() => peer.seen.at(-1) === `POST /${any}`, `a forget that says ${any}`);
  }
  assert.equal(await bot.say('fetch'), 'fetch answer');
});

test('a conversation whose script forgets its own user goes on, though another process has it in memory', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    local answer, why = wechat.ask("sure?")
    if not answer then wechat.http.post("${peer.url}/" .. why, { body = "x" }) return end
    wechat.sleep(0.5)
    assert(wechat.forget(msg.source))
    wechat.sleep(1.5) -- other processes look for notices every second
    wechat.http.post("${peer.url}/after", { body = "x" })
    return wechat.ask("really?").content
  end`;
  const config = { store: `sqlite:${tempDir(t)}/wemoon.db`, ...platform(peer) };
  const bots = [await startBot(t, { script, config }), await startBot(t, { script, config })];
  await sleep(600);
  assert.equal(await bots[1].say('talk'), 'sure?');
  assert.equal(await bots[0].say('yes'), 'really?');
  assert.equal(await bots[1].say('indeed'), 'indeed');
  await sleep(500);
  assert.deepEqual(peer.seen, ['POST /after']);
});

test('a late reply that goes out while its user is forgotten leaves nothing of the user in the store', async (t) => {
  const peer = await startPeer(t);
  const script = `function on_message(msg)
    wechat.sleep(0.8)
    return "late"
  end`;
  const bot = await startBot(t, { script, config: { deadline_ms: 500, ...platform(peer) } });
  const keys = async () => (await wemoon(['store', 'export', '--all'], { cwd: bot.dir, code: 0 })).stdout.match(new RegExp(`quota/[^"]*${OPENID}`, 'g'));
  peer.pause = 400;
  let written = false;
  for (let i = 0; i < 5 && !written; i++) {
    peer.sent.length = 0;
    assert.equal(await bot.say('slow'), null);
    await until(() => peer.sent.length === 1, 'the late reply');
    await wemoon(['forget', OPENID], { cwd: bot.dir, code: 0 });
    for (let j = 0; j < 8 && !written; j++) {
      written = await keys();
      await sleep(50);
    }
    await sleep(2500);
    assert.equal(await keys(), null);
  }
  assert.ok(written, 'no reply was counted after its user was forgotten');
});

test('what a cancelled script still sends to a forgotten user leaves no quota behind', async (t) => {
  const peer = await startPeer(t);
  const bot = await startBot(t, {
    script: `function on_message(msg)
      if msg.content == "forget" then return tostring(wechat.forget("${OTHER}")) end
      local _ <close> = setmetatable({}, { __close = function()
        wechat.sleep(0.2)
        wechat.send_text_message(msg.source, "bye")
      end })
      wechat.sleep(10)
    end`,
    config: { ...platform(peer), interpreters: 2, deadline_ms: 300 },
  });
  assert.equal(await bot.say('slow', as(OTHER)), null);
  assert.equal(await bot.say('forget'), 'true');
  await until(() => peer.sent.length === 1, 'the message');
  const quota = new RegExp(`quota/[^"]*${OTHER}`);
  await until(async () => !quota.test((await wemoon(['store', 'export', '--all'], { cwd: bot.dir, code: 0 })).stdout), 'no quota', 8000);
  await sleep(500);
  assert.doesNotMatch((await wemoon(['store', 'export', '--all'], { cwd: bot.dir, code: 0 })).stdout, quota);
});
