// Series in a list per family, to which one is only ever added, and in slots by their labels, so that one is
// found among the many that begin at 0; their numbers in shards, one for a core or a few.
#include "base/metrics.h"

#include "base/cpu.h"
#include "base/mutex.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHARDS = 8, SERIES_MAX = 200, SLOTS = 256 };

static const int64_t bounds_us[METRIC_BUCKETS] = { 100,     500,     1000,    5000,
                                                   10000,   50000,   100000,  500000,
                                                   1000000, 2500000, 5000000, 15000000 };

typedef struct {
  _Alignas(CACHE_LINE) atomic_uint_least64_t count;
  atomic_uint_least64_t sum_us;
  atomic_uint_least64_t buckets[METRIC_BUCKETS];
} Shard;

struct Series {
  Shard shards[SHARDS];
  _Atomic(Series *) next;
  Series *next_in_slot;  // set before the series is published
  size_t lens[2];
  char text[];  // the label values, one after the other
};

typedef struct {
  _Atomic(Series *) first;
  _Atomic(Series *) slots[SLOTS];
  int count;  // with the mutex
} Family;

struct Metrics {
  const MetricFamily *families;
  int family_count;
  pthread_mutex_t mutex;
  Family list[];
};

Metrics *metrics_new(const MetricFamily *families) {
  int count = 0;
  while (families[count].name) count++;
  Metrics *metrics = calloc(1, sizeof *metrics + (size_t)count * sizeof(Family));
  if (!metrics) return NULL;
  metrics->families = families;
  metrics->family_count = count;
  mutex_init_brief(&metrics->mutex);
  return metrics;
}

void metrics_free(Metrics *metrics) {
  if (!metrics) return;
  for (int i = 0; i < metrics->family_count; i++) {
    for (Series *series = metrics->list[i].first, *next; series; series = next) {
      next = series->next;
      free(series);
    }
  }
  pthread_mutex_destroy(&metrics->mutex);
  free(metrics);
}

// ---- counting -----------------------------------------------------------------------------------

static Str value_of(const Series *series, int label) {
  return str_make(series->text + (label ? series->lens[0] : 0), series->lens[label]);
}

// Labels differ by their lengths and ends.
static size_t slot_of(Str a, Str b) {
  size_t sum = 5 * a.len + 11 * b.len;
  if (a.len) sum += 3U * (unsigned char)a.ptr[0] + (unsigned char)a.ptr[a.len - 1];
  if (b.len) sum += 7U * (unsigned char)b.ptr[0] + (unsigned char)b.ptr[b.len - 1];
  return sum % SLOTS;
}

static Series *find(const Family *family, Str a, Str b) {
  Series *series = atomic_load_explicit(&family->slots[slot_of(a, b)], memory_order_acquire);
  for (; series; series = series->next_in_slot) {
    if (str_eq(value_of(series, 0), a) && str_eq(value_of(series, 1), b)) return series;
  }
  return NULL;
}

