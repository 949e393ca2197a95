// wechat.model: requests like those of OpenAI's own client, streams as four servers send them, and the text that
// users read.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { default: OpenAI } = require('openai');
const { startPeer, platform } = require('./peer');
const { atEnd, tempDir, writeFiles, configLua, wemoon, startBot, textXml, messageXml, sleep, until, threeAtATime } = require('./harness');

const test = threeAtATime('wechat.model');

const CHAT = fs.readFileSync(path.join(__dirname, '../../scripts/chat.lua'), 'utf8');

// Starts a model's server. `answer(body, n)` returns the events' data (strings or values), or { status, headers, body
// }, or a function that writes the response.
async function startModel(t, answer) {
  const model = { requests: [] };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', async () => {
      const text = Buffer.concat(chunks).toString();
      if (request.method === 'GET') {
        response.writeHead(200, { 'Content-Type': 'image/png' });
        return response.end('PICTURE');
      }
      model.requests.push({ url: request.url, method: request.method, headers: request.headers, body: JSON.parse(text) });
      const given = answer(JSON.parse(text), model.requests.length);
      if (typeof given === 'function') return given(response, request);
      if (!Array.isArray(given)) {
        const length = Buffer.byteLength(given.body); // the client under Debian's Node reads no chunked answer to its end
        response.writeHead(given.status || 200, { 'Content-Type': 'application/json', 'Content-Length': length, ...given.headers });
        return response.end(given.body);
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (const one of given) response.write(`data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`);
      return response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return Object.assign(model, { url: `http://127.0.0.1:${server.address().port}/v1` });
}

const delta = (content, more) => ({ id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content, ...more }, finish_reason: null }] });
const said = (...texts) => [...texts.map((text) => delta(text)), { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, '[DONE]'];

// Runs Lua with `model` pointing to that server; returns its result.
async function run(t, model, code, status = 0) {
  const dir = tempDir(t);
  writeFiles(dir, { 'x.lua': `local model = require "wechat.model" {url = "${model.url}", key = "sk-1", model = "m"} ${code}`,
    'config.lua': configLua({ store: 'memory:' }) });
  const { stdout, stderr } = await wemoon(['exec', 'x.lua'], { cwd: dir, code: status, timeoutMs: 60000 });
  return { values: stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)), stderr };
}

test('the request is the one that the official client makes, field by field', async (t) => {
  const model = await startModel(t, () => said('好。'));
  const client = new OpenAI({ apiKey: 'sk-1', baseURL: model.url });
  const messages = [{ role: 'system', content: '短。' }, { role: 'user', content: '你好' }];
  const tools = [{ type: 'function', function: { name: 'now', description: 'the time', parameters: { type: 'object', properties: {} } } }];
  const asked = client.chat.completions.create({ model: 'm', messages, tools, stream: true, temperature: 0.5 });
  // With Debian's Node the client takes a whole answer for one that was cut off
  // (findings/debian-node-cuts-chunked-answers.sh).
  await asked.then(async (stream) => { for await (const chunk of stream) assert.ok(chunk); })
    .catch((error) => assert.equal(error.code, 'ERR_STREAM_PREMATURE_CLOSE'));
  const { values } = await run(t, model, `
    return model:chat({{role = "user", content = "你好"}}, {system = "短。", body = {temperature = 0.5},
      tools = {now = {description = "the time", call = function() end}}})`);
  assert.equal(values[0], '好。');
  const [theirs, ours] = model.requests;
  assert.deepEqual(ours.body, theirs.body);
  assert.deepEqual([ours.url, ours.method], [theirs.url, theirs.method]);
  for (const name of ['authorization', 'content-type']) assert.equal(ours.headers[name], theirs.headers[name], name);
});

test('an address with and without /chat/completions, and a slash at its end, is the same', async (t) => {
  const model = await startModel(t, () => said('x'));
  await run(t, model, `for _, tail in ipairs{"", "/", "/chat/completions"} do
    require "wechat.model" {url = "${model.url}" .. tail}:chat("q") end`);
  assert.deepEqual(model.requests.map(({ url }) => url), Array(3).fill('/v1/chat/completions'));
});

