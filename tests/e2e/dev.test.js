// `wemoon dev`: the simulated platform beside a bot, driven over /sim as the console does.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const zlib = require('node:zlib');
const jsqr = require('jsqr');
const harness = require('./harness');
const { stopwatch } = require('./stopwatch');
const { startDev } = require('./dev');
const { sanitized } = require('./preload');

const { atEnd, startBot, wemoon, sleep, until, TOKEN, APPID, AES_KEY, tempDir } = harness;
const ECHO = 'function on_message(msg) if msg.content then return "你说：" .. msg.content end return msg.type .. " " .. tostring(msg.key) end\n';

const texts = (entries) => entries.map((entry) => entry.content);

// Starts a bot in Node: `answer(request, body)` returns a body, or an object { status, body, delay }.
async function startForeignBot(t, answer) {
  const requests = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      if (request.method === 'GET') return response.end(new URL(request.url, 'http://x').searchParams.get('echostr'));
      requests.push({ url: request.url, body, query: Object.fromEntries(new URL(request.url, 'http://x').searchParams) });
      const result = await answer(harness.parseXml(body), requests.length, body);
      if (result === null) return request.socket.destroy();
      const { status = 200, body: text = result, delay = 0 } = typeof result === 'object' ? result : {};
      await sleep(delay);
      response.writeHead(status);
      response.end(text);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));
  return { url: `http://127.0.0.1:${server.address().port}/wechat`, requests };
}

const startPlatform = async (t, answer, args = [], config) => {
  const foreign = await startForeignBot(t, answer);
  const sim = await startDev(t, { args: ['--callback', foreign.url, ...args], config });
  return { sim, foreign };
};
const replyTo = (message, fields) => harness.messageXml({
  ToUserName: message.FromUserName, FromUserName: message.ToUserName, CreateTime: 1, ...fields,
});

// ---- users and their acts ------------------------------------------------------------------------------------------

test('dev prints where the console is and how to send; both work', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  assert.match(sim.bot.output, /serving .*bot\.lua on http:\/\/127\.0\.0\.1:\d+\/wechat \(normal mode\)/);
  const page = /http:\/\/\S+\/console/.exec(sim.bot.output)[0];
  assert.equal(new URL(page).port, String(sim.bot.port));
  const sent = await wemoon(['send', '--token', TOKEN, '--url', sim.bot.url, 'text', '你好'], { code: 0 });
  assert.equal(sent.stdout, 'text: 你说：你好\n');
  const console_ = await sim.call('GET', '/console');
  assert.equal(console_.status, 200);
  assert.match(console_.headers['content-type'], /text\/html/);
});

test('a user says something and the answer is in the chat, the trace and the events', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  const events = sim.events();
  await until(() => events.begun, 'the stream of events');
  const said = await sim.say('hi');
  assert.deepEqual(texts(said.shown), ['你说：hi']);
  assert.equal(said.attempts, 1);
  assert.match(said.replied, /<Content><!\[CDATA\[你说：hi\]\]>/);
  const state = await sim.state();
  const alice = state.users.find((user) => user.alias === 'alice');
  assert.deepEqual(state.chats[alice.openid].map((entry) => [entry.from, entry.via, entry.content]),
    [['user', 'message', 'hi'], ['account', 'passive', '你说：hi']]);
  const item = state.trace.at(-1);
  assert.deepEqual([item.id, item.outcome, item.kind, item.fields.Content, item.openid], [said.trace, 'replied', 'text', 'hi', alice.openid]);
  assert.match(item.tries[0].request, /<MsgType><!\[CDATA\[text\]\]>/);
  await until(() => events.list.filter((event) => event.event === 'entry').length === 2, 'two entries in the events');
  assert.ok(events.list.some((event) => event.event === 'trace' && event.data.outcome === 'replied'));
  events.close();
});

test('who reads the events again goes on where it was', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  await sim.say('one');
  const { event } = await sim.state();
  await sim.say('two');
  const events = sim.events(event);
  await until(() => events.list.some((one) => one.data.entry && one.data.entry.content === '你说：two'), 'the events since');
  assert.ok(events.list.every((one, i) => one.id === event + 1 + i), JSON.stringify(events.list.map((one) => one.id)));
  events.close();
  const late = sim.events(event + 100000);
  await until(() => late.list.some((one) => one.event === 'reset'), 'a reset for who knows too much');
  late.close();
});

test('the act of a chat names the file that was sent with it; with its bytes too it is stored under that name, once', async (t) => {
  const sim = await startDev(t, { script: `function on_message(msg)
    if msg.content then assert(wechat.create_menu { button = { { type = "pic_sysphoto", name = "P", key = "p" } } }) end
    return msg.type
  end` });
  const base64 = (text) => Buffer.from(text).toString('base64');
  const file = async (id) => (await sim.call('GET', `/sim/media/${id}`)).body;
  await sim.say('menu');
  await sim.act('tap', { path: '1', data: base64('moon') });
  const { users, chats } = await sim.state();
  const { act } = chats[users[0].openid].find((entry) => entry.act?.act === 'tap');
  assert.equal(await file(act.media_id), 'moon');
  assert.equal(act.data, undefined);
  await sim.act('image', { media_id: 'from-elsewhere', data: base64('sun') });
  assert.equal(await file('from-elsewhere'), 'sun');
  await sim.act('image', { media_id: 'from-elsewhere', data: base64('another') });
  assert.equal(await file('from-elsewhere'), 'sun');
});

