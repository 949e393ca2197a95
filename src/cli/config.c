// Collects the configuration from its three places and checks keys that belong together.
#include "cli/config.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/file.h"
#include "cli/config_file.h"
#include "cli/suggest.h"
#include "cli/report.h"

#define VARIABLE_PREFIX "WEMOON_"

typedef struct {
  Str text;
  int64_t number;  // of integers and booleans
  ConfigSource source;
  const char *place;  // "--listen", "WEMOON_LISTEN", "bot/config.lua:3"
  bool faulty;        // a value was refused: reported once, and not reported as missing too
} Value;

struct Config {
  Arena *arena;
  size_t count;     // of keys
  Value *values;    // one per key, in the table's order
  Option *options;  // one per key in that order, then --config
  const char *file;
  ConfigFault *faults, **last_fault;
  bool no_memory;
  bool unread;  // the file could not be read
};

static const ConfigFault no_memory_fault = { .text = { "no memory", 9 } };

// ---- faults and values --------------------------------------------------------------------------

static void add_fault(Config *config, Str text) {
  ConfigFault *fault = arena_calloc(config->arena, 1, sizeof(*fault));
  if (!fault || !text.ptr) {
    config->no_memory = true;
    return;
  }
  fault->text = text;
  *config->last_fault = fault;
  config->last_fault = &fault->next;
}

#define FAULT(config, ...) add_fault(config, arena_printf((config)->arena, __VA_ARGS__))

static size_t key_index(const char *name) {
  size_t i = 0;
  while (config_keys[i].name && strcmp(config_keys[i].name, name) != 0) i++;
  if (!config_keys[i].name) abort();  // a misspelt name in this program
  return i;
}

static bool one_of(const char *const *choices, Str text) {
  for (; *choices; choices++) {
    if (str_eq(text, str_of(*choices))) return true;
  }
  return false;
}

static Str list_choices(Config *config, const char *const *choices) {
  Str list = STR("");
  for (size_t i = 0; choices[i]; i++) {
    const char *joint = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
    list = arena_printf(config->arena, "%.*s%s%s", STR_FMT(list), joint, choices[i]);
  }
  return list;
}

static bool parse_boolean(Str text, int64_t *out) {
  static const struct {
    const char *word;
    bool value;
  } words[] = {
    { "true", true },   { "1", true },  { "yes", true },
    { "false", false }, { "0", false }, { "no", false },
  };
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (!str_eq_nocase(text, str_of(words[i].word))) continue;
    *out = words[i].value;
    return true;
  }
  return false;
}

// Checks one value; adds its faults.
static bool check_value(Config *config, const ConfigKey *key, const char *place, Str text,
                        int64_t *number) {
  if (key->type == CONFIG_BOOLEAN) {
    if (parse_boolean(text, number)) return true;
    FAULT(config, "%s (from %s): \"%.*s\" is neither true nor false", key->name, place,
          STR_FMT(text));
    return false;
  }
  if (key->type == CONFIG_INTEGER) {
    if (!str_to_int64(text, number)) {
      FAULT(config, "%s (from %s): \"%.*s\" is not an integer", key->name, place, STR_FMT(text));
    } else if (*number >= key->min && *number <= key->max) {
      return true;
    } else if (key->max == INT64_MAX) {
      FAULT(config, "%s (from %s): %.*s is below %lld", key->name, place, STR_FMT(text),
            (long long)key->min);
    } else {
      FAULT(config, "%s (from %s): %.*s is out of range: write %lld to %lld", key->name, place,
            STR_FMT(text), (long long)key->min, (long long)key->max);
    }
    return false;
  }
  if (key->choices && !one_of(key->choices, text)) {
    FAULT(config, "%s (from %s): unknown value \"%.*s\": write %.*s", key->name, place,
          STR_FMT(text), STR_FMT(list_choices(config, key->choices)));
    return false;
  }
  Err err;
  if (!key->check || key->check(text, &err)) return true;
  FAULT(config, "%s (from %s): %s", key->name, place, err.text);
  return false;
}

