// Any bytes as an XML document: a tree that hangs together and holds clean UTF-8, or a refusal with a reason.
// What is written with xml_add_cdata reads back as its cleaned self. What is read without libxml2, libxml2 reads the
// same.
#include <stdlib.h>

#include "codec/xml.h"
#include "codec/xml_plain.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void check_clean(Str s) {
  Buf scratch;
  buf_init(&scratch);
  must(xml_clean(&scratch, s).ptr == s.ptr);
  buf_clear(&scratch);
}

static void check_tree(const NodeTree *tree) {
  must(tree->count > 0 && !tree->failed);
  uint32_t children = 0;
  for (uint32_t i = 0; i < tree->count; i++) {
    const Node *node = &tree->nodes[i];
    must((size_t)node->name_off + node->name_len <= tree->text.len && node->name_len > 0);
    must((size_t)node->text_off + node->text_len <= tree->text.len);
    must(node->child_count == 0 || node->text_len == 0);
    must((node->first_child == NODE_NONE) == (node->child_count == 0));
    must(node->next == NODE_NONE || node->next > i);
    check_clean(node_name(tree, i));
    check_clean(node_text(tree, i));
    children += node->child_count;
  }
  must(children == tree->count - 1);
}

static void check_round_trip(XmlParser *parser, NodeTree *tree, Str text) {
  Buf document, scratch, expected;
  buf_init(&document);
  buf_init(&scratch);
  buf_init(&expected);
  buf_add(&document, STR("<a>"));
  xml_add_cdata(&document, text);
  buf_add(&document, STR("</a>"));
  must(xml_parse(parser, buf_str(&document), tree, NULL));
  // XML reads CR LF, and CR alone, as LF.
  Str clean = xml_clean(&scratch, text);
  for (size_t i = 0; i < clean.len; i++) {
    bool cr = clean.ptr[i] == '\r';
    if (!(cr && i + 1 < clean.len && clean.ptr[i + 1] == '\n'))
      buf_addc(&expected, cr ? '\n' : clean.ptr[i]);
  }
  must(str_eq(node_text(tree, 0), buf_str(&expected)));
  buf_clear(&document);
  buf_clear(&scratch);
  buf_clear(&expected);
}

static void check_same(const NodeTree *a, const NodeTree *b) {
  must(a->count == b->count);
  for (uint32_t i = 0; i < a->count; i++) {
    const Node *left = &a->nodes[i], *right = &b->nodes[i];
    must(left->first_child == right->first_child && left->next == right->next);
    must(left->child_count == right->child_count);
    must(str_eq(node_name(a, i), node_name(b, i)) && str_eq(node_text(a, i), node_text(b, i)));
  }
}

// A declaration before it takes the document to libxml2.
static void check_plain(XmlParser *parser, NodeTree *tree, Str text) {
  static NodeTree plain;
  Buf scratch, declared;
  buf_init(&scratch);
  buf_init(&declared);
  text = xml_clean(&scratch, text);
  if (xml_plain_read(text, &plain)) {
    check_tree(&plain);
    buf_add(&declared, STR("<?xml version=\"1.0\"?>"));
    buf_add(&declared, text);
    must(xml_parse(parser, buf_str(&declared), tree, NULL));
    check_same(&plain, tree);
  }
  buf_clear(&scratch);
  buf_clear(&declared);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static XmlParser *parser;
  static NodeTree tree;
  if (!parser) parser = xml_parser_new();
  Str text = str_make((const char *)data, size);
  Err err = { 0 };
  if (xml_parse(parser, text, &tree, &err)) check_tree(&tree);
  else must(err.code == ERR_INVALID && err.text[0] && tree.count == 0);
  check_plain(parser, &tree, text);
  check_round_trip(parser, &tree, text);
  return 0;
}
