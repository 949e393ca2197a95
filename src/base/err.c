// The sentence is formatted in a buffer first, because its arguments may point into the Err itself.
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

static void put(Err *err, const char *text) {
  size_t len = str_utf8_prefix(str_of(text), sizeof err->text - 1);
  memcpy(err->text, text, len);
  err->text[len] = '\0';
}

bool err_set(Err *err, ErrCode code, const char *format, ...) {
  if (!err) return false;
  char text[2 * sizeof err->text];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  err->code = code;
  put(err, text);
  return false;
}

bool err_wrap(Err *err, const char *format, ...) {
  if (!err) return false;
  char text[2 * sizeof err->text];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (len < 0) len = 0;
  if ((size_t)len >= sizeof text) len = (int)sizeof text - 1;
  snprintf(text + len, sizeof text - (size_t)len, ": %s", err->text);
  put(err, text);
  return false;
}
