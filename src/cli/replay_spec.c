// One test: what the user did, what the bot answered, and the pauses between.
#include "cli/replay_spec.h"

#include <stdio.h>
#include <time.h>

#include "cli/output_text.h"
#include "cli/replay_rid.h"
#include "wechat/message.h"

enum { PAUSE_MS = 1000 };  // shorter ones are left out

typedef struct {
  XmlParser *parser;
  NodeTree tree;
  MessageHead head;
} Reading;

// A string of Lua's.
static void print_quoted(Str text) {
  putchar('"');
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c == '\n') fputs("\\n", stdout);
    else if (c < 0x20 || c == 0x7F) printf("\\%03u", c);
    else putchar(c);
  }
  putchar('"');
}

static Str element(const NodeTree *tree, const char *name) {
  uint32_t index = tree->count ? node_child(tree, 0, str_of(name)) : NODE_NONE;
  return index == NODE_NONE ? STR("") : node_text(tree, index);
}

// ---- what the user did --------------------------------------------------------------------------

static void print_call(const char *method, const NodeTree *tree, const char *const *names) {
  printf("user:%s(", method);
  for (size_t i = 0; names[i]; i++) {
    if (i) fputs(", ", stdout);
    print_quoted(element(tree, names[i]));
  }
  putchar(')');
}

// Those that every message has.
static bool is_common(Str name) {
  static const char *const common[] = { "ToUserName", "FromUserName", "CreateTime",
                                        "MsgType",    "Event",        NULL };
  for (size_t i = 0; common[i]; i++) {
    if (str_eq(name, str_of(common[i]))) return true;
  }
  return false;
}

static void print_elements(const NodeTree *tree, uint32_t parent) {
  const char *joint = " ";
  putchar('{');
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    if (parent == 0 && is_common(node_name(tree, i))) continue;
    printf("%s%.*s = ", joint, STR_FMT(node_name(tree, i)));
    if (tree->nodes[i].first_child == NODE_NONE) print_quoted(node_text(tree, i));
    else print_elements(tree, i);
    joint = ", ";
  }
  fputs(" }", stdout);
}

static void print_event(const Reading *r) {
  Str event = r->head.event, key = r->head.event_key;
  if (str_eq_nocase(event, STR("subscribe"))) {
    if (str_starts(key, STR("qrscene_"))) key = str_sub(key, 8, key.len);
    fputs("user:follows(", stdout);
    if (key.len) print_quoted(key);
    putchar(')');
  } else if (str_eq_nocase(event, STR("unsubscribe"))) {
    fputs("user:unfollows()", stdout);
  } else if (str_eq_nocase(event, STR("SCAN"))) {
    fputs("user:scans(", stdout);
    print_quoted(key);
    putchar(')');
  } else {
    fputs("user:causes(", stdout);
    print_quoted(event);
    fputs(", ", stdout);
    print_elements(&r->tree, 0);
    putchar(')');
  }
}

static void print_act(const Reading *r) {
  static const struct {
    const char *type, *method;
    const char *const names[4];
  } kinds[] = { { "text", "says", { "Content" } },
                { "image", "sends_image", { "MediaId" } },
                { "voice", "sends_voice", { "Recognition" } },
                { "video", "sends_video", { NULL } },
                { "shortvideo", "sends_video", { NULL } },
                { "location", "sends_location", { "Location_X", "Location_Y", "Label" } },
                { "link", "sends_link", { "Title", "Description", "Url" } } };
  if (r->head.is_event) return print_event(r);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (str_eq(r->head.msg_type, str_of(kinds[i].type)))
      return print_call(kinds[i].method, &r->tree, kinds[i].names);
  }
  fputs("user:says(", stdout);
  print_quoted(element(&r->tree, "Content"));
  putchar(')');
}

// ---- what the bot answered ----------------------------------------------------------------------

// Of a text with numbers that are others each time, the parts between them.
static void print_text(Str text) {
  Str part = replay_rid_cut(text, &text);
  printf("  expect(reply.text):%s(", text.len ? "contains" : "is");
  print_quoted(part);
  for (bool more = text.len > 0; more; more = text.len > 0) {
    part = replay_rid_cut(text, &text);
    fputs("):contains(", stdout);
    print_quoted(part);
  }
  fputs(")\n", stdout);
}

static void print_reply(Reading *r, Str out) {
  if (out.len == 0 || !xml_parse(r->parser, out, &r->tree, NULL)) {
    fputs("  expect(reply.xml):is(\"success\")\n", stdout);
    return;
  }
  Str type = element(&r->tree, "MsgType");
  if (str_eq(type, STR("text"))) return print_text(element(&r->tree, "Content"));
  fputs("  expect(reply.kind):is(", stdout);
  print_quoted(type);
  fputs(")\n", stdout);
}

