// "A 16-second answer on an account without customer messages is read by the user in the second message, always": on
// every kind of account that the simulated platform has, and with the bot killed in between.
'use strict';

const { describe, test } = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');
const { startBot, freePort, tempDir, until, wemoon, writeFiles, APPID } = require('./harness');
const { startDev } = require('./dev');

const LATE_TEXT = '还在想，稍后发任意文字看结果';
const NOTICE = '该公众号暂时无法提供服务';
const SCRIPT = `function on_message(msg)
  if msg.content == "slow" then wechat.sleep(16) return "the answer" end
  return "ran"
end`;

const texts = (shown) => shown.filter(({ kind }) => kind !== 'typing').map((entry) => entry.content || entry.text);

// Starts the platform with an account of that kind, and a bot that it calls.
async function startAccount(t, kind) {
  const port = await freePort();
  const keys = { appid: APPID, appsecret: '0123456789abcdef0123456789abcdef' };
  const sim = await startDev(t, { args: ['--callback', `http://127.0.0.1:${port}/wechat`, '--account-kind', kind], config: keys });
  const config = { ...keys, encrypt_mode: 'normal', api_base: sim.url, listen: `127.0.0.1:${port}`,
    store: `sqlite:${path.join(tempDir(t), 'account.db')}` };
  const start = () => startBot(t, { script: SCRIPT, config });
  return { sim, start };
}

// At the same time: they wait, and compute little.
describe('every kind of account', { concurrency: 6 }, () => {
  for (const kind of ['personal', 'unverified']) {
    test(`${kind}: the second message shows it, the first time and later, with kill -9 between`, async (t) => {
      const { sim, start } = await startAccount(t, kind);
      let bot = await start();
      // The missing right is not known yet: the first message is answered `success`, and the send is refused.
      assert.deepEqual(texts((await sim.say('slow')).shown), []);
      await bot.waitForLog(/is kept for the user's next message: .*48001/, 16000);
      await bot.kill();
      bot = await start();
      assert.deepEqual(texts((await sim.say('second')).shown), ['the answer\n\nran']);
      // The missing right is known now.
      assert.deepEqual(texts((await sim.say('slow')).shown), [LATE_TEXT]);
      await bot.kill();
      bot = await start();
      await bot.waitForLog(/is kept for the user's next message openid/, 20000);
      assert.deepEqual(texts((await sim.say('second')).shown), ['the answer']);
      assert.deepEqual(texts((await sim.say('third')).shown), ['ran']);
      assert.doesNotMatch(JSON.stringify((await sim.state()).chats), new RegExp(NOTICE));
    });
  }

  for (const kind of ['subscription', 'service', 'test']) {
    test(`${kind}: it comes as a customer service message, with kill -9 between`, async (t) => {
      const { sim, start } = await startAccount(t, kind);
      let bot = await start();
      assert.deepEqual(texts((await sim.say('slow')).shown), []);
      await bot.kill();
      bot = await start();
      const chat = async () => Object.values((await sim.state()).chats).flat().filter(({ from }) => from === 'account').map(({ content }) => content);
      await until(async () => (await chat()).includes('the answer'), 'the answer', 25000);
      assert.deepEqual(texts((await sim.say('second')).shown), ['ran']);
      assert.equal((await chat()).filter((text) => text === 'the answer').length, 1);
    });
  }

  test('a spec says each rung', async (t) => {
    const dir = tempDir(t);
    writeFiles(dir, { 'bot.lua': `function on_message(msg)
        if msg.content == "slow" then wechat.sleep(16) return "the answer" end
        if msg.content == "soon" then wechat.sleep(7) return "in time" end
        return "ran"
      end`,
    'bot_spec.lua': `
      test("in time", function() expect(bot:user("a"):says("x")):is("ran") end)
      test("a customer service message", function()
        local user = bot:user("a")
        expect(user:says("slow")):is_nil()
        user:expects_later("the answer", 20)
      end)
      test("kept, then a try of the platform's, then late_text", function()
        bot:account_kind("personal")
        local user = bot:user("a")
        expect(user:says("slow")):is_nil()
        bot:wait(20)
        expect(user:says("x")):is("the answer\\n\\nran")
        expect(user:says("soon")):is("in time")
        expect(user:says("slow")):is("${LATE_TEXT}")
        bot:wait(20)
        expect(user:says("?")):is("the answer")
        expect(user:says("x")):is("ran")
      end)` });
    const { stdout } = await wemoon(['test', 'bot_spec.lua'], { cwd: dir, timeoutMs: 90000 });
    assert.match(stdout, /3 passed/, stdout);
  });
});
