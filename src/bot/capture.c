// Collects trails in memory, appends their lines to a buffer, and writes the buffer to a file.
#include "bot/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/core_pool.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/secrets.h"
#include "codec/json.h"

enum {
  WRITE_EVERY_US = 200 * 1000,
  WRITE_AT = 256 << 10,    // bytes that are written without waiting for WRITE_EVERY_US
  READER_US = 1000000,     // a pipe's reader that took nothing for so long has stopped
  LAST_US = 200 * 1000,    // how long the reader has once the capture closes
  READER_LOOK_MS = 20,     // how long the writer may miss that it closes
  PENDING_MAX = 32 << 20,  // bytes that may wait for the disk
  NOTED_MAX = 4 << 20,     // bytes of one message's calls and late parts
  LINE_MORE =
      100,  // bytes of most lines beside document and reply, and more than those around them in place
  ROOM = 2048,              // bytes that hold most messages with their replies
  IDLE_MAX = 64,            // per core
  SAY_EVERY_US = 10000000,  // the shortest time between two warnings about dropped lines
};

struct Capture {
  void (*take)(void *ctx, Str line);
  void *ctx;
  CorePool idle;  // trails with ROOM
  // For a file:
  char *path;
  int fd;
  off_t size;
  bool is_torn;  // the file ends within a line
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  Buf pending;       // under the mutex, like `dropped` and `closing`
  Buf spare;         // the writer's: the previous `pending`
  uint64_t dropped;  // lines dropped since the last warning
  bool closing;
  int64_t closing_us;  // since when
  int64_t said_us;
};

// Most lines are written in place: `text` holds the openid, then the line as far as it is known, with document and
// answer as they are. If something has to be escaped or hidden in them, or there is `more`, it is put together in `made`.
typedef struct {
  Trail trail;  // first
  Capture *capture;
  pthread_mutex_t mutex;  // of the next two
  Buf late, calls;        // members of a JSON array
  atomic_bool more;  // something is in `late`, `calls` or `long_out`, or there was no memory for it
  atomic_bool is_answered;
  atomic_bool is_taken;  // an answer that shows something: who set it writes the next two
  Str out;               // in `text`, or in `long_out`
  Buf long_out;
  Buf made;
  bool is_utf8;          // the document is
  Str openid, document;  // in `text`
  Pooled pooled;
  size_t room;  // bytes of `text`
  char text[];
} Noted;

#define BETWEEN "\",\"out\":\""
#define BEHIND "\",\"late\":[],\"calls\":[]}\n"

// ---- file ---------------------------------------------------------------------------------------

// Whether the file ends within a line, because its writer was killed or the disk was full.
static bool ends_within_line(const char *path, off_t size) {
  char last = '\n';
  int fd = size > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0 && pread(fd, &last, 1, size - 1) <= 0) last = '\n';
  if (fd >= 0) close(fd);
  return last != '\n';
}

static bool open_file(Capture *capture) {
  struct stat info;
  int fd = file_open_to_append(capture->path, 0600);
  if (fd < 0) return false;
  if (capture->fd >= 0) close(capture->fd);
  capture->fd = fd;
  file_widen_pipe(fd);
  bool known = fstat(fd, &info) == 0;
  capture->size = known ? info.st_size : 0;
  if (known && S_ISREG(info.st_mode)) fchmod(fd, 0600);  // not /dev/null, which is everybody's
  capture->is_torn = ends_within_line(capture->path, capture->size);
  return true;
}

// Writes the name "FILE.n", or for 0 the file's own name.
static void name_of(const Capture *capture, int n, char *name, size_t size) {
  if (n == 0) snprintf(name, size, "%s", capture->path);
  else snprintf(name, size, "%s.%d", capture->path, n);
}

static void rotate(Capture *capture) {
  char from[PATH_MAX], to[PATH_MAX];
  for (int n = CAPTURE_FILES - 1; n > 0; n--) {
    name_of(capture, n - 1, from, sizeof from);
    name_of(capture, n, to, sizeof to);
    rename(from, to);
  }
  open_file(capture);
}

// Reopens the file if another process has rotated it, or if it was moved.
static void follow_rename(Capture *capture) {
  struct stat named, written;
  bool same = stat(capture->path, &named) == 0 && fstat(capture->fd, &written) == 0 &&
              named.st_ino == written.st_ino && named.st_dev == written.st_dev;
  if (!same) open_file(capture);
  else capture->size = written.st_size;  // other processes write too
}

