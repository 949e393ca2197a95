// The live desk: /desk of the admin address, over HTTP and in Chromium.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const { chromium } = require('playwright-core');
const { atEnd, BINARY, startBot, textXml, eventXml, freePort, wemoon, until } = require('./harness');
const { drawn, CHROMIUM, FLAGS, PATIENCE_MS } = require('./browser');

const PASSWORD = 'a-password-for-the-desk';
const SCRIPT = `function on_message(msg)
  if msg.content == "fail" then error("oops") end
  if msg.content == "ask" then return "you are " .. tostring(wechat.ask("你叫什么？", { timeout_s = 3600 })) end
  if msg.content == "quiet" then return nil end
  return "答：" .. (msg.content or msg.type)
end`;

async function startDesk(t, { config, ...options } = {}) {
  const port = await freePort();
  const bot = await startBot(t, { script: SCRIPT, ...options, config: { admin_listen: `127.0.0.1:${port}`, admin_token: PASSWORD, ...config } });
  const base = `http://127.0.0.1:${port}`;
  const ask = (path, { headers, ...init } = {}) => fetch(base + path, { redirect: 'manual', headers, ...init });
  const login = (password = PASSWORD, headers = {}) => ask('/desk/login', { method: 'POST', body: new URLSearchParams({ password }), headers });
  const cookie = async () => (await login()).headers.get('set-cookie').split(';')[0];
  return { bot, base, port, ask, login, cookie };
}

// Collects the stream's events as they arrive: { events, missed, last: the last event's number, end() }.
function listen(port, cookie, headers = {}) {
  const heard = { events: [], missed: 0, text: '' };
  const request = http.get({ port, host: '127.0.0.1', path: '/desk/events', headers: { Cookie: cookie, ...headers } }, (response) => {
    heard.status = response.statusCode;
    response.on('data', (chunk) => {
      heard.text += chunk;
      for (let at; (at = heard.text.indexOf('\n\n')) >= 0; heard.text = heard.text.slice(at + 2)) {
        const block = heard.text.slice(0, at);
        const data = /^data: (.*)$/m.exec(block);
        heard.last = /^id: (.*)$/m.exec(block)?.[1] ?? heard.last;
        if (/^event: missed/m.test(block)) heard.missed += Number(data[1]);
        else if (data) heard.events.push(...JSON.parse(data[1]));
      }
    });
    response.on('close', () => { heard.closed = true; });
    response.on('error', () => {});
  });
  request.on('error', () => { heard.closed = true; });
  heard.end = () => request.destroy();
  return heard;
}

test('without admin_token the admin address has no desk', async (t) => {
  const { ask } = await startDesk(t, { config: { admin_token: undefined } });
  for (const path of ['/desk', '/desk/', '/desk/state', '/desk/style.css']) assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask('/healthz')).status, 200);
});

test('who is not logged in sees the login and nothing of the bot', async (t) => {
  const { bot, ask, base } = await startDesk(t);
  await bot.say('geheim');
  const page = await ask('/desk');
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy'), /default-src 'self'.*frame-ancestors 'none'/);
  assert.match(await page.text(), /name="password"/);
  for (const path of ['/desk/state', '/desk/events']) assert.equal((await ask(path)).status, 401, path);
  for (const path of ['/desk/reload', '/desk/logout']) {
    assert.equal((await ask(path, { method: 'POST', headers: { Origin: base } })).status, 401, path);
    assert.equal((await ask(path)).status, 405, path);
  }
  for (const path of ['/desk/../desk/index.html', '/desk/bot.lua', '/desk/app.lua', '/desk/%2e%2e/x.js', '/desk/index.html']) assert.notEqual((await ask(path)).status, 200, path);
});

test('pages, files, data and stream have their types', async (t) => {
  const { ask, cookie } = await startDesk(t);
  const headers = { Cookie: await cookie() };
  for (const [path, type] of [['/desk', 'text/html; charset=utf-8'], ['/desk/live.js', 'text/javascript; charset=utf-8'], ['/desk/style.css', 'text/css; charset=utf-8'],
    ['/desk/moon.svg', 'image/svg+xml'], ['/desk/state', 'application/json; charset=utf-8'], ['/desk/events', 'text/event-stream']]) {
    const answer = await ask(path, { headers });
    assert.equal(answer.headers.get('content-type'), type, path);
    await answer.body.cancel();
  }
});

