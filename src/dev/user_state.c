#include "dev/user_state.h"

#include <stdio.h>

#include "base/clock.h"
#include "bot/live.h"
#include "bot/open_json.h"
#include "codec/json.h"
#include "codec/url.h"

enum {
  KEYS_SHOWN = 100,
  OPEN_SHOWN = 100,
  VALUE_SHOWN = 16384,  // bytes
  PATIENCE_MS = 3000
};

// One request.
typedef struct {
  const UserState *state;
  Buf json;
  Err err;
} Asked;

// ---- the store ----------------------------------------------------------------------------------

// Returns the reply, which the caller frees; if the store fails, NULL with the reason in asked->err.
static StoreReply *ask_store(Asked *asked, StoreCall call) {
  if (asked->err.code != ERR_NONE) return NULL;
  call.patience_ms = PATIENCE_MS;
  StoreReply *reply = store_call_wait(asked->state->store, &call, &asked->err);
  if (!reply || reply->err.code == ERR_NONE) return reply;
  asked->err = reply->err;
  store_reply_free(reply);
  return NULL;
}

// Appends a member; a long value is cut, and its length follows as "bytes".
static void add_value(Buf *json, const char *name, Str value) {
  bool cut = value.len > VALUE_SHOWN;
  live_add_text(json, name, cut ? str_sub(value, 0, str_utf8_prefix(value, VALUE_SHOWN)) : value);
  if (cut) buf_printf(json, ",\"bytes\":%zu", value.len);
}

// Appends what lua/wechat stores under KIND/ACCOUNT/OPENID.
static void add_own(Asked *asked, const char *kind, Str openid) {
  Buf key;
  buf_init(&key);
  buf_printf(&key, "%s/%s/%.*s", kind, asked->state->account, STR_FMT(openid));
  StoreReply *reply = ask_store(asked, (StoreCall){ .op = STORE_GET, .key = buf_str(&key) });
  if (reply && reply->ok) add_value(&asked->json, kind, reply->value);
  store_reply_free(reply);
  buf_clear(&key);
}

static void add_key(Asked *asked, StoreSpace space, Str key) {
  StoreReply *reply = ask_store(asked, (StoreCall){ .op = STORE_GET, .space = space, .key = key });
  if (reply && reply->ok) {
    Buf *json = &asked->json;
    buf_add(json,
            json->len && json->ptr[json->len - 1] == '}' ? STR(",{\"key\":") : STR("{\"key\":"));
    json_add_string(json, key);
    add_value(json, "value", reply->value);
    buf_addc(json, '}');
  }
  store_reply_free(reply);
}

// Appends the list of the first keys with that prefix. Returns whether there are more.
static bool add_keys(Asked *asked, const char *name, StoreSpace space, Str prefix) {
  int shown = 0;
  StoreReply *keys = ask_store(
      asked,
      (StoreCall){ .op = STORE_LIST, .space = space, .key = prefix, .limit = KEYS_SHOWN + 1 });
  Str rest = keys ? keys->value : STR(""), key;
  buf_printf(&asked->json, ",\"%s\":[", name);
  while (shown < KEYS_SHOWN && store_reply_next_key(&rest, &key)) {
    add_key(asked, space, key);
    shown++;
  }
  buf_addc(&asked->json, ']');
  bool more = store_reply_next_key(&rest, &key);
  store_reply_free(keys);
  return more;
}

static void add_talks(Asked *asked, Str openid) {
  Buf prefix;
  buf_init(&prefix);
  buf_printf(&prefix, "talk/%s/%.*s/", asked->state->account, STR_FMT(openid));
  add_keys(asked, "talks", STORE_OWN, buf_str(&prefix));
  buf_clear(&prefix);
}

// ---- what is asked ------------------------------------------------------------------------------

static void add_user(Asked *asked, Str openid) {
  buf_addc(&asked->json, ',');
  open_json_add(asked->state->bot, openid, OPEN_SHOWN, &asked->json);
  add_own(asked, "session", openid);
  add_own(asked, "quota", openid);
  add_talks(asked, openid);
}

