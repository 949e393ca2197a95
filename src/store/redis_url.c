// Takes the URL of a Redis apart. Its texts quote nothing: what looks like a port may be a password whose '@' is
// missing.
#include "store/redis_url.h"

#define FORM "redis://[[USER]:PASSWORD@]HOST:PORT/DB"

static bool refuse(Err *err, const char *why) {
  return err_set(err, ERR_USAGE, "%s: a Redis URL is written " FORM, why);
}

static bool parse_number(Str text, int64_t least, int64_t most, int *out) {
  int64_t number;
  if (!str_to_int64(text, &number) || number < least || number > most) return false;
  *out = (int)number;
  return true;
}

static size_t after_last_at(Str text) {
  size_t at = text.len;
  while (at > 0 && text.ptr[at - 1] != '@') at--;
  return at;
}

static bool parse_login(Str login, RedisUrl *out, Err *err) {
  if (str_cut(login, ':', &out->user, &out->password) && out->password.len > 0) return true;
  return refuse(err, "before the @ there is no :PASSWORD");
}

// HOST, HOST:PORT or [::1]:PORT
static bool parse_address(Str address, RedisUrl *out, Err *err) {
  Str rest = STR("");
  bool brackets = str_starts(address, STR("[")), closed = true;
  if (brackets) {
    closed = str_cut(str_sub(address, 1, address.len), ']', &out->host, &rest);
    if (closed && rest.len && rest.ptr[0] != ':') closed = false;
  } else {
    str_cut(address, ':', &out->host, &rest);
    rest = str_sub(address, out->host.len, address.len);
  }
  if (!closed) return refuse(err, "the [ of the address has no ] before the port");
  if (out->host.len == 0) return refuse(err, "there is no host");
  if (rest.len == 0 || parse_number(str_sub(rest, 1, rest.len), 1, 65535, &out->port)) return true;
  return refuse(err, "the port is no number from 1 to 65535");
}

bool redis_url_parse(Str url, RedisUrl *out, Err *err) {
  *out = (RedisUrl){ .port = REDIS_URL_PORT };
  if (!str_starts(url, STR("redis://"))) return refuse(err, "there is no // after the scheme");
  Str rest = str_sub(url, strlen("redis://"), url.len), address, db;
  size_t at = after_last_at(rest);
  if (at > 0 && !parse_login(str_sub(rest, 0, at - 1), out, err)) return false;
  str_cut(str_sub(rest, at, rest.len), '/', &address, &db);
  if (!parse_address(address, out, err)) return false;
  if (db.len == 0 || parse_number(db, 0, REDIS_URL_DB_MAX, &out->db)) return true;
  return refuse(err, "the database, after the /, is no number from 0 to 1048576");
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t redis_url_decode(Str text, char *out) {
  size_t len = 0;
  for (size_t i = 0; i < text.len; i++) {
    bool whole = text.ptr[i] == '%' && text.len - i > 2;
    int high = whole ? hex_digit(text.ptr[i + 1]) : -1,
        low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
    out[len++] = low >= 0 ? (char)(high << 4 | low) : text.ptr[i];
    if (low >= 0) i += 2;
  }
  out[len] = '\0';
  return len;
}
