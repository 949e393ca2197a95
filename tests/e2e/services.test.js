// A script's outside services: the platform's API, any HTTP server, the store, sessions.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { atEnd, APPID, tempDir, writeFiles, configLua, wemoon, startBot, textXml, until } = require('./harness');
const { sanitizer } = require('./sanitizer');
const { stopwatch } = require('./stopwatch');

// ---- test server
// -----------------------------------------------------------------------------------------------------

// Starts a server that calls `answer(request, response, body)` for each request; `seen` lists the requests. It is
// closed when the test ends.
async function startServer(t, answer) {
  const seen = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const url = new URL(request.url, 'http://x');
      const one = { method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), url: request.url,
        headers: request.headers, body };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return { seen, url: `http://127.0.0.1:${server.address().port}`, count: (where) => seen.filter((one) => one.path === where).length };
}

const json = (response, value) => response.end(typeof value === 'string' ? value : JSON.stringify(value));

// Starts a platform with tokens; `routes` by path.
async function startPlatform(t, routes = {}, options = {}) {
  const platform = { tokens: 0, ...options };
  const prefix = platform.longTokens ? 'LONG-TOKEN-' : 'T';
  const server = await startServer(t, (request, response) => {
    if (request.path === '/cgi-bin/stable_token' || request.path === '/cgi-bin/token') {
      if (platform.refuse) return json(response, { errcode: platform.refuse, errmsg: 'refused' });
      return json(response, { access_token: `${prefix}${++platform.tokens}`, expires_in: 7200 });
    }
    if (request.query.access_token !== `${prefix}${platform.tokens}`) {
      return json(response, { errcode: 40001, errmsg: 'invalid credential, rid: 60a-1' });
    }
    const route = routes[request.path];
    return route ? route(request, response) : json(response, { errcode: 0, errmsg: 'ok' });
  });
  return Object.assign(platform, server);
}

// Runs Lua by `exec FILE` in a directory with a configuration; returns the decoded result.
async function run(t, code, { config = {}, dir = tempDir(t), files = {}, status = 0, timeoutMs } = {}) {
  writeFiles(dir, { 'x.lua': code, 'config.lua': configLua(config), ...files });
  const result = await wemoon(['exec', 'x.lua'], { cwd: dir, code: status, timeoutMs });
  result.values = result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return result;
}

const account = (platform, more) => ({ appid: APPID, appsecret: 'hunter2-hunter2-hunter2', api_base: platform.url, mp_base: platform.url, ...more });

// ---- platform API
// ------------------------------------------------------------------------------------------------------

test('calls carry the token and decode the answer; the token is fetched once for all', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/tags/create': (request, response) => json(response, { tag: { id: 9007199254740992, name: JSON.parse(request.body).tag.name } }),
  });
  const { stdout } = await run(t, `
    local results = {}
    for i = 1, 50 do wechat.spawn(function() results[i] = wechat.tag.create{tag = {name = "贵宾" .. i}} end) end
    wechat.sleep(1)
    for i = 1, 50 do assert(results[i].tag.name == "贵宾" .. i) end
    return wechat.tag.create{tag = {name = "x"}}.tag.id`, { config: account(platform) });
  assert.equal(stdout, '9007199254740992\n');
  assert.equal(platform.tokens, 1);
  const sent = platform.seen.find((one) => one.path === '/cgi-bin/tags/create' && one.body.includes('贵宾1"'));
  assert.equal(sent.method, 'POST');
  assert.equal(sent.body.toString(), '{"tag":{"name":"贵宾1"}}');
  assert.match(sent.headers['content-type'], /^application\/json/);
});

test('a failure is nil and an error with its parts; its secrets are not in it', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/tags/create': (request, response) => json(response, { errcode: 45157, errmsg: 'invalid tag name rid: 5f3-9' }),
    '/cgi-bin/tags/get': (request, response) => { response.statusCode = 502; response.end('<html>'); },
    '/cgi-bin/tags/delete': (request, response) => response.end('<html>'),
    '/cgi-bin/menu/get': (request, response) => response.destroy(),
  });
  const { values } = await run(t, `
    local function parts(_, err) return {kind = err.kind, errcode = err.errcode, rid = err.rid, method = err.method,
      retryable = err.retryable, hint = type(err.hint), text = tostring(err), status = err.status} end
    return parts(wechat.tag.create{tag = {name = "x"}}), parts(wechat.call("GET", "/cgi-bin/tags/get")), parts(wechat.call("POST", "/cgi-bin/tags/delete", nil, {tag = {id = 1}})), parts(wechat.get_menu())`,
  { config: account(platform) });
  assert.deepEqual(values.map((one) => one.kind), ['api', 'http', 'json', 'network']);
  assert.equal(values[0].errcode, 45157);
  assert.equal(values[0].rid, '5f3-9');
  assert.equal(values[0].method, 'tag.create');
  assert.equal(values[1].status, 502);
  for (const one of values) {
    assert.equal(one.hint, 'string');
    assert.doesNotMatch(one.text, /hunter2|access_token=|\n/);
  }
});

