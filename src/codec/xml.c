// A document is cleaned, copied with a NUL at its end, and parsed by libxml2, whose callbacks fill
// a NodeTree.
#include "codec/xml.h"

#include "codec/xml_lex.h"
#include "codec/xml_mend.h"
#include "codec/xml_plain.h"

#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/threads.h>
#include <stdlib.h>

enum {
  ATTRIBUTES_MAX = 256,            // in one tag: libxml2 compares each with all before it
  ATTRIBUTES_CHECKED_FROM = 4096,  // bytes; a shorter document has too few attributes to matter
  NAMES_KEPT_MAX = 2048,           // libxml2 never frees a name: past this the context is recreated
  TEXT_MAX = INT32_MAX             // libxml2 counts in int
};

struct XmlParser {
  xmlParserCtxtPtr context;
  Buf cleaned;  // the cleaned document; empty if the original was clean
  Buf input;    // libxml2's input
  NodeTree *tree;
  uint32_t depth;
  uint32_t open[XML_DEPTH_MAX], last_child[XML_DEPTH_MAX];
  bool has_section;  // the innermost element had a section
  size_t beside;     // where the text behind its last section begins in the tree's text
  ErrCode failed;
  int cause, line;
  char reason[200];
};

// ---- libxml2's input ----------------------------------------------------------------------------

static bool stop(XmlParser *parser, ErrCode code, const char *reason) {
  // What libxml2 itself does when memory runs out: nothing more is reported, loops end.
  parser->context->instate = XML_PARSER_EOF;
  parser->context->disableSAX = 1;
  parser->context->wellFormed = 0;
  if (parser->failed) return false;
  parser->failed = code;
  parser->line = parser->context->input ? parser->context->input->line : 1;
  size_t len = strcspn(reason, "\n");
  if (len >= sizeof parser->reason)
    len = str_utf8_prefix(str_make(reason, len), sizeof parser->reason - 1);
  memcpy(parser->reason, reason, len);
  parser->reason[len] = '\0';
  return false;
}

// The length of text before the first byte that is special in XML. A section ends with ']', so that is
// searched first.
static size_t plain_text_len(const char *at, const char *end) {
  static const char others[] = { '<', '>', '&' };
  const char *stop = memchr(at, ']', (size_t)(end - at));
  if (!stop) stop = end;
  for (size_t i = 0; i < sizeof others; i++) {
    const char *found = memchr(at, others[i], (size_t)(stop - at));
    if (found) stop = found;
  }
  return (size_t)(stop - at);
}

// Copies the document and unwraps CDATA sections that are an element's whole text and have
// no special character: `<A><![CDATA[b]]></A>` becomes `<A>b</A>`, and parsing a message takes a quarter less time.
// Any other section is skipped as a whole, because its content may look like a section.
static bool make_input(XmlParser *parser, Str document) {
  static const char mark[] = XML_SECTION;
  enum { MARK = sizeof mark - 1 };
  Buf *input = &parser->input;
  buf_reset(input);
  if (!buf_reserve(input, document.len)) return false;
  const char *from = document.ptr, *end = document.ptr + document.len, *at = from;
  char *to = input->ptr;
  while ((at = memchr(at, '!', (size_t)(end - at)))) {
    const char *section = at++ - 1;
    if (section < from || end - section < MARK || memcmp(section, mark, MARK) != 0) continue;
    const char *text = section + MARK;
    size_t len = plain_text_len(text, end);
    bool whole = section > from && section[-1] == '>' && end - text - (ptrdiff_t)len >= 5 &&
                 memcmp(text + len, "]]></", 5) == 0;
    if (!whole) {
      at = memmem(text, (size_t)(end - text), "]]>", 3);
      if (!at) break;
      continue;
    }
    size_t before = (size_t)(section - from);
    memcpy(to, from, before);
    memcpy(to + before, text, len);
    to += before + len;
    from = at = text + len + 3;
  }
  memcpy(to, from, (size_t)(end - from));
  to += end - from;
  *to = '\0';
  input->len = (size_t)(to - input->ptr);
  return true;
}

// Whether some tag has more attributes than allowed. Counts '=' outside quotes; what is not well-formed
// libxml2 will find.
static bool too_many_attributes(Str s) {
  const char *at = s.ptr, *end = s.ptr + s.len;
  while ((at = memchr(at, '<', (size_t)(end - at)))) {
    size_t skipped = xml_literal_section(str_make(at, (size_t)(end - at)));
    at += skipped ? skipped : 1;
    char quote = 0;
    for (size_t count = 0; !skipped && at < end && (quote || *at != '>'); at++) {
      if (quote ? *at == quote : *at == '"' || *at == '\'') quote = quote ? 0 : *at;
      else if (!quote && *at == '=' && ++count > ATTRIBUTES_MAX) return true;
    }
  }
  return false;
}

