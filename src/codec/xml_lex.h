// Lexical rules of XML: names, and the ends of sections.
#ifndef WEMOON_CODEC_XML_LEX_H
#define WEMOON_CODEC_XML_LEX_H

#include "base/str.h"

enum { XML_DEPTH_MAX = 64 };  // nested elements

#define XML_SECTION "<![CDATA["

// Whether `name` is accepted as the name of an element: ASCII letters, digits, '_', '-', '.', beginning with a letter
// or '_', at most 128 bytes.
bool xml_name_ok(Str name);
// The length of such a name at the front of `s`, or 0 if there is none.
size_t xml_name_len(Str s);
// Where the first "]]>" begins, or -1 if there is none.
ptrdiff_t xml_section_end(Str s);
// The length of the CDATA section, comment or processing instruction at the front of `s`, or 0 if there is none. Inside
// them '&' and '=' have no meaning.
size_t xml_literal_section(Str s);

#endif