test('a revoked token is renewed once and the call sent again; a refused account is asked once', async (t) => {
  const platform = await startPlatform(t);
  const dir = tempDir(t);
  const config = account(platform);
  await run(t, 'assert(wechat.get_menu())', { config, dir });
  platform.tokens++;
  await run(t, 'assert(wechat.get_menu())', { config, dir });
  assert.equal(platform.count('/cgi-bin/stable_token'), 2);
  platform.refuse = 40164;
  const other = { config: account(platform, { store: 'sqlite:other.db' }), dir };
  for (let i = 0; i < 3; i++) {
    const { values } = await run(t, 'local _, err = wechat.get_menu() return err.errcode, tostring(err)', other);
    assert.equal(values[0], 40164);
  }
  assert.equal(platform.count('/cgi-bin/stable_token'), 3);
});

test('an upload sends raw UTF-8 names and its length, and needs little memory for a large file', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/media/upload': (request, response) => json(response, { type: request.query.type, media_id: 'M', size: request.body.length }),
  });
  const dir = tempDir(t);
  fs.writeFileSync(path.join(dir, '照片 1.jpg'), Buffer.alloc(1000, 7));
  fs.writeFileSync(path.join(dir, 'big.mp4'), Buffer.alloc(9_500_000, 7));
  const { values } = await run(t, `
    local function memory()
      for line in io.lines("/proc/self/status") do
        local kb = line:match("^VmHWM:%s*(%d+)")
        if kb then return tonumber(kb) end
      end
    end
    local small = assert(wechat.upload_media("image", "照片 1.jpg"))
    local open = assert(io.open("照片 1.jpg", "rb"))
    open:seek("set", 10)
    local rest = assert(wechat.upload_media("image", open))
    local bytes = assert(wechat.upload_media("image", ("x"):rep(500), "png"))
    local before = memory()
    local big = assert(wechat.upload_media("video", "big.mp4"))
    return small.media_id, rest.size, bytes.size, big.size, memory() - before`, { config: account(platform), dir });
  const uploads = platform.seen.filter((one) => one.path === '/cgi-bin/media/upload');
  assert.ok(uploads[0].body.includes('filename="照片 1.jpg"'), uploads[0].body.toString('latin1').slice(0, 300));
  assert.equal(uploads[0].headers['transfer-encoding'], undefined);
  assert.equal(Number(uploads[0].headers['content-length']), uploads[0].body.length);
  assert.equal(uploads[0].headers.expect, undefined);
  assert.ok(uploads[1].body.includes('filename="照片 1.jpg"'));
  assert.equal(uploads[0].body.length - uploads[1].body.length, 10);
  assert.ok(uploads[3].body.length > 9_500_000);
  t.diagnostic(`a 9.5 MB video: ${values[4]} KB of extra memory`);
  if (!sanitizer) assert.ok(values[4] < 4096, `${values[4]} KB`);
});

