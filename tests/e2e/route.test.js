// The bot's own pages: wechat.route(method, path, fn), at the address of the platform's messages.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { atEnd, startBot, textXml, wemoon, tempDir, writeFiles, sleep, until } = require('./harness');
const { stopwatch } = require('./stopwatch');

const EXAMPLE = path.join(__dirname, '../../scripts/oauth.lua');
const echo = 'function on_message(msg) return msg.content end\n';
const get = (bot, where, options) => bot.request({ method: 'GET', path: where, ...options });
const json = async (bot, where, options) => JSON.parse((await get(bot, where, options)).body);
// A page that logs its start and answers after `seconds`.
const slowPage = (seconds) => `wechat.route("GET", "/slow", function()
  wechat.log.info("begun") wechat.sleep(${seconds}) return "done" end)`;
const linkOf = (name) => { try { return fs.readlinkSync(name); } catch { return ''; } }; // closed meanwhile
const begun = (bot, count) => until(() => bot.log.split('begun').length - 1 === count, `${count} slow pages to begin`);

test('a string is a page of HTML', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("GET", "/hi", function() return "<p>你好</p>" end)` });
  const answer = await get(bot, '/hi');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(answer.body, '<p>你好</p>');
  assert.equal(await bot.say('x'), 'x');
});

test('nothing is 204, without a body or its length', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("GET", "/none", function() end)` });
  const answer = await get(bot, '/none');
  assert.equal(answer.status, 204);
  assert.equal(answer.body, '');
  assert.equal(answer.headers['content-length'], undefined);
  assert.equal((await get(bot, '/none')).status, 204); // on the same connection
});

test('a table says status, headers and body; a redirect is one', async (t) => {
  const bot = await startBot(t, {
    script: `${echo}
      wechat.route("GET", "/text", function()
        return { status = 418, body = "no coffee", headers = { ["content-type"] = "text/plain", ["X-Count"] = 3,
          ["Set-Cookie"] = { "a=1; HttpOnly", "b=2" } } }
      end)
      wechat.route("GET", "/go", function() return { status = 302, headers = { Location = "https://example.com/?a=1&b=2" } } end)
      wechat.route{ method = "get", path = "/json", fn = function() return { json = { name = "月", list = wechat.json.array() } } end }`,
  });
  const text = await get(bot, '/text');
  assert.equal(text.status, 418);
  assert.equal(text.headers['content-type'], 'text/plain');
  assert.equal(text.headers['x-count'], '3');
  assert.deepEqual(text.headers['set-cookie'], ['a=1; HttpOnly', 'b=2']);
  assert.equal(text.body, 'no coffee');
  const go = await get(bot, '/go');
  assert.deepEqual([go.status, go.headers.location, go.body], [302, 'https://example.com/?a=1&b=2', '']);
  const data = await get(bot, '/json');
  assert.equal(data.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(data.body, '{"list":[],"name":"月"}');
});

test('the request has method, path, query, headers, body and remote', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("*", "/all", function(request) return { json = request } end)` });
  const answer = await json(bot, '/all', {
    query: 'code=0a1+b%2Fc&tag=x&tag=y&tag=z&empty=&bare&%E6%9C%88=%E4%BA%AE', headers: { 'X-Mixed-Case': 'Value', Cookie: 'a=1' },
  });
  assert.equal(answer.method, 'GET');
  assert.equal(answer.path, '/all');
  assert.deepEqual(answer.query, { code: '0a1 b/c', tag: ['x', 'y', 'z'], empty: '', bare: '', 月: '亮' });
  assert.equal(answer.headers['x-mixed-case'], 'Value');
  assert.equal(answer.headers.cookie, 'a=1');
  assert.equal(answer.body, '');
  assert.equal(answer.remote, '127.0.0.1');
  assert.ok(!('form' in answer) && !('json' in answer));
});

test('a form and a JSON body are read by their Content-Type, and broken JSON says why', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("POST", "/post", function(request)
    return { json = { form = request.form, json = request.json, why = request.json_error, size = #request.body } } end)` });
  const post = async (type, body) => JSON.parse((await bot.request({ path: '/post', body, headers: { 'Content-Type': type } })).body);
  assert.deepEqual(await post('application/x-www-form-urlencoded; charset=UTF-8', 'a=1&a=2&b=%E6%9C%88'),
    { form: { a: ['1', '2'], b: '月' }, size: 19 });
  assert.deepEqual(await post('Application/JSON', '{"a":[1,{}]}'), { json: { a: [1, {}] }, size: 12 });
  assert.deepEqual((await post('application/vnd.api+json', '7')).json, 7);
  assert.match((await post('application/json', '{"a"')).why, /\S/);
  assert.deepEqual(await post('text/plain', 'a=1'), { size: 3 });
});

