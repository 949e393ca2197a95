// wechat.http.stream against node's servers: reading while an answer arrives, and closing of connections.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const zlib = require('node:zlib');
const { atEnd, tempDir, writeFiles, wemoon, startBot, sleep, until } = require('./harness');
const { sanitizer } = require('./sanitizer');
const { stopwatch } = require('./stopwatch');

// Starts a server that counts its requests and connections; `answer(request, response)`.
async function serve(t, answer) {
  const seen = { requests: [], closed: [], open: 0 };
  const server = http.createServer((request, response) => {
    const body = [];
    seen.requests.push(request);
    response.on('error', () => {});
    request.on('data', (chunk) => body.push(chunk)).on('end', () => {
      request.body = Buffer.concat(body).toString();
      answer(request, response);
    });
  });
  server.on('connection', (socket) => {
    seen.open++;
    socket.on('error', () => {}).on('close', () => { seen.open--; seen.closed.push(Date.now()); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return Object.assign(seen, { url: `http://127.0.0.1:${server.address().port}` });
}

// Runs Lua with URL set to the server's URL; returns its result.
async function run(t, server, code, options = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { 'x.lua': `local URL = "${server.url}" ${code}`, 'config.lua': 'return {}' });
  const { stdout } = await wemoon(['exec', 'x.lua'], { cwd: dir, code: 0, ...options });
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

const writeSlowly = async (response, pieces, ms = 20) => {
  for (const piece of pieces) { response.write(piece); await sleep(ms); }
  response.end();
};

test('status and headers are there when the head has come, the body as it comes', async (t) => {
  let finish;
  const server = await serve(t, (request, response) => {
    if (request.url === '/go') { finish(); response.end(); return; }
    response.writeHead(200, { 'X-Kind': 'slow' });
    response.write('one\n');
    finish = () => response.end('two\r\nthree');
  });
  assert.deepEqual(await run(t, server, `
    local r = wechat.http.stream{url = URL .. "/s", query = {a = 1}, headers = {["X-A"] = "b"}}
    local seen = {r.status, r.headers["x-kind"]}
    for line in r:lines() do
      seen[#seen + 1] = line
      if line == "one" then wechat.http.get(URL .. "/go") end
    end
    return seen, r.err, (r:read())`), [[200, 'slow', 'one', 'two', 'three'], null, null]);
  assert.equal(server.requests[0].url, '/s?a=1');
  assert.equal(server.requests[0].headers['x-a'], 'b');
});

test('a stream asks for identity over HTTP/1.1, on a connection of its own that ends with it', async (t) => {
  const server = await serve(t, (request, response) => response.end('x'));
  await run(t, server, `
    for i = 1, 3 do local r <close> = wechat.http.stream{url = URL, method = "POST", json = {n = i}} r:read() end
    local r = wechat.http.stream{url = URL} while r:read() do end
    wechat.sleep(0.05)`);
  assert.deepEqual(server.requests.map((request) => request.headers['accept-encoding']), Array(4).fill('identity'));
  assert.deepEqual(server.requests.map((request) => request.httpVersion), Array(4).fill('1.1'));
  assert.deepEqual(server.requests.map((request) => request.body), ['{"n":1}', '{"n":2}', '{"n":3}', '']);
  assert.equal(server.closed.length, 4);
});

test('events are read by the rules, whatever pieces they come in', async (t) => {
  const bytes = Buffer.from('\ufeff: hello\n\nevent: add\ndata: 今天\ndata: 晴\nid: 7\n\ndata: two\r\n\r\ndata: 三\r\r\nretry: 9\nevent: none\n\ndata: cut');
  const pieces = [...bytes].map((_, i) => bytes.subarray(i, i + 1));
  const server = await serve(t, (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (request.url === '/whole') response.end(bytes);
    else writeSlowly(response, pieces, 1);
  });
  const expected = [{ data: '今天\n晴', event: 'add', id: '7' }, { data: 'two', event: 'message', id: '7' },
    { data: '三', event: 'message', id: '7' }];
  for (const path of ['/whole', '/pieces']) {
    assert.deepEqual(await run(t, server, `
      local r = wechat.http.stream{url = URL .. "${path}"}
      local seen = {}
      for event in r:events() do seen[#seen + 1] = event end
      return seen, r.err`), [expected, null]);
  }
});

test('read gives what has come, or so many bytes, fewer only at the end', async (t) => {
  const server = await serve(t, (request, response) => writeSlowly(response, ['abc', 'defg', 'hi']));
  assert.deepEqual(await run(t, server, `
    local r = wechat.http.stream{url = URL}
    local first = r:read()
    return {first, r:read(2), r:read(3), r:read(10)}, r:read(1), r.err`), [['abc', 'de', 'fgh', 'i'], null, null]);
});

test('a status of 400 and more is a stream too', async (t) => {
  const server = await serve(t, (request, response) => { response.writeHead(503); response.end('{"error":"busy"}'); });
  assert.deepEqual(await run(t, server, 'local r = wechat.http.stream{url = URL} return r.status, r:read()'),
    [503, '{"error":"busy"}']);
});

test('a redirect is followed if asked for, and its body is no part of the stream', async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.url === '/there') { response.end('there'); return; }
    response.writeHead(302, { Location: '/there' });
    response.end('moved');
  });
  assert.deepEqual(await run(t, server, `
    local r = wechat.http.stream{url = URL .. "/a", follow = true}
    local s = wechat.http.stream{url = URL .. "/a"}
    return r.status, r:read(), s.status, s:read()`), [200, 'there', 302, 'moved']);
});

