// Text as XML can carry it.
#ifndef WEMOON_CODEC_XML_TEXT_H
#define WEMOON_CODEC_XML_TEXT_H

#include "base/buf.h"

#define XML_REPLACEMENT "\xEF\xBF\xBD"  // U+FFFD

// The control characters that XML 1.0 forbids: those below U+0020 other than tab, line feed and carriage return.
static inline bool xml_forbids(unsigned char c) {
  return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}
// Bytes as XML may carry them: forbidden control characters dropped; broken UTF-8, U+FFFE and U+FFFF as
// U+FFFD. Returns `in` itself if it is clean, else the cleaned copy that was appended to `scratch` (look at
// its `failed`).
Str xml_clean(Buf *scratch, Str in);
// Appends `<![CDATA[...]]>` with "]]>" split, cleaned as by xml_clean.
void xml_add_cdata(Buf *out, Str text);

#endif
