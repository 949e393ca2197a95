// One pass from left to right, that gives up at the first byte which it does not expect. A message of the
// platform takes a tenth of what libxml2 takes for it. The tree's text is the document: names and texts are
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

// Inline, for the compiler to know `what` and its length.
static inline __attribute__((always_inline)) bool next_is(const Reader *r, Str what) {
  return (size_t)(r->end - r->at) >= what.len && memcmp(r->at, what.ptr, what.len) == 0;
}

static inline __attribute__((always_inline)) bool take(Reader *r, Str what) {
  if (!next_is(r, what)) return false;
  r->at += what.len;
  return true;
}

// "<name>" or "<name/>", whose end comes at once.
static bool read_start(Reader *r, bool *empty) {
  uint32_t len = (uint32_t)xml_name_len(left(r)), offset = (uint32_t)(r->at - r->start);
  if (len == 0 || r->depth == XML_DEPTH_MAX) return false;
  r->at += len;
  *empty = take(r, STR("/"));
  if (!take(r, STR(">"))) return false;
  uint32_t first = NODE_NONE, *last = r->depth ? &r->last_child[r->depth - 1] : &first;
  uint32_t parent = r->depth ? r->open[r->depth - 1] : NODE_NONE;
  uint32_t index = nodes_add_named(r->tree, parent, last, offset, len);
  if (index == NODE_NONE) return false;
  if (*empty) return true;
  r->open[r->depth] = index;
  r->last_child[r->depth] = NODE_NONE;
  r->depth++;
  return true;
}

// With "</" taken.
static bool read_end(Reader *r) {
  r->depth--;
  return take(r, node_name(r->tree, r->open[r->depth])) && take(r, STR(">"));
}

// The whole text of an element, whose end has to follow.
static bool take_text(Reader *r, const char *from, const char *to) {
  Node *node = &r->tree->nodes[r->open[r->depth - 1]];
  node->text_off = (uint32_t)(from - r->start);
  node->text_len = (uint32_t)(to - from);
  return take(r, STR("</")) && read_end(r);
}

static bool read_section(Reader *r) {
  const char *from = r->at;
  ptrdiff_t len = xml_section_end(left(r));
  if (len < 0) return false;
  r->at += len + 3;
  skip_space(r);
  return take_text(r, from, from + len);
}

static bool read_text(Reader *r) {
  static const bool ends[256] = { ['<'] = true, ['>'] = true, ['&'] = true, [']'] = true };
  const char *from = r->at, *at = from;
  while (at < r->end && !ends[(unsigned char)*at]) at++;
  r->at = at;
  return take_text(r, from, at);
}

// What comes first inside an element says what it holds; white space beside a section is layout.
static bool read_content(Reader *r) {
  const char *from = r->at;
  skip_space(r);
  if (take(r, STR(XML_SECTION))) return read_section(r);
  if (next_is(r, STR("<")) && !next_is(r, STR("</"))) return true;  // child elements
  r->at = from;
  return read_text(r);
}

// One start tag, with the text and the end of what has no children; or one end tag.
static bool read_tag(Reader *r) {
  bool empty;
  if (r->depth && take(r, STR("</"))) {
    if (!read_end(r)) return false;
  } else if (!take(r, STR("<")) || !read_start(r, &empty) || !(empty || read_content(r))) {
    return false;
  }
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