// Takes a value from a stronger place. Refuses a NUL byte, which would end it early as a C string.
static void set_value(Config *config, size_t index, ConfigSource source, const char *place,
                      Str text) {
  const ConfigKey *key = &config_keys[index];
  int64_t number = 0;
  Str copy = arena_dup(config->arena, text);
  if (!copy.ptr) {
    config->no_memory = true;
  } else if (text.len && memchr(text.ptr, '\0', text.len)) {
    FAULT(config, "%s (from %s): contains a NUL byte: remove it", key->name, place);
  } else if (check_value(config, key, place, copy, &number)) {
    config->values[index] =
        (Value){ .text = copy, .number = number, .source = source, .place = place };
  } else {
    config->values[index].faulty = true;
    config->values[index].place = place;
  }
}

// ---- the file -----------------------------------------------------------------------------------

static const char *nearest_key(Str word) {
  Suggestion nearest = suggest_for(word);
  for (const ConfigKey *known = config_keys; known->name; known++)
    suggest_try(&nearest, known->name);
  return nearest.name;
}

static void unknown_key(Config *config, Str key, const char *place) {
  const char *meant = nearest_key(key);
  if (meant)
    FAULT(config, "%.*s (from %s): unknown key: did you mean %s?", STR_FMT(key), place, meant);
  else FAULT(config, "%.*s (from %s): unknown key: remove it", STR_FMT(key), place);
}

static bool kind_fits(const ConfigKey *key, const Setting *setting) {
  if (key->type == CONFIG_BOOLEAN) return setting->kind == SETTING_BOOLEAN;
  if (key->type == CONFIG_INTEGER) return setting->kind == SETTING_INTEGER;
  return setting->kind == SETTING_STRING ||
         (setting->kind == SETTING_INTEGER && key->number_fits) ||
         (setting->kind == SETTING_BOOLEAN && key->boolean_fits);
}

static void refuse_kind(Config *config, size_t index, const Setting *setting, const char *place) {
  static const char *const wanted[] = { "a string: put it in quotes",
                                        "an integer, without quotes or fraction",
                                        "true or false, without quotes" };
  const ConfigKey *key = &config_keys[index];
  config->values[index].faulty = true;
  config->values[index].place = place;
  if (key->boolean_fits)
    FAULT(config, "%s (from %s): is a %s, must be true, false or a string", key->name, place,
          setting->type_name);
  else if (key->choices)
    FAULT(config, "%s (from %s): is a %s: write %.*s, in quotes", key->name, place,
          setting->type_name, STR_FMT(list_choices(config, key->choices)));
  else
    FAULT(config, "%s (from %s): is a %s, must be %s", key->name, place, setting->type_name,
          wanted[key->type]);
}

// "sqlite:wemoon.db" in "bots/config.lua" is "sqlite:bots/wemoon.db".
static Str beside_file(Config *config, const ConfigKey *key, Str text) {
  Str path = key->path ? key->path(text) : STR("");
  Str folder = file_folder(config->file);
  if (folder.len == 0 || path.len == 0 || path.ptr[0] == '/') return text;
  Str start = str_sub(text, 0, text.len - path.len);
  Str beside =
      arena_printf(config->arena, "%.*s%.*s%.*s", STR_FMT(start), STR_FMT(folder), STR_FMT(path));
  if (!beside.ptr) config->no_memory = true;
  return beside.ptr ? beside : text;
}

static void take_setting(void *ctx, const Setting *setting, const char *place) {
  Config *config = ctx;
  size_t index = 0;
  while (index < config->count && !str_eq(setting->key, str_of(config_keys[index].name))) index++;
  if (index == config->count) unknown_key(config, setting->key, place);
  else if (kind_fits(&config_keys[index], setting))
    set_value(config, index, CONFIG_FROM_FILE, place,
              beside_file(config, &config_keys[index], setting->text));
  else refuse_kind(config, index, setting, place);
}

static void load_file(Config *config, const char *path) {
  Err err;
  config->file = path;
  if (config_file_read(path, config->arena, take_setting, config, &err)) return;
  config->unread = true;
  FAULT(config, "%s", err.text);
}

// ---- environment and flags ----------------------------------------------------------------------

// "WEMOON_ENCRYPT_MODE"
static const char *variable_of(Config *config, const char *key) {
  Str name = arena_printf(config->arena, VARIABLE_PREFIX "%s", key);
  if (!name.ptr) config->no_memory = true;
  for (size_t i = 0; i < name.len; i++)
    ((char *)name.ptr)[i] = (char)toupper((unsigned char)name.ptr[i]);
  return name.ptr ? name.ptr : "";
}

