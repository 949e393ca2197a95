// QR codes, over libqrencode.
#ifndef WEMOON_CODEC_QR_H
#define WEMOON_CODEC_QR_H

#include "base/buf.h"
#include "base/err.h"

// Appends a PNG of the QR code of `text` (UTF-8, up to about 2,000 bytes), black on white, with its quiet zone, each
// module `scale` pixels wide (1 to 32). False with ERR_TOO_LARGE or ERR_MEMORY.
bool qr_png(Str text, int scale, Buf *out, Err *err);

#endif
