// The kinds of messages of `wemoon send`, as data: the elements that their words become.
#include "cli/compose.h"

#include <stdio.h>

#include "cli/suggest.h"
#include "codec/xml.h"

enum { WORDS_MAX = 3 };

typedef struct {
  const char *name, *usage;
  const char *type;   // MsgType of a message; NULL: an event
  const char *event;  // its Event
  const char
      *fields[WORDS_MAX];  // the elements that the words become, in order; NULL: no more words
  size_t least;            // required words
  const char *prefix;      // put before the first word
  const char *constant, *value;        // an element that the platform sends along
  const char *with_word, *word_value;  // the same, if there is a first word
  const char *absent;  // the value of the optional field without its word; NULL: it is left out
  bool coordinates;    // the first two words are latitude and longitude
} Kind;

// clang-format off
static const Kind kinds[] = {
  { .name = "text", .usage = "CONTENT", .type = "text", .fields = { "Content" }, .least = 1 },
  { .name = "image", .usage = "MEDIA_ID [PIC_URL]", .type = "image", .fields = { "MediaId", "PicUrl" },
    .least = 1, .absent = "http://mmbiz.example/picture" },
  { .name = "voice", .usage = "MEDIA_ID [RECOGNITION]", .type = "voice",
    .fields = { "MediaId", "Recognition" }, .least = 1, .constant = "Format", .value = "amr" },
  { .name = "video", .usage = "MEDIA_ID THUMB_MEDIA_ID", .type = "video",
    .fields = { "MediaId", "ThumbMediaId" }, .least = 2 },
  { .name = "shortvideo", .usage = "MEDIA_ID THUMB_MEDIA_ID", .type = "shortvideo",
    .fields = { "MediaId", "ThumbMediaId" }, .least = 2 },
  { .name = "location", .usage = "LATITUDE LONGITUDE [LABEL]", .type = "location", .coordinates = true,
    .fields = { "Location_X", "Location_Y", "Label" }, .least = 2, .constant = "Scale", .value = "20" },
  { .name = "link", .usage = "TITLE DESCRIPTION URL", .type = "link",
    .fields = { "Title", "Description", "Url" }, .least = 3 },
  { .name = "subscribe", .usage = "[SCENE]", .event = "subscribe", .fields = { "EventKey" },
    .prefix = "qrscene_", .with_word = "Ticket", .word_value = "TICKET", .absent = "" },
  { .name = "unsubscribe", .usage = "", .event = "unsubscribe", .constant = "EventKey", .value = "" },
  { .name = "scan", .usage = "SCENE", .event = "SCAN", .fields = { "EventKey" }, .least = 1,
    .constant = "Ticket", .value = "TICKET" },
  { .name = "click", .usage = "KEY", .event = "CLICK", .fields = { "EventKey" }, .least = 1 },
  { .name = "view", .usage = "URL", .event = "VIEW", .fields = { "EventKey" }, .least = 1,
    .constant = "MenuId", .value = "400000001" },
};
// clang-format on
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static const char *const other_usages[] = { "event NAME [Field=value...]", "xml FILE|-" };

// ---- the tree -----------------------------------------------------------------------------------

static uint32_t last_child(const NodeTree *tree, uint32_t parent) {
  uint32_t last = NODE_NONE;
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next)
    last = i;
  return last;
}

static uint32_t add_node(NodeTree *tree, uint32_t parent, Str name) {
  if (tree->failed) return NODE_NONE;
  uint32_t last = parent == NODE_NONE ? NODE_NONE : last_child(tree, parent);
  return nodes_add(tree, parent, &last, name);
}

static void add_leaf(NodeTree *tree, uint32_t parent, Str name, Str prefix, Str text) {
  uint32_t node = add_node(tree, parent, name);
  if (node == NODE_NONE) return;
  tree->nodes[node].text_off = (uint32_t)tree->text.len;
  tree->nodes[node].text_len = (uint32_t)(prefix.len + text.len);
  buf_add(&tree->text, prefix);
  buf_add(&tree->text, text);
}

static void add_text(NodeTree *tree, const char *name, Str text) {
  add_leaf(tree, 0, str_of(name), STR(""), text);
}