test('a download gives body, type, name and save; JSON is JSON whatever its type says', async (t) => {
  const picture = Buffer.alloc(3_000_000, 9);
  const platform = await startPlatform(t, {
    '/cgi-bin/media/get': (request, response) => {
      const id = request.query.media_id;
      response.setHeader('Content-Type', 'image/jpeg');
      response.setHeader('Content-disposition', 'attachment; filename="p.jpg"');
      if (id === 'small') return response.end(Buffer.from([0xff, 0xd8, 0]));
      if (id === 'big') return response.end(picture);
      if (id === 'video') return json(response, { video_url: 'http://v' });
      return json(response, { errcode: 40007, errmsg: 'invalid media_id' });
    },
  });
  const dir = tempDir(t);
  const { values } = await run(t, `
    local small, big = wechat.download_media("small"), wechat.download_media("big")
    local video = wechat.download_media("video")
    local none, err = wechat.download_media("none")
    local fine = small:save("s.jpg") and big:save("b.jpg")
    local bad, why = big:save("no/such/dir/x")
    local length = #big.body
    local again = big:save("b2.jpg")
    return #small.body, small.content_type, small.filename, length, fine, again, bad == nil and why, video.video_url, none == nil, err.errcode`,
  { config: account(platform), dir });
  assert.deepEqual(values, [3, 'image/jpeg', 'p.jpg', picture.length, true, true, 'no/such/dir/x: No such file or directory', 'http://v', true, 40007]);
  for (const name of ['b.jpg', 'b2.jpg']) assert.ok(fs.readFileSync(path.join(dir, name)).equals(picture));
});

test('without appid a call raises and says what to give', async (t) => {
  const { stderr } = await run(t, 'wechat.get_menu()', { status: 1 });
  assert.match(stderr, /x\.lua:1: wechat\.\S+ needs appid and appsecret/);
});

test('tokens and tickets come from the cache; a grant asks for a new one', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/ticket/getticket': (request, response) => json(response, { errcode: 0, errmsg: 'ok', ticket: 'JT', expires_in: 7200 }),
  });
  const { values } = await run(t, `
    local a, b = wechat.get_access_token(), wechat.get_access_token()
    local g = wechat.grant_token()
    local c = wechat.get_access_token()
    local d = wechat.grant_token(false)
    local e = wechat.get_access_token()
    return a.access_token == b.access_token, a.access_token_expires_at - os.time(), g.access_token, c.access_token, d.access_token, e.access_token`,
  { config: account(platform) });
  assert.equal(values[0], true);
  assert.ok(values[1] > 7100 && values[1] <= 7200);
  assert.deepEqual(values.slice(2), ['T2', 'T2', 'T3', 'T2']);
});

test('a thousand scripts wait for an API of one second together', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/menu/get': (request, response) => setTimeout(() => json(response, { menu: {} }), 1000),
  });
  const { values } = await run(t, `
    local n, began = 0, os.time()
    for i = 1, 1000 do wechat.spawn(function() if wechat.get_menu() then n = n + 1 end end) end
    while n < 1000 and os.time() - began < 20 do wechat.sleep(0.02) end
    return n`, { config: account(platform), timeoutMs: 60000 });
  assert.equal(values[0], 1000);
  assert.equal(platform.tokens, 1);
});

test('calls wait across pcall, iterators, metamethods and the script\'s own coroutines', async (t) => {
  const platform = await startPlatform(t);
  const { values } = await run(t, `
    local fine = select(2, pcall(wechat.get_menu)).errcode
    local t = setmetatable({}, {__index = function() return wechat.get_menu().errcode end})
    local function iterate(_, i) if i < 3 then assert(wechat.get_menu()) return i + 1 end end
    local n = 0
    for i in iterate, nil, 0 do n = n + i end
    local co = coroutine.wrap(function() coroutine.yield(wechat.get_menu().errcode) return "end" end)
    local first, last = co(), co()
    local ok, why = pcall(table.sort, {1, 2, 3}, function() wechat.get_menu() end)
    return fine, t.x, n, first, last, why`, { config: account(platform) });
  assert.deepEqual(values.slice(0, 5), [0, 0, 6, 0, 'end']);
  assert.match(values[5], /table\.sort/);
});

// ---- wechat.http
// -------------------------------------------------------------------------------------------------------

