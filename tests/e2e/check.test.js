// What `wemoon check` finds in a script without running it, and "did you mean" at run time.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { wemoon, tempDir, writeFiles, startBot } = require('./harness');

const SCRIPTS = path.join(__dirname, '../../scripts');

// Returns a script's findings, without the folder: ["bot.lua:2:10: there is no ..."].
async function check(t, script, { files = {}, code = 1 } = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': script, ...files });
  const { stderr } = await wemoon(['check', path.join(dir, 'bot.lua'), '--token', 'aToken'], { cwd: dir, code });
  return stderr.split('\n').filter((line) => line.startsWith('wemoon: check: ')).map((line) => line.slice(15).replaceAll(`${dir}/`, ''));
}
const agree = (found, expected) => {
  if (!expected.some((one) => one instanceof RegExp)) return assert.deepEqual(found, expected);
  assert.equal(found.length, expected.length, found.join('\n'));
  return expected.forEach((one, i) => assert.match(found[i], one));
};
const finds = (name, script, expected, options) => test(name, async (t) => agree(await check(t, script, options), expected));
const passes = (name, script, files) => test(name, async (t) => assert.deepEqual(await check(t, script, { files, code: 0 }), []));
const answer = (body) => `function on_message(msg)\n  ${body}\nend\n`;

finds('an unknown name of wechat has its place and the nearest name', answer('return wechat.respons_text("x")'),
  ['bot.lua:2:17: there is no wechat.respons_text; did you mean wechat.response_text?']);
test('the warnings of account and time zone stand beside the faults of the script', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': answer('return wechat.respons_text("x")') });
  const { stderr } = await wemoon(['check', 'bot.lua'], { cwd: dir, code: 1, env: { TZ: 'Asia/Beijing' } });
  for (const said of [/there is no wechat\.respons_text/, /warning: no account is configured/, /warning: .*TZ.*Asia\/Beijing/]) assert.match(stderr, said);
});
finds('columns are counted in characters', answer('local text = "你好" .. wechat.respons_text("x")'),
  ['bot.lua:2:31: there is no wechat.respons_text; did you mean wechat.response_text?']);
finds('names of groups and of tools are known', answer('wechat.tag.creat{ tag = { name = "a" } } wechat.jsn.encode(1) wechat.json.encod(1)'), [
  'bot.lua:2:14: there is no wechat.tag.creat; did you mean wechat.tag.create?',
  'bot.lua:2:51: there is no wechat.jsn; did you mean wechat.json?',
  'bot.lua:2:77: there is no wechat.json.encod; did you mean wechat.json.encode?']);
finds('a local name for a part of wechat is followed', `local tag <const> = wechat.tag\n${answer('return tag.lst()')}`,
  ['bot.lua:3:14: there is no wechat.tag.lst; did you mean wechat.tag.list?']);
finds('a reply that is made and not returned', `local text = wechat.response_text
function on_message(msg)
  if msg.type == "image" then wechat.response_image(msg.media_id) end
  text "你好"
  wechat.group_transfer_message()
end`, ['bot.lua:3:38: the reply is made and dropped: write return wechat.response_image(...)',
  'bot.lua:4:3: the reply is made and dropped: write return wechat.response_text(...)',
  'bot.lua:5:10: the reply is made and dropped: write return wechat.group_transfer_message(...)']);
passes('so do calls of what is not wechat, and a reply that says nothing', `local model = require "wechat.model"
local function own() end
function on_message(msg)
  own()
  msg.note = own
  msg.note()
  model{ url = "http://a", model = "b" }
  wechat.response_none()
end`);
passes('so does a reply that is made by pcall, whatever becomes of it', `local text = wechat.response_text
local function reply(words) return wechat.response_text(words) end
function on_message(msg)
  pcall(wechat.response_text, "a")
  xpcall(text, print, "b")
  local ok, made = pcall(text, "c")
  local good, other = pcall(reply, "d")
  return good and other or ok and made
end`);
passes('what a script does with the location itself passes', answer(`setmetatable(msg.location, { __index = { lat = 1 } })
  return msg.location.lat`));
passes('and what it puts in the place of the message', answer(`msg = { location = { lat = 1 } }
  local place = msg.location
  return place.lat`));
passes('but one that is said, kept or turned into text passes', answer(`wechat.say(wechat.response_text("a"))
  local kept = wechat.response_text("b")
  print(wechat.response_text("c"))
  wechat.send_text_message(msg.source, "d")
  return kept`));
finds('a field that no message has', answer('return msg.contnet'),
  ['bot.lua:2:14: no type of message has a field contnet; did you mean content?']);
finds('so in what wechat.get_message and wechat.ask give, and in handlers of wechat.bot', `local bot = require "wechat.bot"
bot.text("x", function(m) return m.contnt end)
function on_message()
  local one = wechat.get_message()
  local two = wechat.ask("?")
  return one.typ .. two.conten
end`, ['bot.lua:2:36: no type of message has a field contnt; did you mean content?',
  'bot.lua:6:14: no type of message has a field typ; did you mean type?',
  'bot.lua:6:25: no type of message has a field conten; did you mean content?']);
finds('so in a named function that handles messages, wherever it becomes a handler', `local bot = require "wechat.bot"
local function weather(m) return m.contnt end
local greet = function(m) return m.contnt end
function news(m) return m.contnt end
bot.text("x", weather)
bot.click("NEWS", news)
local function answer(m) return m.contnt end
on_message = answer`, [2, 4, 7].map((line) => `bot.lua:${line}:${line === 2 ? 36 : line === 4 ? 27 : 35}: no type of message has a field contnt; did you mean content?`));
passes('a named function that the script calls itself, with what may be no message, passes', `local bot = require "wechat.bot"
local function show(m) return m.caption end
bot.text("x", show)
bot.word("y", function() return show{ caption = "z" } end)
on_message = bot.on_message`);
passes('and one that is a value too, which others may call with anything', `local bot = require "wechat.bot"
local function show(x) return x.headline or x.content end
local function page_of(item) return item.page or 1 end
function news(item) return item.caption end
local say = function(m) return m.content end
local named = { page = page_of }
bot.text("news", show)
bot.click("PAGE", page_of)
bot.word("latest", news)
bot.default(function(msg) local ok, text = pcall(show, { headline = "h" }) return text .. named.page{ page = 2 } .. say(msg) end)
wechat.every(60, function() _G.news{ caption = "c" } end)
on_message = bot.on_message`);
passes('so on_message that the script calls itself', `function on_message(msg) return msg.caption or msg.content end
wechat.every(60, function() on_message{ caption = "c" } end)`);
for (const [what, before] of [['a byte order mark', '\ufeff'], ['a first line for the shell', '#!/usr/bin/env wemoon\n']]) {
  finds(`a script is read behind ${what}`, `${before}${answer('return msg.contnet')}`,
    [`bot.lua:${before.length > 1 ? 3 : 2}:14: no type of message has a field contnet; did you mean content?`]);
}
finds('a hook by a name that is near to one', `${answer('return "a"')}function on_laod() end\non_eror = function() end\nfunction on_air() end\n`, [
  'bot.lua:4:10: nobody calls on_laod; did you mean on_load?',
  'bot.lua:5:1: nobody calls on_eror; did you mean on_error?']);
passes('every hook passes, and functions that are two letters away from one', `${answer('return "a"')}function on_load(state) end
function on_unload() end
on_error = function(err, msg) end
function on_lost(msg, lost) end
function on_passages() end
function on_lists() end`);
const kinds = 'function on_list(msg) return msg.content end\nfunction on_post(msg) return "p" end\nfunction on_test(msg) return "t" end\n';
for (const find of ['_G["on_" .. msg.type]', 'rawget(_G, "on_" .. msg.type)', '_ENV["on_" .. msg.type]', 'load("return on_" .. msg.type)()']) {
  passes(`functions that a script finds by ${find} pass`, `${kinds}${answer(`local f = ${find} return f and f(msg)`)}`);
}
for (const [what, before] of [['a path of its own', 'package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "lib/?.lua;" .. package.path\nrequire "names"\n'],
  ['a computed name', 'require("lib." .. "names")\n'], ['pcall', 'local ok, names = pcall(require, "lib.names")\n'], ['another name for it', 'local need = require\nneed "lib.names"\n'],
  ['_G', '_G.require("lib.names")\n'], ['dofile', 'dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "lib/names.lua")\n']]) {
  const reads = what === 'pcall' || what === '_G';
  finds(`globals that a file sets that is required by ${what} pass, and what it gives a message; ${reads ? 'so do' : 'notes are'} fields of wechat and Lua's library`,
    `${before}function on_list() return tostr(1) end
${answer('mark(msg) return menu.x .. store.x .. tostr(1) .. msg.mark .. wechat.helper() .. string.spilt("a")')}`, reads ? [] : [
      /: note: globals are not checked: \w+ \(bot\.lua:\d\) may set tostr and others$/,
      /: note: there is no wechat\.helper$/, /: note: there is no string\.spilt$/], { code: 0, files: { 'lib/names.lua': `menu = { x = "m" } store = { x = "s" } tostr = tostring
function mark(m) m.mark = "x" end
function wechat.helper() return on_list() end
function string.spilt(text) return text end` } });
}
finds('a table of functions that is called', `local bot = require "wechat.bot"
${answer('wechat.log("x") bot("a", "b") wechat.tag{} string("a") wechat("x") local log = wechat.log log("a") return wechat.response_text("a")')}`, [
  'bot.lua:3:10: wechat.log is a table of functions: call one of them, such as wechat.log.info',
  /bot\.lua:3:19: bot is a table of functions: call one of them, such as bot\.\w+$/,
  /bot\.lua:3:40: wechat\.tag is a table of functions: call one of them/,
  'bot.lua:3:46: string is a table of functions: call one of them, such as string.byte',
  /bot\.lua:3:58: wechat is a table of functions/,
  'bot.lua:3:93: wechat.log is a table of functions: call one of them, such as wechat.log.info'].map((one) =>
  (one instanceof RegExp ? one : new RegExp(`^${one.replaceAll('.', '\\.')}$`))));
