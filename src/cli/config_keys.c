// The one table of configuration keys, with the checks of their values.
#include "cli/config.h"

#include <arpa/inet.h>

#include "codec/certificates.h"
#include "codec/url.h"
#include "net/server.h"
#include "store/store.h"

// ---- checks -------------------------------------------------------------------------------------

static bool check_trimmed(Str value, Err *err) {
  if (str_trim(value).len == value.len) return true;
  return err_set(err, ERR_USAGE, "begins or ends with white space: remove it");
}

static bool check_aes_key(Str value, Err *err) {
  if (value.len == 0) return true;
  if (value.len != 43)
    return err_set(err, ERR_USAGE,
                   "has %zu characters, but an EncodingAESKey has 43: copy it again", value.len);
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.ptr[i];
    bool known = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                 c == '+' || c == '/';
    if (!known)
      return err_set(
          err, ERR_USAGE,
          "has a character at position %zu that an EncodingAESKey cannot have: copy it again",
          i + 1);
  }
  return true;
}

static bool parse_port(Str text, int *port) {
  int64_t number;
  if (text.len == 0 || text.ptr[0] == '-' || !str_to_int64(text, &number) || number > 65535)
    return false;
  *port = (int)number;
  return true;
}

bool config_split_address(Str address, Str *host, int *port) {
  *host = STR("");
  if (parse_port(address, port)) return true;
  char plain[INET6_ADDRSTRLEN];
  struct in6_addr parsed;
  size_t colon = address.len;
  while (colon > 0 && address.ptr[colon - 1] != ':') colon--;
  if (colon < 2 || !parse_port(str_sub(address, colon, address.len), port)) return false;
  *host = str_sub(address, 0, colon - 1);
  bool ipv6 = host->ptr[0] == '[';
  if (ipv6 && !str_ends(*host, STR("]"))) return false;
  Str number = ipv6 ? str_sub(*host, 1, host->len - 2) : *host;
  if (number.len >= sizeof(plain)) return false;
  memcpy(plain, number.ptr, number.len);
  plain[number.len] = '\0';
  return inet_pton(ipv6 ? AF_INET6 : AF_INET, plain, &parsed) == 1;
}

static bool check_address(Str value, Err *err) {
  Str host;
  int port;
  if (config_split_address(value, &host, &port)) return true;
  return err_set(
      err, ERR_USAGE,
      "\"%.*s\" is not an address to listen on: write 127.0.0.1:8080, 8080 or [::1]:8080",
      STR_FMT(value));
}

static bool check_optional_address(Str value, Err *err) {
  return value.len == 0 || check_address(value, err);
}

enum { LATE_TEXT_MAX = 600 };

static bool check_late_text(Str value, Err *err) {
  if (value.len <= LATE_TEXT_MAX) return true;
  return err_set(
      err, ERR_USAGE,
      "has %zu bytes, and it is appended to what was said before: at most %d are allowed",
      value.len, LATE_TEXT_MAX);
}

static bool check_path(Str value, Err *err) {
  if (!str_starts(value, STR("/"))) {
    return err_set(err, ERR_USAGE, "\"%.*s\" does not begin with /: write /%.*s", STR_FMT(value),
                   STR_FMT(value));
  }
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.ptr[i];
    if (c > ' ' && c < 0x7f && c != '?' && c != '#') continue;
    return err_set(err, ERR_USAGE,
                   "\"%.*s\" has a character that a path cannot have: percent-encode it, and leave "
                   "out ? and #",
                   STR_FMT(value));
  }
  return true;
}

static bool check_base(Str value, Err *err) {
  Url url;
  Err why = { 0 };
  if (!url_split_http(value, &url, &why))
    return err_set(err, ERR_USAGE, "%s: write https://HOST[:PORT]", why.text);
  if (url.query.len == 0 && url.userinfo.len == 0) return true;
  return err_set(
      err, ERR_USAGE,
      "the address of a server has neither a user nor a query: write https://HOST[:PORT]");
}

static bool check_proxy(Str value, Err *err) {
  static const char *const schemes[] = { "http",   "https",   "socks4", "socks4a",
                                         "socks5", "socks5h", NULL };
  if (value.len == 0) return true;
  Url url;
  Err why = { .text = "the address has a scheme that no proxy has" };
  if (url_split(value, &url, &why)) {
    for (size_t i = 0; schemes[i]; i++) {
      if (str_eq(url.scheme, str_of(schemes[i]))) return true;
    }
  }
  return err_set(err, ERR_USAGE, "%s: write http://[USER:PASSWORD@]HOST:PORT or socks5://HOST:PORT",
                 why.text);
}

