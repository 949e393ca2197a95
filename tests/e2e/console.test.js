// The console, driven in Chromium as a user would.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { until } = require('./harness');
const { openConsole, drawn, PATIENCE_MS } = require('./browser');

const BOT = `
local bot = require "wechat.bot"
bot.on("subscribe", "欢迎")
bot.text("^news$", function() return wechat.response_news { { title = "标题", description = "描述", url = "https://example.com/" } } end)
bot.text("^music$", function() return wechat.response_music("https://example.com/a.mp3", "歌") end)
bot.text("^image$", function(msg) return wechat.response_image(wechat.upload_media("image", "\\137PNG fake", "png").media_id) end)
bot.text("^transfer$", function() return wechat.group_transfer_message() end)
bot.text("^template$", function(msg) wechat.send_template_message(msg.source, ("t"):rep(43), { first = { value = "模板值" } }) end)
bot.text("^msgmenu$", function(msg) wechat.message.custom.send_msgmenu { touser = msg.source, msgmenu = { head_content = "选", list = { { id = "1", content = "选项甲" } }, tail_content = "尾" } } end)
bot.text("^menu$", function() assert(wechat.create_menu { button = { { type = "click", name = "今日歌曲", key = "V1" }, { name = "菜单", sub_button = { { type = "click", name = "赞", key = "GOOD" } } } } }) return "made" end)
bot.text("^error$", function() error("broken on purpose") end)
bot.text("^html$", "<img src=x onerror=alert(1)><script>document.title='owned'</script><b>bold</b>")
bot.default(function(msg) return "回：" .. (msg.content or msg.key or msg.type) end)
on_message = bot.on_message
`;

const open = (t, options) => openConsole(t, { script: BOT, ...options });

test('every kind of reply is shown, and the browser has nothing to complain of', async (t) => {
  const { page, faults, say, saw } = await open(t);
  await say('你好');
  await saw('回：你好');
  const kinds = { news: 'news', music: 'music', image: 'image', transfer: 'transfer', template: 'template', msgmenu: 'msgmenu' };
  for (const [word, kind] of Object.entries(kinds)) {
    await say(word);
    await page.waitForSelector(`#chat [data-kind=${kind}]:not(.user)`);
  }
  await page.click('text=选项甲');
  await saw('回：选项甲');
  assert.deepEqual(faults.filter((text) => !/Failed to load resource/.test(text)), []);
});

test('the links of a text do what they do on the platform: a page, a text that is sent, a Mini Program', async (t) => {
  const { page, say, saw } = await open(t, { script: `function on_message(msg)
    if msg.bizmsgmenuid then return "选了 " .. msg.bizmsgmenuid .. " " .. msg.content end
    return 'https://example.com/a <a href="https://example.com/b">页面</a> <a href="weixin://bizmsgmenu?msgmenucontent=%E7%AD%94%E6%A1%88&msgmenuid=7">选我</a> '
      .. '<a data-miniprogram-path="p" href="" data-miniprogram-appid="wx1">小程序</a> <a href="javascript:alert(1)">别的</a>'
  end` });
  await say('links');
  await saw('页面');
  const bubble = page.locator('#chat .entry.account .bubble');
  assert.equal((await bubble.innerText()).trim(), 'https://example.com/a 页面 选我 小程序 <a href="javascript:alert(1)">别的</a>');
  assert.deepEqual(await bubble.locator('a').evaluateAll((all) => all.map((one) => one.href)), ['https://example.com/a', 'https://example.com/b']);
  await bubble.locator('button').click();
  await saw('选了 7 答案');
});

test('a text that is refused stays in the box, and why is said in the page\'s language', async (t) => {
  const { page, dev, say } = await open(t);
  await dev.act('unfollow');
  await page.waitForSelector('.person.away');
  await say('half a novel');
  await page.waitForSelector('[role=alert] >> text=小艾没有关注公众号：请先关注');
  assert.equal(await page.inputValue('#input'), 'half a novel');
});

test('but not in that of the user who is chosen meanwhile', async (t) => {
  const { page, dev, say } = await open(t);
  await dev.act('unfollow');
  await page.waitForSelector('.person.away');
  const sent = new Promise((resolve) => { page.route('**/sim/act', resolve); });
  await say('half a novel');
  const held = await sent;
  await page.click('.person:has-text("阿波")');
  await held.continue();
  await page.waitForSelector('[role=alert] >> text=小艾没有关注公众号：请先关注');
  assert.equal(await page.inputValue('#input'), '');
});