test('wechat.http sends JSON, forms, files, headers and queries', async (t) => {
  const server = await startServer(t, (request, response) => {
    response.setHeader('X-Two', ['a', 'b']);
    response.statusCode = request.path === '/404' ? 404 : 200;
    response.end(request.body);
  });
  const { values } = await run(t, `
    local u = ...
    u = "${server.url}"
    local a = wechat.http.get(u .. "/a?x=1", {query = {["名"] = "值 &", n = 2}, headers = {["X-Mine"] = "yes"}})
    local b = wechat.http.post(u .. "/b", {json = {text = "月", list = wechat.json.array{}}})
    local c = wechat.http.post(u .. "/c", {form = {a = "1 2", b = true}})
    local d = wechat.http.post(u .. "/d", {files = {f = "x.lua", g = {data = "raw", filename = "月.txt"}}, form = {k = "v"}})
    local e = wechat.http.request{method = "put", url = u .. "/404", body = "bytes"}
    local f = wechat.http.get{url = u .. "/f", query = {n = 1}, headers = {["X-Mine"] = "too"}}
    local g = wechat.http.post{url = u .. "/g", form = {n = 2}}
    return a.status, a.headers["X-TWO"], b.body, c.body, e.status, e.body, f.status, g.body`, {});
  assert.deepEqual(values, [200, 'a, b', '{"list":[],"text":"月"}', 'a=1%202&b=true', 404, 'bytes', 200, 'n=2']);
  const [a, b, c, d, e, f, g] = server.seen;
  assert.deepEqual([f.method, f.query, f.headers['x-mine'], g.method], ['GET', { n: '1' }, 'too', 'POST']);
  assert.deepEqual(a.query, { x: '1', 名: '值 &', n: '2' });
  assert.equal(a.headers['x-mine'], 'yes');
  assert.match(b.headers['content-type'], /^application\/json/);
  assert.equal(c.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.ok(d.body.includes('filename="x.lua"') && d.body.includes('filename="月.txt"') && d.body.includes('name="k"'));
  assert.equal(e.method, 'PUT');
});

test('wechat.http: redirects only when asked, time-outs, misuse that names the option', async (t) => {
  const server = await startServer(t, (request, response) => {
    if (request.path === '/silent') return;
    if (request.path === '/r') { response.statusCode = 302; response.setHeader('Location', '/end'); }
    response.end('x');
  });
  const { values } = await run(t, `
    local u = "${server.url}"
    local _, slow = wechat.http.get(u .. "/silent", {timeout = 0.3})
    local function why(...) return select(2, pcall(...)) end
    return wechat.http.get(u .. "/r").status, wechat.http.get(u .. "/r", {follow = true}).status, slow.kind, slow.method,
      why(wechat.http.get, u, {tiemout = 3}), why(wechat.http.get), why(wechat.http.get, "gopher://x"),
      why(wechat.http.post, u, {json = {}, body = "x"}), why(wechat.http.post, u, {files = {f = "/no/such"}})`);
  assert.deepEqual(values.slice(0, 4), [302, 200, 'timeout', 'http.get']);
  assert.match(values[4], /tiemout/);
  assert.match(values[5], /url is missing/);
  assert.match(values[6], /http:\/\/ or https:\/\//);
  assert.match(values[7], /json and body/);
  assert.match(values[8], /\/no\/such cannot be opened: No such file/);
});

test('a send goes out once, or says that it does not know; what may be repeated is sent again', async (t) => {
  const drop = (request, response) => response.socket.destroy();
  const platform = await startPlatform(t, { '/cgi-bin/message/custom/send': drop, '/cgi-bin/message/template/send': drop });
  const server = await startServer(t, drop);
  const { values, stderr } = await run(t, `
    local function why(_, err) return {kind = err.kind, retryable = err.retryable, text = tostring(err)} end
    assert(wechat.get_menu())
    return why(wechat.send_text_message("o", "hi")), why(wechat.http.post("${server.url}/post", {body = "x"})),
      why(wechat.http.request{method = "PATCH", url = "${server.url}/patch", body = "x"}), why(wechat.http.get("${server.url}/get"))`,
  { config: account(platform) });
  assert.deepEqual(values.map((one) => one.kind), ['unknown', 'unknown', 'unknown', 'network']);
  assert.deepEqual(values.map((one) => one.retryable), [false, false, false, true]);
  assert.match(values[0].text, /whether the request arrived is not known.*check before you make the same call again/);
  assert.match(stderr, /send_text_message/);
  assert.equal(platform.count('/cgi-bin/message/custom/send'), 1);
  assert.equal(server.count('/post') + server.count('/patch'), 2);
});

test('a redirect that is followed keeps the body of a PUT, and no credentials for another host', async (t) => {
  const other = await startServer(t, (request, response) => response.end('x'));
  const server = await startServer(t, (request, response) => {
    const to = { '/here': '/end', '/there': other.url.replace('127.0.0.1', 'localhost') + '/end' }[request.path];
    if (to) { response.statusCode = 302; response.setHeader('Location', to); }
    response.end('x');
  });
  await run(t, `
    local options = {method = "PUT", body = "kept", follow = true, headers = {Authorization = "Bearer hunter2", ["X-Mine"] = "1"}}
    options.url = "${server.url}/here"
    assert(wechat.http.request(options))
    options.url = "${server.url}/there"
    assert(wechat.http.request(options))`);
  const here = server.seen.find((one) => one.path === '/end'), there = other.seen[0];
  for (const one of [here, there]) assert.equal(`${one.method} ${one.body} ${one.headers['x-mine']}`, 'PUT kept 1');
  assert.equal(here.headers.authorization, 'Bearer hunter2');
  assert.equal(there.headers.authorization, undefined);
});

test('a name or a value that would change a request is refused', async (t) => {
  const { values } = await run(t, `
    local function why(options) return select(2, pcall(wechat.http.post, "http://127.0.0.1:1/", options)) end
    return why{headers = {["X-A\\0BC"] = "v"}}, why{headers = {X = "a\\0b"}}, why{headers = {["X\\r\\nY"] = "v"}},
      why{files = {["f\\0g"] = {data = "x"}}}, why{files = {f = {data = "x", filename = "a\\0.jpg"}}}, why{files = {f = {data = "x", content_type = "a/b\\r\\nX: y"}}},
      select(2, pcall(wechat.http.request, {url = "http://127.0.0.1:1/", method = "G\\0ET"}))`);
  for (const [i, word] of ['header', 'header', 'header', 'NUL', 'NUL', 'line break', 'method'].entries()) assert.match(values[i], new RegExp(word));
});

test('a file that is not regular is refused at once: a pipe, a folder, a device', async (t) => {
  const platform = await startPlatform(t);
  const dir = tempDir(t);
  execFileSync('mkfifo', [path.join(dir, 'pipe.jpg')]);
  fs.mkdirSync(path.join(dir, 'folder.jpg'));
  fs.symlinkSync('/dev/zero', path.join(dir, 'device.jpg'));
  const began = Date.now();
  const { values } = await run(t, `
    local function why(...) return select(2, pcall(...)) end
    local function post(file) return why(wechat.http.post, "${platform.url}/", {files = {f = file}}) end
    return why(wechat.upload_media, "image", "pipe.jpg"), post("pipe.jpg"), why(wechat.upload_media, "image", "folder.jpg"), post("folder.jpg"),
      why(wechat.upload_media, "image", "device.jpg"), post("device.jpg"), why(wechat.upload_media, "image", io.open("device.jpg"))`,
  { config: account(platform), dir });
  const kinds = ['pipe', 'pipe', 'folder', 'folder', 'device', 'device', 'device'];
  for (const [i, kind] of kinds.entries()) assert.match(values[i], new RegExp(`is a ${kind}: only a file whose length is known`));
  assert.ok(Date.now() - began < 5000);
});

test('a large answer arrives whole, and holds nobody up', async (t) => {
  const openids = Array.from({ length: 200_000 }, (_, i) => `oABCDEFGHIJKLMNOPQRST${i}`);
  const platform = await startPlatform(t, { '/cgi-bin/user/get': (request, response) => json(response, { total: 200_000, data: { openid: openids } }) });
  const { values } = await run(t, `
    local done, turns_meanwhile = 0, 0
    wechat.spawn(function() while done < 3 do wechat.sleep(0.001) turns_meanwhile = turns_meanwhile + 1 end end)
    local counts = {}
    for i = 1, 3 do wechat.spawn(function()
      local list = assert(wechat.get_followers()).data.openid
      counts[i] = #list == 200000 and list[200000] == "oABCDEFGHIJKLMNOPQRST199999"
      done = done + 1
    end) end
    while done < 3 do wechat.sleep(0.01) end
    return counts, turns_meanwhile > 40`, { config: account(platform), timeoutMs: 60000 });
  assert.deepEqual(values, [[true, true, true], true]);
});

// Each may take 122 MB until it is parsed, and takes 76 MB then; all that are held may take 512 MB.
test('answers that are too much at once are read one after the other, and none is refused', async (t) => {
  const platform = await startPlatform(t, { '/many': (request, response) => json(response, { list: new Array(1 << 19).fill(1) }) });
  const { values } = await run(t, `
    local done, counts = 0, {}
    for i = 1, 7 do wechat.spawn(function()
      local answer, err = wechat.call("GET", "/many")
      counts[i] = answer and #answer.list or tostring(err)
      done, answer = done + 1, nil
    end) end
    while done < 7 do wechat.sleep(0.01) end
    return counts`, { config: account(platform, { script_memory_mb: 1000 }), timeoutMs: 60000 });
  assert.deepEqual(values, [new Array(7).fill(1 << 19)]);
});

test('an answer that quotes a secret is printed with its mask', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/tags/get': (request, response) => json(response, { errcode: 40097, errmsg: `bad ${request.url} and hunter2-hunter2-hunter2, rid: 1-2` }),
  }, { longTokens: true });
  const { values, stderr } = await run(t, 'local _, err = wechat.call("GET", "/cgi-bin/tags/get") return err.errmsg, tostring(err)', { config: account(platform) });
  for (const text of [...values, stderr]) assert.doesNotMatch(text, /hunter2-hunter2|LONG-TOKEN-1/);
  assert.match(values[0], /^bad .*access_token=LONG…\(12\) and hunt…\(23\), rid: 1-2$/);
});

