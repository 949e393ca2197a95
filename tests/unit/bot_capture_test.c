// The lines of a capture, without a bot: content and form.
#include "bot/capture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/secrets.h"
#include "codec/json.h"

static void take(void *ctx, Str line) {
  buf_reset(ctx);
  buf_add(ctx, line);
}

static Str line_with(Buf *line, Str document, bool is_utf8, Str answer, bool answered) {
  Err err;
  Capture *capture = capture_to(take, line, &err);
  assert_non_null(capture);
  Trail *trail = capture_begin(capture, document, is_utf8, STR("oUser"), clock_now_us());
  trail_hold(trail);
  if (answered) capture_answer(trail, answer);
  trail_drop(trail);
  assert_int_equal(line->len, 0);
  trail->note(trail, TRAIL_LATE, STR("{\"n\":1}"));
  trail->note(trail, TRAIL_LATE, STR("{\"n\":2}"));
  trail_drop(trail);
  capture_close(capture);
  return buf_str(line);
}

static Str line_of(Buf *line, Str document, Str answer, bool answered) {
  return line_with(line, document, true, answer, answered);
}

// Of a message that caused nothing but its answer.
static Str line_alone(Buf *line, Str document, Str answer) {
  Err err;
  Capture *capture = capture_to(take, line, &err);
  Trail *trail = capture_begin(capture, document, true, STR("oUser"), clock_now_us());
  capture_answer(trail, answer);
  trail_drop(trail);
  capture_close(capture);
  return buf_str(line);
}

static void test_a_line_is_written_when_the_last_holder_lets_go(void **state) {
  (void)state;
  Buf line;
  buf_init(&line);
  Str written = line_of(&line, STR("<xml>\"\xE4\xBD\xA0\"</xml>"), STR("<a/>"), true);
  assert_true(str_ends(written, STR(",\"in\":\"<xml>\\\"\xE4\xBD\xA0\\\"</xml>\",\"out\":\"<a/>\","
                                    "\"late\":[{\"n\":1},{\"n\":2}],\"calls\":[]}")));
  buf_clear(&line);
}

static void test_a_message_that_was_never_answered_has_null(void **state) {
  (void)state;
  Buf line;
  buf_init(&line);
  assert_true(str_find(line_of(&line, STR("<a/>"), STR(""), false), STR("\"out\":null")) > 0);
  buf_reset(&line);
  assert_true(str_find(line_of(&line, STR("<a/>"), STR(""), true), STR("\"out\":\"\"")) > 0);
  buf_clear(&line);
}

static void test_broken_utf8_is_replaced(void **state) {
  (void)state;
  Buf line;
  buf_init(&line);
  Str written = line_with(&line, STR("<a>\xE4\xBD</a>"), false, STR("<b/>"), true);
  assert_true(str_find(written, STR("\"in\":\"<a>\xEF\xBF\xBD</a>\",\"out\":\"<b/>\"")) > 0);
  buf_clear(&line);
}

static void test_messages_of_any_length_are_whole(void **state) {
  (void)state;
  for (size_t len = 1; len < 6000; len = len * 3 / 2 + 1) {
    Buf line;
    buf_init(&line);
    char *text = malloc(len);
    memset(text, 'x', len);
    Str written = line_of(&line, str_make(text, len), str_make(text, len), true);
    assert_true(written.len > 2 * len && written.len < 2 * len + 100);
    free(text);
    buf_clear(&line);
  }
}

static void test_the_longest_secret_is_masked_wherever_it_stands(void **state) {
  (void)state;
  secrets_add(STR("abcdefgh"));
  secrets_add(STR("abcdefghijklmnopqrstuvwxyz"));
  secrets_add(STR("0123456789abcdef0123456789abcdef-and-more"));
  Buf line;
  buf_init(&line);
  Str written = line_of(&line, STR("abcdefgh abcdefgabcdefghijklmnopqrstuvwxyz!"),
                        STR("xx0123456789abcdef0123456789abcdef-and-more"), true);
  assert_true(str_find(written, STR("\"in\":\"\xE2\x80\xA6(8) abcdefgabcd\xE2\x80\xA6(26)!\"")) >
              0);
  assert_true(str_find(written, STR("\"out\":\"xx0123\xE2\x80\xA6(41)\"")) > 0);
  buf_clear(&line);
}

