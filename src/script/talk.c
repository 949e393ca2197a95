// The table of conversations, and how a script's wait for a user's next message begins and ends.
//
// A conversation in the table holds its interpreter. Whoever takes it out has that hold: a message's job, the
// task itself (time-outs), or the list of those that were cut off, since an interpreter must not be let go of
// under a lock.
#include "script/talk.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "script/args.h"
#include "script/core.h"
#include "script/libs.h"
#include "script/reply_value.h"

#include <stdlib.h>

enum { BUCKETS = 4096 };

struct Talk {
  Timer timer;  // first
  Talks *talks;
  Talk *next;  // in its bucket, or among those cut off
  Interpreter *in;
  Wait *wait;
  const char *reason;  // why it ended; NULL: it goes on
  atomic_int holders;  // the table or who took it out; the timer
  int64_t until_us;
  uint32_t hash;
  bool events, listed;
  size_t openid_len;
  char openid[];
};

struct Talks {
  pthread_mutex_t mutex;
  atomic_size_t count;
  uint64_t counts;  // of interpreters, so far
  Talk *buckets[BUCKETS];
  Talk *cut_off;
};

Talks *talks_new(void) {
  Talks *talks = calloc(1, sizeof *talks);
  if (talks) mutex_init_brief(&talks->mutex);
  return talks;
}

void talks_free(Talks *talks) {
  if (!talks) return;
  pthread_mutex_destroy(&talks->mutex);
  free(talks);
}

size_t talks_count(const Talks *talks) {
  return atomic_load_explicit(&((Talks *)talks)->count, memory_order_relaxed);
}

// ---- one conversation ---------------------------------------------------------------------------

static uint32_t hash_of(Str openid) { return (uint32_t)str_hash(openid, 0); }

static void talk_release(Talk *talk) {
  if (atomic_fetch_sub_explicit(&talk->holders, 1, memory_order_acq_rel) == 1) free(talk);
}

static Talk *talk_new(Talks *talks, Interpreter *in, Wait *wait, Str openid) {
  Talk *talk = calloc(1, sizeof *talk + openid.len);
  if (!talk) return NULL;
  talk->talks = talks;
  talk->in = interpreter_retain(in);
  talk->wait = wait;
  talk->hash = hash_of(openid);
  talk->openid_len = openid.len;
  memcpy(talk->openid, openid.ptr, openid.len);
  atomic_init(&talk->holders, 1);
  return talk;
}

static bool is_of(const Talk *talk, uint32_t hash, Str openid) {
  return talk->hash == hash && str_eq(str_make(talk->openid, talk->openid_len), openid);
}

// With the mutex held: newest first.
static void list(Talk *talk) {
  Talk **bucket = &talk->talks->buckets[talk->hash % BUCKETS];
  talk->next = *bucket;
  *bucket = talk;
  talk->listed = true;
  atomic_fetch_add_explicit(&talk->talks->count, 1, memory_order_relaxed);
}

static void unlist(Talk *talk) {
  Talk **link = &talk->talks->buckets[talk->hash % BUCKETS];
  while (*link != talk) link = &(*link)->next;
  *link = talk->next;
  talk->listed = false;
  atomic_fetch_sub_explicit(&talk->talks->count, 1, memory_order_relaxed);
}

static void add(Talk *talk) {
  pthread_mutex_lock(&talk->talks->mutex);
  list(talk);
  pthread_mutex_unlock(&talk->talks->mutex);
}

// True for the one who took it out.
static bool take_out(Talk *talk) {
  pthread_mutex_lock(&talk->talks->mutex);
  bool listed = talk->listed;
  if (listed) unlist(talk);
  pthread_mutex_unlock(&talk->talks->mutex);
  return listed;
}

// With what the table held: the interpreter is let go of later.
static void cut_off(Talk *talk) {
  pthread_mutex_lock(&talk->talks->mutex);
  talk->next = talk->talks->cut_off;
  talk->talks->cut_off = talk;
  pthread_mutex_unlock(&talk->talks->mutex);
}

// ---- the end of a wait that no message ended ----------------------------------------------------