static void take_variable(Config *config, Str name, Str value) {
  for (size_t i = 0; i < config->count; i++) {
    const char *variable = variable_of(config, config_keys[i].name);
    if (!str_eq(name, str_of(variable))) continue;
    set_value(config, i, CONFIG_FROM_ENVIRONMENT, variable, value);
    return;
  }
  const char *meant = nearest_key(str_sub(name, strlen(VARIABLE_PREFIX), name.len));
  if (meant)
    FAULT(config, "%.*s (from the environment): unknown variable: did you mean %s?", STR_FMT(name),
          variable_of(config, meant));
  else FAULT(config, "%.*s (from the environment): unknown variable: remove it", STR_FMT(name));
}

static bool ends_one_of(Str name, const char *const *ends) {
  for (; *ends; ends++) {
    if (str_ends(name, str_of(*ends))) return true;
  }
  return false;
}

// Kubernetes sets variables for each Service in the form of Docker links: for one named wemoon
// WEMOON_PORT=tcp://..., WEMOON_SERVICE_HOST, WEMOON_SERVICE_PORT[_NAME], WEMOON_PORT_80_TCP[_ADDR], for one
// named wemoon-redis WEMOON_REDIS_PORT and so on.
static bool is_from_kubernetes(Str name, Str value) {
  static const char *const ends[] = { "_SERVICE_HOST", "_SERVICE_PORT", "_TCP",       "_UDP",
                                      "_SCTP",         "_TCP_ADDR",     "_TCP_PORT",  "_TCP_PROTO",
                                      "_UDP_ADDR",     "_UDP_PORT",     "_UDP_PROTO", "_SCTP_ADDR",
                                      "_SCTP_PORT",    "_SCTP_PROTO",   NULL };
  if (str_find(name, STR("_SERVICE_PORT_")) >= 0 || ends_one_of(name, ends)) return true;
  return str_ends(name, STR("_PORT")) && str_find(value, STR("://")) > 0;
}

static void load_environment(Config *config, char **environment) {
  for (; *environment; environment++) {
    Str name, value;
    str_cut(str_of(*environment), '=', &name, &value);
    if (str_starts(name, STR(VARIABLE_PREFIX)) && !is_from_kubernetes(name, value))
      take_variable(config, name, value);
  }
}

// By its name: it may be another configuration's (`wemoon test` has one for each spec). `count` for one that is no
// key's.
static size_t index_of_option(const Config *config, const Option *option) {
  size_t index = 0;
  while (index < config->count && strcmp(config->options[index].name, option->name) != 0) index++;
  return index;
}

static void load_flags(Config *config, const Arguments *arguments) {
  for (const OptionUse *use = arguments->first; use; use = use->next) {
    // A command's own option may have a key's name: repl --attach.
    bool own = use->option->may_lack_value;
    size_t index = own ? config->count : index_of_option(config, use->option);
    if (index == config->count) continue;
    Str place = arena_printf(config->arena, "--%s", use->option->name);
    set_value(config, index, CONFIG_FROM_FLAG, place.ptr ? place.ptr : "a flag",
              str_of(use->value));
    if (config_keys[index].secrecy != CONFIG_OPEN) memset(use->typed, '*', strlen(use->typed));
  }
}

// ---- what belongs together ----------------------------------------------------------------------

static bool is_set(const Config *config, const char *key) {
  const Value *value = &config->values[key_index(key)];
  return value->faulty || (value->source != CONFIG_FROM_DEFAULT && value->text.len > 0);
}

static void check_partners(Config *config) {
  static const struct {
    const char *key, *partner, *why;
  } partners[] = {
    { "appsecret", "appid", "an AppSecret is of no use without its AppID" },
    { "previous_token", "token", "the token that is valid now" },
    { "previous_encoding_aes_key", "encoding_aes_key", "the key that is valid now" },
    { "access_token", "access_token_expires_at", "when it expires, in Unix seconds" },
    { "access_token_expires_at", "access_token", "the token whose expiry this is" },
    { "jsapi_ticket", "jsapi_ticket_expires_at", "when it expires, in Unix seconds" },
    { "jsapi_ticket_expires_at", "jsapi_ticket", "the ticket whose expiry this is" },
  };
  for (size_t i = 0; i < sizeof(partners) / sizeof(partners[0]); i++) {
    if (!is_set(config, partners[i].key) || is_set(config, partners[i].partner)) continue;
    FAULT(config, "%s (from %s): needs %s too: %s", partners[i].key,
          config->values[key_index(partners[i].key)].place, partners[i].partner, partners[i].why);
  }
}

