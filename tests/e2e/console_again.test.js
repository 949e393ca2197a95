// The console's repetition of messages, chats and time; and its search for rows.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { until, tempDir, wemoon, TOKEN } = require('./harness');
const { startDev } = require('./dev');
const { openConsole, PATIENCE_MS } = require('./browser');

const COUNT = `count = 0
function on_message(msg)
  count = count + 1
  if msg.content == "bad" then error("no") end
  return count .. ":" .. (msg.content or msg.type .. " " .. tostring(msg.key or msg.Status or ""))
end
`;
const openFirstRow = (page) => page.click('#panel details >> nth=0 >> summary');

test('a message is sent again as a new one, and changed and sent again', async (t) => {
  const { page, dev, say, saw } = await openConsole(t, { script: COUNT });
  await say('hello');
  await saw('1:hello');
  await openFirstRow(page);
  await page.click('text=再发一次');
  await saw('2:hello');
  const [first, second] = (await dev.state()).trace;
  assert.notEqual(first.fields.MsgId, second.fields.MsgId);
  await page.click('text=修改后再发 >> nth=-1');
  const xml = await page.inputValue('dialog [name=document]');
  await page.fill('dialog [name=document]', xml.replace('hello', '你好'));
  await page.click('dialog .main');
  await saw('3:你好');
  assert.equal((await dev.state()).trace.at(-1).kind, 'text');
});

test('an event that is sent again gets a second of its own', async (t) => {
  const { page, dev, saw } = await openConsole(t, { script: COUNT });
  await dev.act('event', { name: 'CLICK', fields: { EventKey: 'k' } });
  await saw('1:click k');
  await openFirstRow(page);
  await page.click('text=再发一次');
  await saw('2:click k');
  await page.click('text=再发一次 >> nth=-1');
  await saw('3:click k');
});

test('a text that looks like elements is left as it is, another sender is another user, and a refused change can be mended', async (t) => {
  const { page, dev, say, saw } = await openConsole(t, { script: COUNT });
  await say('hello');
  await saw('1:hello');
  await openFirstRow(page);
  const change = async (from, to) => {
    const box = page.locator('dialog [name=document]');
    await box.fill((await box.inputValue()).replace(from, to));
    await page.click('dialog .main');
  };
  await page.click('#panel .again button >> nth=1');
  await change('</xml>', '');
  await page.waitForSelector('dialog [role=alert] >> text=the document is not a message');
  await change('hello', '1>\n  <2');
  await page.waitForSelector('dialog[open] [name=document]');
  assert.match(await page.inputValue('dialog [name=document]'), /1>\n {2}<2/);
  await change(/$/, '</xml>');
  await saw('2:1>');
  assert.equal((await dev.state()).trace.at(-1).fields.Content, '1>\n  <2');
  await page.click('#panel .again button >> nth=-1');
  await change('oWemoonAlice0000000000000001', 'oWemoonBob000000000000000002');
  await page.click('.person:has-text("阿波")');
  await saw('3:hello');
  const last = (await dev.state()).trace.at(-1);
  assert.deepEqual([last.openid, last.outcome], ['oWemoonBob000000000000000002', 'replied']);
});

test('rows are searched, and filtered by user and outcome', async (t) => {
  const { page, dev } = await openConsole(t, { script: COUNT });
  await dev.say('apples');
  await dev.say('pears');
  await dev.say('bad');
  await dev.say('apples too', { user: 'bob' });
  const rows = (count, what) => until(async () => (await page.locator('#panel details').count()) === count, `${count} rows ${what}`, PATIENCE_MS);
  await rows(4, 'at first');
  await page.fill('#panel [type=search]', 'APPLES');
  await rows(2, 'with apples');
  await dev.say('more apples');
  await rows(3, 'with one more');
  assert.equal(await page.inputValue('#panel [type=search]'), 'APPLES');
  await page.selectOption('#of-user', { label: '阿波' });
  await rows(1, 'of bob');
  await page.fill('#panel [type=search]', '');
  await page.selectOption('#of-user', '');
  await page.selectOption('#panel .filter select >> nth=1', 'failed');
  await rows(1, 'that failed');
});

