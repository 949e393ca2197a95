// The inputs of this run of the prompt and of earlier ones.
#ifndef WEMOON_CLI_PROMPT_HISTORY_H
#define WEMOON_CLI_PROMPT_HISTORY_H

#include <histedit.h>

#include "base/str.h"

typedef struct {
  History *history;  // NULL: without memory, or not opened
  char *file;        // NULL: it is not kept
} PromptHistory;

// Reads $XDG_STATE_HOME/wemoon/history, or that of ~/.local/state, for `edit`, which must end before
// prompt_history_close.
void prompt_history_open(PromptHistory *inputs, EditLine *edit);
// Adds an input; one that sets a secret is not kept.
void prompt_history_add(PromptHistory *inputs, Str input);
void prompt_history_save(PromptHistory *inputs);  // to the file, which this user alone may read
void prompt_history_close(PromptHistory *inputs);

#endif
