-- The prompt's commands: users' acts, the menu, the script, help.

local words = require "docs.words"
local misread = require "wechat.misread"
local nearest = require "wechat.nearest"

return function(repl)
  local wechat, host, paint, say = repl.wechat, repl.host, repl.paint, repl.say
  local draw, help = require("repl.draw")(repl), require("repl.help")(repl)

  local commands, order = {}, {}

  -- Commands not available at a running bot, and the reason.
  local no_phone = "this prompt has no phone: the bot talks to its users. Send it a message as the platform would: wemoon send text 你好"
  local not_here = {
    [".say"] = no_phone, [".tap"] = no_phone, [".subscribe"] = no_phone, [".unsubscribe"] = no_phone, [".scan"] = no_phone,
    [".locate"] = no_phone, [".image"] = no_phone, [".as"] = no_phone,
    [".trace"] = "it would slow every message down: the log shows them (log_level = \"debug\")",
    [".save"] = "the file would be the bot's: write it at a prompt of its own (wemoon repl)",
  }

  -- Adds a command: its name, its arguments, a one-line description, and fn(rest) -> word, text.
  local function add(name, usage, doc, fn)
    if repl.bot and not_here[name] then return end
    commands[name] = { usage = usage, doc = doc, fn = fn }
    order[#order + 1] = name
  end

  -- ---- users' acts

  local ACT_S, LOOK_S = 60, 5 -- an act waits for the bot; a look at the platform does not, and may hold up the prompt

  local function control(method, path, body)
    local answer, err = wechat.http.request {
      method = method, url = repl.settings.sim .. path, json = body, timeout = method == "GET" and LOOK_S or ACT_S,
    }
    if not answer then return nil, tostring(err) end
    local value = host.json.decode(answer.body)
    if answer.status ~= 200 then return nil, type(value) == "table" and value.error or answer.body end
    return value
  end

  local shown = {
    text = function(e) return e.content end,
    image = function(e) return "[图片] " .. tostring(e.media_id) end,
    voice = function(e) return "[语音] " .. tostring(e.media_id) end,
    video = function(e) return "[视频] " .. (e.title or tostring(e.media_id)) end,
    music = function(e) return ("[音乐] %s %s %s"):format(e.title or "", e.description or "", e.url or e.hq_url or "") end,
    location = function(e) return ("[位置] %s %s,%s"):format(e.label or "", e.latitude, e.longitude) end,
    shortvideo = function(e) return "[小视频] " .. tostring(e.media_id) end,
    article = function() return "[文章]" end,
    msgmenu = function(e)
      local lines = { e.head or "" }
      for _, choice in ipairs(e.list or {}) do lines[#lines + 1] = "  ▸ " .. choice.content end
      return table.concat(lines, "\n") .. (e.tail and e.tail ~= "" and "\n" .. e.tail or "")
    end,
    notice = function(e) return e.content or e.text or "" end,
    transfer = function() return "(转接客服)" end,
    typing = function(e) return e.on == false and "" or "(对方正在输入…)" end,
    news = function(e)
      local lines = {}
      for i, a in ipairs(e.articles) do lines[i] = ("[图文] %s\n  %s"):format(a.title or "", a.url or "") end
      return table.concat(lines, "\n")
    end,
    template = function(e)
      local lines = { "[模板] " .. (e.title or "") }
      for _, field in ipairs(e.fields or {}) do lines[#lines + 1] = "  " .. field.name .. ": " .. field.value end
      return table.concat(lines, "\n")
    end,
  }

  -- Returns nil for an entry that a phone does not show. `to`: the name of a user who is not this one.
  local function show_entry(entry, to)
    local show = shown[entry.kind]
    local text = paint.safe(show and show(entry) or "[" .. entry.kind .. "]")
    if text == "" then return nil end
    local who = to and ("微月 → %s: "):format(paint.safe(to)) or "微月: "
    return paint.text("name", who) .. (entry.kind == "notice" and paint.text("bad", text) or text)
  end

  local function faint(text) return paint.text("faint", paint.safe(text)) end

  -- Returns an act's requests and replies as lines if tracing, and whether the script failed. The last document becomes
  -- the current message.
  local function show_trace(answer)
    local lines, state, failed = {}, control("GET", "/sim/state"), false
    for _, item in ipairs(state and state.trace or {}) do
      if item.id == answer.trace then
        failed = item.outcome == "failed" or item.script_error ~= nil
        for _, try in ipairs(item.tries) do
          repl.document = try.request or repl.document
          lines[#lines + 1] = faint("→ " .. tostring(try.request))
          lines[#lines + 1] = faint(("← %s %s (%d ms)"):format(try.status or "-", try.reply or try.error or "", try.ms or 0))
        end
        if item.script_error then lines[#lines + 1] = paint.text("bad", paint.safe(item.script_error)) end
      end
    end
    return repl.tracing and table.concat(lines, "\n") or nil, failed
  end

  local told = nil -- from the first act or event on: the set of the ids of entries that were shown

  local function tell(entry, lines, to)
    if not told[entry.id] then lines[#lines + 1] = show_entry(entry, to) end
    told[entry.id] = true
  end

  local function act(fields)
    fields.user = repl.user
    local answer, err = control("POST", "/sim/act", fields)
    if not answer then return "failed", repl.error(paint.safe(say(err))), err end
    local trace, failed = show_trace(answer)
    local lines = { trace }
    told = told or {}
    for _, entry in ipairs(answer.shown) do tell(entry, lines) end
    if failed then lines[#lines + 1] = paint.text("bad", say "(the script failed)")
    elseif #answer.shown == 0 then lines[#lines + 1] = paint.text("faint", say "(no reply)") end
    return failed and "failed" or "done", table.concat(lines, "\n")
  end

  local function split(rest)
    local list = {}
    for word in rest:gmatch("%S+") do list[#list + 1] = word end
    return list
  end

  local function needs(what) return "failed", repl.error(paint.safe(what)) end

  add(".say", "TEXT", "send a text", function(rest)
    if rest == "" then return needs(say "say what? .say 你好") end
    return act { act = "say", content = rest }
  end)

  local function drawn_menu()
    local menu = repl.env.menu
    return type(menu) == "table" and type(menu.button) == "table" and #menu.button > 0 and menu or nil
  end

  -- Taps by place. The drawn buttons may be faulty: the user is told here what is missing.
  local function tap_place(menu, place)
    local i, j = place:match("^(%d+)%.?(%d*)$")
    local top = menu.button[tonumber(i)]
    local button = top
    if top and j ~= "" then button = type(top.sub_button) == "table" and top.sub_button[tonumber(j)] end
    if not button then return needs(say("there is no button %s", place)) end
    if not button.type then return needs(say("button %s opens a sheet: .tap %s.1", place, place)) end
    return act { act = "tap", path = place, menu = { button = menu.button } }
  end

  -- What the platform says to a tap where there is no menu at all, and how to make one here.
  local no_menu = "there is no menu: the bot has not created one (create_menu)"
  local function tap_somewhere(fields)
    local word, text, why = act(fields)
    if why ~= no_menu then return word, text end
    return needs(say "there is no menu: draw one, menu:click(\"今日歌曲\", \"V1001\"), and .tap 今日歌曲; .push creates it on the platform")
  end

  -- Taps the menu drawn at the prompt, pushed or not; if there is none, the platform's.
  add(".tap", "N[.M]|NAME", "tap a button, by place or name, of the menu that you drew (or of the platform's, where you drew none)", function(rest)
    if rest == "" then return needs(say "which button? .tap 1, .tap 2.1, or its name") end
    local menu = drawn_menu()
    if menu and rest:find("^%d+%.?%d*$") then return tap_place(menu, rest) end
    return tap_somewhere { act = "tap", path = rest, menu = menu and { button = menu.button } }
  end)

  add(".subscribe", "[SCENE]", "follow the account", function(rest) return act { act = "follow", scene = rest ~= "" and rest or nil } end)
  add(".unsubscribe", "", "unfollow", function() return act { act = "unfollow" } end)

  add(".scan", "SCENE", "scan a QR code with that scene", function(rest)
    if rest == "" then return needs(say "which scene? .scan 42") end
    return act { act = "scan", scene = rest }
  end)

  add(".locate", "LAT LNG", "send a location", function(rest)
    local list = split(rest)
    local latitude, longitude = tonumber(list[1]), tonumber(list[2])
    if not longitude then return needs(say "where? .locate 23.13 113.36") end
    return act { act = "location", latitude = latitude, longitude = longitude }
  end)

  add(".image", "[MEDIA_ID]", "send a picture", function(rest) return act { act = "image", media_id = rest ~= "" and rest or nil } end)

  add(".as", "OPENID", "be another user (an openid, or a name)", function(rest)
    if rest == "" then return "done", say("you are %s", repl.user) end
    repl.user = rest
    return "done", say("you are %s", rest)
  end)

  -- ---- menu

  local function faults_of() return wechat.menu.check(repl.env.menu) end

  add(".menu", "", "draw the menu, with its faults", function()
    if type(repl.env.menu) ~= "table" then return needs(say "menu is no longer a table: write menu = wechat.menu.new()") end
    return "done", draw(repl.env.menu, faults_of())
  end)

  local function present()
    local kept, err = wechat.menu.pull()
    if kept then return kept end
    if type(err) == "table" and err.errcode == 46003 then return wechat.menu.new() end
    return nil, err
  end

  local function is_yes(rest) return rest == "yes" or rest == "y" end

  -- Asks before running fn: at a terminal the next line is the answer; in a pipe, "yes" after the command.
  local function when_agreed(rest, command, text, question, fn)
    if is_yes(rest) then return fn() end
    if repl.settings.terminal == "" then return "done", text .. "\n" .. say("to do it: %s yes", command) end
    repl.asked = fn
    return "done", text .. "\n" .. say("%s (y/N)", question)
  end

  -- Returns the changes as lines, and whether one of them takes away what `before` has. A button that moved is kept:
  -- its old and new are places.
  local function changes_between(before, after)
    local lines, takes_away = {}, false
    for i, change in ipairs(wechat.menu.diff(before, after)) do
      lines[i] = "  " .. paint.safe(say(tostring(change)))
      takes_away = takes_away or change.old ~= nil and not math.type(change.old)
    end
    return lines, takes_away
  end

  add(".push", "[yes]", "create the menu on the platform; shows the changes and asks", function(rest)
    local faults = faults_of()
    if #faults > 0 then return "failed", draw(repl.env.menu, faults) .. "\n" .. say "not pushed: correct the faults first" end
    local now, err = present()
    if not now then return needs(repl.fault(err)) end
    local lines = changes_between(now, repl.env.menu)
    if #lines == 0 then return "done", say "the platform has this menu already" end
    local text = table.concat(lines, "\n")
    return when_agreed(rest, ".push", text, say "put it on the platform?", function()
      local done, why = wechat.menu.push(repl.env.menu)
      if not done then return needs(repl.fault(why)) end
      return "done", (is_yes(rest) and text .. "\n" or "") .. say "pushed"
    end)
  end)

  add(".pull", "[yes]", "fetch the platform's menu into `menu`; asks before it discards what you drew", function(rest)
    local now, err = present()
    if not now then return needs(repl.fault(err)) end
    local function take()
      repl.env.menu = now
      return "done", draw(repl.env.menu, faults_of())
    end
    local drawn = type(repl.env.menu) == "table" and type(repl.env.menu.button) == "table" and (#repl.env.menu.button > 0 or repl.env.menu.conditionalmenu)
    local lines, takes_away = {}, false
    if drawn then lines, takes_away = changes_between(repl.env.menu, now) end
    if #lines == 0 then return take() end
    if not takes_away then
      local _, picture = take()
      return "done", say "what you drew is kept; the platform's menu has more:" .. "\n" .. table.concat(lines, "\n") .. "\n" .. picture
    end
    return when_agreed(rest, ".pull", say "this discards what you drew:" .. "\n" .. table.concat(lines, "\n"), say "fetch it anyway?", take)
  end)

  -- ---- script

  -- C runs .reload if there is a script; at a running bot, C also runs the commands below.
  add(".reload", "", "reload the bot's script", function() return needs(say "there is no script: the bot is what you define here") end)

  if repl.bot then
    add(".conversations", "", "the users in a conversation with the bot, since when, and until when", function() return "done", "" end)
    add(".end", "OPENID", "end that user's conversation: wechat.ask gives nil, \"ended\"", function() return "done", "" end)
  end

  add(".trace", "on|off", "show the XML of what you .say, and every API call", function(rest)
    if rest ~= "on" and rest ~= "off" then return needs(say "on or off?") end
    repl.tracing = rest == "on"
    repl.api_trace.start()
    return "done", say("trace is %s", rest)
  end)

  local function literal(value, indent)
    if type(value) == "string" then return ("%q"):format(value):gsub("\\\n", "\\n") .. "" end
    if type(value) ~= "table" then return tostring(value) end
    local parts, inner = {}, indent .. "  "
    for i, member in ipairs(value) do parts[i] = inner .. literal(member, inner) end
    for _, key in ipairs(misread.names(value)) do parts[#parts + 1] = inner .. key .. " = " .. literal(value[key], inner) end
    if #parts == 0 then return "{}" end
    return "{\n" .. table.concat(parts, ",\n") .. ",\n" .. indent .. "}"
  end

  add(".save", "FILE", "write what was typed, and the menu, as a script", function(rest)
    if rest == "" then return needs(say "which file? .save bot.lua") end
    local there = io.open(rest, "r")
    if there then
      there:close()
      return needs(say("%s is there already: name another file", rest))
    end
    local file, why = io.open(rest, "w")
    if not file then return needs(repl.fault(why)) end
    -- One local for all values: an input may name it before there is one, and a function has 200 locals at most.
    file:write("-- Typed at wemoon's prompt.\n\nlocal menu, _ = wechat.menu.new(), nil\n")
    for _, input in ipairs(repl.typed) do
      local is_expression = load("return " .. input, "=", "t", {}) ~= nil
      file:write(is_expression and "_ = " or "", input, "\n")
    end
    local menu = repl.env.menu
    if type(menu) == "table" and type(menu.button) == "table" and #menu.button > 0 then
      file:write("\n-- The menu that it built; to put it on the platform: wechat.create_menu(menu)\nmenu = ", literal({ button = menu.button }, ""), "\n")
    end
    file:close()
    return "done", say("written to %s", rest)
  end)

  -- ---- help

  -- A line of the list. On a narrow terminal it goes on at the left.
  local function help_line(what, doc)
    return repl.fitted(paint.pad(what, 24) .. doc, repl.columns < 60 and 2 or 24)
  end

  local function doc_of(name, english) return repl.settings.lang == "zh" and words.prompt[name] or english end

  local function command_line(name) return help_line(name .. " " .. commands[name].usage, doc_of(name, commands[name].doc)) end

  add(".help", "[NAME]", "this list; or what is known of a name: .help wechat.tag.create", function(rest)
    if commands[rest] then return "done", command_line(rest) end
    if rest ~= "" then
      local text, near = help(rest)
      if near then return needs(say("nothing is known of %s; did you mean %s?", rest, near)) end
      if not text then return needs(say("nothing is known of %s", rest)) end
      return "done", text
    end
    local lines = {}
    for _, name in ipairs(order) do
      lines[#lines + 1] = command_line(name)
    end
    local keys = repl.bot and doc_of("Ctrl-C with --attach", "end the running input, twice within a second also what this prompt has spawned since the last reload; leave")
      or doc_of("Ctrl-C", "end the running input and what it spawned, twice within a second all that goes on here; leave")
    lines[#lines + 1] = help_line("Ctrl-C, Ctrl-D", keys)
    return "done", table.concat(lines, "\n")
  end)

  add(".quit", "", "leave", function() return "quit", "" end)

  -- ---- interface

  local out = {}

  -- What the bot sends to a phone that is no reply in time.
  local by_itself = { custom = true, template = true, subscribe = true, mass = true, preview = true }

  -- Returns the name of a user who is not the one of this prompt, as .as takes it.
  local function name_of_other(user)
    local is_this = repl.user == user.openid or repl.user == user.nickname or repl.user == user.alias
    return not is_this and (user.alias or user.nickname) or nil
  end

  -- Returns a chat's entries that the bot sent by itself and were not shown, with the user's name.
  local function untold(user, chat)
    local list, name = {}, name_of_other(user)
    for _, entry in ipairs(chat or {}) do
      if by_itself[entry.via] and entry.kind ~= "typing" and not told[entry.id] then list[#list + 1] = { entry = entry, to = name } end
    end
    return list
  end

  -- Of all users, in the order in which it was sent.
  local function all_untold(state)
    local list = {}
    for _, user in ipairs(state.users) do
      for _, item in ipairs(untold(user, state.chats[user.openid])) do list[#list + 1] = item end
    end
    table.sort(list, function(a, b) return a.entry.id < b.entry.id end)
    return list
  end

  --- Returns what the bot has sent since the last act's answer, such as a late reply, as the phones would show it.
  function out.later()
    local lines, state = {}, told and control("GET", "/sim/state")
    if not state then return "" end
    for _, item in ipairs(all_untold(state)) do tell(item.entry, lines, item.to) end
    return table.concat(lines, "\n")
  end

  --- The same, before the first act too.
  function out.news()
    told = told or {}
    return out.later()
  end

  function out.names() return order end

  local function unknown(name)
    local near = name == ".exit" and ".quit" or nearest(name, order)
    if near then return say("unknown command %s; did you mean %s? .help lists all", name, near) end
    return say("unknown command %s: .help lists all", name)
  end

  --- Runs a command line; returns its outcome and the text to print.
  function out.run(input)
    local name, rest = input:match("^%s*(%.%a+)%s*(.-)%s*$")
    local command = commands[name]
    if not command and repl.bot and not_here[name] then return needs(say("%s is not for a running bot: %s", name, say(not_here[name]))) end
    if not command then return needs(unknown(name)) end
    local good, word, text = pcall(command.fn, rest)
    if not good then return "failed", repl.error(paint.safe(tostring(word))) end
    return word, text
  end

  return out
end
