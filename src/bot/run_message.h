// A message for the script, and its copy for a run that waits.
#ifndef WEMOON_BOT_RUN_MESSAGE_H
#define WEMOON_BOT_RUN_MESSAGE_H

#include "base/arena.h"
#include "wechat/message.h"

typedef struct {
  const NodeTree *tree;
  const MessageHead *head;
  Str document;
} RunMessage;

// Copies the message to `arena`. Returns false without memory.
bool run_message_copy(const RunMessage *from, Arena *arena, RunMessage *to);

#endif
