// Each store while memory is short: a call may fail, but must not damage stored values.
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/wemoon-short-XXXXXX";

// The n-th allocation from now on fails; 0: none. The linker replaces malloc by the function below.
static __thread int fails_at;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size) {
  if (fails_at > 0 && --fails_at == 0) return NULL;
  return __real_malloc(size);
}

static int set_up_all(void **state) { return mkdtemp(folder) ? 0 : -1; }

static int tear_down_all(void **state) {
  char command[80];
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  return system(command);
}

static Store *open_store(const char *kind) {
  static int next_file;
  char url[160] = "memory:";
  if (strcmp(kind, "sqlite") == 0)
    snprintf(url, sizeof(url), "sqlite:%s/%d.db", folder, next_file++);
  Store *store = store_open(str_of(url), NULL);
  assert_non_null(store);
  return store;
}

// Makes a call whose n-th allocation fails. Returns NULL if the call was refused.
static StoreReply *call(Store *store, StoreCall what, int n) {
  Err err;
  fails_at = n;
  StoreReply *reply = store_call_wait(store, &what, &err);
  fails_at = 0;
  return reply;
}

static void expect(Store *store, const char *value) {
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_GET, .key = STR("k") }, 0);
  assert_int_equal(reply->err.code, ERR_NONE);
  assert_string_equal(reply->value.ptr, value);
  store_reply_free(reply);
}

static void test_a_counter_that_cannot_be_read_is_not_begun_anew(void **state) {
  Store *store = open_store(*state);
  store_reply_free(
      call(store, (StoreCall){ .op = STORE_SET, .key = STR("k"), .value = STR("5") }, 0));
  int counted = 0;
  for (int n = 1; n < 10; n++) {
    StoreReply *reply = call(store, (StoreCall){ .op = STORE_INCR, .key = STR("k"), .by = 1 }, n);
    if (reply && reply->err.code == ERR_NONE) counted++;
    else if (reply) assert_int_equal(reply->err.code, ERR_MEMORY);
    store_reply_free(reply);
    char wanted[16];
    snprintf(wanted, sizeof(wanted), "%d", 5 + counted);
    expect(store, wanted);
  }
  assert_in_range(counted, 1, 8);  // some calls failed, and some worked
  store_close(store);
}

static void test_a_value_that_cannot_be_copied_is_an_error_and_not_absent(void **state) {
  Store *store = open_store(*state);
  store_reply_free(
      call(store, (StoreCall){ .op = STORE_SET, .key = STR("k"), .value = STR("v") }, 0));
  StoreReply *reply = call(store, (StoreCall){ .op = STORE_GET, .key = STR("k") }, 2);
  assert_int_equal(reply->err.code, ERR_MEMORY);
  assert_false(reply->ok);
  store_reply_free(reply);
  expect(store, "v");
  store_close(store);
}

static void test_a_value_that_cannot_be_set_leaves_the_old_one(void **state) {
  Store *store = open_store(*state);
  store_reply_free(
      call(store, (StoreCall){ .op = STORE_SET, .key = STR("k"), .value = STR("old") }, 0));
  const char *present = "old";
  for (int n = 1; n < 6; n++) {
    StoreReply *reply =
        call(store, (StoreCall){ .op = STORE_SET, .key = STR("k"), .value = STR("new") }, n);
    if (reply && reply->err.code == ERR_NONE) present = "new";
    store_reply_free(reply);
    expect(store, present);
  }
  store_close(store);
}

#define EACH(test)                                                                                 \
  { #test " (memory)", test, NULL, NULL, "memory" }, {                                             \
#test " (sqlite)", test, NULL, NULL, "sqlite"                                                  \
  }

int main(void) {
  const struct CMUnitTest tests[] = {
    EACH(test_a_counter_that_cannot_be_read_is_not_begun_anew),
    EACH(test_a_value_that_cannot_be_copied_is_an_error_and_not_absent),
    EACH(test_a_value_that_cannot_be_set_leaves_the_old_one),
  };
  return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
