// CPU, throughput and latency of a callback, measured as deployed: wemoon compared with a bare civetweb handler,
// nginx with hand-tuned Lua, and the npm packages wechat and co-wechat. Two arrangements: `alone`, the server on one
// core and its load on another, as with remote clients; `shared`, both on all cores. Connections send without a pause,
// but in the scene `paced`: there they rest for a millisecond, which is about half of the load, the same for all
// sides. BASELINE=PROGRAM adds an earlier build of wemoon.
'use strict';

const os = require('node:os');
const path = require('node:path');

const { bare, nginx, rival, wemoon } = require('./sides.js');
const median = require('./median.js');
const load = require('./load.js');

const RIVALS = ['wechat', 'co-wechat'];
const RIVALLED = ['kept', 'sealed']; // scenes
const THREADS = 64;
const EVERY = os.cpus().map((_, i) => i).join(',');
const ARRANGEMENTS = [{ name: 'alone', server: '0', load: '1' }, { name: 'shared', server: EVERY, load: EVERY }];
const SCENES = [{ name: 'kept', mode: 'plain' }, { name: 'paced', mode: 'plain', pause: 1, texts: ['hi'] }, { name: 'new', mode: 'plain', close: true }, { name: 'sealed', mode: 'safe' }];

// The maximum cost of one message, as a fraction of the other side's in the same cell.
const TARGETS = [
  { arrangement: 'alone', scene: 'kept', peer: 'nginx', most: 1.05 }, { arrangement: 'alone', scene: 'sealed', peer: 'nginx', most: 0.58 },
  { arrangement: 'shared', scene: 'kept', peer: 'nginx', most: 1.2 }, { arrangement: 'shared', scene: 'sealed', peer: 'nginx', most: 0.75 },
  { arrangement: 'alone', scene: 'new', peer: 'bare', most: 1.15 }, { arrangement: 'shared', scene: 'new', peer: 'bare', most: 1.15 },
];

function sidesOf({ name }, scene, quick) {
  const sides = [];
  if (scene.mode === 'plain') sides.push({ name: 'bare', start: (cores) => bare(THREADS, cores) });
  sides.push({ name: 'nginx', start: (cores) => nginx(scene.mode, cores) });
  sides.push({ name: 'wemoon', start: (cores) => wemoon(THREADS, scene.mode, [], undefined, { cores }) });
  if (process.env.BASELINE) {
    const program = path.resolve(process.env.BASELINE);
    sides.push({ name: 'baseline', start: (cores) => wemoon(THREADS, scene.mode, [], undefined, { cores, program }) });
  }
  if (name === 'shared' && RIVALLED.includes(scene.name) && !quick) {
    for (const rivalName of RIVALS) sides.push({ name: rivalName, start: (cores) => rival(rivalName, scene.mode, cores) });
  }
  return sides;
}

async function sample(side, arrangement, scene, seconds) {
  const running = await side.start(arrangement.server);
  const one = { ...scene, connections: 64, cores: arrangement.load };
  try {
    await load.run(running, { ...one, seconds: 1 }); // warm-up
    return await load.run(running, { ...one, seconds });
  } finally {
    await running.stop();
  }
}

// Within a round the sides take turns in each cell, so that a noisy minute affects all of them.
async function round(samples, { quick, seconds, say }) {
  for (const arrangement of ARRANGEMENTS) {
    for (const scene of SCENES) {
      for (const side of sidesOf(arrangement, scene, quick)) {
        const result = await sample(side, arrangement, scene, seconds);
        const key = `${arrangement.name}|${scene.name}|${side.name}`;
        (samples[key] = samples[key] || []).push(result);
        say(`  ${arrangement.name.padEnd(6)} ${scene.name.padEnd(6)} ${side.name.padEnd(11)} ${result.cpu.toFixed(1).padStart(6)} us  ` +
          `${Math.round(result.perSecond).toString().padStart(6)}/s  p99 ${result.p99.toFixed(2)} ms`);
      }
    }
  }
}

function summary(samples) {
  const rows = {};
  for (const [key, results] of Object.entries(samples)) {
    const value = (name) => median(results.map((result) => result[name]));
    rows[key] = { cpu: value('cpu'), perSecond: value('perSecond'), p99: value('p99'),
      failed: results.reduce((sum, result) => sum + result.refused + result.lost, 0) };
  }
  return rows;
}

function table(rows, say) {
  say('\n       scene  side         CPU us/req    req/s   p99 ms   of nginx    of bare');
  for (const [key, row] of Object.entries(rows)) {
    const [arrangement, scene, side] = key.split('|');
    const of = (peer) => { const other = rows[`${arrangement}|${scene}|${peer}`]; return other ? (row.cpu / other.cpu).toFixed(2) : ''; };
    say(`${arrangement.padEnd(6)} ${scene.padEnd(6)} ${side.padEnd(12)} ${row.cpu.toFixed(1).padStart(10)} ${Math.round(row.perSecond).toString().padStart(8)} ` +
      `${row.p99.toFixed(2).padStart(8)} ${of('nginx').padStart(10)} ${of('bare').padStart(10)}`);
  }
}

function checks(rows) {
  const out = [];
  const ratio = (cell, peer, figure) => rows[`${cell}|wemoon`][figure] / rows[`${cell}|${peer}`][figure];
  for (const { arrangement, scene, peer, most } of TARGETS) {
    out.push({ what: `${arrangement}, ${scene}: CPU against ${peer === 'bare' ? 'bare civetweb' : peer}`, value: ratio(`${arrangement}|${scene}`, peer, 'cpu'), most, unit: 'x' });
  }
  for (const cell of ARRANGEMENTS.flatMap(({ name }) => [`${name}|kept`, `${name}|paced`])) {
    out.push({ what: `${cell.replace('|', ', ')}: p99 against bare civetweb`, value: ratio(cell, 'bare', 'p99'), most: 1, unit: 'x' });
  }
  for (const key of Object.keys(rows).filter((row) => row.endsWith('|baseline'))) {
    const cell = key.slice(0, -'|baseline'.length);
    out.push({ what: `${cell.replace('|', ', ')}: CPU against the baseline`, value: ratio(cell, 'baseline', 'cpu'), most: 1, unit: 'x' });
  }
  for (const [cell, name] of RIVALLED.flatMap((scene) => RIVALS.map((rivalName) => [`shared|${scene}`, rivalName]))) {
    if (rows[`${cell}|${name}`]) out.push({ what: `npm ${name}, ${cell.replace('|', ', ')}: CPU against wemoon`, value: 1 / ratio(cell, name, 'cpu'), unit: 'x' });
  }
  // wrk counts the bare handler's answers as failed, because they do not announce the end of the connection; only
  // wemoon's are checked.
  const failed = Object.entries(rows).reduce((sum, [key, row]) => sum + (key.endsWith('|wemoon') ? row.failed : 0), 0);
  out.push({ what: 'wemoon: answers refused or lost', value: failed, most: 0, unit: '' });
  return out;
}

async function measure(quick, say) {
  const samples = {}, rounds = quick ? 1 : 5;
  for (let i = 1; i <= rounds; i++) {
    say(`speed: round ${i} of ${rounds}`);
    await round(samples, { quick, seconds: quick ? 2 : 3, say });
  }
  const rows = summary(samples);
  table(rows, say);
  return checks(rows);
}

module.exports = { measure };
