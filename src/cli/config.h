// The configuration. One table of keys (config_keys.c) gives flags, environment variables, the file's keys,
// help, checks and masks; strongest first: flag, environment, file, default.
#ifndef WEMOON_CLI_CONFIG_H
#define WEMOON_CLI_CONFIG_H

#include "base/log.h"
#include "bot/bot.h"
#include "cli/options.h"

typedef enum { CONFIG_TEXT, CONFIG_INTEGER, CONFIG_BOOLEAN } ConfigType;
typedef enum {
  CONFIG_OPEN,          // may be shown
  CONFIG_SECRET,        // never
  CONFIG_SECRET_IN_URL  // what stands before the '@' of the address is not shown
} ConfigSecrecy;

typedef struct {
  const char *name;  // "encrypt_mode": the flag is --encrypt-mode, the variable WEMOON_ENCRYPT_MODE
  ConfigType type;
  ConfigSecrecy secrecy;
  const char *fallback;        // the default, as it would be written; NULL: none
  const char *argument;        // what help calls the value
  const char *help;            // one line
  int64_t min, max;            // CONFIG_INTEGER
  const char *const *choices;  // CONFIG_TEXT: the words there are, NULL at the end; NULL: any
  bool (*check)(
      Str value,
      Err *err);  // CONFIG_TEXT: false, and the reason with its mend, which must not hold a secret
  bool number_fits;  // CONFIG_TEXT: the file may give it as an integer (a port)
} ConfigKey;

extern const ConfigKey config_keys[];  // the last one's name is NULL

// "127.0.0.1:8080", "8080", "[::1]:8080" taken apart. The host is empty where only a port is given. False for
// anything else.
bool config_split_address(Str address, Str *host, int *port);

// A fault that was found: "KEY (from PLACE): WHY", without secrets.
typedef struct ConfigFault {
  Str text;
  struct ConfigFault *next;
} ConfigFault;

typedef struct Config Config;

Config *config_new(Err *err);      // the defaults; free with config_free
void config_free(Config *config);  // NULL is allowed
// The options that set keys, and --config. The list lives as long as `config`.
const Option *config_options(const Config *config);

// Reads the file (--config, else config.lua beside `script`, else, or where `script` is NULL, in the working
// directory when `here` is set), the environment and the flags, and checks each value and what belongs
// together. Secrets that were given as flags are overwritten where they stand in argv. False when there are
// faults.
bool config_load(Config *config, const Arguments *arguments, const char *script, bool here,
                 char **environment);
// Takes the secrets out of this process's environment, where /proc, core files, scripts and the programs that they
// start would find them. After config_load; no other thread runs.
void config_clear_environment(Config *config);
const ConfigFault *config_faults(const Config *config);
// Fills in a simulated account where token, appid or appsecret are not set, or set to nothing. Before
// config_load it is there for keys that need an appid too.
void config_simulate_account(Config *config);
// Gives a text key that is not set, or set to nothing, a value: as if it were the default.
void config_fill(Config *config, const char *key, Str value);
// Reports the faults on standard error.
void config_report(const Config *config);
// Without a token there is nobody to serve: adds a fault and returns false.
bool config_need_token(Config *config);

Str config_text(const Config *config, const char *key);  // NUL-terminated; empty where not set
int64_t config_integer(const Config *config, const char *key);
bool config_boolean(const Config *config, const char *key);
typedef enum {
  CONFIG_FROM_DEFAULT,
  CONFIG_FROM_FILE,
  CONFIG_FROM_ENVIRONMENT,
  CONFIG_FROM_FLAG
} ConfigSource;
ConfigSource config_source(const Config *config, const char *key);
const char *config_file(const Config *config);  // the file that was read, or NULL

// The keys as the parts of the program want them. What is filled in lives as long as `config`.
bool config_account(const Config *config, Account *account, Err *err);
const char *config_mode_name(EncryptMode mode);  // as the key's value is written
void config_server(const Config *config, ServerOptions *options);
// The keys that may be shown and their values: what `wechat.config` holds. NULL without memory.
const Pairs *config_open_values(Config *config, Err *err);
// `account` is put in as it is; what the script reaches outside is the caller's to add.
bool config_interpreter(Config *config, const Account *account, InterpreterOptions *options,
                        Err *err);
bool config_bot(Config *config, const char *script, const Account *account, BotOptions *options,
                Err *err);
// Sets up the log. False with ERR_USAGE: log_file cannot be written.
bool config_log(const Config *config, Err *err);

#endif