test('a chat is saved as JSON Lines and played again', async (t) => {
  const { page, say, saw } = await openConsole(t, { script: COUNT });
  await say('one');
  await saw('1:one');
  await page.click('#foot .toggle >> nth=1');
  await page.click('[data-act=location]');
  await page.click('dialog .main');
  await saw('2:location');
  await page.click('#foot .toggle >> nth=1');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-act=save_chat]')]);
  const file = `${tempDir(t)}/chat.jsonl`;
  await download.saveAs(file);
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.from), ['user', 'account', 'user', 'account']);
  await page.click('.person:has-text("阿波")');
  await page.click('#foot .toggle >> nth=1');
  await page.click('[data-act=play_chat]');
  await page.setInputFiles('dialog [name=file]', file);
  await page.click('dialog .main');
  await saw('3:one');
  await saw('4:location');
});

const playChat = async (page, file, pauses = false) => {
  await page.click('#foot .toggle >> nth=1');
  await page.click('[data-act=play_chat]');
  await page.setInputFiles('dialog [name=file]', file);
  if (pauses) await page.check('dialog [name=pauses]');
  await page.click('dialog .main');
};

// The platform of another day knows nothing of the messages that were sent again, nor does it know who used wemoon
// send.
test('a saved chat is complete: what was sent again, or by another program, is played by another user of a new platform', async (t) => {
  const first = await openConsole(t, { script: COUNT });
  await first.say('one');
  await first.saw('1:one');
  await openFirstRow(first.page);
  await first.page.click('text=再发一次');
  await first.saw('2:one');
  const alice = (await first.dev.state()).users[0].openid;
  await wemoon(['send', '--token', TOKEN, '--url', first.dev.bot.url, '--from', alice, 'text', 'from a shell'], { code: 0 });
  await first.saw('3:from a shell');
  await first.page.click('#foot .toggle >> nth=1');
  const [download] = await Promise.all([first.page.waitForEvent('download'), first.page.click('[data-act=save_chat]')]);
  const file = `${tempDir(t)}/chat.jsonl`;
  await download.saveAs(file);
  const { page, saw, dev } = await openConsole(t, { script: COUNT });
  await page.click('.person:has-text("阿波")');
  await playChat(page, file);
  for (const text of ['1:one', '2:one', '3:from a shell']) await saw(text);
  assert.deepEqual((await dev.state()).trace.map((one) => [one.openid, one.outcome]), Array(3).fill(['oWemoonBob000000000000000002', 'replied']));
});