test('an answer that quotes any secret of the configuration, or a ticket, is printed with its mask', async (t) => {
  const secrets = {
    encoding_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG', previous_encoding_aes_key: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg',
    token: 'callback-token-secret', previous_token: 'previous-token-secret', partnerkey: 'partner-key-secret', paysignkey: 'pay-sign-key-secret',
  };
  const quoted = [...Object.values(secrets), 'ticket-of-the-pages'];
  const openid = 'oDemoUser0000000000000000001';
  const platform = await startPlatform(t, {
    '/cgi-bin/ticket/getticket': (request, response) => json(response, { errcode: 0, ticket: 'ticket-of-the-pages', expires_in: 7200 }),
    '/cgi-bin/tags/get': (request, response) => json(response, { errcode: 40097, errmsg: `${openid} ${quoted.join(' ')} rid: ${secrets.partnerkey}` }),
  });
  const { values, stderr } = await run(t, `assert(wechat.get_jsapi_ticket().jsapi_ticket == "ticket-of-the-pages")
    local _, err = wechat.call("GET", "/cgi-bin/tags/get")
    return err.errmsg, tostring(err), err.rid`, { config: account(platform, { ...secrets, log_openid: 'hash' }) });
  for (const text of [...values, stderr]) for (const secret of quoted) assert.ok(!text.includes(secret), text);
  const masked = quoted.map((secret) => `${secret.slice(0, 4)}…(${secret.length})`);
  assert.equal(values[0], `${openid} ${masked.join(' ')} rid: part…(18)`);
  assert.ok(values[1].includes(values[0]));
  assert.equal(values[2], 'part…(18)');
});

