#!/bin/sh
# A bare address in Chinese text ends where its sentence ends, and Chinese writes no space there. GitHub's Markdown ends an address
# at white space or "<" and gives back trailing ASCII punctuation alone: in "详情见 https://example.com/a，请先登录。" the link is the
# whole rest of the line, percent-encoded, and answers 404. cmark-gfm 0.29.0.gfm.6 (Debian 12), marked 15.0.12, markdown-it 14.1.0
# (linkify-it 5.0.0), linkifyjs 4.1.3 and micromark 4.0.2 (what remark-gfm parses with) agree on it. For "www.example.com。谢谢" they
# do not: the two linkify libraries end the name at "。", the other three take "。谢谢" for a part of the host's name. A model that
# writes Chinese needs a space, or <...>, after each address.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
version=0.29.0.gfm.6-6
apt-get -q download "cmark-gfm=$version" "libcmark-gfm0.29.0.gfm.6=$version" "libcmark-gfm-extensions0.29.0.gfm.6=$version" >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund marked@15.0.12 markdown-it@14.1.0 linkify-it@5.0.0 linkifyjs@4.1.3 \
  micromark@4.0.2 micromark-extension-gfm-autolink-literal@2.1.0
LD_LIBRARY_PATH=$(dirname "$(find root -name 'libcmark-gfm.so*' | head -n 1)")
export LD_LIBRARY_PATH
cat >run.mjs <<'JS'
import { spawnSync } from 'node:child_process';
import { marked } from 'marked';
import markdownIt from 'markdown-it';
import * as linkify from 'linkifyjs';
import { micromark } from 'micromark';
import { gfmAutolinkLiteral, gfmAutolinkLiteralHtml } from 'micromark-extension-gfm-autolink-literal';
const href = (html) => decodeURIComponent(/href="([^"]*)"/.exec(html)[1]);
const finders = {
  'cmark-gfm': (text) => href(spawnSync('root/usr/bin/cmark-gfm', ['-e', 'autolink'], { input: text, encoding: 'utf8' }).stdout),
  marked: (text) => href(marked.parse(text)),
  'markdown-it': (text) => href(markdownIt({ linkify: true }).render(text)),
  linkifyjs: (text) => decodeURIComponent(linkify.find(text)[0].href),
  micromark: (text) => href(micromark(text, { extensions: [gfmAutolinkLiteral()], htmlExtensions: [gfmAutolinkLiteralHtml()] })),
};
const swallowed = 'http://www.example.com。谢谢';
const hosts = { 'cmark-gfm': swallowed, marked: swallowed, micromark: swallowed };
let found = true;
for (const [name, find] of Object.entries(finders)) {
  const address = find('详情见 https://example.com/a，请先登录。');
  const spaced = find('详情见 https://example.com/a ，请先登录。');
  const host = find('访问 www.example.com。谢谢');
  console.log(`${name.padEnd(12)} ${address}   ${spaced}   ${host}`);
  found &&= address === 'https://example.com/a，请先登录。' && spaced === 'https://example.com/a'
    && host === (hosts[name] ?? 'http://www.example.com');
}
console.log(found ? 'as found' : 'changed');
process.exit(found ? 0 : 1);
JS
npm ls --depth=0 | tail -n +2
node run.mjs
