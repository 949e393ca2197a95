#include "codec/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <pthread.h>
#include <stdlib.h>

#include "codec/emphasis.h"

enum {
  DEPTH_MAX = 32,
  COLUMNS_MAX = 64,
  PIPES_MAX = 1024
};  // deeper blocks and further columns lose their layout, not their text

// The beginning of the lines of a list item or a block quote.
typedef struct {
  char first[16], rest[16];
  bool used;   // `first` was written
  int number;  // of the item, in an ordered list
} Margin;

typedef struct {
  Buf *out;
  Margin margins[DEPTH_MAX];
  int depth;   // may be more than DEPTH_MAX
  int owed;    // line ends before the next text
  bool began;  // something was written
  Buf label;   // the text of a link or picture
  int labels;  // the number of open links and pictures
  Buf cell;    // of a table
  bool in_cell;
  Buf heads[COLUMNS_MAX];
  int column, written;  // of the row: the current cell, and the cells written so far
  bool head_row;
  int anchors;  // open <a> tags of the author's own
} Plain;

// ---- lines --------------------------------------------------------------------------------------

static void add_margins(Plain *p, bool blank) {
  for (int i = 0; i < p->depth && i < DEPTH_MAX; i++) {
    Margin *margin = &p->margins[i];
    if (blank && margin->first[0] == '\0') continue;
    buf_add(p->out, str_of(margin->used ? margin->rest : margin->first));
    margin->used = true;
  }
}

static void trim_blanks(Buf *out) {
  while (out->len && out->ptr[out->len - 1] == ' ') out->len--;
}

// Writes the pending line ends, and the margin of the new line.
static void begin_text(Plain *p) {
  if (p->began && p->owed == 0) return;
  for (int i = 0; p->began && i < p->owed; i++) {
    trim_blanks(p->out);
    buf_addc(p->out, '\n');
  }
  add_margins(p, false);
  p->owed = 0;
  p->began = true;
}

static void owe(Plain *p, int lines) {
  if (p->began && p->owed < lines) p->owed = lines;
}

static void add_line(Plain *p, Str line) {
  if (line.len == 0) return;
  begin_text(p);
  buf_add(p->out, line);
}

// Text that may have several lines.
static void add_lines(Plain *p, Str text) {
  while (text.len) {
    ptrdiff_t end = str_find(text, STR("\n"));
    size_t len = end < 0 ? text.len : (size_t)end;
    add_line(p, str_sub(text, 0, len));
    if (end < 0) return;
    p->owed++;
    text = str_sub(text, len + 1, text.len);
  }
}

static void add_text(Plain *p, Str text) {
  if (p->labels) buf_add(&p->label, text);
  else if (p->in_cell) buf_add(&p->cell, text);
  else add_lines(p, text);
}

static void add_break(Plain *p) {
  if (p->labels || p->in_cell) add_text(p, STR(" "));
  else p->owed++;
}

static void push_margin(Plain *p, const char *first, const char *rest) {
  if (p->depth < DEPTH_MAX) {
    Margin *margin = &p->margins[p->depth];
    snprintf(margin->first, sizeof margin->first, "%s", first);
    snprintf(margin->rest, sizeof margin->rest, "%s", rest);
    margin->used = false;
  }
  p->depth++;
}

// An empty item still shows its bullet or number.
static void pop_margin(Plain *p) {
  p->depth--;
  if (p->depth >= DEPTH_MAX || p->margins[p->depth].used) return;
  p->depth++;
  begin_text(p);
  trim_blanks(p->out);
  p->depth--;
}

// ---- links, pictures, HTML ------------------------------------------------------------------------

static bool opens_in_wechat(Str url) {
  return str_starts(url, STR("http://")) || str_starts(url, STR("https://")) ||
         str_starts(url, STR("weixin://"));
}

static void add_escaped(Buf *out, Str url) {
  for (size_t i = 0; i < url.len; i++) {
    char c = url.ptr[i];
    if (c == '"' || c == '<' || c == '>' || (unsigned char)c <= ' ')
      buf_printf(out, "%%%02X", (unsigned char)c);
    else buf_addc(out, c);
  }
}

static void open_label(Plain *p) {
  if (p->labels++ == 0) buf_reset(&p->label);
}

// `kind` precedes the name of a picture.
static void add_link(Plain *p, Str url, const char *kind) {
  Buf link;
  buf_init(&link);
  Str label = str_trim(buf_str(&p->label));
  bool shown = label.len > 0 || kind[0];
  if (opens_in_wechat(url) && shown && !str_eq(label, url)) {
    buf_add(&link, STR("<a href=\""));
    add_escaped(&link, url);
    buf_printf(&link, "\">%s%s%.*s</a>", kind, label.len && kind[0] ? "：" : "", STR_FMT(label));
  } else {
    buf_printf(&link, "%s%s%.*s", kind, label.len && kind[0] ? "：" : "", STR_FMT(label));
    if (url.len && !str_eq(label, url))
      buf_printf(&link, shown ? "（%.*s）" : "%.*s", STR_FMT(url));
  }
  add_text(p, buf_str(&link));
  if (link.failed) p->out->failed = true;
  buf_clear(&link);
}

