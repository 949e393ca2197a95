// A prompt's loop: lines are read until they make an input, which is run.
#ifndef WEMOON_CLI_INPUTS_H
#define WEMOON_CLI_INPUTS_H

#include "cli/prompt.h"

typedef enum {
  INPUT_DONE,
  INPUT_FAILED,
  INPUT_MORE,  // it is not whole yet
  INPUT_QUIT,
  INPUT_GONE  // there is nothing left to run it in, which was said
} InputResult;

// Prints the program's answer, which begins with a line that says how it went.
InputResult inputs_say(Str answer);
// The same, where another process wrote it: nothing but its colours can steer the terminal.
InputResult inputs_say_safely(Str answer);
// Reads inputs and runs them until the end; returns the exit status. From a pipe the first input that fails decides it,
// and the others are run all the same. `ended` (NULL is allowed) becomes true if the input ended without a wish to
// leave.
int inputs_read(Prompt *prompt, const char *mark, InputResult (*run)(void *ctx, Str input),
                void *ctx, bool *ended);

#endif
