// The sanitizer that the binary under test was built with: 'AddressSanitizer', 'ThreadSanitizer' or undefined. Memory
// and time differ under one.
'use strict';

const fs = require('node:fs');
const { BINARY } = require('./harness');

const NAMES = { asan: 'AddressSanitizer', tsan: 'ThreadSanitizer' };
const sanitizer = NAMES[/__(asan|tsan)_init/.exec(fs.readFileSync(BINARY, 'latin1'))?.[1]];

module.exports = { sanitizer };