test('every kind of message arrives with the platform\'s fields', async (t) => {
  const { sim, foreign } = await startPlatform(t, () => 'success');
  const last = () => harness.parseXml(foreign.requests.at(-1).body);
  const kinds = {
    image: [{}, ['PicUrl', 'MediaId']],
    voice: [{ recognition: '你好' }, ['MediaId', 'Format', 'Recognition']],
    video: [{}, ['MediaId', 'ThumbMediaId']],
    shortvideo: [{}, ['MediaId', 'ThumbMediaId']],
    location: [{ latitude: 23.1, longitude: 113.3, label: '某处' }, ['Location_X', 'Location_Y', 'Scale', 'Label']],
    link: [{ title: '题', url: 'https://example.com/' }, ['Title', 'Description', 'Url']],
  };
  for (const [kind, [fields, elements]] of Object.entries(kinds)) {
    await sim.act(kind, fields);
    const message = last();
    assert.equal(message.MsgType, kind);
    assert.match(message.MsgId, /^\d+$/);
    for (const element of elements) assert.ok(element in message, `${kind} has ${element}: ${foreign.requests.at(-1).body}`);
  }
  assert.equal(foreign.requests[4].body.includes('某处'), true);
  await sim.act('image', { data: Buffer.from('bytes of a picture').toString('base64'), content_type: 'image/jpeg' });
  const picture = await sim.call('GET', new URL(last().PicUrl).pathname);
  assert.equal(picture.body, 'bytes of a picture');
  assert.equal(picture.headers['content-type'], 'image/jpeg');
});

test('following, scanning, unfollowing and the position are events, and change what is known of the user', async (t) => {
  const { sim, foreign } = await startPlatform(t, () => 'success');
  const last = () => harness.parseXml(foreign.requests.at(-1).body);
  await sim.act('scan', { scene: 'shop' });
  assert.deepEqual([last().Event, last().EventKey, last().MsgId], ['SCAN', 'shop', undefined]);
  await sim.act('unfollow');
  assert.equal(last().Event, 'unsubscribe');
  const refused = await sim.call('POST', '/sim/act', { act: 'say', user: 'alice', content: 'x' });
  assert.equal(refused.status, 400);
  assert.match(refused.json.error, /does not follow/);
  await sim.act('scan', { scene: 'shop' });
  assert.deepEqual([last().Event, last().EventKey], ['subscribe', 'qrscene_shop']);
  assert.ok(last().Ticket);
  await sim.act('locate', { latitude: 1.5, longitude: 2.5 });
  assert.deepEqual([last().Event, last().Latitude, last().Longitude], ['LOCATION', '1.500000', '2.500000']);
  await sim.act('event', { name: 'card_pass_check', fields: { CardId: 'c1', List: [{ A: 1 }, { A: 2 }] } });
  assert.match(foreign.requests.at(-1).body, /<CardId><!\[CDATA\[c1\]\]><\/CardId><List><A>1<\/A><\/List><List><A>2<\/A><\/List>/);
  await sim.act('xml', { document: '<xml><MsgType>odd</MsgType></xml>' });
  assert.equal(foreign.requests.at(-1).body, '<xml><MsgType>odd</MsgType></xml>');
});

test('a bot makes its menu and users tap it, by number, names and key', async (t) => {
  const sim = await startDev(t, {
    script: `function on_message(msg)
      if msg.content == "menu" then
        assert(wechat.create_menu{ button = {
          { type = "click", name = "歌", key = "SONG" },
          { name = "菜单", sub_button = {
            { type = "view", name = "搜索", url = "https://example.com/" },
            { type = "scancode_waitmsg", name = "扫", key = "SCAN" },
            { type = "pic_sysphoto", name = "拍", key = "PIC" },
            { type = "location_select", name = "位", key = "LOC" } } } } })
        return "ok"
      end
      return msg.type .. ":" .. tostring(msg.key)
    end`,
  });
  const none = await sim.call('POST', '/sim/act', { act: 'tap', user: 'alice', path: '1' });
  assert.match(none.json.error, /no menu/);
  assert.deepEqual(texts((await sim.say('menu')).shown), ['ok']);
  assert.deepEqual(texts((await sim.act('tap', { path: '1' })).shown), ['click:SONG']);
  assert.deepEqual(texts((await sim.act('tap', { path: 'SONG' })).shown), ['click:SONG']);
  const view = await sim.act('tap', { path: ['菜单', '搜索'] });
  assert.deepEqual(view.shown, []); // a reply to VIEW is not shown
  assert.match((await sim.trace(view.trace)).note, /sees no reply/);
  assert.deepEqual(texts((await sim.act('tap', { path: '2.2' })).shown), ['scancode_waitmsg:SCAN']);
  assert.deepEqual(texts((await sim.act('tap', { path: '2.3' })).shown), ['pic_sysphoto:PIC', 'image:nil']);
  assert.deepEqual(texts((await sim.act('tap', { path: '2.4' })).shown), ['location_select:LOC', 'location:nil']);
  for (const path of ['菜单.扫', '扫', 'SCAN']) assert.deepEqual(texts((await sim.act('tap', { path })).shown), ['scancode_waitmsg:SCAN'], path);
  const state = await sim.state();
  assert.equal(state.menus[state.users[0].openid].button.length, 2);
});

// ---- delivery as documented ----------------------------------------------------------------------------------------

test('a bot that fails is tried three times with one MsgId and new signatures, then the user is told', async (t) => {
  const { sim, foreign } = await startPlatform(t, () => ({ status: 500, body: 'x' }));
  const said = await sim.say('hi');
  assert.equal(said.attempts, 3);
  assert.deepEqual(said.shown.map((entry) => [entry.from, entry.kind, entry.text]),
    [['system', 'notice', '该公众号暂时无法提供服务，请稍后再试']]);
  const ids = new Set(foreign.requests.map((request) => harness.parseXml(request.body).MsgId));
  const nonces = new Set(foreign.requests.map((request) => request.query.nonce));
  assert.deepEqual([ids.size, nonces.size], [1, 3]);
  for (const { query } of foreign.requests) {
    assert.equal(query.signature, harness.sign(TOKEN, query.timestamp, query.nonce));
    assert.ok(query.openid);
  }
  const item = await sim.trace(said.trace);
  assert.equal(item.outcome, 'failed');
  assert.deepEqual(item.tries.map((one) => one.status), [500, 500, 500]);
});