// Recorded streams, shortened.
const shapes = {
  openai: [
    { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o', system_fingerprint: 'fp', choices: [{ index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null }], usage: null },
    { id: 'chatcmpl-1', choices: [{ index: 0, delta: { content: '你' }, logprobs: null, finish_reason: null }], usage: null },
    { id: 'chatcmpl-1', choices: [{ index: 0, delta: { content: '好。' }, logprobs: null, finish_reason: null }], usage: null },
    { id: 'chatcmpl-1', choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }], usage: null },
    { id: 'chatcmpl-1', choices: [], usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } },
    '[DONE]'],
  ollama: [
    { id: 'chatcmpl-2', object: 'chat.completion.chunk', created: 1, model: 'qwen3', system_fingerprint: 'fp_ollama', choices: [{ index: 0, delta: { role: 'assistant', content: '<think>' }, finish_reason: null }] },
    { choices: [{ index: 0, delta: { role: 'assistant', content: 'hm</thi' }, finish_reason: null }] },
    { choices: [{ index: 0, delta: { role: 'assistant', content: 'nk>\n\n你好' }, finish_reason: null }] },
    { choices: [{ index: 0, delta: { role: 'assistant', content: '。' }, finish_reason: 'stop' }] },
    '[DONE]'],
  vllm: [
    { id: 'cmpl-3', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] },
    { choices: [{ index: 0, delta: { content: '你好' }, logprobs: null, finish_reason: null, stop_reason: null }] },
    { choices: [{ index: 0, delta: { content: '。' }, finish_reason: 'stop', stop_reason: null }] },
    { choices: [], usage: { prompt_tokens: 1, total_tokens: 3, completion_tokens: 2 } }], // no [DONE]
  deepseek: [
    { choices: [{ index: 0, delta: { role: 'assistant', content: null, reasoning_content: '' } }] },
    { choices: [{ index: 0, delta: { content: null, reasoning_content: '用户在问好' } }] },
    { choices: [{ index: 0, delta: { content: '你好。', reasoning_content: null } }] },
    { choices: [{ index: 0, delta: { content: '', reasoning_content: null }, finish_reason: 'stop' }], usage: { total_tokens: 3 } },
    '[DONE]'],
};