static bool check_attach(Str value, Err *err) {
  if (str_eq(value, STR("true")) || str_eq(value, STR("false")) || str_find(value, STR("/")) >= 0)
    return true;
  return err_set(err, ERR_USAGE, "\"%.*s\" is neither true nor false nor a path: write ./%.*s",
                 STR_FMT(value), STR_FMT(value));
}

static bool check_certificates(Str value, Err *err) {
  return value.len == 0 || certificates_check(value.ptr, err);
}

// ---- paths ----

static Str whole(Str value) { return value; }

// Of "./a.sock", not of "true": see check_attach.
static Str path_of_socket(Str value) { return str_find(value, STR("/")) >= 0 ? value : STR(""); }

static Str path_of_store(Str value) {
  static const char *const schemes[] = { "sqlite:", "redis+unix:", NULL };
  for (const char *const *scheme = schemes; *scheme; scheme++) {
    if (str_starts(value, str_of(*scheme))) return str_sub(value, strlen(*scheme), value.len);
  }
  return STR("");
}

// ---- the table ----------------------------------------------------------------------------------

static const char *const modes[] = { "normal", "compatible", "safe", NULL };
static const char *const token_apis[] = { "stable", "classic", NULL };
static const char *const late_replies[] = { "auto", "customer_service", "retry", "keep", "drop",
                                            NULL };