test('an answer that comes after the deadline is a customer service message, and the trace says late', async (t) => {
  const sim = await startDev(t, { script: 'function on_message(msg) wechat.sleep(1) return "slow" end', config: { deadline_ms: 300 } });
  const said = await sim.say('x');
  assert.deepEqual([said.attempts, said.shown], [1, []]);
  assert.equal((await sim.trace(said.trace)).outcome, 'success');
  await until(async () => (await sim.trace(said.trace)).outcome === 'late', 'the late reply');
  const state = await sim.state();
  const entry = state.chats[state.users[0].openid].at(-1);
  assert.deepEqual([entry.via, entry.content], ['custom', 'slow']);
});

test('a bot that answers at the second try is shown once', async (t) => {
  const { sim } = await startPlatform(t, (message, count) =>
    count === 1 ? null : replyTo(message, { MsgType: 'text', Content: 'again' }));
  const said = await sim.say('hi');
  assert.equal(said.attempts, 2);
  assert.deepEqual(texts(said.shown), ['again']);
});

test('five seconds are waited, no longer', async (t) => {
  const { sim } = await startPlatform(t, (message, count) =>
    ({ delay: count === 1 ? 7000 : 0, body: replyTo(message, { MsgType: 'text', Content: 'late' }) }));
  const began = Date.now();
  const said = await sim.say('hi');
  const took = Date.now() - began;
  assert.ok(took >= 5000 && took < 6900, `${took} ms`);
  assert.deepEqual([said.attempts, texts(said.shown)], [2, ['late']]);
});

test('the user is shown that the platform refused a reply, and the trace says why', async (t) => {
  const wrong = {
    broken: [() => '<xml><a></xml>', /not a reply that the platform would accept/],
    json: [() => '{"a":1}', /not a reply that the platform would accept/],
    stranger: [(m) => replyTo({ ...m, FromUserName: 'oSomebody' }, { MsgType: 'text', Content: 'x' }), /ToUserName/],
    long: [(m) => replyTo(m, { MsgType: 'text', Content: '月'.repeat(683) }), /2049 bytes/],
    empty: [(m) => replyTo(m, { MsgType: 'text', Content: '' }), /needs Content/],
    unknown: [(m) => replyTo(m, { MsgType: 'msgmenu' }), /a reply of MsgType 'msgmenu' does not exist/],
    sealed: [() => '<xml><Encrypt>abc</Encrypt></xml>', /encrypted/],
  };
  const { sim } = await startPlatform(t, (message) => wrong[message.Content][0](message));
  for (const [name, [, why]] of Object.entries(wrong)) {
    const said = await sim.say(name);
    assert.deepEqual(said.shown.map((entry) => entry.kind), ['notice'], name);
    const item = await sim.trace(said.trace);
    assert.equal(item.outcome, 'failed');
    assert.equal(item.tries.length, 1, name); // answered, so there is no retry
    assert.match(item.tries[0].error, why);
  }
});

test('every kind of reply is shown as what it is', async (t) => {
  const article = (n) => ({ Title: `t${n}`, Description: 'd', PicUrl: 'https://example.com/p.jpg', Url: 'https://example.com/' });
  const replies = {
    image: { MsgType: 'image', Image: { MediaId: 'm1' } },
    voice: { MsgType: 'voice', Voice: { MediaId: 'm1' } },
    video: { MsgType: 'video', Video: { MediaId: 'm1', Title: 'T', Description: 'D' } },
    music: { MsgType: 'music', Music: { Title: 'T', Description: 'D', MusicUrl: 'https://example.com/a.mp3', HQMusicUrl: 'h' } },
    transfer: { MsgType: 'transfer_customer_service', TransInfo: { KfAccount: 'a@b' } },
  };
  const { sim } = await startPlatform(t, (message) => {
    if (message.Content !== 'news') return replyTo(message, replies[message.Content]);
    const items = [1, 2].map((n) => `<item>${Object.entries(article(n)).map(([k, v]) => `<${k}>${v}</${k}>`).join('')}</item>`).join('');
    return replyTo(message, { MsgType: 'news', ArticleCount: 2 }).replace('</xml>', `<Articles>${items}</Articles></xml>`);
  });
  for (const kind of Object.keys(replies)) {
    const { shown } = await sim.say(kind);
    assert.equal(shown.length, 1, kind);
    assert.equal(shown[0].kind, kind);
  }
  const { shown } = await sim.say('news');
  assert.deepEqual(shown[0].articles.map((one) => one.title), ['t1']); // one article in reply to a message
});

