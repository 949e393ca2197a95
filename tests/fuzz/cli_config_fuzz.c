// The configuration's environment and flags: any bytes give values or faults, and no fault shows a secret.
#include <stdlib.h>

#include "cli/config.h"

enum { WORDS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Cuts the input at newlines: lines that begin with "WEMOON_" are variables, the others words of a command
// line.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  char *variables[WORDS_MAX + 1] = { NULL }, *words[WORDS_MAX + 1] = { NULL };
  int variable_count = 0, word_count = 0;
  memcpy(text, data, size);
  text[size] = '\0';
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    if (strncmp(line, "WEMOON_", 7) == 0 && variable_count < WORDS_MAX)
      variables[variable_count++] = line;
    else if (word_count < WORDS_MAX) words[word_count++] = line;
  }
  Err err;
  Arguments arguments;
  Account account;
  Arena *arena = arena_new();
  Config *config = config_new(&err);
  OptionRules rules = { .lists = { config_options(config) } };
  if (options_parse(word_count, words, &rules, arena, &arguments, &err) &&
      !options_value(&arguments, "config") &&
      config_load(config, &arguments, "/nowhere/bot.lua", false, variables)) {
    if (!config_account(config, &account, &err))
      abort();  // whatever account_init refuses was to be found before
  }
  config_free(config);
  arena_free(arena);
  free(text);
  return 0;
}
