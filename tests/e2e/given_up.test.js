// What becomes of the messages that waited in an interpreter that is given up.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { sleep, startBot } = require('./harness.js');

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
bot.default(function(msg) return "echo " .. msg.content end)
on_message = bot.on_message
`;
test('what waited in it is said to go on from the store where it does, and to have ended where it did', { timeout: 60000 }, async (t) => {
  const bot = await startBot(t, { script: `${RULES}
bot.word("ask", function() return "hello " .. wechat.ask("who?").content .. " and " .. wechat.ask("who else?").content end)
bot.word("wait", function() wechat.sleep(30) return "waited" end)
`, config: { script_cpu_ms: 500, deadline_ms: 2500, late_reply: 'drop' } });
  assert.equal(await bot.say('ask', from('oAsked')), 'who?');
  const waits = bot.say('wait', from('oWaits'));
  await sleep(300);
  const stuck = bot.say('gc', from('oStuck'));
  await bot.waitForLog(/a fresh interpreter serves; 1 of its tasks that waited ended with it; 1 of its tasks that waited go on from the store/, 20000);
  await stuck;
  assert.match(bot.log, /error the script was stuck at \S*bot\.lua in .* go on from the store openid=oStuck msgid=\d+$/m);
  assert.match(bot.log, /info .*on_message goes on from the store: its interpreter was given up while it waited in wechat\.ask.*openid=oAsked/);
  assert.match(bot.log, /warn .*on_message ended with its interpreter, which was given up, while it waited in wechat\.sleep.*openid=oWaits/);
  assert.equal(bot.log.split(' ended with its interpreter').length, 2, bot.log);
  assert.equal(await waits, null);
  assert.equal(await bot.say('Li', from('oAsked')), 'who else?');
  assert.equal(await bot.say('Wang', from('oAsked')), 'hello Li and Wang');
});