test('sealed both ways in safe and compatible mode', async (t) => {
  for (const mode of ['safe', 'compatible']) {
    const sim = await startDev(t, { script: ECHO, mode });
    assert.deepEqual(texts((await sim.say('秘密')).shown), ['你说：秘密'], mode);
    const item = (await sim.state()).trace.at(-1);
    assert.match(item.tries[0].reply, /<Content><!\[CDATA\[你说：秘密/); // decrypted for the desk
  }
});

test('a key alone is enough to try sealed messages', async (t) => {
  const sim = await startDev(t, { script: ECHO, config: { token: undefined, encoding_aes_key: AES_KEY, appsecret: '' } });
  assert.match(sim.bot.output, /\(safe mode\)/);
  assert.deepEqual(texts((await sim.say('x')).shown), ['你说：x']);
});

test('in safe mode an open reply is refused', async (t) => {
  const { sim, foreign } = await startPlatform(t, (message) => replyTo({ FromUserName: 'a', ToUserName: 'b' }, { MsgType: 'text', Content: 'x' }),
    [], { appid: APPID, encoding_aes_key: AES_KEY });
  const said = await sim.say('hi');
  assert.deepEqual(said.shown.map((entry) => entry.kind), ['notice']);
  assert.match((await sim.trace(said.trace)).tries[0].error, /not encrypted/);
  assert.match(foreign.requests[0].body, /<Encrypt>/);
  assert.ok(foreign.requests[0].query.msg_signature);
});

test('a sealed reply that is empty, or success, is no reply and no failure', async (t) => {
  const envelope = (content) => {
    const sealed = harness.seal(content);
    return `<xml><Encrypt>${sealed}</Encrypt><MsgSignature>${harness.sign(TOKEN, 1, 'n', sealed)}</MsgSignature><TimeStamp>1</TimeStamp><Nonce>n</Nonce></xml>`;
  };
  for (const content of ['', 'success']) {
    const { sim } = await startPlatform(t, () => envelope(content), [], { appid: APPID, encoding_aes_key: AES_KEY });
    const said = await sim.say('hi');
    assert.deepEqual(said.shown, [], content);
    assert.equal((await sim.trace(said.trace)).outcome, 'success');
  }
});

test('the npm echo bots wechat and co-wechat are chatted with, plain and encrypted', async (t) => {
  const wechat = require('wechat');
  const coWechat = require('co-wechat');
  for (const mode of ['normal', 'safe']) {
    const account = { token: TOKEN, appid: APPID, ...(mode === 'safe' ? { encodingAESKey: AES_KEY } : {}) };
    const connect = wechat(account, (request, response) => response.reply(`wechat: ${request.weixin.Content}`));
    const koa = coWechat({ ...account, ...(mode === 'safe' ? {} : { encodingAESKey: '' }) })
      .middleware(async (message) => `co-wechat: ${message.Content}`);
    const handlers = {
      wechat: (request, response) => {
        request.query = Object.fromEntries(new URL(request.url, 'http://x').searchParams);
        connect(request, response, (error) => { response.statusCode = 500; response.end(String(error)); });
      },
      'co-wechat': async (request, response) => {
        const ctx = { request: {}, method: request.method, query: Object.fromEntries(new URL(request.url, 'http://x').searchParams), req: request };
        await koa(ctx).catch((error) => { ctx.status = 500; ctx.body = String(error); });
        response.statusCode = ctx.status || 200;
        response.end(ctx.body);
      },
    };
    for (const [name, handler] of Object.entries(handlers)) {
      const server = http.createServer(handler);
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      atEnd(t, () => { server.closeAllConnections(); server.close(); });
      const sim = await startDev(t, {
        args: ['--callback', `http://127.0.0.1:${server.address().port}/`],
        config: mode === 'safe' ? { appid: APPID, encoding_aes_key: AES_KEY } : { appid: APPID },
      });
      assert.deepEqual(texts((await sim.say('你好 <b>')).shown), [`${name}: 你好 <b>`], `${name} ${mode}`);
    }
  }
});

// ---- calls and faults ----------------------------------------------------------------------------------------------

const SENDER = `function on_message(msg)
  local sent, err = wechat.send_text_message(msg.source, "custom")
  return sent and "sent" or tostring(err)
end`;

test('a bot calls the platform in the same process, and the call is in the trace and the chat', async (t) => {
  const sim = await startDev(t, { script: SENDER });
  const said = await sim.say('hi');
  assert.deepEqual(said.shown.map((entry) => [entry.via, entry.content]), [['custom', 'custom'], ['passive', 'sent']]);
  const item = await sim.trace(said.trace);
  assert.ok(item.calls.some((call) => call.name === 'message.custom.send_text'), JSON.stringify(item.calls));
  const calls = await sim.get('/sim/calls');
  assert.ok(calls.some((call) => call.path === '/cgi-bin/message/custom/send' && call.status === 200));
});

test('secrets are masked wherever the desk shows them', async (t) => {
  for (const token_api of ['stable', 'classic']) {
    const secret = '00ff11ee22dd33cc44bb55aa66997788';
    const sim = await startDev(t, { script: SENDER, config: { appid: APPID, appsecret: secret, token_api } });
    assert.equal((await sim.say('x')).shown.at(-1).content, 'sent');
    const calls = await sim.get('/sim/calls');
    const shown = JSON.stringify([calls, await sim.state()]);
    assert.ok(calls.length >= 2);
    assert.ok(!shown.includes(secret) && !shown.includes(TOKEN), shown);
    assert.ok(shown.includes('00ff…(32)'), shown);
    const sent = calls.find((call) => call.path === '/cgi-bin/message/custom/send');
    assert.match(sent.query.access_token, /^.{4}…\(\d+\)$/);
    assert.match(calls.find((call) => /token$/.test(call.path)).answer, /"access_token":".{4}…\(\d+\)"/);
  }
});

test('forty messages at once on four threads that each call back do not block one another', async (t) => {
  const sim = await startDev(t, { script: SENDER, config: { threads: 4 } });
  const all = await Promise.all(Array.from({ length: 40 }, (_, i) => sim.act('say', { user: `user${i}`, content: 'x' })));
  for (const one of all) assert.deepEqual(texts(one.shown).sort(), ['custom', 'sent']);
});

test('an event that a call causes is delivered: TEMPLATESENDJOBFINISH', async (t) => {
  const sim = await startDev(t, {
    script: `function on_message(msg)
      if msg.type == "templatesendjobfinish" then wechat.log.info("finished " .. msg.status) return end
      local id = assert(wechat.get_template_id("TM00015"))
      local r, err = wechat.send_template_message(msg.source, type(id) == "table" and id.template_id or id, { first = { value = "x" } })
      return r and "ok" or tostring(err)
    end`,
  });
  const said = await sim.say('go');
  assert.equal(said.shown.at(-1).content, 'ok', JSON.stringify(said.shown));
  await sim.bot.waitForLog(/finished success/);
});

test('faults: failing, slow, a revoked token, a spent quota, and back', async (t) => {
  const sim = await startDev(t, { script: SENDER });
  await sim.post('/sim/faults', { fail: 45009 });
  assert.match((await sim.say('a')).shown.at(-1).content, /45009/);
  await sim.post('/sim/faults', { fail: false, quota: true });
  assert.match((await sim.say('b')).shown.at(-1).content, /45009/);
  await sim.post('/sim/faults', { quota: false });
  assert.equal((await sim.say('c')).shown.at(-1).content, 'sent');
  await sim.post('/sim/token', { revoke: true });
  assert.equal((await sim.say('d')).shown.at(-1).content, 'sent'); // with a new token
  await sim.post('/sim/faults', { slow_ms: 700 });
  const slow = await sim.say('e');
  assert.equal(slow.shown.at(-1).content, 'sent');
  assert.ok(slow.ms >= 700, `${slow.ms} ms`);
  const wrong = await sim.call('POST', '/sim/faults', { nonsense: true });
  assert.equal(wrong.status, 400);
  assert.match(wrong.json.error, /unknown fault 'nonsense'/);
});

test('fault: no network, in both directions', async (t) => {
  const sim = await startDev(t, { script: SENDER });
  await sim.post('/sim/faults', { network: true });
  const said = await sim.say('x');
  assert.deepEqual(said.shown.map((entry) => entry.kind), ['notice']);
  await assert.rejects(sim.bot.request({ method: 'GET', path: '/cgi-bin/token', agent: false }));
  await sim.post('/sim/faults', { network: false });
  assert.equal((await sim.say('y')).shown.at(-1).content, 'sent');
});

test('fault: delivered twice; the script runs once', async (t) => {
  const sim = await startDev(t, {
    script: 'count = 0 function on_message(msg) count = count + 1 wechat.sleep(0.2) return tostring(count) end',
    args: ['--fault', 'twice'],
  });
  assert.deepEqual(texts((await sim.say('a')).shown), ['1']);
  const item = await until(async () => {
    const last = (await sim.state()).trace.at(-1);
    return last.tries.length === 2 && last.tries.every((one) => one.ms !== undefined) && last;
  }, 'both deliveries');
  assert.deepEqual(item.tries.map((one) => one.duplicate || false).sort(), [false, true]);
  assert.deepEqual(texts((await sim.say('b')).shown), ['2']);
});

test('an unknown --fault is status 2', async (t) => {
  const dir = tempDir(t);
  const unknown = await wemoon(['dev', '--port', '0', '--fault', 'rain'], { cwd: dir, code: 2 });
  assert.match(unknown.stderr, /unknown fault 'rain'/);
  const number = await wemoon(['dev', '--port', '0', '--fault', 'slow'], { cwd: dir, code: 2 });
  assert.match(number.stderr, /slow=NUMBER/);
});

test('dev says that it does not serve the admin address', async (t) => {
  const { bot } = await startDev(t, { script: 'function on_message(msg) return "x" end', args: ['--admin-listen', '127.0.0.1:9191', '--admin-token', 'aTokenOfSixteenB'] });
  await bot.waitForLog(/admin_listen: dev does not serve the admin address, run does/);
  assert.doesNotMatch(bot.output, /waiting for a script/);
});

test('a script that does not load is shown on the desk, and answers once it is mended and saved', async (t) => {
  for (const broken of ['function on_message(', 'error("at once")', 'local x = 1', 'while true do end',
    'function on_message() end function on_load() error("later") end']) {
    const sim = await startDev(t, { script: broken, config: { script_cpu_ms: 200 } });
    let bot;
    await until(async () => {
      ({ bot } = await sim.state());
      return bot.ok === false;
    }, `the desk to be told of ${broken}`);
    assert.match(bot.error, /bot\.lua/);
    assert.match(sim.bot.log, /bot\.lua is not in service until it is corrected and saved/);
    assert.match(sim.bot.output, /serving .*bot\.lua on .* mode\): waiting for a script that loads; correct it and save it\n/);
    assert.deepEqual((await sim.say('x')).shown, []);
    await sim.bot.waitForLog(/the script has not loaded/);
    const [file] = (await sim.get('/sim/source')).files;
    await sim.post('/sim/source', { file: file.file, text: ECHO });
    await until(async () => (await sim.state()).bot.ok, 'the mended script');
    assert.deepEqual(texts((await sim.say('y')).shown), ['你说：y']);
    await sim.bot.stop();
  }
});

test('a script that is not there ends it with 2', async (t) => {
  const { stderr } = await wemoon(['dev', 'nowhere.lua', '--port', '0'], { cwd: tempDir(t), code: 2 });
  assert.match(stderr, /nowhere\.lua: No such file/);
});

// ---- the script on the desk ----------------------------------------------------------------------------------------

test('a script error reaches the desk with file and line, a saved script is reloaded and told', async (t) => {
  const sim = await startDev(t, { script: 'local m = require "lib.words"\nfunction on_message(msg)\n  error("oh " .. m)\nend\n',
    files: { 'lib/words.lua': 'return "no"' } });
  const events = sim.events();
  await until(() => events.begun, 'the stream of events');
  await sim.say('x');
  await until(() => events.list.find((one) => one.event === 'log' && one.data.level === 'error'), 'the error');
  const error = events.list.find((one) => one.event === 'log' && one.data.level === 'error').data;
  assert.match(error.file, /bot\.lua$/);
  assert.equal(error.line, 3);
  assert.match(error.text, /error\("oh " \.\. m\)/); // the source line
  const source = await sim.get('/sim/source');
  assert.deepEqual(source.files.map((file) => path.basename(file.file)), ['bot.lua', 'words.lua']);
  await sim.post('/sim/source', { file: source.files[0].file, text: ECHO });
  await until(() => events.list.some((one) => one.event === 'reload' && one.data.ok), 'the reload');
  assert.deepEqual(texts((await sim.say('y')).shown), ['你说：y']);
  await sim.post('/sim/source', { file: source.files[0].file, text: 'function on_message(' });
  await until(() => events.list.some((one) => one.event === 'reload' && !one.data.ok), 'the failed reload');
  const { bot } = await sim.state();
  assert.equal(bot.ok, false);
  assert.match(bot.error, /bot\.lua:1/);
  assert.deepEqual(texts((await sim.say('z')).shown), ['你说：z']); // the previous script still serves
  events.close();
});

test('reset makes everything fresh', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  await sim.say('x', { user: 'somebody' });
  await sim.post('/sim/faults', { slow_ms: 5 });
  await sim.post('/sim/reset');
  const state = await sim.state();
  assert.deepEqual([state.chats, state.trace, state.faults], [{}, [], {}]);
  assert.ok(!state.users.some((user) => user.nickname === 'somebody'));
  assert.deepEqual(texts((await sim.say('again')).shown), ['你说：again']);
});

