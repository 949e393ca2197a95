// An answer of any bytes, as a store that others write to may give it: a text becomes a document that parses.
#include <stdlib.h>

#include "codec/xml.h"
#include "script/packed_reply.h"

static void must(bool holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Str packed = str_make((const char *)data, size);
  Arena *arena = arena_new();
  XmlParser *parser = xml_parser_new();
  NodeTree tree;
  Buf xml;
  Err err = { 0 };
  buf_init(&xml);
  nodes_init(&tree);
  must(packed_reply_render(packed, STR("user"), STR("gh_bot"), 1, arena, &xml));
  if (xml.len && data[0] != 'X') must(xml_parse(parser, buf_str(&xml), &tree, &err));
  buf_clear(&xml);
  nodes_clear(&tree);
  xml_parser_free(parser);
  arena_free(arena);
  return 0;
}
