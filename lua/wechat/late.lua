-- Late replies: what the script returned after deadline_ms, and what of a long text did not fit into the answer, goes
-- out as customer service messages ("客服消息"), in order. What cannot be sent so is kept for the user's next message
-- (src/script/kept_answers.h), as late_reply has it.

local REST_WAITS = 0.3  -- seconds, so that the passive reply reaches the phone first

local TRY_S = 600  -- how long a send that did not happen is tried again
local passes = { [-1] = true, [40001] = true, [40164] = true, [45009] = true }

-- Refusals of the platform that are final.
local no_right, window = 48001, { [45015] = true, [45047] = true }

---@param wechat table
---@param host table
return function(wechat, host)
  local log = host.log

  -- The bodies sent here: what fails of them is logged here alone, with its user (wechat/api.lua).
  local own_sends = setmetatable({}, { __mode = "k" })
  host.api.own_sends = own_sends

  local function what_of(is_rest) return is_rest and "the rest of a long text" or "a late reply" end

  local function has_credentials() return host.api.account("appid") ~= nil and host.api.account("appsecret") ~= nil end

  local raised = { __tostring = function(err) return err.errmsg end }

  -- Sends one message. What raises is the fault of the configuration, which concerns all, or of this message.
  local function send(body)
    own_sends[body] = true
    local sent, answer, err = pcall(function() return wechat.message.custom["send_" .. body.msgtype](body) end)
    if sent and answer then host.noted.late(body) end
    if sent then return answer, err end
    return nil, setmetatable({ errmsg = tostring(answer), not_configured = not has_credentials() }, raised)
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

  -- Why a send failed, for one of the reasons that lost answers are counted by; and whether the answer may be kept.
  local function reason_of(err)
    if err.errcode == no_right or err.not_configured then return "right", true end
    if window[err.errcode] then return "quota", true end
    return err.kind == "api" and "refused" or "network", may_yet(err)
  end

  -- Whether an error is of all messages, so that no other would go out now.
  local function is_of_all(err)
    local _, all = reason_of(err)
    return all
  end

  local function complain(openid, what, left, err)
    local reason = reason_of(err)
    host.reply.lost(reason)
    local lost = ("%s to %s is lost"):format(what, openid)
    if left then lost = lost .. (" (%d message%s)"):format(left, left == 1 and "" or "s") end
    if reason == "right" then
      log.warn(lost .. ": customer service messages cannot be sent: " .. tostring(err.errmsg))
    elseif reason == "quota" then
      log.warn(lost .. ": " .. tostring(err) .. "; it is not tried again")
    else
      log.warn(lost .. ": " .. tostring(err))
    end
  end

  -- Sends the bodies in their order. One whose fault is its own, or that may have gone out, is lost alone (the line has
  -- `one` as its number), and those behind it go out. Returns how many went out; where none would go any more, also the
  -- number of the first one that did not, and the error.
  local function send_all(bodies, openid, what, one)
    local sent = 0
    for i, body in ipairs(bodies) do
      body.touser = openid
      local answer, err = deliver(body)
      if answer then
        sent = sent + 1
      elseif is_of_all(err) then
        return sent, i, err
      else
        complain(openid, what, one, err)
      end
    end
    return sent
  end

  -- ---- keeping

  -- A reply in pieces, each packed (src/script/packed_reply.h).
  local function pack(reply)
    local list = {}
    if type(reply) == "table" and reply.type ~= "text" then return { "X" .. host.reply.render(reply, true) } end
    local text = type(reply) == "table" and reply.content or reply
    while text ~= "" do
      local piece = host.reply.cut(text)
      list[#list + 1], text = "T" .. piece, text:sub(#piece + 1)
    end
    return list
  end

  -- What is kept stands before the reply to the user's next message; with `promised` that message fetches it.
  local function keep(late, list, why)
    local identity = late.identity
    -- A conversation that timed out answers no message.
    if identity == "" then identity = ("%d.%d"):format(os.time(), math.random(1 << 30)) end
    if late.is_rest then identity = identity .. "#rest" end
    local kept, err = host.kept.put(late.openid, identity, list, late.asks)
    if kept then
      log.info(("%s to %s is kept for the user's next message%s"):format(what_of(late.is_rest), late.openid,
        why and ": " .. tostring(why) or ""))
    else
      host.reply.lost("network")
      log.warn(("%s to %s is lost: %s"):format(what_of(late.is_rest), late.openid, tostring(err)))
    end
  end

  -- Whether what was not sent may be kept. Only the account and the user's quota speak against sending as such.
  local function can_keep(err)
    return host.kept.on and is_of_all(err)
  end

  -- ---- parts

  local function show_typing(openid)
    pcall(function() return wechat.message.custom.typing { touser = openid, command = "Typing" } end)
  end

  -- Sends one message of parts. True if it went out; nil if nothing else will come of it; false, the error, and how
  -- many messages are left of it otherwise.
  local function send_part(part, openid, is_ai)
    local bodies, why = host.reply.custom(part)
    if not bodies then
      host.reply.lost("form")
      log.warn(("a part of the answer to %s is lost: %s"):format(openid, why))
      return nil
    end
    if why then log.warn(("a part of the answer to %s: %s"):format(openid, why)) end
    for _, body in ipairs(bodies) do body.aimsgcontext = is_ai and { is_ai_msg = 1 } or nil end
    local sent, failed, err = send_all(bodies, openid, "a part of the answer")
    if failed then return false, err, #bodies - failed + 1 end
    return sent > 0 or nil
  end

  -- What can neither be sent nor kept is lost, with all that is ready.
  local function lose_parts(parts, openid, err, count)
    for _ in parts:rest(host.reply.cut) do count = count + 1 end
    complain(openid, "a part of the answer", count > 1 and count or nil, err)
    parts.lost = true
  end

  local function keep_parts(parts, late)
    local list = {}
    for part in parts:rest(host.reply.cut) do table.move(pack(part), 1, 64, #list + 1, list) end
    if #list > 0 then keep(late, list, parts.why) end
  end

  -- Sends what is ready, in its turn. Those that come meanwhile too. `announce` is called when the turn has come.
  local function send_parts(parts, late, message, announce)
    host.reply.turn()
    if announce then announce() end
    while not parts.keeps do
      local mark = parts:mark()
      local part = parts:next(host.quota.left(late.openid, message) or math.huge, host.reply.cut)
      if part == nil then break end
      local sent, err, left = send_part(part, late.openid, parts.ai)
      if sent == false and can_keep(err) then
        parts:go_back(mark)
        parts.keeps, parts.why = true, err
      elseif sent == false then
        lose_parts(parts, late.openid, err, left)
        break
      elseif sent then
        parts.sent = parts.sent + 1
        if not parts.done then show_typing(late.openid) end
      end
    end
    parts.sending = false
    if parts.done and parts.sent > 0 and not parts.lost and not parts:left() then
      log.info(("the rest of the answer to %s went out in %d part%s"):format(late.openid, parts.sent,
        parts.sent == 1 and "" or "s"))
      parts.sent = 0
    end
    if parts.keeps and parts.done then keep_parts(parts, late) end
  end

  -- The last task of these ends when all is out.
  local function deliver_parts(parts, message, early)
    parts:leave_out(host.reply.taken())
    local identity, keeps, asks = host.reply.fate()
    parts.keeps = parts.keeps or keeps
    if not early then parts.done = true end
    local _ <close> = parts.gate:enter()
    parts.sending = true
    send_parts(parts, { openid = message.source, identity = identity, asks = asks }, message)
  end

  --- Sends a question that comes too late to be the reply, behind what was said before it. Returns once it is out.
  --- Until the turn has come, earlier answers are on their way, and the user's messages are no answers to the question.
  ---@param question string|Reply
  ---@param announce fun() called when the turn has come
  function host.reply.send_question(question, announce)
    local parts, message = host.reply.parts(), host.message.get()
    parts.done, parts.sending = true, true  -- no other task begins to send
    wechat.say(question)
    local _ <close> = parts.gate:enter()
    parts:leave_out(host.reply.taken())
    send_parts(parts, { openid = message.source, identity = host.reply.fate(), asks = true }, message, announce)
  end

  -- ---- a whole answer

  -- What is left of a reply from its `from`-th body on.
  local function rest_of(reply, bodies, from)
    if from == 1 then return reply end
    local left = {}
    for i = from, #bodies do left[#left + 1] = bodies[i].text.content end
    return table.concat(left)
  end

  local function send_reply(reply, late)
    local what = what_of(late.is_rest)
    local bodies, why = host.reply.custom(reply)
    if not bodies then
      host.reply.lost("form")
      return log.warn(("%s to %s is lost: %s"):format(what, late.openid, why))
    end
    if why then log.warn(("%s to %s: %s"):format(what, late.openid, why)) end
    local sent, failed, err = send_all(bodies, late.openid, what, 1)
    if failed and not late.gone and can_keep(err) then return keep(late, pack(rest_of(reply, bodies, failed)), err) end
    if failed then return complain(late.openid, what, #bodies - failed + 1, err) end
    if sent == 0 then return end
    if host.kept.on and not late.is_rest then host.kept.settle(late.openid, late.identity) end
    log.info(("%s to %s went out as %d customer service message%s"):format(what, late.openid, sent,
      sent == 1 and "" or "s"))
  end

  host.reply.on_late(function(reply, message, is_rest)
    if getmetatable(reply) == host.reply.Parts then return deliver_parts(reply, message, is_rest) end
    if is_rest then host.time.sleep(REST_WAITS) end
    host.reply.turn()
    local identity, keeps, asks, gone = host.reply.fate()
    local late = { openid = message.source, identity = identity, asks = asks, gone = gone, is_rest = is_rest }
    if not late.openid or late.openid == "" then
      host.reply.lost("form")
      return log.warn(what_of(is_rest) .. " is lost: its message names no sender (FromUserName)")
    end
    if keeps and host.kept.on and not gone then return keep(late, pack(reply)) end
    send_reply(reply, late)
  end)
end
