// `wemoon new DIR --adopt`: an account's automatic replies and menu become a bot.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const { atEnd, wemoon, tempDir, writeFiles } = require('./harness');

const SECRET = 'f'.repeat(32);
const RULES = {
  is_add_friend_reply_open: 1, is_autoreply_open: 1,
  add_friend_autoreply_info: { type: 'text', content: '欢迎"关注"\n第二行' },
  message_default_autoreply_info: { type: 'text', content: '没听懂' },
  keyword_autoreply_info: { list: [
    { rule_name: '价格', reply_mode: 'reply_all', keyword_list_info: [{ type: 'text', match_mode: 'contain', content: '多少钱(元)' }], reply_list_info: [{ type: 'text', content: '十元' }] },
    { rule_name: '帮助', reply_mode: 'random_one', keyword_list_info: [{ type: 'text', match_mode: 'equal', content: 'help' }],
      reply_list_info: [{ type: 'news', news_info: { list: [{ title: '标题', digest: '摘要', cover_url: 'http://example.com/c.png', content_url: 'http://example.com/a' }] } }] },
  ] },
};
const MENU = { is_menu_open: 1, selfmenu_info: { button: [
  { type: 'click', name: '歌', key: 'V1' },
  { name: '更多', sub_button: { list: [{ type: 'view', name: '网页', url: 'http://example.com/' }, { type: 'text', name: '地址', value: '某路一号' }] } },
] } };

async function startApi(t, answers) {
  const server = http.createServer((request, response) => request.resume().on('end', () => {
    const name = new URL(request.url, 'http://x').pathname.replace('/cgi-bin/', '');
    response.end(JSON.stringify(answers[name] || { access_token: 'token-of-the-test-0123456789', expires_in: 7200 }));
  }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}
const adopt = (cwd, api, code = 0) => wemoon(['new', 'mine', '--adopt', '--appid', 'wx0123456789abcdef', '--appsecret', SECRET, '--api-base', api], { cwd, code });

test('the account\'s replies and menu become bot.lua, menu.lua and a config.lua without secrets', async (t) => {
  const cwd = tempDir(t);
  const api = await startApi(t, { get_current_autoreply_info: RULES, get_current_selfmenu_info: MENU });
  await adopt(cwd, api);
  assert.deepEqual(fs.readdirSync(cwd), ['mine']); // its token is kept in no file
  const dir = `${cwd}/mine`;
  for (const name of fs.readdirSync(dir).filter((file) => fs.statSync(`${dir}/${file}`).isFile())) assert.ok(!fs.readFileSync(`${dir}/${name}`, 'utf8').includes(SECRET), name);
  await wemoon(['check', 'bot.lua', '--token', 'abc'], { cwd: dir, code: 0 });
  writeFiles(dir, { 'a_spec.lua': `test("as before", function()
    local alice = bot:user("alice")
    expect(alice:follows()):is('欢迎"关注"\\n第二行')
    expect(alice:says("请问多少钱(元)？")):is("十元")
    expect(alice:says("ｈｅｌｐ").articles[1].title):is("标题")
    expect(alice:says("别的")):is("没听懂")
    expect(alice:causes("CLICK", { EventKey = "TEXT_1" })):is("某路一号")
    expect(#alice:locates(1, 2)):is(0)
  end)` });
  await wemoon(['test', 'a_spec.lua', '--bot', 'bot.lua'], { cwd: dir, code: 0 });
  const { stdout } = await wemoon(['exec', '-e', 'local m = dofile("menu.lua") return #wechat.menu.check(m), m.button[2].sub_button[1].url, m.button[2].sub_button[2].key'], { cwd: dir, code: 0 });
  assert.equal(stdout, '0\n"http://example.com/"\n"TEXT_1"\n');
});

test('the files have Chinese comments where the language is Chinese, and the same code', async (t) => {
  const cwd = tempDir(t);
  const api = await startApi(t, { get_current_autoreply_info: RULES, get_current_selfmenu_info: MENU });
  await adopt(cwd, api);
  const en = ['bot.lua', 'menu.lua', 'config.lua'].map((name) => fs.readFileSync(`${cwd}/mine/${name}`, 'utf8'));
  fs.renameSync(`${cwd}/mine`, `${cwd}/english`);
  const { stdout } = await wemoon(['new', 'mine', '--adopt', '--appid', 'wx0123456789abcdef', '--appsecret', SECRET, '--api-base', api], { cwd, code: 0, env: { LC_ALL: 'zh_CN.UTF-8' } });
  assert.match(stdout, /^mine 里有了机器人、它的菜单和配置。/);
  const zh = ['bot.lua', 'menu.lua', 'config.lua'].map((name) => fs.readFileSync(`${cwd}/mine/${name}`, 'utf8'));
  assert.match(zh[0], /^-- 接管回调之前，账号自己的自动回复。\n/);
  assert.match(zh[1], /^-- 账号原来显示的菜单。/);
  const code = (text) => text.replace(/^--.*|,  -- .*/gm, '');
  assert.deepEqual(zh.map(code), en.map(code));
});

test('a folder that is not empty, credentials that are missing: status 2; a refusal of the platform: 1, and nothing is made', async (t) => {
  const cwd = tempDir(t);
  writeFiles(cwd, { 'full/x': '' });
  const api = await startApi(t, { get_current_autoreply_info: { errcode: 48001, errmsg: 'api unauthorized' } });
  await wemoon(['new', 'full', '--adopt', '--appid', 'wx0123456789abcdef', '--appsecret', SECRET, '--api-base', api], { cwd, code: 2 });
  assert.match((await wemoon(['new', 'mine', '--adopt'], { cwd, code: 2 })).stderr, /--adopt needs appid and appsecret/);
  assert.match((await adopt(cwd, api, 1)).stderr, /48001/);
  assert.equal(fs.existsSync(`${cwd}/mine`), false);
});
