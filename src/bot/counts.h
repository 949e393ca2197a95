// What a bot counts, and the page of figures that Prometheus reads.
#ifndef WEMOON_BOT_COUNTS_H
#define WEMOON_BOT_COUNTS_H

#include "base/metrics.h"

// The families of count_families, in its order.
enum {
  COUNT_CALLBACKS,
  COUNT_CALLBACK_SECONDS,
  COUNT_API_CALLS,
  COUNT_API_SECONDS,
  COUNT_LATE,
  COUNT_RELOADS
};
extern const MetricFamily count_families[];

// `outcome`: replied, success, late, unanswered, refused or verified. `metrics` NULL: nothing is counted.
void count_callback(Metrics *metrics, Str type, Str outcome, int64_t us);
// `method`: the name after `wechat.`; `result`: "0", the errcode, or network, timeout, http, json.
void count_api_call(Metrics *metrics, Str method, Str result, int64_t us);
// `fate`: customer_service, retry or dropped.
void count_late(Metrics *metrics, Str fate);
void count_reload(Metrics *metrics, bool worked);

#endif
