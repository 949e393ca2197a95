#!/bin/sh
# CommonMark (commonmark 0.31.2, markdown-it 14.1.0 and marked 15.0.12 of npm agree): "**注意：**请看" is no bold text. The closing
# "**" has punctuation on its left and a letter on its right, so it may only open. A space there would mend it, and Chinese writes
# none. Language models begin paragraphs so in Chinese, and readers see the asterisks. The Latin counterpart, "**Note:** look",
# is bold because of its space; so is the Chinese one with the colon outside, "**注意**：请看".
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund commonmark@0.31.2 markdown-it@14.1.0 marked@15.0.12
cat >run.js <<'END'
const commonmark = require('commonmark');
const markdownIt = require('markdown-it')();
const { marked } = require('marked');
const renderers = {
  commonmark: (text) => new commonmark.HtmlRenderer().render(new commonmark.Parser().parse(text)),
  'markdown-it': (text) => markdownIt.render(text),
  marked: (text) => marked.parse(text),
};
let found = true;
for (const [name, render] of Object.entries(renderers)) {
  const [inside, outside, latin] = ['**注意：**请看', '**注意**：请看', '**Note:** look'].map((text) => render(text).trim());
  console.log(`${name}: ${inside}  ${outside}  ${latin}`);
  found &&= inside === '<p>**注意：**请看</p>' && outside === '<p><strong>注意</strong>：请看</p>' && latin === '<p><strong>Note:</strong> look</p>';
}
console.log(found ? 'as found' : 'changed');
process.exit(found ? 0 : 1);
END
npm ls --depth=0 | tail -n +2
node run.js
