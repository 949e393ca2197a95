// The reference: one page in two languages, the manual page, and `.help`, all from the program's own tables.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { wemoon, tempDir, startBot } = require('./harness');
const { openConsole } = require('./browser');

const page = async (t, lang, env) => (await wemoon(['docs', 'html', ...(lang ? ['--lang', lang] : [])], { cwd: tempDir(t), code: 0, env })).stdout;
const unescape = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

// Returns the names in the editor's annotations: every function of wechat.
function functions(t) {
  const file = path.join(tempDir(t), 'names.lua');
  const source = path.join(__dirname, '../../lua/');
  fs.writeFileSync(file, `package.path = "${source}?.lua;" .. package.path
    for name in require("meta.generate").text():gmatch("\\nfunction wechat%.([%w_.]+)") do print(name) end`);
  return wemoon(['exec', file], { code: 0 }).then(({ stdout }) => stdout.trim().split('\n'));
}
const keysOf = (help) => [...help.matchAll(/^ {2}--([a-z-]+)/gm)].map((match) => match[1].replaceAll('-', '_')).filter((key) => key !== 'config');

test('every function and every configuration key is in the page, in both languages, with an example', async (t) => {
  const names = await functions(t);
  assert.ok(names.length > 350, `${names.length}`);
  const { stdout: help } = await wemoon(['run', '--help'], { code: 0 });
  const keys = keysOf(help);
  assert.ok(keys.length > 40 && keys.includes('log_openid'), `${keys}`);
  for (const lang of ['en', 'zh']) {
    const text = await page(t, lang);
    for (const name of names) {
      const [, section] = text.split(`id="wechat.${name}"`);
      assert.ok(section, `${lang}: ${name}`);
      assert.match(unescape(section.split('<h3')[0]), new RegExp(`<pre>[^]*wechat\\.${name.replaceAll('.', '\\.')} ?[({]`), `${lang}: an example of ${name}`);
    }
    for (const key of keys) assert.ok(text.includes(`id="config.${key}"`), `${lang}: ${key}`);
    for (const hook of ['on_message', 'on_load', 'on_unload', 'on_error']) assert.ok(text.includes(`id="${hook}"`), hook);
    for (const what of ['msg.content', 'msg.thumb_media_id', 'msg.precision', 'menu:click', 'menu:sub']) assert.ok(text.includes(what), what);
  }
});

