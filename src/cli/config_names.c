// Finds a configuration file's values that are names without a value, by its tokens.
#include "cli/config_names.h"

#include "cli/config.h"

static Str rest_of(Str text, size_t at) { return str_sub(text, at, text.len); }

// ---- tokens: each length is 0 where no such thing begins ----------------------------------------

static size_t length_of_long(Str text) {
  size_t level = 0;
  while (1 + level < text.len && text.ptr[1 + level] == '=') level++;
  if (!str_starts(text, STR("[")) || !str_starts(rest_of(text, 1 + level), STR("["))) return 0;
  for (size_t at = level + 2; at < text.len; at++) {
    if (text.ptr[at] != ']') continue;
    size_t end = at + 1;
    while (end < text.len && text.ptr[end] == '=') end++;
    if (end - at - 1 == level && end < text.len && text.ptr[end] == ']') return end + 1;
    at = end - 1;
  }
  return text.len;
}

static size_t length_of_comment(Str text) {
  if (!str_starts(text, STR("--"))) return 0;
  size_t length = length_of_long(rest_of(text, 2));
  if (length) return 2 + length;
  while (length < text.len && text.ptr[length] != '\n') length++;
  return length;
}

static size_t length_of_quoted(Str text) {
  if (text.len == 0 || (text.ptr[0] != '"' && text.ptr[0] != '\'')) return 0;
  size_t at = 1;
  while (at < text.len && text.ptr[at] != text.ptr[0]) at += text.ptr[at] == '\\' ? 2 : 1;
  return at < text.len ? at + 1 : text.len;
}

static bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t length_of_word(Str text) {
  size_t length = 0;
  while (length < text.len && is_of_name(text.ptr[length])) length++;
  return length;
}

static size_t length_of_token(Str text) {
  size_t length = length_of_word(text);
  if (!length) length = length_of_quoted(text);
  if (!length) length = length_of_long(text);
  return length ? length : text.len > 0;
}

// Takes the next token from the text; it is empty at the end.
static Str next_token(Str *text) {
  size_t comment;
  do {
    *text = str_trim(*text);
    comment = length_of_comment(*text);
    *text = rest_of(*text, comment);
  } while (comment);
  Str token = str_sub(*text, 0, length_of_token(*text));
  *text = rest_of(*text, token.len);
  return token;
}

// ---- values -------------------------------------------------------------------------------------

enum { BEFORE, KEY, EQUALS, VALUE, AFTER, SPAN };

static bool is_separator(Str token) { return str_eq(token, STR(",")) || str_eq(token, STR(";")); }

static bool is_missing(Str key, const Setting *settings) {
  const ConfigKey *one = config_keys;
  while (one->name && !str_eq(str_of(one->name), key)) one++;
  while (settings && !str_eq(settings->key, key)) settings = settings->next;
  return one->name && !settings;
}

static bool is_undefined(Str name, const SettingName *undefined) {
  while (undefined && !str_eq(undefined->text, name)) undefined = undefined->next;
  return undefined != NULL;
}

// Whether the tokens are `KEY = NAME`, an entry of a table that gives no setting.
static bool is_faulty(const Str *span, const Setting *settings, const SettingName *undefined) {
  bool begins = str_eq(span[BEFORE], STR("{")) || is_separator(span[BEFORE]);
  bool ends = str_eq(span[AFTER], STR("}")) || is_separator(span[AFTER]);
  return begins && ends && str_eq(span[EQUALS], STR("=")) && is_undefined(span[VALUE], undefined) &&
         is_missing(span[KEY], settings);
}

static int line_of(Str source, Str token) {
  int line = 1;
  for (const char *at = source.ptr; at < token.ptr; at++) line += *at == '\n';
  return line;
}

// Shows the key and not the name, which may be a secret without its quotes.
static bool refuse(const char *path, int line, Str key, Err *err) {
  return err_set(err, ERR_USAGE,
                 "%s:%d: the value of %.*s is a name that is not defined: a text needs quotes, and "
                 "a name that may be missing a default (NAME or ...)",
                 path, line, STR_FMT(key));
}

bool config_names_judge(const char *path, Str source, const Setting *settings,
                        const SettingName *undefined, Err *err) {
  Str span[SPAN] = { 0 }, text = source;
  int depth = 0;  // of braces: outside of them it is an assignment
  do {
    memmove(span, span + 1, (SPAN - 1) * sizeof *span);
    span[AFTER] = next_token(&text);
    if (depth > 0 && is_faulty(span, settings, undefined))
      return refuse(path, line_of(source, span[VALUE]), span[KEY], err);
    depth += str_eq(span[AFTER], STR("{")) - str_eq(span[AFTER], STR("}"));
  } while (undefined && span[AFTER].len > 0);
  return true;
}