// The task goes on without a message to answer: what it returns goes out as customer service messages. The
// interpreter's hold is the task's from here on.
static int push_reason(lua_State *L, void *data) {
  Talk *talk = data;
  const char *reason = talk->reason;
  task_orphan(interpreter_of(L)->task, str_make(talk->openid, talk->openid_len));
  talk_release(talk);
  lua_pushnil(L);
  lua_pushstring(L, reason);
  return 2;
}

static void drop_reason(void *data) {
  Talk *talk = data;
  talk->wait = NULL;  // it is what is being dropped
  cut_off(talk);
}

static void disarm(Talk *talk) {
  Inbox *inbox = talk->in->inbox;
  pthread_mutex_lock(&inbox->mutex);
  bool armed = talk->timer.index != 0;
  timer_remove_locked(inbox, &talk->timer);
  pthread_mutex_unlock(&inbox->mutex);
  if (armed) talk_release(talk);
}

// Of one that was taken out.
static void finish(Talk *talk, const char *reason) {
  talk->reason = reason;
  wait_finish(talk->wait, push_reason, drop_reason, talk);
}

static void time_out(Interpreter *in, void *ctx) {
  Talk *talk = ctx;
  if (take_out(talk)) finish(talk, "timeout");
  talk_release(talk);
}

static void arm(Talk *talk) {
  if (talk->until_us == INT64_MAX) return;
  talk->timer.fn = time_out;
  talk->timer.ctx = talk;
  atomic_fetch_add_explicit(&talk->holders, 1, memory_order_relaxed);
  if (!timer_add(talk->in->inbox, &talk->timer, talk->until_us)) talk_release(talk);
}

// The interpreter was given up, or is interrupted; with the inbox's mutex held.
static void on_cancel(void *ctx) {
  Talk *talk = ctx;
  if (!take_out(talk)) return;
  bool armed = talk->timer.index != 0;
  timer_remove_locked(talk->in->inbox, &talk->timer);
  if (armed) talk_release(talk);
  cut_off(talk);
}

// From here on the wait does not lead to the conversation any more.
static void part_from_wait(Talk *talk) {
  if (!talk->wait) return;
  pthread_mutex_lock(&talk->in->inbox->mutex);
  talk->wait->cancel = NULL;
  pthread_mutex_unlock(&talk->in->inbox->mutex);
  wait_release(talk->wait);
}

void talks_sweep(Talks *talks) {
  pthread_mutex_lock(&talks->mutex);
  Talk *talk = talks->cut_off;
  talks->cut_off = NULL;
  pthread_mutex_unlock(&talks->mutex);
  while (talk) {
    Talk *next = talk->next;
    Interpreter *in = talk->in;
    part_from_wait(talk);
    talk_release(talk);
    interpreter_release(in);
    talk = next;
  }
}

// ---- ends that others decide --------------------------------------------------------------------

// The first in the table that fits, taken out; NULL without one.
static Talk *take_where(Talks *talks, bool (*fits)(const Talk *talk, const void *ctx),
                        const void *ctx) {
  Talk *found = NULL;
  pthread_mutex_lock(&talks->mutex);
  for (size_t i = 0; i < BUCKETS && !found; i++) {
    found = talks->buckets[i];
    while (found && !fits(found, ctx)) found = found->next;
  }
  if (found) unlist(found);
  pthread_mutex_unlock(&talks->mutex);
  if (found) disarm(found);
  return found;
}

static bool is_any(const Talk *talk, const void *ctx) { return true; }

static bool is_in(const Talk *talk, const void *ctx) { return talk->in == ctx; }

void talks_end_all(Talks *talks) {
  for (Talk *talk; (talk = take_where(talks, is_any, NULL));) cut_off(talk);
  talks_sweep(talks);
}

void talks_end_user(Talks *talks, Str openid, const char *reason) {
  uint32_t hash = hash_of(openid);
  for (;;) {
    if (talks_count(talks) == 0) return;
    pthread_mutex_lock(&talks->mutex);
    Talk *talk = talks->buckets[hash % BUCKETS];
    while (talk && !is_of(talk, hash, openid)) talk = talk->next;
    if (talk) unlist(talk);
    pthread_mutex_unlock(&talks->mutex);
    if (!talk) return;
    disarm(talk);
    finish(talk, reason);
  }
}