static void check_encryption(Config *config) {
  bool key = is_set(config, "encoding_aes_key");
  const Value *mode = &config->values[key_index("encrypt_mode")];
  bool encrypts = mode->text.len > 0 ? !str_eq(mode->text, STR("normal")) : key;
  if (!encrypts || mode->faulty) return;
  const char *cause = mode->text.len > 0 ? "encrypt_mode" : "encoding_aes_key";
  const char *place =
      mode->text.len > 0 ? mode->place : config->values[key_index("encoding_aes_key")].place;
  if (!key) {
    FAULT(config,
          "%s (from %s): \"%.*s\" needs encoding_aes_key too: the account's EncodingAESKey, 43 "
          "characters",
          cause, place, STR_FMT(mode->text));
  }
  if (config_text(config, "appid").len == 0 && !is_set(config, "appid")) {
    FAULT(config, "%s (from %s): needs appid too: it is sealed into every encrypted message", cause,
          place);
  }
}

static bool is_any_host(Str host) {
  return str_eq(host, STR("0.0.0.0")) || str_eq(host, STR("[::]"));
}

static void check_addresses(Config *config) {
  Str listen = config_text(config, "listen"), admin_listen = config_text(config, "admin_listen");
  Str host, admin_host;
  int port, admin_port;
  if (admin_listen.len == 0 || !config_split_address(listen, &host, &port) ||
      !config_split_address(admin_listen, &admin_host, &admin_port))
    return;
  if (host.len == 0) host = STR("127.0.0.1");
  if (admin_host.len == 0) admin_host = STR("127.0.0.1");
  bool meet = str_eq(host, admin_host) || is_any_host(host) || is_any_host(admin_host);
  if (meet && port == admin_port && port != 0)
    FAULT(config, "admin_listen (from %s): is the address of listen too: give it another port",
          config->values[key_index("admin_listen")].place);
}

// ---- public -------------------------------------------------------------------------------------

void config_add_help(const ConfigKey *key, Buf *out) {
  if (key->forms) key->forms(out);
  if (key->forms) buf_add(out, STR("; "));
  buf_add(out, str_of(key->help));
}

static const char *make_help(Config *config, const ConfigKey *key) {
  Buf help;
  buf_init(&help);
  config_add_help(key, &help);
  Str copy = arena_dup(config->arena, buf_str(&help));
  bool ok = !help.failed;
  buf_clear(&help);
  return ok ? copy.ptr : NULL;
}

static bool make_options(Config *config) {
  config->options = arena_calloc(config->arena, config->count + 2, sizeof(Option));
  if (!config->options) return false;
  for (size_t i = 0; i < config->count; i++) {
    Str name = arena_dup(config->arena, str_of(config_keys[i].name));
    if (!name.ptr) return false;
    for (size_t c = 0; c < name.len; c++) {
      if (name.ptr[c] == '_') ((char *)name.ptr)[c] = '-';
    }
    const char *help = make_help(config, &config_keys[i]);
    if (!help) return false;
    config->options[i] =
        (Option){ .name = name.ptr, .argument = config_keys[i].argument, .help = help };
  }
  config->options[config->count] =
      (Option){ .name = "config", .argument = "FILE", .help = "the configuration file" };
  return true;
}