// The encoding of the XML declaration; empty if there is none.
static Str declared_encoding(Str s) {
  if (!str_starts(s, STR("<?xml"))) return str_make("", 0);
  ptrdiff_t end = str_find(s, STR("?>"));
  if (end < 0) return str_make("", 0);
  Str declaration = str_sub(s, 0, (size_t)end), head, name;
  ptrdiff_t at = str_find(declaration, STR("encoding"));
  if (at < 0 || !str_cut(str_sub(declaration, (size_t)at, declaration.len), '=', &head, &name))
    return str_make("", 0);
  name = str_trim(name);
  if (name.len == 0) return name;
  Str value, rest;
  str_cut(str_sub(name, 1, name.len), name.ptr[0], &value, &rest);
  return value;
}

// ---- libxml2's callbacks ------------------------------------------------------------------------

static Str open_text(XmlParser *parser) {
  return node_text(parser->tree, parser->open[parser->depth - 1]);
}

static void on_start(void *data, const xmlChar *name, const xmlChar **attributes) {
  XmlParser *parser = data;
  NodeTree *tree = parser->tree;
  if (parser->depth == XML_DEPTH_MAX) {
    stop(parser, ERR_INVALID, "elements are nested too deeply");
    return;
  }
  uint32_t parent = NODE_NONE, first = NODE_NONE, *last = &first;
  if (parser->depth > 0) {
    parent = parser->open[parser->depth - 1];
    last = &parser->last_child[parser->depth - 1];
    // Text before the first child: white space, or words between elements, which the platform does not send.
    if (*last == NODE_NONE) {
      tree->text.len -= open_text(parser).len;
      tree->nodes[parent].text_len = 0;
    }
  }
  uint32_t index = nodes_add(tree, parent, last, str_of((const char *)name));
  if (index == NODE_NONE) {
    stop(parser, ERR_MEMORY, "no memory");
    return;
  }
  parser->open[parser->depth] = index;
  parser->last_child[parser->depth] = NODE_NONE;
  parser->depth++;
  parser->has_section = false;
  parser->beside = tree->text.len;
}

// Only elements without children have text.
static bool takes_text(const XmlParser *parser) {
  return parser->depth > 0 && parser->last_child[parser->depth - 1] == NODE_NONE;
}

// White space between a section and a tag or another section is layout.
static void drop_layout(XmlParser *parser) {
  Buf *text = &parser->tree->text;
  size_t len = text->len - parser->beside;
  if (str_trim(str_make(text->ptr + parser->beside, len)).len > 0) return;
  text->len -= len;
  parser->tree->nodes[parser->open[parser->depth - 1]].text_len -= (uint32_t)len;
}

static void on_end(void *data, const xmlChar *name) {
  XmlParser *parser = data;
  if (parser->has_section && takes_text(parser)) drop_layout(parser);
  parser->has_section = false;
  parser->depth--;
}

static void on_text(void *data, const xmlChar *text, int len) {
  XmlParser *parser = data;
  if (!takes_text(parser)) return;
  NodeTree *tree = parser->tree;
  buf_add(&tree->text, str_make((const char *)text, (size_t)len));
  if (tree->text.failed || tree->text.len > TEXT_MAX) stop(parser, ERR_MEMORY, "no memory");
  else tree->nodes[parser->open[parser->depth - 1]].text_len += (uint32_t)len;
}

static void on_section(void *data, const xmlChar *text, int len) {
  XmlParser *parser = data;
  if (!takes_text(parser)) return;
  drop_layout(parser);
  on_text(data, text, len);
  parser->has_section = true;
  parser->beside = parser->tree->text.len;
}

static void on_doctype(void *data, const xmlChar *name, const xmlChar *external_id,
                       const xmlChar *system_id) {
  stop(data, ERR_INVALID, "it has a DOCTYPE, which is not allowed here");
}

static void on_error(void *data, const char *format, ...) {
  XmlParser *parser = data;
  const xmlError *error = &parser->context->lastError;
  if (!parser->failed) parser->cause = error->code;
  // Without memory libxml2 may have no message.
  bool memory = error->code == XML_ERR_NO_MEMORY || !error->message;
  stop(parser, memory ? ERR_MEMORY : ERR_INVALID, memory ? "no memory" : error->message);
}

static void on_generic_error(void *data, const char *format, ...) {}

// ---- parsing ------------------------------------------------------------------------------------

// libxml2 keeps a state for each thread, made at its first use there, and reads a null pointer if there is no memory
// for it: while that lasts it calls itself to say so. So whether there is memory is known before; and one that failed
// may have made the state while it said so.
static bool thread_has_state(void) {
  void *room = malloc(sizeof(xmlGlobalState));
  if (!room) return false;
  free(room);
  return xmlGetGlobalState() || xmlGetGlobalState();
}

static bool new_context(XmlParser *parser) {
  if (!thread_has_state()) return false;
  // Without a context libxml2 prints errors on standard error; the setting is per thread.
  xmlSetGenericErrorFunc(NULL, on_generic_error);
  xmlParserCtxtPtr context = xmlNewParserCtxt();
  if (!context) return false;
  *context->sax = (xmlSAXHandler){
    .initialized = 1,  // without namespaces: names as written, and quicker
    .startElement = on_start,
    .endElement = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_section,
    .internalSubset = on_doctype,
    .error = on_error,
  };
  context->userData = parser;
  // The encoding was checked before: libxml2 must ignore it.
  xmlCtxtUseOptions(context, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
  parser->context = context;
  return true;
}

XmlParser *xml_parser_new(void) {
  xmlInitParser();
  // A processing instruction can name a catalogue file otherwise.
  xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE);
  XmlParser *parser = calloc(1, sizeof *parser);
  if (!parser) return NULL;
  if (new_context(parser)) return parser;
  free(parser);
  return NULL;
}

