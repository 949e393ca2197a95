// A line on the terminal that has no end yet: it is written again when it goes on, since the input stands below it.
#ifndef WEMOON_CLI_OPEN_LINE_H
#define WEMOON_CLI_OPEN_LINE_H

#include <wchar.h>

#include "base/buf.h"

// A place on the terminal, counted from where a text begins.
typedef struct {
  int row, column;
} OpenLinePlace;
// Moves the place on by one character, as a terminal of `columns` wraps it. A line's end begins a row, even where the
// line fills its last one.
void open_line_step(OpenLinePlace *place, wchar_t c, int columns);

// Makes `line` what has no end yet after `text` was written behind it: empty if `text` ends a line, or if the line
// cannot be written again (it is too long, or has controls other than colours, tabs and carriage returns). What a
// carriage return has written over is left out.
void open_line_add(Buf *line, Str text);
// The rows that the line takes on a terminal of `columns`; 0 for an empty one. Uses the locale's encoding.
int open_line_rows(const Buf *line, int columns);

#endif
