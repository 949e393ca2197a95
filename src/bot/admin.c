// Health as JSON, metrics as text, and a reload on demand.
#include "bot/admin.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/log_sink.h"
#include "bot/bot_metrics.h"
#include "bot/desk.h"
#include "codec/json.h"

#include <stdio.h>

// ---- health -------------------------------------------------------------------------------------

static void add_error(Buf *json, const char *error) {
  if (error[0]) json_add_string(json, str_of(error));
  else buf_add(json, STR("null"));
}

// The bot answers callbacks until it stops: if a script fails to load, the previous script stays in service, and if the
// store is away, only calls of the store fail.
static void add_health(const Admin *admin, const BotStatus *bot, Buf *json) {
  Err store = { .text = "" };
  bool healthy = store_healthy(admin->store, &store);
  buf_printf(json, "{\"status\":\"%s\",\"version\":\"%s\",\"uptime_s\":%lld,",
             bot->refusing  ? "stopping"
             : bot->stalled ? "stalled"
                            : "ok",
             WEMOON_VERSION, (long long)(clock_unix_s() - admin->started_s));
  buf_add(json, STR("\"script\":{\"file\":"));
  json_add_string(json, str_of(admin->script));
  buf_printf(json,
             ",\"interpreters\":%zu,\"loads\":%llu,\"failures\":%llu,\"error\":", bot->serving,
             (unsigned long long)bot->loads, (unsigned long long)bot->failures);
  add_error(json, bot->error);
  buf_printf(json, "},\"store\":{\"kind\":\"%s\",\"ok\":%s,\"error\":", store_kind(admin->store),
             healthy ? "true" : "false");
  add_error(json, healthy ? "" : store.text);
  int64_t left_s = tokens_left_s(api_tokens(admin->api), TOKEN_ACCESS);
  buf_add(json, STR("},\"access_token\":{\"expires_in_s\":"));
  if (left_s < 0) buf_add(json, STR("null"));
  else buf_add_int(json, left_s);
  buf_printf(json, "},\"jobs\":%d,\"waiting\":%d,\"conversations\":%zu,\"owed\":%zu}\n", bot->jobs,
             bot->waiting, bot->conversations, bot->owed);
}

static void respond(HttpRequest *request, int status, Str type, Buf *body) {
  if (body->failed)
    server_respond(request, &(HttpResponse){ .status = 503, .body = STR("no memory\n") });
  else
    server_respond(
        request, &(HttpResponse){ .status = status, .content_type = type, .body = buf_str(body) });
  buf_clear(body);
}

static void show_health(void *ctx, HttpRequest *request) {
  Admin *admin = ctx;
  BotStatus bot;
  Buf json;
  buf_init(&json);
  bot_status(admin->bot, &bot);
  add_health(admin, &bot, &json);
  respond(request, bot.refusing || bot.stalled ? 503 : 200, STR("application/json; charset=utf-8"),
          &json);
}

// ---- metrics ------------------------------------------------------------------------------------

static void add_values(Admin *admin, const BotStatus *bot, Buf *text) {
  int busy, threads;
  server_load(admin->server, &busy, &threads);
  const double values[BOT_VALUES] = {
    [VALUE_SCRIPT_ERRORS] = (double)bot->script_errors,
    [VALUE_LOG_DROPPED] = (double)log_sink_dropped(),
    [VALUE_JOBS] = bot->jobs,
    [VALUE_WAITING] = bot->waiting,
    [VALUE_CONVERSATIONS] = (double)bot->conversations,
    [VALUE_OWED] = (double)bot->owed,
    [VALUE_KEPT] = (double)bot->kept,
    [VALUE_KNOWN] = (double)bot->known,
    [VALUE_KNOWN_BYTES] = (double)bot->known_bytes,
    [VALUE_INTERPRETERS] = bot->interpreters,
    [VALUE_LUA_MEMORY] = (double)bot->lua_memory,
    [VALUE_LUA_MEMORY_MAX] = (double)bot->lua_memory_max,
    [VALUE_SERVING] = (double)bot->serving,
    [VALUE_THREADS_BUSY] = busy,
    [VALUE_THREADS] = threads,
    [VALUE_STORE_UP] = store_healthy(admin->store, NULL),
    [VALUE_TOKEN_LEFT] = (double)tokens_left_s(api_tokens(admin->api), TOKEN_ACCESS),
    [VALUE_STARTED] = (double)admin->started_s,
  };
  for (int i = 0; i < BOT_VALUES; i++) {
    const MetricValue *value = &bot_metric_values[i];
    metrics_render_value(text, value->name, value->type, value->help, values[i]);
  }
}

static void show_metrics(void *ctx, HttpRequest *request) {
  Admin *admin = ctx;
  BotStatus bot;
  Buf text;
  buf_init(&text);
  bot_status(admin->bot, &bot);
  add_values(admin, &bot, &text);
  metrics_render(admin->metrics, &text);
  respond(request, 200, STR("text/plain; version=0.0.4; charset=utf-8"), &text);
}

// ---- reload -------------------------------------------------------------------------------------

static void reload(void *ctx, HttpRequest *request) {
  Admin *admin = ctx;
  Err err;
  Buf text;
  buf_init(&text);
  bool worked = bot_reload(admin->bot, &err);
  if (worked) {
    log_info("POST /reload: %s was loaded again", admin->script);
    buf_add(&text, STR("reloaded\n"));
  } else {
    log_error("POST /reload: %s was not loaded again, the previous version stays in service: %s",
              admin->script, err.text);
    buf_printf(&text, "not reloaded, the previous version stays in service: %s\n", err.text);
  }
  respond(request, worked ? 200 : 500, STR(""), &text);
}

// ---- page table ---------------------------------------------------------------------------------

static const struct {
  const char *method, *allow, *path;
  void (*show)(void *admin, HttpRequest *request);
} pages[] = {
  { "GET", "GET, HEAD", "/healthz", show_health },
  { "GET", "GET, HEAD", "/metrics", show_metrics },
  { "POST", "POST", "/reload", reload },
};
enum { PAGES = sizeof pages / sizeof *pages };

static int find(const HttpRequest *head, bool *method_fits) {
  for (int i = 0; i < PAGES; i++) {
    if (!str_eq(head->path, str_of(pages[i].path))) continue;
    *method_fits =
        str_eq(head->method, str_of(pages[i].method)) ||
        (str_eq(head->method, STR("HEAD")) && str_eq(STR("GET"), str_of(pages[i].method)));
    return i;
  }
  return PAGES;
}

static void route(void *ctx, const HttpRequest *head, HttpRoute *to) {
  bool method_fits = false;
  const Admin *admin = ctx;
  if (admin->desk && desk_route(admin->desk, head, to)) return;
  int page = find(head, &method_fits);
  if (page == PAGES) {
    to->status = 404;
  } else if (!method_fits) {
    to->status = 405;
    to->allow = pages[page].allow;
  } else if (server_header(head, "Origin").len) {
    to->status = 403;  // a web page in a browser can post here too, but it always sends Origin
  } else {
    to->handle = pages[page].show;
    to->ctx = ctx;
  }
}

HttpHandler admin_handler(Admin *admin) { return (HttpHandler){ .route = route, .ctx = admin }; }
