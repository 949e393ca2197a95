// Collects trails in memory and makes a line of each.
#include "bot/capture.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/core_pool.h"
#include "base/mutex.h"
#include "base/secrets.h"
#include "bot/capture_file.h"
#include "codec/json.h"

enum {
  NOTED_MAX = 4 << 20,  // bytes of one message's calls and late parts
  LINE_MORE = 100,      // bytes of a line beside document, reply and what else was noted, at most
  ROOM = 2048,          // bytes that hold most messages with their replies
  IDLE_MAX = 64,        // per core
  FRONT_ROOM = 32
};

struct Capture {
  void (*take)(void *ctx, Str line);
  void *ctx;
  CaptureFile *file;  // without `take`
  bool is_ended;
  CorePool idle;  // trails with ROOM
};

// `text` holds the openid, then the document, as many blanks as stand between document and answer in a line, and the
// answer. Most lines are that with front and end. If something has to be escaped or hidden, or there is `more`, the
// line is put together in `made`.
typedef struct {
  Trail trail;  // first
  Capture *capture;
  size_t core;  // on which it began
  int64_t received_ms;
  Str openid, document;  // in `text`; no openid unless openids are hashed
  Str out;               // in `text`, or in `long_out`
  atomic_bool more;  // something is in `late`, `calls` or `long_out`, or there was no memory for it
  atomic_bool is_answered;
  atomic_bool is_taken;  // an answer that shows something: who set it writes `out` and `long_out`
  bool is_utf8;          // the document is
  bool is_made;          // `made` is not as it was
  Pooled pooled;
  // Not looked at for most messages:
  pthread_mutex_t mutex;  // of the next two
  Buf late, calls;        // members of a JSON array
  Buf long_out;
  Buf made;
  size_t room;  // bytes of `text`
  char text[];
} Noted;

#define BETWEEN "\",\"out\":\""
#define BEHIND "\",\"late\":[],\"calls\":[]}\n"

// ---- lines --------------------------------------------------------------------------------------

// Replaces the sender's openid, which need not look like one, by its form in the log. `room`: for the result; an empty
// Buf.
static Str with_openid_hashed(Str text, Str openid, Buf *room) {
  char hash[OPENID_SHOWN_MAX];
  Str as = secrets_show_openid(openid, hash);
  ptrdiff_t at;
  buf_reserve(room, text.len + 2 * sizeof hash);
  while ((at = str_find(text, openid)) >= 0) {
    buf_add(room, str_sub(text, 0, (size_t)at));
    buf_add(room, as);
    text = str_sub(text, (size_t)at + openid.len, text.len);
  }
  buf_add(room, text);
  return buf_str(room);
}

// Appends `{"t":SECONDS.MILLISECONDS,"in":"`. The thread keeps the text of its last second.
static char *put_front(char *at, int64_t received_ms) {
  static _Thread_local struct {
    int64_t second;
    size_t len;
    char text[FRONT_ROOM];
  } last = { .second = -1 };
  unsigned part = (unsigned)(received_ms % 1000);
  if (last.second != received_ms / 1000)
    last.len = (size_t)snprintf(last.text, sizeof last.text, "{\"t\":%lld.",
                                (long long)(received_ms / 1000));
  last.second = received_ms / 1000;
  memcpy(at, last.text, sizeof last.text);
  at += last.len;
  *at++ = (char)('0' + part / 100);
  *at++ = (char)('0' + part / 10 % 10);
  *at++ = (char)('0' + part % 10);
  return str_put(at, STR(",\"in\":\""));
}

static char *behind_document(const Noted *noted) {
  return (char *)noted->document.ptr + noted->document.len;
}

// Document and answer, with blanks between them.
static Str both(const Noted *noted) {
  const char *end = behind_document(noted) + strlen(BETWEEN) + noted->out.len;
  return str_make(noted->document.ptr, (size_t)(end - noted->document.ptr));
}

// Whether the line is front, both and end, if nothing in it has to be escaped or hidden.
static bool may_be_plain(const Noted *noted) {
  return noted->is_utf8 && noted->is_answered && !noted->more && !noted->is_made;
}

// Writes that line, of LINE_MORE bytes beside both at most. Returns its length; 0 if it is not plain. Secrets are looked
// for in the trail's own text, which lies in the cache: the line's memory may be still on its way there.
static size_t put_plain_line(const Noted *noted, char *line) {
  Str as_is = both(noted);
  if (!secrets_allow(as_is)) return 0;
  char *text = put_front(line, noted->received_ms);
  if (!json_put_plain(text, as_is)) return 0;
  str_put(text + noted->document.len, STR(BETWEEN));
  return (size_t)(str_put(text + as_is.len, STR(BEHIND)) - line);
}

static void add_text(Str text, bool is_utf8, bool allowed, Buf *out) {
  Buf hidden;
  buf_init(&hidden);
  if (!allowed && secrets_hide(text, &hidden)) json_add_string(out, buf_str(&hidden));
  else if (is_utf8) json_add_utf8(out, text);
  else json_add_string(out, text);
  buf_clear(&hidden);
}

