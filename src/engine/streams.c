// io.stdout and io.stderr of a state whose output EngineOptions.print takes. The library's handles stay; they write to
// streams that hand over what they get at once.
#include "engine/engine_inner.h"
#include "engine/libs.h"
#include "engine/lua_helpers.h"

#include <lualib.h>

static ssize_t hand_over(void *cookie, const char *bytes, size_t len) {
  const EngineOptions *options = cookie;
  options->print(options->user, str_make(bytes, len));
  return (ssize_t)len;
}

static FILE *take(lua_State *L, const char *name, EngineOptions *options) {
  FILE *file = fopencookie(options, "w", (cookie_io_functions_t){ .write = hand_over });
  if (!file) raise_no_memory(L);
  setvbuf(file, NULL, _IONBF, 0);
  lua_getglobal(L, LUA_IOLIBNAME);
  lua_getfield(L, -1, name);
  ((luaL_Stream *)luaL_checkudata(L, -1, LUA_FILEHANDLE))->f = file;
  lua_pop(L, 2);
  return file;
}

void streams_open(lua_State *L) {
  Engine *engine = engine_of(L);
  if (engine->options.takes_stdout) engine->streams[0] = take(L, "stdout", &engine->options);
  if (engine->options.takes_stderr) engine->streams[1] = take(L, "stderr", &engine->options);
}

void streams_close(Engine *engine) {
  for (int i = 0; i < 2; i++) {
    if (engine->streams[i]) fclose(engine->streams[i]);
  }
}