static int show(Asked *asked, const HttpRequest *request) {
  Pairs query = { 0 };
  Str user = STR(""), prefix = STR("");
  Arena *arena = arena_new();
  if (!arena || !url_parse_query(request->query, arena, &query)) asked->json.failed = true;
  pairs_get(&query, STR("user"), &user);
  pairs_get(&query, STR("prefix"), &prefix);
  buf_printf(&asked->json, "{\"now\":%lld,\"lasting\":%s", (long long)clock_unix_s(),
             store_is_shared(asked->state->store) ? "true" : "false");
  if (user.len) add_user(asked, user);
  bool more = add_keys(asked, "keys", STORE_SCRIPT, prefix);
  buf_printf(&asked->json, ",\"more\":%s}", more ? "true" : "false");
  arena_free(arena);
  return asked->err.code == ERR_NONE ? 200 : 503;
}

static int missing(Asked *asked, const char *what, Str name) {
  err_set(&asked->err, ERR_FAILED, "there is no %s %.*s", what, STR_FMT(name));
  return 404;
}

static int delete_key(Asked *asked, Str key) {
  StoreReply *reply =
      ask_store(asked, (StoreCall){ .op = STORE_DELETE, .space = STORE_SCRIPT, .key = key });
  if (!reply) return 503;
  bool was_there = reply->ok;
  store_reply_free(reply);
  return was_there ? 200 : missing(asked, "key", key);
}

static int end_conversation(Asked *asked, Str openid) {
  return bot_end_conversation(asked->state->bot, openid)
             ? 200
             : missing(asked, "open conversation of", openid);
}

// Calls wechat.forget in the bot's interpreter, because it ends the user's tasks there.
static int forget(Asked *asked, Str openid) {
  Interpreter *in = bot_interpreter(asked->state->bot);
  Buf out;
  PromptCall call = { .session = UINT64_MAX,  // no attached prompt's
                      .program = "bot/forget.lua",
                      .about = STR(""),
                      .function = "forget",
                      .argument = openid };
  buf_init(&out);
  bool ok = interpreter_prompt(in, &call, &out, &asked->err);
  buf_clear(&out);
  interpreter_release(in);
  return ok ? 200 : 503;
}

static const struct {
  const char *member;
  int (*run)(Asked *asked, Str name);
} acts[] = { { "delete", delete_key }, { "end", end_conversation }, { "forget", forget } };

static int act(Asked *asked, const Json *body) {
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
    const Json *name = json_get(body, str_of(acts[i].member));
    if (name && json_kind(name) == JSON_STRING && json_string(name).len)
      return acts[i].run(asked, json_string(name));
  }
  err_set(&asked->err, ERR_INVALID,
          "the body must be {delete: KEY}, {end: OPENID} or {forget: OPENID}");
  return 400;
}

static int change(Asked *asked, const HttpRequest *request) {
  JsonDoc *doc = json_parse(request->body, &asked->err);
  if (!doc) return 400;
  int status = act(asked, json_root(doc));
  json_free(doc);
  buf_add(&asked->json, STR("{\"ok\":true}"));
  return status;
}

// ---- the answer ---------------------------------------------------------------------------------

static void add_fault(Asked *asked) {
  if (asked->err.code == ERR_NONE) return;
  buf_reset(&asked->json);
  buf_add(&asked->json, STR("{\"ok\":false"));
  live_add_text(&asked->json, "error", str_of(asked->err.text));
  buf_addc(&asked->json, '}');
}

void user_state_answer(const UserState *state, HttpRequest *request) {
  Asked asked = { .state = state, .err = { .code = ERR_NONE } };
  buf_init(&asked.json);
  bool reads = str_eq(request->method, STR("GET"));
  int status = reads ? show(&asked, request) : change(&asked, request);
  add_fault(&asked);
  server_respond(request, &(HttpResponse){ .status = asked.json.failed ? 503 : status,
                                           .content_type = STR("application/json; charset=utf-8"),
                                           .body = buf_str(&asked.json),
                                           .extra_headers = "Cache-Control: no-store\r\n" });
  buf_clear(&asked.json);
}
