// The one table of what is counted.
#include "bot/bot_metrics.h"

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
  { NULL, METRIC_COUNTER, { NULL, NULL }, NULL },
};

void bot_metrics_callback(Metrics *metrics, Str type, Str outcome, int64_t us) {
  if (!metrics) return;
  series_add(metrics_series(metrics, METRIC_CALLBACKS, type, outcome), 1);
  series_observe_us(metrics_series(metrics, METRIC_CALLBACK_SECONDS, outcome, STR("")), us);
}

void bot_metrics_api_call(Metrics *metrics, Str method, Str result, int64_t us) {
  if (!metrics) return;
  series_add(metrics_series(metrics, METRIC_API_CALLS, method, result), 1);
  series_observe_us(metrics_series(metrics, METRIC_API_SECONDS, STR(""), STR("")), us);
}

void bot_metrics_late(Metrics *metrics, Str fate) {
  series_add(metrics_series(metrics, METRIC_LATE, fate, STR("")), 1);
}

void bot_metrics_reload(Metrics *metrics, bool worked) {
  series_add(
      metrics_series(metrics, METRIC_RELOADS, worked ? STR("success") : STR("failure"), STR("")),
      1);
}
