// Users who have left the account, and whose conversations have not ended yet. For each the store has a mark: an owed
// run of this process, without a message. Another process finds it as it finds owed runs, once this one has ended.
#include "script/keep_inner.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/pack.h"

enum {
  PATIENCE_S = 60
};  // how long a conversation that runs, or a store that is away, is waited for

static const char MARK[] = "left";  // no identity of a message (message_identity)

void keep_leavers_init(Keep *keep) {
  buf_init(&keep->leavers);
  mutex_init_brief(&keep->leavers_mutex);
}

void keep_leavers_clear(Keep *keep) {
  buf_clear(&keep->leavers);
  pthread_mutex_destroy(&keep->leavers_mutex);
}

static void put(Keep *keep, Str openid, int64_t left_s, int64_t until_s) {
  pthread_mutex_lock(&keep->leavers_mutex);
  pack_str(&keep->leavers, openid);
  pack_number(&keep->leavers, (uint64_t)left_s);
  pack_number(&keep->leavers, (uint64_t)until_s);
  keep->leavers_count++;
  pthread_mutex_unlock(&keep->leavers_mutex);
}

static void put_mark(Keep *keep, Str openid, int64_t left_s) {
  KeptRun mark = { .state = KEPT_RUNS,
                   .owed = true,
                   .process = str_of(keep->process),
                   .openid = openid,
                   .identity = str_of(MARK),
                   .since_s = left_s };
  Buf value;
  buf_init(&value);
  if (!keep_save_now(keep, &mark)) keep_save(keep, &mark, NULL, &value, NULL, NULL);
  buf_clear(&value);
}

void keep_note_leaver(Keep *keep, Str openid) {
  int64_t now_s = clock_unix_s();
  if (keep_lacks(keep, openid)) return;
  put_mark(keep, openid, now_s);
  put(keep, openid, now_s, now_s + PATIENCE_S);
}

size_t keep_leavers(Keep *keep) {
  pthread_mutex_lock(&keep->leavers_mutex);
  size_t count = keep->leavers_count;
  pthread_mutex_unlock(&keep->leavers_mutex);
  return count;
}

// With the mutex held.
static void empty(Keep *keep) {
  buf_reset(&keep->leavers);
  keep->leavers_count = 0;
}

bool keep_next_leaver(Keep *keep, KeepLeaver *leaver) {
  Str openid;
  uint64_t left_s, until_s;
  buf_reset(&leaver->openid);
  pthread_mutex_lock(&keep->leavers_mutex);
  Str rest = buf_str(&keep->leavers);
  bool there = pack_take_str(&rest, &openid) && pack_take_number(&rest, &left_s) &&
               pack_take_number(&rest, &until_s);
  if (there) {
    buf_add(&leaver->openid, openid);
    leaver->left_s = (int64_t)left_s;
    leaver->until_s = (int64_t)until_s;
    memmove(keep->leavers.ptr, rest.ptr, rest.len);
    keep->leavers.len = rest.len;
    keep->leavers_count--;
  } else {
    empty(keep);  // what follows a failed allocation is no list
  }
  pthread_mutex_unlock(&keep->leavers_mutex);
  return there;
}

void keep_leaver_done(Keep *keep, const KeepLeaver *leaver, bool ended) {
  Str openid = buf_str(&leaver->openid);
  if (!ended && clock_unix_s() < leaver->until_s)
    put(keep, openid, leaver->left_s, leaver->until_s);
  else keep_drop(keep, openid, str_of(MARK));
}

bool keep_take_leaver(Keep *keep, const KeptRun *run) {
  if (!str_eq(run->identity, str_of(MARK))) return false;
  put(keep, run->openid, run->since_s, clock_unix_s() + PATIENCE_S);
  return true;
}
