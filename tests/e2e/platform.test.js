// The simulated platform's API: effects are visible afterwards, invalid calls have their errcodes; called by wemoon
// and by the npm clients wechat-api and co-wechat-api.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { wemoon, tempDir, sleep } = require('./harness');
const { startDev } = require('./dev');
const { FILE, calls } = require('./npm_calls');

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const ACCOUNT = { appid: 'wx0123456789abcdef', appsecret: '0123456789abcdef0123456789abcdef' };

// Runs Lua against a platform of its own; returns the code's result.
async function lua(t, code, dev) {
  dev = dev || await startDev(t);
  const cwd = tempDir(t);
  fs.writeFileSync(`${cwd}/p.png`, PNG);
  const args = ['exec', '--appid', ACCOUNT.appid, '--appsecret', ACCOUNT.appsecret, '--api-base', dev.url, '--mp-base', dev.url, '--store', 'memory:', '-e', code];
  const { stdout } = await wemoon(args, { cwd, code: 0 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}
const code_of = 'local function code(r, e) return r and 0 or e.errcode end\n';

test('tags: created, listed, put on users, found on them, removed; their errors', async (t) => {
  const out = await lua(t, `${code_of}
    local ids = wechat.user.list{}.data.openid
    local id = wechat.tag.create{tag = {name = "vip"}}.tag.id
    assert(wechat.tag.batch_tagging{tagid = id, openid_list = {ids[1], ids[2]}})
    return wechat.tag.list_of_user{openid = ids[1]}.tagid_list[1] == id, wechat.tag.list_users{tagid = id}.count,
      code(wechat.tag.create{tag = {name = "vip"}}), code(wechat.tag.create{tag = {name = ("x"):rep(31)}}), code(wechat.tag.delete{tag = {id = 0}}),
      code(wechat.tag.batch_tagging{tagid = 9999, openid_list = {ids[1]}}), code(wechat.tag.delete{tag = {id = id}}), #wechat.tag.list_of_user{openid = ids[1]}.tagid_list`);
  assert.deepEqual(out, [true, 2, 45157, 45158, 45058, 45159, 0, 0]);
});

test('notices: the trade, its public templates, their words, and the page on which a user allows one', async (t) => {
  const dev = await startDev(t);
  const out = await lua(t, `${code_of}
    local s = wechat.message.subscribe
    local trade = s.get_category().data[1]
    local titles = s.get_pub_template_titles{ids = tostring(trade.id), start = 0, limit = 30}
    local words = s.get_pub_template_keywords{tid = tostring(titles.data[1].tid)}
    return titles.count == #titles.data and titles.count > 0, words.count == #words.data and words.data[1].kid,
      s.get_pub_template_titles{ids = "1", start = 0, limit = 30}.count, code(s.get_pub_template_titles{ids = "612", start = 0, limit = 31}),
      code(s.get_pub_template_keywords{tid = "9"}), #wechat.message.template.query_block{tmpl_msg_id = "1"}.msginfo,
      wechat.message.autoreply.get_current_autoreply_info().is_autoreply_open`, dev);
  assert.deepEqual(out, [true, 1, 0, 40097, 40037, 0, 0]);
  const page = (fields) => fetch(`${dev.url}/mp/subscribemsg?${new URLSearchParams({ action: 'get_confirm', appid: ACCOUNT.appid, scene: '7',
    template_id: 'T', redirect_url: 'https://example.com/back?a=b', reserved: 'r', ...fields })}`, { redirect: 'manual' });
  const allowed = await page({});
  assert.equal(allowed.status, 302);
  const back = new URL(allowed.headers.get('location')).searchParams;
  assert.match(back.get('openid'), /^oWemoon/);
  assert.deepEqual(['a', 'template_id', 'action', 'scene', 'reserved'].map((name) => back.get(name)), ['b', 'T', 'confirm', '7', 'r']);
  for (const [fields, errcode] of [[{ scene: '10001' }, 40035], [{ reserved: 'x'.repeat(129) }, 40035], [{ appid: 'wx' }, 40013]]) {
    assert.equal((await (await page(fields)).json()).errcode, errcode, JSON.stringify(fields));
  }
});

test('what the platform has withdrawn says so; openids of a moved account; cards of products', async (t) => {
  const dev = await startDev(t);
  const out = await lua(t, `${code_of}
    local id = wechat.user.list{}.data.openid[1]
    local moved = wechat.user.change_openid{from_appid = "wx1", openid_list = {id, "gone"}}.result_list
    local many = {}
    for i = 1, 101 do many[i] = "o" .. i end
    return code(wechat.qrcode.shorturl{action = "long2short", long_url = "http://a"}),
      moved[1].new_openid == id, moved[2].new_openid, moved[2].err_msg, code(wechat.user.change_openid{from_appid = "wx1", openid_list = many}),
      wechat.draft.get_product_card{product_id = "p", article_type = "news"}.DOM:match("productid=.(%w+)"),
      code(wechat.draft.get_product_card{product_id = "p", article_type = "news", card_type = 4})`, dev);
  assert.deepEqual(out, [47009, true, null, 'ori_openid error', 40032, 'p', 40097]);
  const ask = async (path) => (await dev.call('GET', path)).json;
  const there = await dev.call('GET', `/connect/oauth2/authorize?appid=${ACCOUNT.appid}&redirect_uri=http%3A%2F%2Fa%2F&response_type=code&scope=snsapi_base`);
  const code = new URL(there.headers.location).searchParams.get('code');
  const component = `component_appid=wx2&component_access_token=C&appid=${ACCOUNT.appid}`;
  const token = await ask(`/sns/oauth2/component/access_token?${component}&code=${code}&grant_type=authorization_code`);
  assert.match(token.openid, /^oWemoon/);
  assert.equal((await ask(`/sns/oauth2/component/access_token?${component}&code=${code}&grant_type=authorization_code`)).errcode, 40163);
  const renewed = await ask(`/sns/oauth2/component/refresh_token?${component}&grant_type=refresh_token&refresh_token=${token.refresh_token}`);
  assert.equal(renewed.openid, token.openid);
});

test('a web token may be asked for by a form, as OAuth clients do; JSON has the content types of the platform', async (t) => {
  const dev = await startDev(t);
  const post = (path, form) => fetch(dev.url + path, { method: 'POST', body: new URLSearchParams(form) });
  const there = await dev.call('GET', `/connect/oauth2/authorize?appid=${ACCOUNT.appid}&redirect_uri=http%3A%2F%2Fa%2F&response_type=code&scope=snsapi_base`);
  const code = new URL(there.headers.location).searchParams.get('code');
  const answer = await post('/sns/oauth2/access_token', { appid: ACCOUNT.appid, secret: ACCOUNT.appsecret, code, grant_type: 'authorization_code' });
  const token = await answer.json();
  assert.match(token.openid, /^oWemoon/);
  const renewed = await (await post('/sns/oauth2/refresh_token', { appid: ACCOUNT.appid, grant_type: 'refresh_token', refresh_token: token.refresh_token })).json();
  assert.equal(renewed.openid, token.openid);
  assert.equal((await (await post('/sns/userinfo', { access_token: token.access_token, openid: token.openid })).json()).errcode, 43001);
  const calls = await dev.get('/sim/calls');
  const forms = calls.filter(({ verb }) => verb === 'POST').map(({ body }) => body);
  assert.ok(forms.some((form) => form.includes('secret=0123…(32)&')), forms.join('\n'));
  for (const value of [ACCOUNT.appsecret, token.access_token, token.refresh_token]) assert.ok(!forms.join().includes(value), forms.join('\n'));
  assert.equal(answer.headers.get('content-type'), 'text/plain');
  assert.equal((await fetch(`${dev.url}/cgi-bin/get_api_domain_ip`)).headers.get('content-type'), 'application/json; encoding=utf-8');
});

test('groups, users, remarks, the blacklist', async (t) => {
  const out = await lua(t, `${code_of}
    local ids = wechat.get_followers().data.openid
    local g = wechat.create_group("一组").group.id
    assert(wechat.move_user(ids[1], g))
    assert(wechat.update_group(g, "二组"))
    assert(wechat.user.update_remark{openid = ids[1], remark = "老王"})
    assert(wechat.user.batch_blacklist{openid_list = {ids[2]}})
    return wechat.get_group_by_id(ids[1]).groupid == g, wechat.get_user_info(ids[1]).remark, wechat.user.get_blacklist{}.total, code(wechat.get_user_info("oNobody")),
      #wechat.user.batchget_info{user_list = {{openid = ids[1]}, {openid = ids[2]}}}.user_info_list`);
  assert.deepEqual(out, [true, '老王', 1, 40003, 2]);
});

test('menus: pushed and got back equal, conditional ones by their rule, faults by their code', async (t) => {
  const out = await lua(t, `${code_of}
    local menu = {button = {{type = "click", name = "今日歌曲", key = "K"}, {name = "菜单", sub_button = {{type = "view", name = "搜索", url = "http://www.soso.com/"}}}}}
    local before = code(wechat.get_menu())
    assert(wechat.create_menu(menu))
    local ids = wechat.get_followers().data.openid
    local tag = wechat.tag.create{tag = {name = "vip"}}.tag.id
    wechat.tag.batch_tagging{tagid = tag, openid_list = {ids[1]}}
    local extra = wechat.menu.addconditional{button = {{type = "click", name = "VIP", key = "V"}}, matchrule = {tag_id = tostring(tag)}}
    return before, #wechat.menu.diff(wechat.get_menu().menu, menu), wechat.menu.trymatch{user_id = ids[1]}.button[1].name, wechat.menu.trymatch{user_id = ids[2]}.button[1].name,
      code(wechat.call("POST", "/cgi-bin/menu/create", nil, {button = {{type = "click", name = ("一"):rep(6), key = "K"}}})), code(wechat.menu.delconditional{menuid = extra.menuid}),
      wechat.menu.get_current_selfmenu_info{}.selfmenu_info.button[2].sub_button.list[1].name, code(wechat.delete_menu()), code(wechat.get_menu())`);
  assert.deepEqual(out, [46003, 0, 'VIP', '今日歌曲', 40018, 0, '搜索', 0, 46003]);
});

test('media and material come back byte for byte; wrong types and ids have their codes', async (t) => {
  const out = await lua(t, `${code_of}
    local bytes = io.open("p.png", "rb"):read("a")
    local up = assert(wechat.upload_media("image", "p.png"))
    local kept = assert(wechat.material.add_material{type = "image", media = "p.png"})
    return wechat.download_media(up.media_id).body == bytes, wechat.material.get_material{media_id = kept.media_id}.body == bytes, code(wechat.download_media("nothing")),
      wechat.material.get_materialcount{}.image_count, wechat.material.batchget_material{type = "image", offset = 0, count = 20}.item_count,
      code(wechat.material.del_material{media_id = kept.media_id}), code(wechat.material.del_material{media_id = kept.media_id}), wechat.media.uploadimg{media = "p.png"}.url ~= nil`);
  assert.deepEqual(out, [true, true, 40007, 1, 1, 0, 40007, true]);
});

test('QR codes have tickets, pictures, limits; scanning one tells its scene', async (t) => {
  const dev = await startDev(t, { script: 'function on_message(msg) return msg.type .. " " .. tostring(msg.scene) .. " " .. tostring(msg.ticket) end' });
  const out = await lua(t, `${code_of}
    local made = wechat.create_qrcode{expire_seconds = 600, action_name = "QR_SCENE", action_info = {scene = {scene_id = 123}}}
    return made.ticket, wechat.show_qrcode(made.ticket).body:sub(2, 4), code(wechat.create_qrcode{action_name = "QR_LIMIT_SCENE", action_info = {scene = {scene_id = 100001}}}),
      code(wechat.create_qrcode{expire_seconds = 2592001, action_name = "QR_SCENE", action_info = {scene = {scene_id = 1}}}), code(wechat.show_qrcode("nothing"))`, dev);
  assert.equal(out[1], 'PNG');
  assert.deepEqual(out.slice(2, 4), [40053, 40052]);
  assert.equal((await dev.act('scan', { scene: '123' })).shown[0].content, `scan 123 ${out[0]}`);
});

test('customer service messages appear in the chat, within window and number', async (t) => {
  const dev = await startDev(t, { script: 'function on_message() end' });
  await dev.say('hi');
  const alice = (await dev.state()).users.find((user) => user.alias === 'alice').openid;
  const bob = (await dev.state()).users.find((user) => user.alias === 'bob').openid;
  const out = await lua(t, `${code_of}
    local list = {}
    for i = 1, 6 do list[i] = code(wechat.send_text_message("${alice}", "n" .. i)) end
    list[7] = code(wechat.send_text_message("${bob}", "x"))
    list[8] = code(wechat.send_text_message("oNobody", "x"))
    return table.unpack(list)`, dev);
  assert.deepEqual(out, [0, 0, 0, 0, 0, 45047, 45015, 40003]);
  const shown = (await dev.state()).chats[alice].filter((entry) => entry.via === 'custom');
  assert.deepEqual(shown.map((entry) => entry.content), ['n1', 'n2', 'n3', 'n4', 'n5']);
});

test('template messages are shown, and TEMPLATESENDJOBFINISH comes; broadcasts and MASSSENDJOBFINISH', async (t) => {
  const dev = await startDev(t, { script: 'function on_message(msg) wechat.log.warn("got " .. msg.type .. " " .. tostring(msg.status or msg.Status)) end' });
  const out = await lua(t, `${code_of}
    local ids = wechat.get_followers().data.openid
    assert(wechat.set_template_industry(1, 4))
    local id = wechat.get_template_id("TM00015").template_id
    assert(wechat.send_template_message(ids[1], id, {first = {value = "你好", color = "#173177"}}, "https://example.com"))
    assert(wechat.message.mass.sendall{filter = {is_to_all = true}, msgtype = "text", text = {content = "大家好"}})
    return code(wechat.set_template_industry(1, 4)), code(wechat.send_template_message(ids[1], "short", {})), #wechat.message.template.list{}.template_list, wechat.message.template.list{}.template_list[1].content`, dev);
  assert.deepEqual(out, [43100, 40037, 1, '{{first.DATA}}\n{{keyword1.DATA}}\n{{keyword2.DATA}}\n{{remark.DATA}}']);
  const { stdout: help } = await wemoon(['dev', '--help'], { code: 0 });
  assert.match(help, /get_template_id\("TM00001"\) adds a template with\nfirst, keyword1, keyword2 and remark\./);
  const { chats } = await dev.state();
  assert.equal(Object.values(chats).flat().filter((entry) => entry.kind === 'template' && entry.fields[0].value === '你好').length, 1);
  assert.equal(Object.values(chats).flat().filter((entry) => entry.via === 'mass').length, 3);
  for (const event of ['templatesendjobfinish success', 'masssendjobfinish send success']) {
    await dev.bot.waitForLog(new RegExp(`got ${event}`), 2500);
  }
});

test('drafts are published', async (t) => {
  const out = await lua(t, `${code_of}
    local thumb = wechat.material.add_material{type = "image", media = "p.png"}.media_id
    local draft = wechat.draft.add{articles = {{title = "标题", content = "<p>正文</p>", thumb_media_id = thumb}}}.media_id
    local job = wechat.freepublish.submit{media_id = draft}
    local state = wechat.freepublish.get{publish_id = job.publish_id}
    return state.publish_status, wechat.freepublish.getarticle{article_id = state.article_id}.news_item[1].title, wechat.draft.count{}.total_count, code(wechat.draft.get{media_id = draft}),
      code(wechat.draft.add{articles = {{title = "t", content = "c", thumb_media_id = "nothing"}}})`);
  assert.deepEqual(out, [0, '标题', 0, 40007, 40007]);
});

test('drafts have the limits that publishers measured', async (t) => {
  const out = await lua(t, `${code_of}
    local cover = wechat.material.add_material{type = "image", media = "p.png"}.media_id
    local passing = wechat.upload_media("image", "p.png").media_id
    local function add(fields)
      local one = {title = "t", content = "c", thumb_media_id = cover}
      for name, value in pairs(fields) do one[name] = value end
      return code(wechat.draft.add{articles = {one}})
    end
    local function pictures(fields)
      local one = {article_type = "newspic", title = "t", content = "c", image_info = {image_list = {{image_media_id = cover}}}}
      for name, value in pairs(fields) do one[name] = value end
      return code(wechat.draft.add{articles = {one}})
    end
    local many = {}
    for i = 1, 21 do many[i] = {image_media_id = cover} end
    local draft = wechat.draft.add{articles = {{title = "t", content = "c", thumb_media_id = cover}}}.media_id
    local one = {title = "t", content = "c", thumb_media_id = cover}
    return add{}, add{title = ("题"):rep(64)}, add{title = ("题"):rep(65)}, add{author = ("a"):rep(16)}, add{author = ("a"):rep(17)}, add{digest = ("摘"):rep(128)},
      add{digest = ("摘"):rep(129)}, add{content = ("字"):rep(26843)}, add{content = ("x"):rep(1024 * 1024)}, add{content_source_url = "http://a/" .. ("x"):rep(1020)},
      add{thumb_media_id = passing}, pictures{}, pictures{title = ("题"):rep(20)}, pictures{title = ("题"):rep(21)}, pictures{content = ("字"):rep(1001)},
      pictures{image_info = {image_list = many}}, pictures{image_info = {image_list = {{image_media_id = passing}}}},
      code(wechat.call("POST", "/cgi-bin/draft/add", nil, {articles = one})), code(wechat.draft.add{articles = {}}),
      code(wechat.draft.add{articles = {one, one, one, one, one, one, one, one, one}}),
      code(wechat.draft.update{media_id = draft, index = 1, articles = one}), code(wechat.draft.update{media_id = draft, index = 0, articles = one})`);
  assert.deepEqual(out, [0, 0, 45003, 0, 45110, 0, 45004, 0, 45002, 41039, 40007, 0, 0, 45003, 45166, 40215, 40007, 44003, 44003, 45008, 40114, 0]);
});

test('statistics check their dates: form, order, span, not today; yesterday is there from eight in the morning on', async (t) => {
  const out = await lua(t, `${code_of}
    local function day(ago) return os.date("!%Y-%m-%d", os.time() + 8 * 3600 - ago * 86400) end
    local function ask(name, first, last) return code(wechat.datacube[name]{begin_date = first, end_date = last}) end
    return ask("getusersummary", day(8), day(2)), ask("getusersummary", day(9), day(2)), ask("getusersummary", day(2), day(3)), ask("getusersummary", day(0), day(0)),
      ask("getarticleread", day(3), day(2)), ask("getbizsummary", day(31), day(2)), ask("getbizsummary", day(32), day(2)), ask("getinterfacesummaryhour", day(2), day(2)),
      ask("getusersummary", "2026-02-29", "2026-02-29"), ask("getusersummary", "2024-02-29", "2024-02-29"), ask("getusersummary", "20241101", "20241101"),
      ask("getusersummary", "2024-2-1", "2024-2-1"), ask("getusersummary", "2024-13-01", "2024-13-01"), ask("getarticlesummary", day(2), day(2)), ask("getusersummary", day(1), day(1))`);
  const morning = out.pop();
  assert.ok([0, 61503].includes(morning), String(morning));
  assert.deepEqual(out, [0, 61501, 61501, 61501, 61501, 0, 61501, 0, 61500, 0, 61500, 61500, 61500, 47009]);
});

test('ids have the types of the real answers, and are taken as numbers and as digits', async (t) => {
  const dev = await startDev(t, { script: 'function on_message() end' });
  const { access_token: token } = (await dev.call('GET', `/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT.appid}&secret=${ACCOUNT.appsecret}`)).json;
  const ask = async (path, body, method = 'POST') => (await dev.call(method, `${path}${path.includes('?') ? '&' : '?'}access_token=${token}`, body)).json;
  const form = new FormData();
  form.append('media', new Blob([PNG]), 'p.png');
  const { media_id: cover } = await (await fetch(`${dev.url}/cgi-bin/material/add_material?type=image&access_token=${token}`, { method: 'POST', body: form })).json();
  const { media_id: draft } = await ask('/cgi-bin/draft/add', { articles: [{ title: 't', content: 'c', thumb_media_id: cover }] });
  const job = await ask('/cgi-bin/freepublish/submit', { media_id: draft });
  assert.equal(typeof job.publish_id, 'number');
  const mass = await ask('/cgi-bin/message/mass/sendall', { filter: { is_to_all: true }, msgtype: 'text', text: { content: 'x' } });
  const { tag } = await ask('/cgi-bin/tags/create', { tag: { name: 'vip' } });
  const { data } = await ask('/cgi-bin/user/get', undefined, 'GET');
  for (const as of [String, Number]) {
    const state = await ask('/cgi-bin/freepublish/get', { publish_id: as(job.publish_id) });
    assert.deepEqual([state.publish_status, state.publish_id], [0, job.publish_id]);
    const sent = await ask('/cgi-bin/message/mass/get', { msg_id: as(mass.msg_id) });
    assert.deepEqual(sent, { msg_id: mass.msg_id, msg_status: 'SEND_SUCCESS' });
    assert.equal((await ask('/cgi-bin/tags/members/batchtagging', { tagid: as(tag.id), openid_list: [data.openid[0]] })).errcode, 0);
    assert.equal((await ask('/cgi-bin/user/tag/get', { tagid: as(tag.id) })).count, 1);
    assert.equal((await ask('/cgi-bin/message/mass/sendall', { filter: { is_to_all: false, tag_id: as(tag.id) }, msgtype: 'text', text: { content: 'x' } })).errcode, 0);
    assert.equal((await ask('/cgi-bin/comment/list', { msg_data_id: as(mass.msg_data_id), index: 0, begin: 0, count: 10, type: 0 })).errcode, 0);
    assert.equal((await ask('/cgi-bin/tags/update', { tag: { id: as(tag.id), name: `vip ${as.name}` } })).errcode, 0);
  }
  assert.equal((await ask('/cgi-bin/message/mass/delete', { msg_id: String(mass.msg_id) })).errcode, 0);
  assert.equal((await ask('/cgi-bin/message/mass/get', { msg_id: mass.msg_id })).msg_status, 'DELETE');
  assert.equal((await ask('/cgi-bin/tags/delete', { tag: { id: 'vip' } })).errcode, 47001);
});

test('older forms are taken: an agent removed by GET, a quota reset with the account in the query', async (t) => {
  const dev = await startDev(t);
  const token = `access_token=${(await dev.call('GET', `/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT.appid}&secret=${ACCOUNT.appsecret}`)).json.access_token}`;
  const remove = (how) => how(`/customservice/kfaccount/del?${token}`);
  for (const how of [
    (path) => dev.call('GET', `${path}&kf_account=a%40b`), (path) => dev.call('POST', `${path}&kf_account=a%40b`, ''), (path) => dev.call('POST', path, { kf_account: 'a@b' }),
  ]) {
    assert.equal((await dev.call('POST', `/customservice/kfaccount/add?${token}`, { kf_account: 'a@b', nickname: 'n' })).json.errcode, 0);
    assert.equal((await remove(how)).json.errcode, 0);
    assert.equal((await remove(how)).json.errcode, 65401);
  }
  const account = `appid=${ACCOUNT.appid}&appsecret=${ACCOUNT.appsecret}`;
  assert.equal((await dev.call('POST', `/cgi-bin/clear_quota/v2?${account}`, '')).json.errcode, 0);
  assert.equal((await dev.call('POST', '/cgi-bin/clear_quota/v2', { appid: ACCOUNT.appid, appsecret: ACCOUNT.appsecret })).json.errcode, 0);
  assert.equal((await dev.call('POST', `/cgi-bin/clear_quota/v2?appid=${ACCOUNT.appid}&appsecret=x`, '')).json.errcode, 40125);
  assert.deepEqual(await lua(t, 'return wechat.openapi.clear_quota_v2().errcode', dev), [0]);
});

test('what was removed is gone: templates, notices, materials; a wrong grant_type; articles as material', async (t) => {
  const out = await lua(t, `${code_of}
    local ids = wechat.get_followers().data.openid
    local one = wechat.get_template_id("TM1").template_id
    local before = code(wechat.send_template_message(ids[1], one, {first = {value = "x"}}))
    wechat.message.template.delete{template_id = one}
    local notice = wechat.message.subscribe.add_template{tid = 307, kidList = {1, 2}}.priTmplId
    wechat.message.subscribe.delete_template{priTmplId = notice}
    local picture = wechat.material.add_material{type = "image", media = "p.png"}.media_id
    wechat.material.del_material{media_id = picture}
    local article = {title = "t", thumb_media_id = picture, content = "c"}
    return before, code(wechat.send_template_message(ids[1], one, {})), code(wechat.message.subscribe.bizsend{touser = ids[1], template_id = notice, data = {}}),
      code(wechat.message.mass.preview{touser = ids[1], msgtype = "image", image = {media_id = picture}}), code(wechat.material.add_news{articles = {article}}),
      code(wechat.material.update_news{media_id = picture, index = 0, articles = article}),
      code(wechat.call("POST", "/cgi-bin/material/add_news", nil, {articles = {{}}})), code(wechat.call("POST", "/cgi-bin/material/add_news", nil, {articles = {"x"}})),
      code(wechat.call("GET", "/cgi-bin/token", {access_token = "", grant_type = "password", appid = "${ACCOUNT.appid}", secret = "${ACCOUNT.appsecret}"})),
      code(wechat.call("POST", "/cgi-bin/stable_token", {access_token = ""}, {grant_type = "password", appid = "${ACCOUNT.appid}", secret = "${ACCOUNT.appsecret}"})),
      code(wechat.call("GET", "/cgi-bin/ticket/getticket", {type = "nonsense"}))`);
  assert.deepEqual(out, [0, 40037, 40037, 40007, 45106, 45106, 40035, 40035, 40002, 40002, 40097]);
});

test('rules that open a mini program; customer service of mini programs', async (t) => {
  const out = await lua(t, `${code_of}
    local q, prefix = wechat.qrcode, "http://weixin.qq.com/q/abc"
    local rule = {prefix = prefix, appid = "wx1", path = "pages/index", is_edit = 0}
    local first, again = code(q.jump_add(rule)), code(q.jump_add(rule))
    rule.is_edit = 1
    local changed = code(q.jump_add(rule))
    q.jump_publish{prefix = prefix}
    local id = wechat.kf.business_register{account_name = "a", nickname = "n", icon_media_id = "m"}.business_id
    return first, again, changed, code(q.jump_add(rule)), q.jump_get{}.rule_list[1].state, code(q.jump_delete{prefix = prefix}), q.jump_get{}.list_size,
      code(q.jump_add{prefix = "http://a/", appid = "wx1", path = "p", is_edit = 0}), wechat.kf.business_get{business_id = id}.business_info.nickname,
      wechat.kf.business_list{offset = 0, count = 5}.list[1].business_id, code(wechat.message.custom.business_typing{touser = "o", command = "Typing", businessid = 7}),
      code(wechat.kf.work_bind{corpid = "c"}), wechat.kf.work_get().corpid, code(wechat.kf.work_unbind{corpid = "d"})`);
  assert.deepEqual(out, [0, 85071, 0, 40097, 2, 0, 0, 85066, 'n', 1, 40139, 0, 'c', 40173]);
});

test('an account kind has its rights: what it may not do has the errcode of the real one, changes nothing and costs nothing', async (t) => {
  const dev = await startDev(t, { script: 'function on_message(msg) wechat.log.warn("got " .. msg.type .. " " .. tostring(msg.scene)) end' });
  const probes = `${code_of}
    return code(wechat.get_menu()), code(wechat.message.custom.typing{touser = "oNobody", command = "Typing"}), code(wechat.user.list()), code(wechat.tag.list()),
      code(wechat.material.get_materialcount()), code(wechat.draft.count()), code(wechat.freepublish.batchget{offset = 0, count = 1}),
      code(wechat.message.template.list()), code(wechat.message.subscribe.list_templates()), code(wechat.get_jsapi_ticket()),
      code(wechat.message.mass.send{touser = {"a", "b"}, msgtype = "text", text = {content = "x"}}), code(wechat.comment.open{msg_data_id = 1}),
      code(wechat.create_qrcode{action_name = "QR_SCENE", action_info = {scene = {scene_id = 1}}}), code(wechat.kf.list()),
      code(wechat.oauth.access_token{code = "x"}), code(wechat.menu.get_current_selfmenu_info()), code(wechat.guide.getguideacctlist{page = 0, num = 1})`;
  const kinds = {
    personal: [48001, 48001, 48001, 48001, 0, 0, 48001, 48001, 48001, 0, 48001, 88000, 48001, 48001, 40029, 0, 48001],
    unverified: [48001, 48001, 48001, 48001, 0, 0, 48001, 48001, 48001, 0, 48001, 88000, 48001, 48001, 40029, 0, 48001],
    subscription: [46003, 40003, 0, 0, 0, 0, 0, 48001, 48001, 0, 48001, 0, 48001, 0, 40029, 0, 48001],
    service: [46003, 40003, 0, 0, 0, 0, 0, 0, 0, 0, 40003, 0, 0, 0, 40029, 0, 9300802],
    test: [46003, 40003, 0, 0, 0, 0, 48001, 0, 48001, 0, 48001, 88000, 0, 65400, 40029, 0, 48001],
  };
  for (const [kind, expected] of Object.entries(kinds)) {
    await dev.post('/sim/account', { kind });
    assert.equal((await dev.state()).account.kind, kind);
    assert.deepEqual(await lua(t, probes, dev), expected, kind);
  }
  // Rights are checked before quota and fields; a refusal has the platform's text.
  await dev.post('/sim/account', { kind: 'personal' });
  const { access_token: token } = (await dev.call('POST', '/cgi-bin/stable_token', { grant_type: 'client_credential', appid: ACCOUNT.appid, secret: ACCOUNT.appsecret })).json;
  await dev.post('/sim/faults', { quota: true });
  const refused = (await dev.call('POST', `/cgi-bin/tags/create?access_token=${token}`, {})).json;
  await dev.post('/sim/faults', { quota: false });
  assert.match(refused.errmsg, /^api unauthorized rid: [0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/);
  assert.equal(refused.errcode, 48001);
  // Its login page refuses too, and events that the account has no right to are not delivered.
  const page = await dev.call('GET', `/connect/oauth2/authorize?appid=${ACCOUNT.appid}&redirect_uri=http%3A%2F%2Fa%2F&response_type=code&scope=snsapi_base`);
  assert.equal(page.json.errcode, 10005);
  assert.equal((await dev.act('scan', { scene: '7' })).attempts, 0);
  assert.equal((await dev.act('locate')).attempts, 0);
  await dev.act('follow', { user: 'newcomer', scene: '7' });
  await dev.bot.waitForLog(/got subscribe nil/, 2500);
  await dev.post('/sim/account', { kind: null });
  assert.equal((await dev.act('scan', { scene: '7' })).attempts, 1);
  const wrong = await dev.call('POST', '/sim/account', { kind: 'rich' });
  assert.deepEqual([wrong.status, wrong.json.error], [400, 'unknown kind of account, write one of: personal, unverified, subscription, service, test']);
});

test('check --online says which kind of account it met', async (t) => {
  const dev = await startDev(t);
  const cwd = tempDir(t);
  fs.writeFileSync(`${cwd}/bot.lua`, 'function on_message(msg) return msg.content end\n');
  const args = ['check', 'bot.lua', '--online', '--token', 'token123', '--appid', ACCOUNT.appid, '--appsecret', ACCOUNT.appsecret, '--api-base', dev.url, '--store', 'memory:'];
  const kinds = { personal: /a person's or an unverified account/, unverified: /a person's or an unverified account/,
    subscription: /a verified subscription account/, test: /a test account/ };
  for (const [kind, words] of Object.entries(kinds)) {
    await dev.post('/sim/account', { kind });
    assert.match((await wemoon(args, { cwd, code: 1 })).stdout, words, kind);
  }
  await dev.post('/sim/account', { kind: 'service' });
  const { stdout, stderr } = await wemoon(args, { cwd, code: 0 });
  assert.equal(stderr, '');
  assert.doesNotMatch(stdout, /these are the rights/);
});

test('texts of digits are CDATA in what the platform posts, and numbers are bare', async (t) => {
  const dev = await startDev(t, { script: 'function on_message(msg) return msg.raw end' });
  const { shown } = await dev.say('12345');
  assert.match(shown[0].content, /<Content><!\[CDATA\[12345\]\]><\/Content>/);
  assert.match(shown[0].content, /<CreateTime>\d+<\/CreateTime>/);
  assert.match(shown[0].content, /<MsgId>\d+<\/MsgId>/);
  const place = async (act) => (await dev.act(act, { latitude: 23.1, longitude: 113.3, precision: 40 })).shown[0].content;
  assert.match(await place('location'), /<Location_X>23\.100000<\/Location_X><Location_Y>113\.300000<\/Location_Y><Scale>\d+<\/Scale><Label><!\[CDATA\[/);
  assert.match(await place('locate'), /<Latitude>23\.100000<\/Latitude><Longitude>113\.300000<\/Longitude><Precision>40\.000000<\/Precision>/);
  const form = { name: 'LOCATION', fields: { Latitude: '23.137466', Longitude: '-1', Precision: 'about <5>' } };
  assert.match((await dev.act('event', form)).shown[0].content,
    /<Latitude>23\.137466<\/Latitude><Longitude>-1<\/Longitude><Precision><!\[CDATA\[about <5>\]\]><\/Precision>/);
  const info = { Location_X: '23', Scale: '15', Label: '5' };
  assert.match((await dev.act('event', { name: 'location_select', fields: { EventKey: '1', SendLocationInfo: info } })).shown[0].content,
    /<EventKey><!\[CDATA\[1\]\].*<Label><!\[CDATA\[5\]\]><\/Label><Location_X><!\[CDATA\[23\]\]><\/Location_X><Scale><!\[CDATA\[15\]\]>/);
  assert.match((await dev.act('event', { name: 'other', fields: { Status: '7', TotalCount: '100' } })).shown[0].content,
    /<Status><!\[CDATA\[7\]\]><\/Status><TotalCount>100<\/TotalCount>/);
  const odd = await dev.say('a]]>b\u0001c');
  assert.match(odd.shown[0].content, /a\]\]\]\]><!\[CDATA\[>bc/);
});

test('web login: a code that is good once, a token, a profile by scope', async (t) => {
  const dev = await startDev(t);
  const there = await dev.call('GET', `/connect/oauth2/authorize?appid=${ACCOUNT.appid}&redirect_uri=${encodeURIComponent('http://x.example/back?a=1')}&response_type=code&scope=snsapi_userinfo&state=s%26t`);
  assert.equal(there.status, 302);
  const back = new URL(there.headers.location);
  assert.equal(back.searchParams.get('state'), 's&t');
  const out = await lua(t, `${code_of}
    local token = assert(wechat.oauth.access_token{code = "${back.searchParams.get('code')}"})
    return wechat.oauth.userinfo{access_token = token.access_token, openid = token.openid}.nickname, code(wechat.oauth.access_token{code = "${back.searchParams.get('code')}"}),
      code(wechat.oauth.access_token{code = "nothing"}), code(wechat.oauth.refresh_token{refresh_token = token.refresh_token})`, dev);
  assert.deepEqual(out, ['小艾', 40163, 40029, 0]);
});

test('tokens: missing, wrong, of another secret, old ones for five minutes more; verbs, bodies, fields', async (t) => {
  const dev = await startDev(t);
  const get = async (path) => (await dev.call('GET', path)).json.errcode;
  const post = async (path, body) => (await dev.call('POST', path, body)).json.errcode;
  const token = async (more) => (await dev.call('GET', `/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT.appid}&secret=${ACCOUNT.appsecret}${more || ''}`)).json;
  assert.equal(await get('/cgi-bin/menu/get'), 41001);
  assert.equal(await get('/cgi-bin/menu/get?access_token=x'), 40001);
  assert.equal(await get(`/cgi-bin/token?grant_type=client_credential&appid=${ACCOUNT.appid}&secret=x`), 40125);
  assert.equal(await get(`/cgi-bin/token?grant_type=client_credential&appid=wx1&secret=x`), 40013);
  const first = (await token()).access_token;
  const second = (await token()).access_token;
  assert.notEqual(first, second);
  assert.equal(await get(`/cgi-bin/menu/get?access_token=${first}`), 46003);
  assert.equal(await get(`/cgi-bin/menu/get?access_token=${second}`), 46003);
  const at = `?access_token=${second}`;
  assert.equal(await get(`/cgi-bin/tags/create${at}`), 43002);
  assert.equal(await post(`/cgi-bin/menu/get${at}`, {}), 43001);
  assert.equal(await post(`/cgi-bin/tags/create${at}`, '{broken'), 47001);
  assert.equal(await post(`/cgi-bin/tags/create${at}`, ''), 44002);
  assert.equal(await post(`/cgi-bin/message/custom/send${at}`, { touser: 'x', msgtype: 'nonsense' }), 40008);
  assert.equal((await dev.call('GET', '/cgi-bin/no/such')).status, 404);
  const stable = async (more) => (await dev.call('POST', '/cgi-bin/stable_token', { grant_type: 'client_credential', appid: ACCOUNT.appid, secret: ACCOUNT.appsecret, ...more })).json.access_token;
  const kept = await stable();
  assert.equal(await stable(), kept);
  assert.notEqual(await stable({ force_refresh: true }), kept);
  assert.match((await dev.call('GET', '/cgi-bin/menu/get')).json.errmsg, / rid: [0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/);
});

test('state is kept where it is asked for, and fresh without', async (t) => {
  const state = `${tempDir(t)}/sim.db`;
  const one = await startDev(t, { args: ['--state', state] });
  await lua(t, 'return wechat.tag.create{tag = {name = "kept"}} ~= nil', one);
  await sleep(600);
  await one.bot.stop();
  const two = await startDev(t, { args: ['--state', state] });
  assert.deepEqual(await lua(t, 'for _, tag in ipairs(wechat.tag.list{}.tags) do if tag.name == "kept" then return true end end return false', two), [true]);
  assert.deepEqual(await lua(t, 'return #wechat.tag.list{}.tags'), [3]);
});

for (const name of ['wechat-api', 'co-wechat-api']) {
  test(`every call of ${name} is understood`, async (t) => {
    const dev = await startDev(t);
    const Package = require(name);
    const api = new Package(ACCOUNT.appid, ACCOUNT.appsecret);
    api.endpoint = api.prefix = undefined;
    Object.assign(api, { prefix: `${dev.url}/cgi-bin/`, mpPrefix: `${dev.url}/cgi-bin/`, fileServerPrefix: `${dev.url}/cgi-bin/`, payPrefix: `${dev.url}/pay/`, merchantPrefix: `${dev.url}/merchant/`,
      customservicePrefix: `${dev.url}/customservice/`, wxaPrefix: `${dev.url}/wxa/`, snsPrefix: `${dev.url}/sns/`, endpoint: dev.url });
    const dir = tempDir(t);
    fs.writeFileSync(`${dir}/p.png`, PNG);
    let understood = 0;
    for (const row of calls.filter((one) => !one.only || one.only === name)) {
      if (typeof api[row.method] !== 'function') continue;
      const args = row.args.map((arg) => (arg && arg.file ? `${dir}/p.png` : arg));
      const answer = await new Promise((resolve) => {
        const done = (error, value) => resolve(error || value);
        try {
          const result = name === 'wechat-api' ? api[row.method](...args, done) : api[row.method](...args);
          if (result && result.then) result.then(resolve, resolve);
        } catch (error) { resolve(error); }
      });
      // An errcode is a valid answer too; only an error without a code is not.
      if (answer instanceof Error && answer.code === undefined) continue;
      understood += 1;
    }
    t.diagnostic(`${understood} calls`);
    assert.ok(understood > 150, `${understood} calls were understood`);
  });
}
