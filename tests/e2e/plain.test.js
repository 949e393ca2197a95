// wechat.plain against CommonMark's own examples: no word of a text is lost, and no markup remains.
'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { tests: examples } = require('commonmark-spec');
const { BINARY } = require('./harness.js');

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"' };
const shown = (html) => html.replace(/<!--.*?-->|<[?!/a-zA-Z](?:"[^"]*"|'[^']*'|[^>"'])*>/gs, ' ').replace(/&(amp|lt|gt|quot);/g, (_, name) => ENTITIES[name]);
const words = (text) => text.match(/[\p{L}\p{N}]+/gu) || [];

// Converts all texts in one run: a JSON file in, one line of JSON per text out.
function plainOf(texts) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wemoon-plain-'));
  const file = path.join(folder, 'texts.json');
  fs.writeFileSync(file, JSON.stringify(texts));
  const code = `local f = assert(io.open("${file}")) local texts = wechat.json.decode(f:read("a")) ` +
    'for i, text in ipairs(texts) do texts[i] = wechat.plain(text) end return texts';
  try {
    return JSON.parse(execFileSync(BINARY, ['exec', '-e', code], { encoding: 'utf8', cwd: folder, maxBuffer: 1 << 24 }));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

// The package writes a tab as an arrow.
const markdownOf = (one) => one.markdown.replaceAll('→', '\t');
const plain = plainOf(examples.map(markdownOf));

test('every word that CommonMark shows is shown, in its order', () => {
  assert.ok(examples.length > 600);
  const lost = [];
  examples.forEach((one, i) => {
    let at = 0;
    for (const word of words(shown(one.html))) {
      const found = plain[i].indexOf(word, at);
      if (found < 0) { lost.push({ example: one.number, word, markdown: one.markdown, plain: plain[i] }); break; }
      at = found + word.length;
    }
  });
  assert.deepEqual(lost, []);
});

const MARKS = ['*', '_', '`', '~', '](', '\\', '#', '&amp;', '&lt;', '&quot;', '&#'];
// One asterisk within a word stays: 5*6*78 is a product.
const PRODUCTS = ['foo*bar*', '5*6*78', '*foo*bar', '**foo*bar*baz**'];
const count = (text, mark) => text.split(mark).length - 1;

test('no mark is left that CommonMark does not show', () => {
  const left = [];
  examples.forEach((one, i) => {
    const attributes = (one.html.match(/(href|src|alt)="[^"]*"/g) || []).join().replaceAll('%5C', '\\');
    for (const mark of PRODUCTS.includes(one.markdown.trim()) ? [] : MARKS) {
      if (count(plain[i], mark) > count(shown(one.html) + attributes, mark)) left.push({ example: one.number, mark, markdown: one.markdown, plain: plain[i] });
    }
  });
  assert.deepEqual(left, []);
});
