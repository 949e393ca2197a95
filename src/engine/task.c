// What a task has: its limits, its log subject, its values and its ties.
#include "engine/task_inner.h"

#include "engine/engine_inner.h"
#include "engine/lua_helpers.h"
#include "engine/task_state.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

bool task_rank_is_before(TaskRank rank, TaskRank other) {
  bool known = (rank.made_s || rank.arrived_us) && (other.made_s || other.arrived_us);
  if (rank.made_s != other.made_s) return known && rank.made_s < other.made_s;
  return known && rank.arrived_us < other.arrived_us;
}

const char *task_state_name(TaskState state) {
  switch (state) {
    case TASK_RETURNED: return "returned";
    case TASK_WAITING: return "waiting";
    case TASK_FAILED: return "failed";
    case TASK_OVER_CPU: return "over its CPU time";
    case TASK_OVER_MEMORY: return "out of memory";
    case TASK_CANCELLED: return "cancelled";
    case TASK_DIFFERS: return "different from its record";
    case TASK_LOST: return "lost";
  }
  return "unknown";
}

Engine *task_engine(const Task *task) { return task->engine; }
void *task_data(const Task *task) { return task->data; }
void task_set_data(Task *task, void *data) { task->data = data; }
const TaskBody *task_body(const Task *task) { return task->body; }
TaskState task_state(const Task *task) { return task->state; }
bool task_is_dropped(const Task *task) { return task->dropped; }

lua_State *task_coroutine(const Task *task) { return task->co; }
Task *task_running(lua_State *L) { return engine_of(L)->task; }
void task_count(Task *task) { task->counted = true; }

void task_limit(Task *task) {
  int64_t timeout_ms = task->engine->options.task_timeout_ms;
  task->deadline_us = timeout_ms > 0 ? clock_now_us() + timeout_ms * 1000 : INT64_MAX;
}

void task_set_due(Task *task, int64_t due_us) { task->due_us = due_us; }
int64_t task_due(const Task *task) { return task->due_us; }

void task_set_rank(Task *task, TaskRank rank) { task->rank = rank; }
TaskRank task_rank(const Task *task) { return task->rank; }

void task_unlimit(Task *task) { task->deadline_us = INT64_MAX; }

void task_take_hold(Task *task) { task->holds = true; }

void task_hold_engine(Task *task) {
  engine_retain(task->engine);
  task->holds = true;
}

// ---- log subject --------------------------------------------------------------------------------

LogSubject task_subject(const Task *task) { return task->subject; }

// If the task is running, the rest of its slice logs with the new subject too.
static void set_subject(Task *task, LogSubject subject, char *copy) {
  char *before = task->subject_copy;
  Trail *trail = task->subject.trail;
  task->subject = subject;
  trail_hold(subject.trail);
  task->subject_copy = copy;
  if (task->engine->task == task) {
    log_about(subject);
    log_subject_note(&task->engine->slice.subject, subject);
  }
  trail_drop(trail);
  free(before);
}

void task_set_subject(Task *task, LogSubject subject) { set_subject(task, subject, NULL); }

void task_copy_subject(Task *task, LogSubject subject) {
  char *copy = log_subject_copy(&subject);
  set_subject(task, subject, copy);
}

void task_drop_subject(Task *task) {
  // The thread may log about another task: one that could not spawn this one.
  if (task->subject_copy) log_end_subject(task->subject_copy);
  trail_drop(task->subject.trail);
  free(task->subject_copy);
  task->subject = (LogSubject){ 0 };
  task->subject_copy = NULL;
}

// ---- values -------------------------------------------------------------------------------------

void task_set_slot(lua_State *L, int ref) {
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, false);
  }
  lua_rawseti(L, LUA_REGISTRYINDEX, ref);
}

void task_set_value(lua_State *L, Task *task, int index) { task_set_slot(L, task->values[index]); }

void task_push_value(lua_State *L, const Task *task, int index) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, task->values[index]);
}

void task_push_locals(lua_State *L) {
  Task *task = task_running(L);
  if (!task) raise(L, "this function can be called only while the script runs");
  if (task->locals_ref != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->locals_ref);
    return;
  }
  lua_newtable(L);
  lua_pushvalue(L, -1);
  task->locals_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

int task_push_global(lua_State *L, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushstring(L, name);
  int type = lua_rawget(L, -2);
  lua_remove(L, -2);
  return type;
}

// ---- ties ---------------------------------------------------------------------------------------

void task_tie(Task *task, TaskTie *tie) {
  tie->next = task->ties;
  tie->to = &task->ties;
  if (tie->next) tie->next->to = &tie->next;
  task->ties = tie;
}

void task_untie(TaskTie *tie) {
  if (!tie->to) return;
  *tie->to = tie->next;
  if (tie->next) tie->next->to = tie->to;
  tie->to = NULL;
}

void task_end_ties(Task *task) {
  for (TaskTie *tie; (tie = task->ties);) {
    task_untie(tie);
    tie->end(tie);
  }
}
