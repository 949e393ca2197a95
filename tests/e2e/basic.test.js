// WechatBasic's methods, one by one, through the real binary: requests are as the platform documents them, in order
// and by name; results are the platform's answers; each documented error is raised or returned as documented.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const fs = require('node:fs');
const path = require('node:path');
const { atEnd, APPID, TOKEN, sha1, sign, tempDir, writeFiles, configLua, wemoon } = require('./harness');

const SECRET = 'hunter2-hunter2-hunter2-hunter22';

// Starts a platform that records requests and answers them by `routes` (by path: a function of the request, or the
// answer), else with {"errcode":0}.
async function startPlatform(t, routes = {}) {
  const platform = { seen: [], tokens: 0 };
  const answer = (one, response) => {
    const route = routes[one.path];
    const value = typeof route === 'function' ? route(one, response) : route ?? { errcode: 0, errmsg: 'ok' };
    if (value !== undefined) response.end(Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value));
  };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url, 'http://x');
      const one = { verb: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), url: request.url,
        headers: request.headers, body: Buffer.concat(chunks) };
      if (one.path === '/cgi-bin/stable_token' && !routes[one.path]) {
        platform.tokens++;
        return response.end(`{"access_token":"T${platform.tokens}","expires_in":7200}`);
      }
      platform.seen.push(one);
      return answer(one, response);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  platform.url = `http://127.0.0.1:${server.address().port}`;
  return platform;
}