// Also one that was sent again, whose XML names the file and an address of the first platform.
test('a saved chat has the bytes of its pictures and voices: another platform plays them; a file that is gone is said', async (t) => {
  const script = `function on_message(msg)
    if not msg.media_id then return msg.type end
    local file, err = wechat.download_media(msg.media_id)
    if not file then return "no file: " .. tostring(err) end
    local page = msg.picurl and wechat.http.get(msg.picurl)
    return msg.type .. " " .. file.body .. " " .. (page and page.body or "")
  end`;
  const first = await openConsole(t, { script });
  const data = (text) => ({ data: Buffer.from(text).toString('base64'), content_type: 'image/png', filename: 'mine.png' });
  await first.dev.act('image', data('moon'));
  await first.saw('image moon moon');
  await openFirstRow(first.page);
  await first.page.click('text=再发一次');
  await until(async () => (await first.page.locator('#chat >> text=image moon moon').count()) === 2, 'the picture sent again', PATIENCE_MS);
  await first.dev.act('voice', data('sound'));
  await first.saw('voice sound');
  await first.dev.act('image', { media_id: 'nothing' });
  await first.saw('no file');
  await first.page.click('#foot .toggle >> nth=1');
  const [download] = await Promise.all([first.page.waitForEvent('download'), first.page.click('[data-act=save_chat]')]);
  await first.page.waitForSelector('[role=alert] >> text=1 条消息的文件不在平台上');
  const file = `${tempDir(t)}/chat.jsonl`;
  await download.saveAs(file);
  await first.dev.bot.stop();
  const acts = fs.readFileSync(file, 'utf8').trim().split('\n').filter((line) => JSON.parse(line).act);
  assert.equal(JSON.parse(acts[0]).act.filename, 'mine.png');
  fs.writeFileSync(file, acts.reverse().join('\n')); // what was sent again comes before its first sending
  const { page, dev } = await openConsole(t, { script });
  await playChat(page, file);
  await page.waitForSelector('[role=alert] >> text=1 条消息的文件不在平台上');
  const answers = async () => (await dev.state()).trace.filter((one) => one.outcome).map((one) => /<Content><!\[CDATA\[([^\]]*)/.exec(one.replied)[1]);
  await until(async () => (await answers()).length === 4, 'four answers', PATIENCE_MS);
  const [gone, ...others] = await answers();
  assert.match(gone, /^no file/);
  assert.deepEqual(others, ['voice sound ', 'image moon moon', 'image moon moon']);
});

test('a saved chat has the bytes of a video\'s picture too, and of one that was sent again', async (t) => {
  const script = `function on_message(msg)
    local film = wechat.http.get(assert(wechat.download_media(msg.media_id)).video_url)
    return film.body .. " " .. assert(wechat.download_media(msg.thumb_media_id)).body
  end`;
  const first = await openConsole(t, { script });
  const thumb = { data: Buffer.from('moon').toString('base64'), content_type: 'image/png' };
  await first.dev.act('video', { data: Buffer.from('film').toString('base64'), thumb });
  await first.saw('film moon');
  await first.dev.act('resend', { id: (await first.dev.state()).trace.at(-1).id });
  const chat = async (dev) => (await dev.state()).chats.oWemoonAlice0000000000000001;
  assert.equal((await chat(first.dev)).some((entry) => JSON.stringify(entry.act || {}).includes(thumb.data)), false, 'no bytes in the chat itself');
  await first.page.click('#foot .toggle >> nth=1');
  const [download] = await Promise.all([first.page.waitForEvent('download'), first.page.click('[data-act=save_chat]')]);
  const file = `${tempDir(t)}/chat.jsonl`;
  await download.saveAs(file);
  await first.dev.bot.stop();
  const { page, dev } = await openConsole(t, { script });
  await playChat(page, file);
  const answers = async () => (await dev.state()).trace.filter((one) => one.outcome).map((one) => /<Content><!\[CDATA\[([^\]]*)/.exec(one.replied)[1]);
  await until(async () => (await answers()).length === 2, 'two answers', PATIENCE_MS);
  assert.deepEqual(await answers(), ['film moon', 'film moon']);
});

test('a video of a saved chat has a sample for its picture on another platform, one that was sent again too', async (t) => {
  const script = 'function on_message(msg) local picture, err = wechat.download_media(msg.thumb_media_id) return picture and picture.body:sub(2, 4) or tostring(err) end';
  const first = await startDev(t, { script });
  const data = Buffer.from('film').toString('base64');
  for (const kind of ['video', 'shortvideo']) {
    await first.act(kind, { data });
    await first.act('resend', { id: (await first.state()).trace.at(-1).id });
  }
  await first.act('video', { data, thumb_media_id: 'mine' });
  const acts = (await first.state()).chats.oWemoonAlice0000000000000001.map((entry) => entry.act).filter(Boolean);
  assert.equal(acts.length, 5);
  await first.bot.stop();
  const second = await startDev(t, { script });
  for (const act of acts) assert.match((await second.post('/sim/act', { user: 'alice', ...act, data })).replied, /CDATA\[PNG\]/);
});

test('a chat from a stranger names a file of the platform, and no other page of it', async (t) => {
  const { page, dev, saw } = await openConsole(t, { script: 'local KEY = "sk-1" function on_message(msg) return "got " .. msg.type end' });
  const file = `${tempDir(t)}/chat.jsonl`;
  const names = ['../source', '..', '../state?', '..\\source', '%2e%2e/source'];
  fs.writeFileSync(file, names.map((media_id) => JSON.stringify({ t: 1, act: { act: 'image', media_id } })).join('\n'));
  await playChat(page, file);
  await page.waitForSelector(`[role=alert] >> text=${names.length} 条消息的文件不在平台上`);
  await saw('got image');
  assert.equal((await dev.state()).trace.length, names.length);
  await page.click('#foot .toggle >> nth=1');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-act=save_chat]')]);
  await download.saveAs(file);
  const acts = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line).act).filter(Boolean);
  assert.deepEqual(acts.map(({ media_id, data }) => [media_id, data]), names.map((name) => [name, undefined]));
});

