// net/transfer: requests that cannot be sent are refused with a reason; redirects; failures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/transfer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static Arena *arena;
static Err err;

static int begin(void **state) { return (arena = arena_new()) ? 0 : -1; }

static int end(void **state) {
  arena_free(arena);
  return 0;
}

static ClientRequest request(const char *url) {
  return (ClientRequest){
    .method = STR("GET"), .url = str_of(url), .response_max = 10, .timeout_ms = 1000
  };
}

static void free_transfer(Transfer *transfer) {
  client_result_free(transfer->result);
  transfer_free(transfer);
}

static void assert_refused(const ClientRequest *request, const char *why) {
  err = (Err){ 0 };
  assert_null(transfer_new(request, &err));
  assert_int_equal(err.code, ERR_USAGE);
  if (!strstr(err.text, why)) fail_msg("%s", err.text);
}

static void test_what_is_no_http_address_is_refused(void **state) {
  static const char *const urls[][2] = {
    { "", "has no \"://\"" },
    { "host", "has no \"://\"" },
    { "ftp://host/", "must begin with http://" },
    { "file:///etc/passwd", "host" },
    { "http://", "names no host" },
    { "http:///path", "names no host" },
    { "//host/", "has no \"://\"" },
  };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    ClientRequest bad = request(urls[i][0]);
    assert_refused(&bad, urls[i][1]);
  }
}

static void test_a_space_or_control_character_in_an_address_is_named_by_its_code(void **state) {
  static const char *const urls[][2] = {
    { "http://host/a b", "%20" },      { "http://host/?q=a b", "%20" },
    { " http://host/", "%20" },        { "http://host/ ", "%20" },
    { "http://ho st/", "%20" },        { "http://host/a\nb", "%0A" },
    { "http://host/\r\nX: y", "%0D" }, { "a b", "%20" },
    { "http://host/a\tb", "%09" },
  };
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    ClientRequest bad = request(urls[i][0]);
    assert_refused(&bad, urls[i][1]);
  }
}

static void test_a_header_cannot_bring_another_one(void **state) {
  static const Str names[] = { STR("A b"),       STR("A\r\nB"), STR(""),
                               { "X-A\0BC", 6 }, STR("A"),      STR("A") };
  static const Str values[] = { STR("1"), STR("1"),         STR("1"),
                                STR("1"), STR("1\r\nB: 2"), { "1\0002", 3 } };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    Pairs headers = { 0 };
    pairs_add(&headers, arena, names[i], values[i]);
    ClientRequest bad = request("http://host/");
    bad.headers = &headers;
    assert_refused(&bad, "header");
  }
}

static void test_methods_and_times_have_their_shape(void **state) {
  ClientRequest bad = request("http://host/");
  bad.method = STR("GET /x");
  assert_refused(&bad, "method");
  bad.method = (Str){ "GET\0X", 5 };
  assert_refused(&bad, "method");
  bad = request("http://host/");
  bad.timeout_ms = 0;
  assert_refused(&bad, "positive");
}

static void test_a_part_is_a_regular_file(void **state) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  ClientPart part = { .name = STR("media"), .filename = STR("a.jpg"), .fd = ends[0] };
  ClientRequest bad = request("http://host/");
  bad.parts = &part;
  assert_refused(&bad, "a.jpg: not a regular file");
  close(ends[0]);
  close(ends[1]);
}

static void test_no_part_has_a_text_that_libcurl_would_cut(void **state) {
  static const ClientPart parts[] = {
    { .name = { "a\0b", 3 }, .fd = -1 },
    { .name = STR("a"), .filename = { "b\0.jpg", 6 }, .fd = -1 },
    { .name = STR("a"), .content_type = { "c\0d", 3 }, .fd = -1 },
    { .name = STR("a"), .content_type = STR("c\r\nX: y"), .fd = -1 },
  };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    ClientRequest bad = request("http://host/");
    bad.parts = &parts[i];
    assert_refused(&bad, i < 2 ? "NUL" : "line break");
  }
}

static void test_failures_name_host_and_port_and_nothing_more(void **state) {
  ClientRequest good = request("http://user:hunter2@host:81/path?secret=1");
  Transfer *transfer = transfer_new(&good, &err);
  char place[URL_PLACE_SIZE];
  assert_string_equal(transfer_place(transfer, place), "host:81");
  strcpy(transfer->result->err.text, "Failed on http://host/path?secret=1");
  transfer_fail(transfer, CURLE_COULDNT_CONNECT);
  assert_int_equal(transfer->result->outcome, CLIENT_NETWORK);
  assert_non_null(strstr(transfer->result->err.text, "host:81"));
  assert_null(strstr(transfer->result->err.text, "secret"));
  assert_null(strstr(transfer->result->err.text, "hunter2"));
  free_transfer(transfer);
}

// Its words quote what a message must not.
static void test_libcurl_has_no_words_in_an_error_that_was_made(void **state) {
  ClientRequest good = request("http://host/");
  Transfer *transfer = transfer_new(&good, &err);
  CURL *easy = transfer->easy = curl_easy_init();
  assert_non_null(easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->result->err.text);
  curl_easy_setopt(easy, CURLOPT_URL, "secret://host/");
  transfer_fail(transfer, CURLE_COULDNT_CONNECT);
  assert_int_equal(curl_easy_perform(easy), CURLE_UNSUPPORTED_PROTOCOL);
  assert_string_equal(transfer->result->err.text, "host: Couldn't connect to server");
  curl_easy_cleanup(easy);
  free_transfer(transfer);
}

static void test_failures_have_their_outcome(void **state) {
  static const struct {
    CURLcode code;
    ClientOutcome outcome;
    ErrCode error;
  } cases[] = {
    { CURLE_OPERATION_TIMEDOUT, CLIENT_TIMEOUT, ERR_TIMEOUT },
    { CURLE_OUT_OF_MEMORY, CLIENT_NETWORK, ERR_MEMORY },
    { CURLE_PEER_FAILED_VERIFICATION, CLIENT_NETWORK, ERR_NETWORK },
    { CURLE_COULDNT_RESOLVE_HOST, CLIENT_NETWORK, ERR_NETWORK },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ClientRequest good = request("https://host/");
    Transfer *transfer = transfer_new(&good, &err);
    transfer_fail(transfer, cases[i].code);
    assert_int_equal(transfer->result->outcome, cases[i].outcome);
    assert_int_equal(transfer->result->err.code, cases[i].error);
    free_transfer(transfer);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_is_no_http_address_is_refused),
    cmocka_unit_test(test_a_space_or_control_character_in_an_address_is_named_by_its_code),
    cmocka_unit_test(test_a_header_cannot_bring_another_one),
    cmocka_unit_test(test_methods_and_times_have_their_shape),
    cmocka_unit_test(test_a_part_is_a_regular_file),
    cmocka_unit_test(test_no_part_has_a_text_that_libcurl_would_cut),
    cmocka_unit_test(test_failures_name_host_and_port_and_nothing_more),
    cmocka_unit_test(test_libcurl_has_no_words_in_an_error_that_was_made),
    cmocka_unit_test(test_failures_have_their_outcome),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