static size_t count_lines(Str lines) {
  size_t count = 0;
  for (size_t i = 0; i < lines.len; i++) count += lines.ptr[i] == '\n';
  return count;
}

static void say_dropped(Capture *capture, uint64_t lines, const char *why) {
  int64_t now_us = clock_real_us();
  pthread_mutex_lock(&capture->mutex);
  capture->dropped += lines;
  bool says = capture->dropped && now_us - capture->said_us >= SAY_EVERY_US;
  uint64_t dropped = capture->dropped;
  if (says) capture->dropped = 0;
  pthread_mutex_unlock(&capture->mutex);
  if (!says) return;
  capture->said_us = now_us;
  log_warn("capture: messages were not written to %s: %s dropped=%llu", capture->path, why,
           (unsigned long long)dropped);
}

// Whether the writer, which waits for the reader since then, should give it up.
static bool has_waited(Capture *capture, int64_t since_us) {
  pthread_mutex_lock(&capture->mutex);
  int64_t until_us = capture->closing ? capture->closing_us + LAST_US : since_us + READER_US;
  pthread_mutex_unlock(&capture->mutex);
  return clock_now_us() >= until_us;
}

// Returns whether the pipe has room again. Lines may wait in `pending` meanwhile. False with EAGAIN.
static bool await_reader(Capture *capture) {
  struct pollfd one = { .fd = capture->fd, .events = POLLOUT };
  int64_t since_us = clock_now_us();
  while (!has_waited(capture, since_us))
    if (poll(&one, 1, READER_LOOK_MS) > 0) return true;
  errno = EAGAIN;
  return false;
}

// A batch is larger than a pipe: its rest is written as the reader makes room. Returns what was not written.
static Str write_as_read(Capture *capture, Str lines) {
  Str rest = file_write_lines(capture->fd, lines, &capture->is_torn);
  while (rest.len && errno == EAGAIN && await_reader(capture)) {
    bool has_begun = rest.len < lines.len;
    rest = has_begun ? file_write_some(capture->fd, rest)
                     : file_write_lines(capture->fd, lines, &capture->is_torn);
    if (has_begun) capture->is_torn = rest.len && rest.ptr[-1] != '\n';
  }
  return rest;
}

// Writes whole lines; rotates the file only between two lines.
static void write_lines(Capture *capture, Str lines) {
  follow_rename(capture);
  if (capture->size > 0 && capture->size + (off_t)lines.len > CAPTURE_FILE_MAX) rotate(capture);
  Str rest = write_as_read(capture, lines);
  if (rest.len) say_dropped(capture, count_lines(rest), strerror(errno));
}

static void await_lines(Capture *capture) {
  if (capture->closing || capture->pending.len >= WRITE_AT) return;
  struct timespec until = clock_to_timespec(clock_now_us() + WRITE_EVERY_US);
  pthread_cond_timedwait(&capture->changed, &capture->mutex, &until);
}

// Writes what is pending. Returns whether more may come.
static bool write_once(Capture *capture) {
  pthread_mutex_lock(&capture->mutex);
  await_lines(capture);
  Buf lines = capture->pending;
  capture->pending = capture->spare;
  bool goes_on = !capture->closing;
  pthread_mutex_unlock(&capture->mutex);
  if (lines.len) write_lines(capture, buf_str(&lines));
  if (lines.cap > 2 * WRITE_AT) buf_clear(&lines);
  buf_reset(&lines);
  capture->spare = lines;
  say_dropped(capture, 0, "the disk was too slow");
  return goes_on;
}

static void *write_all(void *arg) {
  Capture *capture = arg;
  pthread_setname_np(pthread_self(), "capture");
  while (write_once(capture)) continue;
  return NULL;
}

// ---- lines --------------------------------------------------------------------------------------

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

// Replaces the sender's openid, which need not look like one, by its form in the log. `room`: for the result; an empty
// Buf.
static inline Str with_openid_shown(Str text, Str openid, Buf *room) {
  bool hashes = openid.len > 0 && secrets_hashes_openids();
  return hashes ? with_openid_hashed(text, openid, room) : text;
}