static void add_number(NodeTree *tree, const char *name, int64_t number) {
  char digits[24];
  int length = snprintf(digits, sizeof(digits), "%lld", (long long)number);
  add_text(tree, name, str_make(digits, (size_t)length));
}

static bool has(const NodeTree *tree, const char *name) {
  return node_child(tree, 0, str_of(name)) != NODE_NONE;
}

// Adds the elements that the words did not set.
static void add_head(NodeTree *tree, const ComposeHead *head) {
  if (!has(tree, "ToUserName")) add_text(tree, "ToUserName", head->to);
  if (!has(tree, "FromUserName")) add_text(tree, "FromUserName", head->from);
  if (!has(tree, "CreateTime")) add_number(tree, "CreateTime", head->time);
}

static void begin(NodeTree *tree) {
  nodes_reset(tree);
  add_node(tree, NODE_NONE, STR("xml"));
}

static bool finish(const NodeTree *tree, Err *err) {
  return tree->failed || tree->text.failed ? err_set(err, ERR_MEMORY, "no memory") : true;
}

// ---- kinds of the table -------------------------------------------------------------------------

static bool check_coordinate(const char *name, Str word, double limit, Err *err) {
  double number;
  if (str_to_double(word, &number) && number >= -limit && number <= limit) return true;
  return err_set(err, ERR_USAGE, "%s \"%.*s\" is not a number from %g to %g", name, STR_FMT(word),
                 -limit, limit);
}

static bool check_words(const Kind *kind, char **words, size_t count, Err *err) {
  size_t most = 0;
  while (most < WORDS_MAX && kind->fields[most]) most++;
  if (count < kind->least)
    return err_set(err, ERR_USAGE, "an argument is missing: wemoon send %s %s", kind->name,
                   kind->usage);
  if (count > most) {
    return err_set(
        err, ERR_USAGE,
        "\"%s\" is one argument too many: wemoon send %s %s (text with spaces goes in quotes)",
        words[most], kind->name, kind->usage);
  }
  if (!kind->coordinates) return true;
  return check_coordinate("latitude", str_of(words[0]), 90, err) &&
         check_coordinate("longitude", str_of(words[1]), 180, err);
}

static bool make_kind(const Kind *kind, char **words, size_t count, const ComposeHead *head,
                      NodeTree *tree, Err *err) {
  if (!check_words(kind, words, count, err)) return false;
  begin(tree);
  add_head(tree, head);
  add_text(tree, "MsgType", str_of(kind->type ? kind->type : "event"));
  if (kind->event) add_text(tree, "Event", str_of(kind->event));
  for (size_t i = 0; i < count; i++) {
    Str prefix = i == 0 && kind->prefix ? str_of(kind->prefix) : STR("");
    add_leaf(tree, 0, str_of(kind->fields[i]), prefix, str_of(words[i]));
  }
  if (kind->absent && count == kind->least)
    add_text(tree, kind->fields[count], str_of(kind->absent));
  if (kind->constant) add_text(tree, kind->constant, str_of(kind->value));
  if (kind->with_word && count > 0) add_text(tree, kind->with_word, str_of(kind->word_value));
  if (kind->type) add_number(tree, "MsgId", head->id);
  return finish(tree, err);
}

// ---- events of any name -------------------------------------------------------------------------

// Parses "item[2]"; 0 if there is no index.
static bool split_segment(Str segment, Str *name, int64_t *index) {
  *index = 0;
  *name = segment;
  Str head, tail;
  if (str_cut(segment, '[', &head, &tail)) {
    if (!str_ends(tail, STR("]")) || !str_to_int64(str_sub(tail, 0, tail.len - 1), index) ||
        *index < 1)
      return false;
    *name = head;
  }
  return xml_name_ok(*name);
}

// The child `name` of a path: the index-th, or without an index the last one. It is created if
// there is none, or if the index is the next one.
static uint32_t step_into(NodeTree *tree, uint32_t parent, Str name, int64_t index) {
  uint32_t found = NODE_NONE;
  int64_t seen = 0;
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    if (!str_eq(node_name(tree, i), name)) continue;
    seen++;
    if (index == 0 || seen == index) found = i;
  }
  return found != NODE_NONE ? found : add_node(tree, parent, name);
}

