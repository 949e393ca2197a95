// XML in and out, over libxml2's SAX interface. No DTD, no entities but the five, no network, bounded depth.
#ifndef WEMOON_CODEC_XML_H
#define WEMOON_CODEC_XML_H

#include "base/err.h"
#include "codec/node.h"
#include "codec/xml_lex.h"
#include "codec/xml_text.h"

typedef struct XmlParser XmlParser;
XmlParser *xml_parser_new(void);  // one thread at a time per handle
void xml_parser_free(XmlParser *parser);
// Parses one document into `tree` (reset first). Text of an element without children is given as sent: CDATA
// and text joined, nothing trimmed but white space that stands alone beside a CDATA section, line ends as LF
// (XML 1.0, 2.11). Text beside child elements is dropped;
// attributes, comments and processing instructions are ignored; names are as written, with their prefix.
// Control characters that XML forbids (NUL too) are dropped, broken UTF-8, U+FFFE and U+FFFF become U+FFFD,
// whether they stand there or as a reference like &#1;: real users send them. A "]]>" that a user sent, which
// the platform puts into a section as it is, is text, where the document can be read so. An encoding other
// than UTF-8 is refused. False, and an empty tree, with ERR_INVALID (DOCTYPE, not well-formed, too deep, over
// 256 attributes in a tag of a large document) or ERR_MEMORY; `err` names line and cause.
bool xml_parse(XmlParser *parser, Str document, NodeTree *tree, Err *err);

#endif
