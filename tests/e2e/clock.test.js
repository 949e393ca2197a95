// The system clock is set an hour forward or back while a bot serves.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { atEnd, APPID, sleep, startBot, textXml, until } = require('./harness');
const { preload, sanitized: skip } = require('./preload');
const { stopwatch } = require('./stopwatch');

const HOUR = 3600;

function makeClock(t) {
  const { env, put } = preload(t, 'shift', 1);
  const clock = {
    env,
    seconds: 0,
    set(seconds) {
      clock.seconds = seconds;
      put(0, seconds);
    },
    now: () => Math.floor(Date.now() / 1000) + clock.seconds,
  };
  return clock;
}

async function startPlatform(t) {
  const platform = { tokens: 0 };
  const server = http.createServer((request, response) => {
    const token = request.url.includes('stable_token');
    if (token) platform.tokens++;
    response.end(JSON.stringify(token ? { access_token: `T${platform.tokens}`, expires_in: 7200 } : { nickname: 'moon' }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  platform.url = `http://127.0.0.1:${server.address().port}`;
  return platform;
}

const SCRIPT = `
local runs, ticks = 0, 0
function on_load() wechat.every(0.05, function() ticks = ticks + 1 end) end
function on_message(msg)
  runs = runs + 1
  if msg.content == "slow" then wechat.sleep(0.4) end
  if msg.content == "api" then return (wechat.get_user_info(msg.source) or {}).nickname end
  if msg.content == "ticks" then return tostring(ticks) end
  local session = wechat.session()
  session.n = (session.n or 0) + 1
  return session.n .. " " .. runs
end`;

for (const [direction, seconds] of [['forward', HOUR], ['back', -HOUR]]) {
  test(`the clock is set an hour ${direction}: duplicates, deadlines, sessions, tokens and timers go on`, { skip }, async (t) => {
    const clock = makeClock(t), platform = await startPlatform(t);
    const bot = await startBot(t, { script: SCRIPT, env: clock.env, config: { appid: APPID, appsecret: 'a-secret-of-the-account', api_base: platform.url,
      deadline_ms: 200, late_reply: 'drop' } });
    const ask = (content, id) => bot.deliver(textXml(content, { MsgId: id }), { query: { timestamp: clock.now() } });
    const say = async (content, id) => {
      const answer = await ask(content, id);
      return answer.reply ? answer.reply.Content : `${answer.status} ${answer.body}`;
    };
    assert.equal(await say('a', '1'), '1 1');
    assert.equal(await say('api', '2'), 'moon');
    const slow = say('slow', '3');
    await sleep(50);
    clock.set(seconds);
    const elapsed = stopwatch(bot);
    assert.equal(await slow, '200 success', 'at its deadline');
    const ms = elapsed();
    assert.ok(ms < 1000, `${ms} ms`);
    assert.equal(await say('a', '1'), '1 1', 'a duplicate of before');
    assert.equal(await say('a', '4'), '2 4', 'the session, while the slow one is under way');
    assert.equal(await say('api', '5'), 'moon');
    assert.equal(platform.tokens, 1, 'tokens fetched');
    const before = Number(await say('ticks', '6'));
    await until(async () => Number(await say('ticks', `7${Date.now()}`)) > before, 'a tick');
  });
}

test('a clock that is wrong has the platform\'s messages refused, and the log asks whether it is right', { skip }, async (t) => {
  const clock = makeClock(t);
  const bot = await startBot(t, { script: 'function on_message() return "hi" end', env: clock.env });
  clock.set(HOUR);
  assert.equal((await bot.deliver(textXml('x'))).status, 403);
  await bot.waitForLog(/timestamp differs by 3\d+ s from this machine's clock, more than replay_window_s.*clock right\?/s);
  clock.set(0);
  assert.equal(await bot.say('x'), 'hi');
});