static Str hash(Str openid, char room[OPENID_SHOWN_MAX]) {
  return str_make(room, (size_t)snprintf(room, OPENID_SHOWN_MAX, "<%zu>", openid.len));
}

// The sender is hashed whatever it looks like, and in all parts; others only if they look like openids.
static void test_openids_are_hashed_in_every_part(void **state) {
  (void)state;
  Buf line;
  buf_init(&line);
  secrets_hash_openids(hash);
  Str written = line_of(&line, STR("<a>oUser</a><b>oUser</b>"), STR("to oUser"), true);
  assert_true(str_find(written, STR(",\"in\":\"<a><5></a><b><5></b>\",\"out\":\"to <5>\",")) > 0);
  buf_reset(&line);
  written = line_of(&line, STR("\"oUser\""), STR("oDemoLady0000000000000000001"), true);
  assert_true(str_find(written, STR("\"in\":\"\\\"<5>\\\"\",\"out\":\"<28>\",")) > 0);
  Err err;
  Capture *capture = capture_to(take, &line, &err);
  Trail *trail = capture_begin(capture, STR("oUser"), true, STR("oUser"), clock_now_us());
  trail->note(trail, TRAIL_CALL, STR("[\"oUser\"]"));
  trail_drop(trail);
  assert_true(str_ends(buf_str(&line), STR("\"out\":null,\"late\":[],\"calls\":[[\"<5>\"]]}")));
  capture_close(capture);
  secrets_hash_openids(NULL);
  buf_clear(&line);
}

// Both tries of a message may be answered at the same time.
static const char *const answers[] = { "<a>short</a>",
                                       "<a>a longer answer that shows something too</a>" };

typedef struct {
  Trail *trail;
  const char *text;
} Try;

static void *answer(void *arg) {
  const Try *try = arg;
  capture_answer(try->trail, STR(""));
  capture_answer(try->trail, str_of(try->text));
  return NULL;
}

static void test_of_several_answers_one_that_shows_something_is_written(void **state) {
  (void)state;
  Err err;
  Buf line;
  buf_init(&line);
  Capture *capture = capture_to(take, &line, &err);
  Trail *first = capture_begin(capture, STR("<x/>"), true, STR("oUser"), clock_now_us());
  answer(&(Try){ first, answers[1] });
  answer(&(Try){ first, answers[0] });
  trail_drop(first);
  assert_true(str_find(buf_str(&line), str_of(answers[1])) > 0);
  for (int i = 0; i < 500; i++) {
    pthread_t threads[4];
    Try tries[4];
    int whole = 0;
    Trail *trail = capture_begin(capture, STR("<x/>"), true, STR("oUser"), clock_now_us());
    for (int k = 0; k < 4; k++) {
      tries[k] = (Try){ trail, answers[k % 2] };
      assert_int_equal(pthread_create(&threads[k], NULL, answer, &tries[k]), 0);
    }
    for (int k = 0; k < 4; k++) pthread_join(threads[k], NULL);
    trail_drop(trail);
    for (int k = 0; k < 2; k++) {
      char expected[200];
      snprintf(expected, sizeof expected,
               ",\"in\":\"<x/>\",\"out\":\"%s\",\"late\":[],\"calls\":[]}", answers[k]);
      whole += str_ends(buf_str(&line), str_of(expected));
    }
    assert_int_equal(whole, 1);
  }
  capture_close(capture);
  buf_clear(&line);
}