test('expires_in may be a text or a real; an imported ticket needs no secret', async (t) => {
  for (const expires of ['7200', 7200.5, 1e300]) {
    const platform = await startServer(t, (request, response) => json(response,
      request.path === '/cgi-bin/stable_token' ? { access_token: 'T', expires_in: expires } : { errcode: 0 }));
    const { values } = await run(t, 'local t = wechat.get_access_token() return t.access_token, t.access_token_expires_at - os.time()', { config: account(platform) });
    assert.equal(values[0], 'T');
    assert.ok(values[1] >= 7199 && values[1] <= 366 * 86400, String(values[1]));
  }
  const { values } = await run(t, 'return wechat.get_jsapi_ticket().jsapi_ticket, wechat.generate_jsapi_signature(1, "n", "http://x/")',
    { config: { appid: APPID, jsapi_ticket: 'IMPORTED', jsapi_ticket_expires_at: Math.floor(Date.now() / 1000) + 3600 } });
  assert.equal(values[0], 'IMPORTED');
  assert.match(values[1], /^[0-9a-f]{40}$/);
});

// ---- store
// ---------------------------------------------------------------------------------------------------------------

test('wechat.store keeps JSON-able values, counts, adds and forgets; it outlives the process', async (t) => {
  const dir = tempDir(t);
  const first = await run(t, `
    local s = wechat.store
    return s.set("t", {a = {1, 2, {b = "月"}}}), s.get("t"), s.get("none"), s.incr("n"), s.incr("n", 41), s.get("n"),
      s.add("once", false), s.add("once", 1), s.get("once"), s.delete("t"), s.delete("t"), s.set("short", 1, 0.05), s.set{key = "k", value = "v"}`, { dir });
  assert.deepEqual(first.values, [true, { a: [1, 2, { b: '月' }] }, null, 1, 42, 42, true, false, false, true, false, true, true]);
  const second = await run(t, 'wechat.sleep(0.1) return wechat.store.get("n"), wechat.store.get("k"), wechat.store.get("short")', { dir });
  assert.deepEqual(second.values, [42, 'v', null]);
  assert.equal(fs.statSync(path.join(dir, 'wemoon.db')).mode & 0o777, 0o600);
});