test('a function that gives a table of an endpoint\'s fields links to them, and an example has all that is needed', async (t) => {
  for (const [lang, words] of [['en', 'The table has the fields'], ['zh', '返回的表']]) {
    const text = await page(t, lang);
    const sectionOf = (name) => text.split(`id="wechat.${name}"`)[1].split('<h3')[0];
    assert.match(sectionOf('upload_media'), new RegExp(`<p>${words}[^\n]*<a href="#wechat\\.media\\.upload">`));
    for (const name of ['download_media', 'create_menu', 'ask']) assert.ok(!sectionOf(name).includes(words), name);
    for (const name of ['media.upload', 'material.add_material']) assert.match(unescape(sectionOf(name)), /\{ type = "image", media = "a\.jpg"/);
  }
});

test('in Chinese every function of wemoon\'s own and every key is said in Chinese', async (t) => {
  const text = await page(t, 'zh');
  const own = text.split('id="methods"')[1].split('id="menu"')[0].split('<h3 ').slice(1);
  for (const section of own) assert.match(section.split('</h3>')[1].split('</p>')[0], /[\u4e00-\u9fff]/, section.slice(0, 200));
  const fields = text.split('id="message"')[1].split('id="methods"')[0].split('<tr>').slice(1);
  assert.ok(fields.length >= 27, `${fields.length}`);
  for (const row of fields) assert.match(row.split('<td>')[3], /[\u4e00-\u9fff]/, row);
  const menu = text.split('id="menu"')[1].split('id="config"')[0].split('<h3 ').slice(1);
  for (const section of menu) assert.match(section.split('</h3>')[1].split('</p>')[0], /[\u4e00-\u9fff]/, section.slice(0, 200));
  const keys = text.split('id="config"')[1].split('</table>')[0].split('<tr ').slice(1);
  for (const row of keys) assert.match(row.split('<td>').at(-1), /[\u4e00-\u9fff]|stable/, row);
});

test('in Chinese no text of a field, a parameter or an endpoint is left in English', async (t) => {
  const text = await page(t, 'zh');
  const cells = [...text.matchAll(/<tr[^>]*><td><code>[^<]*<\/code><td>[^<]*<td>([^<\n]*)|<p>([^<]*)<\/p>/g)].map((match) => unescape(match[1] ?? match[2]));
  assert.ok(cells.length > 3000, `${cells.length}`);
  assert.deepEqual(cells.filter((cell) => /[A-Za-z]{2,} [A-Za-z]/.test(cell) && !/[\u4e00-\u9fff]/.test(cell)), []);
  const in_english = (cell) => /([A-Za-z']{2,}[ ,;:.()]+){3}[A-Za-z']{2,}/.test(cell.replace(/\{[^}]*\}|[a-z]+(\.[a-z]+){2,}/g, '').replace(/[\u4e00-\u9fff]+/g, '服务'));
  assert.deepEqual(cells.filter(in_english), [], 'a name in Chinese makes no sentence Chinese');
});

test('every endpoint links to its own page of the platform\'s documentation, or to a search for its path, in both languages', async (t) => {
  for (const lang of ['en', 'zh']) {
    const endpoints = (await page(t, lang)).split('id="endpoints"')[1].split('<h3 ').slice(1);
    assert.ok(endpoints.length > 540, `${endpoints.length}`);
    let own = 0;
    for (const section of endpoints) {
      const [, where] = /<p class="faint">[A-Z]+ <code>([^<]+)<\/code>/.exec(section);
      const search = `https://developers.weixin.qq.com/doc/search.html?doc_type=offiaccount&amp;query=${where}`;
      const [, link] = /<a href="([^"]+)" rel="noreferrer"/.exec(section);
      if (link === search) continue;
      assert.match(link, new RegExp(`^https://developers\\.weixin\\.qq\\.com/doc/service/${lang === 'en' ? 'en/' : ''}api/[A-Za-z/]+/api_[a-z_]+\\.html$`));
      own++;
    }
    assert.equal(own, 168, lang);
    const templates = endpoints.find((section) => section.startsWith('id="wechat.message.template.send"'));
    assert.match(templates, /\/api\/notify\/template\/api_sendtemplatemessage\.html"/);
  }
});

test('every example in it is Lua', async (t) => {
  const examples = [...(await page(t, 'en')).matchAll(/<pre>([^]*?)<\/pre>/g)].map((match) => unescape(match[1]));
  assert.ok(examples.length > 350);
  const file = path.join(tempDir(t), 'load.lua');
  fs.writeFileSync(file, examples.map((text, i) => `assert(load([=====[${text}]=====], "example ${i}"))\n`).join(''));
  await wemoon(['exec', file], { code: 0 });
});

// Runs the example that a message names, with all functions of wechat watched; replies what is not as the page says, or
// "fine".
const RUNS_EXAMPLES = `
local has = { HttpAnswer = "status", ApiError = "errmsg", Download = "body", Timer = "stop", Task = "join", Gate = "enter",
  HttpStream = "lines", Message = "type", Menu = "click", AccessToken = "access_token", JsapiTicket = "jsapi_ticket",
  JssdkConfig = "nonceStr" }
local lua = { string = true, number = true, boolean = true, table = true, integer = true }
local got, pending

local function watched(path, below)
  return setmetatable({}, { __index = function(_, name)
    local full, value = path .. name, below[name]
    if examples[full] then
      return function(...) got[full] = table.pack(value(...)) return table.unpack(got[full], 1, got[full].n) end
    end
    for known in pairs(examples) do
      if known:sub(1, #full + 1) == full .. "." then return watched(full .. ".", value) end
    end
    return value
  end })
end

local function is_one(value, kind)
  if kind == "any" then return true end
  if kind == "true" then return value == true end
  if kind == "Reply" then return tostring(value):find("^<xml>") ~= nil or tostring(value) == "success" end
  if kind:find("[]", 1, true) then return type(value) == "table" end
  if lua[kind] then return type(value) == kind or math.type(value) == kind end
  return value[has[kind] or error("what is a " .. kind)] ~= nil
end

local function is_as_said(value, said)
  if value == nil then return not said or said:sub(-1) == "?" or said == "any" end
  for kind in (said or "nothing"):gsub("%?$", ""):gmatch("[^|]+") do
    if is_one(value, kind) then return true end
  end
  return false
end

local function fault_of(name, values)
  if not values then return "it is not called" end
  if examples[name].returns == "-" then return nil end
  local said = {}
  for one in examples[name].returns:gmatch("[^,%s]+") do said[#said + 1] = one end
  for i = 1, math.max(values.n, #said == 0 and 0 or 1) do
    if not is_as_said(values[i], said[i]) then return ("value %d is %s, and not %s"):format(i, tostring(values[i]), said[i]) end
  end
end

local function run(msg, name)
  local env = setmetatable({ msg = msg, bot = require "wechat.bot", wechat = watched("", wechat),
    request = { query = { signature = "a", timestamp = "1", nonce = "b" }, body = "<xml/>" } }, { __index = _G })
  got = {}
  local ran, why = pcall(assert(load(examples[name].text, name, "t", env)))
  local fault = not ran and tostring(why) or examples[name].is_function and fault_of(name, got[name])
  return fault and name .. ": " .. fault or "fine"
end

function on_message(msg)
  if msg.type == "image" then return run(msg, pending) end
  if not examples[msg.content] then return "another message" end
  pending = msg.content
  return pending:find("download") and "send a picture" or run(msg, pending)
end`;
const RUNS_ALL = `test("examples", function()
  bot:answers("https://example.com/", { a = 1 })
  local alice, faults = bot:user("alice"), {}
  for _, name in ipairs(names) do
    local said = alice:says(name).text
    if said == "send a picture" then said = alice:sends_image().text end
    if name == "ask" then said = alice:says("小月").text end
    if name == "say" then said = "fine" end
    if said ~= "fine" then faults[#faults + 1] = said end
  end
  expect(table.concat(faults, "\\n")):is("")
end)`;
const NEEDS_A_DEVICE = /^response_device_/;

