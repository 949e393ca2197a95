// The measure of what a request over libcurl costs: its multi interface in the plain loop of its manual, keeping so
// many requests under way. multi URL REQUESTS AT-ONCE; prints the CPU time of a request in microseconds. With "wait":
// all are sent at once; the memory of each in KB.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  char bytes[1024];
  size_t len;
} Answer;

static size_t take(char *bytes, size_t size, size_t count, void *ctx) {
  Answer *answer = ctx;
  size_t len = size * count;
  if (len > sizeof answer->bytes - answer->len) return 0;
  memcpy(answer->bytes + answer->len, bytes, len);
  answer->len += len;
  return len;
}

static void add(CURLM *multi, const char *url) {
  CURL *easy = curl_easy_init();
  Answer *answer = calloc(1, sizeof *answer);
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, answer);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_multi_add_handle(multi, easy);
}

// A new handle a request, as for requests that have nothing in common but their connections. False: it failed.
static int finish(CURLM *multi, CURLMsg *message) {
  Answer *answer;
  long status = 0;
  CURL *easy = message->easy_handle;
  int good = message->data.result == CURLE_OK;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &answer);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(multi, easy);
  curl_easy_cleanup(easy);
  good = good && status == 200 && answer->len > 0;
  free(answer);
  return good;
}

static int run(CURLM *multi, const char *url, long requests, long at_once) {
  long begun = 0, ended = 0;
  int running;
  while (ended < requests) {
    for (; begun < requests && begun - ended < at_once; begun++) add(multi, url);
    curl_multi_perform(multi, &running);
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left))) {
      if (!finish(multi, message)) return 0;
      ended++;
    }
    if (running >= at_once) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  return 1;
}

// A line of /proc/self/status, in KB.
static long memory_kb(const char *what) {
  char line[256];
  long kb = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) {
    if (strncmp(line, what, strlen(what)) == 0) kb = atol(line + strlen(what) + 1);
  }
  if (status) fclose(status);
  return kb;
}

static int wait_for_all(CURLM *multi, const char *url, long requests) {
  if (!run(multi, url, 1, 1)) return 1;
  long before = memory_kb("VmRSS");
  if (!run(multi, url, requests, requests)) return 1;
  printf("%.3f\n", (double)(memory_kb("VmHWM") - before) / (double)requests);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4 && !(argc == 5 && strcmp(argv[4], "wait") == 0)) return 2;
  long requests = atol(argv[2]), at_once = atol(argv[3]);
  curl_global_init(CURL_GLOBAL_ALL);
  CURLM *multi = curl_multi_init();
  if (argc == 5) return wait_for_all(multi, argv[1], requests);
  if (!run(multi, argv[1], at_once * 4, at_once)) return 1;  // connections
  clock_t begun = clock();
  if (!run(multi, argv[1], requests, at_once)) return 1;
  printf("%.3f\n", (double)(clock() - begun) * 1e6 / CLOCKS_PER_SEC / (double)requests);
  curl_multi_cleanup(multi);
  return 0;
}