test('paths are exact; another path is 404, another method 405 with Allow', async (t) => {
  const bot = await startBot(t, {
    script: `${echo}
      wechat.route("GET", "/page", function() return "get" end)
      wechat.route("POST", "/page", function() return "post" end)
      wechat.route("GET", "/登录", function() return "login" end)
      wechat.route("*", "/any", function(request) return request.method end)`,
  });
  for (const where of ['/', '/Page', '/page/', '/pag', '/page.html', '/any/x']) assert.equal((await get(bot, where)).status, 404, where);
  assert.equal((await get(bot, '/page', { query: 'a=1' })).body, 'get');
  assert.equal((await bot.request({ path: '/page', body: '' })).body, 'post');
  assert.equal((await get(bot, encodeURI('/登录'))).body, 'login');
  const wrong = await bot.request({ method: 'PUT', path: '/page', body: 'x' });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, 'GET, HEAD, POST');
  for (const method of ['GET', 'DELETE', 'OPTIONS']) assert.equal((await bot.request({ method, path: '/any' })).body, method);
});

test('HEAD is answered as GET is, without the body', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("GET", "/page", function(request) return request.method end)
    wechat.route("POST", "/post", function() end)` });
  const answer = await bot.request({ method: 'HEAD', path: '/page' });
  assert.deepEqual([answer.status, answer.headers['content-length'], answer.body], [200, '4', '']);
  assert.equal((await bot.request({ method: 'HEAD', path: '/post' })).status, 405);
  assert.equal((await bot.request({ method: 'HEAD' })).status, 405); // the callback path
});

test('a body over max_body is 413, one without its length 411', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("POST", "/post", function(request) return tostring(#request.body) end)`,
    config: { max_body: 1000 } });
  assert.equal((await bot.request({ path: '/post', body: 'x'.repeat(1000) })).body, '1000');
  assert.equal((await bot.request({ path: '/post', body: 'x'.repeat(1001) })).status, 413);
  assert.match(await bot.raw('POST /post HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 411 /);
  assert.match(await bot.raw('POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'), /^HTTP\/1\.1 200 [^]*\r\n\r\n1$/);
  assert.match(await bot.raw('POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n'), /^HTTP\/1\.1 413 /);
});

test('what cannot be a route raises and names it', async (t) => {
  const dir = tempDir(t);
  const fails = async (call, pattern) => {
    writeFiles(dir, { 'bot.lua': `${echo}\n${call}` });
    const { stderr } = await wemoon(['check', path.join(dir, 'bot.lua'), '--token', 'xyz', '--path', '/callback'], { code: 1 });
    assert.match(stderr, pattern);
    assert.match(stderr, /bot\.lua:3/);
  };
  await fails('wechat.route("GET", "/callback", print)', /\/callback is the callback path/);
  await fails('wechat.route("GET", "page", print)', /path must begin with '\/'/);
  await fails('wechat.route("GET", "/a?b=1", print)', /path must begin/);
  await fails('wechat.route("GET, POST", "/a", print)', /one method/);
  await fails('wechat.route("GET", "/a")', /fn is missing/);
});

test('a page that fails is 500, the error in the log and not in the answer', async (t) => {
  const bot = await startBot(t, { script: `${echo}
    wechat.route("GET", "/fails", function() error("secret of the house") end)
    wechat.route("GET", "/later", function() wechat.sleep(0.05) local nothing = nil; return nothing.field end)
    wechat.route("GET", "/loops", function() while true do end end)
    wechat.route("GET", "/says", function() return nil, "out of stock" end)`, config: { script_cpu_ms: 200 } });
  for (const [where, pattern] of [['/fails', /bot\.lua:3: secret of the house/], ['/later', /bot\.lua:4:.*index/],
    ['/loops', /GET \/loops.*500.*script_cpu_ms/], ['/says', /bot\.lua:6: the page GET \/says returned nil and: out of stock/]]) {
    const answer = await get(bot, where);
    assert.equal(answer.status, 500, where);
    assert.equal(answer.body, '500 Internal Server Error\n');
    await bot.waitForLog(pattern);
  }
  assert.equal(await bot.say('x'), 'x');
});