test('and what calling one raises names a function of it', async (t) => {
  const { stderr } = await wemoon(['exec', '-e', 'wechat.log("x")'], { cwd: tempDir(t), code: 1 });
  assert.match(stderr, /wechat\.log is a table of functions: call one of them, such as wechat\.log\.info/);
});
finds('a module that is missing, in a function too', answer('local m = require "mymdo" return wechat.http.gett("x"), pritn(1), string.fmt("x"), msg.contnt'), [
  'bot.lua:2:21: there is no module mymdo beside the script, in its lua_modules or along package.path',
  'bot.lua:2:48: there is no wechat.http.gett; did you mean wechat.http.get?', 'bot.lua:2:59: there is no global pritn; did you mean print?',
  'bot.lua:2:76: there is no string.fmt', 'bot.lua:2:90: no type of message has a field contnt; did you mean content?']);
finds('and a misspelt one of wemoon, each time', answer('local a = require("wechat.bto") return require "wechat.modl"'), [
  'bot.lua:2:21: there is no module wechat.bto beside the script, in its lua_modules or along package.path; did you mean wechat.bot?',
  'bot.lua:2:50: there is no module wechat.modl beside the script, in its lua_modules or along package.path; did you mean wechat.model?']);
test('one that is missing where the script loads is told once', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': `require "nix"\n${answer('return "a"')}` });
  const { stderr } = await wemoon(['check', 'bot.lua', '--token', 'aToken'], { cwd: dir, code: 1 });
  assert.match(stderr, /^wemoon: bot\.lua:1: module 'nix' not found:/);
  assert.doesNotMatch(stderr, /there is no module/);
});
const cycle = (place, chain) => `${place}: require goes in a cycle: ${chain}; one of them must require the other in a function, where it is used`;
test('modules that require each other while they load are told once, with the cycle', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': `local a = require "a"\n${answer('return a')}`, 'a.lua': '\nlocal b = require "b"', 'b.lua': 'local a = require "a"' });
  for (const [LANG, said] of [['C', cycle('b.lua:1', 'a.lua:2 -> b.lua:1 -> a.lua')], ['zh_CN.UTF-8', /require/]]) {
    const { stderr } = await wemoon(['check', 'bot.lua', '--token', 'aToken'], { cwd: dir, code: 1, env: { LANG } });
    assert.equal(stderr.split(' -> ').length, 3, stderr);
    if (LANG === 'C') assert.ok(stderr.startsWith(`wemoon: ${said}\n`), stderr);
  }
});
// These raise before they come to their cycle.
finds('a cycle is found without running it: of two, of one, with the script', `error "early" require "a" require "self" require "back"`, [
  cycle('back.lua:1:9', 'bot.lua:1 -> back.lua:1 -> bot.lua'), cycle('self.lua:1:9', 'self.lua:1 -> self.lua'),
  cycle('way/init.lua:1:20', 'a.lua:1 -> way/init.lua:1 -> a.lua')], {
  files: { 'a.lua': 'require "way"', 'way/init.lua': 'local ok = require("a")', 'self.lua': 'require "self"', 'back.lua': 'require "bot"' } });
for (const [where, a] of Object.entries({
  'in a function': 'local function b() return require "b" end return b',
  'under a condition': 'if never then local b = require "b" end never = false',
  'under pcall': 'local ok, b = pcall(require, "b") local also = pcall(function() return require "b" end) return ok, b, also',
  'after they said what they give': 'package.loaded[...] = true return require "b"',
})) finds(`modules that require each other ${where} pass`, 'error "early" require "a"', [], { files: { 'a.lua': a, 'b.lua': 'return require "a"' } });
finds('where code that is not read may say what is loaded, a cycle is a note', 'error "early" dofile "x" require "a"', [
  cycle('b.lua:1:16', 'a.lua:1 -> b.lua:1 -> a.lua').replace('require goes', 'note: require goes')],
{ files: { 'a.lua': 'return require "b"', 'b.lua': 'return require "a"' } });
const missing = (place, name) => `bot.lua:${place}: note: there is no module ${name} beside the script, in its lua_modules or along package.path`;
finds('one that is required under a condition, or in a function that others call, is a note', `if _VERSION < "Lua 5.3" then require "a" elseif _VERSION == "x" then require "b" end
local bit = _VERSION == "Lua 5.1" and require "c" or nil
local function opt() return require "d" end
local other = function() return require "e" end
local M = {} function M.load() return require "f" end
local ok = pcall(opt) and xpcall(other, print) and pcall(M.load)
while os.getenv("NEVER") do require "g" end
wechat.spawn(function() local function inner() return require "h" end return inner() end)
local function early(x) if x then return end require "i" end
${answer('early(1) return ok and bit')}`, [missing('1:38', 'a'), missing('1:78', 'b'), missing('2:47', 'c'), missing('3:37', 'd'), missing('4:41', 'e'),
  missing('5:47', 'f'), missing('7:37', 'g'), missing('8:63', 'h'), missing('9:54', 'i')], { code: 0 });
finds('and a fault where a call of its function comes to it, whatever is around that', `if os.getenv("NEVER") then function helper() if helper then print("a") end do repeat require "a" until true end end end
local f = os.getenv("NEVER") or function() for _ = 1, 2 do print("b") end return require "b" end
${answer('if require "c" then return f() end')}`, [missing('1:94', 'a'), missing('2:90', 'b'), missing('4:14', 'c')].map((one) => one.replace('note: ', '')));
test('a note of one that loading misses is told once', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': `if wechat then require "nix" end\n${answer('return "a"')}` });
  const { stderr } = await wemoon(['check', 'bot.lua', '--token', 'aToken'], { cwd: dir, code: 1 });
  assert.match(stderr, /^wemoon: bot\.lua:1: module 'nix' not found:/);
  assert.doesNotMatch(stderr, /there is no module/);
});
passes('a library that the script gives a metatable, or fills with rawset, passes', `setmetatable(math, { __call = function(_, x) return x end })
for name, f in pairs{ trim = function(s) return s end } do rawset(string, name, f) end
${answer('return string.trim(tostring(math(1)))')}`);
passes('a missing module under pcall passes, one of Lua\'s own, and one where the script has to do with `package`', `local ok, one = pcall(require, "one")
local ok2, two = pcall(function() return require "two" end)
local text = require "string"
${answer('return text.rep("a", ok and 1 or ok2 and 2 or 3)')}`);
passes('one that is found by a path of the script\'s passes', `package.path = "./elsewhere/?.lua;" .. package.path\n${answer('return require("names")')}`);
finds('a module of others in lua_modules hides no globals and fields of messages, and what it sets is known', `local other = require "other"
${answer('return other.get(globby, string.dashes(), string.fmt(), pritn, msg.mark, msg.contnt)')}`, [
  'bot.lua:3:52: note: there is no string.fmt', 'bot.lua:3:59: there is no global pritn; did you mean print?',
  'bot.lua:3:80: no type of message has a field contnt; did you mean content?'], { files: { 'lua_modules/share/lua/5.4/other.lua': `local m = {}
globby = 1
local inner = require "other.inner"
function string.dashes() end
function m.get(t) t.mark = 1 for k, v in pairs(t) do t[k] = v end end
return m`, 'lua_modules/share/lua/5.4/other/inner.lua': 'local f <const> = require "elsewhere_missing" and pritnn return 1' } });
finds('dofile and load hide globals, which is said once, and make unknown names notes', answer('dofile("x.lua") load("x") return wechat.http.gett("x"), pritn(1), string.fmt("x"), menuu, msg.contnt'), [
  'bot.lua:2:48: note: there is no wechat.http.gett; did you mean wechat.http.get?',
  'bot.lua:2:59: note: globals are not checked: dofile (bot.lua:2) may set pritn and others', 'bot.lua:2:76: note: there is no string.fmt',
  'bot.lua:2:97: no type of message has a field contnt; did you mean content?']);
finds('a module by a constant name that is there is read, and no other', `require("names")\nlocal bot = require "wechat.bot"\n${answer('return tostr(1) .. menu.x')}`,
  ['bot.lua:4:22: there is no global menu; did you mean wechat.menu?'], { files: { 'names.lua': 'tostr = tostring' } });
passes('names in an environment of the script\'s own pass', `local function with(_ENV) return menu .. store end
do
  local _ENV = { wechat = { anything = tostring }, store = "c" }
  function on_message(msg) return msg.anything end
  x = store wechat.anything(0)
end
${answer('return with { menu = "a", store = "b" }')}`);
passes('so where _ENV is set', `${answer('return menu.x')}_ENV = { on_message = on_message, menu = { x = "m" } }`);
finds('globals that are near to a name that there is', answer('pritn("a") local t = response_text("a") return wechta.response_text(t)'), [
  'bot.lua:2:3: there is no global pritn; did you mean print?',
  'bot.lua:2:24: there is no global response_text; did you mean wechat.response_text?',
  'bot.lua:2:50: there is no global wechta; did you mean wechat?']);
