// Reads lines: at a terminal with editing, history and completion (libedit), from a pipe unchanged.
#ifndef WEMOON_CLI_PROMPT_H
#define WEMOON_CLI_PROMPT_H

#include "base/buf.h"
#include "base/err.h"

typedef struct Prompt Prompt;

typedef enum { PROMPT_LINE, PROMPT_INTERRUPTED, PROMPT_END } PromptResult;

typedef struct {
  // Appends the completions of the text before the cursor, one per line: whole words that replace its last `*length`
  // bytes.
  void (*complete)(void *ctx, Str before, Buf *candidates, size_t *length);
  // After prompt_wake, while a line is being typed: appends the lines to show above it. NULL: there are none. Both run
  // on the thread of prompt_read.
  void (*news)(void *ctx, Buf *lines);
  // SIGINT ends both: while they take longer than a second, Ctrl-C sends it. Else Ctrl-C waits among the keys.
  bool takes_interrupts;
  // Ctrl-C has dropped what was typed. On the thread of prompt_read. NULL: not called.
  void (*interrupted)(void *ctx);
  void *ctx;
} PromptOptions;

// NULL with ERR_MEMORY. Free with prompt_close, which keeps the history.
Prompt *prompt_open(const PromptOptions *options, Err *err);
void prompt_close(Prompt *prompt);  // saves its history; NULL is allowed
// The columns of the terminal on standard output; else of COLUMNS, or 80.
int prompt_columns(void);
bool prompt_at_terminal(void);  // whether a prompt that opens now is at a terminal
bool prompt_is_terminal(const Prompt *prompt);
// Reads one line, without its end, into `line` (reset first). PROMPT_INTERRUPTED: Ctrl-C, which drops the input.
// PROMPT_END: Ctrl-D, or the end of the pipe.
PromptResult prompt_read(Prompt *prompt, const char *mark, Buf *line);
// Adds an input, which may have several lines, to the history of this run and the next.
void prompt_remember(Prompt *prompt, Str input);
// Shows whole lines above the one that is being typed, now or once one is; from any thread. At a terminal alone. Of
// several megabytes that wait the last lines are dropped.
void prompt_show(Prompt *prompt, Str lines);
// The same for output, anywhere, which may end in the middle of a line: then the line stands above the one that is
// being typed, and goes on there. If no line is being typed, it is written at once.
void prompt_print(Prompt *prompt, Str text);
// At a terminal: ends the line that output has begun, so that what is written next begins one.
void prompt_end_line(Prompt *prompt);
// Has `news` called, now or as soon as a line is read; from any thread. Several calls may count as one.
void prompt_wake(Prompt *prompt);
// Whether that has an effect: the system may have had no descriptor for it.
bool prompt_can_wake(const Prompt *prompt);

#endif
