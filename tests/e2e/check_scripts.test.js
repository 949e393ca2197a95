// `wemoon check` over scripts as users write them: those of tests/data/check are valid and pass; those below have one
// mistake each, and it is found at its place.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { wemoon, tempDir, writeFiles } = require('./harness');

const VALID = path.join(__dirname, '../data/check');

// Returns what check finds in a script of that folder: ["bot.lua:2:10: there is no ..."].
async function findings(dir, name, code) {
  const { stderr } = await wemoon(['check', path.join(dir, name), '--token', 'aToken'], { cwd: dir, code });
  const lines = stderr.split('\n').filter((line) => line.startsWith('wemoon: ')); // not what a busy machine makes it log
  return lines.map((line) => line.replace('wemoon: check: ', '').replaceAll(`${dir}/`, ''));
}

for (const name of fs.readdirSync(VALID).filter((one) => one.endsWith('.lua'))) {
  test(`a valid script passes: ${name}`, async () => assert.deepEqual(await findings(VALID, name, 0), []));
}

// The mistake is behind "@@".
const faulty = `
local Handler = {} Handler.__index = Handler
function Handler.new() return setmetatable({}, Handler) end
function on_message(msg) local h = Handler.new() return h and wechat.@@respnse_text(msg.content) end
---
local t <const> = { text = function(m) return m.content end }
function on_message(msg) return t[msg.@@tpye](msg) end
---
function on_message(msg)
  return wechat.@@sleep() or "x"
end
---
function on_message(message)
  local m = message
  local function reply() return m.@@contnet end
  return reply()
end
---
function on_message(msg) local s = "你好" .. "世界" .. msg.@@conten return s end
---
function on_message(msg)
  for i = 1, 10 do if i % 2 == 0 then goto continue end wechat.@@send_text_mesage(msg.source, "a") ::continue:: end
end
---
local wx = wechat
function on_message(msg) return wx.@@responsetext("a") end
---
local http = wechat.http
function on_message(msg) return http.@@gett("http://a").body end
---
local get <const> = wechat.http.get
function on_message(msg) local a = get("http://a") return a and a.@@bodyy end
---
function on_message(msg)
  local text = [[
  wechat.nothing ]] .. msg.content
  return wechat.@@response_text(text, true, 3)
end
---
function on_message(...)
  local msg = ...
  return wechat.user.@@infos{ openid = msg.source }
end
---
function on_message(msg)
  return (function(...) local a, b = ... return a .. b end)(msg.content, msg.@@soruce)
end
---
local bot = require "wechat.bot"
bot.default(function(m, ...) local n <const> = m return n.@@medai_id end)
on_message = bot.on_message
---
local function f(a) return a end
function on_message(msg) return f(f(f(msg.content .. f{ x = wechat.store.@@gte("a") }.x))) end
---
function on_message(msg)
  if msg.type == "location" then return msg.location.@@latitude end
end
---
function on_message(msg)
  while true do local ok = wechat.store.set("a", 1) if ok then break end end
  repeat local done = wechat.@@slep(1) until done
end
---
function on_message(msg) return wechat.json.@@parse("{}") end
---
function on_error(err, m) return m.@@contennt end
function on_message(msg) return "a" end
---
function on_lost(m, lost) return m.@@contennt end
function on_message(msg) return "a" end
---
function on_message(msg)
  return ("%s"):format(msg.content):gsub("a", { a = wechat.base64.@@encod("a") })
end
---
local a, b, c = 1, 2, function() return wechat.@@md("x") end
function on_message(msg) return a + b + c() end
---
function on_message(msg) local reply = wechat[@@"response_txt"]("a") return reply end
---
function on_message(msg) return msg[@@"contnet"] end
---
function on_message(msg)
  local q, r = 7 // 2, 7 % 2 -- integer division
  return wechat.@@send_text_message(msg.source)
end
---
local M = {}
function M:answer(msg) return wechat.@@spwan(print) end
function on_message(msg) return M:answer(msg) end
---
function on_message(msg) return wechat.menu.@@creat{ } end
---
wechat.route("GET", "/", function(request) return request.@@querry.a end)
function on_message(msg) end
---
function on_message(msg)
  local answer, err = wechat.tag.list{}
  if not answer then return err.@@message end
end
---
coroutine.wrap(function() wechat.every(60, function() wechat.@@say_all("x") end) end)
function on_message(msg) end
---
function on_message(msg)
  local x = msg.type == "text" and msg.content or msg.event and msg.@@evnet_key or ""
  return x
end
---
function on_message(msg) wechat.tag.create{ @@tga = { name = "a" } } end
---
function on_message(msg) wechat.http.get("http://a", { @@timeuot = 3 }) end
---
function on_message(msg) wechat.store:@@get("a") end
---
function on_message(msg) wechat.@@response_text("a") end
---
function @@on_laod() end function on_message(msg) end
---
function on_message(msg) return @@tostirng(msg) end
---
function on_message(msg) return string.@@fromat("a") end
---
if true then
  function on_message(msg)
    return select(2, pcall(wechat.@@respons_text, msg.content))
  end
end
`.trim().split('\n---\n');

for (const marked of faulty) {
  const before = marked.slice(0, marked.indexOf('@@')), script = marked.replace('@@', '');
  test(`one mistake is found at its place: ${script.split('\n').find((_, i) => i === before.split('\n').length - 1).trim()}`, async (t) => {
    const dir = tempDir(t), place = `bot.lua:${before.split('\n').length}:${[...before.split('\n').at(-1)].length + 1}: `;
    writeFiles(dir, { 'bot.lua': script });
    const found = await findings(dir, 'bot.lua', 1);
    assert.equal(found.length, 1, found.join('\n'));
    assert.ok(found[0].startsWith(place), `${found[0]} begins with ${place}`);
  });
}