passes('globals that a file sets, or may set where nobody sees it, pass', `require "names"\n${answer('return pritn(msg)')}`, { 'names.lua': 'function pritn(x) return x.content end' });
finds('so where a script writes to _G, with a note', `for _, name in ipairs{ "pritn" } do _G[name] = print end\n${answer('return pritn(msg)')}`,
  ['bot.lua:3:10: note: globals are not checked: _G (bot.lua:1) may set pritn and others'], { code: 0 });
finds('a colon where a dot belongs', answer('wechat.store:get("a") return wechat:response_text("x")'), [
  'bot.lua:2:16: write wechat.store.get with a dot',
  'bot.lua:2:39: write wechat.response_text with a dot']);
passes('a colon where the script has set a method of its own, and arguments of a function of its own, pass', `function wechat.http:get_json(url) return self.get(url) end
wechat.store.get = (function(old) return function(self, key) return old(key) end end)(wechat.store.get)
wechat.sleep = function(a, b, c, d) return d end
${answer('return wechat.store:get("x") or wechat.http:get_json("x") or wechat.sleep(1, 2, 3, 4)')}`);

finds('too many and too few arguments', answer('local _ = wechat.response_text() _ = wechat.response_text("a", true, 3) wechat.user.info("x") return wechat.sleep and nil'), [
  'bot.lua:2:20: wechat.response_text: content is missing (0 arguments given)',
  'bot.lua:2:47: wechat.response_text takes 2 arguments, not 3',
  'bot.lua:2:87: wechat.user.info takes one table of fields: wechat.user.info{...}']);
finds('a module beside the script is read too', `local util = require "lib.util"\n${answer('return util(msg)')}`,
  ['lib/util.lua:1:33: there is no wechat.slep; did you mean wechat.sleep?'],
  { files: { 'lib/util.lua': 'return function() return wechat.slep(1) end' } });

finds('misspelt fields of an endpoint, nested ones and those of list members too', answer(`wechat.tag.create{ tga = { name = "a" } }
  wechat.tag.create({ tag = { nmae = "a" } })
  wechat.material.add_news{ articles = { { titel = "a", content = "b" } } }
  wechat.message.custom.send_text{ touser = msg.source, txt = { content = "a" } }`), [
  'bot.lua:2:22: wechat.tag.create has no field tga; did you mean tag?',
  'bot.lua:3:31: wechat.tag.create.tag has no field nmae; did you mean name?',
  'bot.lua:4:44: wechat.material.add_news.articles has no field titel; did you mean title?',
  'bot.lua:5:57: wechat.message.custom.send_text has no field txt; did you mean text?']);
finds('a field that the table of a message\'s field lacks: of its location', answer(`if msg.type == "location" then
    local place = msg.location
    return msg.location.lat .. place.lng .. msg["location"]["latitude"]
  end`), [
  'bot.lua:4:25: msg.location has no field lat (it has x, y)',
  'bot.lua:4:38: msg.location has no field lng (it has x, y)',
  'bot.lua:4:61: msg.location has no field latitude (it has x, y)']);
passes('what a table of the script\'s own has in its place passes, and fields of what is unknown', `local geo = require "geo"
function on_message(msg)
  local place = msg.location
  local text, tag = msg.content, msg.SendPicsInfo
  geo.mark(msg.location)
  place = { lat = 1 }
  return place.lat .. msg.location.town .. text.anything .. tag.PicList .. msg.location.Label .. msg.content:rep(2)
end`, { 'geo.lua': 'return { mark = function(l) l.town = "x" end }' });
passes('so where the script sets the location itself', answer('msg.location = { lat = 1 } return msg.location.lat'));
passes('and where names are computed', answer('local l = msg.location for _, k in ipairs{ "lat" } do l[k] = l.x end return l.lat'));
finds('misspelt fields of articles, of buttons and of what a template shows', answer(`local _ = wechat.response_news{ { title = "a", picUrl = "b" }, nil, { titel = "a" } }
  _ = wechat.response_news({ { title = "a", link = "b" } }) _ = wechat.response_news{ articles = { { ulr = "b" } } }
  wechat.send_article_message("o", { { title = "a", discription = "b" } })
  wechat.send_template_message("o", "t", { first = { vlaue = "a" }, ["x"] = { valeu = 1 } })
  wechat.create_menu{ button = { { tpye = "click", name = "a", key = "A" }, { name = "b", sub_buton = {} },
    { name = "c", sub_button = { { type = "view", nmae = "d", url = "http://a" } } } } }
  wechat.menu.push{ buton = {} } wechat.menu.new{ button = { { type = "click", name = "a", kye = "A" } } }
  wechat.menu.create{ button = { { type = "click", nam = "a", key = "A" } } }
  wechat.menu.new():conditional{ tagid = "1" }
  wechat.message.template.send{ touser = "o", template_id = "t", data = { first = { valu = "a" } } }
  wechat.message.custom.send_news{ touser = "o", news = { articles = { { titel = "a" } } } }
  wechat.draft.add{ articles = { { title = "a", contnet = "b", thumb_media_id = "c" } } }`), [
  'bot.lua:2:50: wechat.response_news.articles has no field picUrl; did you mean picurl?',
  'bot.lua:2:73: wechat.response_news.articles has no field titel; did you mean title?',
  'bot.lua:3:45: wechat.response_news.articles has no field link',
  'bot.lua:3:102: wechat.response_news.articles has no field ulr; did you mean url?',
  'bot.lua:4:53: wechat.send_article_message.articles has no field discription; did you mean description?',
  'bot.lua:5:54: wechat.send_template_message.data.first has no field vlaue; did you mean value?',
  'bot.lua:6:36: wechat.create_menu.menu.button has no field tpye; did you mean type?',
  'bot.lua:6:91: wechat.create_menu.menu.button has no field sub_buton; did you mean sub_button?',
  'bot.lua:7:51: wechat.create_menu.menu.button.sub_button has no field nmae; did you mean name?',
  'bot.lua:8:21: wechat.menu.push.menu has no field buton; did you mean button?',
  'bot.lua:8:92: wechat.menu.new.menu.button has no field kye; did you mean key?',
  'bot.lua:9:52: wechat.menu.create.button has no field nam; did you mean name?',
  'bot.lua:10:34: menu:conditional.matchrule has no field tagid; did you mean tag_id?',
  'bot.lua:11:85: wechat.message.template.send.data.first has no field valu; did you mean value?',
  'bot.lua:12:74: wechat.message.custom.send_news.news.articles has no field titel; did you mean title?',
  'bot.lua:13:49: wechat.draft.add.articles has no field contnet; did you mean content?']);
finds('one table where a list of them belongs', answer(`wechat.create_menu{ button = { type = "click", name = "a", key = "A" } }
  return wechat.response_news{ title = "a", url = "b" }`), [
  'bot.lua:2:34: wechat.create_menu.menu.button is a list of tables: { { type = ... } }',
  'bot.lua:3:32: wechat.response_news.articles is a list of tables: { { title = ... } }']);
passes('items that the platform may take, as its website writes them too, and those that the script makes elsewhere', answer(`local one = { titel = "a" }
  wechat.create_menu{ button = { { type = "click", name = "a", key = "A", colour = "red" }, { name = "b", sub_button = { list = { { type = "img", name = "c", value = "d" } } } } } }
  wechat.menu.diff({ menu = { button = {} }, conditionalmenu = { { button = {}, matchrule = { tag_id = "2" } } } }, { button = { [1] = one } })
  wechat.send_template_message("o", "t", { name = { value = "a", color = "#000000" }, keyword1 = { value = "b" }, valu = { value = "c" } })
  wechat.message.template.send{ touser = "o", template_id = "t", miniprogram = { appid = "a", path = "b" }, data = { first = { value = "a" } } }
  wechat.draft.update{ media_id = "m", index = 0, articles = { title = "a", content = "b" } }
  wechat.draft.add{ articles = { { title = "a", image_info = { image_list = { { image_media_id = "a" } } }, something = 1 } } }
  return wechat.response_news{ one, { title = "a", description = "b", picurl = "c", url = "d" } }`));
passes('a value of a template as a text, which a call takes, and fields of an invoice that the catalogue lacks', answer(`
  wechat.send_template_message("o", "t", { first = "a", keyword1 = { value = "b" } })
  wechat.invoice.makeoutinvoice{ invoiceinfo = { nsrsbh = "1", ghfbankid = "2", ghfbank = "3", ghfdz = "4", skr = "5" } }`));
finds('values that a call refuses: a text for a table and the reverse', answer(`wechat.send_template_message("o", "t", "a")
  wechat.message.template.send{ touser = "o", template_id = "t", data = "a" }
  wechat.tag.create{ tag = "a" } wechat.tag.create{ tag = { name = { "a" } } }
  wechat.tag.batch_tagging{ openid_list = { a = 1 }, tagid = "7" }
  wechat.call("GET", "/cgi-bin/tags/get", "a") wechat.sleep("1") wechat.sleep(1) wechat.sleep(0.5)
  return wechat.response_text{ content = 12 }`), [
  'bot.lua:2:42: wechat.send_template_message: data is a string (table expected)',
  'bot.lua:3:73: wechat.message.template.send.data is a string (table expected)',
  'bot.lua:4:28: wechat.tag.create.tag is a string (table expected)',
  'bot.lua:4:68: wechat.tag.create.tag.name is a table (string expected)',
  'bot.lua:5:43: wechat.tag.batch_tagging.openid_list is a table with names (list of strings expected)',
  'bot.lua:6:43: wechat.call: query is a string (table expected)',
  'bot.lua:6:61: wechat.sleep: seconds is a string (number expected)',
  'bot.lua:7:42: wechat.response_text: content is a number (string expected)']);