test('the password is asked for, tried at most five times a minute, and never logged', async (t) => {
  const { bot, login, ask } = await startDesk(t);
  const right = await login();
  assert.equal(right.status, 303);
  assert.match(right.headers.get('set-cookie'), /^wemoon_desk=[0-9a-f]{64}; Path=\/desk; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  assert.equal(right.headers.get('location'), '/desk');
  for (const wrong of ['', 'x', PASSWORD + ' ', PASSWORD.slice(1), PASSWORD.toUpperCase()]) {
    const answer = await login(wrong);
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /data-fault="wrong"/);
    assert.equal(answer.headers.get('set-cookie'), null);
  }
  const late = await login();
  assert.equal(late.status, 429, 'the right one too');
  assert.match(await late.text(), /data-fault="wait"/);
  await bot.waitForLog(/warn {2}desk: a login from 127\.0\.0\.1 was refused: a wrong password/);
  await bot.waitForLog(/too many wrong passwords before/);
  assert.ok(!bot.log.includes(PASSWORD));
  assert.ok(!(await (await ask('/metrics')).text()).includes(PASSWORD));
});

test('a login, a reload and a logout from another site are refused', async (t) => {
  const { bot, ask, base, cookie, port } = await startDesk(t);
  const Cookie = await cookie();
  const evil = { Origin: 'http://evil.example' };
  assert.equal((await ask('/desk/login', { method: 'POST', body: new URLSearchParams({ password: PASSWORD }), headers: evil })).status, 403);
  for (const path of ['/desk/reload', '/desk/logout']) {
    for (const headers of [{ Cookie, ...evil }, { Cookie }, { Cookie, Origin: 'null' }, { Cookie, Origin: `http://127.0.0.1:${port}.evil.example` }])
      assert.equal((await ask(path, { method: 'POST', headers })).status, 403, `${path} ${JSON.stringify(headers)}`);
  }
  assert.equal((await ask('/desk/state', { headers: { Cookie, ...evil } })).status, 403);
  assert.equal((await ask('/desk/reload', { method: 'POST', headers: { Cookie, Origin: base } })).status, 200);
  await bot.waitForLog(/info {2}the desk at 127\.0\.0\.1: \S*bot\.lua was loaded again/);
  bot.write('bot.lua', 'function on_message(');
  const failed = await ask('/desk/reload', { method: 'POST', headers: { Cookie, Origin: base } });
  assert.equal(failed.status, 500);
  assert.match(await failed.text(), /bot\.lua:1/);
  assert.equal((await ask('/desk/logout', { method: 'POST', headers: { Cookie, Origin: base } })).status, 303);
  assert.equal((await ask('/desk/state', { headers: { Cookie } })).status, 401);
});

test('messages come as they happen: message, reply, outcome; what failed names its place', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  await bot.say('before');
  const heard = listen(port, await cookie());
  atEnd(t, heard.end);
  await until(() => heard.status === 200, 'the stream');
  await bot.say('hi');
  assert.equal(await bot.say('fail'), null);
  await bot.deliver(eventXml('CLICK', { EventKey: 'K1' }));
  await until(() => heard.events.filter((event) => event.kind === 'outcome').length === 3, 'three outcomes');
  const [message, reply, outcome] = heard.events;
  assert.deepEqual([message.kind, message.type, reply.kind, outcome.kind, outcome.outcome], ['message', 'text', 'reply', 'outcome', 'replied']);
  assert.match(message.document, /<Content><!\[CDATA\[hi\]\]>/);
  assert.match(reply.document, /答：hi/);
  assert.equal(message.openid, 'oDemoUser0000000000000000001');
  assert.ok(message.msgid === reply.msgid && reply.msgid === outcome.msgid && /^\d+$/.test(message.msgid));
  assert.ok(outcome.ms >= 0 && outcome.attempt === 1 && outcome.api_calls === 0 && Math.abs(outcome.time - Date.now() / 1000) < 5);
  const failed = heard.events.find((event) => event.outcome === 'failed');
  assert.match(failed.place, /bot\.lua:2/);
  assert.ok(heard.events.some((event) => event.kind === 'message' && event.type === 'click' && /^e:\d+:CLICK:K1$/.test(event.msgid)));
  assert.ok(heard.events.some((event) => event.kind === 'line' && event.level === 'error' && /oops/.test(event.text)));
  assert.ok(!JSON.stringify(heard.events).includes('before'), 'nothing is kept while nobody looks');
});

