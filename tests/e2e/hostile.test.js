// Attacks: scripts, clients and moments that are chosen to crash, hang, starve or confuse the bot.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { startBot, sleep } = require('./harness.js');

// For crowds: each message from a user of its own.
const from = (user) => ({ fields: { FromUserName: `oUser${user}` } });

test('a message that failed takes nothing from those that sleep meanwhile', async (t) => {
  const bot = await startBot(t, { script: `
function on_message(msg)
  if msg.content == 'fail' then error('on purpose') end
  local session = wechat.session  -- asked for after the failure: its table takes a place in the registry
  wechat.sleep(msg.content == 'early' and 0.3 or 0.6)
  if msg.content == 'early' then session().seen = true end
  wechat.sleep(0.2)
  collectgarbage()
  return msg.content
end` });
  const early = [1, 2, 3, 4].map((user) => bot.say('early', from(user)));
  await sleep(150);
  assert.equal(await bot.say('fail'), null);
  await sleep(250);
  const late = [5, 6, 7, 8].map((user) => bot.say('late', from(user)));
  assert.deepEqual(await Promise.all([...early, ...late]), [...Array(4).fill('early'), ...Array(4).fill('late')]);
});
