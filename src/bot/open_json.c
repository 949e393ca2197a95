#include "bot/open_json.h"

#include "bot/live.h"
#include "script/packed_reply.h"

enum { LOOKED_AT_MAX = 10000 };  // entries of all users, when one user's are asked for

typedef struct {
  Buf *json;
  Str openid;  // empty: all users
  size_t left;
} Listing;

// Returns false if the entry is another user's, or the list is full.
static bool begin_member(Listing *listing, Str openid) {
  Buf *json = listing->json;
  if (listing->left == 0 || (listing->openid.len && !str_eq(openid, listing->openid))) return false;
  listing->left--;
  if (json->len && json->ptr[json->len - 1] == '}') buf_addc(json, ',');
  buf_addc(json, '{');
  live_add_openid(json, openid);
  return true;
}

static void add_conversation(void *ctx, const OpenConversation *one) {
  Listing *listing = ctx;
  if (!begin_member(listing, one->openid)) return;
  live_add_text(listing->json, "question", one->question);
  live_add_text(listing->json, "place", one->place);
  buf_printf(listing->json, ",\"since\":%lld,\"left\":%lld}", (long long)one->since_s,
             (long long)one->left_s);
}

static void add_owed(void *ctx, const KeptRun *run) {
  Listing *listing = ctx;
  if (!begin_member(listing, run->openid)) return;
  live_add_text(listing->json, "document", run->message);
  buf_printf(listing->json, ",\"asks\":%lld,\"since\":%lld,\"ends\":%lld}", (long long)run->asks,
             (long long)run->begun_s, (long long)run->ends);
}

// Appends the content of a text, or the type of another reply.
static void add_reply(Buf *json, Str packed) {
  Reply reply;
  Arena *arena = arena_new();
  if (arena && packed_reply_read(packed, arena, &reply)) {
    Str content = packed_reply_content(&reply);
    live_add_text(json, content.ptr ? "text" : "type", content.ptr ? content : reply.type);
  }
  arena_free(arena);
}

static void add_kept(void *ctx, Str openid, const KeptAnswer *answer) {
  Listing *listing = ctx;
  if (!begin_member(listing, openid)) return;
  if (answer->ready) add_reply(listing->json, answer->packed);
  buf_printf(listing->json, ",\"since\":%lld,\"ready\":%s}", (long long)answer->since_s,
             answer->ready ? "true" : "false");
}

static Listing begin_list(const char *name, Str openid, size_t max, Buf *json) {
  buf_printf(json, "\"%s\":[", name);
  return (Listing){ .json = json, .openid = openid, .left = max };
}

void open_json_add(Bot *bot, Str openid, size_t max, Buf *json) {
  size_t looked_at = openid.len ? LOOKED_AT_MAX : max;
  Listing listing = begin_list("conversations", openid, max, json);
  bot_conversations(bot, looked_at, add_conversation, &listing);
  buf_add(json, STR("],"));
  listing = begin_list("owed", openid, max, json);
  bot_owed(bot, looked_at, add_owed, &listing);
  buf_add(json, STR("],"));
  listing = begin_list("kept", openid, max, json);
  bot_kept(bot, looked_at, add_kept, &listing);
  buf_addc(json, ']');
}
