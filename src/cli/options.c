// Parses a command line.
#include "cli/options.h"

#include "cli/suggest.h"

typedef struct {
  int argc, at;
  char **argv;
  const OptionRules *rules;
  Arena *arena;
  Arguments *out;
  OptionUse **last;
} Reading;

static const Option *find_long(const OptionRules *rules, Str name) {
  for (size_t i = 0; i < sizeof(rules->lists) / sizeof(rules->lists[0]) && rules->lists[i]; i++) {
    for (const Option *option = rules->lists[i]; option->name; option++) {
      if (str_eq(name, str_of(option->name))) return option;
    }
  }
  return NULL;
}

static const Option *find_letter(const OptionRules *rules, char letter) {
  for (size_t i = 0; i < sizeof(rules->lists) / sizeof(rules->lists[0]) && rules->lists[i]; i++) {
    for (const Option *option = rules->lists[i]; option->name; option++) {
      if (option->letter && option->letter == letter) return option;
    }
  }
  return NULL;
}

// `typed`: the option with its dashes, without its value; `advice`: said at the end.
static bool unknown(const OptionRules *rules, Str typed, const char *advice, Err *err) {
  Suggestion nearest = suggest_for(str_sub(typed, strspn(typed.ptr, "-"), typed.len));
  for (size_t i = 0; i < sizeof(rules->lists) / sizeof(rules->lists[0]) && rules->lists[i]; i++) {
    for (const Option *option = rules->lists[i]; option->name; option++)
      suggest_try(&nearest, option->name);
  }
  if (!nearest.name)
    return err_set(err, ERR_USAGE, "unknown option %.*s%s", STR_FMT(typed), advice);
  const Option *meant = find_long(rules, str_of(nearest.name));
  if (nearest.distance > 0 || !meant->argument)
    return err_set(err, ERR_USAGE, "unknown option %.*s; did you mean --%s?%s", STR_FMT(typed),
                   meant->name, advice);
  return err_set(err, ERR_USAGE, "unknown option %.*s; did you mean --%s? --%s %s: %s%s",
                 STR_FMT(typed), meant->name, meant->name, meant->argument, meant->help, advice);
}

static bool add_use(Reading *r, const Option *option, char *value, Err *err) {
  OptionUse *use = arena_calloc(r->arena, 1, sizeof(*use));
  Str copy = { NULL, 0 };
  if (value) copy = arena_dup(r->arena, str_of(value));
  if (!use || (value && !copy.ptr)) return err_set(err, ERR_MEMORY, "no memory");
  *use = (OptionUse){ .option = option, .value = value ? copy.ptr : NULL, .typed = value };
  *r->last = use;
  r->last = &use->next;
  return true;
}

static bool looks_like_option(const char *word) {
  if (word[0] != '-' || word[1] == '\0') return false;
  return !((word[1] >= '0' && word[1] <= '9') ||
           (word[1] == '.' && word[2] >= '0' && word[2] <= '9'));
}

// The option's value if it is a separate word.
static bool next_value(Reading *r, const Option *option, char **value, Err *err) {
  if (r->at >= r->argc) {
    return err_set(err, ERR_USAGE, "--%s needs a value: --%s %s", option->name, option->name,
                   option->argument);
  }
  if (strncmp(r->argv[r->at], "--", 2) == 0) {
    return err_set(err, ERR_USAGE,
                   "--%s needs a value: --%s %s (write --%s=VALUE if it begins with dashes)",
                   option->name, option->name, option->argument, option->name);
  }
  *value = r->argv[r->at++];
  return true;
}

static bool read_long(Reading *r, char *word, Err *err) {
  char *equals = strchr(word, '=');
  Str name = equals ? str_make(word + 2, (size_t)(equals - word) - 2) : str_of(word + 2);
  const Option *option = find_long(r->rules, name);
  if (!option) return unknown(r->rules, str_make(word, name.len + 2), "", err);
  if (!option->argument) {
    if (equals) return err_set(err, ERR_USAGE, "--%s takes no value", option->name);
    return add_use(r, option, NULL, err);
  }
  char *value = equals ? equals + 1 : NULL;
  if (!value && option->may_lack_value) return add_use(r, option, NULL, err);
  if (!value && !next_value(r, option, &value, err)) return false;
  return add_use(r, option, value, err);
}

static bool read_short(Reading *r, char *word, Err *err) {
  const Option *option = find_letter(r->rules, word[1]);
  if (!option)
    return unknown(r->rules, str_make(word, strcspn(word, "=")),
                   " (write -- before an argument that begins with a dash)", err);
  if (!option->argument) {
    if (word[2]) return err_set(err, ERR_USAGE, "-%c takes no value", option->letter);
    return add_use(r, option, NULL, err);
  }
  char *value = word[2] ? word + 2 : NULL;
  if (!value && r->at < r->argc) value = r->argv[r->at++];
  if (!value)
    return err_set(err, ERR_USAGE, "-%c needs a value: -%c %s", option->letter, option->letter,
                   option->argument);
  return add_use(r, option, value, err);
}

bool options_parse(int argc, char **argv, const OptionRules *rules, Arena *arena, Arguments *out,
                   Err *err) {
  *out = (Arguments){ .positionals = arena_calloc(arena, (size_t)argc + 1, sizeof(char *)) };
  if (!out->positionals) return err_set(err, ERR_MEMORY, "no memory");
  Reading r = {
    .argc = argc, .argv = argv, .rules = rules, .arena = arena, .out = out, .last = &out->first
  };
  bool only_positionals = false;
  while (r.at < argc) {
    char *word = argv[r.at++];
    if (only_positionals || !looks_like_option(word)) {
      out->positionals[out->count++] = word;
      only_positionals = only_positionals || rules->stop_at_positional;
    } else if (strcmp(word, "--") == 0) {
      only_positionals = true;
    } else if (word[1] == '-') {
      if (!read_long(&r, word, err)) return false;
    } else if (!read_short(&r, word, err)) {
      return false;
    }
  }
  return true;
}

const char *options_value(const Arguments *arguments, const char *name) {
  const char *value = NULL;
  for (const OptionUse *use = arguments->first; use; use = use->next) {
    if (strcmp(use->option->name, name) == 0) value = use->value ? use->value : use->option->name;
  }
  return value;
}
