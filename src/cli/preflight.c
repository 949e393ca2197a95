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

void preflight_warn_of_tokens(const Config *config) {
  Err err;
  if (!config_token_fits(config, "token", &err)) log_warn("%s", err.text);
  if (!config_token_fits(config, "previous_token", &err)) log_warn("%s", err.text);
}

static bool is_of_letters_and_digits(Str text, size_t len) {
  bool fits = text.len == len;
  for (size_t i = 0; fits && i < len; i++) fits = isalnum((unsigned char)text.ptr[i]);
  return fits;
}

// The secret itself is not shown.
bool preflight_warn_of_account(const Config *config) {
  Str appid = config_text(config, "appid"), secret = config_text(config, "appsecret");
  bool no_appid =
      appid.len > 0 && !(str_starts(appid, STR("wx")) && is_of_letters_and_digits(appid, 18));
  bool no_secret = secret.len > 0 && !is_of_letters_and_digits(secret, 32);
  if (no_appid)
    log_warn("appid: %.*s is no AppID, which is wx and 16 letters and digits%s: copy it "
             "from " ACCOUNT_PLACE,
             STR_FMT(appid),
             str_starts(appid, STR("gh_")) ? " (this is the account's original ID)" : "");
  if (no_secret)
    log_warn("appsecret: this is no AppSecret, which is 32 letters and digits: copy it "
             "from " ACCOUNT_PLACE);
  return no_appid || no_secret;
}

bool preflight_warn_of_zone(void) {
  const char *zone = getenv("TZ");
  if (!zone || zone_is_known(zone)) return false;
  log_warn("TZ: this machine knows no time zone %s, so times are in UTC: write a name such as "
           "Asia/Shanghai, or install tzdata",
           zone);
  return true;
}
