#!/bin/sh
# WeChat's voice messages are AMR, and a voice that is sent may last 60 s. An AMR file (RFC 4867) has no length in its
# head; each 20 ms are a frame of their own, 32 bytes of speech at 12.2 kbit/s, one byte or six where the encoder hears
# silence (DTX). ffprobe (npm ffprobe-static 3.1.0, @ffprobe-installer/linux-x64 5.2.0) and MediaInfo 23.04 (Debian 12)
# divide the file's size by the rate of its first frames instead. Four files of exactly 60 s: with pauses they take it
# for 32 or 33 s, with two slower seconds first for 145 s, with two silent ones for 266 s, 1859 s or nothing; the newer
# ffprobe adds 2 s even to a steady one. SoX 14.4.2 walks the frames and says 60 s each time. Walk them, or let ffprobe:
# -count_packets, and 20 ms for each.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
  libmediainfo0v5 | grep '^[a-z0-9]' | sort -u)
# shellcheck disable=SC2086  # many words
apt-get -q download $packages mediainfo=23.04-1 sox=14.4.2+git20190427-3.5 libsox3 libsox-fmt-base libopencore-amrnb0 \
  libopencore-amrwb0 libltdl7 libgomp1 libpng16-16 libmagic1 libgsm1 libbz2-1.0 liblzma5 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund ffprobe-static@3.1.0 @ffprobe-installer/linux-x64@5.2.0
cat >run.js <<'END'
const fs = require('node:fs'), { execFileSync } = require('node:child_process');
const frame = (type, bytes) => Buffer.concat([Buffer.from([(type << 3) | 4]), Buffer.alloc(bytes)]);
const times = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));
const speech = (count) => times(count, () => frame(7, 31)), slow = (count) => times(count, () => frame(0, 12));
const silence = (count) => times(count, (i) => (i % 8 === 0 ? frame(8, 5) : frame(15, 0)));
const files = {
  steady: speech(3000),
  pauses: times(15, () => Buffer.concat([speech(100), silence(100)])),
  'slow at first': Buffer.concat([slow(100), speech(2900)]),
  'silent at first': Buffer.concat([silence(100), speech(2900)]),
};
const run = (...words) => execFileSync(words[0], words.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
const probe = (bin) => (name) => Math.round(+run(bin, '-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', `root/${name}`));
const older = require('ffprobe-static').path, newer = require.resolve('@ffprobe-installer/linux-x64/ffprobe');
const tools = {
  'ffprobe-static': probe(older),
  '@ffprobe-installer': probe(newer),
  MediaInfo: (name) => Math.round(+run('chroot', 'root', '/usr/bin/mediainfo', '--Inform=General;%Duration%', `/${name}`) / 1000),
  SoX: (name) => +run('chroot', 'root', '/usr/bin/soxi', '-D', `/${name}`),
  'packets of 20 ms': (name) => run(newer, '-v', 'error', '-count_packets', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0',
    `root/${name}`) * 0.02,
};
const expected = {
  'ffprobe-static': '60 32 145 1859', '@ffprobe-installer': '62 33 145 266', MediaInfo: '60 32 145 0', SoX: '60 60 60 60',
  'packets of 20 ms': '60 60 60 60',
};
console.log([older, newer].map((bin) => run(bin, '-version').split(' ', 3).join(' ')).join(', '));
console.log(`seconds, of files that are: ${Object.keys(files).join(', ')}`);
let found = true;
for (const [name, frames] of Object.entries(files)) fs.writeFileSync(`root/${name}.amr`, Buffer.concat([Buffer.from('#!AMR\n'), frames]));
for (const [tool, ask] of Object.entries(tools)) {
  const seconds = Object.keys(files).map((name) => ask(`${name}.amr`)).join(' ');
  console.log(`${tool}: ${seconds}`);
  found &&= seconds === expected[tool];
}
console.log(found ? 'as found' : 'changed');
process.exit(found ? 0 : 1);
END
node run.js
