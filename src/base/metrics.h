// Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4). To count costs
// one or two atomic additions on memory that is shared by few threads; reading adds up.
#ifndef WEMOON_BASE_METRICS_H
#define WEMOON_BASE_METRICS_H

#include "base/buf.h"

typedef struct Metrics Metrics;
typedef struct Series
    Series;  // one family with one set of label values; lives as long as its Metrics

typedef enum { METRIC_COUNTER, METRIC_HISTOGRAM } MetricType;

typedef struct {
  const char *name;  // "wemoon_callbacks_total"
  MetricType type;
  const char *labels[2];  // NULL: fewer
  const char *help;
} MetricFamily;

// The bounds of a histogram's buckets, in microseconds; its text has seconds.
enum { METRIC_BUCKETS = 12 };

// `families` ends with a NULL name and outlives the Metrics. NULL without memory.
Metrics *metrics_new(const MetricFamily *families);
void metrics_free(Metrics *metrics);  // NULL is allowed

// The series of families[family] with these label values, made at its first use. Values beyond a bound per
// family (a stranger may choose them) count as "other". NULL without memory, which the functions below take.
Series *metrics_series(Metrics *metrics, int family, Str label, Str other_label);
void series_add(Series *series, uint64_t amount);
void series_observe_us(Series *series, int64_t us);
uint64_t series_total(const Series *series);

// Appends all families that have been counted in.
void metrics_render(const Metrics *metrics, Buf *out);
// Appends one gauge or counter whose value is asked for only now: HELP, TYPE and the sample.
void metrics_render_value(Buf *out, const char *name, const char *type, const char *help,
                          double value);

#endif