// Runs Lua; returns its result, decoded.
async function run(t, platform, code, { config = {}, dir = tempDir(t), timeoutMs } = {}) {
  writeFiles(dir, { 'x.lua': code, 'config.lua': configLua({ token: TOKEN, appid: APPID, appsecret: SECRET, api_base: platform.url,
    mp_base: platform.url, store: 'memory:', log_level: 'error', ...config }) });
  const { stdout, stderr } = await wemoon(['exec', 'x.lua'], { cwd: dir, code: 0, timeoutMs });
  assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

// Encodes a body: names in order, UTF-8 unescaped.
function encode(value) {
  if (Array.isArray(value)) return `[${value.map(encode).join(',')}]`;
  if (value && typeof value === 'object') {
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${encode(value[name])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

// ---- requests -------------------------------------------------------------------------------------------------------

const MENU_LUA = '{button = {{type = "click", name = "今日歌曲", key = "V1001"}, {name = "菜单", sub_button = {{type = "view", name = "搜索", url = "https://example.com/?a=1&b=2"}}}}}';
const MENU = { button: [{ type: 'click', name: '今日歌曲', key: 'V1001' }, { name: '菜单', sub_button: [{ type: 'view', name: '搜索', url: 'https://example.com/?a=1&b=2' }] }] };
const ARTICLE_LUA = '{title = "标题", description = "描述", picurl = "https://example.com/p.jpg", url = "https://example.com"}';
const ARTICLE = { title: '标题', description: '描述', picurl: 'https://example.com/p.jpg', url: 'https://example.com' };
const DATA_LUA = '{first = {value = "恭喜你！", color = "#173177"}}';
const DATA = { first: { value: '恭喜你！', color: '#173177' } };
const QR_LUA = '{expire_seconds = 604800, action_name = "QR_STR_SCENE", action_info = {scene = {scene_str = "场景"}}}';
const QR = { expire_seconds: 604800, action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: '场景' } } };
const SEND = '/cgi-bin/message/custom/send';
const get = (where, query = {}) => ({ verb: 'GET', path: where, query });
const post = (where, body) => ({ verb: 'POST', path: where, query: {}, body });
const sent = (msgtype, content) => post(SEND, { touser: 'o1', msgtype, [msgtype]: content });

// method, arguments in order, the same by name, the expected request
const METHODS = [
  ['create_menu', MENU_LUA, `{menu = ${MENU_LUA}}`, post('/cgi-bin/menu/create', MENU)],
  ['get_menu', '', '{}', get('/cgi-bin/menu/get')],
  ['delete_menu', '', '{}', get('/cgi-bin/menu/delete')],
  ['create_group', '"一组"', '{name = "一组"}', post('/cgi-bin/groups/create', { group: { name: '一组' } })],
  ['get_groups', '', '{}', get('/cgi-bin/groups/get')],
  ['get_group_by_id', '"o1"', '{openid = "o1"}', post('/cgi-bin/groups/getid', { openid: 'o1' })],
  ['update_group', '108, "二组"', '{group_id = "108", name = "二组"}', post('/cgi-bin/groups/update', { group: { id: 108, name: '二组' } })],
  ['move_user', '"o1", 108', '{user_id = "o1", group_id = "108"}', post('/cgi-bin/groups/members/update', { openid: 'o1', to_groupid: 108 })],
  ['get_user_info', '"o1"', '{user_id = "o1"}', get('/cgi-bin/user/info', { openid: 'o1', lang: 'zh_CN' })],
  ['get_user_info', '"o1", "en"', '{user_id = "o1", lang = "en"}', get('/cgi-bin/user/info', { openid: 'o1', lang: 'en' })],
  ['get_followers', '', '{}', get('/cgi-bin/user/get')],
  ['get_followers', '"o 1&"', '{first_user_id = "o 1&"}', get('/cgi-bin/user/get', { next_openid: 'o 1&' })],
  ['send_text_message', '"o1", "你好 \\"<&>\\" \\n😀"', '{user_id = "o1", content = "你好 \\"<&>\\" \\n😀"}', sent('text', { content: '你好 "<&>" \n😀' })],
  ['send_image_message', '"o1", "m"', '{user_id = "o1", media_id = "m"}', sent('image', { media_id: 'm' })],
  ['send_voice_message', '"o1", "m"', '{user_id = "o1", media_id = "m"}', sent('voice', { media_id: 'm' })],
  ['send_video_message', '"o1", "m"', '{user_id = "o1", media_id = "m"}', sent('video', { media_id: 'm' })],
  ['send_video_message', '"o1", "m", "题", "述"', '{user_id = "o1", media_id = "m", title = "题", description = "述"}',
    sent('video', { media_id: 'm', title: '题', description: '述' })],
  ['send_music_message', '"o1", "u", "h", "t"', '{user_id = "o1", url = "u", hq_url = "h", thumb_media_id = "t"}',
    sent('music', { musicurl: 'u', hqmusicurl: 'h', thumb_media_id: 't' })],
  ['send_music_message', '"o1", "u", "h", "t", "歌", "述"',
    '{user_id = "o1", url = "u", hq_url = "h", thumb_media_id = "t", title = "歌", description = "述"}',
    sent('music', { musicurl: 'u', hqmusicurl: 'h', thumb_media_id: 't', title: '歌', description: '述' })],
  ['send_article_message', `"o1", {${ARTICLE_LUA}}`, `{user_id = "o1", articles = {${ARTICLE_LUA}}}`, sent('news', { articles: [ARTICLE] })],
  ['send_article_message', '"o1", nil, "m"', '{user_id = "o1", media_id = "m"}', sent('mpnews', { media_id: 'm' })],
  ['create_qrcode', QR_LUA, `{data = ${QR_LUA}}`, post('/cgi-bin/qrcode/create', QR)],
  ['show_qrcode', '"gQH+/="', '{ticket = "gQH+/="}', { ...get('/cgi-bin/showqrcode', { ticket: 'gQH+/=' }), token: false }],
  ['download_media', '"m"', '{media_id = "m"}', get('/cgi-bin/media/get', { media_id: 'm' })],
  ['set_template_industry', '1, "4"', '{id1 = "1", id2 = 4}', post('/cgi-bin/template/api_set_industry', { industry_id1: '1', industry_id2: '4' })],
  ['get_template_id', '"TM00015"', '{template_id_short = "TM00015"}', post('/cgi-bin/template/api_add_template', { template_id_short: 'TM00015' })],
  ['send_template_message', `"o1", "t", ${DATA_LUA}`, `{user_id = "o1", template_id = "t", data = ${DATA_LUA}}`,
    post('/cgi-bin/message/template/send', { touser: 'o1', template_id: 't', data: DATA })],
  ['send_template_message', `"o1", "t", ${DATA_LUA}, "https://example.com", "#FF0000"`,
    `{user_id = "o1", template_id = "t", data = ${DATA_LUA}, url = "https://example.com", topcolor = "#FF0000"}`,
    post('/cgi-bin/message/template/send', { touser: 'o1', template_id: 't', data: DATA, url: 'https://example.com', topcolor: '#FF0000' })],
];

function checkRequest(one, request, what) {
  assert.equal(one.verb, request.verb, what);
  assert.equal(one.path, request.path, what);
  const query = request.token === false ? request.query : { access_token: 'T1', ...request.query };
  assert.deepEqual(one.query, query, what);
  assert.equal(one.body.toString(), request.body ? encode(request.body) : '', what);
  assert.equal(one.headers['transfer-encoding'], undefined, what);
  if (!request.body) return;
  assert.equal(Number(one.headers['content-length']), one.body.length, what);
  assert.match(one.headers['content-type'], /^application\/json/, what);
}

test('each method sends what the platform documents, in order and by name', async (t) => {
  const platform = await startPlatform(t);
  const lines = METHODS.flatMap(([name, inOrder, byName]) => [inOrder, byName].map((args) => `assert(wechat.${name}(${args}))`));
  await run(t, platform, lines.join('\n'));
  assert.equal(platform.seen.length, 2 * METHODS.length);
  METHODS.forEach(([name, , , request], i) => {
    checkRequest(platform.seen[2 * i], request, `${name} in order`);
    checkRequest(platform.seen[2 * i + 1], request, `${name} by name`);
  });
  assert.equal(platform.tokens, 1);
});

test('an upload: the raw name, the type, a known length; in order and by name', async (t) => {
  const platform = await startPlatform(t, { '/cgi-bin/media/upload': { type: 'image', media_id: 'M', created_at: 123456789 } });
  const dir = tempDir(t);
  fs.writeFileSync(path.join(dir, '图片 "1".jpg'), 'PICTURE');
  const values = await run(t, platform, `
    local name = '图片 "1".jpg'
    return wechat.upload_media("image", name), wechat.upload_media{type = "image", file = name},
      wechat.upload_media("voice", "BYTES", "amr"), wechat.upload_media{type = "voice", file = "BYTES", extension = "amr"}`, { dir });
  for (const value of values) assert.deepEqual(value, { type: 'image', media_id: 'M', created_at: 123456789 });
  const [inOrder, byName, bytes, bytesByName] = platform.seen;
  for (const one of platform.seen) {
    assert.equal(one.verb, 'POST');
    assert.equal(one.headers['transfer-encoding'], undefined);
    assert.equal(Number(one.headers['content-length']), one.body.length);
    assert.match(one.headers['content-type'], /^multipart\/form-data; boundary=/);
    assert.ok(one.body.includes('name="media"'));
    assert.ok(!one.body.includes('filename*'));
  }
  for (const one of [inOrder, byName]) {
    assert.deepEqual(one.query, { access_token: 'T1', type: 'image' });
    assert.match(one.body.toString(), /filename="图片 (%22|\\")1(%22|\\")\.jpg"\r\n/);
    assert.ok(one.body.includes('\r\n\r\nPICTURE\r\n'));
  }
  for (const one of [bytes, bytesByName]) {
    assert.deepEqual(one.query, { access_token: 'T1', type: 'voice' });
    assert.match(one.body.toString(), /filename="media\.amr"/);
    assert.ok(one.body.includes('\r\n\r\nBYTES\r\n'));
  }
});

test('signatures, in order and by name', async (t) => {
  const platform = await startPlatform(t);
  const good = sign(TOKEN, '1400000000', 'n1');
  const values = await run(t, platform, `
    return wechat.check_signature("${good}", "1400000000", "n1"), wechat.check_signature{signature = "${good}", timestamp = "1400000000", nonce = "n1"},
      wechat.check_signature("${good}", "1400000001", "n1"), wechat.check_signature("", "1400000000", "n1"),
      wechat.generate_jsapi_signature(1400000000, "abc", "https://example.com/?a=1#top", "TICKET"),
      wechat.generate_jsapi_signature{timestamp = 1400000000, noncestr = "abc", url = "https://example.com/?a=1", jsapi_ticket = "TICKET"}`);
  const ours = sha1('jsapi_ticket=TICKET&noncestr=abc&timestamp=1400000000&url=https://example.com/?a=1');
  assert.deepEqual(values, [true, true, false, false, ours, ours]);
});

test('tickets: the cache, a grant that replaces, one that does not', async (t) => {
  let tickets = 0;
  const platform = await startPlatform(t, { '/cgi-bin/ticket/getticket': () => ({ errcode: 0, errmsg: 'ok', ticket: `JT${++tickets}`, expires_in: 7200 }) });
  const values = await run(t, platform, `
    local first, again = wechat.get_jsapi_ticket(), wechat.get_jsapi_ticket()
    local aside = wechat.grant_jsapi_ticket(false)
    local same = wechat.get_jsapi_ticket()
    local granted = wechat.grant_jsapi_ticket{override = true}
    local later = wechat.get_jsapi_ticket()
    return first.jsapi_ticket, again.jsapi_ticket, aside.ticket, same.jsapi_ticket, granted.ticket, later.jsapi_ticket,
      first.jsapi_ticket_expires_at - os.time() > 7000`);
  assert.deepEqual(values, ['JT1', 'JT1', 'JT2', 'JT1', 'JT3', 'JT3', true]);
  assert.deepEqual(platform.seen[0].query, { access_token: 'T1', type: 'jsapi' });
});

test('the platform\'s answer is a table: nested, with lists, null, large integers and empty arrays', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/user/get': '{"total":2,"count":2,"data":{"openid":["o1","o2"]},"next_openid":"o2"}',
    '/cgi-bin/groups/get': '{"groups":[{"id":0,"name":"未分组","count":9007199254740993}],"none":null,"empty":[],"half":1.5}',
  });
  const [followers, groups, isNull] = await run(t, platform, `
    local groups = wechat.get_groups()
    return wechat.get_followers(), groups, groups.none == wechat.json.null`);
  assert.deepEqual(followers, { total: 2, count: 2, data: { openid: ['o1', 'o2'] }, next_openid: 'o2' });
  assert.deepEqual(groups.empty, []);
  assert.equal(groups.none, null);
  assert.equal(isNull, true);
});

