// Lines that somebody types: at a terminal with editing, history and completion (libedit), from a pipe as
// they come.
#ifndef WEMOON_CLI_PROMPT_H
#define WEMOON_CLI_PROMPT_H

#include "base/buf.h"
#include "base/err.h"

typedef struct Prompt Prompt;

typedef enum { PROMPT_LINE, PROMPT_INTERRUPTED, PROMPT_END } PromptResult;

typedef struct {
  // Appends what the text before the cursor could go on with, one candidate a line: whole words in place of
  // the last `*length` bytes.
  void (*complete)(void *ctx, Str before, Buf *candidates, size_t *length);
  void *ctx;
} PromptOptions;

// NULL with ERR_MEMORY. Free with prompt_close, which keeps the history.
Prompt *prompt_open(const PromptOptions *options, Err *err);
void prompt_close(Prompt *prompt);
// Columns of the terminal that standard output is; else those of COLUMNS, or 80.
int prompt_columns(void);
bool prompt_is_terminal(const Prompt *prompt);
// Reads one line, without its end, into `line` (reset first). PROMPT_INTERRUPTED: Ctrl-C, whatever was typed
// is given up. PROMPT_END: Ctrl-D, or the pipe's end.
PromptResult prompt_read(Prompt *prompt, const char *mark, Buf *line);
// Keeps a whole input, which may have several lines, for the arrow keys and the next run.
void prompt_remember(Prompt *prompt, Str input);
// Shows a text above the line that is being typed; from any thread.
void prompt_show(Prompt *prompt, Str text);

#endif
