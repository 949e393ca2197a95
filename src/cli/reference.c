#include "cli/reference.h"

#include "bot/bot_metrics.h"
#include "codec/json.h"

static void add_member(Buf *out, const char *name, Str value) {
  buf_printf(out, ",\"%s\":", name);
  json_add_string(out, value);
}

static void add_name(Buf *out, bool first, const char *name) {
  buf_add(out, first ? STR("{\"name\":") : STR(",{\"name\":"));
  json_add_string(out, str_of(name));
}

// ---- the configuration --------------------------------------------------------------------------

static void add_key(Buf *out, const ConfigKey *key) {
  Buf help;
  buf_init(&help);
  config_add_help(key, &help);
  add_name(out, key == config_keys, key->name);
  if (key->fallback) add_member(out, "default", str_of(key->fallback));
  add_member(out, "help", buf_str(&help));
  buf_addc(out, '}');
  buf_clear(&help);
}

void reference_keys(Buf *out) {
  buf_addc(out, '[');
  for (const ConfigKey *key = config_keys; key->name; key++) add_key(out, key);
  buf_addc(out, ']');
}

// ---- the commands -------------------------------------------------------------------------------

static void add_options(Buf *out, const Option *options) {
  buf_add(out, STR(",\"options\":["));
  for (const Option *option = options; option && option->name; option++) {
    add_name(out, option == options, option->name);
    if (option->argument) add_member(out, "argument", str_of(option->argument));
    if (option->may_lack_value) buf_add(out, STR(",\"may_lack_value\":true"));
    add_member(out, "help", str_of(option->help));
    buf_addc(out, '}');
  }
  buf_addc(out, ']');
}

static void add_command(Buf *out, bool first, const Command *command) {
  Buf more;
  buf_init(&more);
  if (command->add_details) command->add_details(&more);
  add_name(out, first, command->name);
  add_member(out, "usage", str_of(command->usage));
  add_member(out, "summary", str_of(command->summary));
  add_member(out, "details", str_of(command->details));
  add_member(out, "more", buf_str(&more));
  add_options(out, command->options);
  buf_addc(out, '}');
  buf_clear(&more);
}

void reference_commands(const Command *const *commands, Buf *out) {
  buf_addc(out, '[');
  for (size_t i = 0; commands[i]; i++) add_command(out, i == 0, commands[i]);
  buf_addc(out, ']');
}

// ---- the metrics --------------------------------------------------------------------------------

static void add_metric(Buf *out, bool first, const char *name, const char *help) {
  add_name(out, first, name);
  add_member(out, "help", str_of(help));
  buf_addc(out, '}');
}

void reference_metrics(Buf *out) {
  buf_addc(out, '[');
  for (int i = 0; i < BOT_VALUES; i++)
    add_metric(out, i == 0, bot_metric_values[i].name, bot_metric_values[i].help);
  for (const MetricFamily *family = bot_metric_families; family->name; family++)
    add_metric(out, false, family->name, family->help);
  buf_addc(out, ']');
}

void reference_about(const char *lang, const Command *const *commands, Buf *out) {
  buf_printf(out, "{\"lang\":\"%s\",\"version\":\"%s\",\"keys\":", lang, WEMOON_VERSION);
  reference_keys(out);
  if (commands) buf_add(out, STR(",\"commands\":"));
  if (commands) reference_commands(commands, out);
  buf_addc(out, '}');
}

void reference_prompt(const Command *const *commands, Buf *out) {
  buf_add(out, STR("\"keys\":"));
  reference_keys(out);
  buf_add(out, STR(",\"commands\":"));
  reference_commands(commands, out);
  buf_add(out, STR(",\"metrics\":"));
  reference_metrics(out);
}
