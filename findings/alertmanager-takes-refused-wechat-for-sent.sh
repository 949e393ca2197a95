#!/bin/sh
# Alertmanager 0.25.0 (Debian 12), receiver wechat: it looks for the platform's verdict in a field "code". The answer,
# whose status is 200 whatever became of the message, names it errcode: {"errcode":42001,"errmsg":"access_token
# expired"}. So every refusal counts as sent: nothing is tried again, nothing is logged (below debug),
# alertmanager_notifications_failed_total stays 0, and the expired token, for which it has a case of its own, is used
# on. An alert about the alerts does not see it. Send a test alert by hand and look at the phone, at each change of
# address too (60020, an address that is not allowed, is silent as well), or put a webhook between that turns errcode
# into a status.
set -eu
dir=$(mktemp -d)
trap 'kill ${manager:-} ${platform:-} 2>/dev/null || true; sleep 0.5; rm -rf "$dir"' EXIT
cd "$dir"
# A root folder of its own: Debian's Alertmanager reads a template at a fixed place below /usr/share.
apt-get -q download prometheus-alertmanager=0.25.0-1+b4 libc6 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
cat >platform.js <<'END'
const fs = require('node:fs'), seen = { tokens: 0, messages: 0, refused: 0 };
const server = require('node:http').createServer((request, response) => request.resume().on('end', () => {
  const { pathname, searchParams } = new URL(request.url, 'http://a');
  let answer = { errcode: 0, errmsg: 'ok' };
  if (pathname.endsWith('/gettoken')) Object.assign(answer, { access_token: `token${++seen.tokens}`, expires_in: 7200 });
  else if (searchParams.get('access_token') === 'token1') {
    seen.refused++;
    answer = { errcode: 42001, errmsg: 'access_token expired' };
  } else seen.messages++;
  fs.writeFileSync('seen', `${JSON.stringify(seen)}\n`);
  response.setHeader('Content-Type', 'application/json; charset=UTF-8').end(JSON.stringify(answer));
})).listen(0, '127.0.0.1', () => console.log(server.address().port));
END
node platform.js >port & platform=$!
until [ -s port ]; do kill -0 "$platform" || exit 1; sleep 0.1; done
cat >root/config.yml <<END
route: { receiver: chat, group_wait: 0s, group_interval: 1s, repeat_interval: 1s }
receivers:
  - name: chat
    wechat_configs:
      - { api_url: 'http://127.0.0.1:$(cat port)/cgi-bin/', corp_id: ww1, api_secret: secret, agent_id: '1', to_user: somebody }
END
free=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
chroot root /usr/bin/prometheus-alertmanager --config.file=/config.yml --storage.path=/data --cluster.listen-address= \
  --web.listen-address="127.0.0.1:$free" >log 2>&1 & manager=$!
until curl -s "http://127.0.0.1:$free/-/ready" >/dev/null; do kill -0 "$manager" || exit 1; sleep 0.2; done
curl -s "http://127.0.0.1:$free/api/v2/alerts" -H 'Content-Type: application/json' -d '[{"labels":{"alertname":"BotDown"}}]'
tries=0
until grep -q '"refused":[3-9]' seen 2>/dev/null || [ $tries = 60 ]; do sleep 0.5; tries=$((tries + 1)); done
curl -s "http://127.0.0.1:$free/metrics" >metrics
figure() { sed -n "s/^$1{.*integration=\"wechat\".*} //p" metrics; }
chroot root /usr/bin/prometheus-alertmanager --version 2>&1 | head -n 1
echo "the platform: $(cat seen)"
echo "alertmanager: sent $(figure alertmanager_notifications_total), failed $(figure alertmanager_notifications_failed_total), \
complaints in the log $(grep -c 'level=\(warn\|error\)' log || true)"
if grep -q '^{"tokens":1,"messages":0,"refused":[3-9]}$' seen && [ "$(figure alertmanager_notifications_total)" -ge 2 ] &&
  [ "$(figure alertmanager_notifications_failed_total)" = 0 ] && ! grep -q 'level=\(warn\|error\)' log; then
  echo "as found"
else
  echo "changed"
  exit 1
fi
