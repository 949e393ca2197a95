// What a bot counts, and the page of figures that Prometheus reads.
#ifndef WEMOON_BOT_BOT_METRICS_H
#define WEMOON_BOT_BOT_METRICS_H

#include "base/metrics.h"

// The families of bot_metric_families, in its order.
enum {
  METRIC_CALLBACKS,
  METRIC_CALLBACK_SECONDS,
  METRIC_API_CALLS,
  METRIC_API_SECONDS,
  METRIC_LATE,
  METRIC_RELOADS
};
extern const MetricFamily bot_metric_families[];

// `outcome`: replied, success, late, unanswered, refused or verified. `metrics` NULL: nothing is counted.
void bot_metrics_callback(Metrics *metrics, Str type, Str outcome, int64_t us);
// `method`: the name after `wechat.`; `result`: "0", the errcode, or network, timeout, http, json.
void bot_metrics_api_call(Metrics *metrics, Str method, Str result, int64_t us);
// `fate`: customer_service, retry or dropped.
void bot_metrics_late(Metrics *metrics, Str fate);
void bot_metrics_reload(Metrics *metrics, bool worked);

#endif