test('who comes again hears what was missed, once', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  const Cookie = await cookie();
  const first = listen(port, Cookie);
  await until(() => first.status === 200, 'the stream');
  await bot.say('one');
  await until(() => first.events.length === 3, 'its events');
  first.end();
  await bot.say('two');
  const again = listen(port, Cookie, { 'Last-Event-ID': String(first.events[2].id) });
  atEnd(t, again.end);
  await until(() => again.events.length >= 3, 'the others');
  assert.equal(again.events.length, 3);
  assert.match(again.events[0].document, /two/);
});

test('who loses the stream before its first event hears what happened until coming again', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  const Cookie = await cookie();
  const first = listen(port, Cookie);
  await until(() => first.last !== undefined, 'where the stream begins');
  first.end();
  await bot.say('meanwhile');
  const again = listen(port, Cookie, { 'Last-Event-ID': first.last });
  atEnd(t, again.end);
  await until(() => again.events.length >= 3, 'the events');
  assert.match(again.events[0].document, /meanwhile/);
  assert.equal(again.missed, 0);
});

// As the server does with an idle connection that it closes while the stream's request comes.
test('a stream of which only the reading half is shut goes on', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  atEnd(t, () => socket.destroy());
  let heard = '';
  socket.on('data', (bytes) => { heard += bytes; });
  socket.end(`GET /desk/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${await cookie()}\r\n\r\n`);
  await until(() => heard.includes('retry:'), 'the stream');
  await bot.say('still there?');
  await until(() => heard.includes('still there?'), 'the message');
});

test('streams whose clients have gone make room for others', async (t) => {
  const { port, cookie } = await startDesk(t);
  const Cookie = await cookie();
  const first = Array.from({ length: 16 }, () => listen(port, Cookie));
  await until(() => first.every(({ status }) => status === 200), 'as many as there may be');
  const refused = listen(port, Cookie);
  await until(() => refused.status === 503, 'one more is refused');
  first.forEach(({ end }) => end());
  await until(async () => {
    const other = listen(port, Cookie);
    await until(() => other.status, 'an answer');
    other.end();
    return other.status === 200;
  }, 'room');
});

test('a desk that falls behind costs the bot no memory, and hears how much it missed', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  const Cookie = await cookie();
  const watching = listen(port, Cookie);
  atEnd(t, watching.end);
  await until(() => watching.status === 200, 'the stream');
  await Promise.all(Array.from({ length: 400 }, (_, i) => bot.deliver(textXml(`m${i} ${'x'.repeat(1500)}`))));
  const behind = listen(port, Cookie, { 'Last-Event-ID': '0' });
  atEnd(t, behind.end);
  for (const heard of [watching, behind])
    await until(() => heard.events.length + heard.missed >= 1200, 'all of it, counted', 20000);
  assert.ok(behind.missed > 900, `${behind.missed} missed`);
});

test('of messages that come too fast a desk shows some, each whole, and counts the others', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  const heard = listen(port, await cookie());
  atEnd(t, heard.end);
  await until(() => heard.status === 200, 'the stream');
  await Promise.all(Array.from({ length: 400 }, (_, i) => bot.deliver(textXml(`m${i}`))));
  await until(() => heard.events.length + heard.missed === 1200, 'all events, shown or counted', 20000);
  const of = (kind) => heard.events.filter((event) => event.kind === kind).map((event) => event.msgid).sort();
  assert.ok(of('message').length >= 33 && heard.missed > 0, `${of('message').length} shown, ${heard.missed} missed`);
  assert.deepEqual(of('reply'), of('message'));
  assert.deepEqual(of('outcome'), of('message'));
});

