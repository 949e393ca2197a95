local menu = wechat.menu.new()
menu:click("歌", "SONG")
local sub = menu:sub("更多")
sub:view("网站", "https://example.com/")
sub:click("赞", "LIKE")
for _, fault in ipairs(wechat.menu.check(menu)) do print(fault.path, fault.what, fault.limit) end
local old = wechat.menu.pull and nil
for _, change in ipairs(wechat.menu.diff(menu, menu)) do print(change.path, change.old, change.new) end
function on_load(state) if state then print(state.count) end end
function on_unload() return { count = 1 } end
function on_message(msg) if msg.type == "click" then return msg.key end end
