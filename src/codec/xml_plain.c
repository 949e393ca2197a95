// One pass from left to right, that gives up at the first byte which it does not expect. A message of the
// platform takes a tenth of what libxml2 takes for it.
#include "codec/xml_plain.h"

#include "codec/xml.h"

#include <string.h>

enum { LARGEST = 1 << 20 };

typedef struct {
  const char *at, *end;
  NodeTree *tree;
  uint32_t depth;
  uint32_t open[XML_DEPTH_MAX], last_child[XML_DEPTH_MAX];
} Reader;

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t'; }

static void skip_space(Reader *r) {
  while (r->at < r->end && is_space(*r->at)) r->at++;
}

static size_t left(const Reader *r) { return (size_t)(r->end - r->at); }

static bool next_is(const Reader *r, Str what) {
  return left(r) >= what.len && memcmp(r->at, what.ptr, what.len) == 0;
}

static bool take(Reader *r, Str what) {
  if (!next_is(r, what)) return false;
  r->at += what.len;
  return true;
}

// All up to the end of the tag, for xml_name_ok to judge.
static Str read_name(Reader *r) {
  const char *from = r->at;
  while (r->at < r->end && *r->at != '>' && *r->at != '/') r->at++;
  return str_make(from, (size_t)(r->at - from));
}

// "<name>" or "<name/>", whose end comes at once.
static bool read_start(Reader *r, bool *empty) {
  Str name = read_name(r);
  if (!xml_name_ok(name) || r->depth == XML_DEPTH_MAX) return false;
  *empty = take(r, STR("/"));
  if (!take(r, STR(">"))) return false;
  uint32_t first = NODE_NONE, *last = r->depth ? &r->last_child[r->depth - 1] : &first;
  uint32_t index = nodes_add(r->tree, r->depth ? r->open[r->depth - 1] : NODE_NONE, last, name);
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
static bool take_text(Reader *r, Str text) {
  if (text.len && memchr(text.ptr, '\r', text.len)) return false;
  buf_add(&r->tree->text, text);
  r->tree->nodes[r->open[r->depth - 1]].text_len = (uint32_t)text.len;
  return !r->tree->text.failed && take(r, STR("</")) && read_end(r);
}

static bool read_section(Reader *r) {
  const char *from = r->at, *close = from;
  while ((close = memchr(close, ']', (size_t)(r->end - close)))) {
    r->at = close;
    if (take(r, STR("]]>"))) return take_text(r, str_make(from, (size_t)(close - from)));
    close++;
  }
  return false;
}

static bool read_text(Reader *r) {
  const char *from = r->at;
  while (r->at < r->end && *r->at != '<' && *r->at != '>' && *r->at != '&' && *r->at != ']') r->at++;
  return take_text(r, str_make(from, (size_t)(r->at - from)));
}

// What comes first inside an element says what it holds.
static bool read_content(Reader *r) {
  if (take(r, STR("<![CDATA["))) return read_section(r);
  const char *from = r->at;
  skip_space(r);
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
  if (document.len > LARGEST) return false;
  Reader r = { .at = document.ptr, .end = document.ptr + document.len, .tree = tree };
  nodes_reset(tree);
  do {
    if (!read_tag(&r)) return false;
  } while (r.depth > 0);
  return r.at == r.end;
}