test('messages that fail by the hundred are shown whole too: the lines of the log take no message\'s place', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  const heard = listen(port, await cookie());
  atEnd(t, heard.end);
  await until(() => heard.status === 200, 'the stream');
  await Promise.all(Array.from({ length: 400 }, () => bot.deliver(textXml('fail'))));
  await until(() => heard.events.length + heard.missed >= 1600, 'all events, shown or counted', 20000);
  const of = (kind) => heard.events.filter((event) => event.kind === kind).map((event) => event.msgid).sort();
  assert.ok(of('message').length >= 33, `${of('message').length} shown, ${heard.missed} missed`);
  assert.deepEqual(of('outcome'), of('message'));
  assert.ok(of('line').length >= 33);
});

test('conversations, owed answers, warnings and errors are told', async (t) => {
  const { bot, ask, cookie } = await startDesk(t);
  const Cookie = await cookie();
  const state = async () => (await ask('/desk/state', { headers: { Cookie } })).json();
  assert.deepEqual(await state(), { conversations: [], owed: [], kept: [], lines: [] });
  assert.equal(await bot.say('ask'), '你叫什么？');
  await bot.deliver(textXml('fail', { FromUserName: 'oOther' }));
  const { conversations, lines } = await state();
  assert.equal(conversations.length, 1);
  assert.equal(conversations[0].openid, 'oDemoUser0000000000000000001');
  assert.equal(conversations[0].question, '你叫什么？');
  assert.match(conversations[0].place, /bot\.lua:3/);
  assert.ok(conversations[0].left > 3500 && conversations[0].left <= 3600);
  assert.ok(lines.some((line) => line.level === 'error' && /oops/.test(line.text)));
  assert.ok(lines.every((line) => line.level === 'warn' || line.level === 'error'));
});

test('an answer that waits for its user\'s next message is told, with whose it is', async (t) => {
  const { bot, ask, cookie } = await startDesk(t, {
    config: { deadline_ms: 300, late_reply: 'keep' },
    script: 'function on_message(msg) if msg.content == "slow" then wechat.sleep(0.6) end return "done: " .. msg.content end',
  });
  const Cookie = await cookie();
  const state = async () => (await ask('/desk/state', { headers: { Cookie } })).json();
  const slow = bot.deliver(textXml('slow', { CreateTime: Math.floor(Date.now() / 1000) - 20 })).catch(() => {});
  await until(async () => (await state()).kept.some((one) => one.ready && one.text === 'done: slow' && one.openid === 'oDemoUser0000000000000000001'), 'the kept answer');
  await slow;
});

test('nothing secret is on it, and openids are hashed where the log hashes them', async (t) => {
  const { bot, port, cookie, ask } = await startDesk(t, { config: { log_openid: 'hash', appid: 'wx0123456789abcdef', appsecret: 'the-appsecret-of-all' } });
  const Cookie = await cookie();
  const heard = listen(port, Cookie);
  atEnd(t, heard.end);
  await until(() => heard.status === 200, 'the stream');
  await bot.say('the-appsecret-of-all aCallbackToken1');
  await bot.say('ask');
  await until(() => heard.events.length >= 6, 'its events');
  const all = JSON.stringify(heard.events) + await (await ask('/desk/state', { headers: { Cookie } })).text();
  for (const secret of ['the-appsecret-of-all', 'aCallbackToken1', PASSWORD, 'oDemoUser0000000000000000001']) assert.ok(!all.includes(secret), secret);
  assert.match(all, /the-…\(20\)/);
});

test('SIGTERM ends the streams and the bot ends in time', async (t) => {
  const { bot, port, cookie } = await startDesk(t);
  const heard = listen(port, await cookie());
  await until(() => heard.status === 200, 'the stream');
  const began = Date.now();
  await bot.stop();
  assert.ok(Date.now() - began < 5000);
  await until(() => heard.closed, 'the end of the stream');
});

