// Asks the environment, not setlocale: the locale need not be installed.
#include "cli/language.h"

#include <stdlib.h>
#include <string.h>

const char *language_of_environment(void) {
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    const char *value = getenv(variables[i]);
    if (value && value[0]) return strncmp(value, "zh", 2) == 0 ? "zh" : "en";
  }
  return "en";
}
