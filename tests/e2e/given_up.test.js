// What becomes of the messages of an interpreter that is given up: the one whose call nothing can interrupt, and those
// that waited in it.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { freePort, sleep, startBot, until } = require('./harness.js');

const from = (user) => ({ agent: false, fields: { FromUserName: user } });
const GC = `
local function hang()
  setmetatable({}, { __gc = function() while true do end end })
  collectgarbage()
end
`;
const RULES = `${GC}
local bot = require "wechat.bot"
bot.word("gc", function(msg)
  hang()
  return "gc"
end)
bot.word("later", function(msg)
  wechat.sleep(0.1)
  hang()
  return "later"
end)
bot.default(function(msg) return "echo " .. msg.content end)
on_message = bot.on_message
`;
const QUICK = { script_cpu_ms: 300, deadline_ms: 4500 };


async function start(t, script, config) {
  const port = await freePort();
  const bot = await startBot(t, { script, config: { ...QUICK, admin_listen: `127.0.0.1:${port}`, ...config } });
  const figures = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return { bot, figures };
}

// The lines of messages, one a request.
const lines = (bot) => bot.log.split('\n').filter((line) => / outcome=/.test(line));

for (const word of ['gc', 'later']) {
  test(`a message whose interpreter is given up fails at once, with its line, and is under way no longer: ${word}`, { timeout: 60000 }, async (t) => {
    const { bot, figures } = await start(t, RULES, { error_reply: 'sorry' });
    const began = Date.now();
    assert.equal(await bot.say(word, from('oStuck')), 'sorry');
    assert.ok(Date.now() - began < 4000, 'it waits for the deadline');
    await until(() => lines(bot).length === 1, `its line:\n${bot.log}`);
    assert.match(lines(bot)[0], /openid=oStuck msgid=\d+.* type=text outcome=failed attempt=1 /);
    assert.match(lines(bot)[0], /place=\S*bot\.lua:4\b/); // of collectgarbage
    assert.match(bot.log, /ERROR? .*on_message failed: \S*bot\.lua:4: it was in a call that nothing can interrupt/i);
    await bot.waitForLog(/the script was stuck at \S*bot\.lua:4 in a call/);
    const after = await figures();
    assert.match(after, /^wemoon_callbacks_total\{type="text",outcome="failed"\} 1$/m);
    assert.match(after, /^wemoon_jobs 0$/m);
    assert.match(after, /^wemoon_script_errors_total 1$/m);
    assert.equal(await bot.say('hi', from('oStuck')), 'echo hi');
    const ended = Date.now();
    await bot.stop();
    assert.ok(Date.now() - ended < 5000, `SIGTERM took ${Date.now() - ended} ms`);
  });
}

test('what waited in it is said to go on from the store where it does, and to have ended where it did', { timeout: 60000 }, async (t) => {
  const { bot } = await start(t, `${RULES}
bot.word("ask", function() return "hello " .. wechat.ask("who?").content .. " and " .. wechat.ask("who else?").content end)
bot.word("wait", function() wechat.sleep(30) return "waited" end)
`, { script_cpu_ms: 500, deadline_ms: 2500, late_reply: 'drop' });
  assert.equal(await bot.say('ask', from('oAsked')), 'who?');
  const waits = bot.say('wait', from('oWaits'));
  await sleep(300);
  const stuck = bot.say('gc', from('oStuck'));
  await bot.waitForLog(/a fresh interpreter serves; 1 of its tasks that waited ended with it; 1 of its tasks that waited go on from the store/, 20000);
  await stuck;
  assert.match(bot.log, /info .*on_message goes on from the store: its interpreter was given up while it waited in wechat\.ask.*openid=oAsked/);
  assert.match(bot.log, /warn .*on_message ended with its interpreter, which was given up, while it waited in wechat\.sleep.*openid=oWaits/);
  assert.equal(bot.log.split(' ended with its interpreter').length, 2, bot.log);
  assert.equal(await waits, null);
  assert.equal(await bot.say('Li', from('oAsked')), 'who else?');
  assert.equal(await bot.say('Wang', from('oAsked')), 'hello Li and Wang');
});
