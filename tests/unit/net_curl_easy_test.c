// net/curl_easy: the bytes sent, and the bytes received.
#include "client_side.h"

#include "net/answer_bytes.h"

#include <fcntl.h>

static bool answer_big(int fd) {
  size_t len = 3 << 20;
  char *body = malloc(len);
  for (size_t i = 0; i < len; i++) body[i] = (char)(i * 7);
  bool good = peer_answer(fd, 200, "image/jpeg", body, len);
  free(body);
  return good;
}

static bool behave(void *ctx, const PeerRequest *request) {
  int fd = request->fd;
  note(request);
  if (is(request, "/big")) return answer_big(fd);
  if (is(request, "/hints"))
    return peer_raw(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                        "HTTP/1.1 200 OK\r\nX-Late: 1\r\nContent-Length: 0\r\n\r\n");
  if (is(request, "/twice"))
    return peer_raw(fd, "HTTP/1.1 200 OK\r\nX-A:\r\nx-a: 2\r\nContent-Length: "
                        "0\r\n\r\n");
  return peer_raw(
      fd, "HTTP/1.1 200 OK\r\nX-One: 1\r\nx-two:  two words \r\nContent-Length: 5\r\n\r\nhello");
}

static void test_headers_and_body_go_out_as_given(void **state) {
  Arena *arena = arena_new();
  Pairs headers = { 0 };
  pairs_add(&headers, arena, STR("X-Wemoon"), STR("月"));
  pairs_add(&headers, arena, STR("X-Empty"), STR(""));
  ClientRequest request = get("/post");
  request.method = STR("POST");
  request.headers = &headers;
  request.body = STR("a\0b");
  request.has_body = true;
  ends(request, CLIENT_OK, NULL);
  is_seen("X-Wemoon: 月\r\n");
  is_seen("X-Empty:");
  is_seen("Content-Length: 3\r\n");
  is_not_seen("Content-Type");
  is_not_seen("Expect");
  assert_memory_equal(seen + seen_len - 3, "a\0b", 3);
  request.method = STR("DELETE");
  ends(request, CLIENT_OK, NULL);
  is_seen("DELETE /post HTTP/1.1\r\n");
  request = get("/post");
  request.method = STR("POST");
  ends(request, CLIENT_OK, NULL);
  is_seen("Content-Length: 0\r\n");
  arena_free(arena);
}

// The handles are used again: what one request was told, the next is not.
static void test_a_target_goes_out_as_it_stands_in_the_url(void **state) {
  static const char *const targets[][2] = {
    { "/t?access_token=a%20b&x=1?2/3", "GET /t?access_token=a%20b&x=1?2/3 HTTP/1.1\r\n" },
    { "/t", "GET /t HTTP/1.1\r\n" },
    { "/t?", "GET /t? HTTP/1.1\r\n" },
    { "?a=1", "GET /?a=1 HTTP/1.1\r\n" },
    { "/a/../t?b=/../c#part?d", "GET /t?b=/../c HTTP/1.1\r\n" },
    { "/t?词=月", "GET /t?词=月 HTTP/1.1\r\n" },
    { "/t#part?d", "GET /t HTTP/1.1\r\n" },
    { "/t?a=/.b#/c", "GET /t?a=/.b HTTP/1.1\r\n" },
    { "/./t/../u", "GET /u HTTP/1.1\r\n" },
    { "#/part", "GET / HTTP/1.1\r\n" },
    { "", "GET / HTTP/1.1\r\n" },
  };
  for (size_t i = 0; i < 2 * sizeof targets / sizeof *targets; i++) {
    ClientRequest request = get(targets[i / 2][0]);
    request.follow = i % 2;
    ends(request, CLIENT_OK, NULL);
    is_seen(targets[i / 2][1]);
  }
}

typedef struct {
  const char *method, *line, *body;
  bool follow;
  size_t memory_max;
} Kind;

static void send_kind(const Kind *kind) {
  char length[40];
  ClientRequest request = get("/t?a=1");
  request.method = str_of(kind->method);
  request.follow = kind->follow;
  request.memory_max = kind->memory_max;
  request.has_body = kind->body != NULL;
  if (kind->body) request.body = str_of(kind->body);
  ends(request, CLIENT_OK, NULL);
  is_seen(kind->line);
  snprintf(length, sizeof length, "Content-Length: %zu\r\n", kind->body ? strlen(kind->body) : 0);
  if (kind->body) is_seen(length);
  else is_not_seen("Content-Length: 1");
  assert_string_equal(strstr(seen, "\r\n\r\n") + 4, kind->body ? kind->body : "");
}

