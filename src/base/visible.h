// Makes text from outside safe for a terminal: escapes its control characters, and those that reorder what is shown.
#ifndef WEMOON_BASE_VISIBLE_H
#define WEMOON_BASE_VISIBLE_H

#include "base/buf.h"

// Appends the text. Line ends and tabs stay; other control characters (U+0080 to U+009F included), the marks of
// bidirectional text and line separators (U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+206F) and broken UTF-8
// become \xNN, byte by byte.
void visible_add(Buf *out, Str text);
// The same, but colours (ESC [ digits and semicolons m) stay: for what wemoon itself laid out.
void visible_add_coloured(Buf *out, Str text);
// The same for JSON, in which the others are escaped already: U+007F to U+009F become \u00NN, which is still JSON. What
// reorders stays as it is.
void visible_add_json(Buf *out, Str json);

#endif
