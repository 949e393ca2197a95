// Pages, sessions and data of the live desk. Its files are in lua/desk; those shared with the console are in
// lua/platform/console.
#include "bot/desk.h"

#include "base/clock.h"
#include "bot/desk_login.h"
#include "bot/desk_stream.h"
#include "bot/open_json.h"
#include "codec/url.h"
#include "script/embedded.h"

#include <stdio.h>
#include <stdlib.h>

enum { FORM_MAX = 4096, LISTED_MAX = 200, LINES_MAX = 200 };

struct Desk {
  DeskOptions options;
  DeskLogin *login;
  DeskStreams *streams;
};

// The page loads nothing from other sites, and no other site can embed it. With "no-referrer" the Origin of a form
// would be "null".
#define GUARD                                                                                      \
  "Content-Security-Policy: default-src 'self'; object-src 'none'; frame-ancestors 'none'; "       \
  "base-uri 'none'; form-action 'self'\r\nX-Frame-Options: DENY\r\nReferrer-Policy: "              \
  "same-origin\r\nCache-Control: no-store\r\n"

#define COOKIE_FORM                                                                                \
  "Set-Cookie: " DESK_COOKIE "=%s; Path=/desk; HttpOnly; SameSite=Strict; Max-Age=%d\r\n"

static void respond(HttpRequest *request, int status, const char *type, Buf *body) {
  HttpResponse response = { .status = body->failed ? 503 : status,
                            .content_type = str_of(body->failed ? "" : type),
                            .body = body->failed ? STR("no memory\n") : buf_str(body),
                            .extra_headers = GUARD };
  server_respond(request, &response);
  buf_clear(body);
}

// ---- origin -------------------------------------------------------------------------------------

static bool is_known(Desk *desk, const HttpRequest *request) {
  return desk_login_knows(desk->login, server_header(request, "Cookie"));
}

// A page of another site can make a browser send a request here, but cannot change the Origin header.
static bool is_own_origin(const HttpRequest *head) {
  Str origin = server_header(head, "Origin"), host = server_header(head, "Host");
  size_t scheme = str_starts(origin, STR("http://"))    ? 7
                  : str_starts(origin, STR("https://")) ? 8
                                                        : 0;
  return scheme && host.len && str_eq_nocase(str_sub(origin, scheme, origin.len), host);
}

// ---- files --------------------------------------------------------------------------------------

static const char html[] = "text/html; charset=utf-8";

static const struct {
  const char *end, *type;
} types[] = { { ".css", "text/css; charset=utf-8" },
              { ".js", "text/javascript; charset=utf-8" },
              { ".svg", "image/svg+xml" } };

static const char *type_of(Str name) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (str_ends(name, str_of(types[i].end))) return types[i].type;
  }
  return NULL;
}

static bool is_plain(Str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    if (!((c >= 'a' && c <= 'z') || c == '_' || c == '.')) return false;
  }
  return name.len > 0 && name.len < 40;
}

// Reads the desk's file of that name, or else the console's.
static bool read_file(Str name, Buf *text) {
  static const char *const folders[] = { "desk", "platform/console" };
  char path[80];
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%.*s", folders[i], STR_FMT(name));
    if (embedded_has(path)) return embedded_read(path, text);
  }
  return false;
}

static void show_file(void *ctx, HttpRequest *request) {
  Buf text;
  Str name = str_sub(request->path, strlen("/desk/"), request->path.len);
  const char *type = type_of(name);
  buf_init(&text);
  if (type && is_plain(name) && read_file(name, &text)) return respond(request, 200, type, &text);
  buf_clear(&text);
  server_respond_status(request, 404, GUARD);
}

// Appends the console's head.html, with the marks {base} and {script} replaced.
static void add_head(const char *script, Buf *page) {
  Buf text;
  buf_init(&text);
  bool found = read_file(STR("head.html"), &text);
  Str rest = buf_str(&text), before, mark;
  while (str_cut(rest, '{', &before, &rest)) {
    buf_add(page, before);
    str_cut(rest, '}', &mark, &rest);
    buf_add(page, str_eq(mark, STR("base")) ? STR("/desk") : str_of(script));
  }
  buf_add(page, before);
  page->failed = page->failed || text.failed || !found;
  buf_clear(&text);
}

// `fault`: a keyword for the message beside the field, or empty.
static void show_login(HttpRequest *request, int status, const char *fault) {
  Buf text, page;
  Str mark = STR("data-fault=\"");
  buf_init(&text);
  buf_init(&page);
  if (!read_file(STR("login.html"), &text)) text.failed = true;
  ptrdiff_t at = str_find(buf_str(&text), mark);
  size_t front = at < 0 ? text.len : (size_t)at + mark.len;
  add_head("login.js", &page);
  buf_add(&page, str_sub(buf_str(&text), 0, front));
  buf_add(&page, str_of(fault));
  buf_add(&page, str_sub(buf_str(&text), front, text.len));
  page.failed = page.failed || text.failed;
  buf_clear(&text);
  respond(request, status, html, &page);
}

static void show_page(void *ctx, HttpRequest *request) {
  Buf text;
  if (!is_known(ctx, request)) return show_login(request, 200, "");
  buf_init(&text);
  add_head("live.js", &text);
  if (!read_file(STR("index.html"), &text)) text.failed = true;
  respond(request, 200, html, &text);
}

// ---- login --------------------------------------------------------------------------------------

static void redirect(HttpRequest *request, const char *token, int age_s) {
  char headers[1024];
  snprintf(headers, sizeof headers, GUARD "Location: /desk\r\n" COOKIE_FORM, token, age_s);
  server_respond_status(request, 303, headers);
}

