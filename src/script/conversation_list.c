// The open conversations, for display.
#include "script/conversation_inner.h"

#include "base/clock.h"
#include "script/keep.h"

size_t conversations_open(const BotShared *shared) {
  size_t kept = shared->keep ? keep_conversations(shared->keep) : 0;
  size_t here = conversations_count(shared->conversations);
  return here > kept ? here : kept;
}

static OpenConversation describe(const Conversation *conversation, Arena *arena) {
  int64_t until_us = conversation->until_us, now_us = clock_now_us();
  int64_t left_us = until_us - now_us;
  const char *question = conversation->texts + conversation->openid_len;
  const char *place = question + conversation->question_len;
  return (OpenConversation){ .openid = arena_dup(arena, conversation_openid(conversation)),
                             .question =
                                 arena_dup(arena, str_make(question, conversation->question_len)),
                             .place = arena_dup(arena, str_make(place, conversation->place_len)),
                             .since_s =
                                 clock_unix_s() - (now_us - conversation->since_us) / 1000000,
                             .left_s = until_us == INT64_MAX ? -1
                                       : left_us > 0         ? left_us / 1000000
                                                             : 0 };
}

// Conversations that are only in memory.
typedef struct {
  OpenConversation *list;  // in `arena`
  size_t count, max;
  Arena *arena;
} Here;

static bool add_here(void *ctx, Conversation *conversation) {
  Here *here = ctx;
  if (!conversation->kept) here->list[here->count++] = describe(conversation, here->arena);
  return here->count < here->max;
}

typedef struct {
  void (*each)(void *ctx, const OpenConversation *one);
  void *ctx;
} Telling;

static void tell_kept(void *ctx, const KeptRun *run) {
  const Telling *telling = ctx;
  int64_t left_ms = run->until_ms - clock_unix_ms();
  OpenConversation one = { .openid = run->openid,
                           .question = run->question,
                           .place = run->place,
                           .since_s = run->since_s,
                           .left_s = run->until_ms == 0 ? -1
                                     : left_ms > 0      ? left_ms / 1000
                                                        : 0 };
  telling->each(telling->ctx, &one);
}

void conversations_list(const BotShared *shared, size_t max,
                        void (*each)(void *ctx, const OpenConversation *one), void *ctx) {
  Here here = { .max = max, .arena = arena_new() };
  if (here.arena) here.list = arena_alloc(here.arena, (max + 1) * sizeof *here.list);
  if (here.list && max > 0) conversations_each(shared->conversations, add_here, &here);
  for (size_t i = 0; i < here.count; i++) each(ctx, &here.list[i]);
  arena_free(here.arena);
  Telling telling = { each, ctx };
  if (shared->keep) keep_list(shared->keep, false, max - here.count, tell_kept, &telling);
}