test('an answer that breaks off ends the iterators, and r.err says so', async (t) => {
  const server = await serve(t, (request, response) => {
    response.writeHead(200, { 'Content-Length': 1000 });
    response.write('data: one\n\ndata: tw');
    setTimeout(() => response.destroy(), 50);
  });
  const [events, err, lines, lineErr, first, rest, readErr] = await run(t, server, `
    local function all(f, s, v) local list = {} for x in f, s, v do list[#list + 1] = x.data or x end return list end
    local r = wechat.http.stream{url = URL}
    local events = all(r:events())
    local s = wechat.http.stream{url = URL}
    local lines = all(s:lines())
    local u = wechat.http.stream{url = URL}
    local first, rest, err = u:read(9), u:read(100)
    return events, r.err.kind .. " " .. tostring(r.err), lines, s.err.kind, first, rest, err and err.kind`);
  assert.deepEqual(events, ['one']);
  assert.match(err, /^network http\.stream: 127\.0\.0\.1:\d+: the answer ended early/);
  assert.deepEqual([lines, lineErr, first, rest, readErr], [['data: one', ''], 'network', 'data: one', null, 'network']);
});

test('no connection, and an answer that never begins, are nil and an error', async (t) => {
  const silent = net.createServer(() => {});
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => silent.close());
  const port = silent.address().port;
  const [refused, idle, whole, unknown] = await run(t, { url: 'http://127.0.0.1:9' }, `
    local _, a = wechat.http.stream{url = URL}
    local _, b = wechat.http.stream{url = "http://127.0.0.1:${port}", idle_timeout = 0.2}
    local _, c = wechat.http.stream{url = "http://127.0.0.1:${port}", timeout = 0.2}
    return a.kind, b.kind .. tostring(b), c.kind .. tostring(c), a.retryable`);
  assert.deepEqual([refused, unknown], ['network', true]);
  assert.match(idle, /^timeout.*no byte was received for 0\.2 s/);
  assert.match(whole, /^timeout.*no whole answer within 0\.2 s/);
});

test('idle_timeout counts between bytes, timeout in all', async (t) => {
  const server = await serve(t, (request, response) => {
    writeSlowly(response, request.url === '/pause' ? ['a', 'b'] : Array(30).fill('x'), request.url === '/pause' ? 700 : 50);
  });
  const [paused, steady, whole] = await run(t, server, `
    local function kind(options)
      local r = wechat.http.stream(options)
      local n = 0
      for line in function() return r:read() end do n = n + #line end
      return (r.err and r.err.kind or "end") .. (n > 0 and " read" or "")
    end
    return kind{url = URL .. "/pause", idle_timeout = 0.3}, kind{url = URL, idle_timeout = 0.3}, kind{url = URL, timeout = 0.5}`);
  assert.deepEqual([paused, steady, whole], ['timeout read', 'end read', 'timeout read']);
});