finds('fields that the request of a page lacks', `wechat.route("GET", "/", function(req) return req.quer.x .. req.params .. req.query.y end)
local function page(r) return r.hedaers end
local route = wechat.route
route("POST", "/", page)`, [
  'bot.lua:1:51: a request has no field quer; did you mean query?',
  'bot.lua:1:65: a request has no field params (it has method, path, query, headers, body, form, json, json_error, remote)',
  'bot.lua:2:33: a request has no field hedaers; did you mean headers?']);
finds('so in the page of named arguments, and fields that a page may not return', `local function page(r)
  local inner = function() return { staus = 1 } end
  if r.method == "POST" then return { staus = 201, body = "a" } end
  return { json = inner(), header = {} }
end
wechat.route{ method = "*", path = "/", fn = page }
wechat.route{ method = "GET", path = "/a", fn = function(req) return req.bdy end }`, [
  "bot.lua:3:39: the page's answer has no field staus; did you mean status?",
  "bot.lua:4:28: the page's answer has no field header; did you mean headers?",
  'bot.lua:7:74: a request has no field bdy; did you mean body?']);
finds('fields that http answers, streams, their events and errors lack', answer(`local a, err = wechat.http.get("http://a")
  if not a then return err.mesage .. err.errmgs end
  local r <close>, why = wechat.http.stream{ url = "http://a" }
  for event in r:events() do print(event.dta, r.statu, why.hnt) end
  return a.headers.anything .. a.bdy .. assert(wechat.http.post("http://a", {})).stauts .. a:json()`), [
  'bot.lua:3:28: an error has no field mesage (it has kind, method, errmsg, errcode, status, rid, hint, retryable, faults)',
  'bot.lua:3:42: an error has no field errmgs; did you mean errmsg?',
  'bot.lua:5:42: an event has no field dta; did you mean data?',
  'bot.lua:5:49: a stream has no field statu; did you mean status?',
  'bot.lua:5:60: an error has no field hnt; did you mean hint?',
  'bot.lua:6:34: an http answer has no field bdy; did you mean body?',
  'bot.lua:6:82: an http answer has no field stauts; did you mean status?',
  'bot.lua:6:94: an http answer has no field json (it has status, headers, body)']);
finds('fields that the token, the ticket and the configuration of a page lack', answer(`local token, ticket = wechat.get_access_token(), wechat.get_jsapi_ticket()
  local page, err = wechat.jssdk_config("http://a")
  print(token.access_token, token.access_token_expires_at, ticket.jsapi_ticket, page.appId, page.timestamp, err.hint)
  return token.acces_token .. ticket.ticket .. page.noncestr .. page.appid .. token.expires_in`), [
  'bot.lua:5:16: an access token has no field acces_token; did you mean access_token?',
  'bot.lua:5:38: a ticket has no field ticket (it has jsapi_ticket, jsapi_ticket_expires_at)',
  "bot.lua:5:53: a page's configuration has no field noncestr; did you mean nonceStr?",
  "bot.lua:5:70: a page's configuration has no field appid; did you mean appId?",
  'bot.lua:5:85: an access token has no field expires_in (it has access_token, access_token_expires_at)']);
finds('misspelt fields of what the platform answers, in its lists too', answer(`local user, err = wechat.user.info{ openid = msg.source }
  local tags = assert(wechat.tag.list{})
  for _, tag in ipairs(tags.tags) do print(tag.nmae, tag.name) end
  for _, fault in ipairs(wechat.menu.check{ button = {} }) do print(fault.pth) end
  local code, media = assert(wechat.create_qrcode{}), wechat.upload_media("image", "a.jpg")
  local _ = wechat.call("GET", "/a").anything, select(2, wechat.call("GET", "/a"))
  return user.nicknme .. user.nickname .. err.erorcode .. tags.tags[1].conut .. code.tikcet .. media.meida_id`), [
  'bot.lua:4:48: wechat.tag.list gives no field tags[].nmae; did you mean name?',
  'bot.lua:5:75: a fault has no field pth; did you mean path?',
  'bot.lua:8:15: wechat.user.info gives no field nicknme; did you mean nickname?',
  'bot.lua:8:47: an error has no field erorcode; did you mean errcode?',
  'bot.lua:8:72: wechat.tag.list gives no field tags[].conut; did you mean count?',
  'bot.lua:8:86: wechat.qrcode.create gives no field tikcet; did you mean ticket?',
  'bot.lua:8:102: wechat.media.upload gives no field meida_id; did you mean media_id?']);
passes('fields of answers that the catalogue may lack, that the script sets, and of what may be something else', `local function page(r) return r.anything end
wechat.route("GET", "/", page)
local function show(r) return r.caption end
wechat.route("GET", "/show", show)
wechat.route("GET", "/other", function(req) req.user = "a" return req.user .. show{ caption = "b" } .. page(req) end)
${answer(`local user, why = wechat.user.info{ openid = msg.source }
  local file = wechat.media.get{ media_id = "a" }
  local answer = wechat.http.get("http://a")
  answer.anything = "a"
  local later = wechat.http.get("http://a")
  later = { datta = 1 }
  file:save("a") file.content_type = file.video_url or file.filename
  for key, value in pairs(user) do print(key, value.anything) end
  return user.errcode .. user.qr_scene_text .. user.group .. answer.anything .. later.datta .. why.kind`)}`);
passes('and of a variable that gets its value from one that is assigned later, in a loop', answer(`local answer, text = wechat.http.get("http://a"), ""
  for _ = 1, 2 do
    local m, a = msg, answer
    text = text .. (m.mood or "") .. (a.data or "")
    msg, answer = { ["mood"] = "good" }, { ["data"] = "b" }
  end
  return text`));
passes('so where wechat.route is one of the script\'s own, and the faults of a menu that is refused', `local route = wechat.route
wechat.route = function(method, path, fn) return route(method, path, function(r) return fn{ params = {}, query = r.query } end) end
wechat.route("GET", "/x", function(req) return req.params.id .. req.other end)
${answer('local done, err = wechat.menu.push(wechat.menu.new()) return done and "" or err.faults[1].path')}`);
passes('so where the script replaces what gives them, or fills them by name', `wechat.http.get = function() return { data = 1 } end
${answer('local a, b = wechat.http.get(), wechat.http.post("http://a") b[msg.content] = 1 return a.data .. b.data')}`);
finds('a variable that gets its value after its declaration, from several calls of a kind too', `local http, late
function on_load() http = wechat.http end
function on_message(msg)
  local r, q
  r = http.get("http://a")
  if r then q = wechat.http.get("http://a") else q = wechat.http.post("http://b", {}) end
  local tags, err
  tags, err = wechat.tag.list{}
  late = wechat.gate(1)
  msg = wechat.ask("?")
  return r.staus .. q.bdy .. tags.tgas .. err.mesage .. msg.contnet .. late:entr()
end`, [
  'bot.lua:11:12: an http answer has no field staus; did you mean status?',
  'bot.lua:11:23: an http answer has no field bdy; did you mean body?',
  'bot.lua:11:35: wechat.tag.list gives no field tgas; did you mean tags?',
  'bot.lua:11:47: an error has no field mesage (it has kind, method, errmsg, errcode, status, rid, hint, retryable, faults)',
  'bot.lua:11:61: no type of message has a field contnet; did you mean content?',
  'bot.lua:11:77: a gate has no method entr; did you mean gate:enter?']);
passes('a variable that is one thing and then another, whatever it hangs on', `local own = require "own"
local get, other, later, tool = wechat.http.get, wechat.http.get, wechat.http.get, nil
if os.getenv("NOBODY") then get = own.get end
function on_load() tool = own end
function on_message(msg)
  local r, q, s, t, u
  r = get("http://a")
  q = wechat.http.get("http://a")
  q = wechat.tag.list{}
  s = r
  t = other("http://a")
  for _ = 1, 2 do
    u = t
    t = { data = u.data }
  end
  local v = tool
  v = v or wechat.http
  wechat.every(60, function() msg = { note = "a" } end)
  local w, x
  for _ = 1, 2 do
    local y = x
    if y then print(y.data) end
    x = w
    w = later("http://a")
  end
  return r.data .. q.data .. s.data .. t.data .. u.data .. v.get().data .. msg.note .. x.data
end
function on_unload() later = own.get end`, { 'own.lua': 'return { get = function() return { data = 1 } end }' });
finds('what is read of `x or {}`, `x or nil` and `a and x` is missing as in x', answer(`local a = wechat.http.get("http://a") or {}
  local b = wechat.http.get("http://a") or nil
  local c = msg.content and wechat.http.get("http://a")
  return a.staus .. b.staus .. c.staus .. (wechat.get_message() or msg).contnet`), [
  ...[12, 23, 34].map((column) => `bot.lua:5:${column}: an http answer has no field staus; did you mean status?`),
  'bot.lua:5:73: no type of message has a field contnet; did you mean content?']);
