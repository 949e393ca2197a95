// Text that others wrote, for a terminal: control characters cannot steer it.
#ifndef WEMOON_BASE_VISIBLE_H
#define WEMOON_BASE_VISIBLE_H

#include "base/buf.h"

// Appends the text. Line ends and tabs stay; other control characters, those from U+0080 to U+009F too, and
// broken UTF-8 become \xNN, byte by byte.
void visible_add(Buf *out, Str text);
// The same for JSON, which has escaped the others: U+007F to U+009F become \u00NN, so that it stays JSON.
void visible_add_json(Buf *out, Str json);

#endif