// ---- platform errors ------------------------------------------------------------------------------------------------

const PARTS = `
local function parts(result, err)
  if result then return {result = result} end
  return {kind = err.kind, errcode = err.errcode, errmsg = err.errmsg, rid = err.rid, status = err.status, method = err.method,
    retryable = err.retryable, hint = err.hint, text = tostring(err)}
end
`;

test('a token that is refused is renewed and the call sent again, once', async (t) => {
  for (const errcode of [40001, 40014, 42001]) {
    let refusals = 1;
    const platform = await startPlatform(t, { [SEND]: () => (refusals-- > 0 ? { errcode, errmsg: 'refused' } : { errcode: 0, errmsg: 'ok' }) });
    const [first] = await run(t, platform, `${PARTS} return parts(wechat.send_text_message("o1", "你好"))`);
    assert.deepEqual(first, { result: { errcode: 0, errmsg: 'ok' } }, String(errcode));
    assert.deepEqual(platform.seen.map((one) => one.query.access_token), ['T1', 'T2']);
    assert.deepEqual(platform.seen[0].body, platform.seen[1].body);
  }
  const stubborn = await startPlatform(t, { [SEND]: { errcode: 40001, errmsg: 'refused' } });
  const [second] = await run(t, stubborn, `${PARTS} return parts(wechat.send_text_message("o1", "你好"))`);
  assert.equal(second.errcode, 40001);
  assert.equal(stubborn.seen.length, 2);
});

