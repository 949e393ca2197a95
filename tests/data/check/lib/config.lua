return { name = "x", wechat = { appid = "a" } }
