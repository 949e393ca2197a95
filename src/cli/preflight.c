// Runs the same checks as the parts that would refuse later.
#include "cli/preflight.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/services.h"
#include "cli/serving.h"
#include "wechat/account.h"

bool preflight_no_folder(const char *script, Err *err) {
  struct stat info;
  bool is_folder = stat(script, &info) == 0 && S_ISDIR(info.st_mode);
  return !is_folder || err_set(err, ERR_USAGE, "cannot read %s: %s", script, strerror(EISDIR));
}

bool preflight_script(const char *script, Err *err) {
  if (access(script, F_OK) == 0) return preflight_no_folder(script, err);
  return err_set(err, ERR_USAGE, "%s: %s", script, strerror(errno));
}

// ---- addresses ----------------------------------------------------------------------------------

static bool fill_address(Str host, int port, struct sockaddr_storage *out, socklen_t *len) {
  char text[INET6_ADDRSTRLEN] = "127.0.0.1";
  bool ipv6 = str_starts(host, STR("["));
  if (ipv6) host = str_sub(host, 1, host.len - 2);
  if (host.len) snprintf(text, sizeof text, "%.*s", STR_FMT(host));
  struct sockaddr_in *four = (struct sockaddr_in *)out;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
  memset(out, 0, sizeof *out);
  out->ss_family = ipv6 ? AF_INET6 : AF_INET;
  *len = ipv6 ? sizeof *six : sizeof *four;
  if (ipv6) six->sin6_port = htons((uint16_t)port);
  else four->sin_port = htons((uint16_t)port);
  return inet_pton(out->ss_family, text,
                   ipv6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr) == 1;
}

// 0 if the address can be bound, or is taken already; else errno.
static int try_address(const struct sockaddr_storage *address, socklen_t len) {
  int on = 1, fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int why = bind(fd, (const struct sockaddr *)address, len) == 0 ? 0 : errno;
  close(fd);
  return why == EADDRINUSE ? 0 : why;
}

static bool can_listen(const Config *config, const char *key, Err *err) {
  Str listen = config_text(config, key), host;
  int port;
  struct sockaddr_storage address;
  socklen_t len;
  if (listen.len == 0 || !config_split_address(listen, &host, &port) ||
      !fill_address(host, port, &address, &len))
    return true;
  int why = try_address(&address, len);
  const char *mend = why == EADDRNOTAVAIL
                         ? ": this machine does not have it; `ip addr` lists those it has"
                     : why == EACCES ? ": ports below 1024 need rights; take a higher one"
                                     : "";
  return why == 0 || err_set(err, ERR_USAGE, "%s: cannot listen on %.*s: %s%s", key,
                             STR_FMT(listen), strerror(why), mend);
}

// ---- time zone ----------------------------------------------------------------------------------

// "CST-8", "<+08>-8": three letters or more, or a name in angle brackets, then an offset.
static bool is_posix_zone(const char *zone) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  size_t name = zone[0] == '<' ? strcspn(zone, ">") + 1 : strspn(zone, letters);
  if (name < 3 || name > strlen(zone)) return false;
  const char *offset = zone + name + (zone[name] == '+' || zone[name] == '-');
  return offset[0] >= '0' && offset[0] <= '9';
}

static bool zone_is_known(const char *zone) {
  char path[512];
  const char *folder = getenv("TZDIR");
  if (zone[0] == ':') zone++;
  if (zone[0] == '\0' || strcmp(zone, "UTC") == 0 || is_posix_zone(zone)) return true;
  if (zone[0] == '/') return access(zone, R_OK) == 0;
  if (snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", zone) >=
      (int)sizeof path)
    return false;
  return access(path, R_OK) == 0;
}

// ---- public -------------------------------------------------------------------------------------

// A store whose key was refused is reported already, and the one beside a missing script means nothing.
static bool can_store(const Config *config, const char *script, Err *err) {
  if (config_is_faulty(config, "store")) return true;
  bool beside = config_text(config, "store").len == 0;
  return (beside && access(script, F_OK) != 0) || services_store_would_open(config, script, err);
}

int preflight_report(const Config *config, const char *script) {
  Err err;
  bool found[] = {
    report_unless(config_token_fits(config, "token", &err), &err),
    report_unless(config_token_fits(config, "previous_token", &err), &err),
    report_unless(config_log_would_open(config, &err), &err),
    report_unless(config_capture_would_open(config, &err), &err),
    report_unless(can_store(config, script, &err), &err),
    report_unless(can_listen(config, "listen", &err), &err),
    report_unless(can_listen(config, "admin_listen", &err), &err),
    report_unless(serving_raise_file_limit(config_integer(config, "threads"),
                                           config_integer(config, "max_jobs"), &err),
                  &err),
  };
  for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
    if (!found[i]) return STATUS_USAGE;
  }
  return STATUS_DONE;
}

// ---- warnings -----------------------------------------------------------------------------------

// Each check of a configuration below returns false, with the warning, where it finds something.

static bool token_fits(const Config *config, Err *err) {
  return config_token_fits(config, "token", err);
}