test('a busy platform is asked again twice, with a pause; a message is sent once', async (t) => {
  let busy = 2;
  const platform = await startPlatform(t, {
    '/cgi-bin/menu/get': () => (busy-- > 0 ? { errcode: -1, errmsg: 'system error' } : { menu: {} }),
    '/cgi-bin/groups/get': { errcode: -1, errmsg: 'system error' },
    [SEND]: { errcode: -1, errmsg: 'system error' },
    '/cgi-bin/message/template/send': { errcode: -1, errmsg: 'system error' },
  });
  const values = await run(t, platform, `${PARTS}
    return parts(wechat.get_menu()), parts(wechat.get_groups()), parts(wechat.send_text_message("o1", "x")),
      parts(wechat.send_template_message("o1", "t", {a = {value = "x"}}))`);
  const count = (where) => platform.seen.filter((one) => one.path === where).length;
  assert.deepEqual(values[0], { result: { menu: {} } });
  for (const value of values.slice(1)) assert.deepEqual([value.errcode, value.retryable], [-1, true]);
  assert.deepEqual(['/cgi-bin/menu/get', '/cgi-bin/groups/get', SEND, '/cgi-bin/message/template/send'].map(count), [3, 3, 1, 1]);
});

test('the documented errors: code, message, rid, hint and one line that says it all', async (t) => {
  const errors = [
    [45015, 'response out of time limit or subscription is canceled rid: 64f0-1a2b-3c', false, /skip this user/],
    [45047, 'out of response count limit rid: 64f0-1a2b-3c', true, /./],
    [43004, 'require subscribe rid: 64f0-1a2b-3c', false, /follow/],
    [40003, 'invalid openid rid: 64f0-1a2b-3c', false, /openid/],
    [40007, 'invalid media_id rid: 64f0-1a2b-3c', false, /upload/],
    [48001, 'api unauthorized rid: 64f0-1a2b-3c', false, /check --online/],
    [45009, 'reach max api daily quota limit rid: 64f0-1a2b-3c', true, /quota|midnight/],
    [46003, 'menu no exist rid: 64f0-1a2b-3c', false, /menu/],
    [987654321, 'never heard of rid: 64f0-1a2b-3c', false, /not known here/],
  ];
  let next = 0;
  const platform = await startPlatform(t, { [SEND]: () => { const [errcode, errmsg] = errors[next++]; return { errcode, errmsg }; } });
  const values = await run(t, platform, `${PARTS}
    local all = {}
    for i = 1, ${errors.length} do all[i] = parts(wechat.send_text_message("o1", "你好")) end
    return all`);
  errors.forEach(([errcode, errmsg, retryable, hint], i) => {
    const err = values[0][i];
    assert.deepEqual([err.kind, err.errcode, err.errmsg, err.rid, err.method], ['api', errcode, errmsg, '64f0-1a2b-3c', 'send_text_message']);
    assert.match(err.hint, hint, String(errcode));
    assert.equal(err.retryable, retryable, String(errcode));
    assert.equal(err.text, `wechat.send_text_message: ${errcode} ${errmsg} (${err.hint})`);
  });
  assert.equal(platform.seen.length, errors.length);
});

