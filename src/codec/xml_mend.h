// Documents as they really come, made well-formed. For xml.c, which has tried them as they are.
#ifndef WEMOON_CODEC_XML_MEND_H
#define WEMOON_CODEC_XML_MEND_H

#include "base/buf.h"

// Both append the mended document to `out` (look at its `failed`) and say whether there was something to
// mend.

// References to forbidden characters are dropped or replaced, as if the characters themselves had been sent.
bool xml_mend_references(Buf *out, Str document);
// The platform puts what a user sends into a section as it is, a "]]>" in it too. If an element opens with a
// section, all up to the "]]>" before its end tag is text; white space may stand between tag and section.
bool xml_mend_sections(Buf *out, Str document);

#endif