passes('but not where the other one may have it', `local function own() return {} end
${answer(`local a = wechat.http.get("http://a") or { data = 1 }
  local b = wechat.http.get("http://a") or own()
  local c = own() or wechat.http.get("http://a")
  local d = wechat.http.get("http://a") or {}
  d.note = "a"
  local e = wechat.http.get("http://a") and own()
  return a.data .. b.data .. c.data .. d.note .. e.data .. (msg or own()).caption`)}`);
finds('what wechat.call gives, where the catalogue has its verb and path', answer(`local tags, err = wechat.call("GET", "/cgi-bin/tags/get")
  local user = wechat.call("get", "/cgi-bin/user/info", { openid = msg.source })
  return tags.tgas .. tags.tags[1].nmae .. user.nicknam .. err.mesage`), [
  'bot.lua:4:15: GET /cgi-bin/tags/get gives no field tgas; did you mean tags?',
  'bot.lua:4:36: GET /cgi-bin/tags/get gives no field tags[].nmae; did you mean name?',
  'bot.lua:4:49: GET /cgi-bin/user/info gives no field nicknam; did you mean nickname?',
  'bot.lua:4:64: an error has no field mesage (it has kind, method, errmsg, errcode, status, rid, hint, retryable, faults)']);
passes('but not of another verb, of a path that it lacks, or one that is computed', answer(`local path = "/cgi-bin/tags/get"
  return wechat.call("POST", "/cgi-bin/tags/get").tgas .. wechat.call("GET", path).tgas .. wechat.call("GET", "/a").tgas
    .. wechat.call("GET", "/cgi-bin/tags/get").tags[1].name`));
finds('too many and too few arguments of methods and of rules, values that they refuse', `local bot = require "wechat.bot"
local model = require "wechat.model" { url = "http://127.0.0.1:1" }
bot.default("a")
function on_message(msg)
  local task, gate, menu = wechat.spawn(print), wechat.gate(1), wechat.menu.new()
  task:join(1, 2) task:join("soon") gate:enter(1, 2) menu:click("a") menu:click("a", "K", "b") menu:click({ name = "a", kye = "K" })
  bot.text("x") bot.text("x", "y", "z") bot.word("x") bot.default() bot.on({}, "a")
  model:reply() model:chat("a", { tmieout = 1 }) model:forget()
  local r <close> = wechat.http.stream{ url = "http://a" }
  return r:read("line")
end`, [
  'bot.lua:6:8: task:join takes 1 argument, not 2',
  'bot.lua:6:29: task:join: timeout_s is a string (number expected)',
  'bot.lua:6:42: gate:enter takes 1 argument, not 2',
  'bot.lua:6:59: menu:click: key is missing',
  'bot.lua:6:75: menu:click takes 2 arguments, not 3',
  'bot.lua:6:121: menu:click has no argument kye; did you mean key?',
  'bot.lua:7:7: bot.text: answer is missing',
  'bot.lua:7:21: bot.text takes 2 arguments, not 3',
  'bot.lua:7:45: bot.word: answer is missing',
  'bot.lua:7:59: bot.default: answer is missing',
  'bot.lua:7:76: bot.on: type_name is a table (string expected)',
  'bot.lua:8:9: model:reply: msg is missing',
  'bot.lua:8:35: model:chat has no option tmieout; did you mean timeout?',
  'bot.lua:8:56: model:forget: msg is missing',
  'bot.lua:10:17: stream:read: n is a string (integer expected)']);
passes('and as they are meant', `local bot = require "wechat.bot"
local model = require "wechat.model" { url = "http://127.0.0.1:1" }
local function pair() return "x", "y" end
bot.word({ "天气", "q" }, "W") bot.word({ "a" }, { "b", "c" }, "d") bot.word({}, "e")
bot.text("x", "y") bot.text(pair()) bot.word("w", { "y" }, "z", function(msg, word) return word end) bot.on("image", print) bot.default(print)
function on_message(msg)
  local task, gate, menu = wechat.spawn(print), wechat.gate(1), wechat.menu.new()
  local named = { name = "a", key = "K" }
  task:join() task:join(1.5) task:join(nil) gate:enter() menu:click("a", "K") menu:click(named) menu:click{ name = "a", key = "K" }
  menu:click(pair()) menu:conditional{ tag_id = "2" } menu:move(1, 2) menu:sub("b"):view("c", "https://example.com/")
  model:reply(msg, { system = "a" }) model:chat({ { role = "user", content = "a" } }, nil) model:chat("a")
  local r <close> = wechat.http.stream{ url = "http://a" }
  return r:read() .. r:read(5)
end`);
finds('a name that is the beginning of another', answer('return wechat.get_user(msg.source) or wechat.send_txt(msg.source) or wechat.send() or msg.thumb_media'), [
  'bot.lua:2:17: there is no wechat.get_user; did you mean wechat.get_user_info?',
  'bot.lua:2:48: there is no wechat.send_txt; did you mean wechat.send_text_message?',
  'bot.lua:2:79: there is no wechat.send',
  'bot.lua:2:93: no type of message has a field thumb_media; did you mean thumb_media_id?']);

finds('types of messages and events that there are not', `local bot = require "wechat.bot"
bot.on("txt", "a")
bot.on("event", "a")
function on_message(msg)
  local kind = msg.type
  if msg.type == "txt" or "Text" == msg.type or kind ~= "imge" then return "a" end
  if msg.event == "subscribed" or msg.event == "CLICK" or msg.event == "text" then return "b" end
  if msg["type"] == "event" then return "c" end
end`, [
  'bot.lua:2:8: msg.type is never "txt"; did you mean "text"?',
  'bot.lua:3:8: name the event: bot.on("subscribe", ...)',
  'bot.lua:6:18: msg.type is never "txt"; did you mean "text"?',
  'bot.lua:6:27: msg.type is never "Text"; did you mean "text"?',
  'bot.lua:6:57: msg.type is never "imge"; did you mean "image"?',
  'bot.lua:7:19: msg.event is never "subscribed"; did you mean "subscribe"?',
  'bot.lua:7:48: msg.event is never "CLICK"; did you mean "click"?',
  'bot.lua:7:72: only events have msg.event: ask msg.type for "text"',
  'bot.lua:8:21: msg.type of an event is its name, "subscribe": ask msg.event']);
passes('those that there are pass, those that nobody has heard of, and other comparisons', `local bot = require "wechat.bot"
bot.on("IMAGE", "a") bot.on("location", "a") bot.on("some_new_event", "a")
${answer(`local kind = msg.type
  if kind == "text" or kind == "subscribe" or msg.event == "scan" or msg.event == "location" or msg.type == "templatesendjobfinish" then return "a" end
  if msg.type == "red_packet" or msg.event == "brand_new" or msg.type == msg.content or msg.content == "txt" or msg.MsgType == "event" then return "b" end
  kind = "txt"
  return kind == "txt" and "c" or nil`)}`);
passes('so where the script sets the type itself', answer('msg.type = "txt" return msg.type == "txt" and "a" or nil'));
finds('a function that is returned and not called, and what is no reply', `local bot = require "wechat.bot"
bot.text("a", function(msg) return wechat.response_none end)
bot.default(function() return 5 end)
local function answer(msg) if msg.content then return true end return { type = "text" } end
bot.on("image", answer)
function on_message(msg)
  if msg.content == "a" then return wechat.response_text end
  local made = wechat.response_text
  return msg.content and made
end`, [
  'bot.lua:2:43: wechat.response_none is returned and not called: write wechat.response_none(...)',
  'bot.lua:3:31: a number is no reply: return tostring(...)',
  'bot.lua:4:55: a boolean is no reply: return "..." or a reply',
  'bot.lua:4:71: a table is no reply: return wechat.response_text(...) or another reply',
  'bot.lua:7:44: wechat.response_text is returned and not called: write wechat.response_text(...)',
  'bot.lua:9:26: wechat.response_text is returned and not called: write wechat.response_text(...)']);
passes('functions that a script calls itself may return anything, and a handler what is a reply', `local bot = require "wechat.bot"
local function builder(msg) return wechat.response_text end
local function count(msg) return 5 end
bot.text("a", builder)
bot.text("b", function(msg) return false end)
bot.text("c", function(msg) local f = function() return true end return f() and nil end)
bot.text("d", function(msg) return setmetatable({}, { __tostring = function() return "d" end }) end)
bot.default(function(msg) return builder(msg)(tostring(count(msg))) end)
on_message = bot.on_message`);
passes('so on_message that another function wraps', `function on_message(msg) return 5 end
local before = on_message
on_message = function(msg) return tostring(before(msg)) end`);
passes('so where the script puts its own function in the place of a rule\'s', `local bot = require "wechat.bot"
local text = bot.text
function bot.text(pattern, fn) return text(pattern, function(msg, ...) return tostring(fn(msg, ...)) end) end
bot.text("a", function(msg) return 6 end)
on_message = bot.on_message`);
passes('so where it does that to all rules', `local bot = require "wechat.bot"
for _, name in ipairs { "text", "word" } do
  local add = bot[name]
  bot[name] = function(pattern, fn) return add(pattern, function(msg, ...) return tostring(fn(msg, ...)) end) end
end
bot.text("a", function(msg) return 6 end)
on_message = bot.on_message`);
passes('so where the rules become those of another table', `local bot = require "wechat.bot"
local function checked(pattern, fn) return pattern and fn and true end
bot = setmetatable({ text = checked }, { __index = bot })
bot.text("n", function(msg) return 5 end)
on_message = bot.on_message`);
for (const name of ['on_message', 'answer']) {
  passes(`so ${name} of one file that another one calls`, `require "base"
local base = ${name}
function on_message(msg) return base(msg) and "a" or "b" end`, { 'base.lua': `function ${name}(msg) if msg.content then return true end return false end
require("wechat.bot").default(${name})` });
}
finds('where another file calls it not, it is found', 'require "base"', ['base.lua:1:33: a boolean is no reply: return "..." or a reply'],
  { files: { 'base.lua': 'function on_message(msg) return true end' } });