test('a failure that the script ignores is logged with the script\'s line', async (t) => {
  const platform = await startPlatform(t, { [SEND]: { errcode: 45015, errmsg: 'out of time' } });
  const dir = tempDir(t);
  writeFiles(dir, { 'x.lua': '\nwechat.send_text_message("o1", "x")\n' });
  const { stderr } = await wemoon(['exec', '--api-base', platform.url, '--appid', APPID, '--appsecret', SECRET, '--store', 'memory:', 'x.lua'], { cwd: dir, code: 0 });
  assert.match(stderr, /x\.lua:2: wechat\.send_text_message: 45015 out of time/);
});

// ---- network errors -------------------------------------------------------------------------------------------------

test('answers that are not JSON or not complete: kind, method and remedy', async (t) => {
  const platform = await startPlatform(t, {
    '/cgi-bin/menu/get': '<html>portal</html>',
    '/cgi-bin/menu/delete': (request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('{"errcode":');
      setTimeout(() => response.destroy(), 20);
    },
    '/cgi-bin/groups/get': (request, response) => { response.statusCode = 500; return '<html><body>Internal Server Error</body></html>'; },
    '/cgi-bin/user/get': (request, response) => { response.writeHead(302, { Location: 'https://example.com/' }); return ''; },
    '/cgi-bin/groups/getid': () => undefined, // accepts the connection and never answers
    '/cgi-bin/user/info': Buffer.from('{"nickname":"a\u0001b\tc\nd","city":"\xe4\xb8"}', 'latin1'),
    '/cgi-bin/groups/create': '',
  });
  const began = Date.now();
  const values = await run(t, platform, `${PARTS}
    return parts(wechat.get_menu()), parts(wechat.delete_menu()), parts(wechat.get_groups()), parts(wechat.get_followers()),
      parts(wechat.get_group_by_id("o1")), parts(wechat.create_group("一组")), wechat.get_user_info("o1").nickname`,
  { config: { api_timeout_s: 1 } });
  assert.ok(Date.now() - began < 10000);
  assert.deepEqual(values.slice(0, 6).map((err) => [err.kind, err.method]), [['json', 'get_menu'], ['network', 'delete_menu'],
    ['http', 'get_groups'], ['http', 'get_followers'], ['timeout', 'get_group_by_id'], ['json', 'create_group']]);
  assert.deepEqual([values[2].status, values[3].status], [500, 302]);
  for (const err of values.slice(0, 6)) {
    assert.ok(err.text.startsWith(`wechat.${err.method}: `), err.text);
    assert.ok(err.text.includes(err.hint) && err.hint.length > 20);
    assert.doesNotMatch(err.text, /T1|\n/);
  }
  assert.equal(values[6], 'a\u0001b\tc\nd');
});

