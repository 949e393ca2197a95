#!/bin/sh
# npm fast-xml-parser 4.5.3 and 5.12.1 make a number of what looks like one, unless digits would be lost: then it stays a string. That
# saves the platform's MsgId, an integer of 64 bits, and makes its type a matter of chance. The example in the platform's manual
# (16 digits) is a number, the one in its sample code for encrypted messages (19 digits) is a string. Of ids with 16 digits all are
# numbers, of those with 17 one in four, of those with 19 one in a thousand: from message to message. Whoever compares an id with
# one that was kept as text (===), looks it up in a Map or calls a method of strings is right for most messages and wrong for
# the rest; a test with the manual's example passes. parseTagValue: false leaves text as it is.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund fast-xml-parser@4.5.3 fast-xml-parser5@npm:fast-xml-parser@5.12.1
cat >run.js <<'JS'
const parsers = { 4: require('fast-xml-parser').XMLParser, 5: require('fast-xml-parser5').XMLParser };
const ids = (first, count) => Array.from({ length: count }, (_, i) => String(first + 7n * BigInt(i)));
const samples = {
  '16 digits': ids(1234567890123456n, 4000),
  '17 digits': ids(24508372923473829n, 4000),
  '19 digits': ids(6054768590064713728n, 4000),
};
const examples = { manual: '1234567890123456', 'sample code': '6054768590064713728' };
const parser = (XMLParser, options) => (id) =>
  new XMLParser(options).parse(`<xml><MsgType><![CDATA[text]]></MsgType><MsgId>${id}</MsgId></xml>`).xml.MsgId;
for (const [version, XMLParser] of Object.entries(parsers)) {
  const parse = parser(XMLParser, {}), textOf = parser(XMLParser, { parseTagValue: false });
  const types = Object.entries(examples).map(([name, id]) => `${name} ${typeof parse(id)}`);
  console.log(`fast-xml-parser ${version}: ${types.join(', ')}`);
  for (const [name, all] of Object.entries(samples)) {
    const numbers = all.filter((id) => typeof parse(id) === 'number').length;
    const kept = all.every((id) => String(parse(id)) === id && textOf(id) === id);
    console.log(`  ${name}: ${numbers} of ${all.length} are numbers; ` +
      `${kept ? 'no digit is lost, parseTagValue: false keeps all text' : 'ids change'}`);
  }
}
JS
npm ls --depth=0 | tail -n +2
node run.js | tee seen
cat >expected <<'TEXT'
fast-xml-parser 4: manual number, sample code string
  16 digits: 4000 of 4000 are numbers; no digit is lost, parseTagValue: false keeps all text
  17 digits: 1000 of 4000 are numbers; no digit is lost, parseTagValue: false keeps all text
  19 digits: 4 of 4000 are numbers; no digit is lost, parseTagValue: false keeps all text
fast-xml-parser 5: manual number, sample code string
  16 digits: 4000 of 4000 are numbers; no digit is lost, parseTagValue: false keeps all text
  17 digits: 1000 of 4000 are numbers; no digit is lost, parseTagValue: false keeps all text
  19 digits: 4 of 4000 are numbers; no digit is lost, parseTagValue: false keeps all text
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
