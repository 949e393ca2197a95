-- Notifies the desk by server-sent events. The last KEPT events are stored, so that a client that lost its connection
-- can resume.

local KEPT = 1000
local PAUSE_S = 10 -- interval of keep-alive comments: detects closed connections and keeps proxies from timing out

return function(p, host)
  local first = p.first_id -- a client of an earlier process is told to read anew
  local readers, kept, last = {}, {}, first

  --- Sends an event to every client. Events: entry, trace, user, menu, faults, log, failure, reload, verification,
  --- time, reset.
  ---@param event string
  ---@param data table
  function p.emit(event, data)
    last = last + 1
    local text = ("id: %d\nevent: %s\ndata: %s\n\n"):format(last, event, host.json.encode_lossy(data))
    kept[last % KEPT] = { id = last, text = text }
    for send in pairs(readers) do
      if not send(text) then readers[send] = nil end
    end
  end

  --- Returns the id of the last event; later events have greater ids.
  function p.last_event() return last end

  local function catch_up(send, after)
    if after > last or after < first or last - after >= KEPT then
      return send(("id: %d\nevent: reset\ndata: {}\n\n"):format(last))
    end
    for id = after + 1, last do
      if not send(kept[id % KEPT].text) then return false end
    end
    return true
  end

  --- Returns the answer to GET /sim/events. `after`: the last id that the client has received; nil: new events only.
  ---@param after integer?
  function p.event_stream(after)
    after = after or last -- what comes before the stream begins is new
    return {
      headers = { ["Content-Type"] = "text/event-stream; charset=utf-8", ["Cache-Control"] = "no-store" },
      body = "retry: 1000\n\n",
      stream = function(send)
        if not catch_up(send, after) then return end
        readers[send] = true
        repeat host.time.sleep(PAUSE_S) until not readers[send] or not send(": still here\n\n")
        readers[send] = nil
      end,
    }
  end
end
