// Makes text fit for XML.
#ifndef WEMOON_CODEC_XML_TEXT_H
#define WEMOON_CODEC_XML_TEXT_H

#include "base/buf.h"

#define XML_REPLACEMENT "\xEF\xBF\xBD"  // U+FFFD

// The control characters that XML 1.0 forbids: those below U+0020 other than tab, line feed and carriage return.
static inline bool xml_forbids(unsigned char c) {
  return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}
// Drops forbidden control characters; replaces broken UTF-8, U+FFFE and U+FFFF by U+FFFD. Returns `in` itself if it is
// clean, else the cleaned copy, which is appended to `scratch` (check its `failed`).
Str xml_clean(Buf *scratch, Str in);
// Appends `<![CDATA[...]]>` around `clean`, a text as xml_clean returns it, with every "]]>" split.
void xml_add_section(Buf *out, Str clean);
// The same for any text, which is cleaned first.
void xml_add_cdata(Buf *out, Str text);

#endif