finds('a reply that is kept and never returned', answer(`local reply = wechat.response_text("a")
  local late
  if msg.content == "b" then late = wechat.response_image("b") end`), [
  'bot.lua:2:9: the reply is made and nobody reads reply: write return reply, or call it _reply',
  'bot.lua:3:9: the reply is made and nobody reads late: write return late, or call it _late']);
finds('so in the main chunk', `local late = wechat.response_text("a")\n${answer('return "b"')}`,
  ['bot.lua:1:7: the reply is made and nobody reads late: write return late, or call it _late']);
passes('one that is read, in whatever function, and one whose name says that nobody will', `local kept
function on_load() kept = wechat.response_text("a") end
${answer(`local reply = wechat.response_text("a")
  local other = wechat.response_text("b")
  local say = function() wechat.say(other) end
  local _, _unused = wechat.response_text("c"), wechat.response_text("d")
  local none = wechat.response_none()
  say()
  return msg.content and reply or kept`)}`);
finds('what other languages write: + for texts, null, a call of a field', answer(`if msg.content == null or msg.content == None then return "a" + msg.content end
  return msg.content + "b" + len(msg.content) .. msg:content()`), [
  'bot.lua:2:21: there is no global null: write nil',
  'bot.lua:2:44: there is no global None: write nil',
  'bot.lua:2:65: texts are joined with .. and not with +: "a" .. b',
  'bot.lua:3:22: texts are joined with .. and not with +: "a" .. b',
  'bot.lua:3:30: there is no global len: write #text, or wechat.utf8.len(text)',
  'bot.lua:3:54: msg.content is no function: write it with a dot and without ()']);
passes('a text is added to what may be an object, and messages that the script fills itself', `local P = require "patterns"
local function mark(m, name) m[name] = "txt" end
${answer('mark(msg, "type") if msg.type == "txt" and msg.content() then return "a" end return P("b") + "c" + ("d" + P("e")) .. ""')}`, { 'patterns.lua': 'return function(text) return setmetatable({}, { __add = function() return text end }) end' });
passes('a text that is a number once its escapes are read is added', answer(String.raw`local n = "\49" + 1
  return "10\n" + 5 + n .. ""`));
finds('and one that is none is found, with escapes too', answer(String.raw`return "a\n" + msg.content`),
  ['bot.lua:2:16: texts are joined with .. and not with +: "a" .. b']);
for (const metatable of ['getmetatable("")', 'debug.getmetatable("")', '{ debug.setmetatable }']) {
  passes(`where the script gets at the texts' metatable it may be so: ${metatable}`, `local t = ${metatable}
rawset(t, "__" .. "add", function(a, b) return a .. b end)
${answer('return "a" + msg.content')}`);
}
passes('and where the script has made them so', `null, len = nil, function(text) return #text end
getmetatable("").__add = function(a, b) return a .. b end
${answer('msg.answer = function(self) return "a" + self.content end if msg.content == null then return "10" + 5 .. "" end return msg:answer() .. len(msg.content)')}`);

finds('misspelt arguments and options', answer(`local _ = wechat.response_music{ music_url = "u", titel = "a" }
  wechat.http.get("http://a", { timout = 1 }) wechat.http.get{ url = "http://a", heders = {} }
  wechat.http.stream{ url = "http://a", idle_timout = 1 }
  wechat.ask("a", { timeuot_s = 1 }) wechat.ask{ question = "a", options = { event = true } }
  wechat.store.list("a", { limt = 1 })`), [
  'bot.lua:2:53: wechat.response_music has no argument titel; did you mean title?',
  'bot.lua:3:33: wechat.http.get has no option timout; did you mean timeout?',
  'bot.lua:3:82: wechat.http.get has no argument heders; did you mean headers?',
  'bot.lua:4:41: wechat.http.stream has no option idle_timout; did you mean idle_timeout?',
  'bot.lua:5:21: wechat.ask has no option timeuot_s; did you mean timeout_s?',
  'bot.lua:5:78: wechat.ask has no option event; did you mean events?',
  'bot.lua:6:28: wechat.store.list has no option limt; did you mean limit?']);
finds('and those of a model', `local model = require "wechat.model" { url = "http://127.0.0.1:1" }
${answer('return model:reply(msg, { sytem = "a", keep = 3 }) or model:chat("a", { keep = 3 }) or require "wechat.model" { ulr = "" }')}`, [
  'bot.lua:3:29: model:reply has no option sytem; did you mean system?',
  'bot.lua:3:75: model:chat has no option keep',
  'bot.lua:3:115: wechat.model has no option ulr; did you mean url?']);
finds('methods that a task, a gate, a stream, a menu and a model lack', `local model = require "wechat.model" { url = "http://127.0.0.1:1" }
local menu = wechat.menu.new()
local sub = menu:sub("more")
sub:vew("a", "https://example.com/")
${answer('local task = wechat.spawn(print) task:cancle() local gate <const> = wechat.gate(1) gate:entr() local r <close> = wechat.http.stream{ url = "http://a" } r:linse() model:repl(msg)')}`, [
  'bot.lua:4:5: a menu has no method vew; did you mean menu:view?',
  'bot.lua:6:41: a task has no method cancle; did you mean task:cancel?',
  'bot.lua:6:91: a gate has no method entr; did you mean gate:enter?',
  'bot.lua:6:157: a stream has no method linse; did you mean stream:lines?',
  'bot.lua:6:171: a model has no method repl; did you mean model:reply?']);
finds('no method of a menu is offered as a function of wechat', answer('return wechat.menu_click("a")'), ['bot.lua:2:17: there is no wechat.menu_click']);
passes('what such objects have passes, and a variable that becomes another thing', `local menu = wechat.menu.new()
menu:click("a", "A") menu:sub("b"):view("c", "https://example.com/") menu:move(1, 2)
local task = wechat.spawn(print)
${answer('task:join(1) local other = wechat.gate(1) other = msg return other:nothing()')}`);
finds('functions that Lua\'s library lacks, with what gives them', answer('os.execute("ls") io.popen("ls") os.exit() return string.spilt("a")'), [
  'bot.lua:2:6: os.execute needs allow_shell = true in the configuration',
  'bot.lua:2:23: io.popen needs allow_shell = true in the configuration',
  'bot.lua:2:38: there is no os.exit: it would end the whole bot (return ends this message)',
  'bot.lua:2:59: there is no string.spilt']);
finds('on_message that is defined twice: the first is dead', `${answer('return "a"')}on_message = function() return "b" end\n`,
  ['bot.lua:4:1: on_message is defined already, at bot.lua:1: this one replaces it']);

finds('a hook that is local and that nobody reads', `${answer('return "a"')}local function on_load() end
local on_error = function(err, msg) end
local on_lost
function on_lost(msg, lost) end
`, [[4, 16, 'on_load'], [5, 7, 'on_error'], [6, 7, 'on_lost']].map(([line, column, name]) =>
  `bot.lua:${line}:${column}: this ${name} is local, so wemoon never calls it, and the script does not call it either: remove the word local`));
finds('so on_message, without which the script does not load', 'local function on_message(msg) return "a" end',
  ['bot.lua:1:16: this on_message is local, so wemoon never calls it, and the script does not call it either: remove the word local']);
passes('a local hook that the script calls, or gives its global name, passes, and one inside a function', `local function on_load() end
local function on_message(msg) local on_lost = 1 return "a" end
_G.on_message = on_message
on_load()`);

finds('a field that is compared with what it never is', answer(`if msg.content == 1 or 2 ~= msg.scene or msg.id == "7" or msg.content > 5 or msg.time < "9" then return "a" end
  if msg.event == true or msg.MsgId == 12 or msg.time == "now" then return "b" end`), [
  'bot.lua:2:21: msg.content is a text and 1 a number: write "1", or tonumber(msg.content)',
  'bot.lua:2:26: msg.scene is a text and 2 a number: write "2", or tonumber(msg.scene)',
  'bot.lua:2:54: msg.id is a number and "7" a text: write 7',
  'bot.lua:2:75: msg.content is a text and 5 a number: write tonumber(msg.content)',
  'bot.lua:2:91: msg.time is a number and "9" a text: write 9',
  'bot.lua:3:19: msg.event is a text and never true',
  'bot.lua:3:40: msg.MsgId is a text and 12 a number: write "12", or tonumber(msg.MsgId)',
  'bot.lua:3:58: msg.time is a number and never "now"']);
passes('one that is compared with its own kind passes, or with nil', answer(`local n = tonumber(msg.content)
  if msg.content == "1" or n == 1 or msg.time > 5 or msg.latitude == 1 or msg.location.x > 3 or msg.content < "b" then return "a" end
  return msg.content ~= nil and msg.MsgId == "7" and msg.Latitude == n and "b" or nil`));
passes('so where the script sets it itself', answer('msg.content = tonumber(msg.content) if msg.content == 1 then return "a" end'));

