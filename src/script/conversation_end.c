// The end of conversations from outside: of a user, of old interpreters, and to free memory.
#include "script/conversation_inner.h"

#include "base/log.h"
#include "script/keep.h"

enum {
  // How many conversations one call handles: LEAVE_MAX leave memory, or END_MAX end, at most one in END_SHARE.
  LEAVE_MAX = 200,
  END_MAX = 50,
  END_SHARE = 10
};

static bool is_any(const Conversation *conversation, const void *ctx) { return true; }

static bool is_in(const Conversation *conversation, const void *ctx) {
  return conversation->in == ctx;
}

void conversations_end_all(Conversations *conversations) {
  for (Conversation *conversation;
       (conversation = conversations_take_where(conversations, is_any, NULL));)
    conversation_cut_off(conversation);
  conversations_sweep(conversations);
}

static void end_gone(Conversation *conversation, const char *reason) {
  conversation->gone = true;
  conversation_finish(conversation, reason);
}

void conversations_end_user(Conversations *conversations, Str openid, const char *reason) {
  for (Conversation *conversation;
       (conversation = conversations_take(conversations, openid, false, NULL));)
    end_gone(conversation, reason);
}

static bool is_unkept(const Conversation *conversation, const void *openid) {
  return !conversation->kept && str_eq(conversation_openid(conversation), *(const Str *)openid);
}

void conversations_end_unkept(Conversations *conversations, Str openid, const char *reason) {
  for (Conversation *conversation;
       (conversation = conversations_take_where(conversations, is_unkept, &openid));)
    end_gone(conversation, reason);
}

bool conversations_end(const BotShared *shared, Str openid, const char *reason) {
  Interpreter *in = conversations_find(shared->conversations, openid, false);
  bool kept = shared->keep && keep_has(shared->keep, openid);
  interpreter_release(in);
  if (!in && !kept) return false;
  conversations_end_user(shared->conversations, openid, reason);
  if (kept) keep_drop(shared->keep, openid, STR(""));
  return true;
}

void conversations_limit_old(Conversations *conversations, int max) {
  Interpreter *oldest;
  while (conversations_count(conversations) > 0 &&
         conversations_count_old(conversations, &oldest) > max) {
    for (Conversation *conversation;
         (conversation = conversations_take_where(conversations, is_in, oldest));) {
      if (conversation_can_leave(conversation)) conversation_evict(conversation);
      else conversation_finish(conversation, "reload");
    }
  }
}

static bool may_leave(const Conversation *conversation, const void *in) {
  return conversation->in == in && conversation->kept && !conversation->stays;
}

static size_t let_leave(Conversations *conversations, const Interpreter *in) {
  size_t left = 0;
  for (Conversation *conversation; left < LEAVE_MAX && (conversation = conversations_take_where(
                                                            conversations, may_leave, in));) {
    if (conversation_can_leave(conversation)) {
      conversation_evict(conversation);
      left++;
    } else {
      conversation->stays = true;
      conversation_put_back(conversation);
    }
  }
  return left;
}

static size_t end_oldest(Conversations *conversations, const Interpreter *in) {
  size_t ended = 0, count = 0;
  for (Conversation *oldest; ended < END_MAX && ended * END_SHARE <= count &&
                             (oldest = conversations_take_oldest(conversations, in, &count));
       ended++) {
    LogSubject before = log_about((LogSubject){ .openid = conversation_openid(oldest) });
    log_warn("the conversation was ended: script_memory_mb is used up, and no store can hold it");
    log_about(before);
    conversation_finish(oldest, "memory");
  }
  return ended;
}

ConversationsGone conversations_make_room(Conversations *conversations, const Interpreter *in) {
  ConversationsGone gone = { 0 };
  if (conversations_count(conversations) == 0) return gone;
  if (in->options.shared->keep) gone.left = let_leave(conversations, in);
  else gone.ended = end_oldest(conversations, in);
  conversations_sweep(conversations);
  return gone;
}
