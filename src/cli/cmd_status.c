// `wemoon status`: prints what a running bot's admin address reports.
#include "cli/command.h"

#include <stdio.h>

#include "base/visible.h"
#include "cli/http_wait.h"
#include "cli/output_text.h"
#include "codec/json.h"

enum {
  TIMEOUT_MS = 5000,
  COLUMN = 16  // of what stands behind a title
};

static const Option options[] = {
  { .name = "url", .argument = "URL", .help = "the admin address (built from admin_listen)" },
  { .name = "json", .help = "print it as one JSON object on one line" },
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
  if (result->outcome != CLIENT_OK)
    err_set(err, ERR_FAILED,
            "%s: is the bot running? start it with wemoon run BOT.lua, or give its admin address "
            "with --url",
            result->err.text);
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

static void print_title(const char *title) { output_title(title, COLUMN); }

static void print_duration(const char *title, int64_t s) {
  print_title(title);
  if (s >= 86400) printf(output_text("%lld d "), (long long)s / 86400);
  if (s >= 3600) printf(output_text("%lld h "), (long long)s / 3600 % 24);
  if (s >= 60) printf(output_text("%lld min "), (long long)s / 60 % 60);
  printf(output_text("%lld s\n"), (long long)s % 60);
}

static void print_line(const char *title, Str text) {
  print_title(title);
  report_print(text);
  putchar('\n');
}

static void print_script(const Json *script) {
  int64_t loads = number_at(script, "loads", 0), states = number_at(script, "interpreters", 1);
  print_title("script");
  printf(loads == 1 ? output_text("%.*s, loaded %lld time")
                    : output_text("%.*s, loaded %lld times"),
         STR_FMT(text_at(script, "file")), (long long)loads);
  if (states > 1) printf(output_text(", in %lld Lua states"), (long long)states);
  putchar('\n');
  Str fault = text_at(script, "error");
  if (fault.len) print_line("not reloaded", fault);
}

static void print_store(const Json *store) {
  const Json *ok = json_get(store, STR("ok"));
  print_title("store");
  printf(output_text("%.*s, %s"), STR_FMT(text_at(store, "kind")),
         ok && json_bool(ok) ? output_text("works") : output_text("away: "));
  report_print(text_at(store, "error"));
  putchar('\n');
}

static void print_token(int64_t left_s) {
  if (left_s >= 0) return print_duration("access token", left_s);
  print_title("access token");
  fputs(output_text("none yet\n"), stdout);
}

static void print_health(const Json *health) {
  print_title("state");
  printf(output_text("%.*s (wemoon %.*s)\n"), STR_FMT(output_word(text_at(health, "status"))),
         STR_FMT(text_at(health, "version")));
  print_duration("up for", number_at(health, "uptime_s", 0));
  print_script(json_get(health, STR("script")));
  print_store(json_get(health, STR("store")));
  print_token(number_at(json_get(health, STR("access_token")), "expires_in_s", -1));
  print_title("under way");
  printf(output_text("%lld messages, %lld conversations wait\n"),
         (long long)number_at(health, "jobs", 0), (long long)number_at(health, "conversations", 0));
}

// ---- figures ------------------------------------------------------------------------------------

// In the order of /metrics. `name`: in the JSON object.
static const struct Counter {
  const char *prefix, *title, *name;
} counters[] = {
  { "wemoon_callbacks_total{", "callbacks", "callbacks" },
  { "wemoon_api_calls_total{", "API calls", "api_calls" },
  { "wemoon_late_replies_total{", "late replies", "late_replies" },
  { "wemoon_reloads_total{", "loads", "loads" },
  { "wemoon_lost_answers_total{", "lost answers", "lost_answers" },
};

enum { COUNTERS = sizeof counters / sizeof *counters };

// Splits `type="text",outcome="replied"} 12`. False if it is no such line.
static bool split_sample(Str line, Str *labels, int64_t *count) {
  size_t end = line.len;
  while (end > 0 && line.ptr[end - 1] != ' ') end--;
  *labels = str_sub(line, 0, end);
  if (!str_ends(*labels, STR("} "))) return false;
  labels->len -= 2;
  return str_to_int64(str_sub(line, end, line.len), count);
}

// Takes the next sample of that counter that is not 0 from the text; false at the end.
static bool next_sample(Str *text, const struct Counter *counter, Str *labels, int64_t *count) {
  Str prefix = str_of(counter->prefix), line;
  while (text->len) {
    str_cut(*text, '\n', &line, text);
    if (str_starts(line, prefix) &&
        split_sample(str_sub(line, prefix.len, line.len), labels, count) && *count != 0)
      return true;
  }
  return false;
}

// Takes the next label from `type="text",outcome="replied"`: its name, and its value without the escapes. False at the
// end.
static bool next_label(Str *labels, Str *name, Buf *value) {
  Str rest;
  buf_reset(value);
  if (!str_cut(*labels, '"', name, &rest)) return false;
  size_t at = 0;
  for (; at < rest.len && rest.ptr[at] != '"'; at++) {
    bool escaped = rest.ptr[at] == '\\' && at + 1 < rest.len;
    if (escaped) at++;
    buf_addc(value, escaped && rest.ptr[at] == 'n' ? '\n' : rest.ptr[at]);
  }
  *labels = str_sub(rest, at < rest.len ? at + 1 : at, rest.len);
  if (str_starts(*name, STR(","))) *name = str_sub(*name, 1, name->len);
  if (str_ends(*name, STR("="))) name->len--;
  return true;
}

// "text replied 12"
static void print_sample(const char *title, Str labels, int64_t count) {
  Str name;
  Buf text;
  buf_init(&text);
  print_title(title);
  while (next_label(&labels, &name, &text)) {
    if (str_eq(buf_str(&text), STR("none"))) continue;  // the type of what was refused unread
    report_print(buf_str(&text));
    putchar(' ');
  }
  printf("%lld\n", (long long)count);
  buf_clear(&text);
}

static void print_figures(Str figures) {
  for (size_t i = 0; i < COUNTERS; i++) {
    Str rest = figures, labels;
    int64_t count;
    while (next_sample(&rest, &counters[i], &labels, &count))
      print_sample(counters[i].title, labels, count);
  }
}

// ---- JSON ---------------------------------------------------------------------------------------

static void add_name(Buf *json, Str name) {
  json_add_string(json, name);
  buf_addc(json, ':');
}

// {"type":"text","outcome":"replied","count":12}
static void add_sample(Buf *json, Str labels, int64_t count) {
  Str name;
  Buf text;
  buf_init(&text);
  buf_addc(json, '{');
  while (next_label(&labels, &name, &text)) {
    add_name(json, name);
    json_add_string(json, buf_str(&text));
    buf_addc(json, ',');
  }
  add_name(json, STR("count"));
  buf_add_int(json, count);
  buf_addc(json, '}');
  json->failed = json->failed || text.failed;
  buf_clear(&text);
}

static void add_samples(Buf *json, const struct Counter *counter, Str figures) {
  Str labels;
  int64_t count;
  add_name(json, str_of(counter->name));
  buf_addc(json, '[');
  for (bool first = true; next_sample(&figures, counter, &labels, &count); first = false) {
    if (!first) buf_addc(json, ',');
    add_sample(json, labels, count);
  }
  buf_addc(json, ']');
}

// What /healthz says (an object with members), and the counters of /metrics.
static bool print_json(const Json *health, Str figures, Err *err) {
  Buf json, shown;
  buf_init(&json);
  buf_init(&shown);
  buf_addc(&json, '{');
  for (const Json *member = json_first(health); member; member = json_next(member)) {
    add_name(&json, json_key(member));
    json_add_value(&json, member);
    buf_addc(&json, ',');
  }
  for (size_t i = 0; i < COUNTERS; i++) {
    if (i > 0) buf_addc(&json, ',');
    add_samples(&json, &counters[i], figures);
  }
  buf_add(&json, STR("}\n"));
  visible_add_json(&shown, buf_str(&json));
  bool ok = !json.failed && !shown.failed;
  if (ok) fwrite(shown.ptr, 1, shown.len, stdout);
  buf_clear(&json);
  buf_clear(&shown);
  return ok || err_set(err, ERR_MEMORY, "no memory");
}

// ---- the command --------------------------------------------------------------------------------

static bool print_status(const Invocation *in, const Json *health, Str figures, Err *err) {
  if (options_value(&in->arguments, "json")) return print_json(health, figures, err);
  print_health(health);
  print_figures(figures);
  return true;
}

// /healthz of a bot always has these; "status" alone is what many other servers answer.
static bool is_bots(const Json *health) {
  const Json *script = json_get(health, STR("script"));
  return text_at(health, "status").len > 0 && text_at(health, "version").len > 0 && script &&
         json_kind(script) == JSON_OBJECT;
}

// NULL, with an error, for what is not a bot's.
static JsonDoc *read_health(const char *base, const ClientResult *result, Err *err) {
  JsonDoc *doc = json_parse(result->body, err);
  if (doc && is_bots(json_root(doc))) return doc;
  if (doc) err_set(err, ERR_FAILED, "%s answers no bot's state: is that the admin address?", base);
  json_free(doc);
  return NULL;
}

static int run(Invocation *in) {
  if (!command_configure(in, NULL, true, false)) return STATUS_USAGE;
  Err err;
  const char *base = make_base(in, &err);
  if (!base) return report_err("status", &err);
  ClientResult *health = get(in, base, "/healthz", &err);
  ClientResult *figures = health ? get(in, base, "/metrics", &err) : NULL;
  JsonDoc *doc = figures ? read_health(base, health, &err) : NULL;
  bool printed = doc && print_status(in, json_root(doc), figures->body, &err);
  bool serving = doc && health->status == 200;
  json_free(doc);
  client_result_free(figures);
  client_result_free(health);
  if (!printed) return report_err("status", &err);
  return serving ? STATUS_DONE : STATUS_FAILED;
}

const Command command_status = {
  .name = "status",
  .usage = "",
  .summary = "Print the state of a running bot",
  .details =
      "Asks /healthz and /metrics of admin_listen (config.lua in the working directory). "
      "Exit status 1 if\n"
      "the bot does not answer or is stopping.\n"
      "--json prints what /healthz says, and a list for each kind of the counters of /metrics that "
      "are not 0:\n"
      "{\"status\":\"ok\",...,\"callbacks\":[{\"type\":\"text\",\"outcome\":\"replied\",\"count\":"
      "12}],\"api_calls\":[...],\n"
      "\"late_replies\":[...],\"loads\":[...],\"lost_answers\":[...]}. With exit status 1 it is "
      "printed too, if the\n"
      "bot answered.\n",
  .options = options,
  .configured = true,
  .run = run,
};
