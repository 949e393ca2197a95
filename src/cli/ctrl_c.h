// Ctrl-C, pressed once or twice.
#ifndef WEMOON_CLI_CTRL_C_H
#define WEMOON_CLI_CTRL_C_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct {
  atomic_int_least64_t
      last_us;  // when it was pressed last (clock_real_us); 0: it does not count any more
} CtrlC;

// It was pressed; returns whether that is the second time within a second. Any thread.
bool ctrl_c_is_second(CtrlC *ctrl_c);
// The one before is not the first of two.
void ctrl_c_forget(CtrlC *ctrl_c);

#endif
