// The XML that the platform writes, read without libxml2: elements without attributes, each with child
// elements, one CDATA section, or plain text.
#ifndef WEMOON_CODEC_XML_PLAIN_H
#define WEMOON_CODEC_XML_PLAIN_H

#include "codec/node.h"

// Reads a document that xml_clean found clean into `tree`, which is reset first. False: it holds something
// else (a declaration, an attribute, a reference, a carriage return, ...), is wrong, or there is no memory;
// libxml2 shall tell, and the tree is of no use. What is read here, libxml2 reads to the same tree: the
// fuzzer of codec/xml holds them beside each other.
bool xml_plain_read(Str document, NodeTree *tree);

#endif