test('every example of a function runs on the simulated platform, and gives what the page says that it returns', async (t) => {
  const rows = [...(await page(t, 'en')).matchAll(/<h3 id="wechat\.([\w.]+)">([^]*?)<pre>([^]*?)<\/pre>/g)].filter(([, name]) => !NEEDS_A_DEVICE.test(name));
  assert.ok(rows.length > 500, `${rows.length} examples`);
  const dir = tempDir(t), lua = (text) => `[=====[${unescape(text)}]=====]`;
  const examples = rows.map(([, name, head, text]) => {
    const returns = /<p>Returns: <code>([^]*?)<\/code>/.exec(head)?.[1].replace(/<[^>]*>/g, '');
    return `[${JSON.stringify(name)}] = { is_function = ${!['config', 'json', 'log'].includes(name)}, returns = ${lua(returns ?? '-')}, text = ${lua(text)} }`;
  });
  fs.writeFileSync(path.join(dir, 'bot.lua'), `local examples = {\n${examples.join(',\n')} }\n${RUNS_EXAMPLES}`);
  fs.writeFileSync(path.join(dir, 'bot_spec.lua'), `local names = { ${rows.map(([, name]) => JSON.stringify(name)).join(', ')} }\n${RUNS_ALL}`);
  fs.writeFileSync(path.join(dir, 'config.lua'), 'return { partnerkey = "0123456789abcdef0123456789abcdef" }');
  for (const name of ['photo.jpg', 'a.jpg']) fs.writeFileSync(path.join(dir, name), 'a picture');
  const { stdout, stderr, code } = await wemoon(['test', path.join(dir, 'bot_spec.lua')], { cwd: dir });
  assert.equal(code, 0, stdout + stderr);
});