// Appends milliseconds as seconds with three decimals. The thread's last second is kept as text.
static char *put_seconds(char *at, int64_t ms) {
  static _Thread_local struct {
    int64_t second;
    size_t len;
    char text[24];
  } last = { .second = -1 };
  unsigned part = (unsigned)(ms % 1000);
  if (last.second != ms / 1000)
    last.len = (size_t)snprintf(last.text, sizeof last.text, "%lld", (long long)(ms / 1000));
  last.second = ms / 1000;
  at = str_put(at, str_make(last.text, last.len));
  *at++ = '.';
  *at++ = (char)('0' + part / 100);
  *at++ = (char)('0' + part / 10 % 10);
  *at++ = (char)('0' + part % 10);
  return at;
}

static char *put_front(char *at, int64_t received_ms) {
  at = put_seconds(str_put(at, STR("{\"t\":")), received_ms);
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

// Whether the line is its parts as they are.
static bool is_plain(const Noted *noted) {
  return noted->is_utf8 && noted->is_answered && !noted->more && json_is_plain(both(noted)) &&
         secrets_allow(both(noted));
}

static Str finish_in_place(Noted *noted) {
  const char *line = noted->openid.ptr + noted->openid.len;
  char *at = str_put(behind_document(noted), STR(BETWEEN));
  at = str_put(at + noted->out.len, STR(BEHIND));
  return str_make(line, (size_t)(at - line));
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
  Str text = with_openid_shown(buf_str(list), noted->openid, &room);
  buf_add(out, secrets_hide(text, &hidden) ? buf_str(&hidden) : text);
  buf_clear(&room);
  buf_clear(&hidden);
}

// Invalid UTF-8 becomes U+FFFD. Not inlined: the usual line would pay for its frame.
__attribute__((noinline)) static Str put_together(Noted *noted) {
  Buf *out = &noted->made;
  const char *line = noted->openid.ptr + noted->openid.len;
  bool allowed = noted->long_out.len == 0 && secrets_allow(both(noted));
  buf_reserve(out, noted->document.len + noted->out.len + LINE_MORE);
  buf_add(out,
          str_make(line, (size_t)(noted->document.ptr - line) - 1));  // without the quotation mark
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

static void write_line(Capture *capture, Str line, bool failed) {
  Buf *pending = &capture->pending;
  pthread_mutex_lock(&capture->mutex);
  size_t before = pending->len;
  failed = failed || before > PENDING_MAX;
  if (!failed) buf_add(pending, line);
  if (failed || pending->failed) capture->dropped++;
  pending->failed = false;
  if (before < WRITE_AT && pending->len >= WRITE_AT) pthread_cond_signal(&capture->changed);
  pthread_mutex_unlock(&capture->mutex);
}

// The line goes to the file, or without its newline to `take`.
static void give_line(Noted *noted) {
  Capture *capture = noted->capture;
  Str line = is_plain(noted) ? finish_in_place(noted) : put_together(noted);
  if (!capture->take) write_line(capture, line, noted->made.failed);
  else if (!noted->made.failed) capture->take(capture->ctx, str_sub(line, 0, line.len - 1));
}

// ---- trails -------------------------------------------------------------------------------------

static void over(Trail *trail);

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

static Noted *noted_new(Capture *capture, size_t least) {
  Noted *noted = least <= ROOM ? from_pool(core_pool_take(&capture->idle)) : NULL;
  if (noted) return noted;
  size_t room = least <= ROOM ? ROOM : least;
  noted = calloc(1, sizeof *noted + room);
  if (!noted) return NULL;
  noted->capture = capture;
  noted->room = room;
  noted->trail = (Trail){ .note = note, .over = over };
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
}

static void over(Trail *trail) {
  Noted *noted = (Noted *)trail;
  give_line(noted);
  if (noted->more) clear_more(noted);
  if (noted->made.len || noted->made.failed) clear_made(noted);
  if (noted->room == ROOM)
    noted = from_pool(core_pool_put(&noted->capture->idle, &noted->pooled, IDLE_MAX));
  noted_free(noted);
}

static Str put(char *at, Str text) {
  str_put(at, text);
  return str_make(at, text.len);
}

static Noted *begin(Capture *capture, Str document, Str openid, int64_t received_ms) {
  Noted *noted = noted_new(capture, openid.len + document.len + LINE_MORE);
  if (!noted) return NULL;
  noted->openid = put(noted->text, openid);
  noted->document = put(put_front(noted->text + openid.len, received_ms), document);
  memset(behind_document(noted), ' ', strlen(BETWEEN));
  noted->out = STR("");
  return noted;
}

Trail *capture_begin(Capture *capture, Str document, bool is_utf8, Str openid,
                     int64_t received_us) {
  Buf room;
  buf_init(&room);
  document = with_openid_shown(document, openid, &room);
  Noted *noted =
      room.failed ? NULL : begin(capture, document, openid, clock_unix_ms_at(received_us));
  if (room.ptr) buf_clear(&room);
  if (!noted) return NULL;
  atomic_init(&noted->trail.holders, 1);
  atomic_init(&noted->is_answered, false);
  atomic_init(&noted->is_taken, false);
  noted->is_utf8 = is_utf8;
  return &noted->trail;
}

Str capture_document(const Trail *trail) { return ((const Noted *)trail)->document; }

static void take_answer(Noted *noted, Str xml) {
  char *at = behind_document(noted) + strlen(BETWEEN);
  if (xml.len + strlen(BEHIND) <= (size_t)(noted->text + noted->room - at)) {
    noted->out = put(at, xml);
  } else {
    noted->more = true;
    buf_add(&noted->long_out, xml);
    noted->out = buf_str(&noted->long_out);
  }
}

void capture_answer(Trail *trail, Str xml) {
  Noted *noted = (Noted *)trail;
  Buf room;
  atomic_store_explicit(&noted->is_answered, true, memory_order_relaxed);
  if (xml.len == 0 || atomic_exchange_explicit(&noted->is_taken, true, memory_order_relaxed))
    return;
  buf_init(&room);
  take_answer(noted, with_openid_shown(xml, noted->openid, &room));
  if (room.failed || noted->long_out.failed) noted->made.failed = true;
  if (room.ptr) buf_clear(&room);
}

// ---- opening and closing ------------------------------------------------------------------------

Capture *capture_to(void (*take)(void *ctx, Str line), void *ctx, Err *err) {
  Capture *capture = calloc(1, sizeof *capture);
  if (!capture) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  *capture = (Capture){ .take = take, .ctx = ctx, .fd = -1, .said_us = -SAY_EVERY_US };
  core_pool_init(&capture->idle);
  pthread_mutex_init(&capture->mutex, NULL);
  condition_init(&capture->changed);
  return capture;
}

static void capture_free(Capture *capture) {
  if (capture->fd >= 0) close(capture->fd);
  for (Noted *noted; (noted = from_pool(core_pool_take(&capture->idle)));) noted_free(noted);
  core_pool_clear(&capture->idle);
  buf_clear(&capture->pending);
  buf_clear(&capture->spare);
  pthread_cond_destroy(&capture->changed);
  pthread_mutex_destroy(&capture->mutex);
  free(capture->path);
  free(capture);
}

static bool refuse_file(const char *path, Err *err) {
  return err_set(err, ERR_USAGE, "capture: cannot write %s: %s", path, strerror(errno));
}

bool capture_would_open(const char *path, Err *err) {
  return file_would_open(path) || refuse_file(path, err);
}

static bool start(Capture *capture, const char *path, Err *err) {
  if (!(capture->path = strdup(path))) return err_set(err, ERR_MEMORY, "no memory");
  if (!open_file(capture)) return refuse_file(path, err);
  return pthread_create(&capture->thread, NULL, write_all, capture) == 0 ||
         err_set(err, ERR_FAILED, "capture: no thread could be started to write %s", path);
}

Capture *capture_open(const char *path, Err *err) {
  Capture *capture = capture_to(NULL, NULL, err);
  if (!capture || start(capture, path, err)) return capture;
  capture_free(capture);
  return NULL;
}

void capture_end(Capture *capture) {
  if (!capture || capture->take || capture->closing) return;
  pthread_mutex_lock(&capture->mutex);
  capture->closing = true;
  capture->closing_us = clock_now_us();
  pthread_cond_signal(&capture->changed);
  pthread_mutex_unlock(&capture->mutex);
  pthread_join(capture->thread, NULL);
}

void capture_close(Capture *capture) {
  capture_end(capture);
  if (capture) capture_free(capture);
}
