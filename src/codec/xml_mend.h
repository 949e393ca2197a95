// Repairs malformed documents of the platform. For xml.c, which tries the original first.
#ifndef WEMOON_CODEC_XML_MEND_H
#define WEMOON_CODEC_XML_MEND_H

#include "base/buf.h"

// Both append the repaired document to `out` (check its `failed`) and return whether they changed anything.

// Drops or replaces references to forbidden characters, as xml_parse does with the characters themselves.
bool xml_mend_references(Buf *out, Str document);
// Escapes a user's "]]>", which the platform copies into a section unescaped: if an element begins with a section
// (after white space perhaps), everything up to the "]]>" before its end tag is text.
bool xml_mend_sections(Buf *out, Str document);

#endif