test('a chat that is refused half-way says the files that were gone till then, and the next one says its own', async (t) => {
  const { page } = await openConsole(t, { script: COUNT });
  const file = `${tempDir(t)}/chat.jsonl`;
  const play = (...acts) => {
    fs.writeFileSync(file, acts.map((act) => JSON.stringify({ t: 1, act })).join('\n'));
    return playChat(page, file);
  };
  const gone = { act: 'image', media_id: 'nothing' };
  await play(gone, gone, { act: 'location', latitude: 'x' });
  await page.waitForSelector('[role=alert] >> text=2 条消息的文件不在平台上');
  await play(gone);
  await page.waitForSelector('[role=alert] >> text=1 条消息的文件不在平台上');
});

test('a chat is played without its pauses, unless they are asked for; a file that is none is said', async (t) => {
  const { page, dev, saw } = await openConsole(t, { script: COUNT });
  const file = `${tempDir(t)}/chat.jsonl`;
  const write = (seconds) => fs.writeFileSync(file, ['a', 'b'].map((content, i) => `${JSON.stringify({ t: 1000 + i * seconds, from: 'user', act: { act: 'say', content } })}\n`).join(''));
  const between = async () => { const { trace } = await dev.state(); return trace.at(-1).time - trace.at(-2).time; };
  write(1000);
  await playChat(page, file);
  await saw('2:b');
  write(2);
  await playChat(page, file, true);
  await saw('4:b');
  assert.ok(await between() >= 1.9, `${await between()} s`);
  for (const text of ['no chat\n', 'null\n', '{"t":1,"from":"account"}\n', '']) {
    fs.writeFileSync(file, text);
    await playChat(page, file);
    await page.waitForSelector('[role=alert] >> text=chat.jsonl 里没有可重放的对话');
    await page.evaluate(() => document.querySelector('.toast').remove());
  }
});

test('a page whose wemoon dev was started again shows the new one\'s chats, rows and calls, and nothing of the old one', async (t) => {
  const script = 'function on_message(msg) wechat.user.info { openid = msg.source } return "答：" .. msg.content end';
  const { page, dev, say, saw } = await openConsole(t, { script });
  for (const word of ['one', 'two', 'three']) {
    await say(word);
    await saw(`答：${word}`);
  }
  await dev.bot.stop();
  await page.waitForSelector('#bot.bad');
  const again = await startDev(t, { script, args: ['--port', String(dev.bot.port)] });
  await page.waitForSelector('#bot:not(.bad)', { timeout: PATIENCE_MS });
  await page.waitForSelector('#chat .note.empty', { timeout: PATIENCE_MS });
  await again.say('four');
  await saw('答：four');
  assert.equal(await page.locator('#chat .entry').count(), 2);
  assert.equal(await page.locator('#panel details').count(), 1);
  await page.click('#tab-calls');
  const { length } = await again.get('/sim/calls');
  await until(async () => (await page.locator('#panel details').count()) === length, `${length} calls`, PATIENCE_MS);
});

test('so does a page that the new one has a message for before it reads', async (t) => {
  const script = 'function on_message(msg) wechat.user.info { openid = msg.source, lang = "en" } return "答：" .. msg.content end';
  const { page, dev, say, saw } = await openConsole(t, { script });
  await say('one');
  await saw('答：one');
  await dev.bot.stop();
  await page.waitForSelector('#bot.bad');
  await page.context().setOffline(true);
  const again = await startDev(t, { script: script.replace('"en"', '"zh_TW"'), args: ['--port', String(dev.bot.port)] });
  await again.say('four');
  await page.context().setOffline(false);
  await saw('答：four');
  assert.equal(await page.locator('#chat .entry').count(), 2);
  await page.waitForSelector('#panel summary >> text=four');
  assert.equal(await page.locator('#panel details').count(), 1);
  await page.click('#tab-calls');
  await page.click('#panel summary >> text=user.info');
  await page.waitForSelector('#panel details[open] >> text=zh_TW', { timeout: PATIENCE_MS });
});

