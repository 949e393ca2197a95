// The metrics of a bot, for the page that Prometheus reads.
#ifndef WEMOON_BOT_BOT_METRICS_H
#define WEMOON_BOT_BOT_METRICS_H

#include "base/metrics.h"

// The indices of bot_metric_families.
enum {
  METRIC_CALLBACKS,
  METRIC_CALLBACK_SECONDS,
  METRIC_API_CALLS,
  METRIC_API_SECONDS,
  METRIC_LATE,
  METRIC_RELOADS,
  METRIC_DUPLICATES,
  METRIC_QUEUE_SECONDS,
  METRIC_LOST,
  METRIC_API_FAILURES
};
extern const MetricFamily bot_metric_families[];

// The indices of bot_metric_values.
enum {
  VALUE_SCRIPT_ERRORS,
  VALUE_LOG_DROPPED,
  VALUE_JOBS,
  VALUE_WAITING,
  VALUE_CONVERSATIONS,
  VALUE_OWED,
  VALUE_KEPT,
  VALUE_KNOWN,
  VALUE_KNOWN_BYTES,
  VALUE_INTERPRETERS,
  VALUE_LUA_MEMORY,
  VALUE_LUA_MEMORY_MAX,
  VALUE_SERVING,
  VALUE_THREADS_BUSY,
  VALUE_THREADS,
  VALUE_STORE_UP,
  VALUE_TOKEN_LEFT,
  VALUE_STARTED,
  BOT_VALUES
};
// Metrics that are not counted here: admin.c asks for their values when the page is made.
typedef struct {
  const char *name, *type, *help;  // type: "counter" or "gauge"
} MetricValue;
extern const MetricValue bot_metric_values[BOT_VALUES];

// Creates the series whose labels are known from the start, with the value 0: Prometheus sees no increase in a counter
// that first appears at 1. Call it once.
void bot_metrics_begin(Metrics *metrics);
// Counts one try of a message. `outcome`: one of OUTCOMES (outcome.h), or "verified".
// `metrics` NULL: nothing is counted.
void bot_metrics_callback(Metrics *metrics, Str type, Str outcome, int64_t us);
// Counts a call of the platform. `method`: the name after `wechat.`; `result`: "0", the errcode, or network, timeout,
// http, json.
void bot_metrics_api_call(Metrics *metrics, Str method, Str result, int64_t us);
// Counts a late reply. `fate`: customer_service, retry or dropped.
void bot_metrics_late(Metrics *metrics, Str fate);
// Counts a try of a message that had been seen before.
void bot_metrics_duplicate(Metrics *metrics);
// Notes how long a message waited for its script's turn.
void bot_metrics_queue(Metrics *metrics, int64_t us);
// Counts a reply that its user does not get. `reason`: one of LOST_REASONS; `metrics`: a Metrics.
void bot_metrics_lost(void *metrics, Str reason);
void bot_metrics_reload(Metrics *metrics, bool worked);  // counts one

#endif
