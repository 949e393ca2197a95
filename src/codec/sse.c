// An event stream, line by line.
#include "codec/sse.h"

static const char BOM[3] = "\xef\xbb\xbf";

void sse_init(Sse *sse, size_t event_max) {
  *sse = (Sse){ .retry_ms = -1, .event_max = event_max };
}

void sse_clear(Sse *sse) {
  Buf *const all[] = { &sse->line, &sse->event, &sse->data, &sse->id, &sse->last_id };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) buf_clear(all[i]);
}

// Appends text, with U+FFFD for each malformed piece of UTF-8.
static void add_utf8(Buf *out, Str text) {
  size_t good = 0;
  while (text.len > good) {
    bool valid;
    size_t len = str_utf8_len(str_sub(text, good, text.len), &valid);
    if (valid) {
      good += len;
      continue;
    }
    buf_add(out, str_sub(text, 0, good));
    buf_add(out, STR("\xef\xbf\xbd"));
    text = str_sub(text, good + len, text.len);
    good = 0;
  }
  buf_add(out, text);
}

static void set(Buf *out, Str value) {
  buf_reset(out);
  add_utf8(out, value);
}

static void take_retry(Sse *sse, Str value) {
  for (size_t i = 0; i < value.len; i++) {
    if (value.ptr[i] < '0' || value.ptr[i] > '9') return;
  }
  int64_t ms;
  if (str_to_int64(value, &ms)) sse->retry_ms = ms;
}

static void take_field(Sse *sse, Str name, Str value) {
  if (str_eq(name, STR("data"))) {
    add_utf8(&sse->data, value);
    buf_addc(&sse->data, '\n');
    sse->has_data = true;
  } else if (str_eq(name, STR("event"))) {
    set(&sse->event, value);
  } else if (str_eq(name, STR("id"))) {
    if (!value.len || !memchr(value.ptr, 0, value.len)) set(&sse->id, value);
  } else if (str_eq(name, STR("retry"))) {
    take_retry(sse, value);
  }
}

static void take_line(Sse *sse, Str line) {
  Str name, value;
  str_cut(line, ':', &name, &value);
  if (value.len && value.ptr[0] == ' ') value = str_sub(value, 1, value.len);
  if (name.len) take_field(sse, name, value);
}

// A blank line ends an event. False if there was no data since the last one.
static bool dispatch(Sse *sse, SseEvent *event) {
  bool whole = sse->has_data;
  set(&sse->last_id, buf_str(&sse->id));
  Str data = buf_str(&sse->data), name = buf_str(&sse->event);
  *event = (SseEvent){ .event = name.len ? name : STR("message"),
                       .data = str_sub(data, 0, data.len ? data.len - 1 : 0),
                       .id = buf_str(&sse->last_id) };
  return whole;
}

// The previous event is cleared when the next line is read, because its slices are valid until then.
static void begin_event(Sse *sse) {
  buf_reset(&sse->event);
  buf_reset(&sse->data);
  sse->has_data = sse->dispatched = false;
}

static bool is_well(Sse *sse) {
  sse->no_memory = sse->line.failed || sse->event.failed || sse->data.failed || sse->id.failed ||
                   sse->last_id.failed;
  sse->too_large = sse->line.len > sse->event_max || sse->data.len > sse->event_max;
  return !sse->no_memory && !sse->too_large;
}

static bool skip_bom(Sse *sse, char c) {
  if (sse->bom < 0) return false;
  if (c == BOM[sse->bom]) {
    if (++sse->bom == sizeof BOM) sse->bom = -1;
    return true;
  }
  buf_add(&sse->line, str_make(BOM, (size_t)sse->bom));  // it was only the beginning of one
  sse->bom = -1;
  return false;
}

static size_t line_length(Str text) {
  size_t at = 0;
  while (at < text.len && text.ptr[at] != '\r' && text.ptr[at] != '\n') at++;
  return at;
}

// Takes the rest of a line, with its end, from *text. False if the line does not end there.
static bool read_line(Sse *sse, Str *text) {
  while (text->len && skip_bom(sse, *text->ptr)) *text = str_sub(*text, 1, text->len);
  if (sse->after_cr && text->len) {
    if (*text->ptr == '\n') *text = str_sub(*text, 1, text->len);
    sse->after_cr = false;
  }
  size_t len = line_length(*text), room = sse->event_max + 1 - sse->line.len;
  buf_add(&sse->line, str_sub(*text, 0, len < room ? len : room));
  if (!is_well(sse) || len == text->len) {
    *text = (Str){ 0 };
    return false;
  }
  sse->after_cr = text->ptr[len] == '\r';
  *text = str_sub(*text, len + 1, text->len);
  return true;
}

bool sse_next(Sse *sse, Str *text, SseEvent *event) {
  if (sse->dispatched) begin_event(sse);
  if (!is_well(sse)) return false;
  while (read_line(sse, text)) {
    Str line = buf_str(&sse->line);
    bool blank = line.len == 0;
    if (!blank) take_line(sse, line);
    buf_reset(&sse->line);
    if (!is_well(sse)) return false;
    if (!blank) continue;
    sse->dispatched = true;
    if (dispatch(sse, event)) return true;
    begin_event(sse);
  }
  return false;
}
