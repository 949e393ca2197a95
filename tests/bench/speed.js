// CPU, throughput and latency of a callback: wemoon beside a bare civetweb handler, nginx with hand-written Lua, and the npm
// packages wechat and co-wechat.
'use strict';

const { bare, nginx, rival, wemoon } = require('./sides.js');
const median = require('./median.js');
const load = require('./load.js');

const RIVALS = ['wechat', 'co-wechat'];

function plan(quick) {
  const loads = quick
    ? [{ name: '64 kept', connections: 64 }]
    : [{ name: '16 kept', connections: 16 }, { name: '64 kept', connections: 64 }, { name: '256 kept', connections: 256 },
      { name: 'new each', connections: 64, close: true }];
  const threads = quick ? [512] : [64, 512];
  const sides = [];
  for (const n of threads) sides.push({ name: `bare ${n}`, mode: 'plain', start: () => bare(n) });
  sides.push({ name: 'bare slices', mode: 'plain', start: () => bare(512, true) });
  for (const mode of ['plain', 'safe']) {
    sides.push({ name: 'nginx', mode, start: () => nginx(mode) });
    for (const n of threads) sides.push({ name: `wemoon ${n}`, mode, start: () => wemoon(n, mode) });
    for (const name of RIVALS) sides.push({ name, mode, start: () => rival(name, mode) });
  }
  return { loads, sides, rounds: quick ? 1 : 3, seconds: quick ? 2 : 4 };
}

// Within a round the sides take turns for each load, so that a noisy minute hits all of them.
async function round({ loads, sides, seconds }, samples, say) {
  for (const one of loads) {
    for (const side of sides) {
      const running = await side.start();
      try {
        await load.run(running, { ...one, mode: side.mode, seconds: 1 }); // warm
        const result = await load.run(running, { ...one, mode: side.mode, seconds });
        const key = `${side.mode}|${one.name}|${side.name}`;
        (samples[key] = samples[key] || []).push(result);
        say(`  ${side.mode.padEnd(5)} ${one.name.padEnd(8)} ${side.name.padEnd(11)} ${result.cpu.toFixed(1).padStart(6)} us  ` +
          `${Math.round(result.perSecond).toString().padStart(6)}/s  p50 ${result.p50.toFixed(2)} ms  p99 ${result.p99.toFixed(2)} ms` +
          (result.refused + result.lost ? `  refused ${result.refused}, lost ${result.lost}` : ''));
      } finally {
        await running.stop();
      }
    }
  }
}

function summary(samples) {
  const rows = {};
  for (const [key, results] of Object.entries(samples)) {
    const value = (name) => median(results.map((result) => result[name]));
    rows[key] = { cpu: value('cpu'), perSecond: value('perSecond'), p50: value('p50'), p99: value('p99'),
      failed: results.reduce((sum, result) => sum + result.refused + result.lost, 0) };
  }
  return rows;
}

function table(rows, say) {
  say('\nmode   load      side         CPU us/req    req/s   p50 ms   p99 ms   failed');
  for (const [key, row] of Object.entries(rows)) {
    const [mode, name, side] = key.split('|');
    say(`${mode.padEnd(6)} ${name.padEnd(9)} ${side.padEnd(12)} ${row.cpu.toFixed(1).padStart(10)} ${Math.round(row.perSecond).toString().padStart(8)} ` +
      `${row.p50.toFixed(2).padStart(8)} ${row.p99.toFixed(2).padStart(8)} ${String(row.failed).padStart(8)}`);
  }
}

function checks(rows, { sides }) {
  const out = [];
  for (const name of new Set(sides.map((side) => side.name).filter((side) => side.startsWith('wemoon')))) {
    const plain = rows[`plain|64 kept|${name}`], floor = rows[`plain|64 kept|${name.replace('wemoon', 'bare')}`];
    const sealed = rows[`safe|64 kept|${name}`], hand = rows['plain|64 kept|nginx'], handSealed = rows['safe|64 kept|nginx'];
    out.push({ what: `${name} threads, plain: CPU against bare civetweb`, value: plain.cpu / floor.cpu, most: 1.25, unit: 'x' });
    out.push({ what: `${name} threads, plain: p99 against bare civetweb`, value: plain.p99 / floor.p99, most: 1.5, unit: 'x' });
    out.push({ what: `${name} threads, plain: CPU against nginx`, value: plain.cpu / hand.cpu, unit: 'x' });
    out.push({ what: `${name} threads, encrypted: CPU against nginx`, value: sealed.cpu / handSealed.cpu, most: 1, unit: 'x' });
  }
  const ours = sides.filter((side) => side.name.startsWith('wemoon')).pop().name;
  const compare = (mode, side, title) => out.push({ what: `${title}, ${mode === 'safe' ? 'encrypted' : 'plain'}: CPU against ${ours} threads`,
    value: rows[`${mode}|64 kept|${side}`].cpu / rows[`${mode}|64 kept|${ours}`].cpu, unit: 'x' });
  compare('plain', 'bare slices', 'bare civetweb with wemoon's time slices');
  for (const mode of ['plain', 'safe']) {
    for (const name of RIVALS) compare(mode, name, `npm ${name}`);
  }
  // wrk counts an answer whose connection ends without a word of it in its head as lost: the bare handler's all do.
  const failed = Object.entries(rows).reduce((sum, [key, row]) => sum + (key.includes('|wemoon') ? row.failed : 0), 0);
  out.push({ what: 'wemoon: answers refused or lost', value: failed, most: 0, unit: '' });
  return out;
}

async function measure(quick, say) {
  const what = plan(quick), samples = {};
  for (let i = 1; i <= what.rounds; i++) {
    say(`speed: round ${i} of ${what.rounds}`);
    await round(what, samples, say);
  }
  const rows = summary(samples);
  table(rows, say);
  return checks(rows, what);
}

module.exports = { measure };
