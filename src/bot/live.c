// Events in two rings of bytes: events of messages, while a desk is watching, and warnings and errors of the log,
// always. Adding an event copies its texts under a mutex; reading converts them to JSON. What is left out is counted
// by core, so that under load threads share neither mutex nor counter.
#include "bot/live.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mutex.h"
#include "base/secrets.h"
#include "codec/json.h"

enum {
  EVENTS_SIZE = 1 << 20,  // powers of two, both
  LINES_SIZE = 1 << 17,
  TEXT_MAX = 4096,  // bytes of one text
  LOOK_US = 15 * 1000 * 1000,
  CORES = 16  // machines with more share counters
};

enum { OPENID, MSGID, FIRST, SECOND, TEXTS };

typedef enum { EVENT_PAD, EVENT_MESSAGE, EVENT_REPLY, EVENT_OUTCOME, EVENT_LINE } EventKind;

// Followed by its texts; `size` includes them, in units of 8 bytes.
typedef struct {
  uint32_t size;
  uint8_t kind, level;
  uint16_t attempt;
  uint64_t number;
  int64_t at_us, us;
  const char *outcome;
  int32_t api_calls;
  uint16_t len[TEXTS];
} Event;

// Positions count the bytes from the ring's beginning, and ascend for ever.
typedef struct {
  char *bytes;
  size_t size;
  uint64_t first, end;  // `first`: of the oldest event; `end`: behind the newest
} Ring;

typedef struct {
  char apart[CACHE_LINE];  // keeps two counters out of one cache line
  atomic_uint_least64_t count;
} LeftOut;

struct Live {
  LiveGate gate;            // first; written with the mutex
  LeftOut left_out[CORES];  // numbered when somebody reads
  pthread_mutex_t mutex;
  // With the mutex:
  Ring events, lines;
  uint64_t newest, left_out_seen;
  int64_t looked_us;
  int lines_room;  // lines that the desk still shows before `lines_renew_us`
  int64_t lines_renew_us;
};

// ---- ring ---------------------------------------------------------------------------------------

static size_t offset_of(const Ring *ring, uint64_t at) { return at & (ring->size - 1); }

static Event *event_at(const Ring *ring, uint64_t at) {
  return (Event *)(ring->bytes + offset_of(ring, at));
}

static void drop_for(Ring *ring, size_t size) {
  while (ring->size - (ring->end - ring->first) < size)
    ring->first += event_at(ring, ring->first)->size;
}

static void pad_end(Ring *ring) {
  size_t pad = ring->size - offset_of(ring, ring->end);
  drop_for(ring, pad);
  event_at(ring, ring->end)->size = (uint32_t)pad;
  event_at(ring, ring->end)->kind = EVENT_PAD;
  ring->end += pad;
}

// Returns contiguous space for `size` bytes: pads the end of the ring if needed, and drops the oldest events.
static inline Event *make_room(Ring *ring, size_t size) {
  if (ring->size - offset_of(ring, ring->end) < size) pad_end(ring);
  drop_for(ring, size);
  Event *event = event_at(ring, ring->end);
  ring->end += size;
  return event;
}

// With the mutex. `head` has everything but the texts.
static inline void put(Ring *ring, const Event *head, const Str texts[TEXTS]) {
  Event *event = make_room(ring, head->size);
  *event = *head;
  char *to = str_put((char *)(event + 1), texts[OPENID]);
  to = str_put(to, texts[MSGID]);
  to = str_put(to, texts[FIRST]);
  str_put(to, texts[SECOND]);
}

// ---- adding events ------------------------------------------------------------------------------

static inline size_t sum_of(const Str texts[TEXTS]) {
  return texts[OPENID].len + texts[MSGID].len + texts[FIRST].len + texts[SECOND].len;
}

static void clip(Str texts[TEXTS]) {
  for (size_t i = 0; i < TEXTS; i++)
    if (texts[i].len > TEXT_MAX) texts[i].len = str_utf8_prefix(texts[i], TEXT_MAX);
}

// An event that is being added.
typedef struct {
  Event head;
  Str texts[TEXTS];
} Added;

static inline void describe(Added *added) {
  Event *head = &added->head;
  Str *texts = added->texts;
  size_t sum = sum_of(texts);
  if (sum > TEXT_MAX) {
    clip(texts);
    sum = sum_of(texts);
  }
  head->size = (uint32_t)(sizeof *head + sum + 7) & ~7u;
  head->len[OPENID] = (uint16_t)texts[OPENID].len;
  head->len[MSGID] = (uint16_t)texts[MSGID].len;
  head->len[FIRST] = (uint16_t)texts[FIRST].len;
  head->len[SECOND] = (uint16_t)texts[SECOND].len;
}