test('what cannot be an answer is 500, and the log says what is wrong with it', async (t) => {
  const answers = {
    '{ status = 302, headers = { Location = "/a\\r\\nSet-Cookie: x=1" } }': /header Location with a line break/,
    '{ headers = { ["X-A"] = "a\\nb" } }': /header X-A with a line break/,
    '{ headers = { ["X-A"] = { "fine", "a\\0b" } } }': /header X-A with a line break/,
    '{ headers = { ["Content-Type"] = "text/html\\r\\nX: y" } }': /header Content-Type with a line break/,
    '{ headers = { ["X A: b\\r\\nC"] = "x" } }': /header whose name cannot be one/,
    '{ headers = { ["Content-Length"] = 3 } }': /which the server sets/,
    '{ headers = { X = true } }': /header X that is a boolean/,
    '{ header = {} }': /a table with 'header'/,
    '{ status = 100 }': /status 100/,
    '{ status = "200" }': /status 200/,
    '{ body = "", json = {} }': /exclude each other/,
    '{ body = { 1 } }': /body that is a table/,
    '{ json = print }': /a value that JSON cannot represent/,
    '42': /value of type number/,
  };
  const routes = Object.keys(answers).map((answer, i) => `wechat.route("GET", "/${i}", function() return ${answer} end)`);
  const bot = await startBot(t, { script: `${echo}\n${routes.join('\n')}` });
  for (const [i, [answer, pattern]] of Object.entries(answers).entries()) {
    const raw = await bot.raw(`GET /${i} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(raw, /^HTTP\/1\.1 500 /, answer);
    assert.doesNotMatch(raw, /set-cookie|^X-A|^X:/im);
    await bot.waitForLog(pattern);
    await bot.waitForLog(new RegExp(`bot\\.lua:${i + 3}: the page GET /${i} `));
  }
});

test('a page may wait, past deadline_ms too, and delays nobody', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("GET", "/slow", function()
    wechat.store.set("k", "v") wechat.sleep(0.5) return wechat.store.get("k") end)`, config: { deadline_ms: 200, store: 'memory:' } });
  const slow = get(bot, '/slow');
  await sleep(100);
  const elapsed = stopwatch(bot);
  assert.equal(await bot.say('quick'), 'quick');
  const ms = elapsed();
  assert.ok(ms < 300, `${ms} ms`);
  assert.equal((await slow).body, 'v');
});

