#!/bin/sh
# npm file-box 1.5.5, which wechaty and its puppets send and receive pictures, voices and files with: FileBox.fromUrl asks twice.
# With HEAD it follows redirects and takes name, type and size from the picture that they lead to; with GET, for the content, it
# follows none and looks at no status. What is sent under the name, type and size of the picture is the text of the redirect, often
# nothing at all. A 404 or 503 is taken for the file as well: the error page goes out as photo.jpg, and nothing fails. A redirect
# to "/photo.jpg", without a host, as RFC 9110 (10.2.2) allows it, does fail: "unknown protocol: null". An address that works in a
# browser, a short link or an object store's say, is enough. Fetch it yourself, look at the status, and use FileBox.fromBuffer.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-progress --no-audit --no-fund file-box@1.5.5
cat >run.mjs <<'JS'
import http from 'node:http';
import { FileBox } from 'file-box';
const PHOTO = 'x'.repeat(1000);
const store = http.createServer((request, response) => {
  const here = `http://127.0.0.1:${store.address().port}`;
  const head = { 'Content-Type': 'image/jpeg', 'Content-Length': PHOTO.length, 'Content-Disposition': 'attachment; filename="photo.jpg"' };
  if (request.url === '/photo.jpg') response.writeHead(200, head).end(PHOTO);
  else if (request.url === '/short') response.writeHead(302, { Location: `${here}/photo.jpg` }).end('Found');
  else if (request.url === '/empty') response.writeHead(307, { Location: `${here}/photo.jpg`, 'Content-Length': 0 }).end();
  else if (request.url === '/no-host') response.writeHead(302, { Location: '/photo.jpg' }).end();
  else response.writeHead(request.url === '/gone/photo.jpg' ? 404 : 503, { 'Content-Type': 'text/html' }).end('<h1>Sorry</h1>');
}).listen(0, '127.0.0.1', async () => {
  for (const path of ['/photo.jpg', '/short', '/empty', '/gone/photo.jpg', '/busy/photo.jpg', '/no-host']) {
    try {
      const file = FileBox.fromUrl(`http://127.0.0.1:${store.address().port}${path}`);
      await file.ready();
      const content = await file.toBuffer();
      console.log(`${path}: ${file.name}, ${file.mediaType}, size ${file.size}; ${content.length} bytes${content.length < 100 ? ` "${content}"` : ''}`);
    } catch (error) {
      console.log(`${path}: ${error.message}`);
    }
  }
  process.exit();
});
JS
npm ls --depth=0 | tail -n +2
node run.mjs | tee seen
cat >expected <<'TEXT'
/photo.jpg: photo.jpg, image/jpeg, size 1000; 1000 bytes
/short: photo.jpg, image/jpeg, size 1000; 5 bytes "Found"
/empty: photo.jpg, image/jpeg, size 1000; 0 bytes ""
/gone/photo.jpg: photo.jpg, text/html, size -1; 14 bytes "<h1>Sorry</h1>"
/busy/photo.jpg: photo.jpg, text/html, size -1; 14 bytes "<h1>Sorry</h1>"
/no-host: unknown protocol: null
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
