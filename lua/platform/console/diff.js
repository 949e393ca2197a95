// The lines in which two texts differ: those that their longest common subsequence of lines leaves over (Myers, 1986).

// The lines of both texts together that may differ: a line that is replaced counts twice. The time grows with its square.
export const MOST = 2000;

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

// Returns how many lines both texts have in common at the beginning and, behind these, at the end.
function ends(a, b) {
  const most = Math.min(a.length, b.length);
  let head = 0, tail = 0;
  while (head < most && a[head] === b[head]) head++;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return { head, tail };
}

// Returns the differences that the left-over lines make, each as long as it can be.
function joined(lines, head) {
  const found = [];
  for (const [x, y, of_b] of lines) {
    const a = x + head, b = y + head, end = found.at(-1);
    const one = end && end.a_end === a && end.b_end === b ? end : { a, a_end: a, b, b_end: b };
    if (one !== end) found.push(one);
    if (of_b) one.b_end++;
    else one.a_end++;
  }
  return found;
}

// Returns the differences of two lists of lines: [{ a, a_end, b, b_end }], lines from 0, the ends excluded. Beyond MOST
// it is one, with `too_many`, from the first line that differs to the last.
export function differences(a, b) {
  const { head, tail } = ends(a, b);
  const inner = [a, b].map((lines) => lines.slice(head, lines.length - tail));
  const all = { a: head, a_end: a.length - tail, b: head, b_end: b.length - tail };
  if (inner.some((lines) => !lines.length)) return inner.some((lines) => lines.length) ? [all] : [];
  const reached = reaches(...inner);
  return reached ? joined(steps(...inner, reached).reverse(), head) : [{ ...all, too_many: true }];
}

// Returns where line `at` of one text (`from`: 'a' or 'b') is in the other: in a difference, as far through it.
export function across(found, at, from, to) {
  const near = found.findLast((one) => one[from] <= at);
  if (!near) return at;
  const past = at - near[`${from}_end`], through = (at - near[from]) / (near[`${from}_end`] - near[from]);
  return past >= 0 ? near[`${to}_end`] + past : near[to] + through * (near[`${to}_end`] - near[to]);
}
