local tokens, err = nil, nil
function on_message(msg)
  local token, expires = wechat.get_access_token()
  tokens, err = wechat.get_access_token()
  if not tokens then return err.errmsg end
  local config = wechat.jssdk_config("https://example.com/")
  return tokens.access_token .. tokens.access_token_expires_at .. config.appId .. config.nonceStr .. token.access_token
end
