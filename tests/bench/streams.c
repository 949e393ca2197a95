// The measure of what reading streams over libcurl costs: its multi interface in the plain loop of its manual, which
// reads endless answers. streams URL STREAMS SECONDS EVENT-BYTES; prints the CPU time of an event in microseconds and
// the memory of a stream in KB.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t heard;    // bytes
static size_t waiting;  // streams that have not begun

static size_t take(char *bytes, size_t size, size_t count, void *ctx) {
  int *begun = ctx;
  if (!*begun) waiting--;
  *begun = 1;
  heard += size * count;
  return size * count;
}

static void add(CURLM *multi, const char *url) {
  CURL *easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, calloc(1, sizeof(int)));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_multi_add_handle(multi, easy);
  waiting++;
}

// VmRSS in KB.
static long memory_kb(void) {
  char line[256];
  long kb = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) {
    if (strncmp(line, "VmRSS:", 6) == 0) kb = atol(line + 6);
  }
  if (status) fclose(status);
  return kb;
}

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void turn(CURLM *multi) {
  int running;
  curl_multi_perform(multi, &running);
  curl_multi_poll(multi, NULL, 0, 100, NULL);
}

static void open_all(CURLM *multi, const char *url, long count) {
  for (long i = 0; i < count; i++) {
    add(multi, url);
    if (i % 50 == 49) turn(multi);
  }
  while (waiting > 0) turn(multi);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  long count = atol(argv[2]), seconds = atol(argv[3]), event = atol(argv[4]);
  curl_global_init(CURL_GLOBAL_ALL);
  CURLM *multi = curl_multi_init();
  open_all(multi, argv[1], 20);
  long before = memory_kb();
  open_all(multi, argv[1], count - 20);
  double each = (double)(memory_kb() - before) / (double)(count - 20);
  size_t heard_before = heard;
  clock_t begun = clock();
  double until = now_s() + (double)seconds;
  while (now_s() < until) turn(multi);
  double cpu_us = (double)(clock() - begun) * 1e6 / CLOCKS_PER_SEC;
  printf("%.3f %.3f\n", cpu_us * (double)event / (double)(heard - heard_before), each);
  return 0;
}
