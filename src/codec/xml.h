// XML in and out, over libxml2's SAX interface. No DTD, no entities but the five predefined, no network, bounded depth.
#ifndef WEMOON_CODEC_XML_H
#define WEMOON_CODEC_XML_H

#include "base/err.h"
#include "codec/node.h"
#include "codec/xml_lex.h"
#include "codec/xml_text.h"

typedef struct XmlParser XmlParser;
XmlParser *xml_parser_new(void);          // one thread at a time per handle
void xml_parser_free(XmlParser *parser);  // NULL is allowed
// Parses one document into `tree`, which is reset first. The text of an element without children is kept as sent: CDATA
// and text are joined; only white space beside a CDATA section is trimmed; line ends become LF (XML 1.0, 2.11). Text
// beside child elements is dropped; attributes, comments and processing instructions are ignored; names keep their
// prefix. Real users send characters that XML forbids: control characters (NUL too) are dropped, broken UTF-8, U+FFFE
// and U+FFFF become U+FFFD, written out or as a reference like &#1;. The platform copies a user's "]]>" into a section
// unescaped: it is text if the document can be read so. An encoding other than UTF-8 is refused. False, with an empty
// tree and ERR_INVALID (DOCTYPE, not well-formed, too deep, over 256 attributes in a tag of a large document) or
// ERR_MEMORY; `err` names line and cause.
bool xml_parse(XmlParser *parser, Str document, NodeTree *tree, Err *err);

#endif
