// The prompt's output is true: taps, the platform, API calls, and text from others.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { startBot, tempDir, until, writeFiles } = require('./harness');
const { type, terminal, PATIENCE_MS } = require('./prompt');

const TELL = 'function on_message(msg) return wechat.json.encode { msg.type, msg.key or "", msg.ScanCodeInfo or msg.SendPicsInfo or msg.SendLocationInfo or "" } end';
const BUTTONS = {
  click: { key: 'K' }, view: { url: 'https://example.com/' }, scancode_push: { key: 'K' }, scancode_waitmsg: { key: 'K' }, pic_sysphoto: { key: 'K' },
  pic_photo_or_album: { key: 'K' }, pic_weixin: { key: 'K' }, location_select: { key: 'K' }, media_id: { media_id: 'M' }, view_limited: { media_id: 'M' },
  article_id: { article_id: 'A' }, article_view_limited: { article_id: 'A' }, miniprogram: { url: 'https://example.com/', appid: 'wx1', pagepath: 'pages/one' },
};

test('.tap sends for each of the 13 types of buttons what the platform would send', async (t) => {
  const lua = (fields) => Object.entries(fields).map(([name, value]) => `${name} = "${value}"`).join(', ');
  const lines = [TELL, 'function said() end'];
  for (const [kind, fields] of Object.entries(BUTTONS)) lines.push(`menu = {button = {{name = "b", type = "${kind}", ${lua(fields)}}}}`, '.trace on', '.tap 1', '.trace off');
  const { out } = await type(t, lines);
  const sent = out.split('trace is on\n').slice(1).map((part) => ({
    events: [...part.matchAll(/→ .*?<(?:Event|MsgType)><!\[CDATA\[(?!event)(\w+)/g)].map((match) => match[1]), text: part,
  }));
  const types = Object.keys(BUTTONS);
  const expected = {
    click: ['CLICK'], view: ['VIEW'], miniprogram: ['view_miniprogram'], media_id: [], view_limited: [], article_id: [], article_view_limited: [],
  };
  types.forEach((kind, i) => {
    const first = sent[i].events.slice(0, 1);
    assert.deepEqual(first, expected[kind] || [kind], `${kind}: ${sent[i].text}`);
  });
  const of = (kind) => sent[types.indexOf(kind)].text;
  assert.match(of('scancode_push'), /<ScanCodeInfo><ScanType>/);
  assert.match(of('pic_weixin'), /<SendPicsInfo><Count>1<\/Count>/);
  assert.match(of('location_select'), /<SendLocationInfo><Location_X>/);
  assert.match(of('miniprogram'), /<EventKey><!\[CDATA\[pages\/one\]\]>/);
  assert.match(of('view'), /<EventKey><!\[CDATA\[https:\/\/example\.com\/\]\]>/);
});

test('in a pipe it says on standard error that the platform is simulated', async (t) => {
  const { out, err } = await type(t, ['1']);
  assert.equal(out, '1\n');
  assert.match(err, /^wemoon: repl: no appid and appsecret: calls go to a simulated platform\n$/);
});

test('.trace on shows the calls of an input with their bodies and answers, and no secret', async (t) => {
  const { out } = await type(t, ['.trace on', 'wechat.tag.create{tag = {name = "vip"}}', '.trace off', 'wechat.tag.list().tags[1].id']);
  assert.match(out, /API tag\.create 200\n {2}⇒ .*\{"tag":\{"name":"vip"\}\}\n {2}⇐ \{"tag":\{"id":100,"name":"vip"\}\}/);
  assert.match(out, /trace is off\n0\n$/);
  assert.doesNotMatch(out, /0123456789abcdef0123456789abcdef/);
});

test('_ is the error of a call that failed; wechat.get_message() is the message that was said', async (t) => {
  const { out } = await type(t, [
    'wechat.user.info{openid = "x"}', '_.errcode', 'function on_message(msg) return "x" end', '.say 你好', 'wechat.get_message().content', 'wechat.get_message().source == nil',
    '.image', 'wechat.get_message().type',
  ], { code: 1 });
  assert.match(out, /\n40003\n微月: x\n"你好"\nfalse\n微月: x\n"image"\n$/);
});

test('of several messages said in a row, wechat.get_message() is the last, however many', async (t) => {
  const said = ['一', '二', '三', '四'];
  for (let n = 2; n <= said.length; n++) {
    const { out } = await type(t, [...said.slice(0, n).map((word) => `.say ${word}`), 'wechat.get_message().content']);
    assert.equal(out.trim().split('\n').pop(), `"${said[n - 1]}"`);
  }
});

test('a personalised menu is drawn under its rule, with the faults that are its own', async (t) => {
  const { out } = await type(t, ['menu:click("全部", "A");', 'local c = menu:conditional{tag_id = "2"}', 'c:click("会员专享的很长很长名字", "B");', '.menu']);
  assert.match(out, /│ +全部 +│[^]*for users with tag_id = 2:[^]*会员专享[^]*!/);
  assert.doesNotMatch(out, /全部 !/);
  assert.match(out, /! conditionalmenu\[1\]\.button\[1\]\.name/);
});

test('.pull says what it would throw away', async (t) => {
  const { out } = await type(t, ['menu:click("新的", "N");', '.pull', '#menu.button', '.pull yes', '#menu.button']);
  assert.match(out, /discards what you drew:\n.*新的.*\nto do it: \.pull yes\n1\n[^]*empty menu[^]*\n0\n$/);
});

test('what a bot answers does not steer the terminal', async (t) => {
  const { out, err } = await type(t, ['function on_message(msg) return "a\\27[2Jb\\u{9b}31mc" end', '.say x', '"\\27[2J\\u{9b}"', 'error("\\27]0;owned\\7")'], { code: 1 });
  assert.doesNotMatch(out + err, /[\u001b\u009b\u0007]/);
  assert.match(out, /a\[2Jb\\x9B31mc/);
});

test('what a bot answers does not reorder what the terminal shows', async (t) => {
  const { out, err } = await type(t, ['function on_message(msg) return "a\\u{202e}b" end', '.say x', '"c\\u{2067}d\\u{200e}"', 'error("e\\u{61c}f")'], { code: 1 });
  assert.doesNotMatch(out + err, /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]/);
  assert.match(out, /a\\u\{202E\}b[^]*"c\\u\{2067\}d\\u\{200E\}"/);
});

// ---- at a terminal ----

test('.pull of a menu that has more keeps what was drawn, and says so; .push y is .push yes', async (t) => {
  const { out } = await type(t, ['menu:click("a", "K");', 'menu:click("b", "L");', '.push y', 'menu = wechat.menu.new()', 'menu:click("a", "K");', '.pull', '#menu.button']);
  assert.match(out, /pushed\n[^]*what you drew is kept; the platform's menu has more:\n {2}button\[2\] is new: 'b' \(click\)\n/);
  assert.doesNotMatch(out, /discards/);
  assert.match(out, /\n2\n$/);
});

test('at a terminal .push asks and .pull asks', async (t) => {
  const term = terminal(t);
  await term.shows(/月 >/);
  term.keys('-l', 'menu:click("歌", "V1");');
  term.keys('Enter', '.push', 'Enter');
  await term.shows(/is new: '歌'[^]*put it on the platform\? \(y\/N\)\n月 >$/);
  term.keys('n', 'Enter');
  await term.shows(/not done/);
  term.keys('.push', 'Enter');
  await term.shows(/not done[^]*\(y\/N\)\n月 >$/);
  term.keys('y', 'Enter');
  await term.shows(/\npushed/);
  term.keys('-l', 'menu:click("新", "V2");');
  term.keys('Enter', '.pull', 'Enter');
  await term.shows(/fetch it anyway\? \(y\/N\)/);
  term.keys('-l', '.as bob');
  term.keys('Enter');
  await term.shows(/\nnot done\nyou are bob\n/); // any other input means no, and is run
});

test('at a terminal a list of candidates breaks no name', async (t) => {
  const term = terminal(t, { width: 60 });
  await term.shows(/月 >/);
  term.keys('wechat.m', 'Tab', 'Tab');
  await term.shows(/material[^]*月 > wechat\.m$/);
  const lines = term.screen().split('\n').filter((line) => !/[>·]/.test(line));
  for (const line of lines) assert.ok(line.length <= 60);
  assert.match(term.screen(), /(^| )message($| )/m);
  assert.match(term.screen(), /(^| )move_user($| )/m);
});

test('.help knows every metric of /metrics, by the name of its series too, and the fields of a log line, in both languages', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) return "hi" end', config: { admin_listen: '127.0.0.1:0' } });
  await bot.say('a');
  const admin = (await bot.waitForLog(/health and figures are at (http:\S+)\/healthz/))[1];
  const page = await (await fetch(`${admin}/metrics`)).text();
  const names = [...page.matchAll(/^# HELP (\S+) (.*)$/gm)];
  assert.ok(names.length > 20, page);
  const { out } = await type(t, names.map(([, name]) => `.help ${name}`));
  for (const [, name, help] of names) assert.ok(out.includes(`  metric ${name}  ${help}\n`), `${name}\n${out}`);
  const { out: zh } = await type(t, ['.help wemoon_queue_seconds_bucket{le="1"}', ...names.map(([, name]) => `.help ${name}`)], { env: { LC_ALL: 'zh_CN.UTF-8' } });
  assert.match(zh, /^ {2}metric wemoon_queue_seconds {2}消息从到达到脚本开始处理的时间\n/);
  for (const [, name] of names) assert.match(zh, new RegExp(`^ {2}metric ${name} {2}.*[\u4e00-\u9fff]`, 'm'));
  const fields = /message (openid=.*)$/m.exec(bot.log)[1].split(' ').map((field) => field.split('=')[0]);
  assert.ok(fields.includes('msgid') && fields.includes('ms'), fields.join());
  const { out: log } = await type(t, fields.map((field) => `.help ${field}`));
  for (const field of fields) assert.match(log, new RegExp(`^ {2}log ${field} {2}\\w`, 'm'));
});

test('at a terminal .help breaks no word, and wechat. offers no method of a menu', async (t) => {
  const term = terminal(t, { width: 44, height: 60 });
  await term.shows(/月 >/);
  term.keys('-l', '.help');
  term.keys('Enter');
  await term.shows(/Ctrl-C, Ctrl-D[^]*leave[^]*月 >/);
  const list = term.screen().split('\n').slice(term.screen().split('\n').findIndex((line) => line.startsWith('.say')));
  for (const line of list) assert.match(line, /^(\.|Ctrl|  [^ ]|月|$)/, 'each line is an entry, or goes on at a word');
  assert.match(term.screen(), /^ {2}place or name, of the menu that you drew$/m);
  term.keys('-l', 'wechat.menu');
  term.keys('Tab', 'Tab');
  await term.shows(/月 > wechat\.menu$/);
  assert.doesNotMatch(term.screen(), /menu:click/);
});

test('at a terminal a line of Chinese help ends at a character, and goes on with its column', async (t) => {
  const term = terminal(t, { width: 64, height: 60, env: { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8' } });
  await term.shows(/月 >/);
  term.keys('.help', 'Enter');
  await term.shows(/Ctrl-C, Ctrl-D[^]*退出[^]*月 >/);
  await term.shows(/\n\.tap N\[\.M\]\|NAME {9}点一个按钮，按位置或名字：你画的菜单的；\n {24}没有画则是平台上的\n/);
});

test('at a terminal the line is whole after a resize, and tables use the new width', async (t) => {
  const term = terminal(t, { width: 100 });
  await term.shows(/月 >/);
  const words = 'x = { "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc" }';
  term.keys('-l', words);
  await term.shows(/cccccccccccccccc" \}$/);
  await term.resize(50);
  term.keys('C-a', 'C-e');
  term.keys('Enter');
  term.keys('-l', 'x');
  term.keys('Enter');
  await term.shows(/\{\n +"aaaaaaaaaaaaaaaa",\n +"bbbbbbbbbbbbbbbb",\n/);
});

test('at a terminal that wraps its lines anew nothing of the old ones is left', async (t) => {
  const term = terminal(t, { width: 60 });
  await term.shows(/月 >/);
  const words = 'x = "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十"';
  const shows = (input, width) => until(() => {
    const screen = term.screen().replace(/\n/g, '');
    return screen.endsWith(`月 > ${input}`) && screen.match(/月 >/g).length === 1;
  }, `${input} once at ${width} columns:\n${term.screen()}`, PATIENCE_MS);
  term.keys('-l', words);
  await shows(words, 60);
  for (const width of [100, 40, 60, 30, 90]) {
    await term.resize(width);
    // What is typed comes after the input that was drawn for this width: without that the screen may be tmux's own
    // doing, and the next size would change while the input is still on its way there.
    term.keys('-l', '!');
    await shows(`${words}!`, width);
    term.keys('BSpace');
    await shows(words, width);
  }
});

test('Chinese that wraps is shown as it is, wherever it is changed', async (t) => {
  const term = terminal(t, { width: 20 });
  await term.shows(/月 >/);
  const shows = (...rows) => until(() => term.screen().endsWith(rows.join('\n')), `${rows.join('\n')}:\n${term.screen()}`, PATIENCE_MS);
  term.keys('-l', 'a一二三四五六七八九十甲');
  await shows('月 > a一二三四五六七', '八九十甲');
  term.keys('Home');
  for (const [key, ...rows] of [['b', '月 > ba一二三四五六', '七八九十甲'], ['c', '月 > bca一二三四五六', '七八九十甲'],
    ['d', '月 > bcda一二三四五', '六七八九十甲']]) {
    term.keys('-l', key);
    await shows(...rows);
  }
  term.keys('End', 'Left', 'Left', 'Left', 'Left', 'Left', 'DC');
  await shows('月 > bcda一二三四五', '六八九十甲');
  term.keys('Home', 'C-k');
  await shows('月 >');
  term.keys('-l', '一二');
  await shows('月 > 一二');
});

test('an input of several lines that is recalled and changed is shown once', async (t) => {
  const term = terminal(t, { width: 60 });
  await term.shows(/月 >/);
  for (const line of ['function five()', 'local a = 1', 'local b = 2', 'return a + b', 'end', '1+1']) {
    term.keys('-l', line);
    term.keys('Enter');
    await term.shows(/ >$/);
  }
  await term.shows(/\n2\n月 >$/);
  term.keys('Up');
  await term.shows(/月 > 1\+1$/);
  for (const key of ['Up', 'Left', 'Left', 'Left']) {
    term.keys(key);
    await term.shows(/\n月 > function five\(\)\nlocal a = 1\nlocal b = 2\nreturn a \+ b\nend$/);
  }
  term.keys('-l', '!');
  await term.shows(/\n2\n月 > function five\(\)\nlocal a = 1\nlocal b = 2\nreturn a \+ b\n!end$/);
});

test('the first lines break between words, however narrow the terminal', async (t) => {
  const term = terminal(t, { width: 40 });
  await term.shows(/月 >/);
  const lines = term.screen().split('\n');
  const words = lines.slice(0, -1).join(' ').split(/\s+/);
  for (const word of ['appsecret:', 'calls', 'simulated', 'on_message,', '.help', 'rest']) assert.ok(words.includes(word), `${word}: ${lines.join('\n')}`);
});

test('a message that the script failed to answer is a failed input, and no mere "no reply"', async (t) => {
  const script = 'function on_message(msg) if msg.content == "bad" then error("boom") end end';
  const { out } = await type(t, ['.say ok', '.say bad'], { script, code: 1 });
  assert.equal(out, '(no reply)\n(the script failed)\n');
});

test('a late reply, and what the bot sends by itself, is shown at the next input, once', async (t) => {
  const script = `function on_message(msg)
    if msg.content == "slow" then wechat.sleep(1) return "late" end
    if msg.content == "two" then wechat.send_text_message(msg.source, "first") return "second" end
    return "at once"
  end`;
  const lines = ['.say slow', 'wechat.sleep(2)', '1', '.say quick', '.say two', '2'];
  const { out } = await type(t, lines, { script, files: { 'config.lua': 'return { deadline_ms = 300 }' } });
  assert.equal(out, '(no reply)\n微月: late\n1\n微月: at once\n微月: first\n微月: second\n2\n');
});

// Answers what is slow once the file "go" is there.
const SLOW = `function on_message(msg)
  if not msg.content:find("slow") then return "at once" end
  repeat wechat.sleep(0.05) until io.open(wechat.path("go"))
  return msg.content:find("long") and ("长"):rep(60) or "late " .. msg.content
end`;

test('a late reply to another user has the name, and replies come in the order in which they were sent', async (t) => {
  const script = `local turn = 1
  function on_message(msg)
    repeat wechat.sleep(0.05) until turn == tonumber(msg.content) and io.open(wechat.path("go"))
    wechat.send_text_message(msg.source, "late " .. msg.content)
    turn = turn + 1
    if turn == 4 then io.open(wechat.path("sent"), "w"):close() end
  end`;
  const lines = ['.as carol', '.say 3', '.as alice', '.say 2', '.as 新人', '.say 1', 'io.open("go", "w"):close() repeat wechat.sleep(0.05) until io.open("sent")'];
  const { out } = await type(t, lines, { script, files: { 'config.lua': 'return { deadline_ms = 100 }' } });
  assert.match(out, /\n微月: late 1\n微月 → alice: late 2\n微月 → carol: late 3\n$/);
});

for (const width of [40, 80]) {
  test(`at a terminal of ${width} columns a late reply comes at once, above what is being typed`, async (t) => {
    const home = tempDir(t);
    writeFiles(home, { 'bot.lua': SLOW, 'config.lua': 'return { deadline_ms = 100 }' });
    const term = terminal(t, { home, width, args: ['repl', 'bot.lua'] });
    await term.shows(/月 >/);
    for (const line of ['.say slow', '.say slow long', '.as bob']) {
      term.keys('-l', line);
      term.keys('Enter');
      await term.shows(line === '.as bob' ? /you are bob\n月 >$/ : new RegExp(`${line}\n\\(no reply\\)\n月 >$`));
    }
    const typed = `x = "一二三${'a'.repeat(50)}四五六"`;
    term.keys('-l', typed);
    await term.shows(/五六"$/);
    term.keys('Left', 'Left');
    writeFiles(home, { go: '' });
    const shown = (pattern) => until(() => pattern.exec(term.screen().replace(/\n/g, '')), `${pattern} on the screen:\n${term.screen()}`, PATIENCE_MS);
    await shown(new RegExp(`you are bob微月 → alice: late slow微月 → alice: 长{60}月 > ${typed}$`));
    term.keys('-l', '!');
    await shown(new RegExp(`长{60}月 > ${typed.slice(0, -2)}!六"$`));
    term.keys('C-e', 'Enter');
    await term.shows(/\n月 >$/);
    term.keys('-l', '#x');
    term.keys('Enter');
    await term.shows(/#x\n69\n月 >$/);
    assert.equal(term.screen().match(/late slow/g).length, 1);
  });
}

test('at a terminal what a late script has spawned keeps neither its reply nor completion waiting', async (t) => {
  const term = terminal(t, { args: ['repl', '--deadline-ms', '100'] });
  await term.shows(/月 >/);
  term.keys('-l', 'function on_message() repeat wechat.sleep(0.05) until io.open("go") wechat.spawn(wechat.sleep, 600) return "late" end');
  term.keys('Enter', '.say x', 'Enter');
  await term.shows(/\n\(no reply\)\n月 >$/);
  writeFiles(term.home, { go: '' });
  await term.shows(/\n微月: late\n月 >$/);
  term.keys('-l', 'wechat.response_no');
  term.keys('Tab');
  await term.shows(/月 > wechat\.response_none$/);
});

test('at a terminal Ctrl-C stops a script that never ends and keeps news or completion waiting', async (t) => {
  const term = terminal(t, { args: ['repl', '--deadline-ms', '100'] });
  await term.shows(/月 >/);
  term.keys('-l', `function on_message(msg)
    repeat wechat.sleep(0.05) until io.open(msg.content)
    if msg.content == "news" then wechat.spawn(wechat.send_text_message, msg.source, "come") wechat.sleep(0.001) end
    io.open("looping", "w"):close()
    while true do end
  end`);
  term.keys('Enter');
  for (const name of ['news', 'completion']) {
    term.keys('-l', `.say ${name}`);
    term.keys('Enter');
    await term.shows(new RegExp(`say ${name}\n\\(no reply\\)\n月 >$`));
    fs.rmSync(path.join(term.home, 'looping'), { force: true });
    writeFiles(term.home, { [name]: '' });
    await until(() => fs.existsSync(path.join(term.home, 'looping')), 'the loop', PATIENCE_MS);
    if (name === 'news') {
      await term.asks();
      term.keys('C-c');
      await term.types();
    } else { // in the first second Ctrl-C is not a signal yet: one press is enough all the same
      term.keys('-l', 'wechat.response_no');
      term.keys('Tab', 'C-c');
    }
    term.keys('C-u');
    term.keys('-l', '2+2');
    term.keys('Enter');
    await term.shows(/月 > 2\+2\n(· on_message failed[^>]*)?(微月: come\n)?4\n(· on_message failed[^>]*)?月 >$/);
  }
  assert.equal(term.screen().match(/微月: come/g).length, 1);
});

test('at a terminal Ctrl-Left and Ctrl-Right go by words', async (t) => {
  const term = terminal(t);
  await term.shows(/月 >/);
  term.keys('-l', '"one two"');
  term.keys('C-Left');
  term.keys('-l', 'X');
  await term.shows(/"one Xtwo"/);
  term.keys('C-Right');
  term.keys('-l', 'Y');
  await term.shows(/"one XtwoY?"?Y?/);
});

test('at a terminal keys with modifiers move, and function keys type nothing', async (t) => {
  const term = terminal(t);
  await term.shows(/^wemoon [^]*月 >/);
  term.keys('-l', '"one two"');
  term.keys('M-Left');
  term.keys('-l', 'X');
  await term.shows(/"one Xtwo"$/);
  term.keys('S-Left', 'S-Left', 'S-Right');
  term.keys('-l', 'Y');
  await term.shows(/"one YXtwo"$/);
  term.keys('C-DC');
  await term.shows(/"one Y"$/);
  term.keys('C-Home', 'F1', 'F5', 'F12', 'S-F3', 'C-F6', 'IC', 'PPage', 'NPage', 'C-PPage', 'BTab');
  // As rxvt and the Linux console send F5, Ctrl-F6, Shift-Insert, Alt-Right and F2.
  for (const keys of ['[15~', '[17^', '[2$', '[[B']) term.keys('-l', `\x1b${keys}`);
  term.keys('-l', '\x1b\x1b[C');
  term.keys('-l', 'Z');
  await term.shows(/"oneZ Y"$/);
  term.keys('Enter');
  await term.shows(/"oneZ Y"\n"oneZ Y"\n月 >$/);
});