test('a hostile reply is text', async (t) => {
  const { page, faults, say, saw } = await open(t);
  await say('html');
  await saw('<b>bold</b>');
  assert.equal(await page.title(), '微月 wemoon');
  assert.equal(await page.locator('#chat img[src=x], #chat b >> text=bold').count(), 0);
  assert.deepEqual(faults, []);
});

test('everything that can be sent arrives', async (t) => {
  const { page, saw } = await open(t);
  const send = async (act, fill) => {
    await page.click('#foot .toggle >> nth=1');
    await page.click(`[data-act=${act}]`);
    if (!fill) return;
    for (const [name, value] of Object.entries(fill)) await page.fill(`dialog [name=${name}]`, value);
    await page.click('dialog .main');
  };
  const count = () => page.locator('#chat .entry.account').count();
  let before = await count();
  for (const [act, fill] of [['image', {}], ['voice', { recognition: '听见' }], ['video', {}], ['shortvideo', {}], ['location', {}], ['link', { title: 'T' }], ['scan', { scene: '42' }], ['locate', {}], ['event', { name: 'any_event' }]]) {
    await send(act, fill);
    await until(async () => (await count()) > before, `an answer to ${act}`, PATIENCE_MS);
    before = await count();
  }
  await send('unfollow');
  await saw('取消关注');
  await send('follow', {});
  await saw('欢迎');
});

test('the menu appears when the bot makes it, and its buttons send', async (t) => {
  const { page, say, saw } = await open(t);
  await say('menu');
  await saw('made');
  await page.click('#foot .toggle >> nth=0');
  await page.click('.menu >> text=今日歌曲');
  await saw('回：V1');
  await page.click('.menu >> text=菜单');
  await page.click('.sub >> text=赞');
  await saw('回：GOOD');
});

