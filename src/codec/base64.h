// Base64 (RFC 4648, standard alphabet).
#ifndef WEMOON_CODEC_BASE64_H
#define WEMOON_CODEC_BASE64_H

#include "base/buf.h"

// Appends the Base64 text of the bytes, with padding and without line breaks.
void base64_encode(Buf *out, Str bytes);
// Appends the decoded bytes. Strict on alphabet and padding; with `lenient_tail` the unused bits of the last character
// may be set, as in an EncodingAESKey. False, with `out` unchanged, on anything else or without memory.
bool base64_decode(Buf *out, Str text, bool lenient_tail);

#endif