static Str password_in(Str form, Arena *arena) {
  Pairs fields = { 0 };
  Str password = STR("");
  if (url_parse_query(form, arena, &fields)) pairs_get(&fields, STR("password"), &password);
  return password;
}

static void log_in(void *ctx, HttpRequest *request) {
  Desk *desk = ctx;
  char token[DESK_TOKEN_LEN + 1];
  const char *address = server_remote(request);
  Arena *arena = arena_new();
  if (!arena) return server_respond_status(request, 503, NULL);
  DeskLoginResult result =
      desk_login_try(desk->login, password_in(request->body, arena), str_of(address), token);
  arena_free(arena);
  if (result != DESK_LOGIN_RIGHT)
    log_warn("desk: a login from %s was refused: %s", address,
             result == DESK_LOGIN_WRONG ? "a wrong password" : "too many wrong passwords before");
  switch (result) {
    case DESK_LOGIN_RIGHT:
      log_info("desk: a login from %s succeeded", address);
      return redirect(request, token, DESK_SESSION_S);
    case DESK_LOGIN_WRONG: return show_login(request, 403, "wrong");
    case DESK_LOGIN_TOO_OFTEN: return show_login(request, 429, "wait");
  }
}

static void log_out(void *ctx, HttpRequest *request) {
  Desk *desk = ctx;
  desk_login_end(desk->login, server_header(request, "Cookie"));
  redirect(request, "", 0);
}

// ---- data ---------------------------------------------------------------------------------------

static void show_state(void *ctx, HttpRequest *request) {
  Desk *desk = ctx;
  Buf json;
  buf_init(&json);
  buf_addc(&json, '{');
  open_json_add(desk->options.bot, STR(""), LISTED_MAX, &json);
  buf_add(&json, STR(",\"lines\":["));
  live_lines(desk->options.live, LINES_MAX, &json);
  buf_add(&json, STR("]}"));
  respond(request, 200, "application/json; charset=utf-8", &json);
}

static void show_events(void *ctx, HttpRequest *request) {
  Desk *desk = ctx;
  desk_streams_begin(desk->streams, request, server_header(request, "Cookie"));
}

static void reload(void *ctx, HttpRequest *request) {
  Desk *desk = ctx;
  Err err;
  Buf text;
  buf_init(&text);
  bool worked = bot_reload(desk->options.bot, &err);
  if (worked)
    log_info("the desk at %s: %s was loaded again", server_remote(request), desk->options.script);
  else
    log_error("the desk at %s: %s was not loaded again, the previous version stays in service: %s",
              server_remote(request), desk->options.script, err.text);
  buf_add(&text, worked ? STR("reloaded\n") : str_of(err.text));
  respond(request, worked ? 200 : 500, NULL, &text);
}

// ---- path table ---------------------------------------------------------------------------------

typedef enum {
  OPEN,     // without a session
  ORIGIN,   // without a session, by a form of the desk's own page
  SESSION,  // with a session
  ACTS      // with a session, only from the desk's own page
} Access;

static const struct {
  const char *method, *allow, *path;
  Access access;
  void (*handle)(void *desk, HttpRequest *request);
} paths[] = {
  { "GET", "GET, HEAD", "/desk", OPEN, show_page },
  { "GET", "GET, HEAD", "/desk/", OPEN, show_page },
  { "POST", "POST", "/desk/login", ORIGIN, log_in },
  { "POST", "POST", "/desk/logout", ACTS, log_out },
  { "POST", "POST", "/desk/reload", ACTS, reload },
  { "GET", "GET, HEAD", "/desk/state", SESSION, show_state },
  { "GET", "GET", "/desk/events", SESSION, show_events },
  { "GET", "GET, HEAD", NULL, OPEN, show_file },
};
enum { PATHS = sizeof paths / sizeof *paths };

static int refusal_of(Desk *desk, const HttpRequest *head, Access access) {
  bool says_origin = server_header(head, "Origin").len > 0;
  if ((says_origin || access == ACTS) && !is_own_origin(head)) return 403;
  return access >= SESSION && !is_known(desk, head) ? 401 : 0;
}

static bool method_fits(const HttpRequest *head, int path) {
  return str_eq(head->method, str_of(paths[path].method)) ||
         (str_eq(head->method, STR("HEAD")) &&
          str_starts(str_of(paths[path].allow), STR("GET, H")));
}

bool desk_route(Desk *desk, const HttpRequest *head, HttpRoute *to) {
  int i = 0;
  if (!str_eq(head->path, STR("/desk")) && !str_starts(head->path, STR("/desk/"))) return false;
  while (i < PATHS - 1 && !str_eq(head->path, str_of(paths[i].path))) i++;
  if (!method_fits(head, i)) {
    to->status = 405;
    to->allow = paths[i].allow;
    return true;
  }
  to->status = refusal_of(desk, head, paths[i].access);
  to->needs_body = paths[i].access == ORIGIN;
  to->max_body = FORM_MAX;
  to->handle = paths[i].handle;
  to->ctx = desk;
  return true;
}

// ---- creation and end ---------------------------------------------------------------------------

Desk *desk_new(const DeskOptions *options, Err *err) {
  Desk *desk = calloc(1, sizeof *desk);
  if (desk) {
    desk->options = *options;
    desk->login = desk_login_new(options->password);
    desk->streams =
        desk->login ? desk_streams_new(options->loop, options->live, desk->login) : NULL;
    if (desk->streams) return desk;
    desk_free(desk);
  }
  err_set(err, ERR_MEMORY, "no memory for the desk");
  return NULL;
}

void desk_free(Desk *desk) {
  if (!desk) return;
  desk_streams_free(desk->streams);
  desk_login_free(desk->login);
  free(desk);
}
