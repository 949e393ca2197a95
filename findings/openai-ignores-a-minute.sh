#!/bin/sh
# npm openai 4.104.0 heeds "Retry-After" if it is less than 60 s; a longer wait is ignored, and it asks again after half a second and
# after one more. A gateway that limits requests per minute says "Retry-After: 60" to whoever begins the minute: such a call is
# made three times within two seconds, refused three times, and counts three times where refusals count. With 59 the client waits:
# 59 s, whatever its timeout is, which limits one attempt and no pause. A call with a timeout of 1 s takes 6 s when told "3" twice,
# longer than the 5 s in which the platform takes a reply. openai 6.49.0 waits for 60 too. Set maxRetries to 0 where time is
# short, and read headers["retry-after"] of the error.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund openai@4.104.0 openai6@npm:openai@6.49.0
cat >run.js <<'JS'
const http = require('node:http'), WATCHED = 8000;
const clients = { 'openai 4': require('openai').OpenAI, 'openai 6': require('openai6').OpenAI };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// How often a refused call is made within the time that is watched, and when the caller hears of it.
async function call(Client, wait) {
  let asked = 0;
  const gateway = http.createServer((request, response) => request.resume().on('end', () => {
    asked++;
    response.writeHead(429, { 'Content-Type': 'application/json', 'Retry-After': wait }).end('{"error":{"message":"too many requests"}}');
  })).listen(0, '127.0.0.1');
  await new Promise((resolve) => gateway.once('listening', resolve));
  const began = Date.now(), client = new Client({ apiKey: 'key', baseURL: `http://127.0.0.1:${gateway.address().port}`, timeout: 1000 });
  const told = await Promise.race([pause(WATCHED), client.chat.completions.create({ model: 'm', messages: [] })
    .catch((error) => `fails with ${error.status} ${Date.now() - began < 2500 ? 'within 2 s' : `after ${Math.round((Date.now() - began) / 1000)} s`}`)]);
  gateway.close();
  gateway.closeAllConnections();
  return `made ${asked} times, ${told ?? 'still waiting after 8 s'}`;
}

(async () => {
  for (const [name, Client] of Object.entries(clients)) {
    for (const wait of ['60', '59', '3']) console.log(`${name}, Retry-After ${wait}: ${await call(Client, wait)}`);
  }
  process.exit();
})();
JS
npm ls --depth=0 | tail -n +2
node run.js | tee seen
cat >expected <<'TEXT'
openai 4, Retry-After 60: made 3 times, fails with 429 within 2 s
openai 4, Retry-After 59: made 1 times, still waiting after 8 s
openai 4, Retry-After 3: made 3 times, fails with 429 after 6 s
openai 6, Retry-After 60: made 1 times, still waiting after 8 s
openai 6, Retry-After 59: made 1 times, still waiting after 8 s
openai 6, Retry-After 3: made 3 times, fails with 429 after 6 s
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