test('a script that does not read holds the sender, and loses nothing', async (t) => {
  const size = 64 << 20;
  const state = { written: 0 };
  const server = await serve(t, (request, response) => {
    const piece = Buffer.alloc(65536, 'x');
    const pump = () => {
      while (state.written < size) {
        state.written += piece.length;
        if (!response.write(piece)) { response.once('drain', pump); return; }
      }
      response.end();
    };
    response.writeHead(200);
    pump();
    setTimeout(() => { state.atPause = state.written; }, 900);
  });
  const [total, memory, err] = await run(t, server, `
    local r = wechat.http.stream{url = URL, idle_timeout = 0.5}
    wechat.sleep(1)
    local file = io.open("/proc/self/status")
    local memory = file:read("a"):match("VmRSS:%s*(%d+)") file:close()
    local total = 0
    while true do
      local text = r:read()
      if not text then break end
      total = total + #text
    end
    return total, math.tointeger(memory), r.err`);
  assert.equal(total, size);
  assert.equal(err, null, 'a sender that is held is not silent');
  assert.ok(state.atPause < 16 << 20, `${state.atPause} bytes written while nobody read`);
  if (!sanitizer) assert.ok(memory < 60000, `${memory} KB while nobody read`);
});

test('close, <close> and the end of the task close the connection at once', async (t) => {
  const server = await serve(t, (request, response) => { response.writeHead(200); response.write('x'); });
  const errors = await run(t, server, `
    local r = wechat.http.stream{url = URL} r:read()
    r:close()
    wechat.sleep(0.2)
    do local s <close> = wechat.http.stream{url = URL} s:read() end
    wechat.sleep(0.2)
    wechat.spawn(function() KEPT = wechat.http.stream{url = URL} KEPT:read() end)
    wechat.sleep(0.2)
    return r:read() == nil, tostring(select(2, KEPT:read()).errmsg)`);
  await until(() => server.closed.length === 3, 'three connections closed');
  assert.deepEqual(errors, [true, 'the stream is closed']);
  assert.ok(server.closed[0] <= server.closed[2] - 300, 'each when it was closed, not at the end of the process');
});

test('a stream that is closed or cancelled is closed at the server within 10 ms', async (t) => {
  const written = [], closed = [];
  const server = await serve(t, (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.on('close', () => closed.push(performance.now()));
    setTimeout(() => { response.write('data: now\n\n'); written.push(performance.now()); }, 20);
  });
  await run(t, server, `
    for i = 1, 10 do
      local r = wechat.http.stream{url = URL}
      r:events()()
      r:close()
      local seen
      local task = wechat.spawn(function()
        local s <close> = wechat.http.stream{url = URL}
        for _ in s:events() do seen = true end
      end)
      while not seen do wechat.sleep(0.001) end
      task:cancel()
      wechat.sleep(0.03)
    end`);
  await until(() => closed.length === 20, 'all closed');
  // From the event, whose arrival makes the script close: the way to the script is counted too.
  const ms = closed.map((at, i) => at - written[i]).sort((a, b) => a - b);
  t.diagnostic(`median ${ms[10].toFixed(1)} ms, at most ${ms[19].toFixed(1)} ms`);
  if (!sanitizer) assert.ok(ms[10] <= 10, `${ms[10]} ms`);
});

test('a stream that the script forgets is closed when its message is answered', async (t) => {
  const server = await serve(t, (request, response) => { response.writeHead(200); response.write('x'); });
  const bot = await startBot(t, { script: `
    function on_message(msg)
      local r = wechat.http.stream{url = "${server.url}"}
      return r:read()
    end` });
  assert.equal(await bot.say('hi'), 'x');
  const answered = Date.now();
  await until(() => server.closed.length === 1, 'the connection is closed');
  assert.ok(server.closed[0] - answered < 100, `${server.closed[0] - answered} ms after the answer`);
});

test('a wait for bytes holds nobody up', async (t) => {
  const server = await serve(t, (request, response) => {
    response.writeHead(200);
    setTimeout(() => response.end('late'), 1000);
  });
  const bot = await startBot(t, { script: `
    function on_message(msg)
      if msg.content == "quick" then return "quick" end
      return wechat.http.stream{url = "${server.url}"}:read()
    end` });
  const slow = bot.say('slow');
  await sleep(100);
  const elapsed = stopwatch(bot);
  assert.equal(await bot.say('quick'), 'quick');
  const ms = elapsed();
  assert.ok(ms < 500, `${ms} ms`);
  assert.equal(await slow, 'late');
});