test('the examples of files, signatures and sessions are what a script would write', async (t) => {
  const text = unescape(await page(t, 'en'));
  const exampleOf = (name) => text.split(`id="wechat.${name}"`)[1].split('<pre>')[1].split('</pre>')[0];
  assert.match(exampleOf('upload_media'), /response_image\(answer\.media_id\)/);
  assert.match(exampleOf('download_media'), /picture:save\(wechat\.path/);
  assert.match(exampleOf('check_signature'), /q\.signature, q\.timestamp, q\.nonce/);
  assert.match(exampleOf('session'), /session\.visits = /);
});

test('the page is whole HTML whose links lead somewhere, with no outside resource', async (t) => {
  const text = await page(t, 'en');
  const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
  assert.equal(ids.size, [...text.matchAll(/ id="/g)].length, 'an id stands twice');
  for (const [, to] of text.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(to), to);
  assert.doesNotMatch(text, /<(script|link|img|iframe)|url\(|@import/);
  if (spawnSync('xmllint', ['--version']).error) return t.skip('no xmllint here');
  const { stderr, status } = spawnSync('xmllint', ['--html', '--noout', '-'], { input: text, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
});

test('without --lang the language is that of LANG; another one is refused', async (t) => {
  const env = { LC_ALL: '', LC_MESSAGES: '', LANG: 'zh_CN.UTF-8' };
  assert.match(await page(t, null, env), /<html lang="zh-CN">/);
  assert.match(await page(t, null, { ...env, LANG: 'C' }), /<html lang="en">/);
  await wemoon(['docs', 'html', '--lang', 'fr'], { code: 2 });
  assert.match((await wemoon(['docs', 'man'], { env })).stdout, /^\.SH 名称$/m);
  assert.match((await wemoon(['docs', 'man', '--lang=en'], { env })).stdout, /^\.SH NAME$/m);
  await wemoon(['docs', 'man', '--lang', 'fr'], { code: 2 });
});

test('the console has it at /reference, in the language of the browser', async (t) => {
  const bot = await startBot(t, { command: 'dev', config: { listen: '127.0.0.1:0' } });
  const get = async (where, headers) => (await fetch(`http://${bot.host}:${bot.port}${where}`, { headers })).text();
  assert.match(await get('/reference', { 'Accept-Language': 'zh-CN,zh;q=0.9' }), /<html lang="zh-CN">/);
  assert.match(await get('/reference', { 'Accept-Language': 'de,en;q=0.5' }), /<html lang="en">/);
  const english = await get('/reference?lang=en', { 'Accept-Language': 'zh' });
  assert.match(english, /id="wechat\.tag\.create"/);
  assert.match(english, /id="config\.token"/);
});

// The manual page as a text without its marks of where a line may break.
const manual = async (lang) => (await wemoon(['docs', 'man', '--lang', lang], { code: 0 })).stdout.replaceAll('\\:', '').replaceAll('\\%', '').replaceAll('\\-', '-');

test('the manual page has every command with all that its help says, in Chinese every text of them in Chinese', async () => {
  const { stdout: help } = await wemoon(['--help'], { code: 0 });
  const names = [...help.matchAll(/^ {2}wemoon ([a-z]+)/gm)].map((match) => match[1]);
  assert.ok(names.length >= 14, `${names}`);
  const english = await manual('en');
  const chinese = await manual('zh');
  for (const name of names) {
    const section = (text) => new RegExp(`^\\.SS wemoon ${name} ([^]*?)(?=^\\.S[SH] )`, 'm').exec(text)[1];
    const { stdout } = await wemoon([name, '--help'], { code: 0 });
    const [own] = stdout.split(/^ {2}-h, --help/m);
    const squeeze = (text) => text.replace(/\s+/g, ' ');
    const said = squeeze(section(english));
    for (const line of own.split('\n').slice(1).filter((one) => one !== '' && !/^Options |^ {2,}(-., )?--/.test(one))) {
      assert.ok(said.includes(squeeze(line)), `${name}: ${line}`);
    }
    const [summary, ...items] = section(chinese).split('.TP\n');
    assert.match(summary, /[\u4e00-\u9fff]+.*。\n/, name);
    assert.match(summary, name === 'docs' ? /。\n$/ : /。\n\.PP\n/, `${name}: the details are a paragraph of their own`);
    assert.doesNotMatch(summary.split('\n').slice(1).join('\n'), /([a-z']+ ){5}[a-z']+/, name);
    const options = [...own.matchAll(/^ {2}(?:-., )?--([a-z-]+)/gm)].map((match) => match[1]);
    assert.deepEqual(items.map((one) => /^\.B --([a-z-]+)/.exec(one)[1]), options, name);
    for (const one of items) assert.match(one.split('\n')[1], /[\u4e00-\u9fff]/, `${name}: ${one}`);
  }
});

test('the manual page has the functions with their parameters, message fields, hooks and menu builders', async (t) => {
  for (const lang of ['en', 'zh']) {
    const text = await manual(lang);
    for (const what of ['wechat.response_text(content, [escape])', 'msg.picurl', 'on_unload()', 'menu:click(', 'wechat.response_text("你好")']) {
      assert.ok(text.includes(what), `${lang}: ${what}`);
    }
  }
  if (spawnSync('lexgrog', ['--version']).error) return t.skip('no lexgrog here');
  for (const lang of ['en', 'zh']) {
    const file = path.join(tempDir(t), 'wemoon.1');
    fs.writeFileSync(file, (await wemoon(['docs', 'man', '--lang', lang], { code: 0 })).stdout);
    const { stdout: parsed, status } = spawnSync('lexgrog', [file], { encoding: 'utf8' });
    assert.equal(status, 0, parsed);
    for (const MANWIDTH of ['60', '80']) {
      const man = spawnSync('man', ['--warnings=w,break', '-l', file], { encoding: 'utf8', env: { ...process.env, MANPAGER: 'cat', MANWIDTH, LC_ALL: 'C.UTF-8' } });
      assert.equal(man.stderr, '', `${lang} ${MANWIDTH}`);
      assert.doesNotMatch(man.stdout, /\p{L}\u2010$/mu, `${lang}: a word is hyphenated`);
      assert.doesNotMatch(man.stdout, /^ *[，。、；：）”》]|[（“《]$/m, `${lang}: a line ends at the wrong place`);
    }
  }
});

test('the modules, and the types that functions take and give, are in the page, the manual page and .help', async (t) => {
  for (const lang of ['en', 'zh']) {
    const text = unescape(await page(t, lang));
    for (const what of ['bot.word(word, ..., answer)', 'model:reply(msg, [options])', 'wechat.spawn(fn, [...])']) assert.ok(text.includes(what), `${lang}: ${what}`);
    const options = text.split('id="wechat.http.get"')[1].split('<h3')[0];
    assert.match(options, /<a href="#type\.HttpOptions">HttpOptions<\/a>/);
    assert.match(text.split('id="type.HttpOptions"')[1].split('<h3')[0], /<code>timeout<\/code><td>number\?<td>.*30/);
    assert.match(text.split('id="wechat.path"')[1].split('<h3')[0], /<code>string<\/code>/);
  }
  const { stdout: man } = await wemoon(['docs', 'man'], { code: 0 });
  for (const what of ['.SS wechat.model', 'bot.text(pattern, answer)', '.B HttpStream']) assert.ok(man.includes(what), what);
  const { stdout: help } = await wemoon(['repl'], { input: '.help wechat.model\n.help bot.word\n.help wechat.http.get\n', cwd: tempDir(t) });
  assert.match(help, /model:forget\(msg\)/);
  assert.match(help, /bot\.word\("帮助"/);
  assert.match(help, /timeout number\? {2}seconds; 30/);
});

const CHINESE = { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'C.UTF-8' };

test('the reference says which error a call of the platform raises without an account, and it does', async (t) => {
  const { stderr } = await wemoon(['exec', '-e', 'wechat.get_menu()'], { cwd: tempDir(t), code: 1 });
  assert.match(stderr, /wechat\.get_menu needs appid and appsecret/);
  for (const lang of ['en', 'zh']) {
    for (const text of [unescape(await page(t, lang)), await manual(lang)]) assert.equal(text.split('wechat.NAME needs appid and appsecret').length, 3, lang);
  }
});

test('where the language is Chinese .help is: the list of commands, and what is known of a name', async (t) => {
  const ask = async (args, env, ...lines) => (await wemoon(['repl', ...args], { input: lines.map((line) => `.help ${line}\n`).join(''), cwd: tempDir(t), env, code: 0 })).stdout;
  const bot = await startBot(t, { script: 'function on_message() end' });
  const attached = [`--attach=${bot.dir}/wemoon-${bot.pid}.sock`];
  for (const args of [[], attached]) {
    const lines = (await ask(args, CHINESE, '')).trim().split('\n').filter((line) => line.startsWith('.') || line.startsWith('Ctrl'));
    const english = (await ask(args, { ...CHINESE, LC_MESSAGES: 'en_US.UTF-8' }, '')).trim().split('\n');
    assert.equal(lines.length, english.filter((line) => line.startsWith('.') || line.startsWith('Ctrl')).length);
    for (const line of lines) assert.match(line, /[\u4e00-\u9fff]/);
    assert.doesNotMatch(english.join('\n'), /[\u4e00-\u9fff]{3}/);
  }
  const names = ['.scan', 'wechat.tag.create', 'tag', 'upload_media', 'bot.word', 'wechat.model', 'late_reply', 'industry', 'ApiError', 'create_menu', 'wechat.short', 'wechat.sh'];
  const said = await ask([], CHINESE, ...names);
  for (const what of [/扫带该场景值的二维码/, /\n请求体：\n {2}tag\.name string {2}必填 最多 30 字节\n返回：\n/, /batch_tagging {2}给用户打标签。/, /\n上传临时素材，.*\n[^]*返回 table\?, ApiError\?\n返回的表与 wechat\.media\.upload/,
    /全角字母/, /model:forget\(msg\) {2}删除该用户的对话/, /config late_reply\n错过截止时间.*（auto）\n/, /set_template_industry {2}设置账号的两个行业/, /rid string\? {2}平台给该请求的编号/]) assert.match(said, what);
  const prose = said.split('\n').filter((line) => !/https:|wechat\.\w+[ ({]|^local|^if|^return/.test(line)).join('\n');
  assert.doesNotMatch(prose, /([a-z']+ ){4}[a-z']+/, 'no English sentence');
});

test('.help knows every key of the configuration, as flag and variable too, and finds it by a word', async (t) => {
  const { stdout: help } = await wemoon(['run', '--help'], { code: 0 });
  const ask = async (...words) => (await wemoon(['repl'], { input: words.map((word) => `.help ${word}\n`).join(''), cwd: tempDir(t) })).stdout;
  const all = await ask(...keysOf(help));
  for (const key of keysOf(help)) assert.match(all, new RegExp(`^config ${key}\n.{8}`, 'm'), key);
  assert.match(await ask('--late-reply'), /^config late_reply\n.*\(auto\)$/m);
  assert.match(await ask('WEMOON_LATE_REPLY'), /^config late_reply$/m);
  assert.match(await ask('path'), /wechat\.path\(.*config path\n/s, 'a function and a key of one name');
  assert.match(await ask('CIDR', '截止时间'), /config trusted_proxies\s.*config late_reply /s);
});

// Asks `.help` for each word; returns the answers.
async function ask_each(t, words, env) {
  const input = words.map((word, i) => `.help ${word}\nprint("answer ${i} ends")\n`).join('');
  const { stdout } = await wemoon(['repl'], { input, cwd: tempDir(t), env });
  return words.map((word, i) => stdout.split(`answer ${i} ends\n`)[0].split(`answer ${i - 1} ends\n`).at(-1));
}

test('.help knows every entry of the page, in its language', async (t) => {
  for (const [lang, env] of [['en', {}], ['zh', CHINESE]]) {
    const text = unescape(await page(t, lang));
    const section = (id) => text.split(`<h2 id="${id}">`)[1].split(/<h2 id="(?!wechat\.)/)[0];
    const codes = (part, before) => [...part.matchAll(new RegExp(`${before}<code>([^<]+)</code>`, 'g'))].map(([, code]) => code);
    const words = [
      ...[...text.matchAll(/<(?:h3|tr) id="(?:type\.|config\.|outcome\.)?([^"]+)"/g)].map(([, id]) => id),
      ...[...text.matchAll(/<h2 id="group\.([^"]+)"/g)].map(([, group]) => group),
      ...codes(section('message'), '<tr><td>'), ...codes(section('message'), '<h3>'), ...codes(section('log'), '<td>'),
      ...[...section('message').matchAll(/<h3>([^<]+)<\/h3>/g)].map(([, title]) => title),
      ...codes(section('modules'), '<h3>').filter((call) => /^(bot|model)[.:]/.test(call)).map((call) => call.split('(')[0]),
      ...[...section('types').split(/<h3 id="type\./)].slice(1).flatMap((part) => codes(part, '<tr><td>').map((name) => part.split('"')[0] + (name.startsWith(':') ? '' : '.') + name)),
    ];
    assert.ok(words.length > 700, `${words.length}`);
    for (const word of ['unanswered', 'ApiError.kind', 'msg.content', 'on_lost', 'menu:click', 'text', 'event location', 'late_reply', 'model:reply']) assert.ok(words.includes(word), word);
    // In Chinese every fourth: the names are the same, but for those of the kinds of messages.
    const asked = lang === 'en' ? words : words.filter((word, i) => i % 4 === 0 || /[\u4e00-\u9fff]/.test(word));
    const answers = await ask_each(t, asked, env);
    const unknown = asked.filter((word, i) => !answers[i].includes(word) || /^(error|错误)/.test(answers[i]));
    assert.deepEqual(unknown, [], lang);
  }
});

test('.help tells of what stands in the log: outcomes, kinds of errors; and of the commands', async (t) => {
  const [unanswered, outcomes, late_text, kind, send, menu] = await ask_each(t, ['unanswered', 'outcome', 'late_text', 'network', 'wemoon send', 'menu:click']);
  assert.match(unanswered, /^ {2}outcome unanswered {2}Not answered, so that the platform tries again\.\n/);
  assert.equal(outcomes.match(/^ {2}outcome \w+ {2}\S/gm).length, 10);
  assert.match(late_text, /^config late_text\n.*\n {2}outcome late_text {2}The deadline/, 'a key and an outcome of one name');
  assert.match(kind, /^ {2}ApiError\.kind {2}"api"\|"network"/);
  assert.match(send, /^wemoon send KIND \.\.\. \| xml FILE\nSend a message[^]*\n {2}image MEDIA_ID \[PIC_URL\]\n/);
  assert.equal(menu, 'menu:click(name, key)\nThe bot gets a click event.\n');
  const bot = await startBot(t, { script: 'function on_message() end' });
  const { stdout } = await wemoon(['repl', `--attach=${bot.dir}/wemoon-${bot.pid}.sock`], { input: '.help unanswered\n.help wemoon send\n', cwd: tempDir(t), env: CHINESE, code: 0 });
  assert.match(stdout, /outcome unanswered {2}没有答复，平台会再次投递。\n[^]*\nwemoon send KIND \.\.\. \| xml FILE\n.*[\u4e00-\u9fff]/);
});

test('.help searches for a word in names and in what is said of them, in Chinese too', async (t) => {
  const { stdout } = await wemoon(['repl'], { input: '.help industry\n.help 二维码\n.help thumb\n', cwd: tempDir(t) });
  assert.match(stdout, /wechat\.set_template_industry/);
  assert.match(stdout, /wechat\.create_qrcode/);
  assert.match(stdout, /msg\.thumb_media_id/);
});

test('axe-core finds nothing, and nothing is wider than the window: both languages, dark and light, wide and narrow', async (t) => {
  const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  for (const [locale, scheme, width] of [['zh-CN', 'light', 1280], ['en-US', 'dark', 1280], ['zh-CN', 'dark', 360], ['en-US', 'light', 360]]) {
    const { page: window, dev } = await openConsole(t, { script: 'function on_message() end', locale, scheme, width });
    await window.goto(`${dev.url}/reference`);
    assert.equal(await window.evaluate(() => document.documentElement.lang), locale === 'zh-CN' ? 'zh-CN' : 'en');
    assert.ok(await window.evaluate(() => document.documentElement.scrollWidth) <= width, `${locale} ${width}`);
    await window.evaluate(axe);
    // Sections of one heading look alike: one of each is looked at, since axe takes minutes for all 600.
    await window.evaluate(() => {
      let seen = 0;
      for (const element of [...document.querySelector('[role=main]').children]) {
        if (/^H[12]$/.test(element.tagName)) seen = 0;
        else if (element.tagName === 'H3') seen++;
        if (seen > 1) element.remove();
      }
    });
    const { violations } = await window.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
    assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes[0].html}`), [], `${locale} ${scheme} ${width}`);
  }
});

// What stands as code in a text: fenced blocks, tables' and lines' code spans.
const code_of = (text) => [...text.matchAll(/```[^]*?```|`[^`\n]+`/g)].map(([code]) => code).join('\n');

test('the Chinese half of the README names every command, option and key that the English half names', async () => {
  const halves = fs.readFileSync(path.join(__dirname, '../../README.md'), 'utf8').split('\n# 微月\n');
  assert.equal(halves.length, 2);
  const [english, chinese] = halves.map(code_of);
  const { stdout: commands } = await wemoon(['--help']);
  const { stdout: keys } = await wemoon(['run', '--help']);
  const names = [
    ...[...commands.matchAll(/^ {2}wemoon ([a-z]+) /gm)].map(([, name]) => `wemoon ${name}`),
    ...keysOf(keys),
    ...new Set(english.match(/ --[a-z-]+/g)),
  ];
  const named = (text, name) => new RegExp(`(^|[^\\w-])${name.trim()}($|[^\\w-])`, 'm').test(text);
  const wanted = names.filter((name) => named(english, name));
  assert.ok(wanted.length > 25, `${wanted}`);
  assert.deepEqual(wanted.filter((name) => !named(chinese, name)), []);
});