static const char *const conversations[] = { "lasting", "process", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const log_formats[] = { "text", "json", NULL };
static const char *const log_openids[] = { "plain", "hash", NULL };

#define DAY_S 86400
#define TEXT(name_, fallback_, argument_, help_)                                                   \
  .name = name_, .type = CONFIG_TEXT, .fallback = fallback_, .argument = argument_, .help = help_
#define SECRET(name_, check_, help_)                                                               \
  .name = name_, .type = CONFIG_TEXT, .secrecy = CONFIG_SECRET, .argument = "SECRET",              \
  .help = help_, .check = check_
#define INTEGER(name_, fallback_, min_, max_, help_)                                               \
  .name = name_, .type = CONFIG_INTEGER, .fallback = fallback_, .argument = "N", .help = help_,    \
  .min = min_, .max = max_
#define BOOLEAN(name_, fallback_, help_)                                                           \
  .name = name_, .type = CONFIG_BOOLEAN, .fallback = fallback_, .argument = "true|false",          \
  .help = help_

const ConfigKey config_keys[] = {
  { SECRET("token", check_trimmed, "the callback token, from " ACCOUNT_PLACE_CALLBACK) },
  { TEXT("appid", NULL, "APPID", "the account's AppID"), .check = check_trimmed },
  { SECRET("appsecret", check_trimmed, "the account's AppSecret") },
  { SECRET("encoding_aes_key", check_aes_key, "the account's EncodingAESKey, 43 characters") },
  { TEXT("encrypt_mode", NULL, "MODE", "normal, compatible or safe; with a key safe, else normal"),
    .choices = modes },
  { SECRET("previous_token", check_trimmed, "accepted too, while a change of the token spreads") },
  { SECRET("previous_encoding_aes_key", check_aes_key,
           "accepted too, while a change of the key spreads") },
  { TEXT("partnerid", NULL, "ID", "merchant number, for pay signatures"), .check = check_trimmed },
  { SECRET("partnerkey", check_trimmed, "merchant key, for pay signatures") },
  { SECRET("paysignkey", check_trimmed, "signing key, for pay signatures") },
  { SECRET("access_token", check_trimmed, "imported at start, with access_token_expires_at") },
  { INTEGER("access_token_expires_at", NULL, 0, INT64_MAX, "when it expires, in Unix seconds") },
  { SECRET("jsapi_ticket", check_trimmed, "imported at start, with jsapi_ticket_expires_at") },
  { INTEGER("jsapi_ticket_expires_at", NULL, 0, INT64_MAX, "when it expires, in Unix seconds") },
  { BOOLEAN("checkssl", "true", "verify the platform's certificate") },
  { TEXT("listen", "127.0.0.1:8080", "ADDRESS",
         "ADDRESS:PORT, PORT (on 127.0.0.1) or [::1]:PORT; port 0: any free port"),
    .check = check_address, .number_fits = true },
  { TEXT("path", "/wechat", "PATH", "callback path"), .check = check_path },
  { TEXT("admin_listen", NULL, "ADDRESS",
         "/healthz, /metrics, /reload and /desk on an address of their own"),
    .check = check_optional_address, .number_fits = true },
  { SECRET("admin_token", check_trimmed,
           "the password of the live desk (/desk of the admin address), which is not served "
           "without it") },
  { TEXT("attach", "true", "true|false|PATH",
         "the socket of repl --attach, for the bot's own user and root only: beside the SQLite "
         "file, none, or at PATH"),
    .check = check_attach, .boolean_fits = true, .path = path_of_socket },
  { TEXT("trusted_proxies", "127.0.0.1, ::1", "LIST",
         "proxies whose X-Forwarded-For is trusted: addresses and CIDR blocks"),
    .check = server_check_proxies },
  { TEXT("api_base", "https://api.weixin.qq.com", "URL", "the platform's API server"),
    .check = check_base },
  { TEXT("mp_base", "https://mp.weixin.qq.com", "URL", "the platform's mp server"),
    .check = check_base },
  { TEXT("proxy", NULL, "URL", "for outgoing requests"), .secrecy = CONFIG_SECRET_IN_URL,
    .check = check_proxy },
  { TEXT("ca_file", NULL, "FILE", "certificates to trust, for outgoing requests"),
    .check = check_certificates, .path = whole },
  { TEXT("token_api", "stable", "API",
         "stable (/cgi-bin/stable_token) or classic (/cgi-bin/token)"),
    .choices = token_apis },
  { TEXT("store", NULL, "URL",
         "sqlite:wemoon.db beside the script; while it is away, what it is to get waits in memory, "
         "where kill -9 loses it"),
    .secrecy = CONFIG_SECRET_IN_URL, .check = store_url_check, .forms = store_url_forms,
    .path = path_of_store },
  { INTEGER("threads", "64", 1, 8192,
            "HTTP threads, one for each connection that is kept alive; a message that waits for "
            "its script holds none") },
  { INTEGER(
      "interpreters", "1", 1, 256,
      "Lua states that run messages at once; only with 1 do messages share the script's globals") },
  { INTEGER("deadline_ms", "4500", 50, 4900,
            "when the platform gets an answer at the latest, whatever the script does") },
  { TEXT("late_reply", "auto", "WAY",
         "what happens to a reply that missed the deadline: auto, customer_service, retry, keep or "
         "drop"),
    .choices = late_replies },
  { TEXT("late_text", "还在想，稍后发任意文字看结果", "TEXT",
         "the text that the user gets if the script outlasts the platform's last try; the user's "
         "next text fetches the answer"),
    .check = check_late_text },
  { TEXT("conversations", "lasting", "HOW",
         "lasting: they outlive the process if the store does; process: they end with it"),
    .choices = conversations },
  { TEXT("capture", NULL, "FILE",
         "the file to which messages and replies are written, for wemoon replay; openids as "
         "log_openid has them"),
    .path = whole },
  { TEXT("error_reply", NULL, "TEXT", "sent when the script fails") },
  { INTEGER("job_timeout_s", "120", 1, DAY_S,
            "seconds after which a message's coroutine is ended, and one of wechat.spawn; for what "
            "comes later: wechat.every, wechat.cron") },
  { INTEGER("script_cpu_ms", "1000", 1, DAY_S * 1000,
            "CPU time that a script may use without a pause") },
  { INTEGER("script_memory_mb", "256", 1, 1 << 20, "memory of one interpreter") },
  { INTEGER("api_timeout_s", "30", 1, DAY_S, "seconds after which a platform call is given up") },
  { INTEGER("max_jobs", "20000", 1, 1 << 20,
            "messages and pages under way at once; beyond it a request is closed unanswered, and "
            "the platform tries again") },
  { INTEGER("max_body", "262144", 1, 1 << 30, "bytes of a callback") },
  { INTEGER("replay_window_s", "600", 0, INT32_MAX,
            "a signed timestamp that differs by more is refused; 0: no check") },
  { INTEGER(
      "dedup_window_s", "60", 0, DAY_S,
      "for how long a message is known as a duplicate; of over 60,000, after a restart: 20 s") },
  { BOOLEAN("watch", "true", "reload when a script file changes") },
  { BOOLEAN("allow_shell", "false", "give the script os.execute and io.popen") },
  { TEXT("log_level", "info", "LEVEL", "debug, info, warn or error"), .choices = log_levels },
  { TEXT("log_format", "text", "FORMAT", "text or json"), .choices = log_formats },
  { TEXT("log_openid", "plain", "FORM", "plain, or hash: openids in the log as a keyed hash"),
    .choices = log_openids },
  { TEXT("log_file", NULL, "FILE",
         "the log's file instead of standard error, of run and dev; reopened at SIGUSR1 and after "
         "it was renamed"),
    .path = whole },
  { .name = NULL },
};