test('the desk shows XML, fields, calls and time; errors lead to their line, and saving mends them', async (t) => {
  const { page, say, saw, dev } = await open(t);
  await say('template');
  await page.waitForSelector('#panel details');
  await page.click('#panel details >> nth=-1 >> summary');
  await page.waitForSelector('#panel >> text=<FromUserName>');
  await page.waitForSelector('#panel >> text=message.template.send');
  await say('error');
  await page.click('#tab-log');
  await page.click('#panel .logged.error .place');
  await page.waitForSelector('#editor');
  assert.match(await page.inputValue('#editor'), /broken on purpose/);
  await page.waitForSelector('#gutter .marked');
  const mended = (await page.inputValue('#editor')).replace('error("broken on purpose")', 'return "mended"');
  await page.fill('#editor', mended);
  await page.press('#editor', 'Control+s');
  await page.waitForSelector('#note >> text=/已重新加载/');
  await say('error');
  await saw('mended');
  await page.fill('#editor', 'function (');
  await page.press('#editor', 'Control+s');
  await page.waitForSelector('#note .fault');
  await page.waitForSelector('#bot.bad');
  assert.match(fs.readFileSync(dev.bot.file('bot.lua'), 'utf8'), /^function \(/);
});

// A row, and what changes it: its user's name.
async function openRow(t) {
  const { page, dev, say, saw } = await open(t);
  await say('one two three');
  await saw('回：one two three');
  await page.waitForSelector('#panel .outcome.replied');
  const { x, y } = await page.locator('#panel summary .what').boundingBox();
  const rename = async (nickname) => {
    const { openid } = (await dev.state()).users[0];
    await dev.post('/sim/user', { openid, nickname });
    await page.waitForSelector(`#people >> text=${nickname}`);
    await drawn(page);
  };
  return { page, x, y, rename, named: (nickname) => page.waitForSelector(`#panel .who >> text=${nickname}`) };
}

test('a row that is drawn anew while it is clicked opens', async (t) => {
  const { page, x, y, rename, named } = await openRow(t);
  await page.mouse.move(x + 2, y + 2);
  await page.mouse.down();
  await rename('新名');
  await page.mouse.up();
  await named('新名');
  await page.waitForSelector('#panel details pre >> text=FromUserName');
  const is_open_at_once = await page.evaluate(async () => {
    const { fold } = await import('/console/rows.js');
    const row = document.querySelector('#panel details');
    row.querySelector('summary').click();
    row.querySelector('summary').click();
    return fold(row.dataset.key, [], () => []).open;
  });
  assert.ok(is_open_at_once, 'before the toggle event too');
});

test('a row that changes while it is pressed is drawn anew after a press that ends as a drag, without a click', async (t) => {
  const { page, x, y, rename, named } = await openRow(t);
  await page.evaluate(() => getSelection().selectAllChildren(document.querySelector('#panel summary .what')));
  await page.mouse.move(x + 5, y + 8);
  await page.mouse.down();
  await page.mouse.move(x + 60, y + 60, { steps: 5 });
  await page.waitForSelector('#panel details:active');
  await rename('新名');
  assert.equal(await page.locator('#panel .who >> text=新名').count(), 0);
  await page.mouse.up();
  await named('新名');
});

test('a script that does not load is there to be mended', async (t) => {
  const { page, say, saw } = await open(t, { script: 'function on_message(msg return "x" end' });
  await page.waitForSelector('#bot.bad');
  await page.waitForSelector('#note .fault');
  await page.waitForSelector('#gutter .marked');
  await page.fill('#editor', 'function on_message() return "mended" end');
  await page.press('#editor', 'Control+s');
  await page.waitForSelector('#bot:not(.bad)');
  await say('x');
  await saw('mended');
});

test('faults are switches', async (t) => {
  const { page, dev, say } = await open(t);
  await page.click('#tab-faults');
  await page.check('.switch:has-text("网络中断") input[type=checkbox]');
  await until(async () => (await dev.state()).faults.network, 'the platform to know of it');
  await say('hi');
  await page.waitForSelector('#chat .note.fault');
  await page.click('#tab-faults');
  await until(() => page.isChecked('.switch:has-text("网络中断") input[type=checkbox]'), 'the switch');
});

test('several users, and what was not looked at yet', async (t) => {
  const { page, dev, say, saw } = await open(t);
  await dev.act('say', { user: 'bob', content: 'from bob' });
  await page.waitForSelector('.person:has-text("阿波") .count');
  await page.click('.person:has-text("阿波")');
  await saw('回：from bob');
  await page.click('.person.add');
  await page.fill('dialog [name=nickname]', '丁');
  await page.click('dialog .main');
  await page.waitForSelector('.person[aria-selected=true]:has-text("丁")');
  await say('hi');
  await saw('回：hi');
});

test('what happens while the page reads the state anew is not lost, and who types goes on typing', async (t) => {
  const { page, dev, say, saw } = await open(t, { script: `
    function on_message(msg)
      if msg.content ~= "menu" then return "回：" .. msg.content end
      assert(wechat.create_menu { button = { { type = "click", name = "今日歌曲", key = "V1" } } })
      while not io.open(wechat.path("go")) do wechat.sleep(0.02) end
      return "made"
    end` });
  let was_read = false;
  let let_go;
  const held = new Promise((resolve) => { let_go = resolve; });
  await page.route('**/sim/state', async (route) => {
    const answer = await route.fetch(); // the state before the bot's reply
    was_read = true;
    await held;
    await route.fulfill({ response: answer });
  });
  await say('menu');
  await until(() => was_read, 'the state read anew', PATIENCE_MS);
  await page.focus('#input');
  await page.keyboard.type('abc');
  fs.writeFileSync(dev.bot.file('go'), '');
  await saw('made');
  assert.equal(await page.locator('.menu').count(), 0);
  let_go();
  await page.waitForSelector('.menu', { state: 'attached' }); // of the state read anew
  await saw('made');
  await page.keyboard.type('def');
  assert.equal(await page.inputValue('#input'), 'abcdef');
});

test('by the keyboard alone', async (t) => {
  const { page, saw } = await open(t);
  await page.keyboard.press('/');
  await page.keyboard.type('typed');
  await page.keyboard.press('Enter');
  await saw('回：typed');
  await page.keyboard.press('Escape');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[open]');
  await page.keyboard.press('Escape');
  await page.keyboard.press('3');
  await page.waitForSelector('#tab-log[aria-selected=true]');
  await page.keyboard.press('1');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search', 'a tab that is chosen by its key has the focus');
  await page.keyboard.press('Escape');
  await page.keyboard.press('u');
  await page.waitForSelector('.person[aria-selected=true]:has-text("阿波")');
});

test('a menu that closes gives the focus back to its button: after a dialog, a choice, Esc', async (t) => {
  const { page, say, saw } = await open(t);
  const is_focused = (selector) => page.waitForFunction((one) => document.activeElement?.matches(one), selector);
  const more = '#foot .toggle:last-child';
  await say('menu');
  await saw('made');
  await page.keyboard.press('Escape');
  for (const [key, button] of [['Escape', ''], ['Enter', '.main']]) {
    await page.keyboard.press('+');
    await page.keyboard.press('Enter');
    await page.press(`dialog[open] ${button}`, key);
    await is_focused(more);
  }
  await saw('回：image');
  await page.keyboard.press('+');
  await page.keyboard.press('Escape');
  await is_focused(more);
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowRight');
  for (const key of ['Escape', 'Enter']) {
    await page.keyboard.press('Enter');
    await page.waitForSelector('.sub:visible');
    await page.keyboard.press(key);
    await is_focused('.top > [aria-haspopup]');
  }
  await saw('回：GOOD');
});

test('the arrow keys move in what says to be a list of tabs, a list or a menu', async (t) => {
  const { page, say, saw } = await open(t, { script: 'function on_message(msg) wechat.create_menu { button = { { type = "click", name = "A", key = "a" }, '
    + '{ name = "B", sub_button = { { type = "click", name = "B1", key = "b1" }, { type = "click", name = "B2", key = "b2" } } } } } return "made " .. (msg.key or "") end' });
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  await page.focus('#tab-trace');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('#tab-calls[aria-selected=true]');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.waitForSelector('#tab-kept[aria-selected=true]');
  await page.focus('.person >> nth=0');
  await page.keyboard.press('ArrowRight');
  assert.match(await focused(), /阿波/);
  await page.keyboard.press('+');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), '语音');
  await page.keyboard.press('Escape');
  await say('x');
  await saw('made');
  await page.keyboard.press('Escape');
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'B1', 'what was opened has the focus');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await saw('made b2');
});

