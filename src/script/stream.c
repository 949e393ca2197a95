// A bounded queue of bytes between one script and one reader.
#include "script/stream_value.h"

#include "engine/lua_helpers.h"

#include <pthread.h>
#include <stdlib.h>

enum { BEHIND_MAX = 1 << 20 };

static const char TYPE[] = "wemoon.stream";

struct Stream {
  pthread_mutex_t mutex;
  void (*news)(void *ctx);  // NULL: the reader does not wait
  void *news_ctx;
  Buf queue;
  int holders;
  bool closed;     // by the script
  bool abandoned;  // by the reader, or because the reader was too far behind
};

static Stream *stream_new(void) {
  Stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  pthread_mutex_init(&stream->mutex, NULL);
  buf_init(&stream->queue);
  stream->holders = 1;
  return stream;
}

// Call it with the mutex held; unlocks it.
static void release_locked(Stream *stream) {
  bool last = --stream->holders == 0;
  pthread_mutex_unlock(&stream->mutex);
  if (!last) return;
  pthread_mutex_destroy(&stream->mutex);
  buf_clear(&stream->queue);
  free(stream);
}

// ---- reader -------------------------------------------------------------------------------------

StreamState stream_take(Stream *stream, Buf *out, void (*news)(void *ctx), void *ctx) {
  pthread_mutex_lock(&stream->mutex);
  StreamState state = stream->abandoned       ? STREAM_OVER
                      : stream->queue.len > 0 ? STREAM_SENT
                      : stream->closed        ? STREAM_OVER
                                              : STREAM_QUIET;
  if (state == STREAM_SENT) {
    buf_add(out, buf_str(&stream->queue));
    buf_reset(&stream->queue);
  }
  stream->news = state == STREAM_QUIET ? news : NULL;
  stream->news_ctx = ctx;
  pthread_mutex_unlock(&stream->mutex);
  return state;
}

void stream_leave(Stream *stream) {
  if (!stream) return;
  pthread_mutex_lock(&stream->mutex);
  stream->abandoned = true;
  stream->news = NULL;
  buf_clear(&stream->queue);
  release_locked(stream);
}

// ---- script -------------------------------------------------------------------------------------

static Stream **check(lua_State *L) { return luaL_checkudata(L, 1, TYPE); }

// Calls `news` with the mutex held, so that stream_leave runs before or after it.
static void tell(Stream *stream) {
  void (*news)(void *ctx) = stream->news;
  stream->news = NULL;
  if (news) news(stream->news_ctx);
}

static int l_send(lua_State *L) {
  Stream *stream = *check(L);
  Str text = lua_str(L, 2);
  bool taken = false;
  if (stream) {
    pthread_mutex_lock(&stream->mutex);
    taken = !stream->closed && !stream->abandoned;
    if (taken) buf_add(&stream->queue, text);
    if (stream->queue.failed || stream->queue.len > BEHIND_MAX) {
      stream->abandoned = true;
      taken = false;
    }
    tell(stream);
    pthread_mutex_unlock(&stream->mutex);
  }
  lua_pushboolean(L, taken);
  return 1;
}

static void close_stream(Stream *stream) {
  pthread_mutex_lock(&stream->mutex);
  stream->closed = true;
  tell(stream);
  pthread_mutex_unlock(&stream->mutex);
}

static int l_close(lua_State *L) {
  Stream *stream = *check(L);
  if (stream) close_stream(stream);
  return 0;
}

static int l_gc(lua_State *L) {
  Stream **stream = check(L);
  if (!*stream) return 0;
  close_stream(*stream);
  pthread_mutex_lock(&(*stream)->mutex);
  release_locked(*stream);
  *stream = NULL;
  return 0;
}

static const luaL_Reg methods[] = { { "close", l_close }, { "send", l_send }, { NULL, NULL } };

int stream_value_new(lua_State *L) {
  Stream **stream = lua_newuserdatauv(L, sizeof *stream, 0);
  *stream = NULL;
  if (luaL_newmetatable(L, TYPE)) {
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  *stream = stream_new();
  if (!*stream) raise_no_memory(L);
  return 1;
}

Stream *stream_value_take(lua_State *L, int index) {
  Stream **stream = luaL_testudata(L, index, TYPE);
  if (!stream || !*stream) return NULL;
  pthread_mutex_lock(&(*stream)->mutex);
  (*stream)->holders++;
  pthread_mutex_unlock(&(*stream)->mutex);
  return *stream;
}