test('a host name that does not resolve and a closed port are errors', async (t) => {
  for (const url of ['http://platform.invalid', 'http://127.0.0.1:1']) {
    const [err] = await run(t, { url }, `${PARTS} return parts(wechat.get_menu())`);
    assert.deepEqual([err.kind, err.method, err.retryable], ['network', 'get_menu', true], url);
    assert.match(err.hint, /proxy/);
    assert.ok(err.text.includes(new URL(url).hostname), err.text);
  }
});

// ---- tokens shared by processes
// ---------------------------------------------------------------------------------------

test('four processes on one SQLite file fetch one token', async (t) => {
  let tokens = 0;
  const platform = await startPlatform(t, { '/cgi-bin/stable_token': (request, response) => {
    tokens++;
    setTimeout(() => response.end('{"access_token":"T1","expires_in":7200}'), 300);
  } });
  const dir = tempDir(t);
  writeFiles(dir, { 'x.lua': 'for i = 1, 20 do assert(wechat.get_menu()) end',
    'config.lua': configLua({ appid: APPID, appsecret: SECRET, api_base: platform.url }) });
  await Promise.all([1, 2, 3, 4].map(() => wemoon(['exec', 'x.lua'], { cwd: dir, code: 0 })));
  assert.equal(tokens, 1);
  assert.ok(fs.existsSync(path.join(dir, 'wemoon.db')));
});
