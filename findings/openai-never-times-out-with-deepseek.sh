#!/bin/sh
# npm openai 4.104.0 and 6.49.0: "timeout" ends when the head of the answer arrives; the wait for the body has no limit. Most peers
# send the head together with the first word, or with the whole answer, and the two are one. DeepSeek's API, which is called with
# this client by its own manual, answers a busy hour otherwise: the head at once, then empty lines (": keep-alive" in a stream)
# until the answer is there, for many minutes if need be. With a timeout of 1 s and no retry, a call that is answered after 4 s of
# silence fails after 1 s; one that is answered after 4 s of empty lines succeeds after 4 s. No timeout is ever in force there, and
# a test against a slow server does not see it. A signal limits the whole: { signal: AbortSignal.timeout(1000) } as the second
# argument of each call, whose error is no APIConnectionTimeoutError.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund openai@4.104.0 openai6@npm:openai@6.49.0
cat >run.js <<'JS'
const clients = { 'openai 4': require('openai').OpenAI, 'openai 6': require('openai6').OpenAI };
const whole = JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: 'hello' } }] });
const stream = 'data: {"choices":[{"index":0,"delta":{"content":"hello"}}]}\n\ndata: [DONE]\n\n';

// Answers after 4 s; until then it is silent, or sends the head and a line that means nothing, twice a second.
const server = require('node:http').createServer((request, response) => {
  const alive = request.url.startsWith('/alive');
  let body = '', timer;
  request.on('data', (chunk) => { body += chunk; }).on('end', () => {
    const streams = JSON.parse(body).stream;
    response.setHeader('Content-Type', streams ? 'text/event-stream' : 'application/json');
    if (alive) timer = setInterval(() => response.write(streams ? ': keep-alive\n\n' : '\n'), 500);
    if (alive) response.flushHeaders();
    setTimeout(() => { clearInterval(timer); response.end(streams ? stream : whole); }, 4000);
  });
}).listen(0, '127.0.0.1', run);

async function ask(client, streams, options) {
  const answer = await client.chat.completions.create({ model: 'm', messages: [], stream: streams }, options);
  if (!streams) return answer.choices[0].message.content;
  let text = '';
  for await (const part of answer) text += part.choices[0].delta.content;
  return text;
}

async function tell(what, asked) {
  const began = Date.now();
  const outcome = await asked().then((text) => `"${text}"`, (error) => error.constructor.name);
  console.log(`${what}: ${outcome} after ${Math.round((Date.now() - began) / 1000)} s`);
}

async function run() {
  for (const [name, Client] of Object.entries(clients)) {
    for (const peer of ['silent', 'alive']) {
      const baseURL = `http://127.0.0.1:${server.address().port}/${peer}`;
      const client = new Client({ apiKey: 'key', baseURL, timeout: 1000, maxRetries: 0 });
      for (const streams of [false, true]) await tell(`${name}, ${peer}, ${streams ? 'stream' : 'whole'}`, () => ask(client, streams));
      if (peer === 'alive') await tell(`${name}, ${peer}, signal`, () => ask(client, false, { signal: AbortSignal.timeout(1000) }));
    }
  }
  process.exit();
}
JS
npm ls --depth=0 | tail -n +2
node run.js | tee seen
cat >expected <<'TEXT'
openai 4, silent, whole: APIConnectionTimeoutError after 1 s
openai 4, silent, stream: APIConnectionTimeoutError after 1 s
openai 4, alive, whole: "hello" after 4 s
openai 4, alive, stream: "hello" after 4 s
openai 4, alive, signal: AbortError after 1 s
openai 6, silent, whole: APIConnectionTimeoutError after 1 s
openai 6, silent, stream: APIConnectionTimeoutError after 1 s
openai 6, alive, whole: "hello" after 4 s
openai 6, alive, stream: "hello" after 4 s
openai 6, alive, signal: DOMException after 1 s
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
