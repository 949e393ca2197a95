// Passes the configuration to the parts of the program.
#include "cli/config.h"

#include "base/file.h"
#include "base/secrets.h"
#include "cli/openid_hash.h"
#include "codec/url.h"
#include "dev/devserver.h"
#include "host/host.h"

#include <errno.h>

bool config_account(const Config *config, Account *account, Err *err) {
  AccountSettings settings = {
    .token = config_text(config, "token"),
    .previous_token = config_text(config, "previous_token"),
    .encoding_aes_key = config_text(config, "encoding_aes_key"),
    .previous_encoding_aes_key = config_text(config, "previous_encoding_aes_key"),
    .encrypt_mode = config_text(config, "encrypt_mode"),
    .appid = config_text(config, "appid"),
    .appsecret = config_text(config, "appsecret"),
    .partnerid = config_text(config, "partnerid"),
    .partnerkey = config_text(config, "partnerkey"),
    .paysignkey = config_text(config, "paysignkey"),
  };
  return account_init(account, &settings, err);
}

void config_simulate_account(Config *config) {
  AccountSettings simulated = { .token = STR("") };
  devserver_fill(&simulated);
  config_fill(config, "token", simulated.token);
  config_fill(config, "appid", simulated.appid);
  config_fill(config, "appsecret", simulated.appsecret);
}

const char *config_mode_name(EncryptMode mode) {
  return mode == MODE_SAFE ? "safe" : mode == MODE_COMPATIBLE ? "compatible" : "normal";
}

void config_server(const Config *config, ServerOptions *options) {
  *options = (ServerOptions){
    .listen = config_text(config, "listen"),
    .threads = (int)config_integer(config, "threads"),
    .may_bind = !config_boolean(config, "allow_shell"),
    .head_timeout_ms = 5000,
    .keep_alive_ms = 75000,
    .trusted_proxies = config_text(config, "trusted_proxies"),
  };
}

bool config_interpreter(Config *config, const Account *account, InterpreterOptions *options,
                        Err *err) {
  *options = (InterpreterOptions){
    .open_host = host_open,
    .account = account,
    .config = config_open_values(config, err),
    .cpu_us_max = config_integer(config, "script_cpu_ms") * 1000,
    .memory_max = (size_t)config_integer(config, "script_memory_mb") << 20,
    .allow_shell = config_boolean(config, "allow_shell"),
    .strict = true,
    .error_reply = config_text(config, "error_reply"),
    .job_timeout_ms = config_integer(config, "job_timeout_s") * 1000,
  };
  return options->config != NULL;
}

static LateReply late_reply(Str way) {
  if (str_eq(way, STR("customer_service"))) return LATE_CUSTOMER_SERVICE;
  if (str_eq(way, STR("retry"))) return LATE_RETRY;
  if (str_eq(way, STR("keep"))) return LATE_KEEP;
  return str_eq(way, STR("drop")) ? LATE_DROP : LATE_AUTO;
}

bool config_bot(Config *config, const char *script, const Account *account, BotOptions *options,
                Err *err) {
  *options = (BotOptions){
    .account = account,
    .script = script,
    .path = config_text(config, "path"),
    .max_body = (size_t)config_integer(config, "max_body"),
    .replay_window_s = config_integer(config, "replay_window_s"),
    .dedup_window_s = config_integer(config, "dedup_window_s"),
    .deadline_ms = config_integer(config, "deadline_ms"),
    .max_jobs = config_integer(config, "max_jobs"),
    .late_reply = late_reply(config_text(config, "late_reply")),
    .late_text = config_text(config, "late_text"),
    .watch = config_boolean(config, "watch"),
    .interpreters = config_integer(config, "interpreters"),
    .conversations_last = str_eq(config_text(config, "conversations"), STR("lasting")),
  };
  return config_interpreter(config, account, &options->interpreter, err);
}

// The password of a URL, which a message may quote without the rest.
static void keep_secret(const ConfigKey *key, Str value) {
  Url url;
  if (key->secrecy == CONFIG_SECRET) secrets_add(value);
  if (key->secrecy != CONFIG_SECRET_IN_URL || !url_split(value, &url, NULL)) return;
  ptrdiff_t colon = str_find(url.userinfo, STR(":"));
  if (colon >= 0) secrets_add(str_sub(url.userinfo, (size_t)colon + 1, url.userinfo.len));
}

static void keep_secrets(const Config *config) {
  for (const ConfigKey *key = config_keys; key->name; key++) {
    if (key->secrecy != CONFIG_OPEN) keep_secret(key, config_text(config, key->name));
  }
}

bool config_capture(const Config *config, Capture **capture, Err *err) {
  Str path = config_text(config, "capture");
  *capture = NULL;
  return path.len == 0 || (*capture = capture_open(path.ptr, err)) != NULL;
}

bool config_capture_would_open(const Config *config, Err *err) {
  Str path = config_text(config, "capture");
  return path.len == 0 || capture_would_open(path.ptr, err);
}

static bool refuse_log_file(const char *file, Err *err) {
  return err_set(err, ERR_USAGE, "log_file: cannot write %s: %s", file, strerror(errno));
}

bool config_log_would_open(const Config *config, Err *err) {
  Str file = config_text(config, "log_file");
  return file.len == 0 || file_would_open(file.ptr) || refuse_log_file(file.ptr, err);
}

bool config_log_on_stderr(const Config *config, Err *err) {
  keep_secrets(config);
  if (str_eq(config_text(config, "log_openid"), STR("hash")) &&
      !openid_hash_begin(config_text(config, "token"), err))
    return false;
  Str level = config_text(config, "log_level");
  LogLevel chosen = str_eq(level, STR("debug"))   ? LOG_DEBUG
                    : str_eq(level, STR("warn"))  ? LOG_WARN
                    : str_eq(level, STR("error")) ? LOG_ERROR
                                                  : LOG_INFO;
  log_setup(chosen, str_eq(config_text(config, "log_format"), STR("json")) ? LOG_JSON : LOG_TEXT);
  return true;
}

bool config_log_to_file(const Config *config, Err *err) {
  const char *file = config_text(config, "log_file").ptr;
  return !file || !file[0] || log_to_file(file) || refuse_log_file(file, err);
}
