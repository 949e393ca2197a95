-- `wemoon check --online`: asks the platform whether the account works, and says what to mend. Nothing on the
-- account is changed: what is probed reads, or writes to nobody.

local settings_page = "on mp.weixin.qq.com (Settings and development, Basic configuration)"

-- An openid that is nobody's: where the account has the right, 40003 is the answer.
local nobody = "oWemoonCheck00000000000000000"

-- What each right is for, a call that needs it, and the refusals that show it is there.
local rights = {
  { "customer service messages (send_*_message, late replies)", "message.custom.typing",
    { touser = nobody, command = "Typing" },
    { [40003] = true, [45015] = true, [45080] = true, [45081] = true } },
  { "followers and their profiles", "user.list", {} },
  { "tags", "tag.list", {} },
  { "materials", "material.get_materialcount", {} },
  { "drafts", "draft.count", {} },
  { "publishing", "freepublish.batchget", { offset = 0, count = 1, no_content = 1 } },
  { "template messages", "message.template.list", {} },
  { "subscription messages", "message.subscribe.list_templates", {} },
}

-- Refusals of every call: there is no use in probing on.
local hopeless = {
  [40001] = true, [40013] = true, [40014] = true, [40125] = true, [40164] = true, [40243] = true,
}

local mends = {
  [40164] = function(err)
    local ip = err.errmsg:match("invalid ip ([%x.:]+)")
    if not ip then return "add this machine's public IP to the IP whitelist " .. settings_page end
    local text = "add %s to the IP whitelist %s: the platform sees this machine under that address"
    return text:format(ip, settings_page)
  end,
  [40125] = function()
    return "appsecret is wrong: copy it anew, or reset it " .. settings_page
  end,
  [40013] = function()
    return "appid is wrong: it begins with wx and has 18 characters, and stands " .. settings_page
  end,
}

-- An error in one line: what the platform said, what to do.
local function words(err)
  local mend = mends[err.errcode] and mends[err.errcode](err) or err.hint
  local said = err.errcode and err.errcode .. " " .. err.errmsg or err.errmsg
  return (said .. ": " .. mend):gsub("%s*[\r\n]+%s*", " ")
end

local function find(wechat, full)
  local where = wechat
  for name in full:gmatch("[^.]+") do where = where[name] end
  return where
end

local function count_buttons(result)
  local menu = type(result.menu) == "table" and result.menu or result
  return type(menu.button) == "table" and #menu.button or 0
end

---@param wechat wechat
---@param print_line fun(text: string)
---@param print_fault fun(text: string)
---@return boolean fine
local function check(wechat, print_line, print_fault)
  local fine = true

  -- Says how one thing went; true where there is use in going on.
  local function note(what, result, err, good)
    if result or good(err) then return true end
    fine = false
    if err.errcode == 48001 then
      print_fault(("%s: 48001 the account lacks this right: %s"):format(what, err.hint))
    else
      print_fault(what .. ": " .. words(err))
    end
    return err.kind == "api" and not hopeless[err.errcode]
  end

  local function never() return false end

  -- Tokens are had without it too, by each process for itself.
  local function check_store()
    local _, err = wechat.store.get("online")
    if not err then return end
    fine = false
    print_fault(tostring(err))
  end

  local function check_token()
    local made, err = wechat.grant_token()
    if not note("access token", made, err, never) then return false end
    if not made then return false end
    print_line(("access token: fetched, good for %s s"):format(made.expires_in))
    return true
  end

  local function check_menu()
    local menu, err = wechat.get_menu()
    local on = note("menu", menu, err, function(failure) return failure.errcode == 46003 end)
    if menu then print_line(("menu: %d buttons"):format(count_buttons(menu))) end
    if not menu and err.errcode == 46003 then print_line("menu: there is none") end
    return on
  end

  local function check_right(right)
    local what, shown = "right: " .. right[1], right[4] or {}
    local result, err = find(wechat, right[2])(right[3])
    local on = note(what, result, err, function(failure) return shown[failure.errcode] end)
    if result or shown[err.errcode] then print_line(what .. ": there") end
    return on
  end

  local function check_ticket()
    local what = "right: JS-SDK (pages that call WeChat)"
    local ticket, err = wechat.get_jsapi_ticket()
    local on = note(what, ticket, err, never)
    if ticket then print_line(what .. ": there") end
    return on
  end

  local function check_all()
    if not check_token() or not check_menu() then return end
    for _, right in ipairs(rights) do
      if not check_right(right) then return end
    end
    check_ticket()
  end

  check_store()
  check_all()
  return fine
end

--- Prints a line for each finding: good ones on standard output, faults on standard error.
---@param wechat wechat
---@return boolean fine
return function(wechat)
  local function say(text) print("online: " .. text) end
  local function blame(text)
    io.stdout:flush()
    io.stderr:write("wemoon: online: ", text, "\n")
  end
  return check(wechat, say, blame)
end
