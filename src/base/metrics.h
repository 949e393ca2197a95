// Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4). Counting costs one or two
// atomic additions on memory that few threads share; rendering sums them up.
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

// Histograms count microseconds; their text has seconds.
enum { METRIC_BUCKETS = 12 };

// `families` ends with a NULL name and outlives the Metrics. NULL without memory.
Metrics *metrics_new(const MetricFamily *families);
void metrics_free(Metrics *metrics);  // NULL is allowed

// The series of families[family] with these label values, created at its first use. Each family has a limited number of
// values, because strangers may choose them; the rest count as "other". NULL without memory: the functions below
// accept it.
Series *metrics_series(Metrics *metrics, int family, Str label, Str other_label);
void series_add(Series *series, uint64_t amount);    // of a counter
void series_observe_us(Series *series, int64_t us);  // of a histogram
uint64_t series_total(const Series *series);         // of a histogram: the observations

// Appends every family that has a sample.
void metrics_render(const Metrics *metrics, Buf *out);
// Appends a gauge or counter whose value the caller has at hand: HELP, TYPE and the sample.
void metrics_render_value(Buf *out, const char *name, const char *type, const char *help,
                          double value);

#endif