test('the state is kept in --state FILE, and nowhere without', async (t) => {
  const dir = tempDir(t);
  const args = ['--state', path.join(dir, 'state.db')];
  const script = `function on_message(msg)
    if msg.content == "menu" then assert(wechat.create_menu{ button = { { type = "click", name = "A", key = "KEY" } } }) end
    return msg.content or msg.key
  end`;
  const first = await startDev(t, { script, args });
  await first.say('menu', { user: 'somebody' });
  await first.act('image', { data: Buffer.from('picture').toString('base64') });
  await first.bot.stop();
  const second = await startDev(t, { script, args });
  const state = await second.get('/sim/state');
  const user = state.users.find((one) => one.nickname === 'somebody');
  assert.ok(user, second.bot.log);
  assert.deepEqual(texts(state.chats[user.openid]), ['menu', 'menu']);
  assert.deepEqual(texts((await second.act('tap', { path: 'KEY' })).shown), ['KEY']);
  const image = state.chats[state.users[0].openid][0];
  assert.equal((await second.call('GET', new URL(image.url).pathname)).body, 'picture');
  const ids = state.chats[user.openid].map((entry) => entry.id);
  assert.ok((await second.say('x')).shown[0].id > Math.max(...ids));
  const fresh = await startDev(t, { script });
  assert.deepEqual((await fresh.get('/sim/state')).chats, {});
});

