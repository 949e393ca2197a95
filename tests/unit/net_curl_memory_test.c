// Blocks that libcurl frees on a thread that keeps them are the next ones that it gets there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/curl_memory.h"

#include "base/sanitized.h"

#include <curl/curl.h>
#include <malloc.h>
#include <string.h>

// libcurl's own copy of a text, made and freed by its allocator.
static char *copy(const char *text) { return curl_easy_escape(NULL, text, 0); }

static void test_a_freed_block_is_had_again_while_blocks_are_kept(void **state) {
  curl_memory_keep();
  char *texts[40];
  for (size_t i = 0; i < 40; i++) texts[i] = copy("a text of a few bytes");
  char *last = texts[39];
  for (size_t i = 0; i < 40; i++) curl_free(texts[i]);
  char *again = copy("a text as long as it.");
  assert_string_equal(again, "a%20text%20as%20long%20as%20it.");
  if (!SANITIZED) assert_ptr_equal(again, last);
  curl_free(again);
  curl_memory_release();
}

static void test_texts_of_any_length_keep_their_bytes(void **state) {
  static char text[5001];
  char *copies[50];
  curl_memory_keep();
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < 50; i++) {
      memset(text, 'a' + (int)i % 26, i * 100);
      text[i * 100] = '\0';
      copies[i] = copy(text);
      assert_int_equal(strlen(copies[i]), i * 100);
    }
    for (size_t i = 0; i < 50; i++) {
      for (size_t at = 0; at < i * 100; at++) assert_int_equal(copies[i][at], 'a' + (int)i % 26);
      curl_free(copies[i]);
    }
  }
  curl_memory_release();
}

// A list of lines is made of libcurl's memory alone.
static struct curl_slist *lines(size_t count) {
  struct curl_slist *list = NULL;
  for (size_t i = 0; i < count; i++) list = curl_slist_append(list, "a line of some length, kept");
  return list;
}

static void test_what_is_kept_is_bounded_and_goes_with_the_last_release(void **state) {
  size_t before = mallinfo2().uordblks;
  curl_memory_keep();
  curl_memory_keep();
  curl_slist_free_all(lines(20000));
  size_t kept = mallinfo2().uordblks - before;
  if (!SANITIZED) assert_in_range(kept, CURL_MEMORY_KEPT / 2, CURL_MEMORY_KEPT * 2);
  curl_memory_release();
  if (!SANITIZED) assert_int_equal(mallinfo2().uordblks - before, kept);
  curl_memory_release();
  if (!SANITIZED) assert_in_range(mallinfo2().uordblks, 0, before + 4096);
}

static void test_a_thread_that_did_not_ask_keeps_nothing(void **state) {
  size_t before = mallinfo2().uordblks;
  curl_slist_free_all(lines(20000));
  if (!SANITIZED) assert_in_range(mallinfo2().uordblks, 0, before + 4096);
}

static int set_up(void **state) { return curl_memory_init() ? 0 : -1; }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_freed_block_is_had_again_while_blocks_are_kept),
    cmocka_unit_test(test_texts_of_any_length_keep_their_bytes),
    cmocka_unit_test(test_what_is_kept_is_bounded_and_goes_with_the_last_release),
    cmocka_unit_test(test_a_thread_that_did_not_ask_keeps_nothing),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
