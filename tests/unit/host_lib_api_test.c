// host.api: calls of the platform, and its tokens.
#include "host_peer.h"

#include "api/api.h"

static Api *api;

static bool behave(void *ctx, const PeerRequest *request) {
  char text[5000];
  if (is_target(request, "/cgi-bin/stable_token") || is_target(request, "/cgi-bin/token"))
    return peer_json(request->fd, "{\"access_token\":\"T1\",\"expires_in\":7200}");
  if (is_target(request, "/refused"))
    return peer_json(request->fd, "{\"errcode\":45015,\"errmsg\":\"no window rid: 60d4c1e3-0f\"}");
  if (is_target(request, "/file")) return peer_answer(request->fd, 200, "image/png", "bytes", 5);
  snprintf(text, sizeof text, "{\"target\":\"%s\",\"method\":\"%s\",\"size\":%zu}", request->target,
           request->method, request->body_len);
  return peer_json(request->fd, text);
}

static int set_up(void **state) {
  if (world_open_peer(state, behave) != 0) return -1;
  world.account.appsecret = STR("secret");
  api = api_new(&(ApiOptions){ .account = &world.account,
                               .client = client,
                               .store = world.store,
                               .api_base = str_of(peer_url),
                               .mp_base = str_of(peer_url),
                               .timeout_ms = 5000 },
                NULL);
  world.options.api = api;
  return api ? 0 : -1;
}

static int tear_down(void **state) {
  interpreter_release(world.in);
  world.in = NULL;
  usleep(20000);
  api_free(api);
  return world_close_peer(state);
}

static void test_a_call_sends_the_token_and_gives_the_json(void **state) {
  assert_holds("local a = host.api.call { method = 'x.y', verb = 'POST', path = '/x', "
               "query = { a = 1 }, body = { b = 2 }, token = 'access_token' } "
               "is(a.method, 'POST') is(find(a.target, 'access_token=T1', 1, true) ~= nil, true) "
               "is(find(a.target, 'a=1', 1, true) ~= nil, true) is(a.size, #'{\"b\":2}')");
}

static void test_a_refusal_is_nil_and_the_platforms_code(void **state) {
  assert_holds("local a, err = host.api.call { method = 'x.y', path = '/refused', "
               "token = 'access_token' } "
               "is(a, nil) is(err.kind, 'api') is(err.errcode, 45015) is(err.method, 'x.y') "
               "is(err.rid, '60d4c1e3-0f')");
}

static void test_a_download_has_its_bytes_and_can_be_saved(void **state) {
  assert_holds("local d = host.api.call { method = 'x.y', verb = 'DOWNLOAD', path = '/file', "
               "token = 'none' } "
               "is(d.body, 'bytes') is(d.size, 5) is(d.content_type, 'image/png') "
               "local path = host.file.folder() .. 'saved' "
               "is(host.api.save(d, path), true) "
               "local f = io.open(path) is(f:read('a'), 'bytes') f:close() "
               "local done, why = host.api.save(d, '/nowhere/x') is(done, nil) "
               "is(find(why, '/nowhere/x', 1, true), 1)");
}

static void test_a_token_comes_with_its_expiry(void **state) {
  assert_holds("local token, at = host.api.token('access_token') is(token, 'T1') "
               "is(at > os.time() + 6000, true)");
}

static void test_what_is_no_call_raises(void **state) {
  assert_holds("fails('base must be api or mp', host.api.call, "
               "{ method = 'x.y', path = '/x', base = 'z' }) "
               "fails(\"path must begin with '/'\", host.api.call, { method = 'x.y', path = 'x' }) "
               "fails('unknown name of a token', host.api.token, '')");
}

static void test_without_an_api_or_credentials_the_method_is_named(void **state) {
  world.options.api = NULL;
  assert_holds("fails('wechat.x.y: the platform cannot be called here', host.api.call, "
               "{ method = 'x.y', path = '/x' }) is(host.api.has_credentials(), false)");
}

static void test_files_are_named_and_what_cannot_be_sent_is_told(void **state) {
  write_file("a.txt", "x");
  assert_holds("local path = host.file.folder() .. 'a.txt' local f = io.open(path) "
               "is(host.api.file_name(f), 'a.txt') is(host.api.file_fault(path), nil) "
               "is(host.api.file_fault(f), nil) f:close() is(host.api.file_fault(f), 'is closed') "
               "is(find(host.api.file_fault('/tmp'), 'is a folder', 1, true), 1) "
               "is(host.api.account('appid'), 'wx1234567890abcdef')");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_call_sends_the_token_and_gives_the_json),
    TEST(test_a_refusal_is_nil_and_the_platforms_code),
    TEST(test_a_download_has_its_bytes_and_can_be_saved),
    TEST(test_a_token_comes_with_its_expiry),
    TEST(test_what_is_no_call_raises),
    TEST(test_without_an_api_or_credentials_the_method_is_named),
    TEST(test_files_are_named_and_what_cannot_be_sent_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
