// Asks the environment, not setlocale: the locale need not be installed.
#include "cli/language.h"

#include <stdlib.h>
#include <string.h>

#include "bot/prompt_text.h"
#include "cli/docs_call.h"

// "zh", "zh_CN", "zh_CN.UTF-8@x": another charset would show UTF-8 as other characters.
static bool is_chinese_in_utf8(const char *locale) {
  const char *charset = strchr(locale, '.');
  if (strncmp(locale, "zh", 2) != 0) return false;
  if (!charset) return true;
  size_t len = strcspn(++charset, "@");
  Str name = str_make(charset, len);
  return str_eq_nocase(name, STR("UTF-8")) || str_eq_nocase(name, STR("utf8"));
}

const char *language_of_environment(void) {
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *value = getenv(variables[i]);
    if (value && value[0]) return is_chinese_in_utf8(value) ? "zh" : "en";
  }
  return "en";
}

static bool is_chinese(void) { return strcmp(language_of_environment(), "zh") == 0; }

const char *language_text(const char *english) { return prompt_text(english, is_chinese()); }

static void add_said(Buf *out, const char *function, Str english) {
  Err err;
  if (!is_chinese() || !docs_call("docs/say.lua", function, english, out, &err))
    buf_add(out, english);
}

void language_add_error(Buf *out, Str english) { add_said(out, "error", english); }
void language_add_findings(Buf *out, Str english) { add_said(out, "findings", english); }
