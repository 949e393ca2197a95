// What the tests of conversations share: a script that asks.
#ifndef WEMOON_TESTS_SCRIPT_ASKING_H
#define WEMOON_TESTS_SCRIPT_ASKING_H

#include "script_world.h"

static const char asking[] =
    "function on_message(msg)\n"
    "  if msg.content == 'seen' then return tostring(seen) end\n"
    "  local answer, why = wechat.ask('Which size?', msg.content == 'soon' and 0.02 or nil,\n"
    "                                 msg.content == 'events')\n"
    "  seen = answer and (answer.content or answer.event) or why\n"
    "  return 'so: ' .. seen\n"
    "end";

static size_t open_conversations(void) { return conversations_count(world.shared.conversations); }
static inline bool none_open(void) { return open_conversations() == 0; }

static inline bool was_seen(const char *what) {
  for (int i = 0; i < 400; i++) {
    Heard heard;
    answer_init(&heard);
    send_text(&heard, "seen");
    bool seen = strcmp(heard.reply, what) == 0;
    answer_clear(&heard);
    if (seen) return true;
    usleep(5000);
  }
  return false;
}

static inline void ask(const char *content) {
  load(asking);
  assert_answer(content, TASK_RETURNED, "Which size?");
  assert_int_equal(open_conversations(), 1);
}

// Without a Keep, so that conversations are only in memory.
static inline int open_in_memory(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep_free(world.shared.keep);
  world.shared.keep = NULL;
  return 0;
}

#endif
