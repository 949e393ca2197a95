// What the console shows of the bot's own state: session, conversations, answers, quota, store.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const { atEnd, until } = require('./harness');
const { startDev } = require('./dev');
const { openConsole, PATIENCE_MS } = require('./browser');

const ALICE = 'oWemoonAlice0000000000000001';
const BOT = `function on_message(msg)
  if msg.content == "ask" then return "你好，" .. (wechat.ask("叫什么？") or { content = "没有回答" }).content end
  if msg.content == "send" then wechat.message.custom.send_text { touser = msg.source, text = { content = "客服消息" } } end
  wechat.store.set("seen/" .. msg.content, { big = 12345678901234567, n = 1 })
  wechat.store.incr("total")
  local session = wechat.session()
  session.last = msg.content
  return "好"
end
wechat.every(0.5, function() wechat.store.incr("ticks") end)
`;

const showState = async (page) => {
  await page.click('#tab-kept');
  await page.waitForSelector('#panel .kept');
};
const part = (page, name) => page.locator(`[data-kept=${name}]`);
const shows = (page, name, pattern) => until(async () => pattern.test(await part(page, name).innerText()), `${pattern} in ${name}`, PATIENCE_MS);

test('session, keys and quota of the selected user are shown, and follow what happens', async (t) => {
  const { page, dev, say, saw, faults } = await openConsole(t, { script: BOT });
  await showState(page);
  await shows(page, 'session', /没有会话数据/);
  await shows(page, 'quota', /用户还没有操作过/);
  await say('hello');
  await saw('好');
  await shows(page, 'session', /"last": "hello"/);
  await shows(page, 'quota', /机器人还没有发过[^]*平台还允许发 5\/5 条/);
  await say('send');
  await saw('客服消息');
  await shows(page, 'quota', /机器人的记录：还剩 4\/5 条[^]*平台还允许发 4\/5 条[^]*还剩 4[78] 小时/);
  await shows(page, 'keys', /seen\/hello/);
  const ticks = async () => Number(/^ticks\s+(\d+)/m.exec(await part(page, 'keys').innerText())?.[1]);
  const before = await ticks();
  await until(async () => await ticks() > before, 'a timer to be seen', PATIENCE_MS);
  await page.fill('.kept [type=search]', 'seen/he');
  await until(async () => (await page.locator('[data-kept=keys] details').count()) === 1, 'one key', PATIENCE_MS);
  await page.click('[data-kept=keys] summary');
  await page.waitForSelector('[data-kept=keys] pre >> text="big": 12345678901234567');
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/kept.png` });
  await page.click('.person >> nth=1');
  await shows(page, 'session', /没有会话数据/);
  assert.deepEqual(faults, []);
  assert.equal((await dev.state()).trace.length, 2);
});

test('a conversation is shown with how long it waits, also when time is moved, and can be ended', async (t) => {
  const { page, dev, say, saw } = await openConsole(t, { script: BOT });
  await showState(page);
  await shows(page, 'conversations', /没有进行中的对话/);
  await say('ask');
  await saw('叫什么？');
  await shows(page, 'conversations', /叫什么？\s+\S*bot\.lua:2\s+已等 \d+ 秒\s+还剩 9 分钟/);
  await dev.post('/sim/time', { forward: 120 });
  await shows(page, 'conversations', /已等 2 分钟\s+还剩 7 分钟/);
  await page.locator('[data-kept=conversations] button').press('Enter');
  await shows(page, 'conversations', /没有进行中的对话/);
  await say('hello');
  await saw('好');
});

test('a key is deleted, a user forgotten, each after a question, by the keyboard', async (t) => {
  const { page, say, saw } = await openConsole(t, { script: BOT });
  await say('hello');
  await saw('好');
  await page.keyboard.press('Escape');
  await page.keyboard.press('6');
  await shows(page, 'keys', /total/);
  await page.fill('.kept [type=search]', 'total');
  await until(async () => (await page.locator('[data-kept=keys] details').count()) === 1, 'one key', PATIENCE_MS);
  await page.focus('[data-kept=keys] summary');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-kept=keys] .again button');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog >> text=删除键 total？');
  await page.keyboard.press('Escape');
  await shows(page, 'keys', /total/);
  await page.click('[data-kept=keys] .again button');
  await page.click('dialog .main');
  await shows(page, 'keys', /没有以此开头的键/);
  await page.click('text=忘记此用户…');
  await page.waitForSelector('dialog >> text=忘记小艾？');
  await page.click('dialog .main');
  await shows(page, 'session', /没有会话数据/);
});

test('what is drawn anew takes no focus from the search and folds nothing', async (t) => {
  const { page, dev, say, saw } = await openConsole(t, { script: BOT });
  await say('hello');
  await saw('好');
  await showState(page);
  await page.click('[data-kept=keys] details[data-key="key seen/hello"] summary');
  await page.fill('.kept [type=search]', 's');
  await until(async () => (await page.locator('[data-kept=keys] details').count()) === 1, 'one key', PATIENCE_MS);
  await dev.say('second');
  await shows(page, 'keys', /seen\/second/);
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
  assert.equal(await page.locator('[data-kept=keys] details[open]').count(), 1);
});

test('owed answers are shown, and kept ones with what they say', async (t) => {
  const script = 'function on_message(msg)\n  if msg.content ~= "slow" then return "好" end\n  while not io.open(wechat.path("go")) do wechat.sleep(0.05) end\n  return "慢慢来的答复"\nend\n';
  const { page, dev, say } = await openConsole(t, { script, config: { deadline_ms: 300 }, args: ['--account-kind', 'personal', '--store', 'sqlite:bot.db'] });
  await showState(page);
  await say('slow');
  await shows(page, 'owed', /slow[^]*脚本仍在运行/);
  fs.writeFileSync(dev.bot.file('go'), '');
  await shows(page, 'kept', /慢慢来的答复[^]*等用户下一条消息/);
  await shows(page, 'owed', /没有待发的答复/);
  await shows(page, 'quota', /这类账号不能发客服消息/);
});

test('of a bot elsewhere the console says why it shows nothing', async (t) => {
  const { page } = await openConsole(t, { args: ['--callback', 'http://127.0.0.1:9/wechat'] });
  await page.waitForSelector('.state.bad >> text=URL 没有通过验证：no answer');
  await page.click('#tab-kept');
  await page.waitForSelector('#panel >> text=机器人在 http://127.0.0.1:9/wechat，不在这个进程里');
});

const PARTS = `function on_message(msg)
  if msg.event then return nil end
  wechat.say("第一部分。")
  wechat.sleep(1)
  wechat.say("第二部分。\\n\\n")
  wechat.sleep(1)
  assert(wechat.message.template.send { touser = msg.source, template_id = ("x"):rep(43), data = {} })
  wechat.sleep(0.5)
  return "最后一部分。"
end
`;

test('the row of a message shows its answer in parts, and which way each one went', async (t) => {
  const { page, dev, say, saw } = await openConsole(t, { script: PARTS, config: { deadline_ms: 500 } });
  await say('hello');
  await saw('最后一部分。');
  const row = page.locator('#panel details >> nth=-1');
  await until(async () => /3 段/.test(await row.locator('.outcome').innerText()), 'three parts', PATIENCE_MS);
  await row.locator('summary').click();
  await row.locator('.fact').nth(2).waitFor(); // the body is made when the row has opened
  assert.deepEqual((await row.locator('.fact').allInnerTexts()).map((text) => text.split('\n').slice(1)),
    [['被动回复', '第一部分。'], ['客服消息', '第二部分。'], ['客服消息', '最后一部分。']]);
  const { trace } = await dev.state();
  assert.equal(trace.length, 2);
  assert.deepEqual(trace[0].parts.map((one) => one.via), ['passive', 'custom', 'custom']);
  assert.equal(trace[1].parts, undefined, 'an event of the platform has no part');
});

test('a reply of one part is no answer in parts', async (t) => {
  const { page, say, saw } = await openConsole(t, { script: BOT });
  await say('hello');
  await saw('好');
  await page.click('#panel details >> nth=0 >> summary');
  await page.waitForSelector('#panel .body h2');
  assert.equal(await page.locator('#panel .fact').count(), 0);
});

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

test('axe-core finds nothing in a full tab, and nothing is wider than the window', async (t) => {
  for (const [width, locale, scheme] of [[1280, 'zh-CN', 'light'], [360, 'en-US', 'dark']]) {
    const { page, say, saw } = await openConsole(t, { script: BOT, width, locale, scheme });
    await say('a'.repeat(300));
    await saw('好');
    await say('ask');
    await saw('叫什么？');
    if (width === 360) await page.click('#sides button >> nth=1');
    await showState(page);
    await page.waitForSelector('[data-kept=conversations] button');
    await page.click('[data-kept=keys] summary >> nth=0');
    await page.evaluate(axe);
    const check = async (where) => {
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes[0].html}`), [], `${width} ${where}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.getElementById('panel').scrollWidth <= document.getElementById('panel').clientWidth), `${width} ${where}`);
    };
    await check('tab');
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/full-${width}.png` });
    await page.click('.kept .fact button >> nth=0');
    await check('question');
  }
});

