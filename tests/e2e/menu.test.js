// wechat.menu through the real binary: a pushed menu arrives byte for byte, a pulled menu can be pushed again, and an
// invalid menu is never sent.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const { atEnd, APPID, TOKEN, tempDir, writeFiles, configLua, wemoon } = require('./harness');

// Starts a platform that stores menus: get returns what create and addconditional stored.
async function startPlatform(t) {
  const platform = { seen: [], bodies: [], menu: null, others: [], nextId: 100 };
  const ok = { errcode: 0, errmsg: 'ok' };
  const calls = {
    stable_token: () => ({ access_token: 'T', expires_in: 7200 }),
    create: (body) => { platform.menu = body; return ok; },
    addconditional: (body) => {
      platform.others.unshift({ ...body, menuid: platform.nextId++ });
      return { menuid: String(platform.others[0].menuid) };
    },
    delconditional: ({ menuid }) => {
      platform.others = platform.others.filter((one) => String(one.menuid) !== menuid);
      return ok;
    },
    get: () => {
      if (!platform.menu) return { errcode: 46003, errmsg: 'menu no exist' };
      const others = platform.others.length ? { conditionalmenu: platform.others } : {};
      return { menu: { ...platform.menu, menuid: 99 }, ...others };
    },
    get_current_selfmenu_info: () => ({ is_menu_open: 1, selfmenu_info: { button: [
      { name: '菜单', sub_button: { list: [{ type: 'view', name: '搜索', url: 'http://www.soso.com/' }] } }] } }),
  };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const name = new URL(request.url, 'http://x').pathname.split('/').pop();
      const body = Buffer.concat(chunks).toString();
      if (name !== 'stable_token') {
        platform.seen.push(name);
        platform.bodies.push(body);
      }
      response.end(JSON.stringify(calls[name](body ? JSON.parse(body) : {})));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  platform.url = `http://127.0.0.1:${server.address().port}`;
  return platform;
}

async function run(t, platform, code, exit = 0) {
  const dir = tempDir(t);
  writeFiles(dir, { 'x.lua': code, 'config.lua': configLua({ token: TOKEN, appid: APPID, appsecret: 'hunter2-hunter2-hunter2-hunter22',
    api_base: platform.url, store: 'memory:', log_level: 'error' }) });
  return wemoon(['exec', 'x.lua'], { cwd: dir, code: exit });
}

// The menu of the platform's documentation with every button type, its top-level examples moved into lists.
const EVERY_TYPE = { button: [
  { name: '扫码', sub_button: [
    { type: 'scancode_waitmsg', name: '扫码带提示', key: 'rselfmenu_0_0' },
    { type: 'scancode_push', name: '扫码推事件', key: 'rselfmenu_0_1' },
    { type: 'click', name: '赞一下我们', key: 'V1001_GOOD' },
    { type: 'miniprogram', name: 'wxa', url: 'http://mp.weixin.qq.com', appid: 'wx286b93c14bbf93aa', pagepath: 'pages/lunar/index' },
    { type: 'view', name: '搜索', url: 'http://www.soso.com/?a=1&b=<2>' }] },
  { name: '发图', sub_button: [
    { type: 'pic_sysphoto', name: '系统拍照发图', key: 'rselfmenu_1_0' },
    { type: 'pic_photo_or_album', name: '拍照或者相册发图', key: 'rselfmenu_1_1' },
    { type: 'pic_weixin', name: '微信相册发图', key: 'rselfmenu_1_2' },
    { type: 'media_id', name: '图片', media_id: 'MEDIA_ID1' },
    { type: 'view_limited', name: '图文消息', media_id: 'MEDIA_ID2' }] },
  { name: '更多', sub_button: [
    { type: 'location_select', name: '发送位置', key: 'rselfmenu_2_0' },
    { type: 'article_id', name: '发布后的图文消息', article_id: 'ARTICLE_ID1' },
    { type: 'article_view_limited', name: '发布后的图文消息', article_id: 'ARTICLE_ID2' }] },
] };

