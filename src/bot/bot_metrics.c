// The table of all metrics.
#include "bot/bot_metrics.h"

#include "bot/outcome.h"
#include "script/interpreter.h"

const MetricFamily bot_metric_families[] = {
  [METRIC_CALLBACKS] = { "wemoon_callbacks_total",
                         METRIC_COUNTER,
                         { "type", "outcome" },
                         "Callbacks by message or event type and by what became of them." },
  [METRIC_CALLBACK_SECONDS] = { "wemoon_callback_duration_seconds",
                                METRIC_HISTOGRAM,
                                { "outcome", NULL },
                                "Time from a callback's head to its answer." },
  [METRIC_API_CALLS] = { "wemoon_api_calls_total",
                         METRIC_COUNTER,
                         { "method", "result" },
                         "Calls of the platform by method and errcode (or kind of failure)." },
  [METRIC_API_SECONDS] = { "wemoon_api_call_duration_seconds",
                           METRIC_HISTOGRAM,
                           { NULL, NULL },
                           "Time of a call of the platform, renewals and second tries included." },
  [METRIC_LATE] = { "wemoon_late_replies_total",
                    METRIC_COUNTER,
                    { "fate", NULL },
                    "Replies that missed their deadline, by what became of them." },
  [METRIC_RELOADS] = { "wemoon_reloads_total",
                       METRIC_COUNTER,
                       { "result", NULL },
                       "Loads of the script, by whether they worked." },
  [METRIC_DUPLICATES] = { "wemoon_duplicates_total",
                          METRIC_COUNTER,
                          { NULL, NULL },
                          "Tries of messages that had been seen before." },
  [METRIC_QUEUE_SECONDS] = { "wemoon_queue_seconds",
                             METRIC_HISTOGRAM,
                             { NULL, NULL },
                             "Time from a message's arrival to its script's turn." },
  [METRIC_LOST] = { "wemoon_lost_answers_total",
                    METRIC_COUNTER,
                    { "reason", NULL },
                    "Replies that their users do not get, by the reason." },
  [METRIC_API_FAILURES] = { "wemoon_api_failures_total",
                            METRIC_COUNTER,
                            { "kind", NULL },
                            "Calls of the platform that failed: refused with an errcode (api), or "
                            "without an answer." },
  { NULL, METRIC_COUNTER, { NULL, NULL }, NULL },
};

const MetricValue bot_metric_values[BOT_VALUES] = {
  [VALUE_SCRIPT_ERRORS] = { "wemoon_script_errors_total", "counter",
                            "Messages, pages, timers and spawned functions whose script failed." },
  [VALUE_LOG_DROPPED] = { "wemoon_log_lines_dropped_total", "counter",
                          "Lines of the log that nobody took in time." },
  [VALUE_JOBS] = { "wemoon_jobs", "gauge", "Messages and pages under way." },
  [VALUE_WAITING] = { "wemoon_waiting", "gauge",
                      "Requests that wait for their answers without a thread." },
  [VALUE_CONVERSATIONS] = { "wemoon_conversations", "gauge",
                            "Scripts that wait for a user's next message." },
  [VALUE_OWED] = { "wemoon_owed_answers", "gauge",
                   "Scripts whose message was answered without them, in the store." },
  [VALUE_KEPT] = { "wemoon_kept_answers", "gauge",
                   "Answers that wait in the store for their user's next message." },
  [VALUE_KNOWN] = { "wemoon_known_messages", "gauge",
                    "Answered messages whose duplicates are known as such." },
  [VALUE_KNOWN_BYTES] = { "wemoon_known_messages_bytes", "gauge",
                          "Memory of what is known of messages for their duplicates, answers "
                          "included." },
  [VALUE_INTERPRETERS] = { "wemoon_interpreters", "gauge",
                           "Lua states that are not closed yet, old ones included." },
  [VALUE_LUA_MEMORY] = { "wemoon_lua_memory_bytes", "gauge",
                         "Memory of the interpreters in service, together." },
  [VALUE_LUA_MEMORY_MAX] = { "wemoon_lua_memory_max_bytes", "gauge",
                             "Memory of the one that has most: each may take script_memory_mb." },
  [VALUE_SERVING] = { "wemoon_interpreters_serving", "gauge", "Lua states that answer messages." },
  [VALUE_THREADS_BUSY] = { "wemoon_http_threads_busy", "gauge",
                           "HTTP threads that have a connection." },
  [VALUE_THREADS] = { "wemoon_http_threads", "gauge", "HTTP threads." },
  [VALUE_STORE_UP] = { "wemoon_store_up", "gauge", "Whether the store's last call reached it." },
  [VALUE_TOKEN_LEFT] = { "wemoon_access_token_expires_in_seconds", "gauge",
                         "How long the token lives; -1: none." },
  [VALUE_STARTED] = { "wemoon_start_time_seconds", "gauge",
                      "When the process began, in Unix seconds." },
};

