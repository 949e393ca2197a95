// Asks lua/docs once for all the texts, as JSON.
#include "cli/help_texts.h"

#include <stdlib.h>
#include <string.h>

#include "cli/docs_call.h"
#include "cli/language.h"
#include "codec/json.h"

struct HelpTexts {
  JsonDoc *json;  // {"GROUP": {"NAME": "TEXT"}}
};

static JsonDoc *read_texts(void) {
  Buf text;
  Err err;
  buf_init(&text);
  JsonDoc *json = NULL;
  if (docs_call("docs/init.lua", "help", STR(""), &text, &err))
    json = json_parse(buf_str(&text), &err);
  buf_clear(&text);
  return json;
}

HelpTexts *help_texts_open(void) {
  if (strcmp(language_of_environment(), "zh") != 0) return NULL;
  HelpTexts *texts = calloc(1, sizeof *texts);
  if (texts && (texts->json = read_texts())) return texts;
  help_texts_close(texts);
  return NULL;
}

void help_texts_close(HelpTexts *texts) {
  if (!texts) return;
  json_free(texts->json);
  free(texts);
}

Str help_text(const HelpTexts *texts, const char *group, const char *name, const char *english) {
  const Json *in = texts ? json_get(json_root(texts->json), str_of(group)) : NULL;
  const Json *text = in ? json_get(in, str_of(name)) : NULL;
  return text ? json_string(text) : str_of(english);
}
