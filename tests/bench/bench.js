// ./setup.sh bench [--quick]
// [start|crowd|waiting|pressure|api|memory|speed|patterns|streams|instructions|seeing|kept|soak|chaos ...]: measures,
// and reports which targets are met. The soak takes half an hour (with --quick 90 seconds), chaos six minutes (with
// --quick one): these two, kept and the callgrind counts run only if named.
'use strict';

const { compileBare } = require('./sides.js');

const USUAL = ['start', 'crowd', 'waiting', 'pressure', 'api', 'memory', 'speed', 'patterns', 'streams'];
const SUBJECTS = [...USUAL, 'instructions', 'seeing', 'kept', 'soak', 'chaos'];

function verdict({ value, most }) {
  if (most === undefined) return '';
  return value <= most ? 'met' : 'MISSED';
}

async function main(args) {
  const quick = args.includes('--quick');
  const wanted = args.filter((arg) => arg !== '--quick');
  const unknown = wanted.find((arg) => !SUBJECTS.includes(arg));
  if (unknown) {
    console.error(`bench: ${unknown}: the subjects are ${SUBJECTS.join(', ')}; --quick takes seconds`);
    return 2;
  }
  compileBare();
  const checks = [];
  for (const subject of wanted.length ? SUBJECTS.filter((name) => wanted.includes(name)) : USUAL) {
    checks.push(...await require(`./${subject}.js`).measure(quick, console.log));
  }
  console.log('\n' + 'what'.padEnd(64) + 'measured'.padStart(12) + 'target'.padStart(12));
  for (const check of checks) {
    const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2)) + check.unit;
    const target = check.most === undefined ? '' : `<= ${number(check.most)}`;
    console.log(check.what.padEnd(64) + number(check.value).padStart(12) + target.padStart(12) + '  ' + verdict(check));
  }
  return checks.some((check) => verdict(check) === 'MISSED') ? 1 : 0;
}

main(process.argv.slice(2)).then((status) => { process.exitCode = status; }, (error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
});
