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
  return stderr.split('\n').filter((line) => line.startsWith('wemoon: check: ')).map((line) => line.slice(15).replace(`${dir}/`, ''));
}
const finds = (name, script, expected, options) => test(name, async (t) => assert.deepEqual(await check(t, script, options), expected));
const passes = (name, script, files) => test(name, async (t) => assert.deepEqual(await check(t, script, { files, code: 0 }), []));
const answer = (body) => `function on_message(msg)\n  ${body}\nend\n`;

finds('an unknown name of wechat has its place and the nearest name', answer('return wechat.respons_text("x")'),
  ['bot.lua:2:17: there is no wechat.respons_text; did you mean wechat.response_text?']);
finds('columns are counted in characters', answer('local text = "你好" .. wechat.respons_text("x")'),
  ['bot.lua:2:31: there is no wechat.respons_text; did you mean wechat.response_text?']);
finds('names of groups and of tools are known', answer('wechat.tag.creat{ tag = { name = "a" } } wechat.jsn.encode(1) wechat.json.encod(1)'), [
  'bot.lua:2:14: there is no wechat.tag.creat; did you mean wechat.tag.create?',
  'bot.lua:2:51: there is no wechat.jsn; did you mean wechat.json?',
  'bot.lua:2:77: there is no wechat.json.encod; did you mean wechat.json.encode?']);
finds('a local name for a part of wechat is followed', `local tag <const> = wechat.tag\n${answer('return tag.lst()')}`,
  ['bot.lua:3:14: there is no wechat.tag.lst; did you mean wechat.tag.list?']);
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
finds('too many and too few arguments', answer('wechat.response_text() wechat.response_text("a", true, 3) wechat.user.info("x") return wechat.sleep'), [
  'bot.lua:2:10: wechat.response_text: content is missing (0 arguments given)',
  'bot.lua:2:33: wechat.response_text takes 2 arguments, not 3',
  'bot.lua:2:73: wechat.user.info takes one table of fields: wechat.user.info{...}']);
finds('a module beside the script is read too', `local util = require "lib.util"\n${answer('return util(msg)')}`,
  ['lib/util.lua:1:33: there is no wechat.slep; did you mean wechat.sleep?'],
  { files: { 'lib/util.lua': 'return function() return wechat.slep(1) end' } });

passes('fields that the script sets pass, wherever it sets them', `local util = require "util"
${answer('msg.mood = "good" util.mark(msg) return msg.mood .. msg.mark')}`, { 'util.lua': 'return { mark = function(m) m.mark = "x" end }' });
passes('fields under the platform\'s own names pass', answer('return msg.FromUserName or msg.SomethingNew'));
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
  const told = async (file) => (await wemoon(['check', file, '--token', 'aToken'], { cwd: dir, code: 1 })).stderr;
  assert.equal(await told('.'), 'wemoon: cannot read .: Is a directory\n');
  assert.match(await told('deep.lua'), /^wemoon: deep\.lua: C stack overflow/);
});

test('no example has a finding', async (t) => {
  for (const name of fs.readdirSync(SCRIPTS).filter((one) => !/_spec|config/.test(one))) {
    const { stderr } = await wemoon(['check', path.join(SCRIPTS, name), '--token', 'aToken'], { cwd: tempDir(t), env: {
      MODEL_URL: 'http://127.0.0.1:1/v1', MODEL_KEY: 'k', MODEL_NAME: 'n' } });
    assert.doesNotMatch(stderr, /\.lua:\d+:\d+: /, name);
  }
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