const shared = (name, what = 'message') => `note: the global ${name} is set while a ${what} is answered: all users share it, and a restart loses it. Write local, or keep it in wechat.session() (of one user) or wechat.store`;
finds('a note: globals that are set while something is answered', `count = 0
local bot = require "wechat.bot"
function on_load() rates = {} end
bot.text("x", function(msg) count = count + 1 last = msg.source end)
wechat.route("GET", "/", function(request) visits = (visits or 0) + 1 return "a" end)
wechat.every(60, function() rates = {} end)
function on_message(msg)
  local function remember() user = msg.source end
  remember()
  if not rates then rates = {} end
  names = names or {}
  if count == nil then count = 0 end
  user = msg.source
  return bot.on_message(msg)
end`, [`bot.lua:4:29: ${shared('count')}`, `bot.lua:4:47: ${shared('last')}`, `bot.lua:5:44: ${shared('visits', 'page')}`,
  `bot.lua:8:29: ${shared('user')}`], { code: 0 });
passes('local variables and what the main chunk, on_load and timers set pass', `limit = 5
local last
function on_load(state) seen = state end
function on_unload() seen = nil end
wechat.every(60, function() rates = wechat.http.get("http://a") end)
local function setup() limit = 6 end
setup()
${answer('local name = msg.content last = name return name')}`);
passes('a global behind `or` is another Lua\'s name of what stands before it', `local unpack = table.unpack or unpack\n${answer('return unpack { "a" }')}`);
passes('a pattern that is tied to an end does not take a word with blanks around it', `local bot = require "wechat.bot"
bot.text("^foo$", "p") bot.text("^fo", "p") bot.text("oo$", "p")
bot.word("foo", "w")
on_message = bot.on_message`);
finds('a note: globals that no file sets', `local bot = require "wechat.bot"
bot.text("x", function(msg) if vip then return vip end return db end)
${answer('return bot.on_message(msg) or qty')}`, [
  'bot.lua:2:32: note: no file sets the global vip: reading it raises an error',
  'bot.lua:2:63: note: no file sets the global db: reading it raises an error',
  'bot.lua:4:33: note: no file sets the global qty: reading it raises an error'], { code: 0 });
finds('a note: seconds that look like milliseconds', answer(`wechat.sleep(5000) wechat.sleep{ seconds = 2000 } wechat.store.set("a", 1, 3600000)
  wechat.http.get("http://a", { timeout = 10000 }) wechat.http.get{ url = "http://a", timeout = 5000 }
  local a = wechat.ask("a", { timeout_s = 600000 }) wechat.every(60000, print) wechat.gate(1):enter(300000)
  return a.content`), [
  'bot.lua:2:16: note: wechat.sleep takes seconds: 5000 are 83 minutes; did you mean 5?',
  'bot.lua:2:46: note: wechat.sleep takes seconds: 2000 are 33 minutes; did you mean 2?',
  'bot.lua:2:78: note: wechat.store.set: ttl_s takes seconds: 3600000 are 41.7 days; did you mean 3600?',
  'bot.lua:3:43: note: wechat.http.get: timeout takes seconds: 10000 are 2.8 hours; did you mean 10?',
  'bot.lua:3:97: note: wechat.http.get: timeout takes seconds: 5000 are 83 minutes; did you mean 5?',
  'bot.lua:4:43: note: wechat.ask: timeout_s takes seconds: 600000 are 6.9 days; did you mean 600?',
  'bot.lua:4:66: note: wechat.every: interval takes seconds: 60000 are 16.7 hours; did you mean 60?',
  'bot.lua:4:101: note: gate:enter: timeout_s takes seconds: 300000 are 3.5 days; did you mean 300?'], { code: 0 });
finds('a note: pauses in the main chunk', `wechat.sleep(0.01)
for _ = 1, 2 do wechat.sleep(0.01) end
local function later() wechat.sleep(0.01) end
wechat.spawn(function() wechat.sleep(0.01) later() end)
${answer('wechat.sleep(0.01) return "a"')}`, ['bot.lua:1:8', 'bot.lua:2:24'].map((place) =>
  `${place}: note: nothing is served until this pause is over, at each start and reload: pause in wechat.every or wechat.spawn`), { code: 0 });
finds('a note: a sleep that job_timeout_s ends', answer('wechat.spawn(function() wechat.sleep(86400) end) wechat.sleep(120) return "a"'),
  ['bot.lua:2:34: note: job_timeout_s (120 s) ends the script before this sleep is over: keep what is to come in wechat.store, and look there in wechat.every or wechat.cron'], { code: 0 });
passes('usual seconds pass, and what is no time', answer(`wechat.sleep(120) wechat.sleep(60) wechat.sleep(0.5) wechat.every(86400, print) wechat.allow("a", 5000, 3600)
  for _, ttl in ipairs{ 1 } do wechat.store.set("a", 5000, ttl) end
  wechat.store.set("a", 1, 604800) wechat.store.set("a", 1, 2592000) wechat.store.set("a", 1, 31536000) wechat.store.set("a", { timeout = 5000 })
  wechat.http.post("http://a", { timeout = 600, json = { timeout = 5000 } }) wechat.ask("a", { timeout_s = 86400 })
  return wechat.http.get("http://a", { timeout = 100 }).body`));
finds('a note: rules that another one keeps from answering', `local bot = require "wechat.bot"
bot.text("天气", "a")
bot.word("天气", "b")
bot.word("你好", { "hi", "您好" }, "c")
bot.word("hi", "再见", "d")
bot.text("天气", "e")
bot.click("HELP", "f")
bot.click("HELP", "g")
bot.on("image", "h") bot.on("IMAGE", "i")
bot.default("j") bot.default("k")
bot.text(".*", "l")
bot.text("^x", "m")
on_message = bot.on_message`, [
  'bot.lua:3:10: note: "天气" never comes to this rule: bot.text in line 2 takes it',
  'bot.lua:5:10: note: "hi" never comes to this rule: bot.word in line 4 takes it',
  'bot.lua:6:5: note: no text comes to this rule: bot.text in line 2 takes it',
  'bot.lua:8:5: note: this rule takes the place of the one in line 7',
  'bot.lua:9:26: note: this rule takes the place of the one in line 9',
  'bot.lua:10:22: note: this rule takes the place of the one in line 10',
  'bot.lua:12:5: note: no text comes to this rule: bot.text in line 11 takes it'], { code: 0 });
passes('rules that may be made alone, and others that take something else', `local bot = require "wechat.bot"
if os.getenv("NOBODY") then bot.word("a", "b") else bot.word("a", "c") end
bot.word("a", "d") bot.word("b", "B", "e") bot.click("b", "f") bot.on("click", "g") bot.default("h")
bot.text("^天气(.+)", "i") bot.word("天气", "j") bot.text("^天气", "k") bot.word("a\\b", "l") bot.word([[a\\b]], "m")
on_message = bot.on_message`);
passes('so where the script has rules of its own', `local bot = require "wechat.bot"
local default = bot.default
function bot.default(answer) return default(answer) end
bot.default("a") bot.default("b")
on_message = bot.on_message`);
test('notes change the exit status with --strict alone', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': answer('wechat.sleep(5000) return "a"'), 'fine.lua': answer('return "a"') });
  const run = (code, ...args) => wemoon(['check', ...args, '--token', 'aToken'], { cwd: dir, code });
  assert.match((await run(0, 'bot.lua')).stdout, /^ok: bot\.lua: on_message/);
  const { stdout, stderr } = await run(1, 'bot.lua', '--strict');
  assert.equal(stdout, '');
  assert.match(stderr, /^wemoon: check: bot\.lua:2:16: note: wechat\.sleep takes seconds/m);
  await run(0, 'fine.lua', '--strict');
});

finds('mistakes of syntax behind the first, which is told when the script is loaded', `function on_message(msg)
  if msg.type = "text" then
    return "a" ..
  end
end
local function other(msg
  return 1
end
function on_load()
  local x == 5
  n += 1
end`, ["bot.lua:4:3: unexpected symbol near 'end'", "bot.lua:7:3: ')' expected near 'return'", "bot.lua:10:11: unexpected symbol near '=='",
  "bot.lua:11:5: syntax error near '+'; write n = n + 1 for n += 1 and n++"]);
finds('a break outside of a loop, and the mistake behind it', `function on_message(msg)
  break
  return "a"
end
function a()
  x y z
end`, ["bot.lua:6:5: syntax error near 'y'"]);
finds('a goto without its label, which Lua notices at the end of the block, is told once', `function on_message(msg)
  goto nowhere
  local x = 1
  return "a"
end`, []);
finds('so in a module, whose first is told once too', `require "lib.a"\n${answer('return "a"')}`, ["lib/a.lua:2:6: syntax error near 'b'"],
  { files: { 'lib/a.lua': 'local x = = 1\nend_ b\nreturn 1' } });
test('the first is told once, with its line', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': 'function on_message(msg)\n  return "a" "b" c d\nend\nlocal = 5\n' });
  const { stderr } = await wemoon(['check', 'bot.lua', '--token', 'aToken'], { cwd: dir, code: 1 });
  assert.equal(stderr.split('bot.lua:2').length, 2, stderr);
  assert.match(stderr, /^wemoon: check: bot\.lua:4:7: <name> expected near '='$/m);
});

