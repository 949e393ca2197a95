// Lua's patterns, `string.rep` and the table functions: wemoon's compared with Lua's own, case by case.
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { ROOT } = require('./sides.js');

const PATTERN_CASE = /^(?:find|match|gmatch|gsub) /;

async function measure(quick, say) {
  const done = spawnSync(path.join(ROOT, 'build/release/pattern_bench'), [quick ? '9' : '31'], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`pattern_bench: ${done.stdout}${done.stderr}`);
  say('\n' + done.stdout.trimEnd());
  const ratios = [...done.stdout.matchAll(/^(.+?) +[\d.]+ +[\d.]+ +([\d.]+)$/gm)].filter((line) => PATTERN_CASE.test(line[1] + ' '))
    .map((line) => ({ name: line[1], ratio: Number(line[2]) }));
  const mean = Math.exp(ratios.reduce((sum, one) => sum + Math.log(one.ratio), 0) / ratios.length);
  const worst = ratios.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  return [
    { what: 'patterns: time against Lua\'s own, geometric mean of the cases', value: mean, most: 1.15, unit: 'x' },
    { what: `patterns: the slowest case (${worst.name})`, value: worst.ratio, most: 1.15, unit: 'x' },
  ];
}

module.exports = { measure };