// Documents and answers, plain or not, of any length: the line is the same as JSON's own writer makes it.
static void test_any_line_is_as_json_writes_its_parts(void **state) {
  (void)state;
  static const char letters[] = "abcdefghijkl<>/ =\"\\\n\x01";
  srand(1);
  for (int i = 0; i < 5000; i++) {
    char texts[2][1500];
    size_t len[2], usual = rand() % 2 ? 17 : sizeof letters - 1;
    Buf line, expected;
    buf_init(&line);
    buf_init(&expected);
    for (int k = 0; k < 2; k++) {
      len[k] = (size_t)rand() % (rand() % 4 ? 100 : 1500) + 1;
      for (size_t at = 0; at < len[k]; at++) texts[k][at] = letters[(size_t)rand() % usual];
    }
    Str document = str_make(texts[0], len[0]), answer = str_make(texts[1], len[1]);
    buf_add(&expected, STR(",\"in\":"));
    json_add_string(&expected, document);
    buf_add(&expected, STR(",\"out\":"));
    json_add_string(&expected, answer);
    buf_add(&expected, STR(",\"late\":[{\"n\":1},{\"n\":2}],\"calls\":[]}"));
    assert_true(str_ends(line_of(&line, document, answer, true), buf_str(&expected)));
    assert_true(str_starts(buf_str(&line), STR("{\"t\":")));
    expected.len -= strlen("[{\"n\":1},{\"n\":2}],\"calls\":[]}");
    buf_add(&expected, STR("[],\"calls\":[]}"));
    assert_true(str_ends(line_alone(&line, document, answer), buf_str(&expected)));
    buf_clear(&line);
    buf_clear(&expected);
  }
}

static mode_t mode_of_captured(const char *path) {
  Err err;
  struct stat info;
  Capture *capture = capture_open(path, &err);
  assert_non_null(capture);
  assert_int_equal(stat(path, &info), 0);
  capture_close(capture);
  return info.st_mode & 0777;
}

// /dev/null is another such.
static void test_a_file_becomes_private_but_no_pipe(void **state) {
  (void)state;
  char path[] = "/tmp/wemoon-capture-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(mode_of_captured(path), 0600);
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(chmod(path, 0644), 0);
  fd = open(path, O_RDWR | O_CLOEXEC);
  assert_int_equal(mode_of_captured(path), 0644);
  close(fd);
  unlink(path);
}

// ---- many threads -------------------------------------------------------------------------------

enum { WRITERS = 4, EACH = 3000 };

// Of four messages one is not written in place.
static void *capture_many(void *arg) {
  for (int i = 0; i < EACH; i++) {
    Trail *trail = capture_begin(arg, i % 4 ? STR("<x/>") : STR("<x>\"</x>"), true, STR("oUser"),
                                 clock_now_us());
    capture_answer(trail, STR("<an><answer/></an>"));
    trail_drop(trail);
  }
  return NULL;
}

static size_t count_parsed(Str text) {
  size_t parsed = 0;
  for (Str line; str_cut(text, '\n', &line, &text);) {
    JsonDoc *doc = json_parse(line, NULL);
    parsed +=
        doc && str_eq(json_string(json_get(json_root(doc), STR("out"))), STR("<an><answer/></an>"));
    json_free(doc);
  }
  return parsed;
}

static void test_the_lines_of_many_threads_are_all_in_the_file_and_whole(void **state) {
  (void)state;
  Err err;
  pthread_t threads[WRITERS];
  char path[] = "/tmp/wemoon-capture-XXXXXX";
  close(mkstemp(path));
  Capture *capture = capture_open(path, &err);
  assert_non_null(capture);
  for (int i = 0; i < WRITERS; i++) pthread_create(&threads[i], NULL, capture_many, capture);
  for (int i = 0; i < WRITERS; i++) pthread_join(threads[i], NULL);
  capture_close(capture);
  Buf text;
  buf_init(&text);
  assert_true(file_append(path, SIZE_MAX - 1, &text));
  assert_int_equal(count_parsed(buf_str(&text)), WRITERS * EACH);
  buf_clear(&text);
  unlink(path);
}

// Without the end of the capture.
static void test_a_line_is_in_the_file_soon(void **state) {
  (void)state;
  Err err;
  struct stat info = { 0 };
  char path[] = "/tmp/wemoon-capture-XXXXXX";
  close(mkstemp(path));
  Capture *capture = capture_open(path, &err);
  trail_drop(capture_begin(capture, STR("<x/>"), true, STR("oUser"), clock_now_us()));
  for (int i = 0; i < 10000 && info.st_size == 0; i++) {
    usleep(1000);
    assert_int_equal(stat(path, &info), 0);
  }
  assert_true(info.st_size > 0);
  capture_close(capture);
  unlink(path);
}

