#include "cli/open_line.h"

#include <limits.h>
#include <string.h>

enum { LONGEST = 4096, TAB = 8, ESCAPE = 27 };

void open_line_step(OpenLinePlace *place, wchar_t c, int columns) {
  if (c == L'\n') {
    place->row += 1 + place->column / columns;
    place->column = 0;
    return;
  }
  int width = wcwidth(c);
  if (width < 0) width = 2;  // libedit shows a control character as ^X
  if (place->column + width > columns) {
    place->row++;
    place->column = 0;
  }
  place->column += width;
}

// The length of a colour, "ESC [ 1 ; 31 m", at the beginning of the text; 0 if there is none.
static size_t colour_length(Str text) {
  if (!str_starts(text, STR("\033["))) return 0;
  size_t end = 2;
  while (end < text.len && strchr("0123456789;", text.ptr[end])) end++;
  return end < text.len && text.ptr[end] == 'm' ? end + 1 : 0;
}

// ---- adding -------------------------------------------------------------------------------------

static void cut_front(Buf *line, size_t len) {
  memmove(line->ptr, line->ptr + len, line->len - len);
  line->len -= len;
}

static void drop_ended(Buf *line) {
  const char *end = line->len ? memrchr(line->ptr, '\n', line->len) : NULL;
  if (end) cut_front(line, (size_t)(end - line->ptr) + 1);
}

// A carriage return at the end has written over nothing yet.
static void drop_overwritten(Buf *line) {
  const char *back = line->len > 1 ? memrchr(line->ptr, '\r', line->len - 1) : NULL;
  if (back) cut_front(line, (size_t)(back - line->ptr) + 1);
}

static bool can_be_repeated(Str line) {
  for (size_t i = 0; i < line.len; i++) {
    unsigned char c = (unsigned char)line.ptr[i];
    if (c == ESCAPE && colour_length(str_sub(line, i, line.len)) == 0) return false;
    if (c < ' ' && c != ESCAPE && c != '\t' && c != '\r') return false;
  }
  return line.len <= LONGEST;
}

void open_line_add(Buf *line, Str text) {
  buf_add(line, text);
  drop_ended(line);
  drop_overwritten(line);
  if (line->failed || !can_be_repeated(buf_str(line))) buf_reset(line);
}

// ---- measuring ----------------------------------------------------------------------------------

static void go_on(OpenLinePlace *place, wchar_t c, int columns) {
  if (c == L'\r') place->column = 0;
  else if (c != L'\t') open_line_step(place, c, columns);
  else
    place->column = place->column + TAB < columns ? (place->column / TAB + 1) * TAB : columns - 1;
}

int open_line_rows(const Buf *line, int columns) {
  Str rest = buf_str(line);
  OpenLinePlace place = { 0, 0 };
  mbstate_t state = { 0 };
  if (rest.len == 0) return 0;
  while (rest.len > 0) {
    wchar_t c;
    size_t used = colour_length(rest);
    bool shows = used == 0;
    if (shows) used = mbrtowc(&c, rest.ptr, rest.len, &state);
    if (used == 0 || used > rest.len) {  // no character of the locale's
      state = (mbstate_t){ 0 };
      used = 1;
      c = L'?';
    }
    if (shows) go_on(&place, c, columns);
    rest = str_sub(rest, used, rest.len);
  }
  return place.row + 1;
}
