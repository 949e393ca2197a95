#!/bin/sh
# Prometheus 2.42.0 (Debian 12): promtool's rule tests put every sample exactly on an evaluation time. A window as long as the scrape
# interval then holds two samples, one at each end, and rate() and increase() have a value. A real Prometheus scrapes at an offset
# of its own for each target: such a window holds one sample, there is no value, and the alert never fires. The test passes,
# always. (Windows of several intervals differ too: the test sees one sample more, so that thresholds come out higher.)
set -eu
dir=$(mktemp -d)
trap 'kill ${pid:-} ${page:-} 2>/dev/null || true; sleep 1; rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download prometheus=2.42.0+ds-5+deb12u1 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
bin=$dir/root/usr/bin
cat >rules.yml <<'END'
groups:
  - name: failures
    interval: 2s
    rules:
      - { alert: Failures, expr: 'increase(failures_total[2s]) > 0' }
END
cat >test.yml <<'END'
rule_files: [rules.yml]
evaluation_interval: 2s
tests:
  - interval: 2s
    input_series: [{ series: 'failures_total{instance="bot"}', values: '0+1x30' }]
    alert_rule_test:
      - { eval_time: 20s, alertname: Failures, exp_alerts: [{ exp_labels: { instance: bot } }] }
END
cat >page.js <<'END'
let failures = 0;
setInterval(() => failures++, 500);
const server = require('node:http').createServer((request, response) => response.end(`failures_total ${failures}\n`));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
END
node page.js >port & page=$!
until [ -s port ]; do kill -0 "$page" || exit 1; sleep 0.1; done
cat >prometheus.yml <<END
global: { scrape_interval: 2s, evaluation_interval: 2s }
rule_files: [rules.yml]
scrape_configs: [{ job_name: bot, static_configs: [{ targets: ['127.0.0.1:$(cat port)'] }] }]
END
"$bin/prometheus" --version 2>&1 | head -n 1 | cut -d ' ' -f 1-3
tested=$("$bin/promtool" test rules test.yml 2>&1 | grep -o 'SUCCESS\|FAILED')
free=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
"$bin/prometheus" --config.file=prometheus.yml --storage.tsdb.path=data "--web.listen-address=127.0.0.1:$free" >log 2>&1 & pid=$!
sleep 30
ask() { curl -sG "http://127.0.0.1:$free/api/v1/query" --data-urlencode "query=$1" | grep -c '"metric"' || true; }
scraped=$(ask 'failures_total > 20')
fired=$(ask 'count_over_time(ALERTS{alertname="Failures"}[30s])')
echo "promtool: $tested; Prometheus: failures scraped $scraped, alert ever active $fired"
if [ "$tested" = SUCCESS ] && [ "$scraped" = 1 ] && [ "$fired" = 0 ]; then echo "as found"; else echo "changed"; exit 1; fi
