// Asks the environment, not setlocale: the locale need not be installed.
#include "cli/language.h"

#include <stdlib.h>
#include <string.h>

#include "bot/prompt_text.h"

const char *language_of_environment(void) {
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *value = getenv(variables[i]);
    if (value && value[0]) return strncmp(value, "zh", 2) == 0 ? "zh" : "en";
  }
  return "en";
}

const char *language_text(const char *english) {
  return prompt_text(english, strcmp(language_of_environment(), "zh") == 0);
}
