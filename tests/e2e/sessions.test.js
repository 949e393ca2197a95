// wechat.session with many concurrent messages of one user.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { startBot, tempDir, until } = require('./harness');
const { makeRedis } = require('./redis');

const SCRIPT = `
function on_message(msg)
  local session = wechat.session()
  local key = msg.content:match("^set (%w+)$")
  if key then
    wechat.sleep(tonumber(os.getenv("PAUSE")))
    session[key] = true
    return "set"
  end
  local count = 0
  for _ in pairs(session) do count = count + 1 end
  return tostring(count)
end`;

const stores = {
  'in memory': () => 'memory:',
  'in a SQLite file': (t) => `sqlite:${path.join(tempDir(t), 'wemoon.db')}`,
  'on Redis': async (t) => (await makeRedis(t)).url,
};

for (const [where, make] of Object.entries(stores)) {
  for (const processes of where === 'in memory' ? [1] : [1, 2]) {
    for (const PAUSE of ['0.3', '0.001']) {
      test(`100 messages of one user at once lose no key: ${where}, ${processes} process${processes > 1 ? 'es' : ''}, ${PAUSE} s each`, async (t) => {
        const store = await make(t);
        const bots = await Promise.all(Array.from({ length: processes }, () => startBot(t, { script: SCRIPT, config: { store }, env: { PAUSE } })));
        const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => bots[i % processes].say(`set k${i}`)));
        assert.deepEqual(new Set(answers), new Set(['set']));
        for (const bot of bots) assert.doesNotMatch(bot.log, /could not be saved/);
        // The session is saved after the answer is sent.
        for (const bot of bots) await until(async () => (await bot.say('count')) === '100', '100 keys', 3000);
      });
    }
  }
}

test('the file of the store is whole by itself five seconds after the last write', async (t) => {
  const dir = tempDir(t);
  const bot = await startBot(t, { script: SCRIPT, env: { PAUSE: '0.001' }, config: { store: `sqlite:${path.join(dir, 'wemoon.db')}` } });
  await Promise.all(Array.from({ length: 20 }, (_, i) => bot.say(`set k${i}`)));
  await new Promise((resolve) => setTimeout(resolve, 5000));
  fs.copyFileSync(path.join(dir, 'wemoon.db'), path.join(dir, 'copy.db'));
  const text = execFileSync('sqlite3', [path.join(dir, 'copy.db'), "select cast(value as text) from wemoon_store where cast(key as text) like 'o:session/%'"], { encoding: 'utf8' });
  assert.equal(Object.keys(JSON.parse(text)).length, 20);
});
