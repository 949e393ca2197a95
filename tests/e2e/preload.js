// The tests' own libraries between wemoon and the system (starve.c, shift.c), and the numbers that they share with a
// test.
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { atEnd, tempDir } = require('./harness');
const { sanitizer } = require('./sanitizer');

// A reason to skip: ThreadSanitizer has its own allocator and its own notion of time.
const sanitized = sanitizer === 'ThreadSanitizer' && sanitizer;

// Compiles `name`.c; `count` 64-bit numbers, initially 0, are in a file named by the environment variable NAME:
// put(i, number), get(i).
function preload(t, name, count) {
  const dir = tempDir(t);
  const library = path.join(dir, `${name}.so`), file = path.join(dir, 'numbers');
  execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, path.join(__dirname, `${name}.c`), '-ldl']);
  fs.writeFileSync(file, Buffer.alloc(8 * count));
  const fd = fs.openSync(file, 'r+');
  atEnd(t, () => fs.closeSync(fd));
  const number = new BigInt64Array(1);
  return {
    // AddressSanitizer wants to be the first library; this option permits another order.
    env: { LD_PRELOAD: library, [name.toUpperCase()]: file, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS || ''}:verify_asan_link_order=0` },
    put(i, value) {
      number[0] = BigInt(value);
      fs.writeSync(fd, number, 0, 8, 8 * i);
    },
    get(i) {
      fs.readSync(fd, number, 0, 8, 8 * i);
      return Number(number[0]);
    },
  };
}

module.exports = { preload, sanitized };