// ---- a pipe -------------------------------------------------------------------------------------

enum { LINES = 500, LINE_TEXT = 4000 };  // twice what the largest pipe holds

typedef struct {
  int fd;
  Buf text;
} Reader;

static size_t count_lines(Str text) {
  size_t lines = 0;
  for (size_t i = 0; i < text.len; i++) lines += text.ptr[i] == '\n';
  return lines;
}

// Reads until all lines have come, or none for 3 s.
static void *read_lines(void *arg) {
  Reader *reader = arg;
  char part[16384];
  struct pollfd one = { .fd = reader->fd, .events = POLLIN };
  for (size_t lines = 0; lines < LINES && poll(&one, 1, 3000) > 0; usleep(1000)) {
    Str got = str_make(part, (size_t)read(reader->fd, part, sizeof part));
    lines += count_lines(got);
    buf_add(&reader->text, got);
  }
  return NULL;
}

static size_t count_whole(Str text) {
  size_t whole = 0;
  for (Str line; str_cut(text, '\n', &line, &text);)
    whole += str_starts(line, STR("{\"t\":")) && str_ends(line, STR("\"calls\":[]}")) &&
             line.len > LINE_TEXT && line.len < LINE_TEXT + 200;
  return whole;
}

static void capture_burst(Capture *capture) {
  static char text[LINE_TEXT];
  memset(text, 'x', sizeof text);
  Str document = str_make(text, sizeof text);
  for (int i = 0; i < LINES; i++)
    trail_drop(capture_begin(capture, document, true, STR("oUser"), clock_now_us()));
}

static char pipe_path[64];

static int make_pipe(void **state) {
  snprintf(pipe_path, sizeof pipe_path, "/tmp/wemoon-capture-pipe-%d", (int)getpid());
  return mkfifo(pipe_path, 0600);
}

static int remove_pipe(void **state) { return unlink(pipe_path); }

static void test_a_burst_into_a_pipe_that_is_read_arrives_whole(void **state) {
  Err err;
  pthread_t thread;
  Capture *capture = capture_open(pipe_path, &err);
  assert_non_null(capture);
  Reader reader = { .fd = open(pipe_path, O_RDONLY | O_CLOEXEC) };
  buf_init(&reader.text);
  assert_int_equal(pthread_create(&thread, NULL, read_lines, &reader), 0);
  capture_burst(capture);
  pthread_join(thread, NULL);
  capture_close(capture);
  close(reader.fd);
  assert_int_equal(count_lines(buf_str(&reader.text)), LINES);
  assert_int_equal(count_whole(buf_str(&reader.text)), LINES);
  buf_clear(&reader.text);
}

static void test_a_reader_that_stopped_keeps_no_capture_open(void **state) {
  Err err;
  Capture *capture = capture_open(pipe_path, &err);
  assert_non_null(capture);
  capture_burst(capture);
  int64_t began_us = clock_now_us();
  capture_close(capture);
  assert_true(clock_now_us() - began_us < 5 * 1000 * 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_line_is_written_when_the_last_holder_lets_go),
    cmocka_unit_test(test_a_message_that_was_never_answered_has_null),
    cmocka_unit_test(test_broken_utf8_is_replaced),
    cmocka_unit_test(test_messages_of_any_length_are_whole),
    cmocka_unit_test(test_any_line_is_as_json_writes_its_parts),
    cmocka_unit_test(test_openids_are_hashed_in_every_part),
    cmocka_unit_test(test_of_several_answers_one_that_shows_something_is_written),
    cmocka_unit_test(test_the_longest_secret_is_masked_wherever_it_stands),
    cmocka_unit_test(test_the_lines_of_many_threads_are_all_in_the_file_and_whole),
    cmocka_unit_test(test_a_line_is_in_the_file_soon),
    cmocka_unit_test(test_a_file_becomes_private_but_no_pipe),
    cmocka_unit_test_setup_teardown(test_a_burst_into_a_pipe_that_is_read_arrives_whole, make_pipe,
                                    remove_pipe),
    cmocka_unit_test_setup_teardown(test_a_reader_that_stopped_keeps_no_capture_open, make_pipe,
                                    remove_pipe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
