// What is owed to users, for the tests of messages whose process ended before their script began.
'use strict';

const path = require('node:path');
const { makeRedis } = require('./redis');
const { tempDir, wemoon, writeFiles } = require('./harness');

const storeOf = async (t, kind) => (kind === 'Redis' ? (await makeRedis(t)).url : `sqlite:${path.join(tempDir(t), 'kept.db')}`);
const texts = (peer) => peer.sent.map((sent) => sent.text.content);

// A script whose answer to the message after `go` waits for a call; what comes then waits behind it.
const heldScript = (peer) => `function on_message(msg)
  if msg.content ~= "go" then return "plain " .. msg.content end
  local answer = wechat.ask("one?").content
  wechat.http.get("${peer.url}/held", { timeout = 60 })
  return "answer to " .. answer
end`;

// The keys of runs in the store.
async function keptKeys(t, config) {
  const dir = tempDir(t);
  writeFiles(dir, { 'config.lua': `return { store = "${config.store}", token = "t", appid = "${config.appid}" }` });
  const { stdout } = await wemoon(['store', 'export', '--all', '--config', path.join(dir, 'config.lua')], { code: 0 });
  return stdout.split('\n').filter((line) => /^.key.:.(owed|asked)\//.test(line.slice(1)));
}

module.exports = { heldScript, keptKeys, storeOf, texts };
