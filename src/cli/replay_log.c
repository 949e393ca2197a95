#include "cli/replay_log.h"

#include <pthread.h>
#include <stdio.h>

#include "base/log.h"
#include "base/visible.h"
#include "cli/output_text.h"

enum { MOST = 64 };  // different lines that are kept

typedef struct {
  Buf text;  // without the fields, which name its message
  size_t count;
} Told;

static struct {
  pthread_mutex_t mutex;
  bool enabled;
  Told told[MOST];
  size_t count, others;
} kept = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static bool is_outcome(Str message) {
  return str_starts(message, STR("message ")) && str_find(message, STR(" outcome=")) >= 0;
}

// Adds the line without its fields; the traceback stands behind them.
static void add_text(Buf *out, LogLevel level, Str message) {
  Str first, rest;
  bool more = str_cut(message, '\n', &first, &rest);
  ptrdiff_t fields = str_find(first, STR(" openid="));
  buf_add(out, str_of(level == LOG_ERROR ? output_text("error: ") : output_text("warning: ")));
  buf_add(out, fields >= 0 ? str_sub(first, 0, (size_t)fields) : first);
  if (more) buf_addc(out, '\n');
  if (more) buf_add(out, rest);
}

static Told *find(Str text) {
  for (size_t i = 0; i < kept.count; i++) {
    if (str_eq(buf_str(&kept.told[i].text), text)) return &kept.told[i];
  }
  return NULL;
}

static void keep_text(Buf *text) {
  Told *told = find(buf_str(text));
  if (told) {
    told->count++;
  } else if (kept.count < MOST) {
    kept.told[kept.count++] = (Told){ *text, 1 };
    buf_init(text);
  } else {
    kept.others++;
  }
}

static void keep(void *ctx, LogLevel level, Str message) {
  if (level < LOG_WARN || is_outcome(message)) return;
  Buf text;
  buf_init(&text);
  add_text(&text, level, message);
  pthread_mutex_lock(&kept.mutex);
  keep_text(&text);
  pthread_mutex_unlock(&kept.mutex);
  buf_clear(&text);
}

void replay_log_begin(bool enabled) {
  kept.enabled = enabled;
  if (enabled) log_divert(keep, NULL);
}

static void print(Told *told) {
  Buf shown;
  Str first, rest;
  buf_init(&shown);
  visible_add(&shown, buf_str(&told->text));
  bool more = str_cut(buf_str(&shown), '\n', &first, &rest);
  fprintf(stderr, "%.*s", STR_FMT(first));
  if (told->count > 1) fprintf(stderr, output_text(" (%zu times)"), told->count);
  fprintf(stderr, "%s%.*s\n", more ? "\n" : "", STR_FMT(rest));
  buf_clear(&shown);
  buf_clear(&told->text);
}

void replay_log_end(void) {
  if (!kept.enabled) return;
  log_divert(NULL, NULL);
  pthread_mutex_lock(&kept.mutex);
  for (size_t i = 0; i < kept.count; i++) print(&kept.told[i]);
  if (kept.others) fprintf(stderr, output_text("and %zu other lines\n"), kept.others);
  kept.count = kept.others = 0;
  pthread_mutex_unlock(&kept.mutex);
}