static void test_nothing_of_one_kind_of_request_is_left_for_the_next(void **state) {
  static const Kind kinds[] = {
    { .method = "GET", .line = "GET /t?a=1 HTTP/1.1\r\n" },
    { .method = "POST", .line = "POST /t?a=1 HTTP/1.1\r\n", .body = "a body" },
    { .method = "POST", .line = "POST /t?a=1 HTTP/1.1\r\n", .body = "" },
    { .method = "GET", .line = "GET /t?a=1 HTTP/1.1\r\n", .body = "12" },
    { .method = "HEAD", .line = "HEAD /t?a=1 HTTP/1.1\r\n" },
    { .method = "PUT", .line = "PUT /t?a=1 HTTP/1.1\r\n", .body = "a longer body" },
    { .method = "DELETE", .line = "DELETE /t?a=1 HTTP/1.1\r\n" },
    { .method = "GET", .line = "GET /t?a=1 HTTP/1.1\r\n", .follow = true },
    { .method = "GET", .line = "GET /t?a=1 HTTP/1.1\r\n", .memory_max = 100 },
  };
  enum { COUNT = sizeof kinds / sizeof *kinds };
  for (size_t i = 0; i < COUNT * COUNT; i++) {
    send_kind(&kinds[i / COUNT]);
    send_kind(&kinds[i % COUNT]);
  }
}

// The origin parsed last is kept: the next request's own counts.
static void test_each_request_goes_to_the_origin_of_its_url(void **state) {
  static const char *const origins[] = { "127.0.0.1", "me:secret@127.0.0.1", "localhost",
                                         "127.0.0.1" };
  for (size_t i = 0; i < 2 * sizeof origins / sizeof *origins; i++) {
    char url[100], host[60];
    const char *origin = origins[i / 2], *at = strchr(origin, '@');
    snprintf(url, sizeof url, "http://%s:%d/t?a=1", origin, peer.port);
    snprintf(host, sizeof host, "Host: %s:%d\r\n", at ? at + 1 : origin, peer.port);
    ClientRequest request = get("/");
    request.url = str_of(url);
    ends(request, CLIENT_OK, NULL);
    is_seen("GET /t?a=1 HTTP/1.1\r\n");
    is_seen(host);
    assert_int_equal(strstr(seen, "Authorization: Basic bWU6c2VjcmV0\r\n") != NULL, at != NULL);
  }
}

static int times_seen(const char *text) {
  int times = 0;
  for (const char *at = seen; (at = strcasestr(at, text)); at++) times++;
  return times;
}

static void test_the_program_names_itself_once_unless_a_request_does(void **state) {
  ends(get("/hello"), CLIENT_OK, NULL);
  is_seen("User-Agent: wemoon/" WEMOON_VERSION "\r\n");
  assert_int_equal(times_seen("user-agent:"), 1);
  assert_int_equal(times_seen("accept-encoding:"), 1);
  Pair own = { STR("user-agent"), STR("mine"), NULL };
  Pairs headers = { &own, &own, 1 };
  ClientRequest request = get("/hello");
  request.headers = &headers;
  ends(request, CLIENT_OK, NULL);
  is_seen("user-agent: mine\r\n");
  assert_int_equal(times_seen("user-agent:"), 1);
}

static void test_a_file_is_sent_with_its_raw_name_and_its_length(void **state) {
  char path[] = "/tmp/wemoon-part-XXXXXX";
  int fd = mkstemp(path);
  assert_int_equal(write(fd, "skip12345", 9), 9);
  lseek(fd, 4, SEEK_SET);
  ClientPart field = { .name = STR("description"), .data = STR("{\"title\":\"题\"}"), .fd = -1 };
  ClientPart file = { .name = STR("media"),
                      .filename = STR("照片 1.jpg"),
                      .content_type = STR("image/jpeg"),
                      .fd = fd,
                      .next = &field };
  ClientRequest request = get("/upload");
  request.method = STR("POST");
  request.parts = &file;
  ends(request, CLIENT_OK, NULL);
  is_seen("filename=\"照片 1.jpg\"");
  is_seen("Content-Type: image/jpeg\r\n\r\n12345\r\n");
  is_seen("{\"title\":\"题\"}");
  is_seen("Content-Length: ");
  is_not_seen("chunked");
  is_not_seen("filename*");
  assert_int_equal(lseek(fd, 0, SEEK_CUR), 4);
  close(fd);
  unlink(path);
}

static void test_a_large_answer_goes_to_a_file_and_one_too_large_is_none(void **state) {
  ClientRequest request = get("/big");
  request.memory_max = 1 << 20;
  ClientResult *result = run(request);
  assert_int_equal(result->outcome, CLIENT_OK);
  assert_int_equal(result->size, 3 << 20);
  assert_true(result->fd >= 0);
  assert_int_equal(result->body.len, 0);
  unsigned char bytes[4];
  assert_int_equal(pread(result->fd, bytes, 4, (3 << 20) - 4), 4);
  assert_int_equal(bytes[3], (unsigned char)(((3 << 20) - 1) * 7));
  client_result_free(result);
  request.response_max = 2 << 20;
  ends(request, CLIENT_TOO_LARGE, "larger than 2097152 bytes");
}

