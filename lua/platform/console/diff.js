// The lines in which two texts differ: those that their longest common subsequence of lines leaves over (Myers, 1986).

const MOST = 1000; // lines that differ; of two texts that have more, all from the first to the last one count

// Returns for each number of left-over lines how far into `a` every diagonal gets with it; null beyond MOST.
function reaches(a, b) {
  const all = [], far = new Int32Array(2 * MOST + 3);
  for (let left = 0; left <= MOST; left++) {
    all.push(far.slice(MOST + 1 - left, MOST + 2 + left));
    for (let k = -left; k <= left; k += 2) {
      const at = MOST + 1 + k;
      let x = k === -left || k !== left && far[at - 1] < far[at + 1] ? far[at + 1] : far[at - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      far[at] = x;
      if (x >= a.length && x - k >= b.length) return all;
    }
  }
  return null;
}

// Returns the left-over lines as steps [x, y, is of b], the last one first.
function steps(a, b, all) {
  const found = [];
  let x = a.length, y = b.length;
  for (let left = all.length - 1; left > 0; left--) {
    const far = (k) => all[left][k + left];
    const k = x - y;
    const of_b = k === -left || k !== left && far(k - 1) < far(k + 1);
    x = of_b ? far(k + 1) : far(k - 1);
    y = x - k + (of_b ? -1 : 1);
    found.push([x, y, of_b]);
  }
  return found;
}

// Returns the differences of two lists of lines: [{ a, a_end, b, b_end }], lines from 0, the ends excluded.
export function differences(a, b) {
  const all = reaches(a, b), found = [];
  let first = 0, last = 0;
  if (!all) {
    while (a[first] === b[first]) first++;
    while (a.at(-1 - last) === b.at(-1 - last) && last < Math.min(a.length, b.length) - first) last++;
    return [{ a: first, a_end: a.length - last, b: first, b_end: b.length - last }];
  }
  for (const [x, y, of_b] of steps(a, b, all).reverse()) {
    const end = found.at(-1);
    const one = end && end.a_end === x && end.b_end === y ? end : { a: x, a_end: x, b: y, b_end: y };
    if (one !== end) found.push(one);
    if (of_b) one.b_end++;
    else one.a_end++;
  }
  return found;
}

// Returns where line `at` of one text (`from`: 'a' or 'b') is in the other: in a difference, as far through it.
export function across(found, at, from, to) {
  const near = found.findLast((one) => one[from] <= at);
  if (!near) return at;
  const past = at - near[`${from}_end`], through = (at - near[from]) / (near[`${from}_end`] - near[from]);
  return past >= 0 ? near[`${to}_end`] + past : near[to] + through * (near[`${to}_end`] - near[to]);
}
