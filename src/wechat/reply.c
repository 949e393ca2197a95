// Makes, renders, copies and describes replies.
#include "wechat/reply.h"

#include "codec/xml.h"
#include "wechat/sentence.h"

// ---- making ----

Str reply_clean(Arena *arena, Str text) {
  Buf scratch;
  buf_init(&scratch);
  Str clean = xml_clean(&scratch, text);
  if (scratch.failed) clean = str_make(NULL, 0);
  else if (clean.ptr != text.ptr) clean = arena_dup(arena, clean);
  buf_clear(&scratch);
  return clean;
}

bool reply_text(Reply *reply, Arena *arena, Str content, Str *rest) {
  *reply = (Reply){ .form = REPLY_NONE };
  *rest = STR("");
  if (content.len == 0) return true;
  Str clean = reply_clean(arena, content);
  if (!clean.ptr) return false;
  if (clean.len == 0) return true;
  ReplyElement *element = arena_calloc(arena, 1, sizeof *element);
  if (!element) return false;
  size_t len = sentence_cut(clean, REPLY_TEXT_MAX);
  *element = (ReplyElement){ .name = STR("Content"), .text = str_sub(clean, 0, len) };
  *rest = str_sub(clean, len, clean.len);
  *reply = (Reply){ .form = REPLY_ELEMENTS, .type = STR("text"), .elements = element };
  return true;
}

// ---- rendering ----

// A bare text must not have special characters of XML.
static bool is_number(Str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if ((c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E')
      return false;
  }
  return text.len > 0;
}

static void add_elements(Buf *out, const ReplyElement *first, int depth) {
  for (const ReplyElement *e = first; e; e = e->next) {
    bool bare = !e->child && e->bare && is_number(e->text);
    if (depth > XML_DEPTH_MAX || !xml_name_ok(e->name)) continue;
    buf_addc(out, '<');
    buf_add(out, e->name);
    buf_addc(out, '>');
    if (e->child) add_elements(out, e->child, depth + 1);
    else if (bare) buf_add(out, e->text);
    else xml_add_section(out, e->text);
    buf_add(out, STR("</"));
    buf_add(out, e->name);
    buf_addc(out, '>');
  }
}

static void add_raw(Buf *out, Str raw) {
  Str clean = xml_clean(out, raw);
  if (clean.ptr == raw.ptr) buf_add(out, raw);
}

void reply_render(const Reply *reply, Str to_user, Str from_user, int64_t create_time, Buf *out) {
  if (reply->form == REPLY_RAW) add_raw(out, reply->raw);
  if (reply->form != REPLY_ELEMENTS) return;
  buf_add(out, STR("<xml><ToUserName>"));
  xml_add_section(out, to_user);
  buf_add(out, STR("</ToUserName><FromUserName>"));
  xml_add_section(out, from_user);
  buf_add(out, STR("</FromUserName><CreateTime>"));
  buf_add_int(out, create_time);
  buf_add(out, STR("</CreateTime><MsgType>"));
  xml_add_section(out, reply->type);
  buf_add(out, STR("</MsgType>"));
  add_elements(out, reply->elements, 2);
  buf_add(out, STR("</xml>"));
}

// ---- news ----

enum { NEWS_MAX_TO_MESSAGE = 1, NEWS_MAX_TO_EVENT = 8 };

size_t reply_news_max(bool to_event) { return to_event ? NEWS_MAX_TO_EVENT : NEWS_MAX_TO_MESSAGE; }

static ReplyElement *find_element(ReplyElement *first, Str name) {
  while (first && !str_eq(first->name, name)) first = first->next;
  return first;
}

// Cuts the list after `max` elements; returns its former length.
static size_t cut_list(ReplyElement **first, size_t max) {
  size_t count = 0;
  ReplyElement **at = first;
  for (; *at && count < max; count++) at = &(*at)->next;
  ReplyElement *dropped = *at;
  *at = NULL;
  for (; dropped; dropped = dropped->next) count++;
  return count;
}

size_t reply_limit_news(Reply *reply, Arena *arena, size_t max) {
  if (reply->form != REPLY_ELEMENTS || !str_eq(reply->type, STR("news"))) return 0;
  ReplyElement *articles = find_element(reply->elements, STR("Articles"));
  ReplyElement *said = find_element(reply->elements, STR("ArticleCount"));
  size_t count = articles ? cut_list(&articles->child, max) : 0;
  if (count <= max) return 0;
  if (said)
    *said = (ReplyElement){
      .name = said->name, .text = arena_printf(arena, "%zu", max), .bare = true, .next = said->next
    };
  return count - max;
}

// ---- describing ----

// Appends text as part of a line: line breaks and tabs become escapes.
static void add_line(Buf *out, Str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c == '\n') buf_add(out, STR("\\n"));
    else if (c == '\r') buf_add(out, STR("\\r"));
    else if (c == '\t') buf_add(out, STR("\\t"));
    else if ((unsigned char)c >= 0x20 && c != 0x7F) buf_addc(out, c);
  }
}

