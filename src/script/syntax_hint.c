#include "script/syntax_hint.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char compare[] = "write == to compare, and >= or <= for => and =<";
static const char blocks[] = "write then, do or nothing for {, and end for }";
static const char brace[] =
    "write then, do or nothing for {, and end for }; or an = is missing before it";
static const char comments[] = "comments begin with --";
static const char only_ascii[] =
    "outside of texts Lua takes ASCII alone: \"...\" for “...”, and , for ，";

// The ends of the parser's messages.
static const struct {
  const char *end, *hint;
} rows[] = {
  { "'then' expected near '='", compare },
  { "'do' expected near '='", compare },
  { "')' expected near '='",
    "named arguments stand in braces, f{ name = 1 }; == compares; a parameter "
    "has no default: write a = a or 1 in the function" },
  { "near '!'", "write ~= for !=, and not for !" },
  { "syntax error near '+'", "write n = n + 1 for n += 1 and n++" },
  { "syntax error near '-'", "write n = n - 1 for n -= 1" },
  { "unexpected symbol near '&'", "write and for &&" },
  { "unexpected symbol near '|'", "write or for ||" },
  { "'then' expected near '{'", blocks },
  { "'do' expected near '{'", blocks },
  { "unexpected symbol near '{'", brace },
  { "unexpected symbol near '#'", comments },
  { "unexpected symbol near '//'", comments },
  { "unexpected symbol near '/'", comments },
  { "unexpected symbol near '['", "lists are written { 1, 2 }; or an = is missing before it" },
  // First bytes of quotes and marks as a Chinese keyboard writes them.
  { "near '<\\226>'", only_ascii },
  { "near '<\\227>'", only_ascii },
  { "near '<\\239>'", only_ascii },
};

static bool ends_with(const char *text, const char *end) {
  size_t len = strlen(text), end_len = strlen(end);
  return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

const char *syntax_hint(const char *message) {
  if (strstr(message, ": function arguments expected near "))
    return "a field is read with a dot; a colon calls a method: name:method()";
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (ends_with(message, rows[i].end)) return rows[i].hint;
  }
  return NULL;
}