// Ten answers of 64 MB at once would take 640 MB, outside every script's limit.
static void test_all_answers_that_are_held_have_one_limit(void **state) {
  size_t others = 0;
  assert_true(answer_bytes_hold(&others, ANSWER_BYTES_MAX - (2 << 20)));
  ends(get("/big"), CLIENT_TOO_LARGE, "held at once are larger than 256 MB together");
  ends(get("/hello"), CLIENT_OK, NULL);
  assert_true(answer_bytes_hold(&others, ANSWER_BYTES_MAX - (4 << 20)));
  ClientResult *result = run(get("/big"));
  assert_int_equal(result->outcome, CLIENT_OK);
  assert_int_equal(result->counted, 3 << 20);
  assert_false(answer_bytes_hold(&others, ANSWER_BYTES_MAX - (2 << 20)));
  client_result_free(result);
  assert_true(answer_bytes_hold(&others, ANSWER_BYTES_MAX));
  assert_true(answer_bytes_hold(&others, 0));
}

static void test_an_answer_comes_with_status_headers_and_body(void **state) {
  ClientResult *result = run(get("/hello?a=1"));
  assert_int_equal(result->outcome, CLIENT_OK);
  assert_int_equal(result->status, 200);
  assert_string_equal(result->body.ptr, "hello");
  Str value;
  assert_int_equal(pairs_get_nocase(&result->headers, STR("X-Two"), &value), 1);
  assert_true(str_eq(value, STR("two words")));
  client_result_free(result);
  is_seen("GET /hello?a=1 HTTP/1.1\r\n");
}

static void test_headers_are_those_of_the_last_head(void **state) {
  ClientResult *result = run(get("/hints"));
  assert_int_equal(result->status, 200);
  assert_int_equal(pairs_get_nocase(&result->headers, STR("X-Early"), NULL), 0);
  assert_int_equal(pairs_get_nocase(&result->headers, STR("X-Late"), NULL), 1);
  client_result_free(result);
  result = run(get("/twice"));
  assert_int_equal(pairs_get_nocase(&result->headers, STR("x-a"), NULL), 2);
  assert_int_equal(result->headers.count, 3);
  client_result_free(result);
}

static void test_a_file_that_shrinks_while_it_is_sent_is_a_failure(void **state) {
  FILE *file = tmpfile();
  static char bytes[4 << 20];
  assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
  rewind(file);
  ClientPart part = { .name = STR("media"), .filename = STR("a"), .fd = fileno(file) };
  ClientRequest request = get("/upload");
  request.method = STR("POST");
  request.parts = &part;
  request.delay_ms = 100;
  Box box = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL };
  assert_true(client_send(client, &request, put, &box, NULL));
  assert_int_equal(ftruncate(fileno(file), 1000), 0);
  ClientResult *result = take(&box);
  assert_int_equal(result->outcome, CLIENT_NETWORK);
  client_result_free(result);
  fclose(file);
}

static void test_a_temporary_file_has_no_name_and_no_heir(void **state) {
  char link[60], name[200];
  int fd = client_temp_file(NULL);
  assert_true(fd >= 0);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, name, sizeof name - 1);
  name[len] = 0;
  assert_non_null(strstr(name, "(deleted)"));
  close(fd);
  Err err;
  setenv("TMPDIR", "/no/such/folder", 1);
  assert_int_equal(client_temp_file(&err), -1);
  assert_non_null(strstr(err.text, "/no/such/folder"));
  unsetenv("TMPDIR");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_headers_and_body_go_out_as_given),
    cmocka_unit_test(test_a_target_goes_out_as_it_stands_in_the_url),
    cmocka_unit_test(test_nothing_of_one_kind_of_request_is_left_for_the_next),
    cmocka_unit_test(test_each_request_goes_to_the_origin_of_its_url),
    cmocka_unit_test(test_the_program_names_itself_once_unless_a_request_does),
    cmocka_unit_test(test_a_file_is_sent_with_its_raw_name_and_its_length),
    cmocka_unit_test(test_a_large_answer_goes_to_a_file_and_one_too_large_is_none),
    cmocka_unit_test(test_all_answers_that_are_held_have_one_limit),
    cmocka_unit_test(test_an_answer_comes_with_status_headers_and_body),
    cmocka_unit_test(test_headers_are_those_of_the_last_head),
    cmocka_unit_test(test_a_file_that_shrinks_while_it_is_sent_is_a_failure),
    cmocka_unit_test(test_a_temporary_file_has_no_name_and_no_heir),
  };
  return cmocka_run_group_tests(tests, side_set_up, side_tear_down);
}