test('a server that compresses all the same is not read as noise', async (t) => {
  const server = await serve(t, (request, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip' });
    response.end(zlib.gzipSync('data: one\n\n'));
  });
  const [events, err, bytes] = await run(t, server, `
    local r = wechat.http.stream{url = URL}
    local n = 0
    for _ in r:events() do n = n + 1 end
    local s = wechat.http.stream{url = URL}
    return n, r.err.kind .. tostring(r.err), s:read():byte(1)`);
  assert.equal(events, 0);
  assert.match(err, /^http.*the answer is encoded \(gzip\), though/);
  assert.equal(bytes, 0x1f);
});

test('an event and a line that never end are given up', async (t) => {
  const server = await serve(t, (request, response) => {
    response.writeHead(200);
    const piece = 'x'.repeat(65536);
    response.write('data: ');
    const pump = () => { while (!response.destroyed && response.write(piece)); response.once('drain', pump); };
    pump();
  });
  const [events, lines] = await run(t, server, `
    local r = wechat.http.stream{url = URL}
    for _ in r:events() do end
    local s = wechat.http.stream{url = URL}
    for _ in s:lines() do end
    return tostring(r.err), tostring(s.err)`);
  assert.match(events, /an event has more than 1048576 bytes/);
  assert.match(lines, /a line has more than 1048576 bytes/);
  await until(() => server.open === 0, 'their connections closed');
});

test('a wrong option and a wrong use are named', async (t) => {
  const server = await serve(t, (request, response) => response.end('x'));
  const faults = await run(t, server, `
    local function fault(f, ...) local _, why = pcall(f, ...) return (tostring(why):gsub("^.-%d+: ", "")) end
    local r = wechat.http.stream{url = URL}
    return fault(wechat.http.stream, {}), fault(wechat.http.stream, {url = "ftp://x"}),
      fault(wechat.http.stream, {url = URL, idle_timeout = 0}), fault(wechat.http.get, URL, {idle_timeout = 1}),
      fault(r.read, r, -1), fault(r.lines, {})`);
  assert.match(faults[0], /wechat\.http\.stream: url is missing/);
  assert.match(faults[1], /wechat\.http\.stream: the address must begin with http:\/\/ or https/);
  assert.match(faults[2], /idle_timeout must be a positive number of seconds/);
  assert.match(faults[3], /there is no option named 'idle_timeout'/);
  assert.match(faults[4], /r:read: n must be a positive integer/);
  assert.match(faults[5], /lines: it is called on a table/);
});

test('a waiting stream costs at most 24 KB', async (t) => {
  const waiting = [];
  const server = await serve(t, (request, response) => {
    response.write('data: x\n\n');
    waiting.push(response);
    if (request.url === '/end') for (const one of waiting) one.end();
  });
  const count = 400;
  const [before, after] = await run(t, server, `
    local function rss()
      local file = io.open("/proc/self/status")
      local memory = file:read("a"):match("VmRSS:%s*(%d+)") file:close()
      return math.tointeger(memory)
    end
    local function open(n)
      local left = n
      for i = 1, n do
        wechat.spawn(function()
          local r = wechat.http.stream{url = URL}
          for _ in r:events() do left = left - 1 end
        end)
      end
      while left > 0 do wechat.sleep(0.02) end
    end
    open(20)
    collectgarbage()
    local before = rss()
    open(${count})
    collectgarbage()
    local after = rss()
    wechat.http.get(URL .. "/end")
    return before, after`);
  const each = (after - before) * 1024 / count;
  t.diagnostic(`${Math.round(each)} bytes a stream`);
  if (!sanitizer) assert.ok(each < 24 * 1024, `${each} bytes a stream`);
});

test('a page that writes bit by bit still does, beside streams that are read', async (t) => {
  const bot = await startBot(t, { script: `
    wechat.route("GET", "/events", function()
      return { headers = { ["Content-Type"] = "text/event-stream" }, stream = function(send) send("data: a\\n\\n") send("data: b\\n\\n") end }
    end)
    function on_message(msg)
      local r, seen = wechat.http.stream{url = msg.content}, {}
      for event in r:events() do seen[#seen + 1] = event.data end
      return table.concat(seen, " ")
    end` });
  assert.equal(await bot.say(`http://127.0.0.1:${bot.port}/events`), 'a b');
});
