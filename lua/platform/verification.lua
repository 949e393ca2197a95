-- Verifies the URL of a bot in another process, as the platform does when the URL is saved: GET with an echostr that
-- must be returned byte for byte. Runs at the start and before the first message after a failure. A fault is logged;
-- messages are delivered regardless.

local WAIT_S = 5

return function(p, host)
  local wechat = wechat
  local is_elsewhere = p.script == "" and p.callback ~= ""
  local is_needed, fault = is_elsewhere, nil

  local function signed_query(echostr)
    local timestamp, nonce = tostring(p.now()), tostring(math.random(100000000, 2147483647))
    local parts = { p.account.token, timestamp, nonce }
    table.sort(parts)
    return { signature = host.codec.sha1(table.concat(parts)), timestamp = timestamp, nonce = nonce, echostr = echostr }
  end

  -- Returns what is wrong with an answer; nil if it is correct.
  local function fault_of(answer, err, echostr)
    if not answer then return "no answer: " .. err.errmsg end
    if answer.status ~= 200 then
      return ("it answered with status %d: are its token and the one above the same?"):format(answer.status)
    end
    if answer.body == echostr then return nil end
    if answer.body:gsub("%s", "") == echostr then return "it answered with white space around the echostr: the platform accepts only the bare text" end
    return ("it answered with %d bytes that are not the echostr (%s): answer a GET with the query's echostr alone")
      :format(#answer.body, echostr)
  end

  -- In the log, and on the console: in its header while the fault lasts, and among its log lines.
  local function tell(why)
    local text = why and ("the URL %s does not verify: %s"):format(p.callback, why) or ("the URL %s is verified"):format(p.callback)
    wechat.log[why and "warn" or "info"](text)
    p.bot.unverified = why
    p.emit("verification", { why = why })
    p.emit("log", { level = why and "warn" or "info", text = text, time = p.clock() })
  end

  local function verify()
    local echostr = tostring(math.random(1 << 50, 1 << 60))
    local answer, err = wechat.http.request { method = "GET", url = p.callback, query = signed_query(echostr), timeout = WAIT_S,
      headers = { ["User-Agent"] = "Mozilla/4.0", Pragma = "no-cache" } }
    fault = fault_of(answer, err, echostr)
    tell(fault)
  end

  --- Verifies the URL if due: before the first message, and before the first message after a failure.
  function p.verify_if_needed()
    if not is_needed then return end
    is_needed = false
    verify()
    is_needed = fault ~= nil
  end

  --- Notes a failed delivery: the URL is verified before the next one.
  function p.note_failed_delivery() is_needed = is_elsewhere end

  if is_elsewhere then p.after(0, p.verify_if_needed) end
end