test('after a reset the calls are those since', async (t) => {
  const { page, dev, say, saw } = await openConsole(t, { script: 'function on_message(msg) wechat.user.info { openid = msg.source } return "答：" .. msg.content end' });
  await page.click('#tab-calls');
  for (const word of ['one', 'two']) {
    await say(word);
    await saw(`答：${word}`);
  }
  await page.waitForSelector('#panel details');
  await dev.post('/sim/reset', {});
  await page.waitForSelector('#panel .empty');
  await say('three');
  await page.waitForSelector('#panel summary >> text=user.info');
});

test('the events of the platform are offered as forms', async (t) => {
  const { page, dev, saw } = await openConsole(t, { script: COUNT });
  assert.ok((await dev.get('/sim/events/forms')).length > 60);
  await page.click('#foot .toggle >> nth=1');
  await page.click('[data-act=forms]');
  await page.selectOption('dialog [name=name]', 'scancode_push');
  await page.click('dialog .main');
  await page.fill('dialog [name="ScanCodeInfo.ScanResult"]', 'from the form');
  await page.click('dialog .main');
  await saw('1:scancode_push SCAN_A');
  assert.deepEqual((await dev.state()).trace.at(-1).fields.ScanCodeInfo, { ScanType: 'qrcode', ScanResult: 'from the form' });
});

test('what is no span of time is said, once and in the page\'s language', async (t) => {
  const { page } = await openConsole(t, { script: COUNT });
  await page.click('#tab-faults');
  for (const by of ['abc', '-1h', '400d', `${'1'.repeat(40)}x`]) {
    await page.click('text=快进时间');
    await page.fill('dialog [name=by]', by);
    await page.click('dialog .main');
    await page.waitForSelector(`[role=alert] >> text=“${by}”不是一年以内的时长`);
  }
});

test('why a reply is not seen is said in the page\'s language, and a text that is not saved looks unlike one that is', async (t) => {
  const { page, dev } = await openConsole(t, { script: COUNT });
  await dev.act('event', { name: 'VIEW', fields: { EventKey: 'http://127.0.0.1/' } });
  await openFirstRow(page);
  await page.waitForSelector('#panel p >> text=用户看不到对');
  await page.click('#tab-script');
  await page.fill('#editor', COUNT.replace('"no"', '"none"'));
  const colour = (selector) => page.$eval(selector, (one) => getComputedStyle(one).color);
  await page.waitForSelector('#note .open >> text=未保存');
  assert.notEqual(await colour('#note .open'), await colour('#note'));
});

test('time can be moved', async (t) => {
  const { page, saw } = await openConsole(t, { script: 'function on_message(msg) wechat.spawn(function() wechat.sleep(60) wechat.send_text_message(msg.source, "a minute later") end) return "wait" end' });
  await page.fill('#input', 'x');
  await page.press('#input', 'Enter');
  await saw('wait');
  await page.click('#tab-faults');
  await page.click('text=快进时间');
  await page.fill('dialog [name=by]', '1m 5s');
  await page.click('dialog .main');
  await saw('a minute later');
  await page.click('text=快进时间');
  await page.fill('dialog [name=by]', '2d');
  await page.click('dialog .main');
  await page.fill('#input', 'y');
  await page.press('#input', 'Enter');
  const then = new Date(Date.now() + 2 * 86400 * 1000);
  const day = new RegExp(`${String(then.getMonth() + 1).padStart(2, '0')}\\D${String(then.getDate()).padStart(2, '0')}\\D+\\d\\d:\\d\\d`);
  await until(async () => day.test(await page.locator('#chat .time >> nth=-1').innerText()), 'its day in the chat', PATIENCE_MS);
  await page.click('#tab-trace');
  await until(async () => day.test(await page.locator('#panel summary .clock >> nth=0').innerText()), 'its day in the row', PATIENCE_MS);
});