test('on a narrow screen a long name leaves the outcome in view, and the chosen tab is in view', async (t) => {
  const { page, dev } = await open(t, { width: 360, height: 740 });
  await dev.post('/sim/user', { nickname: 'a user with a name of more words than there is room for' });
  await dev.act('event', { name: 'a_name_of_an_event_that_is_longer_than_any_phone_is_wide' });
  await page.click('#sides button >> nth=1');
  const is_seen = (selector) => page.waitForFunction((one) => {
    const { left, right } = document.querySelector(one).getBoundingClientRect();
    return left >= 0 && right <= innerWidth + 1;
  }, selector);
  await is_seen('#panel .outcome');
  await page.waitForSelector('#of-user option >> nth=4', { state: 'attached' });
  await is_seen('#of-user');
  await page.keyboard.press('6');
  await is_seen('#tab-kept');
});

test('each line of a message is in the direction of its own letters', async (t) => {
  const { page, say, saw } = await open(t, { script: 'function on_message() return "مرحبا بالعالم!\\nhello world!" end' });
  await say('שלום');
  await saw('hello world!');
  const lefts = await page.$eval('#chat .entry.account .bubble', (bubble) => {
    const text = bubble.firstChild;
    const left_of = (at) => {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      return range.getBoundingClientRect().left;
    };
    const { textContent: all } = bubble;
    return { first: [left_of(0), left_of(all.indexOf('!'))], second: [left_of(all.indexOf('h')), left_of(all.lastIndexOf('!'))] };
  });
  assert.ok(lefts.first[1] < lefts.first[0], JSON.stringify(lefts));
  assert.ok(lefts.second[1] > lefts.second[0], JSON.stringify(lefts));
});

test('the theme is the system\'s until one is chosen, which is kept', async (t) => {
  const { page } = await open(t, { scheme: 'dark' });
  const is_dark = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme === 'dark');
  assert.equal(await is_dark(), true);
  await page.emulateMedia({ colorScheme: 'light' });
  await until(async () => !await is_dark(), 'the system\'s change');
  await page.click('#theme');
  assert.equal(await is_dark(), true);
  await page.reload();
  assert.equal(await is_dark(), true);
  await page.click('#theme');
  assert.equal(await is_dark(), false);
});

