// One pass from left to right, which gives up at the first unexpected byte. It parses a message of the
// platform in a tenth of libxml2's time. The tree's text is the document: names and texts are
// slices of it.
#include "codec/xml_plain.h"

#include "codec/xml_lex.h"

#include <string.h>

enum { LARGEST = 1 << 20 };

typedef struct {
  const char *start, *at, *end;
  NodeTree *tree;
  uint32_t depth;
  uint32_t open[XML_DEPTH_MAX], last_child[XML_DEPTH_MAX];
} Reader;

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t'; }

static void skip_space(Reader *r) {
  while (r->at < r->end && *r->at <= ' ' && is_space(*r->at)) r->at++;
}

static Str left(const Reader *r) { return str_make(r->at, (size_t)(r->end - r->at)); }

// Inline, so that the compiler knows `what` and its length.
static inline __attribute__((always_inline)) bool next_is(const Reader *r, Str what) {
  return (size_t)(r->end - r->at) >= what.len && memcmp(r->at, what.ptr, what.len) == 0;
}

static inline __attribute__((always_inline)) bool take(Reader *r, Str what) {
  if (!next_is(r, what)) return false;
  r->at += what.len;
  return true;
}

static uint32_t add_node(Reader *r, Str name) {
  uint32_t first = NODE_NONE, *last = r->depth ? &r->last_child[r->depth - 1] : &first;
  uint32_t parent = r->depth ? r->open[r->depth - 1] : NODE_NONE;
  return nodes_add_named(r->tree, parent, last, (uint32_t)(name.ptr - r->start),
                         (uint32_t)name.len);
}

static bool read_end(Reader *r, Str name) {
  return take(r, STR("</")) && take(r, name) && take(r, STR(">"));
}

// The whole text of an element; its end tag must follow.
static bool take_text(Reader *r, Node *node, Str name, Str text) {
  node->text_off = (uint32_t)(text.ptr - r->start);
  node->text_len = (uint32_t)text.len;
  return read_end(r, name);
}

static bool read_section(Reader *r, Node *node, Str name) {
  const char *from = r->at;
  ptrdiff_t len = xml_section_end(left(r));
  if (len < 0) return false;
  r->at += len + 3;
  skip_space(r);
  return take_text(r, node, name, str_make(from, (size_t)len));
}

static bool read_text(Reader *r, Node *node, Str name) {
  static const bool ends[256] = { ['<'] = true, ['>'] = true, ['&'] = true, [']'] = true };
  const char *from = r->at, *at = from;
  while (at < r->end && !ends[(unsigned char)*at]) at++;
  r->at = at;
  return take_text(r, node, name, str_make(from, (size_t)(at - from)));
}

// Its children and its end tag follow.
static bool open_element(Reader *r, uint32_t index) {
  r->open[r->depth] = index;
  r->last_child[r->depth] = NODE_NONE;
  r->depth++;
  return true;
}

// The first byte inside an element shows what it holds; white space beside a section is layout.
static bool read_content(Reader *r, uint32_t index, Str name) {
  const char *from = r->at;
  Node *node = &r->tree->nodes[index];
  skip_space(r);
  if (take(r, STR(XML_SECTION))) return read_section(r, node, name);
  if (next_is(r, STR("<")) && !next_is(r, STR("</"))) return open_element(r, index);
  r->at = from;
  return read_text(r, node, name);
}

// Parses "<name/>", or "<name>" with its text and end tag if it has no children. "<" was taken.
static bool read_element(Reader *r) {
  Str name = str_make(r->at, xml_name_len(left(r)));
  if (name.len == 0 || r->depth == XML_DEPTH_MAX) return false;
  uint32_t index = add_node(r, name);
  if (index == NODE_NONE) return false;
  r->at += name.len;
  if (take(r, STR("/>"))) return true;
  return take(r, STR(">")) && read_content(r, index, name);
}

static bool close_element(Reader *r) {
  r->depth--;
  return read_end(r, node_name(r->tree, r->open[r->depth]));
}

static bool read_tag(Reader *r) {
  bool ends = r->depth > 0 && next_is(r, STR("</"));
  if (!(ends ? close_element(r) : take(r, STR("<")) && read_element(r))) return false;
  skip_space(r);
  return true;
}

bool xml_plain_read(Str document, NodeTree *tree) {
  if (document.len == 0 || document.len > LARGEST || memchr(document.ptr, '\r', document.len))
    return false;
  nodes_reset(tree);
  buf_add(&tree->text, document);
  if (tree->text.failed) return false;
  Reader r;  // its arrays are written before they are read
  r.start = r.at = document.ptr;
  r.end = document.ptr + document.len;
  r.tree = tree;
  r.depth = 0;
  do {
    if (!read_tag(&r)) return false;
  } while (r.depth > 0);
  return r.at == r.end;
}