for (const [name, events] of Object.entries(shapes)) {
  test(`a stream as ${name} sends it, with comments between and in pieces of any size`, async (t) => {
    const bytes = Buffer.from(': keep-alive\n\n' + events.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n: keep-alive\n\n`).join(''));
    const model = await startModel(t, () => (response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
      let at = 0;
      const next = () => {
        if (at >= bytes.length) { response.end(); return; }
        response.write(bytes.subarray(at, at += 61), next);
      };
      next();
    });
    const { values } = await run(t, model, 'return model:chat("你好")');
    assert.deepEqual(values, ['你好。', null]);
  });
}

test('a server that does not stream is understood too', async (t) => {
  const model = await startModel(t, () => ({ body: JSON.stringify({ choices: [{ message: { role: 'assistant', content: '整个' } }] }) }));
  assert.equal((await run(t, model, 'return model:chat("x")')).values[0], '整个');
});

test('tools are called with what came in pieces, and what they return goes back', async (t) => {
  const piece = (index, more) => ({ choices: [{ index: 0, delta: { tool_calls: [{ index, ...more }] }, finish_reason: null }] });
  const model = await startModel(t, (body, n) => (n > 1 ? said('晴，20 度。') : [
    piece(0, { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }),
    piece('0', { function: { arguments: '{"ci' } }), piece(0, { function: { arguments: 'ty":"北京"}' } }),
    piece(1, { id: 'call_2', type: 'function', function: { name: 'bad', arguments: '{}' } }),
    piece(2, { id: 'call_3', type: 'function', function: { name: 'none', arguments: '{}' } }),
    { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }, '[DONE]']));
  const { values } = await run(t, model, `
    return model:chat("天气？", {tools = {
      weather = {description = "the weather", parameters = {type = "object", properties = {city = {type = "string"}}},
        call = function(arguments) return {city = arguments.city, t = 20} end},
      bad = {call = function() error("out of order") end},
    }})`);
  assert.equal(values[0], '晴，20 度。');
  const messages = model.requests[1].body.messages;
  assert.deepEqual(messages.slice(1, 3), [
    { role: 'assistant', content: '', tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"北京"}' } },
      { id: 'call_2', type: 'function', function: { name: 'bad', arguments: '{}' } },
      { id: 'call_3', type: 'function', function: { name: 'none', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'call_1', content: '{"city":"北京","t":20}' }]);
  assert.match(messages[3].content, /^error: .*out of order/);
  assert.match(messages[4].content, /no such function/);
});

test('what a tool returned goes back as the official client sends it', async (t) => {
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"北京"}' } };
  const asked = { role: 'assistant', content: '', tool_calls: [call] };
  const whole = (message, reason) => ({ body: JSON.stringify({ id: 'c1', object: 'chat.completion', choices: [{ index: 0, message, finish_reason: reason }] }) });
  const model = await startModel(t, (body) => {
    const last = body.messages.at(-1).role === 'tool';
    if (!body.stream) return last ? whole({ role: 'assistant', content: '晴。' }, 'stop') : whole(asked, 'tool_calls');
    return last ? said('晴。') : [{ choices: [{ index: 0, delta: { ...asked, tool_calls: [{ index: 0, ...call }] }, finish_reason: 'tool_calls' }] }, '[DONE]'];
  });
  const client = new OpenAI({ apiKey: 'sk-1', baseURL: model.url });
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const answer = (text) => ({ city: JSON.parse(text).city, t: 20 });
  const tools = [{ type: 'function', function: { name: 'weather', description: 'the weather', parameters, function: answer } }];
  assert.equal(await client.beta.chat.completions.runTools({ model: 'm', messages: [{ role: 'user', content: '天气？' }], tools }).finalContent(), '晴。');
  await run(t, model, `return model:chat("天气？", {tools = {weather = {description = "the weather",
    parameters = {type = "object", properties = {city = {type = "string"}}},
    call = function(arguments) return {city = arguments.city, t = 20} end}}})`);
  const [, theirs, , ours] = model.requests;
  // The client sends what it parsed itself along; a server passes over these two.
  const plain = JSON.parse(JSON.stringify(theirs.body.messages), (name, value) => (/^parsed/.test(name) ? undefined : value));
  assert.deepEqual(ours.body.messages, plain);
  assert.deepEqual(ours.body.tools, theirs.body.tools);
});

test('after eight rounds of tools the model is asked once more without them', async (t) => {
  const model = await startModel(t, (body) => (body.tools
    ? [{ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'again', arguments: '{}' } }] } }] }, '[DONE]']
    : said('够了。')));
  const { values } = await run(t, model, 'local n = 0 local a = model:chat("x", {tools = {again = {call = function() n = n + 1 return n end}}}) return a, n');
  assert.deepEqual(values, ['够了。', 8]);
  assert.equal(model.requests.length, 9);
});

test('429 and 5xx are tried again up to three times, as Retry-After says', async (t) => {
  const times = [];
  const model = await startModel(t, (body, n) => {
    times.push(Date.now());
    return n < 4 ? { status: n === 2 ? 503 : 429, headers: { 'Retry-After': '1' }, body: '{"error":{"message":"slow down"}}' } : said('好');
  });
  assert.equal((await run(t, model, 'return model:chat("x")')).values[0], '好');
  assert.equal(times.length, 4);
  for (let i = 1; i < 4; i++) assert.ok(times[i] - times[i - 1] >= 950, `${times[i] - times[i - 1]} ms`);
  const busy = await startModel(t, () => ({ status: 429, headers: { 'Retry-After': '0.05' }, body: '{"error":{"message":"slow down"}}' }));
  assert.match((await run(t, busy, 'local _, err = model:chat("x") return tostring(err), err.status')).values[0], /slow down \(HTTP 429\)/);
  assert.equal(busy.requests.length, 4);
});

test('an error has the server\'s own words, in whatever form', async (t) => {
  const forms = [
    [{ status: 401, body: '{"error":{"message":"Incorrect API key provided","type":"invalid_request_error"}}' }, /Incorrect API key provided \(HTTP 401\)/],
    [{ status: 404, body: '{"error":"model \'m\' not found"}' }, /model 'm' not found \(HTTP 404\)/],
    [{ status: 400, body: '{"object":"error","message":"max_tokens is too large","code":400}' }, /max_tokens is too large/],
    [{ status: 422, body: '{"detail":[{"msg":"field required"}]}' }, /field required/],
    [{ status: 400, body: 'no json' }, /no json/],
    [{ body: '{"error":{"message":"insufficient balance"}}' }, /insufficient balance/],
    [['{"error":{"message":"overloaded"}}'], /overloaded/],
    [{ body: '<html>' }, /did not answer as \/chat\/completions does/],
    [[], /answered nothing/],
    [{ body: '{"choices":[{"message":{"role":"assistant","content":null},"finish_reason":"content_filter"}]}' }, /has no text \(finish_reason content_filter\)/],
    [[delta('<think>好难'), { choices: [{ index: 0, delta: {}, finish_reason: 'length' }] }, '[DONE]'], /has no text \(finish_reason length\)/],
  ];
  for (const [answer, words] of forms) {
    const model = await startModel(t, () => answer);
    const { values } = await run(t, model, 'local text, err = model:chat("x") return text == nil, tostring(err)');
    assert.equal(values[0], true);
    assert.match(values[1], words);
  }
});

test('an answer of any form raises nothing in the script', async (t) => {
  const forms = ['null', '[]', '5', '"x"', '{}', '{"choices":null}', '{"choices":5}', '{"choices":"x"}', '{"choices":[null]}', '{"choices":[5]}', '{"choices":["x"]}',
    '{"choices":[{}]}', '{"choices":{"0":{"delta":{"content":"x"}}}}', '{"choices":[{"delta":null}]}', '{"choices":[{"delta":"x"}]}', '{"choices":[{"message":5}]}',
    ...['5', '{}', '[5]', 'null'].map((content) => `{"choices":[{"delta":{"content":${content}}}]}`),
    ...['5', '"x"', '{}', '[5]', '[null]', '["x"]', '[{"index":-1}]', '[{"index":"0"}]', '[{"index":1e300}]', '[{"id":5,"function":"x"}]', '[{"function":{"name":5,"arguments":5}}]',
      '[{"function":{"name":{},"arguments":[]}}]'].map((calls) => `{"choices":[{"delta":{"tool_calls":${calls}}}]}`),
    '{"choices":[{"delta":{},"finish_reason":5}]}', '{"error":5}', '{"error":{"message":5}}', '{"error":[]}'];
  for (const whole of [false, true]) {
    const model = await startModel(t, ({ messages }) => (whole ? { body: forms[messages[0].content] } : [forms[messages[0].content], '[DONE]']));
    const { values } = await run(t, model, `local faults = wechat.json.array{} for i = 0, ${forms.length - 1} do
      local good, text, err = pcall(model.chat, model, tostring(i))
      if not good or text ~= nil or not tostring(err):find("^wechat.model: ") then faults[#faults + 1] = i .. ": " .. tostring(good and err or text) end end
      return faults`);
    assert.deepEqual(values[0], []);
  }
});

test('the arguments of a tool call may be an object, as some servers send them', async (t) => {
  const model = await startModel(t, (body, n) => (n > 1 ? said('好。')
    : [delta('', { tool_calls: [null, { index: 0, id: 'a', function: { name: 'add', arguments: { x: 2, y: 3 } } }] }), '[DONE]']));
  const { values } = await run(t, model, `local sum; model:chat("q", {tools = {add = {call = function(given) sum = given.x + given.y return sum end}}}) return sum`);
  assert.equal(values[0], 5);
});

test('a Retry-After of less than nothing is no wait', async (t) => {
  const model = await startModel(t, (body, n) => (n === 1 ? { status: 429, headers: { 'Retry-After': '-5' }, body: '{}' } : said('好。')));
  const { values } = await run(t, model, 'return model:chat("q")');
  assert.equal(values[0], '好。');
});

test('an error that quotes the key, or a header, is told without it', async (t) => {
  const model = await startModel(t, ({ messages }) => ({ status: 401, body: JSON.stringify({ error: { message: `Incorrect API key provided: ${messages[0].content}` } }) }));
  const { values } = await run(t, model, `
    local own = require "wechat.model" {url = "${model.url}", key = "sk-proj-12.34", model = "m"}
    local function why(...) local _, err = own:chat(...) return tostring(err) end
    return why("sk-proj-12.34"), why("secret+header", {headers = {["api-key"] = "secret+header"}})`);
  for (const text of values) assert.equal(text, 'wechat.model: Incorrect API key provided: *** (HTTP 401)');
  assert.equal(values.length, 2);
});

test('misuse raises and names what is wrong', async (t) => {
  const { values } = await run(t, { url: 'http://127.0.0.1:9' }, `
    local function fault(f, ...) local _, why = pcall(f, ...) return why end
    local new = require "wechat.model"
    return fault(new), fault(new, {}), fault(new, {url = "x", keys = "y"}), fault(model.chat, model, "x", {tool = {}}),
      fault(model.chat, model, "x", {tools = {a = {}}}),
      fault(model.chat, model, "x", {tools = {{name = "a", call = print}}})`);
  assert.match(values[0], /a table, not a nil/);
  assert.match(values[1], /url is missing/);
  assert.match(values[2], /no setting named 'keys'/);
  assert.match(values[3], /no option named 'tool'/);
  assert.match(values[4], /tools\.a has no function/);
  assert.match(values[5], /tools is a list \(a table of tools by their names expected/);
});

// ---- conversations
// ----------------------------------------------------------------------------------------------------------

// Starts both servers: the platform's for customer service messages, and the model's.
async function startChat(t, answer, { script = CHAT, config = {} } = {}) {
  const model = await startModel(t, answer);
  const platform = { sent: [] };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      if (/token/.test(request.url.split('?')[0])) return response.end('{"access_token":"TOKEN-1","expires_in":7200}');
      if (/custom\/send/.test(request.url)) platform.sent.push({ at: Date.now(), body: JSON.parse(Buffer.concat(chunks).toString()) });
      return response.end('{"errcode":0,"errmsg":"ok"}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const bot = await startBot(t, { script, env: { MODEL_URL: model.url, MODEL_KEY: 'sk-1', MODEL_NAME: 'm' }, config: {
    appid: 'wx0123456789abcdef', appsecret: 'secret-of-the-account', store: 'memory:', deadline_ms: 800,
    api_base: `http://127.0.0.1:${server.address().port}`, ...config } });
  return { model, bot, platform, texts: () => platform.sent.map(({ body }) => body.text.content) };
}

const slowly = (pieces, ms) => async (response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (const piece of pieces) {
    response.write(`data: ${JSON.stringify(delta(piece))}\n\n`);
    await sleep(ms);
  }
  response.end('data: [DONE]\n\n');
};

test('a quick answer is the passive reply, as a chat can show it', async (t) => {
  const { bot, platform } = await startChat(t, () => said('**晴**，见', '[官网](https://a.cn)。\n\n', '- 一\n- 二\n\n```\nx = 1\n\ny', ' = 2\n```\n完'));
  assert.equal(await bot.say('天气'), '晴，见<a href="https://a.cn">官网</a>。\n\n• 一\n• 二\n\nx = 1\n\ny = 2\n\n完');
  assert.deepEqual(platform.sent, []);
});

test('at most one empty line is shown between two parts, and none behind the last line', async (t) => {
  const { bot } = await startChat(t, () => said('一。\n\n', '\n\n二：\n', '- 甲\n', '- 乙\n'));
  assert.equal(await bot.say('x'), '一。\n\n二：\n• 甲\n• 乙');
});

test('a slow answer: what is whole by the deadline, then a paragraph as soon as it is written, marked as a machine\'s', async (t) => {
  const { bot, platform, texts } = await startChat(t, () => slowly(['It is sunny. It', ' is warm. And', ' dry.\n\n', 'Tomorrow ', 'it rains.\n\nTake', ' an umbrella.'], 450));
  assert.equal(await bot.say('weather'), 'It is sunny. It is warm.');
  await until(() => texts().length === 3, 'three parts');
  assert.deepEqual(texts(), ['And dry.', 'Tomorrow it rains.', 'Take an umbrella.']);
  for (const { body } of platform.sent) assert.deepEqual(body.aimsgcontext, { is_ai_msg: 1 });
});

// What the model has written by the deadline, and what of it is whole; null: nothing is.
const WHOLE = [
  ['今天晴。明天', '今天晴。'],
  ['真的吗？！那', '真的吗？！'],
  ['好……然后', '好……'],
  ['（完。）又', '（完。）'],
  ['他说：“好。”然后', '他说：“好。”'],
  ['「行。」他', '「行。」'],
  ['It is 3.14 today. And', 'It is 3.14 today.'],
  ['He said "yes." Then', 'He said "yes."'],
  ['It rains.', null], // a figure or an address may go on
  ['圆周率是3.14', null],
  ['今天晴，明天', null],
  ['看[官网](https://a.cn/x.html)。再', '看<a href="https://a.cn/x.html">官网</a>。'],
  ['看[官网](https://a.cn/?q=好。', null],
  ['用`a。b`吧。好', '用a。b吧。'],
  ['用`a。b', null],
  ['**重要。**还有', '重要。'],
  ['**重要。还有', null],
  ['- 一\n- 二\n- 三', '• 一'],
  ['1. 一\n2. 二\n3. 三', '1. 一'],
  ['1. 一', null],
  ['# 题目\n正', null],
  ['```\nx = 1。\ny = 2', null],
  ['```\nx = 1\n```\n好', 'x = 1'],
  ['| a | b |\n|---|---|\n| 1。 | 2', null],
  ['<think>想。想。', null],
];

for (const [way, cut] of [['at once', (text) => [text]], ['letter by letter', (text) => [...text]]]) {
  test(`what is whole by the deadline, by table, written ${way}`, async (t) => {
    const { bot } = await startChat(t, (body) => (response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (const piece of cut(WHOLE[Number(body.messages.at(-1).content)][0])) response.write(`data: ${JSON.stringify(delta(piece))}\n\n`);
    }, { config: { deadline_ms: 1500 } });
    const replies = await Promise.all(WHOLE.map((_, i) => bot.say(String(i), { fields: { FromUserName: `oUser${i}` } })));
    assert.deepEqual(replies.map((reply, i) => [WHOLE[i][0], reply]), WHOLE);
  });
}

test('of the talk so far `keep` turns are asked along, 20 unless given', async (t) => {
  const script = CHAT.replace('keep = 20', 'keep = msg.source == "oFew" and 2 or nil').replace(/wechat\.allow\([^)]*\)/, 'true');
  const { bot, model } = await startChat(t, (body) => said(`答${body.messages.at(-1).content}`), { script });
  for (let i = 1; i <= 4; i++) await bot.say(String(i), { fields: { FromUserName: 'oFew' } });
  assert.deepEqual(model.requests[3].body.messages.slice(1).map(({ content }) => content), ['2', '答2', '3', '答3', '4']);
  for (let i = 1; i <= 22; i++) await bot.say(String(i));
  assert.deepEqual(model.requests.at(-1).body.messages.slice(1).filter(({ role }) => role === 'user').map(({ content }) => Number(content)),
    Array.from({ length: 21 }, (_, i) => i + 2));
});

test('the talk so far is asked along, per user, and 重来 drops it', async (t) => {
  const { bot, model } = await startChat(t, (body) => said(`答${body.messages.filter(({ role }) => role === 'user').length}`));
  const other = { fields: { FromUserName: 'oOther' } };
  assert.equal(await bot.say('一'), '答1');
  assert.equal(await bot.say('二'), '答2');
  assert.equal(await bot.say('别人', other), '答1');
  assert.deepEqual(model.requests[1].body.messages.slice(1), [{ role: 'user', content: '一' }, { role: 'assistant', content: '答1' }, { role: 'user', content: '二' }]);
  assert.equal(await bot.say('重来'), '好，我们重新开始。');
  assert.equal(await bot.say('三'), '答1');
});

test('two messages at once tear nothing: each answer stands behind its question', async (t) => {
  const { bot, model } = await startChat(t, (body) => {
    const question = body.messages.at(-1).content;
    return question === '慢' ? slowly(['慢答。'], 300) : said('快答。');
  });
  const slow = bot.say('慢');
  await sleep(100);
  await bot.say('快');
  assert.equal(await slow, '慢答。');
  await bot.say('末');
  assert.deepEqual(model.requests[2].body.messages.slice(1), [{ role: 'user', content: '慢' }, { role: 'assistant', content: '慢答。' },
    { role: 'user', content: '快' }, { role: 'assistant', content: '快答。' }, { role: 'user', content: '末' }]);
});

test('a picture goes as a data: URL, a voice as its recognition, and what failed is said', async (t) => {
  const { bot, model } = await startChat(t, () => said('看到了。'));
  const picture = await bot.deliver(messageXml({ MsgType: 'image', PicUrl: model.url.replace('/v1', '/p.png'), MediaId: 'm' }));
  assert.equal(picture.reply.Content, '看到了。');
  assert.deepEqual(model.requests[0].body.messages.at(-1).content, [{ type: 'image_url',
    image_url: { url: `data:image/png;base64,${Buffer.from('PICTURE').toString('base64')}` } }]);
  const voice = await bot.deliver(messageXml({ MsgType: 'voice', MediaId: 'm', Format: 'amr', Recognition: '几点了' }));
  assert.equal(voice.reply.Content, '看到了。');
  assert.equal(model.requests[1].body.messages.at(-1).content, '几点了');
  const mute = await bot.deliver(messageXml({ MsgType: 'voice', MediaId: 'm', Format: 'amr' }));
  assert.match(mute.reply.Content, /稍后再试/);
  await bot.waitForLog(/no recognition/);
});

test('a model that fails is no silence, and its question is not kept', async (t) => {
  const { bot, model } = await startChat(t, (body, n) => (n === 1 ? { status: 401, body: '{"error":{"message":"bad key"}}' } : said('好')));
  assert.match(await bot.say('一'), /稍后再试/);
  await bot.waitForLog(/bad key \(HTTP 401\)/);
  assert.equal(await bot.say('二'), '好');
  assert.deepEqual(model.requests[1].body.messages.slice(1), [{ role: 'user', content: '二' }]);
});

test('the first whole sentence is on its way within 50 ms, once the deadline is past', async (t) => {
  let written;
  const { bot, texts, platform } = await startChat(t, () => async (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    await sleep(600);
    written = Date.now();
    response.end(`data: ${JSON.stringify(delta('第一段。\n\n'))}\n\ndata: [DONE]\n\n`);
  }, { config: { deadline_ms: 300 } });
  await bot.say('warm');
  await until(() => texts().length === 1, 'the first');
  await bot.say('again', { fields: { CreateTime: Math.floor(Date.now() / 1000) + 5 } });
  await until(() => texts().length === 2, 'the second');
  t.diagnostic(`${platform.sent[1].at - written} ms`);
  assert.ok(platform.sent[1].at - written < 150, `${platform.sent[1].at - written} ms`);
});

test('wechat.forget drops the talk', async (t) => {
  const { bot, model } = await startChat(t, () => said('好'), { script: CHAT.replace('if msg.content == "重来"',
    'if msg.content == "忘" then return tostring(wechat.forget(msg.source)) end\n  if msg.content == "重来"') });
  await bot.say('一');
  assert.equal(await bot.say('忘'), 'true');
  await bot.say('二');
  assert.deepEqual(model.requests[1].body.messages.slice(1), [{ role: 'user', content: '二' }]);
});

test('after kill -9 the model goes on from what it had said, and nothing is said twice', async (t) => {
  const peer = await startPeer(t);
  const model = await startModel(t, (body, number) => (number > 1 ? said('第三句。') : (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const text of ['第一句。', '第二句。\n\n']) response.write(`data: ${JSON.stringify(delta(text))}\n\n`);
  }));
  const script = `local model = require "wechat.model" {url = "${model.url}", model = "m"}
    function on_message(msg)
      local _, err = model:reply(msg)
      return err and "failed: " .. tostring(err)
    end`;
  const config = { store: `sqlite:${path.join(tempDir(t), 'kept.db')}`, deadline_ms: 600, ...platform(peer) };
  let bot = await startBot(t, { script, config });
  const first = await bot.say('你好');
  assert.equal(first, '第一句。第二句。');
  await sleep(300);
  await bot.kill();
  bot = await startBot(t, { script, config });
  await until(() => peer.sent.some((sent) => sent.text), 'the rest', 8000);
  assert.deepEqual(peer.sent.filter((sent) => sent.text).map((sent) => sent.text.content), ['第三句。']);
  assert.equal(model.requests.length, 2);
  const messages = model.requests[1].body.messages;
  assert.deepEqual(messages.slice(0, 2), [{ role: 'user', content: '你好' }, { role: 'assistant', content: '第一句。第二句。\n\n' }]);
  assert.match(messages[2].content, /紧接着写下去/);
});
