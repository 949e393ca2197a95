// Memory: flat from three hundred thousand callbacks to a million, with 512 threads; --quick: from a hundred thousand
// to three hundred thousand. About 20,000 a second and a window of three seconds, so that about 60,000 messages are
// known as duplicates all the time. All of them whole: only messages older than 20 s become compact (src/bot/dedupe.h),
// and none gets so old.
'use strict';

const { wemoon, rssMb } = require('./sides.js');
const load = require('./load.js');

const WINDOW_S = 3;
const LOAD = { connections: 256, mode: 'plain', pause: 12 };

async function until(side, served, wanted) {
  while (served < wanted) served += (await load.run(side, { ...LOAD, seconds: WINDOW_S })).requests;
  return served;
}

async function measure(quick, say) {
  const [first, last] = quick ? [100000, 300000] : [300000, 1000000];
  const side = await wemoon(512, 'plain', ['--dedup-window-s', String(WINDOW_S)]);
  try {
    let served = await until(side, 0, first);
    const early = rssMb(side.pid);
    served = await until(side, served, last);
    const late = rssMb(side.pid);
    say(`memory: ${early.toFixed(1)} MB after ${first} callbacks, ${late.toFixed(1)} MB after ${served}`);
    return [
      { what: `memory after ${last} callbacks against that after ${first}`, value: late / early, most: 1.1, unit: 'x' },
      { what: 'memory with 512 threads and about 60,000 known messages', value: late, most: 60, unit: ' MB' },
    ];
  } finally {
    await side.stop();
  }
}

module.exports = { measure };
