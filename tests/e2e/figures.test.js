// The figures in Prometheus and Grafana: rules, dashboard, and a real server that scrapes a bot in trouble.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { atEnd, startBot, textXml, freePort, until, tempDir } = require('./harness');
const { startPeer, platform } = require('./peer');

const PACKAGING = path.join(__dirname, '../../src/packaging');
const RULES = path.join(PACKAGING, 'prometheus/wemoon.rules.yml');
const DASHBOARD = path.join(PACKAGING, 'grafana/wemoon.json');
const script = `function on_message(msg)
  if msg.content == "fail" then error("oops") end
  if msg.content == "slow" then wechat.sleep(0.3) end
  return msg.content
end`;

const has = (program) => !spawnSync(program, ['--version']).error;
function run(program, args, options) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', ...options });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

async function startAdmin(t, config = {}, code = script) {
  const port = await freePort();
  const bot = await startBot(t, { script: code, config: { admin_listen: `127.0.0.1:${port}`, ...config } });
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = async (sample) => {
    const line = (await metrics()).split('\n').find((one) => one.startsWith(`${sample} `));
    return line && Number(line.slice(sample.length + 1));
  };
  return { bot, port, metrics, value };
}

// Returns the names of all series in an expression.
const namesIn = (text) => new Set(text.match(/\bwemoon_[a-z_]+/g));
const seriesOf = (metrics) => new Set(metrics.split('\n').filter((line) => line && line[0] !== '#').map((line) => /^[a-z_]+/.exec(line)[0]));

test('every label set that is known begins at 0, before the first message', async (t) => {
  const { value } = await startAdmin(t);
  for (const sample of ['wemoon_callbacks_total{type="text",outcome="failed"}', 'wemoon_callbacks_total{type="none",outcome="refused"}', 'wemoon_callbacks_total{type="text",outcome="lost"}',
    'wemoon_script_errors_total', 'wemoon_duplicates_total', 'wemoon_log_lines_dropped_total', 'wemoon_queue_seconds_count',
    'wemoon_lost_answers_total{reason="quota"}', 'wemoon_reloads_total{result="failure"}', 'wemoon_late_replies_total{fate="dropped"}',
    'wemoon_api_failures_total{kind="timeout"}', 'wemoon_callback_duration_seconds_count{outcome="replied"}', 'wemoon_conversations']) {
    assert.equal(await value(sample), 0, sample);
  }
});

test('messages that are known for their duplicates are counted, and their memory is', async (t) => {
  const { bot, value } = await startAdmin(t);
  assert.equal(await value('wemoon_known_messages'), 0);
  for (const text of ['one', 'two', 'three']) await bot.say(text);
  // The last one is counted when it has ended, which may be after its answer.
  await until(async () => (await value('wemoon_known_messages')) === 3, 'three known messages');
  const bytes = await value('wemoon_known_messages_bytes');
  assert.ok(bytes > 300 && bytes < 1e6, String(bytes));
});

test('script errors, duplicates, lost answers and waits are counted', async (t) => {
  const { bot, value } = await startAdmin(t, { deadline_ms: 100, late_reply: 'drop' });
  await bot.say('fail');
  const again = textXml('hi');
  for (let i = 0; i < 3; i++) await bot.deliver(again);
  await bot.say('slow');
  await bot.waitForLog(/is dropped/);
  assert.equal(await value('wemoon_script_errors_total'), 1);
  assert.equal(await value('wemoon_duplicates_total'), 2);
  assert.equal(await value('wemoon_lost_answers_total{reason="dropped"}'), 1);
  assert.equal(await value('wemoon_queue_seconds_count'), 3);
});

test('what waits is counted while it waits, and calls by method and errcode', async (t) => {
  const platform = http.createServer((request, response) => {
    request.resume();
    const refused = /menu\/get/.test(request.url);
    response.end(/stable_token/.test(request.url) ? '{"access_token":"T-1","expires_in":7200}' : `{"errcode":${refused ? 46003 : 0},"errmsg":"x"}`);
  });
  await new Promise((resolve) => platform.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => platform.close());
  const { bot, value } = await startAdmin(t, { appid: 'wx0123456789abcdef', appsecret: 'a-secret-of-the-account', deadline_ms: 400,
    api_base: `http://127.0.0.1:${platform.address().port}`, store: 'sqlite:w.db' }, `function on_message(msg)
      if msg.content == "ask" then return "you said " .. wechat.ask("what?").content end
      if msg.content == "call" then wechat.get_menu() return "called" end
      wechat.sleep(0.6) return "late"
    end`);
  const slow = textXml('slow', { FromUserName: 'oSlow', CreateTime: Math.floor(Date.now() / 1000) - 10 });
  assert.equal(await bot.say('ask', { fields: { FromUserName: 'oAsked' } }), 'what?');
  assert.equal((await bot.deliver(slow)).reply, null);
  assert.equal(await value('wemoon_conversations'), 1);
  assert.equal(await value('wemoon_owed_answers'), 1);
  assert.equal(await bot.say('x', { fields: { FromUserName: 'oAsked' } }), 'you said x');
  assert.equal(await value('wemoon_conversations'), 0);
  await until(async () => (await value('wemoon_late_replies_total{fate="customer_service"}')) === 1, 'the late reply');
  await until(async () => (await value('wemoon_owed_answers')) === 0, 'nothing owed');
  assert.equal(await value('wemoon_api_calls_total{method="message.custom.send_text",result="0"}'), 1);
  const before = await value('wemoon_api_call_duration_seconds_count');
  await bot.say('call');
  assert.equal(await value('wemoon_api_calls_total{method="get_menu",result="46003"}'), 1);
  assert.equal(await value('wemoon_api_failures_total{kind="api"}'), 1);
  assert.ok(await value('wemoon_api_call_duration_seconds_count') > before);
  assert.ok(await value('wemoon_lua_memory_bytes') > 10000);
});