passes('functions that the script tests for, defines, or is allowed pass', `function table.copy(t) return t end
${answer('if os.execute then os.execute("ls") end return table.copy({}) and nil')}`);
test('with allow_shell the shell passes', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': answer('os.execute("ls") return io.popen("ls"):read("a")') });
  await wemoon(['check', 'bot.lua', '--token', 'aToken', '--allow-shell', 'true'], { cwd: dir, code: 0 });
});
passes('fields that the catalogue lacks pass, and what is no named argument', answer(`local key = "x"
  wechat.tag.create{ tag = { name = "a", colour = "red", [key] = 1 }, anything = 1, ["tga"] = 2 }
  wechat.create_menu{ button = {} } wechat.ask({ content = "?" }) local _ = wechat.response_news{ { title = "a", url = "b" } }
  wechat.oauth.authorize{ redirect_uri = "http://a", scope = "snsapi_base" }
  return wechat.http.get{ url = "http://a", headers = {}, timeout = 1 } and nil`));
passes('on_message that is one of two by a condition, or wraps the first, passes', `local function first() return "a" end
if os.getenv("NOBODY") then function on_message(msg) return first() end else function on_message() return "b" end end
on_message = require("wrap")(on_message)\n`, { 'wrap.lua': 'return function(f) return f end' });
passes('on_message of the one module or the other, and one that replaces a default, pass', `require "default"
if os.getenv("NOBODY") then require "one" else require "other" end
function on_message() return "here" end\n`, {
  'default.lua': 'function on_message() return "default" end', 'one.lua': 'function on_message() return "1" end', 'other.lua': 'function on_message() return "2" end',
});
passes('on_message that wraps the one before it by way of _G passes', `function on_message(msg) return "a" end
local before = _G.on_message
function on_message(msg) return before(msg) .. "b" end\n`);
passes('what a library beside the script calls for other programs passes', `require "quit"\n${answer('return "a"')}`,
  { 'quit.lua': 'return function(code) os.exit(code) end' });
finds('what a module of the bot calls does not', `require "quit"\n${answer('return "a"')}`,
  ['quit.lua:1:46: there is no os.exit: it would end the whole bot (return ends this message)'],
  { files: { 'quit.lua': 'return function() wechat.log.error("bye") os.exit(1) end' } });
passes('functions that fill a library by computed names, and the shell where the configuration gives it, pass', `for name, fn in pairs(require "more") do string[name] = fn end
${answer('if wechat.config.allow_shell then os.execute("ls") end return string.trim(msg.content)')}`,
{ 'more.lua': 'return { ["trim"] = function(text) return text end }' });
passes('on_message that wraps the one before it passes', `function on_message(msg) return "a" end
local before = on_message
function on_message(msg) return before(msg) .. "b" end\n`);
passes('fields that the script sets pass, wherever it sets them', `local util = require "util"
${answer('msg.mood = "good" util.mark(msg) return msg.mood .. msg.mark')}`, { 'util.lua': 'return { mark = function(m) m.mark = "x" end }' });
passes('fields under the platform\'s own names pass', answer('return msg.FromUserName or msg.SomethingNew or msg.bizmsgmenuid or msg.audit_id'));
passes('what may be named arguments, or several values, passes',
  `local function two() return "a", true end\n${answer('return wechat.response_text{ content = "x" } or wechat.response_text(two()) or wechat.response_text(msg.Options)')}`);
passes('a local name that is something else passes', `local wechat = { anything = print }
function on_message(msg) msg = { anything = 1 } wechat.anything(msg.anything) end`);
passes('a message whose fields are set by name passes', answer('local name = "anything" msg[name] = 1 return msg.anything'));
passes('Lua that is unusual passes', `goto start ::start::
local t <close> = setmetatable({ [1] = 2; x = 3, "y" }, { __close = function() end })
local long, hex, esc = [==[ wechat.nothing ]] ]==], 0x1p4 // 1 << 2 & ~3, "\\z
   wechat.nothing \\"quoted\\" \\u{4F60}"
-- wechat.nothing
--[[ wechat.nothing ]]
function t.a() end function t:b(...) local a, b = ..., #t; return a ^ b .. 'c' end
repeat local done = true until done
for i = 1, 2, 1 do if i > 1 then break elseif i < 0 then t:b "x" { 1 } else end end
for _, v in ipairs { 1 } do while v do break end end
${answer('return ("%s"):format(msg.content or [[x]])')}`);

test('a folder, and a script that the parser gives up, are each told with their names', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'deep.lua': `x = ${'('.repeat(300)}1${')'.repeat(300)}` });
  const told = async (file, code) => (await wemoon(['check', file, '--token', 'aToken'], { cwd: dir, code })).stderr;
  assert.equal(await told('.', 2), 'wemoon: cannot read .: Is a directory\n');
  assert.match(await told('deep.lua', 1), /^wemoon: deep\.lua: C stack overflow/);
});

test('run, dev and check agree that a folder in place of a script, and a store that cannot be written, are the configuration\'s fault', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'bot.lua': 'function on_message() return "a" end' });
  const env = { WEMOON_TOKEN: 'aToken' };
  for (const command of ['run', 'dev', 'check']) {
    assert.match((await wemoon([command, '.', '--listen', '0'], { cwd: dir, code: 2, env })).stderr, /^wemoon: (dev: )?cannot read \.: Is a directory\n$/);
    const { stderr } = await wemoon([command, 'bot.lua', '--listen', '0', '--store', 'sqlite:no/such.db'], { cwd: dir, code: 2, env });
    assert.match(stderr, /store: no\/such\.db cannot be opened for writing/);
  }
});

test('no example has a finding', async (t) => {
  for (const name of fs.readdirSync(SCRIPTS).filter((one) => !/_spec|config/.test(one))) {
    const { stderr } = await wemoon(['check', path.join(SCRIPTS, name), '--token', 'aToken'], { cwd: tempDir(t), env: {
      MODEL_URL: 'http://127.0.0.1:1/v1', MODEL_KEY: 'k', MODEL_NAME: 'n' } });
    assert.doesNotMatch(stderr, /\.lua:\d+:\d+: /, name);
  }
});

test('no example of the README has a finding', async (t) => {
  const readme = fs.readFileSync(path.join(__dirname, '../../README.md'), 'utf8');
  const examples = [...readme.matchAll(/^```lua\n([^]*?)^```$/gm)].map((found) => found[1]).filter((one) => one.includes('on_message'));
  assert.ok(examples.length > 0);
  for (const one of examples) assert.deepEqual(await check(t, one, { code: 0 }), []);
});

// The examples of the reference's page, as Lua.
function examplesOf(page) {
  const marks = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  const plain = (html) => html.replace(/<[^>]*>/g, '').replace(/&(lt|gt|quot|#39|amp);/g, (_, name) => marks[name]);
  return [...page.matchAll(/<pre[^>]*>(.*?)<\/pre>/gs)].map((found) => plain(found[1]));
}

test('no example of the reference has a finding', async (t) => {
  const { stdout } = await wemoon(['docs', 'html', '--lang', 'zh'], { cwd: tempDir(t) });
  const examples = examplesOf(stdout);
  assert.ok(examples.length > 500, `${examples.length} examples`);
  const functions = examples.map((one) => `function on_message(msg, request, menu, model)\n  local bot = require "wechat.bot"\n  do ${one}\n  end\nend`);
  const files = Object.fromEntries(functions.map((one, i) => [`example_${i}.lua`, one]));
  const reads = functions.map((_, i) => `if msg.content == "${i}" then require "example_${i}" end`);
  const found = (await check(t, answer(reads.join('\n')), { files, code: 0 })).map((line) => line.replace(/^example_(\d+)\.lua:.*?: /, (_, i) => `${examples[i]}: `));
  assert.deepEqual(found, []);
});

test('a wrong name says the nearest right one where it is read: in a script and in the prompt', async (t) => {
  const bot = await startBot(t, { script: answer('if msg.content == "tag" then wechat.tag.creat{} end return wechat.respons_text("x")') });
  await bot.say('x');
  await bot.waitForLog(/bot\.lua:2: there is no wechat\.respons_text; did you mean response_text\?/);
  await bot.say('tag');
  await bot.waitForLog(/bot\.lua:2: there is no wechat\.tag\.creat; did you mean create\?/);
  const { stderr, stdout } = await wemoon(['repl'], { input: 'wechat.json.encod(1)\n', cwd: tempDir(t) });
  assert.match(stdout + stderr, /there is no wechat\.json\.encod; did you mean encode\?/);
});

test('so does a wrong name of wechat.bot and a wrong method, in a script and in the prompt', async (t) => {
  const bot = await startBot(t, { script: answer('wechat.spawn(print):cancle()') });
  await bot.say('x');
  await bot.waitForLog(/bot\.lua:2: a task has no method cancle; did you mean task:cancel\?/);
  const input = ['menu:clck("a", "A")', 'require("wechat.bot").wrod("a", "b")', 'wechat.gate(1):entr()', 'require("wechat.model") { url = "http://127.0.0.1:1" }:repl()',
    'menu.conditionalmenu', 'menu.other'].join('\n');
  const { stdout } = await wemoon(['repl'], { input: `${input}\n`, cwd: tempDir(t) });
  const said = stdout.split('\n').filter((line) => !line.startsWith('  '));
  assert.deepEqual(said.slice(0, 6), ['error: a menu has no method clck; did you mean menu:click?', 'error: there is no wechat.bot.wrod; did you mean word?',
    'error: a gate has no method entr; did you mean gate:enter?', 'error: a model has no method repl; did you mean model:reply?', 'nil', 'nil']);
});
