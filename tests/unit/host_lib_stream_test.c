// host.stream: HTTP responses that are read as they arrive, and server-sent events.
#include "host_peer.h"

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n";

static bool write_chunk(int fd, const char *text) {
  char chunk[200];
  int len = snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(text), text);
  return peer_write(fd, chunk, (size_t)len);
}

static bool behave(void *ctx, const PeerRequest *request) {
  peer_write(request->fd, head, sizeof head - 1);
  write_chunk(request->fd, "one");
  if (is_target(request, "/broken")) return false;
  usleep(50000);
  write_chunk(request->fd, "two");
  return write_chunk(request->fd, "");
}

static int set_up(void **state) { return world_open_peer(state, behave); }

#define OPEN(path)                                                                                 \
  "local s = host.stream.new() local status, headers = host.stream.open({ url = peer .. '" path    \
  "' }, s) is(status, 200) "

static void test_bytes_come_before_the_answer_is_whole(void **state) {
  assert_peer_holds(OPEN("/x") "local got, pieces = '', 0 "
                               "while true do local text = host.stream.take(s) "
                               "if not text then break end "
                               "got, pieces = got .. text, pieces + 1 end "
                               "is(got, 'onetwo') is(pieces, 2)");
}

static void test_the_end_of_a_broken_answer_is_told(void **state) {
  assert_peer_holds(OPEN("/broken") "local text, err repeat text, err = host.stream.take(s) "
                                    "until not text is(type(err), 'table') "
                                    "is(type(err.kind), 'string')");
}

static void test_a_closed_stream_is_cancelled(void **state) {
  assert_peer_holds(OPEN("/x") "s:close() local text, err = host.stream.take(s) is(text, nil) "
                               "is(err.kind, 'cancelled')");
}

static void test_a_stream_that_was_not_opened_has_nothing(void **state) {
  assert_peer_holds("local text, err = host.stream.take(host.stream.new()) is(text, nil) "
                    "is(err.kind, 'unknown')");
}

static void test_events_are_found_wherever_the_bytes_are_cut(void **state) {
  assert_peer_holds("local text = 'event: a\\ndata: 1\\n\\nid: 7\\ndata: 2\\ndata: 3\\n\\n' "
                    "for cut = 0, #text do local events = host.stream.events() "
                    "local found = {} "
                    "for _, part in ipairs { text:sub(1, cut), text:sub(cut + 1) } do "
                    "for _, e in ipairs(events:feed(part)) do "
                    "found[#found + 1] = e.event .. '|' .. e.data .. '|' .. e.id end end "
                    "is(table.concat(found, ' '), 'a|1| message|2\\n3|7') end");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close_peer)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_bytes_come_before_the_answer_is_whole),
    TEST(test_the_end_of_a_broken_answer_is_told),
    TEST(test_a_closed_stream_is_cancelled),
    TEST(test_a_stream_that_was_not_opened_has_nothing),
    TEST(test_events_are_found_wherever_the_bytes_are_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
