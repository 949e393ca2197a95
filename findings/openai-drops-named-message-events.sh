#!/bin/sh
# npm openai 4.104.0 reading a streamed /chat/completions: "event: message" before the data line, which is the name that an event
# without a name has anyway (WHATWG, server-sent events), makes it wrap each chunk as { event, data }: the answer is complete, no
# error is raised, and `part.choices` is undefined in every part, so that a loop that reads choices?.[0]?.delta gets an empty
# text. A byte order mark before the stream, which the standard strips, costs the first chunk, in silence too. Gateways that build
# events with a general SSE library send the name.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund openai@4.104.0
cat >run.js <<'END'
const http = require('node:http');
const OpenAI = require('openai');
const data = (content) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })}\n\n`;
const end = 'data: [DONE]\n\n';
const streams = {
  'without a name': data('one ') + data('two') + end,
  'event: message': `event: message\n${data('one ')}event: message\n${data('two')}${end}`,
  'byte order mark': `\ufeff${data('one ')}${data('two')}${end}`,
};

async function read(body) {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const client = new OpenAI({ apiKey: 'key', baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0 });
  let text = '', parts = 0;
  for await (const part of await client.chat.completions.create({ model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] })) {
    parts++;
    text += part.choices?.[0]?.delta?.content ?? '';
  }
  server.close();
  server.closeAllConnections();
  return `${parts} parts, "${text}"`;
}

(async () => {
  const seen = {};
  for (const [name, body] of Object.entries(streams)) console.log(`${name}: ${seen[name] = await read(body)}`);
  const found = seen['without a name'] === '2 parts, "one two"' && seen['event: message'] === '2 parts, ""' &&
    seen['byte order mark'] === '1 parts, "two"';
  console.log(found ? 'as found' : 'changed');
  process.exit(found ? 0 : 1);
})();
END
npm ls --depth=0 | sed -n 2p
node run.js 2>/dev/null
