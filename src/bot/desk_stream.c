#include "bot/desk_stream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mutex.h"

enum {
  QUIET_TICKS = 40,  // then a comment keeps the connection alive
  KNOWN_TICKS = 8,   // between two checks of the session
  COOKIES_MAX = 4096
};

typedef struct Stream {
  struct Stream *next;
  DeskStreams *streams;
  LoopCall call;
  Parked *parked;
  LiveReader reader;
  unsigned ticks, quiet;
  Buf cookies;
} Stream;

struct DeskStreams {
  Loop *loop;
  Live *live;
  DeskLogin *login;
  atomic_int count;
  // On the loop:
  Stream *first;
  LoopTimer *timer;  // NULL while no stream is open
  // For desk_streams_free:
  LoopCall ending;
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  bool over;
};

static void stream_free(Stream *stream) {
  atomic_fetch_sub(&stream->streams->count, 1);
  buf_clear(&stream->cookies);
  free(stream);
}

// ---- on the loop --------------------------------------------------------------------------------

static void end_stream(Stream *stream) {
  DeskStreams *streams = stream->streams;
  Stream **link = &streams->first;
  while (*link != stream) link = &(*link)->next;
  *link = stream->next;
  parked_close(stream->parked);
  stream_free(stream);
  if (streams->first) return;
  loop_timer_stop(streams->timer);
  streams->timer = NULL;
}

static void add_new(Stream *stream, Buf *out) {
  Buf events;
  buf_init(&events);
  uint64_t missed = live_read(stream->streams->live, &stream->reader, LIVE_SENT_AT_ONCE, &events);
  if (missed) buf_printf(out, "event: missed\ndata: %llu\n\n", (unsigned long long)missed);
  if (events.len)
    buf_printf(out, "id: %llu\ndata: [%.*s]\n\n", (unsigned long long)stream->reader.after,
               STR_FMT(buf_str(&events)));
  if (events.failed) out->failed = true;
  buf_clear(&events);
}

// Continues a stream. Returns false if the stream is over.
static bool go_on(Stream *stream) {
  Buf out;
  if (++stream->ticks % KNOWN_TICKS == 0 &&
      !desk_login_knows(stream->streams->login, buf_str(&stream->cookies)))
    return false;
  if (!parked_is_sent(stream->parked))
    return true;  // the client has not read the previous events
                  // yet
  buf_init(&out);
  add_new(stream, &out);
  stream->quiet = out.len ? 0 : stream->quiet + 1;
  if (stream->quiet >= QUIET_TICKS) {
    stream->quiet = 0;
    buf_add(&out, STR(":\n\n"));
  }
  bool ok = !out.failed && (out.len == 0 || parked_send(stream->parked, buf_str(&out)));
  buf_clear(&out);
  return ok;
}

static void on_tick(void *ctx) {
  DeskStreams *streams = ctx;
  live_look(streams->live, clock_now_us());
  for (Stream *stream = streams->first, *next; stream; stream = next) {
    next = stream->next;
    if (!go_on(stream)) end_stream(stream);
  }
}

// That nothing more can be read does not mean that the client is gone: the server itself shuts the reading half of a
// connection that was idle, and the stream's request may come at that moment. The next tick's comment finds out.
static void on_changed(void *ctx) {
  Stream *stream = ctx;
  if (parked_state(stream->parked) == PARKED_GONE) end_stream(stream);
  else stream->quiet = QUIET_TICKS;
}

// With the number of the newest event, so that who loses the connection before the first event misses nothing.
static void begin_answer(const Stream *stream) {
  char body[64];
  snprintf(body, sizeof body, "retry: 2000\nid: %llu\n\n",
           (unsigned long long)stream->reader.after);
  parked_begin(stream->parked, &(HttpResponse){ .status = 200,
                                                .content_type = STR("text/event-stream"),
                                                .body = str_of(body),
                                                .extra_headers = "Cache-Control: no-store\r\n" });
}

static void begin(void *ctx) {
  Stream *stream = ctx;
  DeskStreams *streams = stream->streams;
  ParkedWatcher watcher = { .changed = on_changed, .ctx = stream };
  if (!parked_watch(stream->parked, streams->loop, &watcher)) return stream_free(stream);
  live_look(streams->live, clock_now_us());
  stream->next = streams->first;
  streams->first = stream;
  if (!streams->timer)
    streams->timer =
        loop_timer(streams->loop, LIVE_SENDS_EVERY_MS, LIVE_SENDS_EVERY_MS, on_tick, streams);
  begin_answer(stream);
  if (!streams->timer) end_stream(stream);
}

static void end_all(void *ctx) {
  DeskStreams *streams = ctx;
  while (streams->first) end_stream(streams->first);
  pthread_mutex_lock(&streams->mutex);
  streams->over = true;
  pthread_cond_signal(&streams->ended);
  pthread_mutex_unlock(&streams->mutex);
}

// ---- on other threads ---------------------------------------------------------------------------

static Stream *stream_new(DeskStreams *streams, const HttpRequest *request, Str cookies) {
  int64_t after;
  Stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->streams = streams;
  buf_init(&stream->cookies);
  buf_add(&stream->cookies, str_sub(cookies, 0, COOKIES_MAX));
  stream->reader.after = live_newest(streams->live);
  Str last = server_header(request, "Last-Event-ID");
  if (last.len && str_to_int64(last, &after) && after >= 0 &&
      (uint64_t)after < stream->reader.after)
    stream->reader.after = (uint64_t)after;
  return stream;
}

void desk_streams_begin(DeskStreams *streams, HttpRequest *request, Str cookies) {
  bool entered = atomic_fetch_add(&streams->count, 1) < DESK_STREAMS_MAX;
  Stream *stream = entered ? stream_new(streams, request, cookies) : NULL;
  if (stream) stream->parked = server_park(request);
  if (stream && stream->parked) return loop_call(streams->loop, &stream->call, begin, stream);
  if (stream) stream_free(stream);
  else atomic_fetch_sub(&streams->count, 1);
  server_respond_status(request, 503, "Retry-After: 10\r\n");
}

DeskStreams *desk_streams_new(Loop *loop, Live *live, DeskLogin *login) {
  DeskStreams *streams = calloc(1, sizeof *streams);
  if (!streams) return NULL;
  streams->loop = loop;
  streams->live = live;
  streams->login = login;
  mutex_init_brief(&streams->mutex);
  condition_init(&streams->ended);
  return streams;
}

void desk_streams_free(DeskStreams *streams) {
  if (!streams) return;
  loop_call(streams->loop, &streams->ending, end_all, streams);
  pthread_mutex_lock(&streams->mutex);
  while (!streams->over) pthread_cond_wait(&streams->ended, &streams->mutex);
  pthread_mutex_unlock(&streams->mutex);
  pthread_cond_destroy(&streams->ended);
  pthread_mutex_destroy(&streams->mutex);
  free(streams);
}