test('in both languages, dark and light, wide and narrow: nothing hangs over the edge', async (t) => {
  for (const [locale, scheme, width, word] of [['zh-CN', 'light', 1280, '消息'], ['en-US', 'dark', 1280, 'Messages'], ['en-US', 'light', 360, 'Desk'], ['zh-CN', 'dark', 360, '桌面']]) {
    await t.test(`${locale} ${scheme} ${width}`, async (t2) => {
      const { page, say, saw, faults } = await open(t2, { locale, scheme, width, height: 740 });
      await page.waitForSelector(`button:has-text("${word}")`);
      await say('a long line of words that goes on and on '.repeat(6));
      await saw('回：a long');
      if (width === 360) await page.click(`#sides button >> nth=1`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
      const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, input, textarea, select')].filter((one) => one.offsetParent && !one.textContent.trim() && !one.getAttribute('aria-label') && !one.closest('label')).length);
      assert.equal(unnamed, 0);
      assert.deepEqual(faults, []);
      if (process.env.SCREENSHOTS) await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${locale}-${scheme}-${width}.png`) });
    });
  }
});

for (const mode of ['normal', 'safe']) {
  test(`a row has the fields under the script's names too, and the query of each try: ${mode}`, async (t) => {
    const key = mode === 'safe' ? { encoding_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG', appid: 'wx0123456789abcdef', appsecret: 'the-appsecret-of-all' } : {};
    const { page, dev } = await openConsole(t, { script: BOT, config: key });
    await dev.act('location', { latitude: 39.9, longitude: 116.4, label: '天安门' });
    const { names, fields, tries } = (await dev.state()).trace.at(-1);
    assert.deepEqual([names.type, names.label, names.location, names.id], ['location', '天安门', { x: 39.9, y: 116.4 }, fields.MsgId]);
    assert.ok(!('raw' in names));
    const query = new URLSearchParams(tries[0].query);
    assert.match(query.get('signature'), /^[0-9a-f]{40}$/);
    assert.equal(query.has('msg_signature'), mode === 'safe');
    await page.click('#panel details >> nth=0 >> summary');
    await page.waitForSelector('#panel dt >> text=msg.location');
    await page.waitForSelector(`#panel pre >> text=nonce=${query.get('nonce')}`);
  });
}

test('on a narrow screen the header shows the whole error of a script, in a line of its own', async (t) => {
  const script = 'function on_message(msg)\n  local answer = wechat.json.decode(msg.content)\n  return answer.temperature_of_tomorrow.morning\nend';
  const { page, say } = await open(t, { width: 360, script });
  const bot = page.locator('#bot'), tools = page.locator('.tools');
  const right = async (one) => { const { x, width } = await one.boundingBox(); return x + width; };
  assert.ok((await tools.boundingBox()).y > (await bot.boundingBox()).y - 40 && await right(tools) > 330, 'one line as long as nothing failed');
  await say('{}');
  await page.waitForSelector('#bot.bad');
  assert.match(await bot.innerText(), /bot\.lua:3: .*temperature_of_tomorrow/);
  const size = () => bot.evaluate((one) => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]);
  assert.deepEqual(await size(), [0, 0]);
  assert.ok((await bot.boundingBox()).width > 300);
  assert.ok(await right(tools) > 330);
});

test('on a narrow screen a very long error scrolls in the header, and the page stays usable', async (t) => {
  const { page, say, faults } = await open(t, { width: 360, height: 740, script: 'function on_message(msg) error(("words of an error "):rep(400) .. "its end") end' });
  await say('x');
  await page.waitForSelector('#bot.bad');
  const bot = page.locator('#bot');
  assert.ok((await bot.boundingBox()).height <= 740 * 0.3 + 1);
  assert.match(await bot.innerText(), /its end$/);
  await bot.focus();
  await page.keyboard.press('End');
  await until(() => bot.evaluate((one) => one.scrollTop > 0 && one.scrollTop + one.clientHeight >= one.scrollHeight - 1), 'its last line', PATIENCE_MS);
  await say('again'); // the input is in reach
  assert.ok((await page.locator('#input').boundingBox()).y < 740);
  assert.deepEqual(faults, []);
});

test('on a narrow screen a key of the other side shows that side', async (t) => {
  const { page } = await openConsole(t, { script: BOT, width: 360 });
  await page.keyboard.press('5');
  await page.waitForSelector('#panel [role=switch] >> nth=0');
  await page.keyboard.press('/');
  await page.waitForSelector('#input:focus');
});

test('on a narrow screen the line of an error in the chat is shown where the script is', async (t) => {
  const { page, say } = await open(t, { width: 360 });
  await say('error');
  await page.click('#chat .fault .place');
  await page.waitForSelector('#gutter .marked');
});

// 110 since the Script tab compares two texts, by lines, itself: a library for it would be larger.
test('the page is under 110 KB', () => {
  const dir = path.join(__dirname, '../../lua/platform/console');
  const bytes = fs.readdirSync(dir).reduce((sum, name) => sum + fs.statSync(path.join(dir, name)).size, 0);
  assert.ok(bytes < 110 * 1024, `${bytes}`);
});