static void print_late(const Json *part) {
  const Json *text = json_get(part, STR("text"));
  const Json *content = text ? json_get(text, STR("content")) : NULL;
  if (!content) return;
  for (Str left = json_string(content); left.len;) {
    fputs("  user:expects_later(", stdout);
    print_quoted(replay_rid_cut(left, &left));
    fputs(")\n", stdout);
  }
}

static void print_message(Reading *r, const ReplayMessage *message) {
  const Json *out = json_get(message->then, STR("out"));
  fputs("  reply = ", stdout);
  print_act(r);
  putchar('\n');
  print_reply(r, json_string(out));
  const Json *part = json_first(json_get(message->then, STR("late")));
  for (; part; part = json_next(part)) print_late(part);
}

// ---- the talk -----------------------------------------------------------------------------------

static size_t count_of(const Replay *replay, Str openid) {
  size_t count = 0;
  for (size_t i = 0; i < replay_count(replay); i++)
    count += str_eq(replay_message(replay, i)->openid, openid);
  return count;
}

// The first of those who wrote most, among the first hundred.
static Str most_talkative(const Replay *replay) {
  enum { LOOKED_AT = 100 };
  Str best = STR("");
  size_t most = 0;
  for (size_t i = 0; i < replay_count(replay) && i < LOOKED_AT; i++) {
    Str openid = replay_message(replay, i)->openid;
    size_t count = str_eq(openid, best) ? 0 : count_of(replay, openid);
    if (count <= most) continue;
    best = openid;
    most = count;
  }
  return best;
}

static bool is_unanswered(const ReplayMessage *message) {
  return json_kind(json_get(message->then, STR("out"))) == JSON_NULL;
}

// Whether an answer was kept for later, as it is for an account that cannot write to its users. False if the talk has
// an event that such an account does not get.
static bool shows_kept(Reading *r, const ReplayTalk *talk, Str openid) {
  bool kept = false;
  for (size_t i = 0; i < replay_count(talk->replay); i++) {
    const ReplayMessage *message = replay_message(talk->replay, i);
    if (!str_eq(message->openid, openid) ||
        !message_parse(r->parser, message->in, &r->tree, &r->head, NULL))
      continue;
    if (r->head.is_event && r->head.event_key.len) return false;
    kept = kept || is_unanswered(message);
  }
  return kept && talk->keeps_late;
}

static void print_head(Reading *r, const ReplayTalk *talk, Str openid, int64_t t_ms) {
  char when[32];
  time_t t = (time_t)(t_ms / 1000);
  struct tm tm;
  localtime_r(&t, &tm);
  strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
  printf(
      output_text(
          "-- What %.*s and the bot said, from %s. wemoon test THIS_FILE --bot BOT.lua\n\ntest("),
      STR_FMT(openid), talk->path);
  Buf name;
  buf_init(&name);
  buf_printf(&name, output_text("the talk of %.*s, %s"), STR_FMT(openid), when);
  print_quoted(buf_str(&name));
  buf_clear(&name);
  fputs(", function()\n  local user, reply = bot:user(", stdout);
  print_quoted(openid);
  fputs(")\n", stdout);
  if (shows_kept(r, talk, openid)) fputs("  bot:account_kind(\"personal\")\n", stdout);
}

static void print_talk(Reading *r, const ReplayTalk *talk, Str openid) {
  const Replay *replay = talk->replay;
  int64_t before_ms = 0;
  for (size_t i = 0; i < replay_count(replay); i++) {
    const ReplayMessage *message = replay_message(replay, i);
    if (!str_eq(message->openid, openid)) continue;
    if (!before_ms) print_head(r, talk, openid, message->t_ms);
    if (!message_parse(r->parser, message->in, &r->tree, &r->head, NULL)) continue;
    if (before_ms && message->t_ms - before_ms >= PAUSE_MS)
      printf("  bot:wait(%lld)\n", (long long)(message->t_ms - before_ms) / 1000);
    before_ms = message->t_ms;
    print_message(r, message);
  }
  fputs("end)\n", stdout);
}

bool replay_spec_print(const ReplayTalk *talk) {
  Reading reading = { .parser = xml_parser_new() };
  Str openid = talk->openid.len ? talk->openid : most_talkative(talk->replay);
  bool said = reading.parser && count_of(talk->replay, openid) > 0;
  nodes_init(&reading.tree);
  if (said) print_talk(&reading, talk, openid);
  nodes_clear(&reading.tree);
  xml_parser_free(reading.parser);
  return said;
}
