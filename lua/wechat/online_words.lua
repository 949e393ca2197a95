-- What commands say of the platform's errors, in the user's language. The Chinese stands in docs/online_zh.lua.
local errcodes = require "wechat.errcodes"
local places = require "wechat.places"

-- `words`: say a format in the user's language, and choose from a pair of English and Chinese.
local mends = {
  [40164] = function(words, err)
    local ip = err.errmsg:match("invalid ip ([%x.:]+)") or words.say("this machine's public IP")
    return words.say("add %s to the IP whitelist (API IP 白名单) at %s; it works after several minutes", ip, words.of(places.secret))
  end,
  [40125] = function(words) return words.say("appsecret is wrong: copy it again, or reset it at %s", words.of(places.secret)) end,
  [40013] = function(words)
    return words.say("appid is wrong: it begins with wx, has 18 characters, and is shown at %s", words.of(places.appid))
  end,
}

--- Returns what says formats and errors in that language.
---@param lang "en"|"zh"
return function(lang)
  local chinese = lang == "zh" and require "docs.online_zh"
  local words = {}
  function words.say(format, ...) return (chinese and chinese[format] or format):format(...) end
  function words.of(pair) return pair[chinese and 2 or 1] end

  function words.hint(err)
    local known = chinese and err.errcode and errcodes.find(err.errcode)
    return known and known.meaning_zh .. "：" .. known.action_zh or chinese and chinese[err.hint] or err.hint
  end

  -- An error of this machine, as commands say it.
  function words.fault(text) return chinese and require("docs.say").error(text) or text end

  -- An error in one line: the platform's words, and what to do.
  function words.error(err)
    local mend = mends[err.errcode] and mends[err.errcode](words, err) or words.hint(err)
    local said = err.errcode and err.errcode .. " " .. err.errmsg or words.fault(err.errmsg)
    return (words.say("%s: %s", said, mend):gsub("%s*[\r\n]+%s*", " "))
  end

  return words
end
