// Every message and event of the platform, through the real binary, to a script that answers with what it received:
// the documented fields, the elements under the platform's own names, and the document. tests/data/messages holds
// each as NAME.xml and, in NAME.json, as { fields, elements }; a name in both is one of the fields.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { cdata, luaValue, parseXml, seal, signedQuery, startBot, textXml, unseal } = require('./harness');

const DATA = path.join(__dirname, '../data/messages');

// Parses JSON; integers of 16 digits and more, which a JavaScript number would round, become "#DIGITS".
const parseExact = (text) => JSON.parse(text.replace(/"(?:\\.|[^"\\])*"|-?\d{16,}/g, (one) => (one[0] === '"' ? one : `"#${one}"`)));

const samples = fs.readdirSync(DATA).filter((name) => name.endsWith('.xml')).map((file) => {
  const name = path.basename(file, '.xml');
  const { fields, elements } = parseExact(fs.readFileSync(path.join(DATA, `${name}.json`), 'utf8'));
  return { name, xml: fs.readFileSync(path.join(DATA, file), 'utf8'), elements, expected: { ...elements, ...fields } };
});
const names = [...new Set(samples.flatMap(({ expected }) => Object.keys(expected)))].sort();

// Reads each name that any message has, then iterates over all names of this message.
const SCRIPT = `
local names = ${luaValue(names)}

local function seen_by_name(msg)
  local seen = {}
  for _, name in ipairs(names) do seen[name] = msg[name] end
  return seen
end

local function seen_by_pairs(msg)
  local seen = {}
  for name, value in pairs(msg) do seen[name] = value end
  return seen
end

function on_message(msg)
  local kinds = { of_id = math.type(msg.id), of_time = math.type(msg.time), of_scale = math.type(msg.scale) }
  local text = wechat.json.encode{ by_name = seen_by_name(msg), by_pairs = seen_by_pairs(msg), kinds = kinds, raw = msg.raw }
  return wechat.response_raw("<xml><Seen><![CDATA[" .. text:gsub("]]>", "]]]]><![CDATA[>") .. "]]></Seen></xml>")
end
`;

function check(answer, sample, raw) {
  assert.equal(answer.status, 200, answer.body);
  assert.ok(answer.reply, 'the script was not asked');
  const seen = parseExact(answer.reply.Seen);
  delete seen.by_pairs.raw;
  assert.deepEqual(seen.by_name, sample.expected);
  assert.deepEqual(seen.by_pairs, sample.expected);
  for (const kind of Object.values(seen.kinds)) assert.equal(kind, 'integer');
  assert.equal(seen.raw, raw);
}

for (const mode of ['normal', 'compatible', 'safe']) {
  test(`every message reaches the script whole in ${mode} mode`, async (t) => {
    const bot = await startBot(t, { script: SCRIPT, mode });
    for (const sample of samples) {
      await t.test(sample.name, async () => check(await bot.deliver(sample.xml), sample, sample.xml));
    }
  });
}

// ---- every message and event --------------------------------------------------------------------------------------

// Whether the message has an element: "SendPicsInfo.PicList.item[].PicMd5Sum".
function hasElement(value, where) {
  const [, name, list, rest] = /^(\w+)(\[\])?\.?(.*)$/.exec(where);
  const inner = value && value[name];
  if (inner === undefined) return false;
  if (!rest) return true;
  return [].concat(inner).some((one) => hasElement(one, rest) || (list === undefined && hasElement(one, rest)));
}

