// XML in and out, over libxml2's SAX interface. No DTD, no entities but the five, no network, bounded depth.
#ifndef WEMOON_CODEC_XML_H
#define WEMOON_CODEC_XML_H

#include "base/err.h"
#include "codec/node.h"

enum { XML_DEPTH_MAX = 64 };

typedef struct XmlParser XmlParser;
XmlParser *xml_parser_new(void);  // one thread at a time per handle
void xml_parser_free(XmlParser *parser);
// Parses one document into `tree` (reset first). Element text is given as sent: CDATA and text joined, no trimming
// inside CDATA; white space between child elements is dropped; attributes, comments and processing instructions are
// ignored. Control characters that XML forbids (NUL too) are dropped, broken UTF-8, U+FFFE and U+FFFF become U+FFFD:
// real users send them. An encoding other than UTF-8 is refused.
// False with ERR_INVALID (DOCTYPE, not well-formed, too deep) or ERR_MEMORY; `err` names line and cause.
bool xml_parse(XmlParser *parser, Str document, NodeTree *tree, Err *err);

// Appends `<![CDATA[...]]>` with "]]>" split, forbidden control characters dropped, broken UTF-8 and U+FFFE/U+FFFF as U+FFFD.
void xml_add_cdata(Buf *out, Str text);
// Appends text escaped for element content (& < >), cleaned in the same way.
void xml_add_escaped(Buf *out, Str text);
// Whether `name` can be an element's name here: letters, digits, '_', '-', '.', first a letter or '_'; at most 128 bytes.
bool xml_name_ok(Str name);
// Bytes as XML may carry them: forbidden characters dropped, broken UTF-8 replaced. Returns `in` itself when it is clean,
// else the cleaned copy that was appended to `scratch`.
Str xml_clean(Buf *scratch, Str in);

#endif
