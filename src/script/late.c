// Sends each late reply in its own task: customer service messages wait for the platform, and the message's task has
// ended.
#include "script/late.h"

#include "base/log.h"
#include "engine/door.h"
#include "engine/record.h"
#include "engine/wait.h"
#include "script/inner.h"
#include "script/late_order.h"
#include "script/stored_run.h"

#include <stdlib.h>

static const char function_key;

// A late reply that is being sent; freed with its task.
typedef struct {
  BotShared *shared;
  LatePlace *place;   // NULL: does not wait for other replies
  StoredRun *stored;  // NULL: no stored run
  size_t taken;       // bytes of the parts already sent
  bool other_taken;
  bool keeps, asks, gone;  // as in Late
  size_t identity_len;
  char identity[];
} Delivery;

static void let_stored_go(BotShared *shared, StoredRun *stored) {
  if (stored && stored->here) atomic_fetch_sub(&shared->owed_here, 1);
  stored_run_free(stored);
}

// A dropped delivery stays in the store, and continues in another process or at the next start.
static void end_stored(Task *task, Delivery *delivery) {
  Record *record = task_record(task);
  if (task_is_dropped(task)) stored_run_leave(delivery->stored, record);
  else stored_run_drop(delivery->stored);
  if (record) record_watch(record, NULL, NULL, NULL);
  let_stored_go(delivery->shared, delivery->stored);
}

// Decrements late_under_way last, because the bot waits for deliveries under way before it ends.
static void delivery_ended(Task *task) {
  Delivery *delivery = task_data(task);
  late_order_leave(delivery->place, task_is_dropped(task) && delivery->stored);
  if (delivery->stored) end_stored(task, delivery);
  atomic_fetch_sub(&delivery->shared->late_under_way, 1);
}

static bool delivery_goes_on(const Task *task) {
  const Delivery *delivery = task_data(task);
  return stored_run_goes_on(delivery->stored, task_present_record(task));
}

static const TaskBody DELIVERY = {
  .goes_on = delivery_goes_on, .ended = delivery_ended, .over = free, .doing = "a late reply"
};

typedef struct {
  Task *from, *to;
  const Reply *reply;  // NULL: `rest` is sent
  Str rest;
  bool early;  // sends the reply value before the task's end
} Content;

void late_register(lua_State *L) { lua_rawsetp(L, LUA_REGISTRYINDEX, &function_key); }

static Delivery *running_delivery(lua_State *L) {
  Task *task = task_running(L);
  return task && task_body(task) == &DELIVERY ? task_data(task) : NULL;
}

bool late_taken(lua_State *L, size_t *bytes, bool *other) {
  const Delivery *delivery = running_delivery(L);
  *bytes = delivery ? delivery->taken : 0;
  *other = delivery && delivery->other_taken;
  return delivery;
}

int late_fate(lua_State *L, Str own) {
  const Delivery *delivery = running_delivery(L);
  push_str(L, delivery ? str_make(delivery->identity, delivery->identity_len) : own);
  lua_pushboolean(L, delivery && delivery->keeps);
  lua_pushboolean(L, delivery && delivery->asks);
  lua_pushboolean(L, delivery && delivery->gone);
  return 4;
}

int late_turn(lua_State *L, LatePlace *own) {
  const Delivery *delivery = running_delivery(L);
  LatePlace *place = delivery ? delivery->place : own;
  if (!place) return 0;
  Wait *wait = wait_begin(L, "a late reply");
  if (!late_order_await(place, wait)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

// A process that ends does not wait for a delivery that another one goes on with.
static void count_stored(const Delivery *delivery) {
  if (!delivery->stored || delivery->stored->here) return;
  delivery->stored->here = true;
  atomic_fetch_add(&delivery->shared->owed_here, 1);
}

// Pushes the value that the script returned, or error_reply if the script failed.
static void push_reply(lua_State *L, const Content *content) {
  const ReplyElement *elements = content->reply ? content->reply->elements : NULL;
  task_push_value(L, content->from, VALUE_REPLY);
  if (!lua_isboolean(L, -1) || !elements) return;
  lua_pop(L, 1);
  push_str(L, elements->text);
}

// Pushes the function and its arguments on the new task's stack.
static int prepare(lua_State *L) {
  const Content *content = lua_touserdata(L, 1);
  lua_State *to = task_coroutine(content->to);
  if (!lua_checkstack(to, 7)) raise_no_memory(L);
  lua_pushcfunction(L, door_begin);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &function_key);
  if (content->reply || content->early) push_reply(L, content);
  else push_str(L, content->rest);
  task_push_value(L, content->from, VALUE_MESSAGE);
  lua_pushvalue(L, -1);
  task_set_value(L, content->to, VALUE_MESSAGE);
  lua_pushboolean(L, !content->reply);
  lua_xmove(L, to, 5);
  return 0;
}

static bool post(Content *content, Engine *engine, Delivery *delivery) {
  Err err = { 0 };
  lua_State *L = engine_main(engine);
  if (!engine_start_thread(engine, &err)) return false;
  content->to = task_new(engine, &DELIVERY, delivery);
  if (!content->to) return false;
  task_copy_subject(content->to, task_subject(content->from));
  task_set_rank(content->to, task_rank(content->from));
  if (delivery->stored || content->early) task_share_record(content->from, content->to);
  lua_pushcfunction(L, prepare);
  lua_pushlightuserdata(L, content);
  // If this fails, the task runs without its arguments, fails at once and is logged: a task can only end by running.
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
  task_hold_engine(content->to);
  atomic_fetch_add(&delivery->shared->late_under_way, 1);
  count_stored(delivery);
  if (task_post(content->to)) return true;
  atomic_fetch_sub(&delivery->shared->late_under_way, 1);
  engine_release(engine);
  return false;
}

static Delivery *delivery_new(BotShared *shared, const Late *late) {
  Delivery *delivery = malloc(sizeof *delivery + late->identity.len);
  if (!delivery) return NULL;
  *delivery = (Delivery){ .shared = shared,
                          .place = late->place,
                          .stored = late->stored,
                          .keeps = late->keeps,
                          .asks = late->asks,
                          .gone = late->gone,
                          .identity_len = late->identity.len };
  if (late->identity.len) memcpy(delivery->identity, late->identity.ptr, late->identity.len);
  if (late->said) said_taken(late->said, &delivery->taken, &delivery->other_taken);
  if (!late->place && shared->late_order && late->openid.len)
    delivery->place = late_order_enter(shared->late_order, late->openid, late->identity);
  return delivery;
}

void late_send(Task *from, BotShared *shared, const Late *late) {
  Content content = { .from = from, .reply = late->reply, .rest = late->rest };
  bool open = shared && !engine_is_given_up(task_engine(from));
  Delivery *delivery = open ? delivery_new(shared, late) : NULL;
  if (delivery && post(&content, task_engine(from), delivery)) return;
  if (open) shared_lost(shared, "memory");
  if (open) log_warn("a late reply is lost: no memory to send it");
  late_order_leave(delivery ? delivery->place : late->place, false);
  let_stored_go(shared, late->stored);
  free(delivery);
}

bool late_deliver(Task *from, BotShared *shared, const Late *late) {
  Content content = { .from = from, .early = true };
  Delivery *delivery = delivery_new(shared, late);
  if (delivery && post(&content, task_engine(from), delivery)) return true;
  late_order_leave(delivery ? delivery->place : late->place, false);
  free(delivery);
  return false;
}