// A picture inside a link is part of the link's text.
static void close_label(Plain *p, cmark_node *node, const char *kind) {
  if (--p->labels == 0) add_link(p, str_of(cmark_node_get_url(node)), kind);
}

static void add_tag(Plain *p, Str tag) {
  bool opens = str_starts(tag, STR("<a href=\"http"));
  bool closes = p->anchors > 0 && str_eq_nocase(tag, STR("</a>"));
  if (str_starts(tag, STR("<br")) || str_starts(tag, STR("<BR"))) add_break(p);
  if (opens || closes) add_text(p, tag);
  p->anchors += opens ? 1 : closes ? -1 : 0;
}

// Whether ends may still come. Once one was looked for in vain, there is none further on.
typedef struct {
  bool comments, tags;
} Ends;

// The end of the tag or comment that begins at `at`; `at` if there is none.
static size_t tag_end(Str html, size_t at, Ends *ends) {
  Str rest = str_sub(html, at, html.len);
  bool comment = str_starts(rest, STR("<!--"));
  bool tag =
      rest.len > 1 && (comment || rest.ptr[1] == '/' || rest.ptr[1] == '!' || rest.ptr[1] == '?' ||
                       ((rest.ptr[1] | 0x20) >= 'a' && (rest.ptr[1] | 0x20) <= 'z'));
  bool *more = comment ? &ends->comments : &ends->tags;
  if (!tag || !*more) return at;
  ptrdiff_t end = str_find(rest, comment ? STR("-->") : STR(">"));
  *more = end >= 0;
  return end >= 0 ? at + (size_t)end + (comment ? 3 : 1) : at;
}

static void add_html(Plain *p, Str html) {
  Ends ends = { true, true };
  size_t from = 0;
  html = str_trim(html);
  for (size_t i = 0; i < html.len;) {
    size_t end = html.ptr[i] == '<' ? tag_end(html, i, &ends) : i;
    if (end == i) {
      i++;
      continue;
    }
    add_text(p, str_sub(html, from, i - from));
    if (!str_starts(str_sub(html, i, end - i), STR("<!"))) add_tag(p, str_sub(html, i, end - i));
    i = from = end;
  }
  add_text(p, str_sub(html, from, html.len));
}

// ---- tables: a row is a line of "head：cell" ----------------------------------------------------------

static void close_cell(Plain *p) {
  p->in_cell = false;
  Str text = str_trim(buf_str(&p->cell));
  Buf *head = p->column < COLUMNS_MAX ? &p->heads[p->column] : NULL;
  p->column++;
  if (p->head_row && head) {
    buf_reset(head);
    buf_add(head, text);
    return;
  }
  if (text.len == 0) return;
  if (p->written++) add_line(p, STR("；"));
  if (head && head->len) {
    add_line(p, buf_str(head));
    add_line(p, STR("："));
  }
  add_line(p, text);
}

// A table without rows shows its heads.
static void close_heads(Plain *p, cmark_node *row) {
  p->head_row = false;
  if (cmark_node_next(row)) return;
  for (int i = 0; i < p->column && i < COLUMNS_MAX; i++) {
    if (p->heads[i].len && p->written++) add_line(p, STR("；"));
    add_line(p, buf_str(&p->heads[i]));
  }
}

static void visit_table(Plain *p, cmark_node *node, const char *type, bool enters) {
  if (strcmp(type, "table_cell") == 0) {
    if (!enters) return close_cell(p);
    p->in_cell = true;
    buf_reset(&p->cell);
  } else if (strcmp(type, "table_header") == 0 || strcmp(type, "table_row") == 0) {
    bool head = cmark_gfm_extensions_get_table_row_is_header(node);
    if (enters) {
      p->column = p->written = 0;
      p->head_row = head;
      return;
    }
    if (head) close_heads(p, node);
    owe(p, 1);
  } else if (strcmp(type, "table") == 0) {
    for (int i = 0; enters && i < COLUMNS_MAX; i++) buf_reset(&p->heads[i]);
    owe(p, 2);
  }
}

// ---- the tree -----------------------------------------------------------------------------------

static int number_of(Plain *p, cmark_node *item) {
  if (p->depth >= DEPTH_MAX) return 0;
  int *number = &p->margins[p->depth].number;
  bool is_first = !cmark_node_previous(item);
  return *number = is_first ? cmark_node_get_list_start(cmark_node_parent(item)) : *number + 1;
}

static void open_item(Plain *p, cmark_node *item, const char *type) {
  cmark_node *list = cmark_node_parent(item);
  char mark[16];
  if (strcmp(type, "tasklist") == 0) {
    snprintf(mark, sizeof mark, "%s ",
             cmark_gfm_extensions_get_tasklist_item_checked(item) ? "☑" : "☐");
  } else if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST) {
    snprintf(mark, sizeof mark, "%d. ", number_of(p, item));
  } else {
    snprintf(mark, sizeof mark, "• ");
  }
  push_margin(p, mark, "  ");
}

static bool is_tight(cmark_node *node) {
  cmark_node *item = cmark_node_parent(node);
  cmark_node *list = item ? cmark_node_parent(item) : NULL;
  return list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
}