Config *config_new(Err *err) {
  Arena *arena = arena_new();
  Config *config = arena ? arena_calloc(arena, 1, sizeof(*config)) : NULL;
  if (!config) {
    arena_free(arena);
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  config->arena = arena;
  config->last_fault = &config->faults;
  while (config_keys[config->count].name) config->count++;
  config->values = arena_calloc(arena, config->count, sizeof(Value));
  if (!config->values || !make_options(config)) {
    arena_free(arena);
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  for (size_t i = 0; i < config->count; i++) {
    config->values[i].text = STR("");
    if (config_keys[i].fallback)
      set_value(config, i, CONFIG_FROM_DEFAULT, "the default", str_of(config_keys[i].fallback));
  }
  return config;
}

void config_free(Config *config) {
  if (config) arena_free(config->arena);
}

const Option *config_options(const Config *config) { return config->options; }

bool config_load(Config *config, const Arguments *arguments, const char *script, bool here,
                 char **environment) {
  const char *named = options_value(arguments, "config");
  const char *path = named ? named : config_file_find(config->arena, script, here);
  if (path) load_file(config, path);
  load_environment(config, environment);
  load_flags(config, arguments);
  check_partners(config);
  check_encryption(config);
  check_addresses(config);
  return config_faults(config) == NULL;
}

void config_clear_environment(Config *config) {
  for (size_t i = 0; i < config->count; i++) {
    if (config_keys[i].secrecy == CONFIG_OPEN) continue;
    const char *variable = variable_of(config, config_keys[i].name);
    char *value = *variable ? getenv(variable) : NULL;
    if (!value) continue;
    memset(value, '*', strlen(value));
    unsetenv(variable);
  }
}

const ConfigFault *config_faults(const Config *config) {
  return config->no_memory && !config->faults ? &no_memory_fault : config->faults;
}

void config_report(const Config *config) {
  for (const ConfigFault *fault = config_faults(config); fault; fault = fault->next) {
    report("", "%.*s", STR_FMT(fault->text));
  }
}

void config_fill(Config *config, const char *key, Str value) {
  size_t index = key_index(key);
  if (config->values[index].text.len == 0)
    set_value(config, index, CONFIG_FROM_DEFAULT, "the simulated account", value);
}

bool config_has_credentials(const Config *config) {
  return (is_set(config, "appid") && is_set(config, "appsecret")) || is_set(config, "access_token");
}

bool config_has_account(const Config *config) {
  static const char *const keys[] = { "token", "previous_token", "appid", "appsecret",
                                      "encoding_aes_key" };
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (is_set(config, keys[i])) return true;
  }
  return false;
}

bool config_need_token(Config *config, const char *advice) {
  if (is_set(config, "token")) return true;
  if (config->unread) return false;  // the file's own fault is told; the token may stand in it
  FAULT(config,
        "token: is not set: give --token, WEMOON_TOKEN or token = \"...\" in config.lua (%s). %s",
        "the callback token, from " ACCOUNT_PLACE_CALLBACK, advice);
  return false;
}

static bool token_fits(Str token) {
  bool fits = token.len >= 3 && token.len <= 32;
  for (size_t i = 0; fits && i < token.len; i++) {
    unsigned char c = (unsigned char)token.ptr[i];
    fits = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  }
  return fits;
}

bool config_token_fits(const Config *config, const char *key, Err *err) {
  const Value *value = &config->values[key_index(key)];
  if (value->text.len == 0 || value->faulty || token_fits(value->text)) return true;
  return err_set(err, ERR_USAGE,
                 "%s (from %s): is not a token of 3 to 32 letters and digits, as the platform "
                 "requires: copy it from " ACCOUNT_PLACE_CALLBACK ", without quotes",
                 key, value->place);
}

static const Value *value_of(const Config *config, const char *key) {
  return &config->values[key_index(key)];
}
Str config_text(const Config *config, const char *key) { return value_of(config, key)->text; }
int64_t config_integer(const Config *config, const char *key) {
  return value_of(config, key)->number;
}
bool config_boolean(const Config *config, const char *key) {
  return value_of(config, key)->number != 0;
}
bool config_is_faulty(const Config *config, const char *key) {
  return value_of(config, key)->faulty;
}
ConfigSource config_source(const Config *config, const char *key) {
  return value_of(config, key)->source;
}
const char *config_place(const Config *config, const char *key) {
  return value_of(config, key)->place;
}
const char *config_file(const Config *config) { return config->file; }

static bool list_open_values(Config *config, Pairs *pairs) {
  for (size_t i = 0; i < config->count; i++) {
    const ConfigKey *key = &config_keys[i];
    if (key->secrecy != CONFIG_OPEN || config->values[i].text.len == 0) continue;
    if (!pairs_add(pairs, config->arena, str_of(key->name), config->values[i].text)) return false;
  }
  return true;
}

const Pairs *config_open_values(Config *config, Err *err) {
  Pairs *pairs = arena_calloc(config->arena, 1, sizeof(*pairs));
  if (pairs && list_open_values(config, pairs)) return pairs;
  err_set(err, ERR_MEMORY, "no memory");
  return NULL;
}
