// The lines first, found by their line feeds; then one judgement of all bytes, sixteen at a time.
#include "net/plain_head.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/lane.h"

enum {
  SHORTEST = 18,          // "GET / HTTP/1.x" and two line ends
  LENGTH_DIGITS_MAX = 15  // a longer Content-Length is left to the way that refuses it
};

// ---- bytes --------------------------------------------------------------------------------------

// The bytes that are neither printable ASCII nor a tab or line end (as signed numbers those beyond ASCII are below a
// space too), and each CR and LF without the other. Reads a byte more than a lane.
static Lane faults_at(const char *at) {
  Lane bytes = lane_at(at), next = lane_at(at + 1);
  Lane control =
      (Lane)(bytes < ' ') & (Lane)(bytes != '\t') & (Lane)(bytes != '\r') & (Lane)(bytes != '\n');
  return control | (Lane)(bytes == 0x7F) | ((Lane)(bytes == '\r') ^ (Lane)(next == '\n'));
}

// Whether the head has no such byte. It is longer than a lane, and does not begin with a line feed.
static bool is_clean(const char *text, size_t len) {
  size_t last = len - sizeof(Lane) - 1, at = 0;
  Lane faults = faults_at(text + last);
  for (; at < last; at += sizeof(Lane)) faults |= faults_at(text + at);
  return lane_is_zero(faults);
}

// ---- lines --------------------------------------------------------------------------------------

static char *find(char *at, char byte, const char *end) {
  return memchr(at, byte, (size_t)(end - at));
}

// Returns what follows "GET " or "POST ", or NULL.
static char *read_method(PlainHead *head) {
  char *at = head->text;
  size_t len = memcmp(at, "GET ", 4) == 0 ? 3 : memcmp(at, "POST ", 5) == 0 ? 4 : 0;
  if (len == 0) return NULL;
  at[len] = '\0';
  head->method = at;
  return at + len + 1;
}

// " HTTP/1.1\r\n", or the same with 1.0.
static bool is_version(const char *blank) {
  return memcmp(blank, " HTTP/1.", 8) == 0 && (blank[8] == '1' || blank[8] == '0') &&
         memcmp(blank + 9, "\r\n", 2) == 0;
}

// "/path?query HTTP/1.1\r\n". Returns the next line, or NULL.
static char *read_target(PlainHead *head, char *at, const char *end) {
  enum { VERSION_LEN = 11, NAME_LEN = 6 };
  char *lf = find(at, '\n', end), *query;
  if (!lf || *at != '/' || lf - at < VERSION_LEN) return NULL;
  char *blank = lf + 1 - VERSION_LEN;
  if (!is_version(blank) || find(at, ' ', blank) || find(at, '\t', blank)) return NULL;
  *blank = lf[-1] = '\0';
  head->version = blank + NAME_LEN;
  query = find(at, '?', blank);
  if (query) *query++ = '\0';
  head->path = at;
  head->query = query;
  return lf + 1;
}

static bool read_length(PlainHead *head, Str value, bool *known) {
  int64_t length;
  if (*known || value.len == 0 || value.len > LENGTH_DIGITS_MAX || value.ptr[0] == '-' ||
      !str_to_int64(value, &length))
    return false;
  head->body_len = (size_t)length;
  *known = true;
  return true;
}

// Whether the header leaves the head plain.
static bool take_header(PlainHead *head, Str name, Str value, bool *length_is_known) {
  switch (name.len) {
    case 6:
      if (str_eq_nocase(name, STR("Expect"))) return false;
      break;
    case 7:
      if (str_eq_nocase(name, STR("Upgrade"))) return false;
      break;
    case 14:
      if (str_eq_nocase(name, STR("Content-Length")) && !read_length(head, value, length_is_known))
        return false;
      break;
    case 17:
      if (str_eq_nocase(name, STR("Transfer-Encoding"))) return false;
      break;
  }
  if (head->header_count == PLAIN_HEADERS_MAX) return false;
  head->headers[head->header_count++] = (Pair){ .name = name, .value = value };
  return true;
}

// Returns the first byte from `at` on that cannot be in a name. The text ends with a NUL.
static char *name_end(char *at) {
  for (size_t len = sizeof(Lane); len == sizeof(Lane); at += len) {
    Lane bytes = lane_at(at);
    len = lane_zeros((Lane)(bytes <= ' ') | (Lane)(bytes == ':'));
  }
  return at;
}

// "Name: value\r\n". Returns the next line, or NULL. Whether a CR is before the LF is judged later.
static char *read_header(PlainHead *head, char *line, const char *end, bool *length_is_known) {
  char *colon = name_end(line);
  char *lf = *colon == ':' && colon > line ? find(colon, '\n', end) : NULL;
  if (!lf) return NULL;
  char *value = colon + 1, *last = lf - 1;
  while (value < last && (*value == ' ' || *value == '\t')) value++;
  if (value > last) return NULL;
  *colon = '\0';
  Str name = str_make(line, (size_t)(colon - line)), text = str_make(value, (size_t)(last - value));
  return take_header(head, name, text, length_is_known) ? lf + 1 : NULL;
}

// The NULs at the ends of values are written last: a CR must be seen before.
static void end_values(PlainHead *head) {
  for (size_t i = 0; i < head->header_count; i++) {
    Str value = head->headers[i].value;
    head->text[value.ptr + value.len - head->text] = '\0';
  }
}

// ---- head ---------------------------------------------------------------------------------------

static void copy_front(PlainHead *head, Str bytes, size_t len) {
  memcpy(head->text, bytes.ptr, len);
  head->text[len] = '\0';
  head->header_count = head->body_len = 0;
}

bool plain_head_read(Str bytes, PlainHead *head) {
  size_t len = bytes.len < PLAIN_HEAD_MAX ? bytes.len : PLAIN_HEAD_MAX;
  if (len < SHORTEST) return false;
  copy_front(head, bytes, len);
  const char *end = head->text + len;
  bool length_is_known = false;
  char *at = read_method(head);
  if (at) at = read_target(head, at, end);
  while (at && *at != '\r') at = read_header(head, at, end, &length_is_known);
  if (!at || at[1] != '\n') return false;
  head->len = (size_t)(at + 2 - head->text);
  if (!is_clean(bytes.ptr, head->len)) return false;
  end_values(head);
  return true;
}

// ---- a thread's own -----------------------------------------------------------------------------

static pthread_key_t key;
static bool has_key;
static pthread_once_t key_tried = PTHREAD_ONCE_INIT;

static void make_key(void) { has_key = pthread_key_create(&key, free) == 0; }

PlainHead *plain_head_of_thread(void) {
  pthread_once(&key_tried, make_key);
  PlainHead *head = has_key ? pthread_getspecific(key) : NULL;
  if (head || !has_key) return head;
  head = malloc(sizeof *head);
  if (head && pthread_setspecific(key, head) == 0) return head;
  free(head);
  return NULL;
}
