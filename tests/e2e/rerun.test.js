// A script that is run again to go on elsewhere: chance goes on, and what was told is not told again.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const path = require('node:path');
const { atEnd, startBot, freePort, tempDir, until } = require('./harness');

const sqlite = (t) => `sqlite:${path.join(tempDir(t), 'kept.db')}`;

for (const [where, top, inside] of [['at the top of the file', 'math.randomseed(42)', ''], ['in the conversation', '', 'math.randomseed(42)']]) {
  test(`chance seeded ${where} goes on after a restart as without one`, async (t) => {
    const script = `${top}
      function on_message(msg)
        if msg.content ~= "start" then return "plain" end
        ${inside}
        local first = math.random(1000000)
        wechat.ask(tostring(first))
        local second = math.random(1000000)
        wechat.ask(tostring(second))
        return math.random(1000000)
      end`;
    const talk = async (between) => {
      const config = { store: sqlite(t) }, told = [];
      let bot = await startBot(t, { script, config });
      for (const word of ['start', 'x', 'y']) {
        told.push(await bot.say(word));
        if (!between) continue;
        await bot[between]();
        bot = await startBot(t, { script, config });
      }
      await bot.stop();
      return told;
    };
    const alone = await talk(null);
    assert.equal(new Set(alone).size, 3);
    assert.deepEqual(await talk('kill'), alone);
  });
}

const errors = async (port) => {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^wemoon_script_errors_total (\d+)$/m.exec(page)[1]);
};

test('a spawned function that failed is logged and counted once', async (t) => {
  const script = `function on_message(msg)
    local failed = 0
    wechat.spawn(function() failed = failed + 1 error("failed early") end)
    wechat.spawn(function() wechat.sleep(0.01) failed = failed + 1 error("failed late") end)
    while failed < 2 do wechat.sleep(0.05) end
    local first = wechat.ask("first?")
    return first.content .. wechat.ask("second?").content
  end`;
  const port = await freePort();
  const config = { store: sqlite(t), admin_listen: `127.0.0.1:${port}` };
  const told = [];
  for (const [word, answer, failures] of [['go', 'first?', 2], ['a', 'second?', 0], ['b', 'ab', 0]]) {
    const bot = await startBot(t, { script, config });
    assert.equal(await bot.say(word), answer);
    await until(async () => await errors(port) >= failures, `${failures} failures`);
    assert.equal(await errors(port), failures, bot.log);
    told.push(...(bot.log.match(/failed (early|late)(?= openid)/gm) || []));
    await bot.kill();
  }
  assert.deepEqual(told.sort(), ['failed early', 'failed late']);
});

test('lines before the call that was under way are not written again', async (t) => {
  const asked = [];
  const server = http.createServer((request, response) => { // it answers the second time only
    if (asked.push(request.url) > 1) response.end('there');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  const script = `function on_message(msg)
    wechat.log.info("line one") print("line two")
    wechat.log.info("line three", wechat.http.get("http://127.0.0.1:${server.address().port}/slow").body)
  end`;
  const config = { store: sqlite(t), deadline_ms: 200, late_reply: 'customer_service' };
  const first = await startBot(t, { script, config });
  assert.equal(await first.say('go'), null);
  await first.waitForLog(/line one/);
  await first.kill();
  const next = await startBot(t, { script, config });
  await next.waitForLog(/line three there/, 15000);
  assert.deepEqual(asked, ['/slow', '/slow']);
  assert.doesNotMatch(next.log + next.output, /line one|line two/);
});

test('an answer that makes a record longer than 256 KB reaches its question', async (t) => {
  const script = `function on_message(msg)
    local long = wechat.once(string.rep, "x", 256 * 1024 - 300)
    local answer = wechat.ask("first?").content
    return answer .. wechat.ask("second, " .. answer .. "?").content
  end`;
  const config = { store: sqlite(t) };
  let bot = await startBot(t, { script, config });
  assert.equal(await bot.say('go'), 'first?');
  await bot.kill();
  bot = await startBot(t, { script, config });
  assert.equal(await bot.say('a'), 'second, a?');
  await bot.waitForLog(/makes its record longer than 256 KB/);
  assert.equal(await bot.say('b'), 'ab');
});