test('with --state, what a bot that was killed owed its user is sent by the next one, once', async (t) => {
  const args = ['--state', path.join(tempDir(t), 'state.db')];
  const script = 'function on_message(msg) wechat.sleep(6) return "owed" end';
  const first = await startDev(t, { script, args });
  first.say('owe').catch(() => {}); // answered at the deadline, or killed first
  const alice = (await first.state()).users.find((user) => user.alias === 'alice').openid;
  await until(async () => (await first.get(`/sim/bot?user=${alice}`)).owed.length === 1, 'the message in the store', 6000);
  await new Promise((resolve) => { setTimeout(resolve, 1000); }); // the platform's state has the message
  await first.bot.kill();
  const second = await startDev(t, { script, args });
  const replies = async () => texts(Object.values((await second.state()).chats).flat()).filter((text) => text === 'owed');
  await until(async () => (await replies()).length === 1, 'what is owed', 20000);
  await new Promise((resolve) => { setTimeout(resolve, 1000); });
  assert.equal((await replies()).length, 1, second.bot.log);
  assert.doesNotMatch(second.bot.log, /another process/);
});

test('with --state, the script does not see the keys of the platform', async (t) => {
  const args = ['--state', path.join(tempDir(t), 'state.db')];
  const sim = await startDev(t, { script: 'function on_message(msg) wechat.store.set("mine", 1) return "ok" end', args });
  await sim.say('x');
  await new Promise((resolve) => { setTimeout(resolve, 1000); }); // the state is saved
  assert.deepEqual((await sim.get('/sim/bot?prefix=')).keys.map(({ key }) => key), ['mine']);
});

// ---- QR codes ------------------------------------------------------------------------------------------------------

// Decodes a PNG of one bit per pixel, as wemoon writes them, to the format of jsQR.
function decodePng(bytes) {
  const width = bytes.readUInt32BE(16);
  const parts = [];
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
    assert.equal(bytes.readUInt32BE(at + 8 + length), zlib.crc32 ? zlib.crc32(bytes.subarray(at + 4, at + 8 + length)) : bytes.readUInt32BE(at + 8 + length));
    at += length + 12;
  }
  const rows = zlib.inflateSync(Buffer.concat(parts));
  const stride = Math.ceil(width / 8) + 1;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const white = rows[y * stride + 1 + (x >> 3)] >> (7 - (x & 7)) & 1;
      pixels.fill(white ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { pixels, width };
}

