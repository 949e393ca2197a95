-- Pages: a web login (网页授权) that learns the visitor's openid, and what a page hands to wx.config. `site`
-- is where a proxy passes these paths on to wemoon; the account's settings must name its host.

local site = "https://bot.example.com"
local html = '<!doctype html><meta charset="utf-8"><p>%s</p>'

local function page(status, text) return { status = status, body = html:format(text) } end
local function sorry(err) wechat.log.warn(err) return page(502, "请稍后再试") end

-- The state comes back with the visitor; the cookie proves that it is the same browser.
wechat.route("GET", "/login", function()
  local state = ("%016x"):format(math.random(0))
  return {
    status = 302,
    headers = {
      Location = wechat.oauth.authorize { redirect_uri = site .. "/visitor", scope = "snsapi_base", state = state },
      ["Set-Cookie"] = "login=" .. state .. "; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
    },
  }
end)

wechat.route("GET", "/visitor", function(request)
  local state = (request.headers.cookie or ""):match("%f[%w]login=(%x+)")
  if not state or request.query.state ~= state or not request.query.code then return page(403, "请从头再试：/login") end
  local token, err = wechat.oauth.access_token { code = request.query.code }
  if not token then return sorry(err) end
  return page(200, "你好，" .. token.openid)
end)

wechat.route("GET", "/jssdk", function(request)
  local url = request.query.url or ""
  if type(url) ~= "string" or url:sub(1, #site + 1) ~= site .. "/" then return page(403, "url") end
  local config, err = wechat.jssdk_config(url)
  if not config then return sorry(err) end
  return { json = config, headers = { ["Cache-Control"] = "no-store" } }
end)

function on_message(msg)
  if msg.type == "text" then return ('<a href="%s/login">登录</a>'):format(site) end
end
