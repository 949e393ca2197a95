#include "cli/prompt_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEPT = 1000 };

// Creates missing folders.
static char *find_file(void) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  char path[1024];
  if (state && state[0] == '/') snprintf(path, sizeof path, "%s/wemoon/history", state);
  else if (home && home[0]) snprintf(path, sizeof path, "%s/.local/state/wemoon/history", home);
  else return NULL;
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
  return strdup(path);
}

void prompt_history_open(PromptHistory *inputs, EditLine *edit) {
  HistEvent event;
  inputs->history = history_init();
  inputs->file = find_file();
  if (!inputs->history) return;
  history(inputs->history, &event, H_SETSIZE, KEPT);
  history(inputs->history, &event, H_SETUNIQUE, 1);
  if (inputs->file) history(inputs->history, &event, H_LOAD, inputs->file);
  el_set(edit, EL_HIST, history, inputs->history);
}

static bool sets_a_secret(Str input) {
  static const char *const secrets[] = { "appsecret", "encoding_aes_key", "partnerkey",
                                         "paysignkey", "access_token" };
  if (str_find(input, STR("=")) < 0) return false;
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    if (str_find(input, str_of(secrets[i])) >= 0) return true;
  }
  return false;
}

void prompt_history_add(PromptHistory *inputs, Str input) {
  HistEvent event;
  if (!inputs->history || input.len == 0 || sets_a_secret(input)) return;
  char *copy = strndup(input.ptr, input.len);
  if (copy) history(inputs->history, &event, H_ENTER, copy);
  free(copy);
}

void prompt_history_save(PromptHistory *inputs) {
  HistEvent event;
  if (!inputs->history || !inputs->file) return;
  mode_t before = umask(0077);
  history(inputs->history, &event, H_SAVE, inputs->file);
  umask(before);
  chmod(inputs->file, 0600);
}

void prompt_history_close(PromptHistory *inputs) {
  if (inputs->history) history_end(inputs->history);
  free(inputs->file);
}