// Appends the members of an array.
static void add_noted(const Noted *noted, const Buf *list, Buf *out) {
  Buf room, hidden;
  if (list->len == 0) return;
  buf_init(&room);
  buf_init(&hidden);
  Str text = buf_str(list);
  if (noted->openid.len) text = with_openid_hashed(text, noted->openid, &room);
  buf_add(out, secrets_hide(text, &hidden) ? buf_str(&hidden) : text);
  buf_clear(&room);
  buf_clear(&hidden);
}

// Invalid UTF-8 becomes U+FFFD. Not inlined: the usual line would pay for its frame.
__attribute__((noinline)) static Str put_together(Noted *noted) {
  Buf *out = &noted->made;
  char front[LINE_MORE];
  bool allowed = noted->long_out.len == 0 && secrets_allow(both(noted));
  noted->is_made = true;
  buf_reserve(out, noted->document.len + noted->out.len + LINE_MORE);
  buf_add(out, str_make(front, (size_t)(put_front(front, noted->received_ms) - front) -
                                   1));  // without the quotation mark
  add_text(noted->document, noted->is_utf8, allowed, out);
  buf_add(out, STR(",\"out\":"));
  if (noted->is_answered) add_text(noted->out, true, allowed, out);
  else buf_add(out, STR("null"));
  buf_add(out, STR(",\"late\":["));
  add_noted(noted, &noted->late, out);
  buf_add(out, STR("],\"calls\":["));
  add_noted(noted, &noted->calls, out);
  buf_add(out, STR("]}\n"));
  return buf_str(out);
}

static Str line_of(Noted *noted) {
  if (may_be_plain(noted) && buf_reserve(&noted->made, both(noted).len + LINE_MORE)) {
    noted->is_made = true;
    noted->made.len = put_plain_line(noted, noted->made.ptr);
    if (noted->made.len) return buf_str(&noted->made);
  }
  return put_together(noted);
}

// The line goes to `take` without its newline.
static void give_line(Noted *noted) {
  Str line = line_of(noted);
  if (!noted->made.failed)
    noted->capture->take(noted->capture->ctx, str_sub(line, 0, line.len - 1));
}

__attribute__((noinline)) static void write_made_line(Noted *noted) {
  CaptureFile *file = noted->capture->file;
  Batches *batches = capture_file_batches(file);
  Str line = put_together(noted);
  BatchPlace place = { 0 };
  if (!noted->made.failed) place = batches_open(batches, noted->core, line.len);
  if (!place.at) {
    capture_file_count_dropped(file);
    return;
  }
  str_put(place.at, line);
  batches_close(batches, place, line.len);
}

// Most lines are put together where they wait for the writer. False if this one is not plain.
static bool write_plain_line(const Noted *noted) {
  CaptureFile *file = noted->capture->file;
  Batches *batches = capture_file_batches(file);
  BatchPlace place = batches_open(batches, noted->core, both(noted).len + LINE_MORE);
  if (!place.at) return capture_file_count_dropped(file), true;
  size_t len = put_plain_line(noted, place.at);
  batches_close(batches, place, len);
  return len > 0;
}

// ---- trails -------------------------------------------------------------------------------------

static void end_trail(Trail *trail);

static void note(Trail *trail, TrailKind kind, Str json) {
  Noted *noted = (Noted *)trail;
  Buf *list = kind == TRAIL_LATE ? &noted->late : &noted->calls;
  pthread_mutex_lock(&noted->mutex);
  noted->more = true;
  if (list->len + json.len <= NOTED_MAX) {
    if (list->len) buf_addc(list, ',');
    buf_add(list, json);
  }
  pthread_mutex_unlock(&noted->mutex);
}

// NULL gives NULL.
static Noted *from_pool(Pooled *pooled) {
  return pooled ? (Noted *)((char *)pooled - offsetof(Noted, pooled)) : NULL;
}

static void noted_free(Noted *noted) {
  if (!noted) return;
  pthread_mutex_destroy(&noted->mutex);
  buf_clear(&noted->made);
  free(noted);
}

static Noted *noted_new(Capture *capture, size_t core, size_t least) {
  Noted *noted = least <= ROOM ? from_pool(core_pool_take_at(&capture->idle, core)) : NULL;
  if (noted) return noted;
  size_t room = least <= ROOM ? ROOM : least;
  noted = calloc(1, sizeof *noted + room);
  if (!noted) return NULL;
  noted->capture = capture;
  noted->room = room;
  noted->trail = (Trail){ .note = note, .over = end_trail };
  mutex_init_brief(&noted->mutex);
  return noted;
}

static void clear_more(Noted *noted) {
  buf_clear(&noted->long_out);
  buf_clear(&noted->late);
  buf_clear(&noted->calls);
  noted->more = false;
}

