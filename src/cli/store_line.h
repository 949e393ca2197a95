// One line of `wemoon store`: {"key":...,"value":...,"expires_at":...}. A key of wemoon's own has "own":true. What
// JSON cannot hold as it is stands as "key_base64", "text" (bytes that are UTF-8 but no JSON) or "base64".
#ifndef WEMOON_CLI_STORE_LINE_H
#define WEMOON_CLI_STORE_LINE_H

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

typedef struct {
  StoreSpace space;
  Str key, value;
  bool has_value;
  int64_t expires_ms;  // Unix milliseconds; 0: never
} StoreLine;

// Appends the line and its newline.
void store_line_add(Buf *out, const StoreLine *line);

// A line that was read; key and value are in its buffers.
typedef struct {
  StoreLine line;
  Buf key, value;
} StoreLineDoc;

// Reads what store_line_add wrote; the value's bytes are those that were exported. ERR_INVALID: it is no such line;
// nothing is to be freed then.
bool store_line_parse(Str text, StoreLineDoc *out, Err *err);
void store_line_free(StoreLineDoc *doc);

#endif
