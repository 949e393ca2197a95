// host.http: HTTP requests to any address.
#include "host_peer.h"

static bool behave(void *ctx, const PeerRequest *request) {
  char text[600];
  if (is_target(request, "/slow")) usleep(400000);
  if (is_target(request, "/gone")) return peer_answer(request->fd, 404, "text/plain", "no", 2);
  int len = snprintf(text, sizeof text, "%s %s %s", request->method, request->target,
                     request->body ? request->body : "");
  return peer_answer(request->fd, 200, "text/plain", text, (size_t)len);
}

static int set_up(void **state) { return world_open_peer(state, behave); }

static void test_an_answer_has_status_headers_and_body(void **state) {
  assert_peer_holds("local a = host.http.request { url = peer .. '/x?y=1' } "
                    "is(a.status, 200) is(a.body, 'GET /x?y=1 ') "
                    "local types = {} "
                    "for _, h in ipairs(a.headers) do types[h[1]] = h[2] end "
                    "is(types['content-type'], 'text/plain')");
}

static void test_method_and_body_are_sent(void **state) {
  assert_peer_holds("local a = host.http.request { url = peer .. '/x', method = 'POST', "
                    "body = 'moon' } is(a.body, 'POST /x moon')");
}

static void test_a_status_of_refusal_is_an_answer(void **state) {
  assert_peer_holds("is(host.http.request({ url = peer .. '/gone' }).status, 404)");
}

static void test_a_failure_is_nil_and_its_kind(void **state) {
  assert_peer_holds("local a, err = host.http.request { url = peer .. '/slow', timeout = 0.05 } "
                    "is(a, nil) is(err.kind, 'timeout') is(type(err.errmsg), 'string') "
                    "a, err = host.http.request { url = 'http://127.0.0.1:1/' } "
                    "is(a, nil) is(err.kind, 'network')");
}

static void test_what_cannot_be_sent_raises_with_its_name(void **state) {
  assert_peer_holds("fails('wechat.http.get', host.http.request, "
                    "{ what = 'wechat.http.get', url = 'ftp://x' }) "
                    "fails('table expected', host.http.request, 5)");
}

static void test_without_a_client_it_raises(void **state) {
  world.options.client = NULL;
  assert_holds(
      "fails('HTTP requests cannot be made here', host.http.request, { url = 'http://x' })");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close_peer)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_an_answer_has_status_headers_and_body),    TEST(test_method_and_body_are_sent),
    TEST(test_a_status_of_refusal_is_an_answer),         TEST(test_a_failure_is_nil_and_its_kind),
    TEST(test_what_cannot_be_sent_raises_with_its_name), TEST(test_without_a_client_it_raises),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