test('the samples have every message and element that is known', () => {
  const known = fs.readFileSync(path.join(DATA, '../platform/messages.tsv'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
  const lacking = [];
  for (const line of known) {
    const [title, elements] = line.split('\t');
    const name = title.split(' ')[0].toLowerCase();
    const mine = samples.filter((sample) => (sample.elements.MsgType === 'event' ? sample.elements.Event : sample.elements.MsgType).toLowerCase() === name);
    if (mine.length === 0) lacking.push(title);
    for (const where of elements.split(', ').filter((one) => /^\w/.test(one))) {
      if (!mine.some((sample) => hasElement(sample.elements, where))) lacking.push(`${title}: ${where}`);
    }
  }
  assert.equal(known.length, 85);
  assert.deepEqual(lacking, []);
});

// ---- JSON push format ---------------------------------------------------------------------------------------------

// Values that look like numbers are sent as numbers.
function pushJson(value) {
  if (typeof value === 'string') return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(pushJson).join(',')}]`;
  return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${pushJson(one)}`).join(',')}}`;
}

test('every message is the same message when it is pushed as JSON', async (t) => {
  const bot = await startBot(t, { script: SCRIPT });
  for (const sample of samples) {
    await t.test(sample.name, async () => {
      const json = pushJson(sample.elements);
      check(await bot.deliver(json, { headers: { 'Content-Type': 'application/json' } }), sample, json);
    });
  }
});

test('a sealed JSON push is answered in sealed XML', async (t) => {
  const bot = await startBot(t, { script: SCRIPT, mode: 'safe' });
  for (const sample of samples.filter(({ name }) => /^(text|click|pic_weixin_three_items)$/.test(name))) {
    const json = pushJson(sample.elements);
    const sealed = seal(json);
    const answer = await bot.request({ query: signedQuery({ sealed }), body: JSON.stringify({ ToUserName: 'gh_1', Encrypt: sealed }) });
    assert.equal(answer.status, 200, answer.body);
    answer.reply = parseXml(unseal(parseXml(answer.body).Encrypt).xml);
    check(answer, sample, json);
  }
});

test('lists of a JSON push stay lists, of one member and of none too, and null is nil', async (t) => {
  const bot = await startBot(t, { script: `function on_message(msg)
    local by_name = { msg.One, msg.None, msg.Deep, msg.Pic, msg.Null == nil, msg.List }
    local all = {}
    for name, value in pairs(msg) do all[name] = value end
    return wechat.json.encode{ by_name, all.One, all.None, all.Deep, all.Pic, all.Null == nil, all.List }
  end` });
  const push = { ToUserName: 'gh', FromUserName: 'o', CreateTime: 1, MsgType: 'new_type',
    One: ['a'], None: [], Deep: [[1], []], Pic: { item: [{ Md5: 'x' }], List: { A: 1 } }, Null: null, List: [{ A: 1 }] };
  const expected = [['a'], [], [['1'], []], { item: [{ Md5: 'x' }], List: [{ A: '1' }] }, true, [{ A: '1' }]];
  const answer = await bot.deliver(JSON.stringify(push));
  assert.deepEqual(JSON.parse(answer.reply.Content), [expected, ...expected]);
});

test('a subscribe message event of JSON is the same message as in XML', async (t) => {
  const bot = await startBot(t, { script: `function on_message(msg)
    return wechat.json.encode{ msg.SubscribeMsgPopupEvent.List, msg.List }
  end` });
  for (const List of [{ TemplateId: 'T', PopupScene: '2' }, [{ TemplateId: 'T', PopupScene: '2' }]]) {
    const answer = await bot.deliver(JSON.stringify({ ToUserName: 'gh', FromUserName: `o${Array.isArray(List)}`, CreateTime: 1,
      MsgType: 'event', Event: 'subscribe_msg_popup_event', List }));
    const list = [{ TemplateId: 'T', PopupScene: '2' }];
    assert.deepEqual(JSON.parse(answer.reply.Content), [list, list]);
  }
});

// ---- users' texts -------------------------------------------------------------------------------------------------

const ECHO = 'function on_message(msg) return msg.content and (msg.content .. "|" .. #msg.content) or nil end';
const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const around = (content) => {
  const [before, after] = textXml('SPLIT').split('SPLIT');
  return bytes(before, content, after);
};

test('text arrives as it was sent', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const same = async (content, sent = cdata(content)) => {
    const answer = await bot.deliver(textXml('').replace('<![CDATA[]]>', () => sent));
    assert.equal(answer.reply && answer.reply.Content, `${content}|${Buffer.byteLength(content)}`);
  };
  await same('你好，世界 🌙');
  await same('  spaces and\ttabs\nand lines  ');
  await same('a ]]> b ]]]]>> c');
  await same('&amp; &lt; &#65; stay as they are in CDATA');
  await same('<&>"\'A月', '&lt;&amp;&gt;&quot;&apos;&#65;&#x6708;');
  await same('&lt; decoded once', '&amp;lt; decoded once');
  await same('parts joined', 'parts<![CDATA[ joi]]>ned');
  await same('%s %d %n ${x} \\u4f60');
});

test('characters that XML forbids are dropped and broken UTF-8 is replaced', async (t) => {
  const bot = await startBot(t, { script: ECHO });
  const arrives = async (sent, expected) => {
    const answer = await bot.deliver(around(sent));
    assert.equal(answer.status, 200);
    assert.equal(answer.reply.Content, `${expected}|${Buffer.byteLength(expected)}`);
  };
  await arrives('a\u0000b\u0001c\u0008d\u000be\u001ff', 'abcdef');
  await arrives('bell\u0007', 'bell');
  await arrives('\ufffe and \uffff', '\ufffd and \ufffd');
  await arrives(bytes('half ', [0xe4, 0xbd]), 'half \ufffd');
  await arrives(bytes([0xff], ' not a byte of UTF-8'), '\ufffd not a byte of UTF-8');
});

test('a text of control characters alone is an empty text', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) return "[" .. msg.content .. "]" end' });
  const answer = await bot.deliver(around('\u0001\u0002'));
  assert.equal(answer.reply.Content, '[]');
});

test('what the script answers is well-formed whatever it holds', async (t) => {
  const bot = await startBot(t, {
    script: 'function on_message(msg) return wechat.base64.decode(msg.content) end',
  });
  const comesBack = async (sent, expected) => assert.equal(await bot.say(Buffer.from(sent).toString('base64')), expected);
  await comesBack('a ]]> b', 'a ]]> b');
  await comesBack('\u0000\u0001tab\there', 'tab\there');
  await comesBack('\ufffe', '\ufffd');
  await comesBack(bytes([0xff], 'x'), '\ufffdx');
  await comesBack('<xml>&amp;</xml>', '<xml>&amp;</xml>');
});

test('2048 bytes of Chinese go out whole, and more is cut at a character', async (t) => {
  const bot = await startBot(t, { script: 'function on_message(msg) return ("微"):rep(tonumber(msg.content)) end' });
  assert.equal(await bot.say('682'), '微'.repeat(682)); // 2046 bytes
  assert.equal(await bot.say('683'), '微'.repeat(682));
  assert.equal(await bot.say('5000'), '微'.repeat(682));
});

for (const mode of ['normal', 'compatible', 'safe']) {
  test(`every kind of reply is rendered as the platform documents it, in ${mode} mode`, async (t) => {
    const bot = await startBot(t, { mode, script: `
      local replies = {
        image = function() return wechat.response_image("m1") end,
        voice = function() return wechat.response_voice("m2") end,
        video = function() return wechat.response_video("m3", "T", "D") end,
        music = function() return wechat.response_music("https://a/b.mp3", "T", "D", "https://a/hq.mp3", "th") end,
        news = function() return wechat.response_news{ { title = "A", description = "B", picurl = "p", url = "u" } } end,
        transfer = function() return wechat.group_transfer_message() end,
        agent = function() return wechat.group_transfer_message("luna@moon") end,
        raw = function() return wechat.response_raw("<xml><MsgType>own</MsgType></xml>") end,
      }
      function on_message(msg) return replies[msg.content] and replies[msg.content]() end` });
    const reply = async (content) => {
      const answer = await bot.deliver(textXml(content));
      assert.equal(answer.status, 200, answer.body);
      if (!answer.reply) return null;
      const { ToUserName, FromUserName, CreateTime, ...rest } = answer.reply;
      if (content !== 'raw') {
        assert.ok(ToUserName.startsWith('o') && FromUserName.startsWith('gh_'), 'addressed to the sender');
        assert.ok(Math.abs(Number(CreateTime) - Date.now() / 1000) < 60);
      }
      return rest;
    };
    assert.deepEqual(await reply('image'), { MsgType: 'image', Image: { MediaId: 'm1' } });
    assert.deepEqual(await reply('voice'), { MsgType: 'voice', Voice: { MediaId: 'm2' } });
    assert.deepEqual(await reply('video'), { MsgType: 'video', Video: { MediaId: 'm3', Title: 'T', Description: 'D' } });
    assert.deepEqual(await reply('music'), { MsgType: 'music',
      Music: { Title: 'T', Description: 'D', MusicUrl: 'https://a/b.mp3', HQMusicUrl: 'https://a/hq.mp3', ThumbMediaId: 'th' } });
    assert.deepEqual(await reply('news'), { MsgType: 'news', ArticleCount: '1',
      Articles: { item: { Title: 'A', Description: 'B', PicUrl: 'p', Url: 'u' } } });
    assert.deepEqual(await reply('transfer'), { MsgType: 'transfer_customer_service' });
    assert.deepEqual(await reply('agent'), { MsgType: 'transfer_customer_service', TransInfo: { KfAccount: 'luna@moon' } });
    assert.deepEqual(await reply('raw'), { MsgType: 'own' });
    assert.equal(await reply('nothing'), null);
  });
}

test('more articles than the platform takes are dropped and logged', async (t) => {
  const bot = await startBot(t, { script: `
    function on_message(msg)
      local articles = {}
      for i = 1, 10 do articles[i] = { title = "T" .. i } end
      return wechat.response_news(articles)
    end` });
  const toText = (await bot.deliver(textXml('x'))).reply;
  assert.equal(toText.ArticleCount, '1');
  assert.equal(toText.Articles.item.Title, 'T1');
  const toEvent = (await bot.deliver(samples.find(({ name }) => name === 'click').xml)).reply;
  assert.equal(toEvent.ArticleCount, '8');
  assert.deepEqual(toEvent.Articles.item.map((item) => item.Title), ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8']);
  await bot.waitForLog(/article/);
});

// ---- formatting in other SDKs' tests ------------------------------------------------------------------------------

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#13;');

// Returns all elements of `value`, each after the line break `line` and its indentation, or in one line if `line` is
// empty; `leaf(text)` returns an element's content.
function shaped(value, leaf, line = '', depth = 1) {
  const space = line && line + '  '.repeat(depth);
  const one = (name, inner) => {
    if (Array.isArray(inner)) return inner.map((each) => one(name, each)).join('');
    if (typeof inner === 'object') return `${space}<${name}>${shaped(inner, leaf, line, depth + 1)}${space}</${name}>`;
    const text = inner.replace(/^#/, '');
    return `${space}${text === '' ? `<${name}/>` : `<${name}>${leaf(text, space)}</${name}>`}`;
  };
  return Object.entries(value).map(([name, inner]) => one(name, inner)).join('');
}

const SHAPES = {
  'everything in CDATA, on one line': (elements) => `<xml>${shaped(elements, cdata)}</xml>`,
  'nothing in CDATA, attributes, a comment': (elements) => `<!-- a sample --><xml version="1.0">${shaped(elements, escaped)}</xml>\n`,
  'laid out, with a declaration and CRLF': (elements) =>
    `\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<xml>${shaped(elements, cdata, '\r\n')}\r\n</xml>\r\n`,
  'each section on a line of its own': (elements) =>
    `<xml>${shaped(elements, (text, space) => `${space}  ${cdata(text)}${space}`, '\n')}\n</xml>`,
};

for (const [shape, write] of Object.entries(SHAPES)) {
  test(`every message is the same one: ${shape}`, async (t) => {
    const bot = await startBot(t, { script: SCRIPT });
    for (const sample of samples) {
      const answer = await bot.deliver(write(sample.elements));
      assert.equal(answer.status, 200, `${sample.name}: ${answer.body}\n${bot.log.slice(-300)}`);
      const seen = parseExact(answer.reply.Seen);
      delete seen.by_pairs.raw;
      assert.deepEqual(seen.by_pairs, sample.expected, sample.name);
    }
  });
}

const ENVELOPES = {
  'Encrypt first, others behind': (sealed) => `<xml><Encrypt><![CDATA[${sealed}]]></Encrypt><ToUserName><![CDATA[gh_1]]></ToUserName><AgentID/></xml>`,
  'no ToUserName': (sealed) => `<xml><Encrypt>${sealed}</Encrypt></xml>`,
  'laid out, wrapped at 64': (sealed) => `<?xml version="1.0"?>\r\n<xml>\r\n  <Encrypt>\r\n    <![CDATA[${sealed.replace(/.{64}/g, '$&\r\n')}]]>\r\n  </Encrypt>\r\n</xml>`,
  'JSON on several lines': (sealed) => JSON.stringify({ ToUserName: 'gh_1', Encrypt: sealed, AgentID: null }, null, 2),
  'JSON with escaped slashes': (sealed) => `{"Encrypt":"${sealed.replace(/\//g, '\\/')}"}`,
};

for (const [shape, write] of Object.entries(ENVELOPES)) {
  test(`sealed messages are opened: ${shape}`, async (t) => {
    const bot = await startBot(t, { script: SCRIPT, mode: 'safe' });
    for (const sample of samples.filter((_, i) => i % 10 === 0)) {
      const sealed = seal(sample.xml);
      const answer = await bot.request({ query: signedQuery({ sealed }), body: write(sealed) });
      assert.equal(answer.status, 200, `${answer.body}\n${bot.log.slice(-300)}`);
      assert.deepEqual(parseExact(parseXml(unseal(parseXml(answer.body).Encrypt).xml).Seen).by_name, sample.expected, sample.name);
    }
  });
}