test('a page slower than job_timeout_s is ended: 503, and its <close> variables are closed', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("GET", "/slow", function()
    local guard <close> = setmetatable({}, { __close = function() wechat.log.info("closed") end })
    wechat.sleep(60) end)`, config: { job_timeout_s: 1 } });
  const elapsed = stopwatch(bot);
  assert.equal((await get(bot, '/slow')).status, 503);
  const ms = elapsed();
  assert.ok(ms < 4000, `${ms} ms`);
  await bot.waitForLog(/a page was ended after job_timeout_s while it waited in wechat\.sleep/);
  await bot.waitForLog(/closed/);
});

test('pages that wait hold no thread: two hundred on four threads, and messages beside them', async (t) => {
  const bot = await startBot(t, { script: `${echo} ${slowPage(2)}`, config: { threads: 4, watch: false } });
  const slow = Array.from({ length: 200 }, () => get(bot, '/slow', { agent: false }));
  await begun(bot, 200);
  const elapsed = stopwatch(bot);
  assert.equal(await bot.say('x', { agent: false }), 'x');
  const ms = elapsed();
  assert.ok(ms < 1000, `${ms} ms`);
  assert.deepEqual((await Promise.all(slow)).map((answer) => answer.body), Array(200).fill('done'));
});

test('a page that finds the script busy waits for its turn, with all that was sent, and without a thread', async (t) => {
  const bot = await startBot(t, { config: { threads: 3, watch: false, script_cpu_ms: 60000 }, script: `
    function on_message(msg)
      wechat.log.info("computing")
      while not io.open(wechat.path("enough")) do end
      return "computed"
    end
    wechat.route("POST", "/all", function(request)
      return { json = { body = request.body, a = request.query.a, header = request.headers["x-a"] } }
    end)` });
  const busy = bot.say('compute', { agent: false });
  await bot.waitForLog(/computing/);
  const pages = Array.from({ length: 30 }, (_, i) => bot.request({ path: '/all', query: `a=${i}`, body: 'b'.repeat(5000), headers: { 'X-A': `h${i}` }, agent: false }));
  await sleep(300);
  assert.equal((await get(bot, '/none', { agent: false })).status, 404); // a thread is free
  bot.write('enough', '');
  assert.equal(await busy, 'computed');
  (await Promise.all(pages)).forEach((page, i) => assert.deepEqual(JSON.parse(page.body), { body: 'b'.repeat(5000), a: `${i}`, header: `h${i}` }));
});

test('a page without a turn by deadline_ms is 503, and is not run', async (t) => {
  const bot = await startBot(t, { config: { deadline_ms: 300, script_cpu_ms: 60000, late_reply: 'drop' }, script: `
    function on_message(msg) wechat.log.info("computing") while not io.open(wechat.path("enough")) do end end
    wechat.route("GET", "/page", function() wechat.log.info("page ran") return "page" end)` });
  const busy = bot.deliver(textXml('compute'));
  await bot.waitForLog(/computing/);
  const elapsed = stopwatch(bot);
  assert.equal((await get(bot, '/page', { agent: false })).status, 503);
  const ms = elapsed();
  assert.ok(ms < 1000, `${ms} ms`);
  await bot.waitForLog(/GET \/page.*503: the script was busy until deadline_ms/);
  bot.write('enough', '');
  await busy;
  await until(async () => (await get(bot, '/page')).status === 200, 'the script');
  await bot.waitForLog(/page ran/);
  assert.equal(bot.log.split('page ran').length, 2);
});

test('a client of a page that has gone before its turn is noticed: its page is not run', async (t) => {
  const bot = await startBot(t, { config: { script_cpu_ms: 60000 }, script: `
    function on_message(msg)
      wechat.log.info("computing")
      while not io.open(wechat.path("enough")) do end
      return "computed"
    end
    wechat.route("GET", "/page", function() wechat.log.info("page ran") return "page" end)` });
  const sockets = () => fs.readdirSync(`/proc/${bot.pid}/fd`).filter((fd) => /^socket/.test(linkOf(`/proc/${bot.pid}/fd/${fd}`))).length;
  const busy = bot.say('compute').catch(() => {}); // on a busy machine past the deadline
  await bot.waitForLog(/computing/);
  const before = sockets();
  const socket = net.connect(bot.port, bot.host, () => socket.write('GET /page HTTP/1.1\r\nHost: x\r\n\r\n'));
  await until(() => sockets() > before, 'the page\'s connection');
  await sleep(200); // to wait for its turn
  socket.resetAndDestroy();
  await until(() => sockets() === before, 'the end of its connection');
  bot.write('enough', '');
  await busy;
  assert.equal((await get(bot, '/page')).body, 'page');
  await bot.waitForLog(/page ran/);
  assert.equal(bot.log.split('page ran').length, 2);
});

test('what a client sends behind a page that waits does no harm, and a half-closed one is answered', async (t) => {
  const bot = await startBot(t, { script: `${echo} ${slowPage(0.5)}` });
  const ask = (then) => new Promise((resolve) => {
    let got = '';
    const socket = net.connect({ port: bot.port, host: bot.host, allowHalfOpen: true }, () => {
      socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
      setTimeout(() => then(socket), 150);
    });
    socket.on('data', (data) => { got += data; });
    socket.on('end', () => { socket.end(); resolve(got); });
  });
  const answers = await Promise.all([ask((socket) => socket.end()), ask((socket) => socket.write('x')),
    ask((socket) => socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'))]);
  answers.forEach((answer) => assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n\r\ndone$/));
});

test('pages count to max_jobs', async (t) => {
  const bot = await startBot(t, { script: `${echo} ${slowPage(1)}`, config: { max_jobs: 2 } });
  const slow = [get(bot, '/slow'), get(bot, '/slow')];
  await begun(bot, 2);
  assert.equal((await get(bot, '/slow')).status, 503);
  await bot.waitForLog(/503: max_jobs/);
  await Promise.all(slow);
  assert.equal((await get(bot, '/slow')).body, 'done');
  assert.equal(await bot.say('x'), 'x');
});

test('routes end with their script; a page under way ends on the old one; the new one has its own', async (t) => {
  const script = (n, name) => `${echo}
    wechat.route("GET", "/both", function() wechat.log.info("begun") wechat.sleep(0.8) return "${n}" end)
    wechat.route("GET", "/${name}", function() return "${name}" end)`;
  const bot = await startBot(t, { script: script(1, 'old') });
  assert.equal((await get(bot, '/old')).body, 'old');
  const slow = get(bot, '/both');
  await begun(bot, 1);
  bot.replace('bot.lua', script(2, 'new'));
  await until(async () => (await get(bot, '/new')).status === 200, 'the new script');
  assert.equal((await get(bot, '/old')).status, 404);
  assert.equal((await slow).body, '1');
  assert.equal((await get(bot, '/both')).body, '2');
});

test('a script that does not load leaves the routes as they are', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("GET", "/page", function() return "1" end)` });
  bot.replace('bot.lua', `${echo} wechat.route("GET", "/page", function() return "2" end) error("broken")`);
  await bot.waitForLog(/not reloaded/);
  assert.equal((await get(bot, '/page')).body, '1');
});