test('the picture of a QR code scans, and who scans it brings the scene', async (t) => {
  const sim = await startDev(t, {
    script: `function on_message(msg)
      if msg.scene then return "scene " .. msg.scene end
      local code = assert(wechat.create_qrcode{ action_name = "QR_LIMIT_STR_SCENE", action_info = { scene = { scene_str = "shop-42" } } })
      local picture = assert(wechat.show_qrcode(code.ticket))
      return wechat.base64.encode(picture.body):sub(1, 12) .. "|" .. code.url .. "|" .. code.ticket
    end`,
  });
  const [head, url, ticket] = (await sim.say('qr')).shown[0].content.split('|');
  assert.equal(head, Buffer.from('\x89PNG\r\n\x1a\n\0', 'latin1').toString('base64').slice(0, 12));
  const bytes = await new Promise((resolve, reject) => {
    http.get({ host: sim.bot.host, port: sim.bot.port, path: `/cgi-bin/showqrcode?ticket=${encodeURIComponent(ticket)}` }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    }).on('error', reject);
  });
  const { pixels, width } = decodePng(bytes);
  assert.equal(jsqr(pixels, width, width).data, url);
  assert.deepEqual(texts((await sim.act('scan', { scene: 'shop-42' })).shown), ['scene shop-42']);
});

// ---- access control ------------------------------------------------------------------------------------------------

test('another Host header is refused everywhere', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  const { port } = sim.bot;
  const status = async (where, host) => (await sim.call('GET', where, undefined, { Host: host })).status;
  for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
    assert.equal(await status('/sim/state', host), 200, host);
  }
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost', `localhost.evil.example:${port}`, `localhost:${port + 1}`,
    `127.0.0.1.evil:${port}`, `0.0.0.0:${port}`, `localhost:${port}.evil`]) {
    for (const where of ['/sim/state', '/console', '/cgi-bin/token', '/wechat', '/']) {
      assert.equal(await status(where, host), 403, `${host} ${where}`);
    }
  }
  assert.match(await sim.bot.raw('GET /sim/state HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 403/);
  assert.match(await sim.bot.raw('GET /sim/state HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 40[03]/);
});

test('pages of other sites are refused, but for the visit of somebody who follows a link', async (t) => {
  const sim = await startDev(t, { script: `${ECHO} wechat.route("GET", "/page", function() return "mine" end)` });
  const status = async (method, where, headers) =>
    (await sim.call(method, where, method === 'POST' ? {} : undefined, headers)).status;
  const here = `http://127.0.0.1:${sim.bot.port}`;
  assert.equal(await status('POST', '/sim/faults', { Origin: here, 'Sec-Fetch-Site': 'same-origin' }), 200);
  for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${sim.bot.port + 1}`, `https://127.0.0.1:${sim.bot.port}`,
    `${here}.evil.example`, 'file://']) {
    assert.equal(await status('POST', '/sim/faults', { Origin: origin }), 403, origin);
    assert.equal(await status('POST', '/cgi-bin/menu/create', { Origin: origin }), 403, origin);
  }
  for (const site of ['cross-site', 'same-site']) {
    assert.equal(await status('GET', '/sim/state', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors' }), 403);
    assert.equal(await status('GET', '/sim/state', { 'Sec-Fetch-Site': site }), 403);
    assert.equal(await status('GET', '/console', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }), 200);
    assert.equal(await status('GET', '/console', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }), 403);
    assert.equal(await status('POST', '/sim/reset', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }), 403);
  }
  assert.equal(await status('GET', '/page', { Origin: 'http://evil.example' }), 200); // the bot's own page
  const page = await sim.call('GET', '/console');
  assert.equal(page.headers['x-frame-options'], 'DENY');
  assert.match(page.headers['content-security-policy'], /frame-ancestors 'none'/);
});

