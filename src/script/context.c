// The current message, for the C functions that scripts call.
#include "script/inner.h"
#include "script/stored_run.h"

void context_push_message(lua_State *L) {
  Task *task = task_running(L);
  if (task) task_push_value(L, task, VALUE_MESSAGE);
  else lua_pushnil(L);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_pushnil(L);
}

void context_give_message(lua_State *L, Task *task) { task_set_value(L, task, VALUE_MESSAGE); }

void context_set_message(lua_State *L) {
  Task *task = task_running(L);
  if (task) task_set_value(L, task, VALUE_MESSAGE);
  else lua_pop(L, 1);
}

Str context_folder(lua_State *L) {
  const char *folder = interpreter_of(L)->folder;
  return str_of(folder ? folder : "");
}

bool context_goes_on(const Task *task) {
  const Record *record = task_present_record(task);
  return record && stored_run_goes_on(record_owner(record), record);
}