test('wechat.store: what cannot be kept raises; what the store refuses is nil and why', async (t) => {
  const { values } = await run(t, `
    local s = wechat.store
    local function why(...) return select(2, pcall(...)) end
    s.set("text", "abc")
    return select(2, s.incr("text")), why(s.set, "k", print), why(s.set, "k"), why(s.set, "", 1), why(s.set, "k", 1, -1), why(s.get)`);
  assert.match(values[0], /not an integer/);
  assert.match(values[1], /wechat\.store\.set: value: .*function/);
  assert.match(values[2], /value is missing/);
  assert.match(values[3], /1 to 1000 bytes/);
  assert.match(values[4], /positive/);
  assert.match(values[5], /key is missing/);
});

test('a script that needs a store that is away gets an error within a second; callbacks go on', async (t) => {
  const bot = await startBot(t, {
    script: `function on_message(msg)
      if msg.content == "store" then return "no: " .. select(2, wechat.store.get("k")) end
      return "hi"
    end`,
    config: { store: 'redis://:hunter2@127.0.0.1:1/0' },
  });
  assert.equal(await bot.say('x'), 'hi');
  const elapsed = stopwatch(bot);
  assert.match(await bot.say('store'), /^no: store: Redis at 127\.0\.0\.1:1: /);
  const ms = elapsed();
  assert.ok(ms < 1000, `${ms} ms`);
  assert.doesNotMatch(bot.log, /hunter2/);
});

// ---- sessions
// --------------------------------------------------------------------------------------------------------------

const SESSION = `
function on_message(msg)
  local s = wechat.session()
  s.n = (s.n or 0) + 1
  if msg.content == "fail" then error("oops") end
  if msg.content == "clear" then for k in pairs(s) do s[k] = nil end return "cleared" end
  local key, value = msg.content:match("^(%w+)=(%w+)$")
  if key then
    wechat.sleep(0.3)
    s[key] = value
  end
  if msg.content == "keys" then
    local keys = {}
    for k in pairs(s) do keys[#keys + 1] = k end
    table.sort(keys)
    return table.concat(keys, " ")
  end
  return tostring(s.n)
end`;

test('a session is kept per user, across messages, failures and a kill -9', async (t) => {
  const dir = tempDir(t);
  const config = { store: `sqlite:${path.join(dir, 's.db')}` };
  const bot = await startBot(t, { script: SESSION, config });
  assert.equal(await bot.say('a'), '1');
  assert.equal(await bot.say('a'), '2');
  assert.equal(await bot.say('a', { fields: { FromUserName: 'other' } }), '1');
  assert.equal(await bot.say('fail'), null);
  assert.equal(await bot.say('a'), '4');
  await bot.kill();
  const again = await startBot(t, { script: SESSION, config });
  assert.equal(await again.say('a'), '5');
  assert.equal(await again.say('clear'), 'cleared');
  assert.equal(await again.say('a'), '1');
});

test('messages of one user at once lose none of each other\'s keys', async (t) => {
  const bot = await startBot(t, { script: SESSION, config: { store: 'memory:' } });
  const keys = Array.from({ length: 12 }, (_, i) => `k${String.fromCharCode(97 + i)}`);
  await Promise.all(keys.map((key) => bot.say(`${key}=1`)));
  assert.equal(await bot.say('keys'), [...keys, 'n'].sort().join(' '));
});

test('a session holds JSON-able values alone, and says which key does not', async (t) => {
  const bot = await startBot(t, {
    script: 'function on_message(msg) wechat.session().f = print return "sent" end', config: { store: 'memory:' },
  });
  assert.equal(await bot.say('x'), 'sent');
  await bot.waitForLog(/session.*f/);
  const { values } = await run(t, 'wechat.session("u").a = {1, {b = "月"}} return select(2, pcall(wechat.session))');
  assert.match(values[0], /openid is missing/);
});
