// Ends of sentences, and cuts.
#include "wechat/sentence.h"

// ---- tables -------------------------------------------------------------------------------------

static const Str ends[] = { STR("。"), STR("！"), STR("？"), STR("!"), STR("?"),
                            STR("…"),  STR("｡"),  STR("‼"),  STR("⁇") };
static const Str closing[] = { STR("”"),  STR("’"),  STR("」"), STR("』"), STR("）"),
                               STR("】"), STR("》"), STR("〉"), STR("〕"), STR("］"),
                               STR("｝"), STR("\""), STR("'"),  STR(")"),  STR("]"),
                               STR("}"),  STR("»"),  STR("*"),  STR("_"),  STR("~") };
// Code points that combine with the previous one.
static const struct {
  uint32_t first, last;
} joined[] = { { 0x300, 0x36F },   { 0x200D, 0x200D },   { 0x20D0, 0x20FF },
               { 0xFE00, 0xFE0F }, { 0x1F3FB, 0x1F3FF }, { 0xE0020, 0xE007F },
               { 0x1AB0, 0x1AFF }, { 0xFE20, 0xFE2F },   { 0x3099, 0x309A } };

enum { JOINER = 0x200D, REGIONAL_FIRST = 0x1F1E6, REGIONAL_LAST = 0x1F1FF };

// ---- sentences ----------------------------------------------------------------------------------

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// The length of the entry of `list` at `at`, or 0.
static size_t one_of(const Str *list, size_t count, Str text, size_t at) {
  Str rest = str_sub(text, at, text.len);
  for (size_t i = 0; i < count; i++) {
    if (str_starts(rest, list[i])) return list[i].len;
  }
  return 0;
}

static size_t end_at(Str text, size_t at) {
  return one_of(ends, sizeof ends / sizeof *ends, text, at);
}

static size_t skip_closing(Str text, size_t at) {
  for (size_t len; (len = one_of(closing, sizeof closing / sizeof *closing, text, at));) at += len;
  return at;
}

// Whether the full stop at `at` belongs to the number of a list's item: "1. ".
static bool is_number(Str text, size_t at) {
  size_t first = at;
  while (first > 0 && at - first < 3 && text.ptr[first - 1] >= '0' && text.ptr[first - 1] <= '9')
    first--;
  if (first == at) return false;
  while (first > 0 && text.ptr[first - 1] == ' ') first--;
  return first == 0 || text.ptr[first - 1] == '\n';
}

// The end of the sentence whose end mark is at `at`; 0 if there is no end mark.
static size_t sentence_end(Str text, size_t at) {
  size_t len = end_at(text, at), past = at + len;
  if (len) {
    while ((len = end_at(text, past))) past += len;
    return skip_closing(text, past);
  }
  if (text.ptr[at] != '.' || is_number(text, at)) return 0;
  past = skip_closing(text, at + 1);
  return past < text.len && is_space(text.ptr[past]) ? past : 0;
}

size_t sentence_prefix(Str text) {
  size_t last = 0;
  for (size_t at = 0; at < text.len;) {
    size_t end = sentence_end(text, at);
    if (!end && text.ptr[at] == '\n') last = at;
    if (end) last = end;
    at = end > at ? end : at + 1;
  }
  while (last > 0 && is_space(text.ptr[last - 1])) last--;
  return last;
}

// ---- cuts ---------------------------------------------------------------------------------------

static bool is_joined(uint32_t code) {
  for (size_t i = 0; i < sizeof joined / sizeof *joined; i++) {
    if (code >= joined[i].first && code <= joined[i].last) return true;
  }
  return false;
}

static bool is_regional(uint32_t code) { return code >= REGIONAL_FIRST && code <= REGIONAL_LAST; }

// The length of the character, of one code point or several, at `at`.
static size_t character(Str text, size_t at) {
  size_t len, next;
  uint32_t code = str_code_point(str_sub(text, at, text.len), &len);
  bool flag = is_regional(code);
  for (size_t past = at + len; past < text.len; past += next) {
    uint32_t follows = str_code_point(str_sub(text, past, text.len), &next);
    bool goes_along = is_joined(follows) || code == JOINER || (flag && is_regional(follows));
    if (!goes_along) break;
    if (is_regional(follows)) flag = false;
    code = follows;
    len += next;
  }
  return len;
}

// The length of the link or URL at `at`; 0 if there is none.
static size_t unbroken(Str text, size_t at) {
  Str rest = str_sub(text, at, text.len);
  if (str_starts(rest, STR("<a ")) || str_starts(rest, STR("<A "))) {
    ptrdiff_t end = str_find(rest, STR("</a>"));
    if (end < 0) end = str_find(rest, STR("</A>"));
    return end < 0 ? 0 : (size_t)end + 4;
  }
  if (!str_starts(rest, STR("http://")) && !str_starts(rest, STR("https://"))) return 0;
  size_t len = 0;
  while (len < rest.len && rest.ptr[len] > ' ' && rest.ptr[len] < 0x7F) len++;
  return len;
}

static bool is_blank_line(Str text, size_t at) {
  return at + 1 < text.len && text.ptr[at] == '\n' && text.ptr[at + 1] == '\n';
}

size_t sentence_cut(Str text, size_t max) {
  size_t paragraph = 0, sentence = 0, word = 0, fits = 0;
  if (text.len <= max) return text.len;
  for (size_t at = 0; at < text.len;) {
    size_t whole = unbroken(text, at), len = whole && whole <= max ? whole : character(text, at);
    size_t end = whole && whole <= max ? 0 : sentence_end(text, at);
    if (at + len > max) break;
    if (at + 2 <= max && is_blank_line(text, at)) paragraph = at + 2;
    if (end && end <= max) sentence = end;
    if (text.ptr[at] == '\n') sentence = at + 1;
    if (is_space(text.ptr[at])) word = at + 1;
    at += len;
    fits = at;
  }
  if (paragraph) return paragraph;
  if (sentence) return sentence;
  if (word) return word;
  return fits ? fits : str_utf8_prefix(text, max);
}
