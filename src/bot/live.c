// Events in two rings of bytes: events of messages, while a desk is watching, and warnings and errors of the log,
// always. Adding an event copies its texts under a mutex; reading converts them to JSON.
#include "bot/live.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/secrets.h"
#include "codec/json.h"

enum {
  EVENTS_SIZE = 1 << 20,
  LINES_SIZE = 1 << 17,
  TEXT_MAX = 4096,  // bytes of one text
  TEXTS = 3,
  LOOK_US = 15 * 1000 * 1000
};

typedef enum { EVENT_PAD, EVENT_MESSAGE, EVENT_REPLY, EVENT_OUTCOME, EVENT_LINE } EventKind;

// Followed by openid, msgid and the texts; `size` includes them, in units of 8 bytes.
typedef struct {
  uint32_t size;
  uint8_t kind, level;
  uint16_t attempt;
  uint64_t number;
  int64_t at_us, us;
  int32_t api_calls;
  uint16_t openid_len, msgid_len, len[TEXTS];
} Event;

typedef struct {
  char *bytes;
  size_t size, first, used;  // `first`: offset of the oldest event
} Ring;

struct Live {
  LiveGate gate;  // first
  pthread_mutex_t mutex;
  // With the mutex:
  Ring events, lines;
  uint64_t newest;
  int64_t looked_us;
};

// ---- ring ---------------------------------------------------------------------------------------

static Event *event_at(const Ring *ring, size_t at) { return (Event *)(ring->bytes + at); }

static void drop_oldest(Ring *ring) {
  uint32_t size = event_at(ring, ring->first)->size;
  ring->first = (ring->first + size) % ring->size;
  ring->used -= size;
}

// Returns contiguous space for `size` bytes: pads the end of the ring if needed, and drops the oldest events.
static Event *make_room(Ring *ring, size_t size) {
  size_t at = (ring->first + ring->used) % ring->size;
  size_t behind = ring->size - at;
  size_t pad = behind < size ? behind : 0;
  while (ring->used > 0 && ring->size - ring->used < pad + size) drop_oldest(ring);
  if (ring->used == 0) ring->first = at = pad = 0;
  if (pad > 0) {
    event_at(ring, at)->size = (uint32_t)pad;
    event_at(ring, at)->kind = EVENT_PAD;
    ring->used += pad;
    at = 0;
  }
  ring->used += size;
  return event_at(ring, at);
}

static char *add_text(char *to, Str text) {
  if (text.len) memcpy(to, text.ptr, text.len);
  return to + text.len;
}

static Str clip(Str text) {
  return text.len <= TEXT_MAX ? text : str_make(text.ptr, str_utf8_prefix(text, TEXT_MAX));
}

// With the mutex.
static void put(Ring *ring, const Event *head, Str openid, Str msgid, const Str *texts) {
  size_t size = sizeof *head + openid.len + msgid.len;
  for (int i = 0; i < TEXTS; i++) size += texts[i].len;
  size = (size + 7) & ~(size_t)7;
  Event *event = make_room(ring, size);
  *event = *head;
  event->size = (uint32_t)size;
  event->openid_len = (uint16_t)openid.len;
  event->msgid_len = (uint16_t)msgid.len;
  char *to = add_text(add_text((char *)(event + 1), openid), msgid);
  for (int i = 0; i < TEXTS; i++) {
    event->len[i] = (uint16_t)texts[i].len;
    to = add_text(to, texts[i]);
  }
}

// ---- adding events ------------------------------------------------------------------------------

static void add(Live *live, Event *head, Str openid, Str msgid, Str a, Str b, Str c) {
  const Str texts[TEXTS] = { clip(a), clip(b), clip(c) };
  openid = clip(openid);
  msgid = clip(msgid);
  pthread_mutex_lock(&live->mutex);
  bool watched = head->at_us - live->looked_us < LOOK_US;
  if (!watched) atomic_store_explicit(&live->gate.watched, false, memory_order_relaxed);
  head->number = ++live->newest;
  if (watched) put(&live->events, head, openid, msgid, texts);
  if (head->kind == EVENT_LINE) put(&live->lines, head, openid, msgid, texts);
  pthread_mutex_unlock(&live->mutex);
}

void live_message(Live *live, const LiveSubject *of, Str type, Str document) {
  Event head = { .kind = EVENT_MESSAGE, .at_us = of->at_us };
  add(live, &head, of->openid, of->msgid, type, document, STR(""));
}

