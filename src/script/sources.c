// A list under a mutex: a script has few files.
#include "script/sources.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct Source {
  struct Source *next;
  char *path;
  Str text;  // the text as read; ptr NULL: not read yet
  bool given;
} Source;

struct Sources {
  pthread_mutex_t mutex;
  Source *first, **end;
};

Sources *sources_new(void) {
  Sources *sources = calloc(1, sizeof *sources);
  if (!sources) return NULL;
  pthread_mutex_init(&sources->mutex, NULL);
  sources->end = &sources->first;
  return sources;
}

void sources_free(Sources *sources) {
  if (!sources) return;
  for (Source *next, *source = sources->first; source; source = next) {
    next = source->next;
    free(source->path);
    free((char *)source->text.ptr);
    free(source);
  }
  pthread_mutex_destroy(&sources->mutex);
  free(sources);
}

// Call it with the mutex held.
static Source *find(Sources *sources, const char *path) {
  Source *source = sources->first;
  while (source && strcmp(source->path, path) != 0) source = source->next;
  return source;
}

static Source *add(Sources *sources, const char *path) {
  Source *source = find(sources, path);
  if (source) return source;
  source = calloc(1, sizeof *source);
  if (!source || !(source->path = strdup(path))) {
    free(source);
    return NULL;
  }
  *sources->end = source;
  sources->end = &source->next;
  return source;
}

static Source *put(Sources *sources, const char *path, Str text, bool given) {
  Source *source = add(sources, path);
  char *copy = source ? malloc(text.len + 1) : NULL;
  if (!copy) return NULL;
  if (text.len) memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  free((char *)source->text.ptr);
  source->text = str_make(copy, text.len);
  source->given = given;
  return source;
}

bool sources_track(Sources *sources, const char *path) {
  pthread_mutex_lock(&sources->mutex);
  bool ok = add(sources, path) != NULL;
  pthread_mutex_unlock(&sources->mutex);
  return ok;
}

const Str *sources_keep(Sources *sources, const char *path, Str text) {
  pthread_mutex_lock(&sources->mutex);
  Source *source = put(sources, path, text, false);
  pthread_mutex_unlock(&sources->mutex);
  return source ? &source->text : NULL;
}

bool sources_give(Sources *sources, Sources *from) {
  bool ok = true;
  pthread_mutex_lock(&from->mutex);
  for (Source *source = from->first; source && ok; source = source->next)
    if (source->text.ptr) ok = put(sources, source->path, source->text, true) != NULL;
  pthread_mutex_unlock(&from->mutex);
  return ok;
}

// The text is set once and does not move.
const Str *sources_given(Sources *sources, const char *path) {
  pthread_mutex_lock(&sources->mutex);
  Source *source = find(sources, path);
  pthread_mutex_unlock(&sources->mutex);
  return source && source->given ? &source->text : NULL;
}

static bool has_name(const Source *source, Str path) {
  Str name = str_of(source->path), cut = STR("...");
  if (!str_starts(path, cut)) return str_eq(name, path);
  return str_ends(name, str_sub(path, cut.len, path.len));
}

static bool add_line(Str text, int64_t line, Buf *out) {
  Str shown = STR("");
  for (int64_t at = 0; at < line; at++) {
    if (text.len == 0) return false;
    str_cut(text, '\n', &shown, &text);
  }
  if (str_ends(shown, STR("\r"))) shown.len--;
  buf_add(out, shown);
  return true;
}

bool sources_line(Sources *sources, Str path, int64_t line, Buf *out) {
  bool found = false;
  pthread_mutex_lock(&sources->mutex);
  for (Source *source = sources->first; source && !found; source = source->next)
    found = source->text.ptr && has_name(source, path) && add_line(source->text, line, out);
  pthread_mutex_unlock(&sources->mutex);
  return found;
}

// FNV-1a.
static uint64_t add_to_digest(uint64_t digest, Str bytes) {
  for (size_t i = 0; i < bytes.len; i++)
    digest = (digest ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3;
  return digest;
}

uint64_t sources_digest(Sources *sources) {
  uint64_t digest = 0xcbf29ce484222325;
  pthread_mutex_lock(&sources->mutex);
  for (Source *source = sources->first; source; source = source->next) {
    if (!source->text.ptr) continue;
    digest = add_to_digest(digest, source->text);
    digest = add_to_digest(digest, str_make((const char *)&source->text.len, sizeof(size_t)));
  }
  pthread_mutex_unlock(&sources->mutex);
  return digest ? digest : 1;
}

bool sources_list(Sources *sources, Arena *arena, Pairs *files) {
  bool ok = true;
  pthread_mutex_lock(&sources->mutex);
  for (Source *source = sources->first; source && ok; source = source->next) {
    if (pairs_get(files, str_of(source->path), NULL)) continue;
    Str name = arena_dup(arena, str_of(source->path));
    ok = name.ptr && pairs_add(files, arena, name, STR(""));
  }
  pthread_mutex_unlock(&sources->mutex);
  return ok;
}
