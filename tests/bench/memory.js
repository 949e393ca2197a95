// Memory: flat from the first hundred thousand callbacks to the millionth, with 512 threads.
'use strict';

const { wemoon, rssMb } = require('./sides.js');
const load = require('./load.js');

async function until(side, served, wanted) {
  while (served < wanted) served += (await load.run(side, { connections: 256, mode: 'plain', seconds: 1 })).requests;
  return served;
}

async function measure(quick, say) {
  const [first, last] = quick ? [100000, 300000] : [100000, 1000000];
  const side = await wemoon(512, 'plain');
  try {
    let served = await until(side, 0, first);
    const early = rssMb(side.pid);
    served = await until(side, served, last);
    const late = rssMb(side.pid);
    say(`memory: ${early.toFixed(1)} MB after ${first} callbacks, ${late.toFixed(1)} MB after ${served}`);
    return [
      { what: `memory after ${last} callbacks against that after ${first}`, value: late / early, most: 1.1, unit: 'x' },
      { what: 'memory with 512 threads and 60,000 known messages', value: late, most: 60, unit: ' MB' },
    ];
  } finally {
    await side.stop();
  }
}

module.exports = { measure };