static bool add_field(NodeTree *tree, const char *word, Err *err) {
  Str path, value;
  if (!str_cut(str_of(word), '=', &path, &value)) {
    return err_set(err, ERR_USAGE,
                   "\"%s\" is not a field: write Field=value (nested: "
                   "SendPicsInfo.PicList.item.PicMd5Sum=value)",
                   word);
  }
  uint32_t parent = 0;
  for (;;) {
    Str segment, rest, name;
    int64_t index;
    bool nested = str_cut(path, '.', &segment, &rest);
    if (!split_segment(segment, &name, &index)) {
      return err_set(err, ERR_USAGE, "\"%.*s\" in \"%s\" is not the name of an element",
                     STR_FMT(segment), word);
    }
    if (!nested) {
      add_leaf(tree, parent, name, STR(""), value);
      return true;
    }
    parent = step_into(tree, parent, name, index);
    if (parent == NODE_NONE) return true;  // finish() reports the lack of memory
    path = rest;
  }
}

static bool make_event(char **words, size_t count, const ComposeHead *head, NodeTree *tree,
                       Err *err) {
  if (count == 0)
    return err_set(err, ERR_USAGE, "an argument is missing: wemoon send %s", other_usages[0]);
  begin(tree);
  add_text(tree, "MsgType", STR("event"));
  add_text(tree, "Event", str_of(words[0]));
  for (size_t i = 1; i < count; i++) {
    if (!add_field(tree, words[i], err)) return false;
  }
  add_head(tree, head);
  return finish(tree, err);
}

// ---- public -------------------------------------------------------------------------------------

static const Kind *kind_named(const char *name) {
  for (size_t i = 0; i < KIND_COUNT; i++)
    if (strcmp(name, kinds[i].name) == 0) return &kinds[i];
  return NULL;
}

static bool refuse_kind(const char *kind, Err *err) {
  Suggestion nearest = suggest_for(str_of(kind));
  suggest_try(&nearest, "event");
  suggest_try(&nearest, "xml");
  for (size_t i = 0; i < KIND_COUNT; i++) suggest_try(&nearest, kinds[i].name);
  if (nearest.name)
    return err_set(err, ERR_USAGE, "unknown kind \"%s\"; did you mean %s?", kind, nearest.name);
  Buf names;
  buf_init(&names);
  for (size_t i = 0; i < KIND_COUNT; i++) buf_printf(&names, "%s, ", kinds[i].name);
  err_set(
      err, ERR_USAGE,
      "unknown kind \"%.100s\"; the kinds are %.*sevent and xml; a text is sent by: wemoon send "
      "text CONTENT",
      kind, STR_FMT(buf_str(&names)));
  buf_clear(&names);
  return false;
}

bool compose_knows(const char *kind, Err *err) {
  bool is_other = strcmp(kind, "event") == 0 || strcmp(kind, "xml") == 0;
  return is_other || kind_named(kind) || refuse_kind(kind, err);
}

bool compose_message(const char *kind, char **words, size_t count, const ComposeHead *head,
                     NodeTree *tree, Err *err) {
  if (strcmp(kind, "event") == 0) return make_event(words, count, head, tree, err);
  const Kind *named = kind_named(kind);
  return named ? make_kind(named, words, count, head, tree, err) : refuse_kind(kind, err);
}

void compose_add_names(Buf *out) {
  for (size_t i = 0; i < KIND_COUNT; i++) buf_printf(out, " %s", kinds[i].name);
  buf_add(out, STR(" event"));
}

void compose_add_kinds(Buf *out) {
  for (size_t i = 0; i < KIND_COUNT; i++)
    buf_printf(out, "  %s%s%s\n", kinds[i].name, kinds[i].usage[0] ? " " : "", kinds[i].usage);
  for (size_t i = 0; i < sizeof(other_usages) / sizeof(other_usages[0]); i++)
    buf_printf(out, "  %s\n", other_usages[i]);
}
