-- What the desk is told as it happens: server-sent events. The last ones are kept, so that a reader who lost
-- the connection goes on where it was.

local KEPT = 1000
local PAUSE_S = 10 -- a comment goes out so often: a reader who is gone is noticed, a proxy stays awake

return function(p, host)
  local readers, kept, last = {}, {}, 0

  --- Tells every reader. Events: entry, trace, user, menu, faults, log, failure, reload, time, reset.
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

  --- The id of the last event: what is told later has a greater one.
  function p.last_event() return last end

  local function catch_up(send, after)
    if after > last or last - after >= KEPT then
      return send(("id: %d\nevent: reset\ndata: {}\n\n"):format(last))
    end
    for id = after + 1, last do
      if not send(kept[id % KEPT].text) then return false end
    end
    return true
  end

  --- The answer to GET /sim/events. `after`: the last id that the reader has seen; nil: from now on.
  ---@param after integer?
  function p.event_stream(after)
    return {
      headers = { ["Content-Type"] = "text/event-stream; charset=utf-8", ["Cache-Control"] = "no-store" },
      body = "retry: 1000\n\n",
      stream = function(send)
        if after and not catch_up(send, after) then return end
        readers[send] = true
        repeat host.time.sleep(PAUSE_S) until not readers[send] or not send(": still here\n\n")
        readers[send] = nil
      end,
    }
  end
end
