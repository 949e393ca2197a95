// The configuration. One table of keys (config_keys.c) gives flags, environment variables, the file's keys,
// help, checks and masks; strongest first: flag, environment, file, default.
#ifndef WEMOON_CLI_CONFIG_H
#define WEMOON_CLI_CONFIG_H

#include "base/log.h"
#include "bot/bot.h"
#include "bot/capture.h"
#include "cli/options.h"

typedef enum { CONFIG_TEXT, CONFIG_INTEGER, CONFIG_BOOLEAN } ConfigType;
typedef enum {
  CONFIG_OPEN,          // may be shown
  CONFIG_SECRET,        // never shown
  CONFIG_SECRET_IN_URL  // the part before the '@' is never shown
} ConfigSecrecy;

typedef struct {
  const char *name;  // "encrypt_mode": the flag is --encrypt-mode, the variable WEMOON_ENCRYPT_MODE
  ConfigType type;
  ConfigSecrecy secrecy;
  const char *fallback;        // the default, as in the file; NULL: none
  const char *argument;        // the value's name in help
  const char *help;            // one line; config_add_help gives the full text
  int64_t min, max;            // CONFIG_INTEGER
  const char *const *choices;  // CONFIG_TEXT: the allowed words, NULL at the end; NULL: any text
  // CONFIG_TEXT: false if the value is wrong; the reason, with its remedy, must not quote a secret
  bool (*check)(Str value, Err *err);
  bool number_fits;         // CONFIG_TEXT: the file may give it as an integer (a port)
  bool boolean_fits;        // CONFIG_TEXT: the file may give it as true or false
  void (*forms)(Buf *out);  // appends the forms of a value, for help; NULL: `help` has them
  // CONFIG_TEXT: the file's path within a value; empty for a value without. In the configuration file a relative one
  // counts from that file's folder, in a flag or variable from the working directory. NULL: no file.
  Str (*path)(Str value);
} ConfigKey;

extern const ConfigKey config_keys[];  // ended by a NULL name

// Appends the full help of a key, on one line.
void config_add_help(const ConfigKey *key, Buf *out);
// Parses "127.0.0.1:8080", "8080" or "[::1]:8080". The host is empty if there is only a port. False for anything else.
bool config_split_address(Str address, Str *host, int *port);

// A fault: "KEY (from PLACE): WHY", without secrets.
typedef struct ConfigFault {
  Str text;
  struct ConfigFault *next;
} ConfigFault;

typedef struct Config Config;

Config *config_new(Err *err);      // the defaults; free with config_free
void config_free(Config *config);  // NULL is allowed
// The options of the keys, and --config. The list lives as long as `config`.
const Option *config_options(const Config *config);

// Reads the file (--config, else config.lua beside `script`, else, if `here` is set, in the working
// directory), the environment and the flags; checks each value, then keys that belong together. Secrets in flags are
// overwritten in argv. False if there are faults.
bool config_load(Config *config, const Arguments *arguments, const char *script, bool here,
                 char **environment);
// Removes the secrets from the environment of this process, where /proc, scripts and their programs would find them.
// Call it after config_load, before other threads start.
void config_clear_environment(Config *config);
const ConfigFault *config_faults(const Config *config);  // in the order found; NULL: none
// Fills in a missing or empty token, appid and appsecret with simulated values. Call it before config_load to satisfy
// keys that need an appid.
void config_simulate_account(Config *config);
// Sets the default of a text key that is missing or empty.
void config_fill(Config *config, const char *key, Str value);
// Prints the faults on standard error.
void config_report(const Config *config);
// Whether what it takes to call the platform is set: a secret or an access token.
bool config_has_credentials(const Config *config);
// Whether something of an account is set: a token, an AppID, a secret or a key.
bool config_has_account(const Config *config);
// Adds a fault, which ends with the advice, and returns false if there is no token.
bool config_need_token(Config *config, const char *advice);
// Whether the token under `key` is missing, faulty, or 3 to 32 letters and digits, as the platform requires.
bool config_token_fits(const Config *config, const char *key, Err *err);
// Whether a value of `key` was refused, so that config_text has another one.
bool config_is_faulty(const Config *config, const char *key);

Str config_text(const Config *config, const char *key);  // NUL-terminated; empty if not set
// The value of an integer key, and of a boolean one; the default if it is not set.
int64_t config_integer(const Config *config, const char *key);
bool config_boolean(const Config *config, const char *key);
typedef enum {
  CONFIG_FROM_DEFAULT,
  CONFIG_FROM_FILE,
  CONFIG_FROM_ENVIRONMENT,
  CONFIG_FROM_FLAG
} ConfigSource;
ConfigSource config_source(const Config *config, const char *key);  // where its value came from
// The same for people: "--appid", "WEMOON_APPID", "bot/config.lua:3".
const char *config_place(const Config *config, const char *key);
const char *config_file(const Config *config);  // the file that was read, or NULL

// The keys as the parts of the program need them. The results live as long as `config`.
bool config_account(const Config *config, Account *account, Err *err);
const char *config_mode_name(EncryptMode mode);  // as the key's value is written
void config_server(const Config *config, ServerOptions *options);
// The keys that may be shown and their values, for `wechat.config`. NULL without memory.
const Pairs *config_open_values(Config *config, Err *err);
// Stores `account` as it is; the caller adds the services (services_lend).
bool config_interpreter(Config *config, const Account *account, InterpreterOptions *options,
                        Err *err);
bool config_bot(Config *config, const char *script, const Account *account, BotOptions *options,
                Err *err);
// Sets up the log, on standard error.
bool config_log_on_stderr(const Config *config, Err *err);
// Moves the log to log_file, if that is set. ERR_USAGE if it cannot be written.
bool config_log_to_file(const Config *config, Err *err);
// Whether log_file can be written; opens and makes nothing.
bool config_log_would_open(const Config *config, Err *err);
// Opens the file of `capture`; NULL if it is not set. False with ERR_USAGE if it cannot be written.
bool config_capture(const Config *config, Capture **capture, Err *err);
// Whether config_capture could open its file now; makes none.
bool config_capture_would_open(const Config *config, Err *err);

#endif
