-- Late replies: what the script returned after deadline_ms, and what of a long text did not fit into the answer, goes out as
-- customer service messages ("客服消息"), in order.

local REST_WAITS = 0.3  -- seconds: the answer that the rest belongs to is on its way to the phone

-- The platform's refusals that trying again does not change.
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
    if sent then return answer, err end
    return nil, { errmsg = tostring(answer), not_configured = not has_credentials() }
  end

  local function complain(openid, is_rest, left, err)
    local kind = err.kind == "api" and "refused" or "network"
    local reason = (err.errcode == no_right or err.not_configured) and "right" or window[err.errcode] and "quota" or kind
    host.reply.lost(reason)
    local lost = ("%s to %s is lost (%d message%s)"):format(what_of(is_rest), openid, left, left == 1 and "" or "s")
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

  host.reply.on_late(function(reply, message, is_rest)
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
      local answer, err = send(body)
      if not answer then return complain(openid, is_rest, #bodies - i + 1, err) end
    end
    if #bodies > 0 then
      log.info(("%s to %s went out as %d customer service message%s"):format(what_of(is_rest), openid, #bodies,
        #bodies == 1 and "" or "s"))
    end
  end)
end