static bool previous_token_fits(const Config *config, Err *err) {
  return config_token_fits(config, "previous_token", err);
}

static bool is_of_letters_and_digits(Str text, size_t len) {
  bool fits = text.len == len;
  for (size_t i = 0; fits && i < len; i++) fits = isalnum((unsigned char)text.ptr[i]);
  return fits;
}

static bool appid_fits(const Config *config, Err *err) {
  Str appid = config_text(config, "appid");
  if (appid.len == 0 || (str_starts(appid, STR("wx")) && is_of_letters_and_digits(appid, 18)))
    return true;
  return err_set(err, ERR_USAGE,
                 "appid (from %s): %.*s is no AppID, which is wx and 16 letters and digits%s: copy "
                 "it from " ACCOUNT_PLACE,
                 config_place(config, "appid"), STR_FMT(appid),
                 str_starts(appid, STR("gh_")) ? " (this is the account's original ID)" : "");
}

// The secret itself is not shown.
static bool appsecret_fits(const Config *config, Err *err) {
  Str secret = config_text(config, "appsecret");
  if (secret.len == 0 || is_of_letters_and_digits(secret, 32)) return true;
  return err_set(err, ERR_USAGE,
                 "appsecret (from %s): this is no AppSecret, which is 32 letters and digits: copy "
                 "it from " ACCOUNT_PLACE,
                 config_place(config, "appsecret"));
}

// A script's memory limit is useless if the kernel's is lower.
static bool memory_is_there(const Config *config, Err *err) {
  int64_t wanted_mb =
      config_integer(config, "interpreters") * config_integer(config, "script_memory_mb");
  int64_t there_mb = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) >> 20;
  if (wanted_mb <= there_mb) return true;
  return err_set(
      err, ERR_USAGE,
      "interpreters times script_memory_mb is %lld MB and this machine has %lld MB: the kernel "
      "would kill the bot if the scripts used all of it. Lower one of the two",
      (long long)wanted_mb, (long long)there_mb);
}

static bool desk_has_address(const Config *config, Err *err) {
  if (config_text(config, "admin_token").len == 0 || config_text(config, "admin_listen").len > 0)
    return true;
  return err_set(err, ERR_USAGE,
                 "admin_token (from %s): is set without admin_listen, so the live desk is not "
                 "served, unless systemd hands a socket over: set admin_listen (127.0.0.1:9090)",
                 config_place(config, "admin_token"));
}

static bool admin_token_is_long(const Config *config, Err *err) {
  enum { SHORT = 12 };
  Str password = config_text(config, "admin_token");
  if (password.len == 0 || password.len >= SHORT) return true;
  return err_set(err, ERR_USAGE,
                 "admin_token (from %s): has %zu characters: anyone who guesses it can read every "
                 "message. Create a longer one with `openssl rand -hex 16`",
                 config_place(config, "admin_token"), password.len);
}

static bool is_loopback(Str host) {
  return host.len == 0 || str_starts(host, STR("127.")) || str_eq(host, STR("[::1]"));
}

static bool admin_is_inside(const Config *config, Err *err) {
  Str listen = config_text(config, "admin_listen"), host;
  int port;
  if (!config_split_address(listen, &host, &port) || is_loopback(host)) return true;
  return err_set(err, ERR_USAGE,
                 "admin_listen (from %s): %.*s can be reached from other machines; anyone who can "
                 "reach it can read the metrics and reload the script: use 127.0.0.1, or put a "
                 "firewall or a proxy with TLS in front of it",
                 config_place(config, "admin_listen"), STR_FMT(listen));
}

static bool zone_fits(const Config *config, Err *err) {
  const char *zone = getenv("TZ");
  if (!zone || zone_is_known(zone)) return true;
  return err_set(err, ERR_USAGE,
                 "TZ: this machine knows no time zone %s, so times are in UTC: write a name such "
                 "as Asia/Shanghai, or install tzdata",
                 zone);
}

static const struct {
  unsigned subject;
  bool (*fits)(const Config *config, Err *err);
} checks[] = {
  { WARN_OF_ACCOUNT, token_fits },
  { WARN_OF_ACCOUNT, previous_token_fits },
  { WARN_OF_ACCOUNT, appid_fits },
  { WARN_OF_ACCOUNT, appsecret_fits },
  { WARN_OF_SERVING, memory_is_there },
  { WARN_OF_DESK, desk_has_address },
  { WARN_OF_SERVING, admin_token_is_long },
  { WARN_OF_SERVING, admin_is_inside },
  { WARN_OF_ZONE, zone_fits },
};

bool preflight_warnings(const Config *config, unsigned subjects,
                        void (*tell)(const char *warning)) {
  bool any = false;
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
    Err err;
    if (!(checks[i].subject & subjects) || checks[i].fits(config, &err)) continue;
    tell(err.text);
    any = true;
  }
  return any;
}

static void log_warning(const char *warning) { log_warn("%s", warning); }

void preflight_warn(const Config *config, unsigned subjects) {
  preflight_warnings(config, subjects, log_warning);
}