void xml_parser_free(XmlParser *parser) {
  if (!parser) return;
  xmlFreeParserCtxt(parser->context);
  buf_clear(&parser->cleaned);
  buf_clear(&parser->input);
  free(parser);
}

static bool run(XmlParser *parser, Str document) {
  parser->failed = ERR_NONE;
  parser->cause = 0;
  parser->depth = 0;
  nodes_reset(parser->tree);
  if (!thread_has_state()) return stop(parser, ERR_MEMORY, "no memory");
  xmlCtxtReset(parser->context);
  if (!make_input(parser, document)) return stop(parser, ERR_MEMORY, "no memory");
  xmlParserInputPtr input = xmlNewInputStream(parser->context);
  if (!input) return stop(parser, ERR_MEMORY, "no memory");
  input->base = input->cur = (const xmlChar *)parser->input.ptr;
  input->length = (int)parser->input.len;
  input->end = input->base + parser->input.len;
  if (inputPush(parser->context, input) < 0) {
    xmlFreeInputStream(input);
    return stop(parser, ERR_MEMORY, "no memory");
  }
  // The whole document is there: libxml2 need not look at each step whether more can be read (a fifth less).
  parser->context->progressive = 1;
  int result = xmlParseDocument(parser->context);
  if (parser->failed) return false;
  return result == 0 || stop(parser, ERR_INVALID, "it is not well-formed");
}

// Checks the original bytes: cleaning would drop the NULs.
static bool is_utf16(Str s) {
  return str_starts(s, STR("\xFF\xFE")) || str_starts(s, STR("\xFE\xFF")) ||
         str_starts(s, STR("<\0")) || str_starts(s, STR("\0<"));
}

static bool check(Str document, Err *err) {
  if (document.len == 0) return err_set(err, ERR_INVALID, "the XML document is empty");
  if (document.len > TEXT_MAX)
    return err_set(err, ERR_INVALID, "the XML document is larger than 2 GB");
  if (is_utf16(document)) {
    return err_set(err, ERR_INVALID,
                   "the XML document is encoded in UTF-16; only UTF-8 is supported");
  }
  Str encoding = declared_encoding(document);
  if (encoding.len && !str_eq_nocase(encoding, STR("UTF-8")) &&
      !str_eq_nocase(encoding, STR("UTF8"))) {
    return err_set(err, ERR_INVALID,
                   "the XML document declares the encoding %.*s; only UTF-8 is supported",
                   (int)str_utf8_prefix(encoding, 40), encoding.ptr);
  }
  if (document.len > ATTRIBUTES_CHECKED_FROM && too_many_attributes(document)) {
    return err_set(err, ERR_INVALID, "a tag of the XML document has more than %d attributes",
                   ATTRIBUTES_MAX);
  }
  return true;
}

// Tries a refused document once more after repair, if the repair changed it.
static bool run_mended(XmlParser *parser, Str document) {
  Buf mended;
  buf_init(&mended);
  bool changed = parser->cause == XML_ERR_INVALID_CHAR ? xml_mend_references(&mended, document)
                                                       : xml_mend_sections(&mended, document);
  bool done = changed && !mended.failed && run(parser, buf_str(&mended));
  if (mended.failed) parser->failed = ERR_MEMORY;
  buf_clear(&mended);
  return done;
}

static bool parse(XmlParser *parser, Str document, Err *err) {
  document = xml_clean(&parser->cleaned, document);
  if (parser->cleaned.failed) return err_set(err, ERR_MEMORY, "no memory to parse an XML document");
  if (xml_plain_read(document, parser->tree) || run(parser, document) ||
      run_mended(parser, document))
    return true;
  if (parser->failed == ERR_MEMORY)
    return err_set(err, ERR_MEMORY, "no memory to parse an XML document");
  return err_set(err, ERR_INVALID, "the XML document cannot be read: line %d: %s", parser->line,
                 parser->reason);
}

bool xml_parse(XmlParser *parser, Str document, NodeTree *tree, Err *err) {
  nodes_reset(tree);
  buf_reset(&parser->cleaned);
  parser->tree = tree;
  if (!parser->context && !new_context(parser))
    return err_set(err, ERR_MEMORY, "no memory for an XML parser");
  if (str_starts(document, STR("\xEF\xBB\xBF"))) document = str_sub(document, 3, document.len);
  bool done = check(document, err) && parse(parser, document, err);
  if (!done) nodes_reset(tree);
  tree->is_clean = done && parser->cleaned.len == 0;
  if (xmlDictSize(parser->context->dict) > NAMES_KEPT_MAX) {
    xmlFreeParserCtxt(parser->context);
    parser->context = NULL;
  }
  return done;
}