// With the mutex.
static inline void take_room(LiveGate *gate, int64_t at_us) {
  int room = atomic_load_explicit(&gate->room, memory_order_relaxed);
  if (at_us >= atomic_load_explicit(&gate->renews_us, memory_order_relaxed)) {
    room = LIVE_SHOWN_AT_ONCE;
    atomic_store_explicit(&gate->renews_us, at_us + LIVE_SENDS_EVERY_MS * 1000,
                          memory_order_relaxed);
  }
  atomic_store_explicit(&gate->room, room - 1, memory_order_relaxed);
}

// With the mutex. Whether the desk shows one more line. Messages have had their gate before they come here.
static bool take_line_room(Live *live, int64_t at_us) {
  if (at_us >= live->lines_renew_us) {
    live->lines_room = LIVE_LINES_AT_ONCE;
    live->lines_renew_us = at_us + LIVE_SENDS_EVERY_MS * 1000;
  }
  if (live->lines_room == 0) return false;
  live->lines_room--;
  return true;
}

// With the mutex.
static inline void number_and_put(Live *live, Added *added) {
  Event *head = &added->head;
  bool watched = head->at_us - live->looked_us < LOOK_US;
  head->number = ++live->newest;
  bool shown = head->kind != EVENT_LINE || take_line_room(live, head->at_us);
  if (watched && shown) put(&live->events, head, added->texts);
  if (!watched) atomic_store_explicit(&live->gate.watched, false, memory_order_relaxed);
  if (head->kind == EVENT_MESSAGE) take_room(&live->gate, head->at_us);
  if (head->kind == EVENT_LINE) put(&live->lines, head, added->texts);
}

// Clips the texts. Without `second` there is one event. The bench counts it by its name.
__attribute__((noinline)) static void keep_events(Live *live, Added *first, Added *second) {
  describe(first);
  if (second) describe(second);
  pthread_mutex_lock(&live->mutex);
  number_and_put(live, first);
  if (second) number_and_put(live, second);
  pthread_mutex_unlock(&live->mutex);
}

// The bench counts it by its name.
__attribute__((noinline)) void live_leave_out(Live *live, unsigned events) {
  atomic_fetch_add_explicit(&live->left_out[cpu_index(CORES)].count, events, memory_order_relaxed);
}

void live_message(Live *live, const LiveSubject *of, Str type, Str document) {
  Added message = { .head = { .kind = EVENT_MESSAGE, .at_us = of->at_us },
                    .texts = { of->openid, of->msgid, type, document } };
  keep_events(live, &message, NULL);
}

static inline Added reply_of(const LiveSubject *of, Str document) {
  return (Added){ .head = { .kind = EVENT_REPLY, .at_us = of->at_us },
                  .texts = { of->openid, of->msgid, document } };
}

void live_reply(Live *live, const LiveSubject *of, Str document) {
  Added reply = reply_of(of, document);
  keep_events(live, &reply, NULL);
}

void live_outcome(Live *live, const LiveSubject *of, Str shown, const Outcome *o) {
  Added outcome = { .head = { .kind = EVENT_OUTCOME,
                              .at_us = of->at_us + o->us,
                              .us = o->us,
                              .outcome = o->outcome,
                              .attempt = (uint16_t)o->attempt,
                              .api_calls = o->api_calls },
                    .texts = { of->openid, of->msgid, o->type, o->place } };
  if (shown.len == 0) return keep_events(live, &outcome, NULL);
  Added reply = reply_of(of, shown);
  keep_events(live, &reply, &outcome);
}

void live_line(void *ctx, LogLevel level, Str message) {
  LogSubject about = log_subject_now();
  Added line = { .head = { .kind = EVENT_LINE, .level = (uint8_t)level, .at_us = clock_now_us() },
                 .texts = { about.openid, about.msgid, message } };
  if (level >= LOG_WARN) keep_events(ctx, &line, NULL);
}

// ---- reading ------------------------------------------------------------------------------------

// Appends the newest `max` of the events that the reader has not read yet. Returns their number. With the mutex held.
static uint64_t copy_newest(const Ring *ring, const LiveReader *reader, size_t max, Buf *out) {
  uint64_t from = reader->at > ring->first ? reader->at : ring->first, count = 0;
  for (int pass = 0; pass < 2; pass++) {
    uint64_t skip = pass && count > max ? count - max : 0, seen = 0;
    for (uint64_t at = from; at < ring->end; at += event_at(ring, at)->size) {
      const Event *event = event_at(ring, at);
      if (event->kind != EVENT_PAD && event->number > reader->after && seen++ >= skip && pass)
        buf_add(out, str_make((const char *)event, event->size));
    }
    if (!pass) count = seen;
  }
  return count < max ? count : max;
}

void live_add_text(Buf *json, const char *name, Str text) {
  Buf hidden;
  buf_init(&hidden);
  buf_printf(json, ",\"%s\":", name);
  json_add_string(json, secrets_hide(text, &hidden) ? buf_str(&hidden) : text);
  buf_clear(&hidden);
}

void live_add_openid(Buf *json, Str openid) {
  char room[OPENID_SHOWN_MAX];
  buf_add(json, STR("\"openid\":"));
  json_add_string(json, secrets_show_openid(openid, room));
}

