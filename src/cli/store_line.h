// One line of `wemoon store`: {"key":...,"value":...,"expires_at":...}. A key of wemoon's own has "own":true. Bytes
// that JSON cannot hold are in "key_base64", "text" (UTF-8 that is not JSON) or "base64".
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

// A parsed line; its buffers hold key and value.
typedef struct {
  StoreLine line;
  Buf key, value;
} StoreLineDoc;

// Parses a line of store_line_add; the value has the exported bytes. ERR_INVALID if it is malformed: then there is
// nothing to free.
bool store_line_parse(Str text, StoreLineDoc *out, Err *err);
void store_line_free(StoreLineDoc *doc);  // frees what it points to

#endif