test('wemoon check says what does not fit: a desk without address, an open address', async (t) => {
  const bot = await startBot(t, { script: SCRIPT });
  const check = (...args) => wemoon(['check', 'bot.lua', '--token', 'abc', ...args], { cwd: bot.dir, code: 0 });
  assert.match((await check('--admin-token', PASSWORD)).stderr, /warning: admin_token \(from --admin-token\): is set without admin_listen, so the live desk is not served/);
  assert.match((await check('--admin-listen', `0.0.0.0:${await freePort()}`)).stderr, /warning: admin_listen \(from --admin-listen\): \S+ can be reached from other machines; anyone who can reach it can read the metrics and reload the script/);
  assert.match((await check('--admin-listen', `127.0.0.1:${await freePort()}`, '--admin-token', 'short')).stderr, /warning: admin_token \(from --admin-token\): has 5 characters/);
  const fine = await check('--admin-listen', `127.0.0.1:${await freePort()}`, '--admin-token', PASSWORD);
  assert.equal(fine.stderr, '');
  assert.ok(!fine.stdout.includes(PASSWORD));
  await check('--strict');
  const strict = await wemoon(['check', 'bot.lua', '--token', 'abc', '--strict', '--admin-token', PASSWORD], { cwd: bot.dir, code: 1 });
  assert.equal(strict.stdout, '');
  assert.match(strict.stderr, /warning: admin_token .*: is set without admin_listen/);
  await wemoon(['check', 'bot.lua', '--strict'], { cwd: bot.dir, code: 0 });
});

test('run says so too, once', async (t) => {
  const warnings = async (config) => {
    const bot = await startBot(t, { script: SCRIPT, config });
    await bot.stop();
    return bot.log.split('\n').filter((line) => line.includes('admin_token'));
  };
  const alone = await warnings({ admin_token: PASSWORD });
  assert.equal(alone.length, 1);
  assert.match(alone[0], /admin_token \(from \S+config\.lua\): is set without admin_listen, so the live desk is not served/);
  const short = await warnings({ admin_token: 'short', admin_listen: `127.0.0.1:${await freePort()}` });
  assert.equal(short.length, 1);
  assert.match(short[0], /admin_token \(from .*\): has 5 characters/);
  assert.deepEqual(await warnings({ admin_token: PASSWORD, admin_listen: `127.0.0.1:${await freePort()}` }), []);
});

// ---- in the browser ----

