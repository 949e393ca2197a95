// `wemoon status`: prints what a running bot's admin address reports.
#include "cli/command.h"

#include <stdio.h>

#include "cli/http_wait.h"
#include "codec/json.h"

enum { TIMEOUT_MS = 5000 };

static const Option options[] = {
  { .name = "url", .argument = "URL", .help = "the admin address (built from admin_listen)" },
  { .name = NULL },
};

static const char *make_base(Invocation *in, Err *err) {
  const char *url = options_value(&in->arguments, "url");
  Str listen = config_text(in->config, "admin_listen"), host;
  int port;
  if (url) return url;
  if (listen.len == 0 || !config_split_address(listen, &host, &port) || port == 0) {
    err_set(err, ERR_USAGE,
            "admin_listen is not set: set it to an address (127.0.0.1:9090), or give --url");
    return NULL;
  }
  if (host.len == 0 || str_eq(host, STR("0.0.0.0"))) host = STR("127.0.0.1");
  if (str_eq(host, STR("[::]"))) host = STR("[::1]");
  return arena_printf(in->arena, "http://%.*s:%d", STR_FMT(host), port).ptr;
}

static ClientResult *get(Invocation *in, const char *base, const char *path, Err *err) {
  Str url = arena_printf(in->arena, "%s%s", base, path);
  ClientResult *result = url.ptr ? http_wait_get(url.ptr, TIMEOUT_MS, err) : NULL;
  if (!result || (result->outcome == CLIENT_OK && (result->status == 200 || result->status == 503)))
    return result;
  if (result->outcome != CLIENT_OK) *err = result->err;
  else err_set(err, ERR_FAILED, "%s answers %d: is that the admin address?", base, result->status);
  client_result_free(result);
  return NULL;
}

// ---- health -------------------------------------------------------------------------------------

static Str text_at(const Json *object, const char *key) {
  const Json *value = json_get(object, str_of(key));
  return value && json_kind(value) == JSON_STRING ? json_string(value) : STR("");
}

static int64_t number_at(const Json *object, const char *key, int64_t fallback) {
  const Json *value = json_get(object, str_of(key));
  return value && json_kind(value) == JSON_INT ? json_int(value) : fallback;
}

static void print_duration(const char *what, int64_t s) {
  printf("%-16s", what);
  if (s >= 86400) printf("%lld d ", (long long)s / 86400);
  if (s >= 3600) printf("%lld h ", (long long)s / 3600 % 24);
  if (s >= 60) printf("%lld min ", (long long)s / 60 % 60);
  printf("%lld s\n", (long long)s % 60);
}

static void print_line(const char *title, Str text) {
  printf("%-16s", title);
  report_print(text);
  putchar('\n');
}

static void print_health(const Json *health) {
  const Json *script = json_get(health, STR("script")), *store = json_get(health, STR("store"));
  const Json *ok = json_get(store, STR("ok")), *token = json_get(health, STR("access_token"));
  printf("%-16s%.*s (wemoon %.*s)\n", "state", STR_FMT(text_at(health, "status")),
         STR_FMT(text_at(health, "version")));
  print_duration("up for", number_at(health, "uptime_s", 0));
  int64_t loads = number_at(script, "loads", 0);
  printf("%-16s%.*s, loaded %lld time%s", "script", STR_FMT(text_at(script, "file")),
         (long long)loads, loads == 1 ? "" : "s");
  int64_t states = number_at(script, "interpreters", 1);
  if (states > 1) printf(", in %lld Lua states", (long long)states);
  putchar('\n');
  Str fault = text_at(script, "error");
  if (fault.len) print_line("not reloaded", fault);
  printf("%-16s%.*s, %s", "store", STR_FMT(text_at(store, "kind")),
         ok && json_bool(ok) ? "works" : "away: ");
  report_print(text_at(store, "error"));
  putchar('\n');
  int64_t left_s = number_at(token, "expires_in_s", -1);
  if (left_s >= 0) print_duration("access token", left_s);
  else printf("%-16s%s\n", "access token", "none yet");
  printf("%-16s%lld messages, %lld conversations wait\n", "under way",
         (long long)number_at(health, "jobs", 0), (long long)number_at(health, "conversations", 0));
}

// ---- figures ------------------------------------------------------------------------------------

static const struct {
  const char *prefix, *title;
} counters[] = {
  { "wemoon_callbacks_total{", "callbacks" },
  { "wemoon_late_replies_total{", "late replies" },
  { "wemoon_lost_answers_total{", "lost answers" },
  { "wemoon_api_calls_total{", "API calls" },
  { "wemoon_reloads_total{", "loads" },
};

// `type="text",outcome="replied"} 12` as "text replied: 12".
static void print_sample(const char *title, Str rest) {
  Str labels, value;
  str_cut(rest, '}', &labels, &value);
  printf("%-16s", title);
  while (labels.len) {
    Str before, quoted;
    if (!str_cut(labels, '"', &before, &quoted) || !str_cut(quoted, '"', &quoted, &labels)) break;
    if (str_eq(quoted, STR("none"))) continue;  // the type of what was refused unread
    report_print(quoted);
    putchar(' ');
  }
  printf("%.*s\n", STR_FMT(str_trim(value)));
}

static void print_figures(Str text) {
  while (text.len) {
    Str line, rest;
    str_cut(text, '\n', &line, &rest);
    text = rest;
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
      Str prefix = str_of(counters[i].prefix);
      if (str_starts(line, prefix) && !str_ends(line, STR("} 0")))
        print_sample(counters[i].title, str_sub(line, prefix.len, line.len));
    }
  }
}

static int run(Invocation *in) {
  if (!command_configure(in, NULL, true, false)) return STATUS_USAGE;
  Err err;
  const char *base = make_base(in, &err);
  if (!base) return report_err("status", &err);
  ClientResult *health = get(in, base, "/healthz", &err);
  ClientResult *figures = health ? get(in, base, "/metrics", &err) : NULL;
  JsonDoc *doc = figures ? json_parse(health->body, &err) : NULL;
  bool serving = doc && health->status == 200;
  if (doc) {
    print_health(json_root(doc));
    print_figures(figures->body);
  }
  json_free(doc);
  client_result_free(figures);
  client_result_free(health);
  if (!doc) return report_err("status", &err);
  return serving ? STATUS_DONE : STATUS_FAILED;
}

const Command command_status = {
  .name = "status",
  .usage = "",
  .summary = "Print the state of a running bot",
  .details = "Asks /healthz and /metrics of admin_listen (config.lua in the working directory). "
             "Exit status 1 if\n"
             "the bot does not answer or is stopping.\n",
  .options = options,
  .configured = true,
  .run = run,
};