static Series *add_series(Family *family, Str a, Str b) {
  size_t size = sizeof(Series) + a.len + b.len;
  Series *series = aligned_alloc(CACHE_LINE, (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
  if (!series) return NULL;
  memset(series, 0, sizeof *series);
  series->lens[0] = a.len;
  series->lens[1] = b.len;
  if (a.len) memcpy(series->text, a.ptr, a.len);
  if (b.len) memcpy(series->text + a.len, b.ptr, b.len);
  _Atomic(Series *) *slot = &family->slots[slot_of(a, b)];
  series->next = family->first;
  series->next_in_slot = *slot;
  atomic_store_explicit(&family->first, series, memory_order_release);
  atomic_store_explicit(slot, series, memory_order_release);
  family->count++;
  return series;
}

Series *metrics_series(Metrics *metrics, int family_index, Str a, Str b) {
  if (!metrics) return NULL;
  Family *family = &metrics->list[family_index];
  Series *series = find(family, a, b);
  if (series) return series;
  pthread_mutex_lock(&metrics->mutex);
  if (family->count >= SERIES_MAX) a = STR("other");
  series = find(family, a, b);
  if (!series) series = add_series(family, a, b);
  pthread_mutex_unlock(&metrics->mutex);
  return series;
}

// The shard of this core: its cache line is not fetched from another core.
static Shard *shard_of(Series *series) { return &series->shards[cpu_index(SHARDS)]; }

void series_add(Series *series, uint64_t amount) {
  if (series) atomic_fetch_add_explicit(&shard_of(series)->count, amount, memory_order_relaxed);
}

void series_observe_us(Series *series, int64_t us) {
  if (!series) return;
  Shard *shard = shard_of(series);
  atomic_fetch_add_explicit(&shard->count, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&shard->sum_us, (uint64_t)(us > 0 ? us : 0), memory_order_relaxed);
  int bucket = 0;
  while (bucket < METRIC_BUCKETS && us > bounds_us[bucket]) bucket++;
  if (bucket < METRIC_BUCKETS)
    atomic_fetch_add_explicit(&shard->buckets[bucket], 1, memory_order_relaxed);
}

// ---- text ---------------------------------------------------------------------------------------

uint64_t series_total(const Series *series) {
  uint64_t total = 0;
  for (int i = 0; i < SHARDS && series; i++)
    total += atomic_load_explicit(&((Series *)series)->shards[i].count, memory_order_relaxed);
  return total;
}

static void add_label(Buf *out, const char *name, Str value, const char **joint) {
  buf_printf(out, "%s%s=\"", *joint, name);
  for (size_t i = 0; i < value.len; i++) {
    char c = value.ptr[i];
    if (c == '"' || c == '\\') buf_addc(out, '\\');
    if (c == '\n') buf_add(out, STR("\\n"));
    else buf_addc(out, c);
  }
  buf_addc(out, '"');
  *joint = ",";
}

static void add_labels(Buf *out, const MetricFamily *family, const Series *series,
                       const char *bound) {
  const char *joint = "{";
  for (int i = 0; i < 2; i++) {
    if (family->labels[i]) add_label(out, family->labels[i], value_of(series, i), &joint);
  }
  if (bound) add_label(out, "le", str_of(bound), &joint);
  if (joint[0] == ',') buf_addc(out, '}');
}

static void add_histogram(Buf *out, const MetricFamily *family, const Series *series) {
  uint64_t below = 0, sum_us = 0;
  char bound[32];
  for (int b = 0; b < METRIC_BUCKETS; b++) {
    for (int i = 0; i < SHARDS; i++) below += ((Series *)series)->shards[i].buckets[b];
    snprintf(bound, sizeof bound, "%g", (double)bounds_us[b] / 1e6);
    buf_printf(out, "%s_bucket", family->name);
    add_labels(out, family, series, bound);
    buf_printf(out, " %llu\n", (unsigned long long)below);
  }
  for (int i = 0; i < SHARDS; i++) sum_us += ((Series *)series)->shards[i].sum_us;
  unsigned long long count = series_total(series);
  buf_printf(out, "%s_bucket", family->name);
  add_labels(out, family, series, "+Inf");
  buf_printf(out, " %llu\n%s_sum", count, family->name);
  add_labels(out, family, series, NULL);
  buf_printf(out, " %.6f\n%s_count", (double)sum_us / 1e6, family->name);
  add_labels(out, family, series, NULL);
  buf_printf(out, " %llu\n", count);
}

static void add_counter(Buf *out, const MetricFamily *family, const Series *series) {
  buf_add(out, str_of(family->name));
  add_labels(out, family, series, NULL);
  buf_printf(out, " %llu\n", (unsigned long long)series_total(series));
}

void metrics_render(const Metrics *metrics, Buf *out) {
  for (int i = 0; i < metrics->family_count; i++) {
    const MetricFamily *family = &metrics->families[i];
    const Series *series = metrics->list[i].first;
    bool histogram = family->type == METRIC_HISTOGRAM;
    if (!series) continue;
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
               histogram ? "histogram" : "counter");
    for (; series; series = ((Series *)series)->next) {
      if (histogram) add_histogram(out, family, series);
      else add_counter(out, family, series);
    }
  }
}

void metrics_render_value(Buf *out, const char *name, const char *type, const char *help,
                          double value) {
  buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}