const BUILD = `local m = wechat.menu.new()
local s = m:sub "扫码"
s:scancode_waitmsg("扫码带提示", "rselfmenu_0_0"):scancode_push("扫码推事件", "rselfmenu_0_1"):click("赞一下我们", "V1001_GOOD")
s:miniprogram("wxa", "http://mp.weixin.qq.com", "wx286b93c14bbf93aa", "pages/lunar/index")
s:view("搜索", "http://www.soso.com/?a=1&b=<2>")
s = m:sub "发图"
s:pic_sysphoto("系统拍照发图", "rselfmenu_1_0"):pic_photo_or_album("拍照或者相册发图", "rselfmenu_1_1")
s:pic_weixin("微信相册发图", "rselfmenu_1_2"):media_id("图片", "MEDIA_ID1"):view_limited("图文消息", "MEDIA_ID2")
s = m:sub "更多"
s:location_select("发送位置", "rselfmenu_2_0"):article_id("发布后的图文消息", "ARTICLE_ID1")
s:article_view_limited("发布后的图文消息", "ARTICLE_ID2")
`;

test('a menu of every type goes out as it was built and comes back equal', async (t) => {
  const platform = await startPlatform(t);
  const { stdout } = await run(t, platform, `${BUILD}
assert(wechat.menu.push(m))
local there = assert(wechat.menu.pull())
assert(#wechat.menu.diff(there, m) == 0)
assert(wechat.json.encode(there) == wechat.json.encode(m))
assert(wechat.create_menu(there))
print(wechat.json.encode(m))`);
  assert.deepEqual(platform.seen, ['create', 'get', 'create']);
  assert.deepEqual(JSON.parse(platform.bodies[0]), EVERY_TYPE);
  assert.equal(platform.bodies[0], stdout.trim());
  assert.equal(platform.bodies[2], platform.bodies[0]);
});

test('personalised menus follow the default one, in their order, and stay where nothing changed', async (t) => {
  const platform = await startPlatform(t);
  await run(t, platform, `local m = wechat.menu.new{button = {{type = "click", name = "a", key = "k"}}}
m:conditional{tag_id = "1"}:click("一", "k1")
m:conditional{client_platform_type = "2"}:click("二", "k2")
assert(wechat.menu.push(m))
local there = assert(wechat.menu.pull())
there.conditionalmenu[2].button[1].name = "三"
assert(#wechat.menu.diff(m, there) == 1)
assert(wechat.menu.push(there))`);
  assert.deepEqual(platform.seen, ['create', 'get', 'addconditional', 'addconditional', 'get', 'create', 'get', 'delconditional',
    'addconditional']);
  assert.deepEqual(platform.others.map((one) => [one.menuid, one.matchrule, one.button[0].name]),
    [[102, { client_platform_type: '2' }, '三'], [100, { tag_id: '1' }, '一']]);
  assert.equal(platform.bodies[0], '{"button":[{"key":"k","name":"a","type":"click"}]}');
});

test('a faulty menu is not sent: nil and an error that names path and limit', async (t) => {
  const platform = await startPlatform(t);
  const { stderr } = await run(t, platform, `local m = wechat.menu.new()
m:click("一二三四五六", "k")
return wechat.menu.push(m)`, 1);
  assert.match(stderr, /wechat\.menu\.push: 40018 button\[1\]\.name has 18 bytes \(at most 16\); nothing was sent/);
  assert.deepEqual(platform.seen, []);
});

test('where the API made no menu the one of the website is fetched', async (t) => {
  const platform = await startPlatform(t);
  const { stdout, stderr } = await run(t, platform, 'print(wechat.json.encode(wechat.menu.pull()))');
  assert.deepEqual(JSON.parse(stdout),
    { button: [{ name: '菜单', sub_button: [{ type: 'view', name: '搜索', url: 'http://www.soso.com/' }] }] });
  assert.equal(stderr, '');
});

test('the calls of the group are there whichever name is asked for first', async (t) => {
  const platform = await startPlatform(t);
  const body = '{button = {{type = "click", name = "a", key = "k"}}}';
  await run(t, platform, `assert(wechat.menu.create${body})`);
  await run(t, platform, `assert(#wechat.menu.check${body} == 0) assert(wechat.menu.create${body})`);
  await run(t, platform, `assert(wechat.tag.create) assert(wechat.menu.new()) assert(wechat.menu.create(wechat.menu.new${body}))`);
  assert.deepEqual(platform.bodies, Array(3).fill('{"button":[{"key":"k","name":"a","type":"click"}]}'));
});
