local util = { sub = {} }
function util.trim(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end
function util.decorate(m) m.nick = (wechat.get_user_info(m.source) or {}).nickname return m end
util.sub.deep = function(m) return { x = m.weird and 1 or 2 } end
return util