test('a late question is a late reply, and nothing is owed once it is out', async (t) => {
  const peer = await startPeer(t);
  const { bot, value } = await startAdmin(t, { deadline_ms: 300, store: 'sqlite:w.db', ...platform(peer) }, `function on_message(msg)
      wechat.sleep(0.5)
      local answer = wechat.ask("what?")
      wechat.sleep(0.5)
      return "you said " .. answer.content
    end`);
  assert.equal(await bot.say('x'), null);
  await until(() => peer.sent.length === 1, 'the question');
  await until(async () => (await value('wemoon_conversations')) === 1, 'the conversation');
  assert.equal(await value('wemoon_late_replies_total{fate="customer_service"}'), 1);
  assert.equal(await value('wemoon_owed_answers'), 0);
});

test('an answer that the account may not send is lost for that reason', async (t) => {
  const { bot, value } = await startAdmin(t, { deadline_ms: 100, late_reply: 'customer_service' });
  await bot.say('slow');
  await bot.waitForLog(/is lost/);
  assert.equal(await value('wemoon_lost_answers_total{reason="right"}'), 1);
});

test('rules and dashboard name only series that the bot has', async (t) => {
  const { metrics } = await startAdmin(t);
  const there = seriesOf(await metrics());
  const fromCalls = ['wemoon_api_calls_total']; // one series per method, created by its first call
  for (const file of [RULES, DASHBOARD]) {
    for (const name of namesIn(fs.readFileSync(file, 'utf8'))) {
      assert.ok(there.has(name) || fromCalls.includes(name), `${path.basename(file)}: ${name}`);
    }
  }
});

test('the dashboard is one that Grafana takes: panels in the grid that do not overlap, each query one of Prometheus', (t) => {
  const board = JSON.parse(fs.readFileSync(DASHBOARD, 'utf8'));
  assert.ok(board.title && board.uid && board.schemaVersion >= 36);
  assert.equal(new Set(board.panels.map((panel) => panel.id)).size, board.panels.length);
  const taken = new Set();
  const variables = ['datasource', ...board.templating.list.map((one) => one.name), '__rate_interval'];
  for (const { title, gridPos: { x, y, w, h }, targets } of board.panels) {
    assert.ok(title && x >= 0 && x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!taken.has(`${column},${row}`), `${title} overlaps`);
        taken.add(`${column},${row}`);
      }
    }
    for (const { expr } of targets) {
      for (const [, name] of expr.matchAll(/\$(\w+)/g)) assert.ok(variables.includes(name), expr);
    }
  }
  if (!has('promtool')) return t.skip('no promtool here');
  const rules = board.panels.flatMap((panel) => panel.targets).map(({ expr }, i) =>
    `  - record: a:b:${i}\n    expr: ${JSON.stringify(expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', 'a'))}\n`);
  const file = path.join(tempDir(t), 'queries.yml');
  fs.writeFileSync(file, `groups:\n- name: queries\n  rules:\n${rules.join('')}`);
  run('promtool', ['check', 'rules', file]);
});

test('promtool finds nothing wrong with the rules, and they fire and end when they should', (t) => {
  if (!has('promtool')) return t.skip('no promtool here');
  run('promtool', ['check', 'rules', RULES]);
  run('promtool', ['test', 'rules', RULES.replace('.yml', '.test.yml')]);
});

test('a Prometheus that scrapes a bot in trouble fires the alert', async (t) => {
  if (!has('prometheus')) return t.skip('no prometheus here');
  const { bot, port } = await startAdmin(t);
  const dir = tempDir(t);
  const own = await freePort();
  // The rules' windows are shortened to fit the scrapes; everything else is as shipped.
  fs.writeFileSync(path.join(dir, 'wemoon.rules.yml'), fs.readFileSync(RULES, 'utf8').replace(/\[\d+m\]/g, '[8s]').replace(/for: \d+m/g, 'for: 2s'));
  fs.writeFileSync(path.join(dir, 'prometheus.yml'), `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [wemoon.rules.yml]
scrape_configs:
  - job_name: wemoon
    static_configs: [{ targets: ["127.0.0.1:${port}"] }]
`);
  const server = spawn('prometheus', [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`,
    `--web.listen-address=127.0.0.1:${own}`], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.on('exit', resolve));
  atEnd(t, () => { server.kill(); return ended; });
  const ask = async (what) => {
    try {
      return (await (await fetch(`http://127.0.0.1:${own}/api/v1/${what}`)).json()).data;
    } catch {
      return null;
    }
  };
  const firing = async () => ((await ask('alerts'))?.alerts || []).filter((one) => one.state === 'firing').map((one) => one.labels.alertname);
  await until(async () => (await ask('query?query=wemoon_script_errors_total'))?.result.length, 'the first scrape', 30000);
  assert.deepEqual(await firing(), []);
  await bot.say('fail');
  await until(async () => (await firing()).includes('WemoonScriptErrors'), 'the alert', 30000);
  await bot.stop();
  await until(async () => (await firing()).includes('WemoonDown'), 'the alert that it is down', 30000);
});