test('no path leads out of the bot\'s files or the console\'s', async (t) => {
  const sim = await startDev(t, { script: 'require "config" ' + ECHO });
  const { dir } = sim.bot;
  fs.writeFileSync(path.join(dir, 'other.txt'), 'secret');
  for (const file of ['/etc/passwd', path.join(dir, 'other.txt'), 'other.txt', path.join(dir, 'lib/../other.txt'), path.join(dir, 'config.lua'),
    path.join(dir, '../x'), '', '\0']) {
    assert.equal((await sim.call('GET', `/sim/source?file=${encodeURIComponent(file)}`)).status, 404, file);
    assert.equal((await sim.call('POST', '/sim/source', { file, text: 'x' })).status, 404, file);
  }
  assert.equal((await sim.call('POST', '/sim/source', { file: 7 })).status, 400);
  assert.ok(!JSON.stringify(await sim.get('/sim/source')).includes(TOKEN));
  assert.equal(fs.readFileSync(path.join(dir, 'other.txt'), 'utf8'), 'secret');
  for (const where of ['/console/../init.lua', '/console/%2e%2e/init.lua', '/console/..%2finit.lua', '/console//etc/passwd', '/console/../../main.c',
    '/console/', '/console/index.html/', '/console/.', '/sim/media/..%2f..%2fx', '/sim/media/../state', '/sim/source/../../etc/passwd']) {
    const answer = await sim.bot.raw(`GET ${where} HTTP/1.1\r\nHost: 127.0.0.1:${sim.bot.port}\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 40[04]/, where);
  }
});

test('a body that is not a JSON object is 400, one that is too large 413, and the platform keeps serving', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  for (const body of ['{', '[1', '"x"', '7', '\xff\xfe', '{"act":{"a":1},"user":"a"}', '{"act":"say","user":[]}',
    '{"act":"say","user":"a","content":null}', '{"act":"tap","user":"a","path":{"x":[[]]}}', '{"act":"__index","user":"a"}', '[]']) {
    const answer = await sim.bot.request({ path: '/sim/act', body, agent: false });
    assert.equal(answer.status, 400, `${body}: ${answer.body}`);
  }
  for (const fields of [{}, { openid: 5 }, { nickname: [] }, { openid: '' }, { nickname: 'x', language: 7 }, { nickname: 'x', subscribed: 'yes' }]) {
    assert.equal((await sim.call('POST', '/sim/user', fields)).status, 400, JSON.stringify(fields));
  }
  for (const act of [{ act: 'location', latitude: 'x' }, { act: 'tap', path: [[1]] }, { act: 'image', data: '***' }, { act: 'link', title: 'x' },
    { act: 'event' }, { act: 'event', name: 'x', fields: 7 }, { act: 'xml' }, { act: 'say', content: '' }, {}]) {
    assert.equal((await sim.call('POST', '/sim/act', { user: 'alice', ...act })).status, 400, JSON.stringify(act));
  }
  assert.match((await sim.call('POST', '/sim/act', { user: 'alice', act: 'video', thumb: {} })).body, /thumb needs data/);
  for (const fields of [[1, 2], { a: [[1]], 'b c': 1, d: null, e: true, f: { g: [] } }]) {
    assert.equal((await sim.act('event', { name: 'odd', fields })).attempts, 1);
  }
  assert.equal((await sim.act('location', { scale: 1e300 })).attempts, 1);
  for (const after of ['-5', '1.5', 'x', '1e999', '9223372036854775808', '1&after=2']) {
    assert.equal((await sim.call('GET', `/sim/calls?after=${after}`)).status, 200, after);
    const events = sim.events(after);
    await until(() => events.begun, `events after ${after}`);
    events.close();
  }
  assert.ok(!sim.bot.log.includes('error'), sim.bot.log);
  assert.match(await sim.bot.raw(`POST /sim/act HTTP/1.1\r\nHost: 127.0.0.1:${sim.bot.port}\r\nContent-Length: 999999999\r\n\r\n`), /^HTTP\/1\.1 413/);
  const large = await sim.bot.request({ path: '/sim/act', agent: false,
    body: JSON.stringify({ act: 'image', user: 'alice', data: 'A'.repeat(8 << 20) }) });
  assert.equal(large.status, 200, large.body);
  assert.equal((await sim.call('GET', '/sim/nothing')).status, 404);
  assert.equal((await sim.call('DELETE', '/sim/act')).status, 404);
  assert.deepEqual(texts((await sim.say('still')).shown), ['你说：still']);
});

test('twenty readers of the events that stall hold up nobody, and the end neither', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  const sockets = Array.from({ length: 20 }, () => {
    const socket = net.connect(sim.bot.port, sim.bot.host);
    socket.on('error', () => {});
    socket.pause();
    socket.write(`GET /sim/events?after=0 HTTP/1.1\r\nHost: 127.0.0.1:${sim.bot.port}\r\n\r\n`);
    return socket;
  });
  atEnd(t, () => sockets.forEach((socket) => socket.destroy()));
  const large = 'x'.repeat(1500);
  const elapsed = stopwatch(sim.bot);
  for (let i = 0; i < 400; i++) {
    const said = await sim.say(`${i} ${large}`);
    assert.equal(said.shown.length, 1);
  }
  const ms = elapsed();
  assert.ok(ms < 30000, `${ms} ms`);
  const stopping = stopwatch(sim.bot);
  await sim.bot.stop();
  const stopped = stopping();
  assert.ok(stopped < 8000, `${stopped} ms`);
});

test('an open reader of the events does not hold up the end', async (t) => {
  const sim = await startDev(t, { script: ECHO });
  const events = sim.events();
  await until(() => events.begun, 'the stream');
  const elapsed = stopwatch(sim.bot);
  await sim.bot.stop();
  const ms = elapsed();
  assert.ok(ms < 3000, `${ms} ms`);
  await until(() => events.list.ended, 'the end of the stream');
});

test('dev listens on loopback only', async (t) => {
  const dir = tempDir(t);
  for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8080']) {
    const { stderr } = await wemoon(['dev', '--listen', listen], { cwd: dir, code: 2 });
    assert.match(stderr, /loopback/);
  }
  const { stderr } = await wemoon(['dev', 'bot.lua', '--callback', 'http://x/'], { cwd: dir, code: 2 });
  assert.match(stderr, /exclude each other/);
});

test('run has no route of the simulated platform', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  for (const where of ['/console', '/console/app.js', '/sim/state', '/sim/events', '/sim/act', '/cgi-bin/token', '/']) {
    for (const method of ['GET', 'POST']) {
      assert.equal((await bot.request({ method, path: where, body: method === 'POST' ? '{}' : undefined })).status, 404, where);
    }
  }
});

test('dev without an account leaves the real store and the real tokens alone', async (t) => {
  const sim = await startDev(t, { script: SENDER, config: { access_token: 'a-real-token', access_token_expires_at: 9999999999, appid: APPID } });
  assert.equal((await sim.say('x')).shown.at(-1).content, 'sent');
  assert.ok(!fs.existsSync(path.join(sim.bot.dir, 'wemoon.db')));
});

test('dev is up in under 300 ms', { skip: sanitized }, async (t) => {
  const best = [];
  for (let i = 0; i < 5; i++) {
    let sim;
    const elapsed = stopwatch(() => sim?.bot);
    sim = await startDev(t, { script: ECHO });
    best.push(elapsed());
    await sim.bot.stop();
  }
  t.diagnostic(`ms: ${best.map(Math.round).join(' ')}`);
  assert.ok(Math.min(...best) < 300, `${best}`);
});
