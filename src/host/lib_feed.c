// host.feed.next(): waits for the next note to this interpreter (feed.h) and returns its kind, its text and the time
// when it was put in (Unix seconds, with fractions).
#include "host/feed.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "script/context.h"
#include "host/libs.h"
#include "engine/boxed.h"
#include "engine/wait.h"

enum { NOTES_MAX = 1000 };

typedef struct Note {
  struct Note *next;
  const char *kind;
  int64_t time_ms;
  size_t len;
  char text[];
} Note;

struct Feed {
  pthread_mutex_t mutex;
  Note *first, **end;
  size_t count;
  Wait *reader;  // the wait of the task that reads; set only while the feed is empty
};

Feed *feed_new(void) {
  Feed *feed = calloc(1, sizeof *feed);
  if (!feed) return NULL;
  mutex_init_brief(&feed->mutex);
  feed->end = &feed->first;
  return feed;
}

static Note *take_locked(Feed *feed) {
  Note *note = feed->first;
  if (!note) return NULL;
  feed->first = note->next;
  if (!feed->first) feed->end = &feed->first;
  feed->count--;
  return note;
}

void feed_free(Feed *feed) {
  if (!feed) return;
  if (feed->reader) wait_finish(feed->reader, NULL, NULL, NULL);
  for (Note *note; (note = take_locked(feed));) free(note);
  pthread_mutex_destroy(&feed->mutex);
  free(feed);
}

// Pushes the note's kind, text and time. The box at index 1 frees the note.
static int take_note(lua_State *L, void *data) {
  Boxed *pending = boxed_at(L, 1);
  Note *note = data;
  pending->held = note;
  lua_pushstring(L, note->kind);
  lua_pushlstring(L, note->text, note->len);
  lua_pushnumber(L, (lua_Number)note->time_ms / 1000);
  boxed_clear(pending);
  return 3;
}

void feed_put(Feed *feed, const char *kind, Str text) {
  Note *note = malloc(sizeof *note + text.len), *dropped = NULL;
  if (!note) return;
  *note = (Note){ .kind = kind, .time_ms = clock_unix_ms(), .len = text.len };
  if (text.len) memcpy(note->text, text.ptr, text.len);
  pthread_mutex_lock(&feed->mutex);
  Wait *reader = feed->reader;
  feed->reader = NULL;
  if (!reader) {
    if (feed->count >= NOTES_MAX) dropped = take_locked(feed);
    *feed->end = note;
    feed->end = &note->next;
    feed->count++;
  }
  pthread_mutex_unlock(&feed->mutex);
  free(dropped);
  if (reader) wait_finish(reader, take_note, free, note);
}

// Only one task may read at a time. If a reader's task has ended, the next note goes to that reader and is lost.
static int l_next(lua_State *L) {
  Feed *feed = script_context(L)->options->feed;
  if (!feed) raise(L, "this interpreter has no feed");
  lua_settop(L, 0);
  boxed_push(L, free, NULL);
  Wait *wait = wait_begin(L, "feed.next");
  pthread_mutex_lock(&feed->mutex);
  Note *note = take_locked(feed);
  Wait *stale = feed->reader;
  feed->reader = note ? NULL : wait;
  pthread_mutex_unlock(&feed->mutex);
  if (stale) wait_finish(stale, NULL, NULL, NULL);
  if (!note) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return take_note(L, note);
}

static const luaL_Reg functions[] = { { "next", l_next }, { NULL, NULL } };

int lib_feed(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