// How many interpreters out of service have conversations; *oldest is the first of them that was made.
static int count_old(Talks *talks, Interpreter **oldest) {
  int count = 0;
  *oldest = NULL;
  pthread_mutex_lock(&talks->mutex);
  talks->counts++;
  for (size_t i = 0; i < BUCKETS; i++) {
    for (Talk *talk = talks->buckets[i]; talk; talk = talk->next) {
      if (!atomic_load(&talk->in->retired) || talk->in->counted_in == talks->counts) continue;
      talk->in->counted_in = talks->counts;
      count++;
      if (!*oldest || talk->in->number < (*oldest)->number) *oldest = talk->in;
    }
  }
  pthread_mutex_unlock(&talks->mutex);
  return count;
}

void talks_limit_old(Talks *talks, int max) {
  Interpreter *oldest;
  while (talks_count(talks) > 0 && count_old(talks, &oldest) > max) {
    for (Talk *talk; (talk = take_where(talks, is_in, oldest));) finish(talk, "reload");
  }
}

// ---- the user's next message --------------------------------------------------------------------

Talk *talks_take(Talks *talks, Str openid, bool is_event) {
  if (talks_count(talks) == 0) return NULL;
  uint32_t hash = hash_of(openid);
  pthread_mutex_lock(&talks->mutex);
  Talk *talk = talks->buckets[hash % BUCKETS];
  while (talk && !(is_of(talk, hash, openid) && (talk->events || !is_event))) talk = talk->next;
  if (talk) unlist(talk);
  pthread_mutex_unlock(&talks->mutex);
  if (talk) disarm(talk);
  return talk;
}

Interpreter *talk_interpreter(const Talk *talk) { return talk->in; }

// It waits on; the caller keeps his hold of the interpreter.
static void put_back(Talk *talk) {
  interpreter_retain(talk->in);
  add(talk);
  arm(talk);
}

TaskState talk_run_message(Talk *talk, const MessageTask *message, int64_t deadline_us) {
  Interpreter *in = talk->in;
  Wait *wait = talk->wait;
  bool locked = lock_take(&in->lock, deadline_us);
  if (!locked && !lock_is_broken(&in->lock)) {
    put_back(talk);
    return TASK_LOST;
  }
  Task *task = locked ? task_unpark(in, wait) : NULL;
  TaskState state = TASK_LOST;
  if (task) {
    guard_enter(in);
    state = task_answer(task, wait, message);
    guard_leave(in);
  }
  if (locked) lock_give(&in->lock);
  part_from_wait(talk);
  talk_release(talk);
  return state;
}

// ---- asking -------------------------------------------------------------------------------------

// ask(question, timeout_s | nil, events): the question is the answer to the message at hand; waits for the
// user's next one. -> the message; nil and "timeout", "unsubscribe" or "reload"
static int l_ask(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  BotShared *shared = in->options.shared;
  Task *task = in->task;
  Err err = { 0 };
  double timeout_s = luaL_optnumber(L, 2, -1);
  bool events = lua_toboolean(L, 3);
  if (!shared || !shared->talks || !task || !task_is_message(task))
    return args_error(
        L, "wechat.ask: there is no message to answer here: call it in on_message, or in what "
           "on_message calls, not in a timer or a spawned function");
  task_take_question(L, task);
  if (!worker_start(in, &err)) return args_error(L, "wechat.ask: %s", err.text);
  Wait *wait = wait_begin(L, "wechat.ask");
  Talk *talk = talk_new(shared->talks, in, wait, task->sender);
  if (!talk) {
    wait_abort(wait);
    return luaL_error(L, "not enough memory");
  }
  talk->events = events;
  talk->until_us = timeout_s < 0 ? INT64_MAX : clock_now_us() + (int64_t)(timeout_s * 1e6);
  add(talk);
  arm(talk);
  task_answer_and_stay(task);
  return wait_suspend(L, wait, on_cancel, talk);
}

static const luaL_Reg functions[] = {
  { "ask", l_ask },
  { NULL, NULL },
};

int lib_talk(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