void live_reply(Live *live, const LiveSubject *of, Str document) {
  Event head = { .kind = EVENT_REPLY, .at_us = of->at_us };
  add(live, &head, of->openid, of->msgid, document, STR(""), STR(""));
}

void live_outcome(Live *live, const LiveSubject *of, const Outcome *o) {
  Event head = { .kind = EVENT_OUTCOME,
                 .at_us = of->at_us,
                 .us = o->us,
                 .attempt = (uint16_t)o->attempt,
                 .api_calls = o->api_calls };
  add(live, &head, of->openid, of->msgid, o->type, str_of(o->outcome), o->place);
}

void live_line(void *ctx, LogLevel level, Str message) {
  Event head = { .kind = EVENT_LINE, .level = (uint8_t)level, .at_us = clock_now_us() };
  if (level >= LOG_WARN) add(ctx, &head, STR(""), STR(""), message, STR(""), STR(""));
}

// ---- reading ------------------------------------------------------------------------------------

// Appends the newest `max` of the events after `after`. Returns their number. With the mutex held.
static uint64_t copy_newest(const Ring *ring, uint64_t after, size_t max, Buf *out) {
  uint64_t count = 0;
  for (int pass = 0; pass < 2; pass++) {
    uint64_t skip = pass && count > max ? count - max : 0, seen = 0;
    for (size_t at = ring->first, left = ring->used; left > 0;) {
      const Event *event = event_at(ring, at);
      if (event->kind != EVENT_PAD && event->number > after && seen++ >= skip && pass)
        buf_add(out, str_make((const char *)event, event->size));
      left -= event->size;
      at = (at + event->size) % ring->size;
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
  Buf room;
  buf_init(&room);
  buf_add(json, STR("\"openid\":"));
  json_add_string(json, secrets_show_openid(openid, &room));
  buf_clear(&room);
}

static const char *const kinds[] = { "", "message", "reply", "outcome", "line" };
static const char *const levels[] = { "debug", "info", "warn", "error" };

static void add_numbers(Buf *json, const Event *event) {
  if (event->kind == EVENT_LINE) buf_printf(json, ",\"level\":\"%s\"", levels[event->level & 3]);
  if (event->kind != EVENT_OUTCOME) return;
  buf_printf(json, ",\"attempt\":%u,\"ms\":%.1f,\"api_calls\":%d", event->attempt,
             (double)event->us / 1000, (int)event->api_calls);
}

static void add_event(Buf *json, const Event *event, int64_t unix_us_of_zero) {
  static const char *const names[][TEXTS] = { [EVENT_MESSAGE] = { "type", "document" },
                                              [EVENT_REPLY] = { "document" },
                                              [EVENT_OUTCOME] = { "type", "outcome", "place" },
                                              [EVENT_LINE] = { "text" } };
  const char *at = (const char *)(event + 1);
  Str openid = str_make(at, event->openid_len);
  Str msgid = str_make(at + event->openid_len, event->msgid_len);
  at += event->openid_len + event->msgid_len;
  if (json->len && json->ptr[json->len - 1] == '}') buf_addc(json, ',');
  buf_printf(json, "{\"id\":%llu,\"kind\":\"%s\",\"time\":%.3f", (unsigned long long)event->number,
             kinds[event->kind], (double)(event->at_us + unix_us_of_zero) / 1e6);
  if (openid.len) {
    buf_addc(json, ',');
    live_add_openid(json, openid);
  }
  if (msgid.len) live_add_text(json, "msgid", msgid);
  add_numbers(json, event);
  for (int i = 0; i < TEXTS && names[event->kind][i]; i++) {
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

uint64_t live_read(Live *live, uint64_t *after, size_t max, Buf *json) {
  Buf copied;
  buf_init(&copied);
  pthread_mutex_lock(&live->mutex);
  uint64_t came = live->newest - *after;
  uint64_t read = copy_newest(&live->events, *after, max, &copied);
  *after = live->newest;
  pthread_mutex_unlock(&live->mutex);
  add_events(json, &copied);
  buf_clear(&copied);
  return came - read;
}

void live_lines(Live *live, size_t max, Buf *json) {
  Buf copied;
  buf_init(&copied);
  pthread_mutex_lock(&live->mutex);
  copy_newest(&live->lines, 0, max, &copied);
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
  uint64_t newest = live->newest;
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