test('under reload after reload every page is whole, of the old script or of the new', async (t) => {
  const script = (n) => `${echo} wechat.route("POST", "/n", function(request) if #request.body % 2 == 0 then wechat.sleep(0.02) end
    return request.body .. " ${n}" end)`;
  const bot = await startBot(t, { script: script(0), config: { threads: 32 } });
  let done = false;
  let asked = 0;
  const ask = async (id) => {
    for (let i = 0; !done; i++) {
      const body = `${id}-${i}`;
      const answer = await bot.request({ path: '/n', body });
      assert.equal(answer.status, 200);
      assert.match(answer.body, new RegExp(`^${body} \\d$`));
      asked += 1;
    }
  };
  const askers = Array.from({ length: 6 }, (_, id) => ask(id));
  for (let n = 1; n <= 3; n++) {
    bot.replace('bot.lua', script(n));
    await until(async () => (await bot.request({ path: '/n', body: 'x' })).body === `x ${n}`, `script ${n}`);
  }
  done = true;
  await Promise.all(askers);
  assert.ok(asked > 20, `${asked} pages`);
});

test('a route added later is there at once, and one added again takes the old one\'s place', async (t) => {
  const bot = await startBot(t, { script: `function on_message(msg)
      wechat.route("GET", "/page", function() return msg.content end)
      return "added"
    end` });
  assert.equal((await get(bot, '/page')).status, 404);
  for (const text of ['one', 'two']) {
    assert.equal(await bot.say(text), 'added');
    assert.equal((await get(bot, '/page')).body, text);
  }
});

test('a page has no message, but sessions of any user, and they are saved', async (t) => {
  const bot = await startBot(t, { config: { store: 'memory:' }, script: `${echo}
    wechat.route("GET", "/visit", function(request)
      local session = wechat.session(request.query.openid)
      session.visits = (session.visits or 0) + 1
      return { json = { visits = session.visits, message = wechat.get_message() } }
    end)` });
  assert.deepEqual(await json(bot, '/visit?openid=a'), { visits: 1 });
  assert.deepEqual(await json(bot, '/visit?openid=a'), { visits: 2 });
  assert.deepEqual(await json(bot, '/visit?openid=b'), { visits: 1 });
});

test('a page stuck in a call that nothing interrupts is answered 503, and a fresh interpreter serves', async (t) => {
  const bot = await startBot(t, { config: { deadline_ms: 500, script_cpu_ms: 300 }, script: `${echo}
    wechat.route("GET", "/stuck", function()
      local began = os.clock()
      setmetatable({}, { __gc = function() while os.clock() - began < 8 do end end })
      collectgarbage()
    end)
    wechat.route("GET", "/page", function() return "fine" end)` });
  const stuck = get(bot, '/stuck');
  await bot.waitForLog(/stuck at .*bot\.lua:[3-6] /, 10000);
  assert.equal((await get(bot, '/page')).body, 'fine');
  assert.equal((await stuck).status, 503);
  await bot.stop({ timeoutMs: 30000 });
});