// ---- initial series -----------------------------------------------------------------------------

static void begin(Metrics *metrics, int family, const char *label, const char *other) {
  metrics_series(metrics, family, str_of(label), str_of(other));
}

static void begin_callbacks(Metrics *metrics) {
  static const char *const types[] = { "text",       "image",       "voice", "video",
                                       "shortvideo", "location",    "link",  "click",
                                       "subscribe",  "unsubscribe", "scan",  "view" };
  static const char *const outcomes[] = { OUTCOMES };
  for (size_t o = 0; o < sizeof outcomes / sizeof *outcomes; o++) {
    begin(metrics, METRIC_CALLBACK_SECONDS, outcomes[o], "");
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
      begin(metrics, METRIC_CALLBACKS, types[t], outcomes[o]);
  }
  begin(metrics, METRIC_CALLBACKS, "none", "refused");
}

void bot_metrics_begin(Metrics *metrics) {
  static const char *const lost[] = { LOST_REASONS };
  static const char *const kinds[] = { "api", "network", "timeout", "http", "json" };
  static const char *const fates[] = { "customer_service", "retry", "kept", "dropped" };
  begin_callbacks(metrics);
  for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) begin(metrics, METRIC_LOST, lost[i], "");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    begin(metrics, METRIC_API_FAILURES, kinds[i], "");
  for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
    begin(metrics, METRIC_LATE, fates[i], "");
  begin(metrics, METRIC_RELOADS, "success", "");
  begin(metrics, METRIC_RELOADS, "failure", "");
  begin(metrics, METRIC_DUPLICATES, "", "");
  begin(metrics, METRIC_QUEUE_SECONDS, "", "");
  begin(metrics, METRIC_API_SECONDS, "", "");
}

// ---- counting -----------------------------------------------------------------------------------

void bot_metrics_callback(Metrics *metrics, Str type, Str outcome, int64_t us) {
  if (!metrics) return;
  series_add(metrics_series(metrics, METRIC_CALLBACKS, type, outcome), 1);
  series_observe_us(metrics_series(metrics, METRIC_CALLBACK_SECONDS, outcome, STR("")), us);
}

static Str kind_of(Str result) {
  bool is_errcode = result.len > 0 && (result.ptr[0] == '-' || result.ptr[0] <= '9');
  return is_errcode ? STR("api") : result;
}

void bot_metrics_api_call(Metrics *metrics, Str method, Str result, int64_t us) {
  if (!metrics) return;
  series_add(metrics_series(metrics, METRIC_API_CALLS, method, result), 1);
  if (!str_eq(result, STR("0")))
    series_add(metrics_series(metrics, METRIC_API_FAILURES, kind_of(result), STR("")), 1);
  series_observe_us(metrics_series(metrics, METRIC_API_SECONDS, STR(""), STR("")), us);
}

void bot_metrics_late(Metrics *metrics, Str fate) {
  series_add(metrics_series(metrics, METRIC_LATE, fate, STR("")), 1);
}

void bot_metrics_duplicate(Metrics *metrics) {
  series_add(metrics_series(metrics, METRIC_DUPLICATES, STR(""), STR("")), 1);
}

void bot_metrics_queue(Metrics *metrics, int64_t us) {
  series_observe_us(metrics_series(metrics, METRIC_QUEUE_SECONDS, STR(""), STR("")), us);
}

void bot_metrics_lost(void *metrics, Str reason) {
  series_add(metrics_series(metrics, METRIC_LOST, reason, STR("")), 1);
}

void bot_metrics_reload(Metrics *metrics, bool worked) {
  series_add(
      metrics_series(metrics, METRIC_RELOADS, worked ? STR("success") : STR("failure"), STR("")),
      1);
}