// Appends the texts of the named children of `parent`, in that order, separated by spaces; missing or empty ones
// are skipped.
static void add_texts(Buf *out, const NodeTree *tree, uint32_t parent, const Str *names,
                      size_t count) {
  bool first = true;
  Str text;
  for (size_t i = 0; i < count; i++) {
    if (parent == NODE_NONE || !node_child_text(tree, parent, names[i], &text) || text.len == 0)
      continue;
    if (!first) buf_addc(out, ' ');
    add_line(out, text);
    first = false;
  }
}

static void describe_news(const NodeTree *tree, Buf *out) {
  uint32_t articles = node_child(tree, 0, STR("Articles")), shown = 0;
  uint32_t count = articles == NODE_NONE ? 0 : tree->nodes[articles].child_count;
  buf_printf(out, "news: %u article%s", count, count == 1 ? "" : "s");
  if (count == 0) return;
  for (uint32_t i = tree->nodes[articles].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    buf_add(out, shown++ ? STR(" | ") : STR(": "));
    add_texts(out, tree, i, &STR("Title"), 1);
  }
}

static bool is_envelope(Str name) {
  return str_eq(name, STR("ToUserName")) || str_eq(name, STR("FromUserName")) ||
         str_eq(name, STR("CreateTime")) || str_eq(name, STR("MsgType"));
}

// Appends every leaf as NAME=TEXT, separated by spaces; `from` is the position of the first.
static void add_leaves(Buf *out, const NodeTree *tree, uint32_t parent, size_t from) {
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    if (parent == 0 && is_envelope(node_name(tree, i))) continue;
    if (tree->nodes[i].first_child != NODE_NONE) {
      add_leaves(out, tree, i, from);
      continue;
    }
    if (out->len > from) buf_addc(out, ' ');
    buf_add(out, node_name(tree, i));
    buf_addc(out, '=');
    add_line(out, node_text(tree, i));
  }
}

// The kinds whose elements are in a container.
static const struct {
  Str type, container;
  Str shown[4];
  size_t count;
} kinds[] = {
  { { "image", 5 }, { "Image", 5 }, { { "MediaId", 7 } }, 1 },
  { { "voice", 5 }, { "Voice", 5 }, { { "MediaId", 7 } }, 1 },
  { { "video", 5 },
    { "Video", 5 },
    { { "MediaId", 7 }, { "Title", 5 }, { "Description", 11 } },
    3 },
  { { "music", 5 },
    { "Music", 5 },
    { { "Title", 5 }, { "Description", 11 }, { "MusicUrl", 8 } },
    3 },
  { { "transfer_customer_service", 25 }, { "TransInfo", 9 }, { { "KfAccount", 9 } }, 1 },
};

static void describe_elements(const NodeTree *tree, Str type, Buf *out) {
  size_t i = 0, count = sizeof kinds / sizeof *kinds;
  add_line(out, type);
  size_t named = out->len;
  buf_add(out, STR(": "));
  size_t from = out->len;
  while (i < count && !str_eq(type, kinds[i].type)) i++;
  if (i < count)
    add_texts(out, tree, node_child(tree, 0, kinds[i].container), kinds[i].shown, kinds[i].count);
  else add_leaves(out, tree, 0, from);
  if (out->len != from || out->failed) return;
  out->len = named;  // there is nothing to show except the type
  out->ptr[named] = '\0';
}

void reply_describe(const NodeTree *tree, Buf *out) {
  Str type = STR(""), content = STR("");
  if (!tree || tree->count == 0) {
    buf_add(out, STR("(no reply)"));
    return;
  }
  node_child_text(tree, 0, STR("MsgType"), &type);
  if (str_eq(type, STR("news"))) {
    describe_news(tree, out);
  } else if (str_eq(type, STR("text"))) {
    node_child_text(tree, 0, STR("Content"), &content);
    buf_add(out, STR("text: "));
    add_line(out, content);
  } else {
    describe_elements(tree, type.len ? type : STR("raw"), out);
  }
}