// Stands between a browser and the desk: { base, cut() }. cut() breaks the streams, as a change of the network does.
async function startProxy(t, to) {
  const streams = new Set();
  const server = net.createServer((client) => {
    const desk = net.connect(to, '127.0.0.1');
    client.on('data', (bytes) => { if (bytes.includes('GET /desk/events')) streams.add(client); });
    client.on('error', () => {}).on('close', () => desk.destroy());
    desk.on('error', () => {}).on('close', () => client.destroy());
    client.pipe(desk).pipe(client);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  return { base: `http://127.0.0.1:${server.address().port}`, cut: () => streams.forEach((client) => client.destroy()) };
}

async function openDesk(t, { width = 1280, height = 800, locale = 'zh-CN', scheme = 'light', proxied = false, ...options } = {}) {
  const desk = await startDesk(t, options);
  if (proxied) Object.assign(desk, await startProxy(t, desk.port));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  atEnd(t, () => browser.close());
  const page = await (await browser.newContext({ viewport: { width, height }, locale, colorScheme: scheme })).newPage();
  const faults = [];
  page.on('console', (message) => { if (message.type() === 'error' && !/40[13] \(/.test(message.text())) faults.push(message.text()); });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => { if (!request.url().startsWith(desk.base)) faults.push(`outside: ${request.url()}`); });
  let streams = 0;
  page.on('response', (response) => { if (response.url().endsWith('/desk/events') && response.status() === 200) streams++; });
  // Events are kept from then on.
  const watches = () => until(() => streams > 0, 'the stream', PATIENCE_MS);
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${desk.base}/desk`);
  const enter = async (password = PASSWORD) => {
    await page.fill('#password', password);
    await page.press('#password', 'Enter');
  };
  return { ...desk, page, faults, enter, watches };
}

async function axe(page) {
  await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') }).catch(() => page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')));
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

test('one logs in, sees messages come, and what they were answered with', async (t) => {
  const { bot, page, faults, enter, watches } = await openDesk(t);
  await enter('wrong');
  await page.waitForSelector('text=密码不对');
  await enter();
  await page.waitForSelector('.state.good >> text=正在运行 bot.lua');
  assert.match(page.url(), /\/desk$/);
  await watches();
  await bot.say('你好');
  await page.waitForSelector('summary >> text=你好');
  await page.waitForSelector('.outcome.replied >> text=已回复');
  await page.keyboard.press('Tab');
  await page.click('summary');
  await page.waitForSelector('.body pre >> text=答：你好');
  assert.equal(await bot.say('fail'), null);
  await page.waitForSelector('.outcome.failed >> text=脚本出错');
  await page.fill('[type=search]', '你好');
  assert.equal(await page.locator('details').count(), 1);
  assert.deepEqual(faults, []);
});

test('the keyboard alone is enough; what strangers wrote is text', async (t) => {
  const { bot, page, faults, enter, watches } = await openDesk(t, { locale: 'en-GB' });
  await page.waitForSelector('h2 >> text=Log in');
  await enter();
  await page.waitForSelector('text=serving bot.lua');
  await watches();
  await bot.say('<img src=x onerror=alert(1)>');
  await page.waitForSelector('summary');
  assert.equal(await page.locator('.panel img').count(), 0);
  await page.keyboard.press('2');
  await page.waitForSelector('[role=tab][aria-selected=true] >> text=Errors');
  await bot.say('ask');
  await page.keyboard.press('3');
  await page.waitForSelector('td >> text=你叫什么？');
  await page.keyboard.press('5');
  await page.waitForSelector('td >> text=wemoon_callbacks_total');
  await page.focus('[role=tab][aria-selected=true]');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('dd >> text=bot.lua');
  bot.write('bot.lua', 'function on_message(');
  await page.keyboard.press('r');
  await page.waitForSelector('[role=alert] >> text=not reloaded');
  await page.waitForSelector('.state.bad');
  bot.write('bot.lua', SCRIPT);
  await page.keyboard.press('r');
  await page.waitForSelector('text=reloaded');
  await page.waitForSelector('.state.good');
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[open] kbd');
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
  assert.deepEqual(faults.filter((one) => !/500 \(/.test(one)), []);
});

test('an error names its user, whose messages are one click away; no fact is shown that there is none of', async (t) => {
  const { bot, page, enter, watches } = await openDesk(t, { width: 360 });
  await enter();
  await page.waitForSelector('.state.good');
  await watches();
  await bot.say('你好');
  assert.equal(await bot.say('fail', { fields: { FromUserName: 'oOther' } }), null);
  await page.click('summary:has-text("你好")');
  await page.waitForSelector('dt >> text=api_calls');
  assert.equal(await page.locator('dt >> text=place').count(), 0);
  await page.keyboard.press('2');
  assert.ok(await page.locator('.logged pre >> text=oops').evaluate((one) => one.offsetWidth) > 250);
  await page.click('.logged.error:has-text("oops") button >> text=oOther');
  await page.waitForSelector('[aria-selected=true] >> text=消息');
  assert.equal(await page.locator('details').count(), 1);
});

test('each figure is explained in Chinese on the Chinese page, in English on the English one', async (t) => {
  const { ask, page, enter } = await openDesk(t);
  await enter();
  await page.waitForSelector('.state.good');
  const named = [...(await (await ask('/metrics')).text()).matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name);
  // By its text: Node.js 18 takes a .js file for CommonJS.
  const module = fs.readFileSync(`${__dirname}/../../lua/desk/figures_zh.js`, 'utf8');
  const { meanings } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
  const source = fs.readFileSync(`${__dirname}/../../src/bot/bot_metrics.c`, 'utf8');
  assert.deepEqual([...new Set([...named, ...source.match(/wemoon_\w+/g)])].sort(), Object.keys(meanings).sort());
  await page.keyboard.press('5');
  await page.waitForSelector('td >> text=HTTP 线程总数');
  const started = /^wemoon_start_time_seconds (\d+)$/m.exec(await (await ask('/metrics')).text())[1];
  assert.equal(await page.locator('tr:has-text("wemoon_start_time_seconds") td').nth(2).textContent(), started, 'a whole number, whole');
  await page.click('#language');
  await page.waitForSelector('td >> text=HTTP threads that have a connection.');
});

test('a page whose stream breaks before the first event shows what happened until it came again', async (t) => {
  const { bot, page, enter, watches, cut } = await openDesk(t, { proxied: true });
  await enter();
  await page.waitForSelector('.state.good');
  await watches();
  cut();
  await bot.say('meanwhile');
  await page.waitForSelector('summary >> text=meanwhile');
});

test('a session that is over shows the login, and so does a bot that was started again; then messages come as before', async (t) => {
  const { bot, page, port, enter, watches } = await openDesk(t);
  await enter();
  await page.waitForSelector('.state.good');
  await watches();
  for (let i = 0; i < 5; i++) await bot.say(`before ${i}`);
  await page.waitForSelector('summary >> text=before 4');
  await page.context().clearCookies();
  await page.waitForSelector('#password');
  await enter();
  await page.waitForSelector('.state.good');
  await bot.stop();
  await page.waitForSelector('.state.bad >> text=连接断开');
  const again = await startBot(t, { script: SCRIPT, config: { admin_listen: `127.0.0.1:${port}`, admin_token: PASSWORD } });
  await page.waitForSelector('#password');
  const stream = page.waitForResponse((answer) => answer.url().endsWith('/desk/events') && answer.status() === 200);
  await enter();
  await stream;
  await again.say('after');
  await page.waitForSelector('summary >> text=after');
  assert.equal(await page.locator('details').count(), 1);
});

test('logging out ends it', async (t) => {
  const { page, enter, faults } = await openDesk(t);
  await enter();
  await page.waitForSelector('.state.good');
  await page.click('#logout');
  await page.waitForSelector('#password');
  assert.deepEqual(faults, []);
});

test('on a narrow screen a tab that is chosen by its key comes into view, and no name is broken into letters', async (t) => {
  const { page, enter } = await openDesk(t, { width: 360, height: 740 });
  await enter();
  await page.waitForSelector('.state.good');
  await page.keyboard.press('5');
  await page.waitForFunction(() => document.getElementById('tab-figures').getBoundingClientRect().right <= innerWidth);
  await page.waitForSelector('td >> text=wemoon_jobs');
  assert.ok(await page.evaluate(() => [...document.querySelectorAll('td:first-child')].find((one) => one.textContent === 'wemoon_jobs').offsetWidth) > 130);
  assert.ok(await page.evaluate(() => document.querySelector('td:last-child').offsetWidth) > 200, 'nor a meaning into words');
});

for (const [width, height] of [[1280, 800], [360, 740]]) {
  for (const locale of ['zh-CN', 'en-GB']) {
    for (const scheme of ['light', 'dark']) {
      test(`axe-core finds nothing, and nothing is wider than the window: ${width}, ${locale}, ${scheme}`, async (t) => {
        const { bot, page, enter, watches } = await openDesk(t, { width, height, locale, scheme });
        assert.deepEqual(await axe(page), []);
        await enter();
        await page.waitForSelector('.state.good');
        await watches();
        await bot.say('你好，今天天气怎么样？一句很长很长很长很长很长很长很长很长很长很长的话');
        assert.equal(await bot.say('fail'), null);
        await bot.say('ask');
        await page.waitForSelector('.outcome.failed');
        for (let tab = 1; tab <= 6; tab++) {
          await page.keyboard.press(String(tab));
          await drawn(page);
          assert.deepEqual(await axe(page), [], `tab ${tab}`);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `tab ${tab}`);
          if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/desk-${width}-${locale}-${scheme}-${tab}.png` });
        }
      });
    }
  }
}