test('SIGTERM lets pages under way end', async (t) => {
  const bot = await startBot(t, { script: `${echo} ${slowPage(1)}` });
  const slow = Array.from({ length: 100 }, () => get(bot, '/slow', { agent: false }));
  await begun(bot, 100);
  bot.signal('SIGTERM');
  (await Promise.all(slow)).forEach((page) => assert.equal(page.body, 'done'));
  await bot.stop();
});

// ---- example
// ---------------------------------------------------------------------------------------------------------------

async function startPlatform(t) {
  const asked = [];
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://platform');
    asked.push(url);
    request.resume().on('end', () => response.end(JSON.stringify(
      url.pathname === '/sns/oauth2/access_token'
        ? (url.searchParams.get('code') === 'good' ? { access_token: 'W', expires_in: 7200, openid: 'oVisitor', scope: 'snsapi_base' }
          : { errcode: 40029, errmsg: 'invalid code' })
        : /ticket/.test(url.pathname) ? { errcode: 0, errmsg: 'ok', ticket: 'TICKET', expires_in: 7200 }
          : { access_token: 'TOKEN-1', expires_in: 7200 })));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  return { asked, config: { appid: 'wx0123456789abcdef', appsecret: 'secret-of-the-account', store: 'memory:',
    api_base: `http://127.0.0.1:${server.address().port}` } };
}

test('the example logs a visitor in and configures the JS-SDK', async (t) => {
  const text = fs.readFileSync(EXAMPLE, 'utf8');
  assert.ok(text.split('\n').length - 1 <= 40);
  const platform = await startPlatform(t);
  const bot = await startBot(t, { script: text, config: platform.config });
  const login = await get(bot, '/login');
  assert.equal(login.status, 302);
  const to = new URL(login.headers.location);
  assert.equal(to.pathname, '/connect/oauth2/authorize');
  assert.equal(to.searchParams.get('scope'), 'snsapi_base');
  const back = new URL(to.searchParams.get('redirect_uri'));
  const state = to.searchParams.get('state');
  const cookie = login.headers['set-cookie'][0].split(';')[0];
  const visit = (query, headers) => get(bot, back.pathname, { query, headers });
  assert.equal((await visit({ code: 'good', state: 'forged' }, { cookie })).status, 403);
  assert.equal((await visit({ code: 'good', state })).status, 403); // another browser
  assert.equal((await visit({ code: 'bad', state }, { cookie })).status, 502);
  const page = await visit({ code: 'good', state }, { cookie });
  assert.equal(page.status, 200);
  assert.match(page.body, /oVisitor/);
  const config = await json(bot, '/jssdk', { query: { url: 'https://bot.example.com/page?a=1' } });
  assert.deepEqual(Object.keys(config).sort(), ['appId', 'nonceStr', 'signature', 'timestamp']);
  assert.equal((await get(bot, '/jssdk', { query: { url: 'https://elsewhere.example.net/' } })).status, 403);
});

// ---- streamed answers -----------------------------------------------------------------------------------------------

// Opens a page; its text grows as it arrives: { text, ended, close }.
function read(bot, where) {
  const reader = { text: '', ended: false };
  const request = http.get({ host: bot.host, port: bot.port, path: where, agent: false }, (response) => {
    reader.headers = response.headers;
    response.on('data', (chunk) => { reader.text += chunk; });
    response.on('end', () => { reader.ended = true; });
    response.on('error', () => {});
  });
  request.on('error', () => {});
  reader.close = () => request.destroy();
  return reader;
}

test('a stream goes on after the answer, bit by bit, and ends with its function', async (t) => {
  const bot = await startBot(t, {
    script: `${echo} wechat.route("GET", "/stream", function()
      return { headers = { ["Content-Type"] = "text/event-stream" }, body = "a", stream = function(send)
        for i = 1, 3 do wechat.sleep(0.2) assert(send(tostring(i))) end
      end }
    end)`,
  });
  const reader = read(bot, '/stream');
  await until(() => reader.text === 'a1', 'the first bits');
  assert.equal(await bot.say('meanwhile'), 'meanwhile');
  await until(() => reader.ended, 'the end');
  assert.equal(reader.text, 'a123');
  assert.equal(reader.headers['content-type'], 'text/event-stream');
  assert.equal(reader.headers['content-length'], undefined);
});

