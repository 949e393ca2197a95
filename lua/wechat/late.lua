-- Late replies: what the script returned after deadline_ms, and what of a long text did not fit into the answer, goes out as
-- customer service messages ("客服消息"), in order.

local REST_WAITS = 0.3  -- seconds, so that the passive reply reaches the phone first

local TRY_S = 600  -- how long a send that did not happen is tried again
local passes = { [-1] = true, [40001] = true, [40164] = true, [45009] = true }

-- Refusals of the platform that are final.
local no_right, window = 48001, { [45015] = true, [45047] = true }

---@param wechat table
---@param host table
return function(wechat, host)
  local log = host.log

  local function what_of(is_rest) return is_rest and "the rest of a long text" or "a late reply" end

  local function has_credentials() return host.api.account("appid") ~= nil and host.api.account("appsecret") ~= nil end

  -- Sends one message. What raises is the fault of the configuration, which concerns all, or of this message.
  local function send(body)
    local sent, answer, err = pcall(function() return wechat.message.custom["send_" .. body.msgtype](body) end)
    if sent and answer then host.noted.late(body) end
    if sent then return answer, err end
    return nil, { errmsg = tostring(answer), not_configured = not has_credentials() }
  end

  -- Whether a send certainly failed, and may succeed later.
  local function may_yet(err) return err.kind == "network" or err.errcode and passes[err.errcode] end

  -- Repeats a send for ten minutes, in this process or a later one.
  local function deliver(body)
    local until_s, pause = os.time() + TRY_S, 1
    while true do
      local answer, err = send(body)
      if answer or not may_yet(err) or os.time() + pause > until_s then return answer, err end
      log.warn(("a customer service message to %s did not go out: %s; it is tried again in %d s"):format(body.touser,
        tostring(err), pause))
      wechat.sleep(pause)
      pause = math.min(pause * 2, 60)
    end
  end

  local function complain(openid, what, left, err)
    local kind = err.kind == "api" and "refused" or "network"
    local reason = (err.errcode == no_right or err.not_configured) and "right" or window[err.errcode] and "quota" or kind
    host.reply.lost(reason)
    if err.errcode == 45047 then host.quota.spend(openid) end
    local lost = ("%s to %s is lost"):format(what, openid)
    if left then lost = lost .. (" (%d message%s)"):format(left, left == 1 and "" or "s") end
    if reason == "right" then
      host.reply.not_allowed()
      log.warn(lost .. ": customer service messages cannot be sent: " .. tostring(err.errmsg) ..
        "; from now on late_reply = \"auto\" means \"retry\"")
    elseif reason == "quota" then
      log.warn(lost .. ": " .. tostring(err) .. "; it is not tried again")
    else
      log.warn(lost .. ": " .. tostring(err))
    end
  end

  local function show_typing(openid)
    pcall(function() return wechat.message.custom.typing { touser = openid, command = "Typing" } end)
  end

  local function send_all(bodies, openid)
    for _, body in ipairs(bodies) do
      body.touser = openid
      local answer, err = deliver(body)
      if not answer then return nil, err end
    end
    return true
  end

  -- Sends one message of parts. False if it was lost: then the rest is not sent.
  local function send_part(part, openid, is_ai)
    local bodies, why = host.reply.custom(part)
    if not bodies or why then log.warn(("a part of the answer to %s: %s"):format(openid, why)) end
    if not bodies then return true end
    for _, body in ipairs(bodies) do body.aimsgcontext = is_ai and { is_ai_msg = 1 } or nil end
    local sent, err = send_all(bodies, openid)
    if sent then return true end
    complain(openid, "a part of the answer", nil, err)
    return false
  end

  -- Sends what is ready, in its turn. Those that come meanwhile too.
  local function send_parts(parts, openid, message)
    host.reply.turn()
    while true do
      local part = parts:next(host.quota.left(openid, message) or math.huge, host.reply.cut)
      if part == nil or not send_part(part, openid, parts.ai) then break end
      if not parts.done then show_typing(openid) end
    end
    parts.sending = false
  end

  -- The last task of these ends when all is out.
  local function deliver_parts(parts, message, early)
    parts:leave_out(host.reply.taken())
    if not early then parts.done = true end
    local _ <close> = parts.gate:enter()
    parts.sending = true
    send_parts(parts, message.source, message)
  end

  --- Sends a question that comes too late to be the reply, behind what was said before it. Returns once it is out.
  ---@param question string|Reply
  function host.reply.send_question(question)
    local parts, message = host.reply.parts(), host.message.get()
    parts.done, parts.sending = true, true  -- no other task begins to send
    wechat.say(question)
    local _ <close> = parts.gate:enter()
    parts:leave_out(host.reply.taken())
    send_parts(parts, message.source, message)
  end

  host.reply.on_late(function(reply, message, is_rest)
    if getmetatable(reply) == host.reply.Parts then return deliver_parts(reply, message, is_rest) end
    if is_rest then host.time.sleep(REST_WAITS) end
    local openid = message.source
    host.reply.turn()
    local bodies, why = host.reply.custom(reply)
    if not bodies then
      host.reply.lost("form")
      return log.warn(("%s to %s is lost: %s"):format(what_of(is_rest), tostring(openid), why))
    end
    if not openid or openid == "" then
      host.reply.lost("form")
      return log.warn(what_of(is_rest) .. " is lost: its message does not say who sent it (FromUserName)")
    end
    if why then log.warn(("%s to %s: %s"):format(what_of(is_rest), openid, why)) end
    for i, body in ipairs(bodies) do
      body.touser = openid
      local answer, err = deliver(body)
      if not answer then return complain(openid, what_of(is_rest), #bodies - i + 1, err) end
    end
    if #bodies > 0 then
      log.info(("%s to %s went out as %d customer service message%s"):format(what_of(is_rest), openid, #bodies,
        #bodies == 1 and "" or "s"))
    end
  end)
end