test('a script that computes does not hold the state up', async (t) => {
  const dev = await startDev(t, { script: 'function on_message()\n  local ends = os.clock() + 0.8\n  while os.clock() < ends do end\n  return "好"\nend\n' });
  let answered = false;
  const busy = dev.say('busy').then(() => { answered = true; });
  await until(async () => (await dev.state()).trace.length === 1, 'the message');
  const state = await dev.get(`/sim/bot?user=${ALICE}`);
  assert.equal(answered, false);
  assert.deepEqual([state.conversations, state.owed, state.kept, state.keys, state.lasting], [[], [], [], [], false]);
  await busy;
});

test('the turns of a talk with a model are shown', async (t) => {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/event-stream');
    response.end(`data: ${JSON.stringify({ choices: [{ delta: { content: '有，一弯新月。' } }] })}\n\ndata: [DONE]\n\n`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const script = `local model = require "wechat.model" { url = "http://127.0.0.1:${server.address().port}/v1", model = "moon" }
function on_message(msg) return model:reply(msg) end`;
  const { page, say, saw } = await openConsole(t, { script });
  await say('今晚有月亮吗');
  await saw('有，一弯新月。');
  await showState(page);
  await page.click('[data-kept=talks] summary >> text=moon');
  await shows(page, 'talks', /小艾\s+今晚有月亮吗\s+微月测试号\s+有，一弯新月。/);
});

test('of many keys a hundred are shown, of a long value its beginning, and a secret is masked', async (t) => {
  const script = `function on_message(msg)
  for i = 1, 120 do wechat.store.set(("k%03d"):format(i), i) end
  wechat.store.set("long", ("月"):rep(10000))
  wechat.store.set("secret", "the-appsecret-of-all")
end`;
  const dev = await startDev(t, { script, config: { appid: 'wx0123456789abcdef', appsecret: 'the-appsecret-of-all' } });
  await dev.say('hello');
  const many = await dev.get('/sim/bot?prefix=k');
  assert.deepEqual([many.keys.length, many.keys[99].key, many.more], [100, 'k100', true]);
  const [long] = (await dev.get('/sim/bot?prefix=long')).keys;
  assert.equal(long.bytes, 30002);
  assert.ok(/^"月{5000,}$/.test(long.value), long.value.slice(-10));
  const [secret] = (await dev.get('/sim/bot?prefix=secret')).keys;
  assert.ok(!secret.value.includes('the-appsecret-of-all'), secret.value);
});

test('the state is for pages of this server, and says what it cannot do', async (t) => {
  const dev = await startDev(t, { script: BOT });
  await dev.say('hello');
  const ask = (query, options) => fetch(`${dev.url}/sim/bot?${query}`, options);
  assert.equal((await ask('', { headers: { Origin: 'http://evil.example' } })).status, 403);
  const act = async (body) => { const answer = await ask('', { method: 'POST', body: JSON.stringify(body) }); return [answer.status, (await answer.json()).error]; };
  assert.deepEqual(await act({ delete: 'nothing' }), [404, 'there is no key nothing']);
  assert.deepEqual(await act({ end: ALICE }), [404, `there is no open conversation of ${ALICE}`]);
  assert.equal((await act({ other: 1 }))[0], 400);
  const { keys, more } = await (await ask('prefix=seen')).json();
  assert.deepEqual(keys.map((one) => one.key), ['seen/hello']);
  assert.equal(more, false);
});