static void visit_block(Plain *p, cmark_node *node, const char *type, bool enters) {
  switch ((int)cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE:
      owe(p, 2);
      if (enters) push_margin(p, "│ ", "│ ");
      else pop_margin(p);
      break;
    case CMARK_NODE_LIST: owe(p, is_tight(node) ? 1 : 2); break;
    case CMARK_NODE_ITEM:
      if (enters) open_item(p, node, type);
      else pop_margin(p);
      owe(p, cmark_node_get_list_tight(cmark_node_parent(node)) ? 1 : 2);
      break;
    case CMARK_NODE_THEMATIC_BREAK:
      owe(p, 2);
      add_line(p, STR("———"));
      owe(p, 2);
      break;
    default: break;
  }
  bool text = cmark_node_get_type(node) == CMARK_NODE_PARAGRAPH ||
              cmark_node_get_type(node) == CMARK_NODE_HEADING;
  if (text && !enters) owe(p, is_tight(node) ? 1 : 2);
}

static void visit_leaf(Plain *p, cmark_node *node) {
  Str text = str_of(cmark_node_get_literal(node));
  switch ((int)cmark_node_get_type(node)) {
    case CMARK_NODE_CODE_BLOCK:
      if (text.len && text.ptr[text.len - 1] == '\n') text.len--;
      add_lines(p, text);
      owe(p, 2);
      break;
    case CMARK_NODE_HTML_BLOCK:
      add_html(p, text);
      owe(p, 2);
      break;
    case CMARK_NODE_HTML_INLINE: add_tag(p, text); break;
    case CMARK_NODE_TEXT:
    case CMARK_NODE_CODE: add_text(p, text); break;
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK: add_break(p); break;
    default: break;
  }
}

static void visit(Plain *p, cmark_node *node, bool enters) {
  cmark_node_type kind = cmark_node_get_type(node);
  const char *type = cmark_node_get_type_string(node);
  if (kind == CMARK_NODE_LINK || kind == CMARK_NODE_IMAGE) {
    if (enters) open_label(p);
    else close_label(p, node, kind == CMARK_NODE_IMAGE ? "图片" : "");
    return;
  }
  visit_table(p, node, type, enters);
  visit_block(p, node, type, enters);
  if (enters) visit_leaf(p, node);
}

static void write_tree(Plain *p, cmark_node *document) {
  cmark_iter *iter = cmark_iter_new(document);
  cmark_event_type event;
  while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
    visit(p, cmark_iter_get_node(iter), event == CMARK_EVENT_ENTER);
  }
  cmark_iter_free(iter);
}

static void plain_clear(Plain *p) {
  p->out->failed = p->out->failed || p->label.failed || p->cell.failed;
  buf_clear(&p->label);
  buf_clear(&p->cell);
  for (int i = 0; i < COLUMNS_MAX; i++) buf_clear(&p->heads[i]);
}

// ---- parsing ------------------------------------------------------------------------------------

// The library needs time by the square of a row's cells.
static bool has_wide_row(Str markdown) {
  size_t pipes = 0;
  for (size_t i = 0; i < markdown.len && pipes <= PIPES_MAX; i++)
    pipes = markdown.ptr[i] == '\n' ? 0 : pipes + (markdown.ptr[i] == '|');
  return pipes > PIPES_MAX;
}

// A single '~' is no mark: Chinese writes ranges with it ("9~18点").
static cmark_node *parse(Str markdown) {
  static const char *const names[] = { "strikethrough", "tasklist", "table" };
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, cmark_gfm_core_extensions_ensure_registered);
  cmark_parser *parser =
      cmark_parser_new(CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_STRIKETHROUGH_DOUBLE_TILDE);
  for (size_t i = 0; i < (has_wide_row(markdown) ? 2 : 3); i++)
    cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(names[i]));
  cmark_parser_feed(parser, markdown.ptr, markdown.len);
  cmark_node *document = cmark_parser_finish(parser);
  cmark_parser_free(parser);
  return document;
}

static void write_plain(Plain *p, Str markdown) {
  size_t from = p->out->len;
  Buf marked;
  buf_init(&marked);
  bool is_marked = emphasis_mark(markdown, &marked);
  cmark_node *document = parse(is_marked ? buf_str(&marked) : markdown);
  write_tree(p, document);
  cmark_node_free(document);
  if (is_marked) emphasis_unmark(p->out, from);
  p->out->failed = p->out->failed || marked.failed;
  buf_clear(&marked);
}

bool markdown_to_plain(Str markdown, Buf *out, Err *err) {
  if (markdown.len > MARKDOWN_MAX)
    return err_set(err, ERR_TOO_LARGE, "the text has %zu bytes; at most %d are allowed",
                   markdown.len, MARKDOWN_MAX);
  Plain *p = calloc(1, sizeof *p);
  if (!p) return err_set(err, ERR_MEMORY, "no memory");
  p->out = out;
  write_plain(p, markdown);
  plain_clear(p);
  free(p);
  return !out->failed || err_set(err, ERR_MEMORY, "no memory");
}
