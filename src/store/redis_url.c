// Parses the URL of a Redis.
#include "store/redis_url.h"

#include <sys/un.h>

const char *const redis_url_forms[] = {
  [REDIS_PLAIN] = "redis://[[USER]:PASSWORD@]HOST:PORT/DB",
  [REDIS_TLS] = "rediss://[[USER]:PASSWORD@]HOST:PORT/DB",
  [REDIS_SOCKET] = "redis+unix:PATH",
  [REDIS_SENTINEL] = "redis+sentinel://[[USER]:PASSWORD@]HOST:PORT[,HOST:PORT]/MASTER/DB",
  NULL,
};

static bool refuse(const RedisUrl *url, Err *err, const char *why) {
  return err_set(err, ERR_USAGE, "%s: write %s", why, redis_url_forms[url->kind]);
}

static bool parse_number(Str text, int64_t least, int64_t most, int *out) {
  int64_t number;
  if (!str_to_int64(text, &number) || number < least || number > most) return false;
  *out = (int)number;
  return true;
}

// ---- hosts --------------------------------------------------------------------------------------

// HOST, HOST:PORT or [::1]:PORT
static bool split_host(Str address, Str *host, Str *port) {
  *port = STR("");
  if (!str_starts(address, STR("["))) {
    str_cut(address, ':', host, port);
    return host->len > 0 && (port->len > 0 || host->len == address.len);
  }
  Str rest;
  if (!str_cut(str_sub(address, 1, address.len), ']', host, &rest)) return false;
  *port = str_sub(rest, 1, rest.len);
  return host->len > 0 && (rest.len == 0 || (rest.ptr[0] == ':' && port->len > 0));
}

bool redis_url_next_host(Str *hosts, Str *host, int *port) {
  Str address, number;
  if (hosts->len == 0) return false;
  str_cut(*hosts, ',', &address, hosts);
  return split_host(address, host, &number) &&
         (number.len == 0 || parse_number(number, 1, 65535, port));
}

static bool check_hosts(const RedisUrl *url, Err *err) {
  Str rest = url->hosts, address, host, number;
  int port, count = 0;
  bool more;
  do {
    more = str_cut(rest, ',', &address, &rest);
    if (address.len == 0 || address.ptr[0] == ':') return refuse(url, err, "the host is missing");
    if (!split_host(address, &host, &number))
      return refuse(url, err, "the host or its port is incomplete");
    if (number.len && !parse_number(number, 1, 65535, &port))
      return refuse(url, err, "the port is not a number from 1 to 65535");
    count++;
  } while (more);
  if (count == 1 || url->kind == REDIS_SENTINEL) return true;
  return refuse(url, err, "there are several hosts");
}

// ---- the URL ------------------------------------------------------------------------------------

static size_t after_last_at(Str text) {
  size_t at = text.len;
  while (at > 0 && text.ptr[at - 1] != '@') at--;
  return at;
}

static bool parse_socket(Str rest, RedisUrl *out, Err *err) {
  static const struct sockaddr_un room;
  out->path = rest;
  if (rest.len == 0) return refuse(out, err, "the path of the socket is missing");
  if (rest.len < sizeof room.sun_path) return true;
  return refuse(out, err, "the path of a Unix socket has at most 107 bytes");
}

static bool parse_login(Str login, RedisUrl *out, Err *err) {
  if (str_cut(login, ':', &out->user, &out->password) && out->password.len > 0) return true;
  return refuse(out, err, ":PASSWORD is missing before the @");
}

static bool parse_rest(Str rest, RedisUrl *out, Err *err) {
  Str tail, db;
  size_t at = after_last_at(rest);
  if (at > 0 && !parse_login(str_sub(rest, 0, at - 1), out, err)) return false;
  str_cut(str_sub(rest, at, rest.len), '/', &out->hosts, &tail);
  if (!check_hosts(out, err)) return false;
  if (out->kind == REDIS_SENTINEL) str_cut(tail, '/', &out->master, &db);
  else db = tail;
  if (out->kind == REDIS_SENTINEL && out->master.len == 0)
    return refuse(out, err, "the name of the master is missing");
  if (db.len == 0 || parse_number(db, 0, REDIS_DB_MAX, &out->db)) return true;
  return refuse(out, err, "the database, after the last /, is not a number from 0 to 1048576");
}

bool redis_url_parse(Str url, RedisUrl *out, Err *err) {
  static const char *const schemes[] = { [REDIS_PLAIN] = "redis:",
                                         [REDIS_TLS] = "rediss:",
                                         [REDIS_SOCKET] = "redis+unix:",
                                         [REDIS_SENTINEL] = "redis+sentinel:" };
  *out = (RedisUrl){ .kind = REDIS_PLAIN };
  for (RedisKind kind = REDIS_PLAIN; kind <= REDIS_SENTINEL; kind++) {
    if (!str_starts(url, str_of(schemes[kind]))) continue;
    out->kind = kind;
    Str rest = str_sub(url, strlen(schemes[kind]), url.len);
    if (kind == REDIS_SOCKET) return parse_socket(rest, out, err);
    if (str_starts(rest, STR("//"))) return parse_rest(str_sub(rest, 2, rest.len), out, err);
  }
  return refuse(out, err, "// is missing after the scheme");
}

// ---- percent-encoding ---------------------------------------------------------------------------

size_t redis_url_decode(Str text, char *out) {
  size_t len = 0;
  for (size_t i = 0; i < text.len; i++) {
    bool whole = text.ptr[i] == '%' && text.len - i > 2;
    int high = whole ? str_hex_digit(text.ptr[i + 1]) : -1;
    int low = high >= 0 ? str_hex_digit(text.ptr[i + 2]) : -1;
    out[len++] = low >= 0 ? (char)(high << 4 | low) : text.ptr[i];
    if (low >= 0) i += 2;
  }
  out[len] = '\0';
  return len;
}
