// What went wrong, said once, where it was seen. Functions that can fail return bool and take an Err last.
#ifndef WEMOON_BASE_ERR_H
#define WEMOON_BASE_ERR_H

#include <stdbool.h>

typedef enum {
  ERR_NONE,
  ERR_FAILED,     // it ran and did not work
  ERR_USAGE,      // the caller's words are off: options, configuration, arguments
  ERR_INVALID,    // the bytes given are not what they should be
  ERR_FORBIDDEN,  // not authentic: signature, replay, mode
  ERR_TOO_LARGE,  // a limit
  ERR_TIMEOUT,    // nothing came in time
  ERR_NETWORK,    // the other side could not be reached, or left
  ERR_BUSY,       // try again later
  ERR_MEMORY      // no memory
} ErrCode;

typedef struct {
  ErrCode code;
  char text
      [480];  // one sentence: what, where, what to do; no newline at the end, nothing secret in it
} Err;

// Fills `err` (which may be NULL) and returns false, so that a function can end with `return err_set(...)`.
__attribute__((format(printf, 3, 4))) bool err_set(Err *err, ErrCode code, const char *format, ...);
// Puts "prefix: " before what `err` says, and returns false.
__attribute__((format(printf, 2, 3))) bool err_wrap(Err *err, const char *format, ...);

#endif
