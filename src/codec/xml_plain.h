// A fast parser for the XML that the platform normally sends: elements without attributes, each with child elements,
// one CDATA section, or plain text.
#ifndef WEMOON_CODEC_XML_PLAIN_H
#define WEMOON_CODEC_XML_PLAIN_H

#include "codec/node.h"

// Parses a document that xml_clean returned unchanged into `tree`, which is reset first. False if it holds anything
// else (a declaration, an attribute, a reference, a carriage return, ...), is malformed, or there is no memory: the
// tree is unusable, and the caller asks libxml2. Where it succeeds, libxml2 gives the same tree: the fuzzer of
// codec/xml compares them.
bool xml_plain_read(Str document, NodeTree *tree);

#endif
