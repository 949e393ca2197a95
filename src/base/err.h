// An error: described once, where it was detected. Functions that can fail return bool and take an Err last.
#ifndef WEMOON_BASE_ERR_H
#define WEMOON_BASE_ERR_H

#include <stdbool.h>

typedef enum {
  ERR_NONE,
  ERR_FAILED,     // it ran and failed
  ERR_USAGE,      // wrong options, configuration or arguments
  ERR_INVALID,    // malformed input
  ERR_FORBIDDEN,  // not authentic: signature, replay, mode
  ERR_TOO_LARGE,  // a limit
  ERR_TIMEOUT,    // no answer in time
  ERR_NETWORK,    // the peer could not be reached, or closed the connection
  ERR_BUSY,       // try again later
  ERR_MEMORY      // no memory
} ErrCode;

typedef struct {
  ErrCode code;
  char text
      [480];  // one sentence: what, where, what to do; no newline at the end, nothing secret in it
} Err;

// Fills `err`, which may be NULL, and returns false: a function can end with `return err_set(...)`.
__attribute__((format(printf, 3, 4))) bool err_set(Err *err, ErrCode code, const char *format, ...);
// Puts "prefix: " in front of the text and returns false.
__attribute__((format(printf, 2, 3))) bool err_wrap(Err *err, const char *format, ...);

#endif
