// Marks beside asterisks: a punctuation character, beside which "**" may open and close, and a space, beside which '*'
// is text. Both are code points that hardly any text has.
#include "codec/emphasis.h"

#define PUNCTUATION_MARK STR("\u2E0E")  // EDITORIAL CORONIS
#define SPACE_MARK STR("\u205F")        // MEDIUM MATHEMATICAL SPACE

typedef enum { SPACE, ASCII_WORD, OTHER_WORD, ASCII_PUNCTUATION, WIDE_PUNCTUATION } Kind;

typedef struct {
  uint32_t first, last;
} Range;

// Of Chinese, Japanese and Korean text, and the quotes and dashes that it shares with others.
static const Range wide_punctuation[] = {
  { 0x2010, 0x2027 }, { 0x2030, 0x205E }, { 0x3001, 0x3003 }, { 0x3008, 0x3011 },
  { 0x3014, 0x301F }, { 0xFF01, 0xFF03 }, { 0xFF05, 0xFF0A }, { 0xFF0C, 0xFF0F },
  { 0xFF1A, 0xFF1B }, { 0xFF1F, 0xFF20 }, { 0xFF3B, 0xFF3D }, { 0xFF3F, 0xFF3F },
  { 0xFF5B, 0xFF5B }, { 0xFF5D, 0xFF5D }, { 0xFF5F, 0xFF65 }
};
static const Range wide_letters[] = { { 0x2E80, 0x2FFF },  { 0x3005, 0x3007 }, { 0x3021, 0x9FFF },
                                      { 0xAC00, 0xD7A3 },  { 0xF900, 0xFAFF }, { 0xFF10, 0xFF19 },
                                      { 0xFF21, 0xFF3A },  { 0xFF41, 0xFF5A }, { 0xFF66, 0xFFDC },
                                      { 0x20000, 0x3FFFF } };

static bool is_in(uint32_t code, const Range *ranges, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (code >= ranges[i].first && code <= ranges[i].last) return true;
  }
  return false;
}

static bool is_wide_letter(uint32_t code) {
  return is_in(code, wide_letters, sizeof wide_letters / sizeof *wide_letters);
}

static Kind kind_of(uint32_t code) {
  if (code <= ' ' || code == 0xA0 || code == 0x3000) return SPACE;
  bool digit = code >= '0' && code <= '9', letter = (code | 0x20) >= 'a' && (code | 0x20) <= 'z';
  if (code < 0x80) return digit || letter ? ASCII_WORD : ASCII_PUNCTUATION;
  bool wide = is_in(code, wide_punctuation, sizeof wide_punctuation / sizeof *wide_punctuation);
  return wide ? WIDE_PUNCTUATION : OTHER_WORD;
}

static bool is_word(Kind kind) { return kind == ASCII_WORD || kind == OTHER_WORD; }

static bool is_punctuation(Kind kind) {
  return kind == ASCII_PUNCTUATION || kind == WIDE_PUNCTUATION;
}

// Whether a run of asterisks between punctuation and a letter is in Chinese text.
static bool is_chinese(Kind punctuation, uint32_t letter) {
  return punctuation == WIDE_PUNCTUATION || is_wide_letter(letter);
}

// ---- one run of asterisks -----------------------------------------------------------------------

typedef struct {
  Str run;
  uint32_t before, after;  // code points; '\n' at an end of the text
} Run;

static void add_run(Buf *out, const Run *run) {
  Kind before = kind_of(run->before), after = kind_of(run->after);
  bool opens = is_word(before) && is_punctuation(after) && is_chinese(after, run->before);
  bool closes = is_punctuation(before) && is_word(after) && is_chinese(before, run->after);
  bool is_text = run->run.len == 1 && before == ASCII_WORD && after == ASCII_WORD;
  Str left = is_text ? SPACE_MARK : opens ? PUNCTUATION_MARK : STR("");
  Str right = is_text ? SPACE_MARK : closes ? PUNCTUATION_MARK : STR("");
  buf_add(out, left);
  buf_add(out, run->run);
  buf_add(out, right);
}

static size_t run_length(Str text) {
  size_t len = 0;
  while (len < text.len && text.ptr[len] == '*') len++;
  return len;
}

static void add_marked(Buf *out, Str text) {
  uint32_t before = '\n';
  while (text.len) {
    size_t len = run_length(text), next;
    if (len) {
      Str rest = str_sub(text, len, text.len);
      uint32_t after = rest.len ? str_code_point(rest, &next) : '\n';
      add_run(out, &(Run){ .run = str_sub(text, 0, len), .before = before, .after = after });
    } else {
      before = str_code_point(text, &len);
      buf_add(out, str_sub(text, 0, len));
    }
    text = str_sub(text, len, text.len);
  }
}

bool emphasis_mark(Str markdown, Buf *out) {
  bool has_marks = str_find(markdown, PUNCTUATION_MARK) >= 0 || str_find(markdown, SPACE_MARK) >= 0;
  if (has_marks || str_find(markdown, STR("*")) < 0) return false;
  add_marked(out, markdown);
  return true;
}

// ---- removing the marks -------------------------------------------------------------------------

void emphasis_unmark(Buf *out, size_t from) {
  if (out->failed || from == out->len) return;
  Str rest = str_sub(buf_str(out), from, out->len);
  char *to = out->ptr + from;
  while (rest.len) {
    bool mark = str_starts(rest, PUNCTUATION_MARK) || str_starts(rest, SPACE_MARK);
    if (!mark) *to++ = rest.ptr[0];
    rest = str_sub(rest, mark ? PUNCTUATION_MARK.len : 1, rest.len);
  }
  out->len = (size_t)(to - out->ptr);
}
