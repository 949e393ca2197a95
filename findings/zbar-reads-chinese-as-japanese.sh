#!/bin/sh
# ZBar 0.23.92 (Debian 12), which zbarimg and python3-pyzbar read QR codes with, has to guess the charset of a text, for the usual
# writers (libqrencode 4.1.1 here) put UTF-8 into the symbol and do not say so. UTF-8 of a few Chinese characters is often taken for
# another charset: 上海 is read as 荳頑ｵｷ (Shift-JIS), 微信 as 敺桐縑 (Big5), 你好 as Latin letters, and no error is told. Ten of
# the sixteen texts below are misread, a Wi-Fi code with a Chinese name among them. Others like them (三号桌) are not, nor is the
# sentence or the address with Chinese in it, so that a check of printed codes passes with one sample and fails for the next room.
# A code that says that it is UTF-8 (ECI 26) is read right, and so is each with ZBAR_CFG_BINARY, which hands the bytes over.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
zbar=0.23.92-7+deb12u1 qrencode=4.1.1-1
apt-get -q download "libzbar0=$zbar" "libzbar-dev=$zbar" "libqrencode4=$qrencode" "libqrencode-dev=$qrencode" libdbus-1-3 libjpeg62-turbo \
  libv4l-0 libv4lconvert0 libx11-6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0 libsystemd0 libcap2 libgcrypt20 libgpg-error0 liblz4-1 \
  liblzma5 libzstd1 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
arch=$(uname -m)-linux-gnu
cat >codes.c <<'C'
#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zbar.h>

enum { SCALE = 4, MARGIN = 4 };

typedef struct {
  const char *name;
  bool eci; // ECI 26 before the text: it is UTF-8
  int binary;
} Way;

static const Way WAYS[] = { { "as it comes", false, 0 }, { "ECI 26", true, 0 }, { "ZBAR_CFG_BINARY", false, 1 } };

static QRcode *encode(const char *text, bool eci) {
  QRinput *input = QRinput_new2(0, QR_ECLEVEL_M);
  if (eci) QRinput_appendECIheader(input, 26);
  QRinput_append(input, QR_MODE_8, (int)strlen(text), (const unsigned char *)text);
  QRcode *code = QRcode_encodeInput(input);
  QRinput_free(input);
  return code;
}

static bool dark(const QRcode *code, int x, int y) {
  return x >= 0 && y >= 0 && x < code->width && y < code->width && code->data[y * code->width + x] & 1;
}

static unsigned char *draw(const QRcode *code, unsigned side) {
  unsigned char *pixels = malloc(side * side);
  for (unsigned i = 0; i < side * side; i++)
    pixels[i] = dark(code, (int)(i % side / SCALE) - MARGIN, (int)(i / side / SCALE) - MARGIN) ? 0 : 255;
  return pixels;
}

// Whether ZBar reads the text that was written; prints what it reads instead.
static bool reads(const char *text, const Way *way) {
  QRcode *code = encode(text, way->eci);
  unsigned side = (unsigned)(code->width + 2 * MARGIN) * SCALE;
  unsigned char *pixels = draw(code, side);
  zbar_image_scanner_t *scanner = zbar_image_scanner_create();
  zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, way->binary);
  zbar_image_t *image = zbar_image_create();
  zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
  zbar_image_set_size(image, side, side);
  zbar_image_set_data(image, pixels, side * side, NULL);
  if (zbar_scan_image(scanner, image) != 1) exit(1);
  const char *read = zbar_symbol_get_data(zbar_image_first_symbol(image));
  bool right = strcmp(read, text) == 0;
  if (!right) printf("%s is read as %s\n", text, read);
  zbar_image_destroy(image);
  zbar_image_scanner_destroy(scanner);
  free(pixels);
  QRcode_free(code);
  return right;
}

int main(int count, char **texts) {
  unsigned major, minor, patch;
  zbar_version(&major, &minor, &patch);
  printf("ZBar %u.%u.%u, libqrencode %s\n", major, minor, patch, QRcode_APIVersionString());
  for (size_t w = 0; w < sizeof WAYS / sizeof *WAYS; w++) {
    int right = 0;
    for (int i = 1; i < count; i++) right += reads(texts[i], &WAYS[w]);
    printf("%s: %d of %d read right\n", WAYS[w].name, right, count - 1);
  }
}
C
gcc -Iroot/usr/include codes.c -o codes -L"root/usr/lib/$arch" -Wl,--allow-shlib-undefined -lqrencode -lzbar
LD_LIBRARY_PATH=root/usr/lib/$arch:root/lib/$arch ./codes 你好 微信 签到 会议室 北京 上海 停车场 房间5 入口 'WIFI:S:会议室;T:WPA;P:password;;' \
  张三 三号桌 扫码点餐 支付 请到前台签到，谢谢 'https://example.com/?desk=三号桌' | tee seen
cat >expected <<'TEXT'
ZBar 0.23.92, libqrencode 4.1.1
你好 is read as ä½ å¥½
微信 is read as 敺桐縑
签到 is read as 遲ｾ蛻ｰ
会议室 is read as 莨夊ｮｮ螳､
北京 is read as 蛹嶺ｺｬ
上海 is read as 荳頑ｵｷ
停车场 is read as 蛛懆ｽｦ蝨ｺ
房间5 is read as 謌ｿ髣ｴ5
入口 is read as 蜈･蜿｣
WIFI:S:会议室;T:WPA;P:password;; is read as WIFI:S:莨夊ｮｮ螳､;T:WPA;P:password;;
as it comes: 6 of 16 read right
ECI 26: 16 of 16 read right
ZBAR_CFG_BINARY: 16 of 16 read right
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
