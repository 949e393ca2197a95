// The words of XML: names, and where sections end.
#ifndef WEMOON_CODEC_XML_LEX_H
#define WEMOON_CODEC_XML_LEX_H

#include "base/str.h"

enum { XML_DEPTH_MAX = 64 };  // elements inside each other that are read

#define XML_SECTION "<![CDATA["

// Whether `name` can be an element's name here: ASCII letters, digits, '_', '-', '.', first a letter or '_';
// at most 128 bytes.
bool xml_name_ok(Str name);
// The length of such a name at the front of `s`, or 0 if there is none.
size_t xml_name_len(Str s);
// Where the first "]]>" begins, or -1 if there is none.
ptrdiff_t xml_section_end(Str s);
// If `s` begins with a CDATA section, a comment or an instruction, in which '&' and '=' mean nothing: its
// length. Else 0.
size_t xml_literal_section(Str s);

#endif
