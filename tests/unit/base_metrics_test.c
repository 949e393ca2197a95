// Counters and histograms: what is counted is told, by labels, whoever counts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/metrics.h"

static const MetricFamily families[] = {
  { "a_total", METRIC_COUNTER, { "x", "y" }, "A." },
  { "b_seconds", METRIC_HISTOGRAM, { "x", NULL }, "B." },
  { NULL, METRIC_COUNTER, { NULL, NULL }, NULL },
};

static void assert_text(const Metrics *metrics, const char *part) {
  Buf out;
  buf_init(&out);
  metrics_render(metrics, &out);
  assert_non_null(strstr(out.ptr, part));
  buf_clear(&out);
}

static void a_series_is_known_by_its_label_values(void **state) {
  Metrics *metrics = metrics_new(families);
  Series *one = metrics_series(metrics, 0, STR("p"), STR("q")),
         *other = metrics_series(metrics, 0, STR("pq"), STR(""));
  assert_ptr_not_equal(one, other);
  assert_ptr_equal(one, metrics_series(metrics, 0, STR("p"), STR("q")));
  series_add(one, 3);
  assert_int_equal(series_total(one), 3);
  assert_int_equal(series_total(other), 0);
  assert_text(metrics, "a_total{x=\"p\",y=\"q\"} 3\n");
  metrics_free(metrics);
}

static void label_values_are_escaped(void **state) {
  Metrics *metrics = metrics_new(families);
  series_add(metrics_series(metrics, 0, STR("a\"b\\c\nd"), STR("")), 1);
  assert_text(metrics, "a_total{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 1\n");
  metrics_free(metrics);
}

static void a_histogram_counts_up_to_each_bound(void **state) {
  Metrics *metrics = metrics_new(families);
  Series *series = metrics_series(metrics, 1, STR("p"), STR(""));
  series_observe_us(series, 100);
  series_observe_us(series, 101);
  series_observe_us(series, 99000000);
  assert_text(metrics, "b_seconds_bucket{x=\"p\",le=\"0.0001\"} 1\n");
  assert_text(metrics, "b_seconds_bucket{x=\"p\",le=\"0.0005\"} 2\n");
  assert_text(metrics, "b_seconds_bucket{x=\"p\",le=\"15\"} 2\n");
  assert_text(metrics, "b_seconds_bucket{x=\"p\",le=\"+Inf\"} 3\nb_seconds_sum{x=\"p\"} "
                       "99.000201\nb_seconds_count{x=\"p\"} 3\n");
  metrics_free(metrics);
}

static void values_beyond_the_bound_are_others(void **state) {
  Metrics *metrics = metrics_new(families);
  char name[16];
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof name, "n%d", i);
    series_add(metrics_series(metrics, 0, str_of(name), STR("")), 1);
  }
  assert_text(metrics, "a_total{x=\"other\",y=\"\"} 800\n");
  metrics_free(metrics);
}

static void *count_much(void *metrics) {
  for (int i = 0; i < 100000; i++) series_add(metrics_series(metrics, 0, STR("p"), STR("q")), 1);
  return NULL;
}

static void nothing_that_threads_count_is_lost(void **state) {
  Metrics *metrics = metrics_new(families);
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, count_much, metrics);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  assert_int_equal(series_total(metrics_series(metrics, 0, STR("p"), STR("q"))), 800000);
  metrics_free(metrics);
}

static void without_metrics_nothing_is_counted(void **state) {
  series_add(metrics_series(NULL, 0, STR("p"), STR("q")), 1);
  series_observe_us(NULL, 1);
  metrics_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_series_is_known_by_its_label_values),
    cmocka_unit_test(label_values_are_escaped),
    cmocka_unit_test(a_histogram_counts_up_to_each_bound),
    cmocka_unit_test(values_beyond_the_bound_are_others),
    cmocka_unit_test(nothing_that_threads_count_is_lost),
    cmocka_unit_test(without_metrics_nothing_is_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