test('a stream whose reader has left, or does not read, is told so', async (t) => {
  const bot = await startBot(t, {
    script: `${echo} wechat.route("GET", "/endless", function()
      return { stream = function(send)
        while send(("x"):rep(100000)) do wechat.sleep(0.01) end
        wechat.log.info("nobody reads")
      end }
    end)`,
  });
  const reader = read(bot, '/endless');
  await until(() => reader.text.length > 300000, 'some of it');
  reader.close();
  await bot.waitForLog(/nobody reads/);
  const stalled = net.connect(bot.port, bot.host, () => stalled.write(`GET /endless HTTP/1.1\r\nHost: x\r\n\r\n`));
  stalled.on('error', () => {});
  stalled.pause();
  await until(() => bot.log.split('nobody reads').length === 3, 'the one that stalls', 20000);
  stalled.destroy();
});

test('streams hold no thread, and those of a slow reader come whole', async (t) => {
  const bot = await startBot(t, {
    config: { threads: 3 },
    script: `${echo} wechat.route("GET", "/open", function()
      return { body = "open", stream = function(send) for i = 1, 20 do wechat.sleep(0.1) send((i .. ";"):rep(20000)) end end }
    end)`,
  });
  const readers = Array.from({ length: 30 }, () => read(bot, '/open'));
  await until(() => readers.every((reader) => reader.text.startsWith('open')), 'thirty streams');
  assert.equal(await bot.say('meanwhile', { agent: false }), 'meanwhile');
  const whole = `open${Array.from({ length: 20 }, (_, i) => `${i + 1};`.repeat(20000)).join('')}`;
  await until(() => readers.every((reader) => reader.ended), 'the end', 20000);
  readers.forEach((reader) => assert.ok(reader.text === whole, `${reader.text.length} bytes`));
});

test('a stream ends with its script, at a reload', async (t) => {
  const bot = await startBot(t, { script: `${echo} wechat.route("GET", "/open", function()
      return { body = "open", stream = function(send) wechat.sleep(60) send(" old") end }
    end)` });
  const reader = read(bot, '/open');
  await until(() => reader.text === 'open', 'the stream');
  bot.replace('bot.lua', 'function on_message() return "new" end');
  await until(async () => (await bot.say('x')) === 'new', 'the new script');
  await until(() => reader.ended, 'the end');
  assert.equal(reader.text, 'open');
});

test('a stream that fails ends, is logged, and HEAD has none', async (t) => {
  const bot = await startBot(t, {
    script: `${echo} wechat.route("GET", "/broken", function()
      return { body = "so far", stream = function(send) send("!") error("no more") end }
    end)`,
  });
  const reader = read(bot, '/broken');
  await until(() => reader.ended, 'the end');
  assert.equal(reader.text, 'so far!');
  await bot.waitForLog(/no more/);
  assert.equal((await bot.request({ method: 'HEAD', path: '/broken', agent: false })).body, '');
});

test('an open stream does not hold up the end of the bot', async (t) => {
  const bot = await startBot(t, {
    script: `${echo} wechat.route("GET", "/open", function()
      return { body = "open", stream = function(send) while send("") do wechat.sleep(60) end end }
    end)`,
  });
  const reader = read(bot, '/open');
  await until(() => reader.text === 'open', 'the stream');
  const began = Date.now();
  await bot.stop();
  assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
});

// For ThreadSanitizer: the script's thread has the answer while the request's thread still stores the request.
test('a page that waits for a moment alone is answered whole', async (t) => {
  const bot = await startBot(t, { script: `
wechat.route("GET", "/moment", function(request)
  wechat.sleep(0)
  return { headers = { ["X-Path"] = request.path }, body = ("x"):rep(3000) }
end)
function on_message() end` });
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => bot.request({ method: 'GET', path: '/moment' })));
    for (const { status, headers, body } of answers) assert.deepEqual([status, headers['x-path'], body.length], [200, '/moment', 3000]);
  }
});
