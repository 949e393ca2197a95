// bot/workspace: empty when taken, whatever it held; reused, never by two at once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/workspace.h"

static Overdue *overdue;
static WorkspacePool *pool;

static int begin(void **state) {
  overdue = overdue_new();
  pool = workspace_pool_new(overdue);
  return pool ? 0 : -1;
}

static int end(void **state) {
  workspace_pool_free(pool);
  overdue_free(overdue);
  return 0;
}

static void test_what_was_put_back_is_handed_out_again_and_is_empty(void **state) {
  Workspace *w = workspace_get(pool);
  buf_add(&w->plain, STR("a secret"));
  buf_add(&w->reply, STR("<xml>"));
  assert_true(xml_parse(w->xml, STR("<a><b>c</b></a>"), &w->tree, NULL));
  const char *first = arena_dup(w->arena, STR("query")).ptr;
  workspace_put(pool, w);
  Workspace *again = workspace_get(pool);
  assert_ptr_equal(again, w);
  assert_int_equal(again->plain.len + again->reply.len + again->sealed.len + again->identity.len,
                   0);
  assert_int_equal(again->tree.count + again->outer.count, 0);
  assert_ptr_equal(arena_alloc(again->arena, 1), first);
  workspace_put(pool, again);
}

static void test_two_at_once_have_one_each(void **state) {
  Workspace *one = workspace_get(pool), *two = workspace_get(pool);
  assert_ptr_not_equal(one, two);
  workspace_put(pool, one);
  workspace_put(pool, two);
}

// The memory of a message of a megabyte is not kept.
static void test_large_buffers_are_not_kept(void **state) {
  Workspace *w = workspace_get(pool);
  for (int i = 0; i < 100000; i++) buf_add(&w->plain, STR("0123456789"));
  workspace_put(pool, w);
  Workspace *again = workspace_get(pool);
  assert_ptr_equal(again, w);
  assert_true(again->plain.cap < 1000000);
  workspace_put(pool, again);
}

static void test_nothing_is_fine_to_put_back(void **state) { workspace_put(pool, NULL); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_was_put_back_is_handed_out_again_and_is_empty),
    cmocka_unit_test(test_two_at_once_have_one_each),
    cmocka_unit_test(test_large_buffers_are_not_kept),
    cmocka_unit_test(test_nothing_is_fine_to_put_back),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