// Keeps the memory of a usual line that was put together.
static void clear_made(Noted *noted) {
  if (noted->made.cap > 2 * ROOM) buf_clear(&noted->made);
  buf_reset(&noted->made);
  noted->is_made = false;
}

// The bench counts it by its name, like capture_begin and capture_answer.
static void end_trail(Trail *trail) {
  Noted *noted = (Noted *)trail;
  if (noted->capture->take) give_line(noted);
  else if (!may_be_plain(noted) || !write_plain_line(noted)) write_made_line(noted);
  if (noted->more) clear_more(noted);
  if (noted->is_made) clear_made(noted);
  if (noted->room == ROOM)
    noted =
        from_pool(core_pool_put_at(&noted->capture->idle, noted->core, &noted->pooled, IDLE_MAX));
  noted_free(noted);
}

static Str put(char *at, Str text) {
  str_put(at, text);
  return str_make(at, text.len);
}

static Noted *begin(Capture *capture, Str document, Str openid) {
  size_t core = cpu_index(CORE_LISTS);
  Noted *noted = noted_new(capture, core, openid.len + document.len + strlen(BETWEEN));
  if (!noted) return NULL;
  noted->core = core;
  noted->openid = put(noted->text, openid);
  noted->document = put(noted->text + openid.len, document);
  memset(behind_document(noted), ' ', strlen(BETWEEN));
  noted->out = STR("");
  if (capture->file) batches_expect(capture_file_batches(capture->file), core);
  return noted;
}

// Not inlined, like the other functions for openids that are hashed: the usual message would pay for its frame.
__attribute__((noinline)) static Noted *begin_hashed(Capture *capture, Str document, Str openid) {
  Buf room;
  buf_init(&room);
  if (openid.len) document = with_openid_hashed(document, openid, &room);
  Noted *noted = room.failed ? NULL : begin(capture, document, openid);
  buf_clear(&room);
  return noted;
}

__attribute__((noinline)) Trail *capture_begin(Capture *capture, Str document, bool is_utf8,
                                               Str openid, int64_t received_us) {
  Noted *noted = secrets_hashes_openids() ? begin_hashed(capture, document, openid)
                                          : begin(capture, document, STR(""));
  if (!noted) return NULL;
  atomic_init(&noted->trail.holders, 1);
  atomic_init(&noted->is_answered, false);
  atomic_init(&noted->is_taken, false);
  noted->received_ms = clock_unix_ms_at(received_us);
  noted->is_utf8 = is_utf8;
  return &noted->trail;
}

Str capture_document(const Trail *trail) { return ((const Noted *)trail)->document; }

static void take_answer(Noted *noted, Str xml) {
  char *at = behind_document(noted) + strlen(BETWEEN);
  if (xml.len <= (size_t)(noted->text + noted->room - at)) {
    noted->out = put(at, xml);
  } else {
    noted->more = true;
    buf_add(&noted->long_out, xml);
    if (noted->long_out.failed) noted->made.failed = noted->is_made = true;
    noted->out = buf_str(&noted->long_out);
  }
}

__attribute__((noinline)) static void take_hashed_answer(Noted *noted, Str xml) {
  Buf room;
  buf_init(&room);
  take_answer(noted, with_openid_hashed(xml, noted->openid, &room));
  if (room.failed) noted->made.failed = noted->is_made = true;
  buf_clear(&room);
}

__attribute__((noinline)) void capture_answer(Trail *trail, Str xml) {
  Noted *noted = (Noted *)trail;
  atomic_store_explicit(&noted->is_answered, true, memory_order_relaxed);
  if (xml.len == 0 || atomic_exchange_explicit(&noted->is_taken, true, memory_order_relaxed))
    return;
  if (noted->openid.len) take_hashed_answer(noted, xml);
  else take_answer(noted, xml);
}

// ---- opening and closing ------------------------------------------------------------------------

Capture *capture_to(void (*take)(void *ctx, Str line), void *ctx, Err *err) {
  Capture *capture = calloc(1, sizeof *capture);
  if (!capture) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  *capture = (Capture){ .take = take, .ctx = ctx };
  core_pool_init(&capture->idle);
  return capture;
}

bool capture_would_open(const char *path, Err *err) { return capture_file_would_open(path, err); }

static void capture_free(Capture *capture) {
  if (capture->file) capture_file_free(capture->file);
  for (Noted *noted; (noted = from_pool(core_pool_take(&capture->idle)));) noted_free(noted);
  core_pool_clear(&capture->idle);
  free(capture);
}

Capture *capture_open(const char *path, Err *err) {
  Capture *capture = capture_to(NULL, NULL, err);
  if (!capture || (capture->file = capture_file_open(path, err))) return capture;
  capture_free(capture);
  return NULL;
}

void capture_end(Capture *capture) {
  if (!capture || !capture->file || capture->is_ended) return;
  capture->is_ended = true;
  capture_file_end(capture->file);
}

void capture_close(Capture *capture) {
  capture_end(capture);
  if (capture) capture_free(capture);
}