static const char *const kinds[] = { "", "message", "reply", "outcome", "line" };
static const char *const levels[] = { "debug", "info", "warn", "error" };

static void add_numbers(Buf *json, const Event *event) {
  if (event->kind == EVENT_LINE) buf_printf(json, ",\"level\":\"%s\"", levels[event->level & 3]);
  if (event->kind != EVENT_OUTCOME) return;
  buf_printf(json, ",\"outcome\":\"%s\",\"attempt\":%u,\"ms\":%.1f,\"api_calls\":%d",
             event->outcome, event->attempt, (double)event->us / 1000, (int)event->api_calls);
}

static void add_event(Buf *json, const Event *event, int64_t unix_us_of_zero) {
  static const char *const names[][TEXTS] = {
    [EVENT_MESSAGE] = { [FIRST] = "type", [SECOND] = "document" },
    [EVENT_REPLY] = { [FIRST] = "document" },
    [EVENT_OUTCOME] = { [FIRST] = "type", [SECOND] = "place" },
    [EVENT_LINE] = { [FIRST] = "text" }
  };
  const char *at = (const char *)(event + 1);
  Str openid = str_make(at, event->len[OPENID]);
  Str msgid = str_make(at + openid.len, event->len[MSGID]);
  at += openid.len + msgid.len;
  if (json->len && json->ptr[json->len - 1] == '}') buf_addc(json, ',');
  buf_printf(json, "{\"id\":%llu,\"kind\":\"%s\",\"time\":%.3f", (unsigned long long)event->number,
             kinds[event->kind], (double)(event->at_us + unix_us_of_zero) / 1e6);
  if (openid.len) {
    buf_addc(json, ',');
    live_add_openid(json, openid);
  }
  if (msgid.len) live_add_text(json, "msgid", msgid);
  add_numbers(json, event);
  for (int i = FIRST; i < TEXTS && names[event->kind][i]; i++) {
    live_add_text(json, names[event->kind][i], str_make(at, event->len[i]));
    at += event->len[i];
  }
  buf_addc(json, '}');
}

static void add_events(Buf *json, const Buf *copied) {
  int64_t zero = clock_unix_ms() * 1000 - clock_now_us();
  for (size_t at = 0; at < copied->len && !copied->failed;) {
    const Event *event = (const Event *)(copied->ptr + at);
    add_event(json, event, zero);
    at += event->size;
  }
}

// With the mutex. Events that were left out come behind those that were kept.
static uint64_t number_left_out(Live *live) {
  uint64_t sum = 0;
  for (size_t i = 0; i < CORES; i++)
    sum += atomic_load_explicit(&live->left_out[i].count, memory_order_relaxed);
  live->newest += sum - live->left_out_seen;
  live->left_out_seen = sum;
  return live->newest;
}

uint64_t live_read(Live *live, LiveReader *reader, size_t max, Buf *json) {
  Buf copied;
  buf_init(&copied);
  pthread_mutex_lock(&live->mutex);
  uint64_t newest = number_left_out(live), came = newest - reader->after;
  uint64_t read = copy_newest(&live->events, reader, max, &copied);
  *reader = (LiveReader){ .after = newest, .at = live->events.end };
  pthread_mutex_unlock(&live->mutex);
  add_events(json, &copied);
  buf_clear(&copied);
  return came - read;
}

void live_lines(Live *live, size_t max, Buf *json) {
  LiveReader new = { 0 };
  Buf copied;
  buf_init(&copied);
  pthread_mutex_lock(&live->mutex);
  copy_newest(&live->lines, &new, max, &copied);
  pthread_mutex_unlock(&live->mutex);
  add_events(json, &copied);
  buf_clear(&copied);
}

void live_look(Live *live, int64_t now_us) {
  pthread_mutex_lock(&live->mutex);
  live->looked_us = now_us;
  atomic_store_explicit(&live->gate.watched, true, memory_order_relaxed);
  pthread_mutex_unlock(&live->mutex);
}

uint64_t live_newest(Live *live) {
  pthread_mutex_lock(&live->mutex);
  uint64_t newest = number_left_out(live);
  pthread_mutex_unlock(&live->mutex);
  return newest;
}

// ---- creation and end ---------------------------------------------------------------------------

static bool ring_open(Ring *ring, size_t size) {
  ring->size = size;
  return (ring->bytes = malloc(size)) != NULL;
}

Live *live_new(void) {
  Live *live = calloc(1, sizeof *live);
  if (!live) return NULL;
  mutex_init_brief(&live->mutex);
  live->looked_us = INT64_MIN / 2;
  if (ring_open(&live->events, EVENTS_SIZE) && ring_open(&live->lines, LINES_SIZE)) return live;
  live_free(live);
  return NULL;
}

void live_free(Live *live) {
  if (!live) return;
  pthread_mutex_destroy(&live->mutex);
  free(live->events.bytes);
  free(live->lines.bytes);
  free(live);
}
