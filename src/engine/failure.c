// Describes a script's failure: place, message, source line, and the traceback without frames of the user's own files.
#include "engine/failure.h"

#include <lauxlib.h>

#include "engine/engine_inner.h"
#include "engine/guard.h"
#include "engine/place.h"
#include "engine/stdlib.h"

#include "base/log.h"
#include "engine/value.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  SOURCE_MAX = 4 * 1024 * 1024,  // bytes; a larger file is not taken for a script
  SOURCE_LINE_MAX = 500          // bytes of a line in the description
};

void failure_init(Failure *failure) {
  buf_init(&failure->text);
  buf_init(&failure->trace);
}

void failure_clear(Failure *failure) {
  buf_clear(&failure->text);
  buf_clear(&failure->trace);
}

// Parses "FILE:LINE: ..." at the beginning of a message.
static bool cut_place(Str message, Str *file, int64_t *line) {
  for (size_t i = 1; i + 1 < message.len && message.ptr[i] != '\n'; i++) {
    if (message.ptr[i] != ':') continue;
    size_t end = i + 1;
    while (end < message.len && message.ptr[end] >= '0' && message.ptr[end] <= '9') end++;
    if (end == i + 1 || end == message.len || message.ptr[end] != ':') continue;
    *file = str_sub(message, 0, i);
    return str_to_int64(str_sub(message, i + 1, end - i - 1), line);
  }
  return false;
}

// Opens a source file, or returns NULL. An error's text can name any file, so only regular files are opened: others
// could block.
static FILE *open_source(const char *path) {
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return NULL;
  bool plain = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= SOURCE_MAX;
  FILE *source = plain ? fdopen(fd, "r") : NULL;
  if (!source) close(fd);
  return source;
}

// Appends the line from the file as it is now. False if it cannot be read.
static bool read_line(Str file, int64_t line, Buf *out) {
  char path[4096], text[512];
  if (file.len >= sizeof path) return false;
  memcpy(path, file.ptr, file.len);
  path[file.len] = '\0';
  FILE *source = open_source(path);
  if (!source) return false;
  bool whole = true;  // the previous piece ended with its line
  int64_t at = 0;
  bool found = false;
  while (!found && fgets(text, sizeof text, source)) {
    if (whole) at++;
    size_t len = strcspn(text, "\r\n");
    whole = text[len] != '\0';
    found = at == line;
    if (found) buf_add(out, str_make(text, len));
  }
  fclose(source);
  return found;
}

// Appends the source line: from the text that was loaded if it is known, since the file may have changed since.
static void find_source_line(Engine *engine, Str file, int64_t line, Buf *out) {
  const EngineOptions *options = &engine->options;
  bool known = options->source_line && options->source_line(options->user, file, line, out);
  if (!known) read_line(file, line, out);
}

// Appends what the line tells of the error: why a function is left out, and the line itself.
static void add_source_line(Str code, int64_t line, Buf *out) {
  const char *why = stdlib_why_nil(buf_str(out), code);
  if (why) buf_printf(out, ": %s", why);
  if (code.len == 0) return;
  Str shown = str_trim(code);
  shown.len = str_utf8_prefix(shown, SOURCE_LINE_MAX);
  buf_printf(out, "\n  %lld | %.*s", (long long)line, STR_FMT(shown));
}

// Appends the traceback without frames of the user's own files, and without the C functions at its end, which called
// the script. Appends nothing if no frame is left.
static void add_script_frames(lua_State *L, Str trace, Buf *out) {
  Str line, rest = trace;
  size_t head = 0, end = 0;  // lengths of `out` after the heading and after the last frame to keep
  while (rest.len > 0) {
    str_cut(rest, '\n', &line, &rest);
    if (str_starts(line, STR("\t")) && place_is_own(L, line.ptr + 1)) continue;
    if (out->len > 0) buf_addc(out, '\n');
    buf_add(out, line);
    if (head == 0) head = out->len;
    else if (!str_starts(line, STR("\t[C]: in ?"))) end = out->len;
  }
  if (end == 0) buf_reset(out);
  else if (!out->failed) out->len = end;
}

static void end_line(Buf *out) {
  if (out->len > 0) buf_addc(out, '\n');
}

// An error that passes through several coroutines collects their tracebacks. It is recognised by its text: each
// coroutine may put a place before the text, but the end stays the same.
void failure_note_coroutine(lua_State *L, lua_State *co) {
  Slice *slice = &engine_of(L)->slice;
  if (lua_type(L, -1) != LUA_TSTRING) return;
  Str text, trace;
  text.ptr = lua_tolstring(L, -1, &text.len);
  if (slice->inner_text.len == 0 || !str_ends(text, buf_str(&slice->inner_text))) {
    buf_reset(&slice->inner_text);
    buf_reset(&slice->inner_trace);
    buf_add(&slice->inner_text, text);
  }
  luaL_traceback(L, co, NULL, 0);
  trace.ptr = lua_tolstring(L, -1, &trace.len);
  Buf frames;
  buf_init(&frames);
  add_script_frames(L, trace, &frames);
  end_line(&slice->inner_trace);
  buf_add(&slice->inner_trace, buf_str(&frames));
  buf_clear(&frames);
  lua_pop(L, 1);
}

static void add_message(Engine *engine, Str message, const char *place, Buf *out) {
  Str file;
  int64_t line;
  if (!cut_place(message, &file, &line) && place[0]) buf_printf(out, "%s: ", place);
  buf_add(out, message);
  if (!cut_place(buf_str(out), &file, &line)) return;
  Buf code;
  buf_init(&code);
  find_source_line(engine, file, line, &code);
  add_source_line(buf_str(&code), line, out);
  buf_clear(&code);
}

typedef struct {
  lua_State *co;
  int level;          // of the function that raised the error
  const char *place;  // used if neither the stack nor the message has a place
  Failure *failure;
} Described;

// Returns the error value (argument 2) as text, which stays on top of the stack.
static Str error_text(lua_State *L) {
  if (lua_isnil(L, 2)) return STR("the script called error(nil): an error without a message");
  Str text;
  value_push_text(L, 2);
  text.ptr = lua_tolstring(L, -1, &text.len);
  return text;
}

// Runs in protected mode: describes the error value at index 2, with the place where it was raised.
static int describe(lua_State *L) {
  Described *described = lua_touserdata(L, 1);
  char place[PLACE_SIZE];
  place_innermost(described->co, place, sizeof place);
  Str text = error_text(L), trace;
  Failure *failure = described->failure;
  Slice *slice = &engine_of(L)->slice;
  add_message(engine_of(L), text, place[0] ? place : described->place, &failure->text);
  Str inner = buf_str(&slice->inner_text);
  bool passed_through = inner.len > 0 && str_ends(text, inner);
  luaL_traceback(L, described->co, NULL, described->level);
  trace.ptr = lua_tolstring(L, -1, &trace.len);
  add_script_frames(L, trace, &failure->trace);
  if (passed_through && failure->trace.len > 0) {
    end_line(&slice->inner_trace);
    buf_add(&slice->inner_trace, buf_str(&failure->trace));
    buf_reset(&failure->trace);
    buf_add(&failure->trace, buf_str(&slice->inner_trace));
  }
  return 0;
}

static void describe_end(Engine *engine, Failure *failure) {
  Slice *slice = &engine->slice;
  char place[PLACE_SIZE];
  guard_last_place(slice, place, sizeof place);
  char message[200];
  if (slice->end == SLICE_OVER_CPU) {
    snprintf(message, sizeof message,
             "stopped after %lld ms of CPU time without a pause (script_cpu_ms)",
             (long long)(engine->options.cpu_us_max / 1000));
  } else {
    snprintf(message, sizeof message, "%s",
             slice->end == SLICE_INTERRUPTED ? "interrupted"
             : slice->end == SLICE_DIFFERS   ? "it took another way than its record"
                                             : "given up: it did not come back");
  }
  add_message(engine, str_of(message), place, &failure->text);
  add_script_frames(engine->L, buf_str(&slice->trace), &failure->trace);
}

static void describe_without_words(lua_State *co, const char *type, Failure *failure) {
  char place[PLACE_SIZE], message[120];
  place_innermost(co, place, sizeof place);
  snprintf(message, sizeof message, "an error value of type %s whose __tostring fails", type);
  add_message(engine_of(co), str_of(message), place, &failure->text);
}

// Returns the place of a memory error. Its text has none and its stack is already unwound, so the place was kept when
// memory was refused.
static const char *place_of(const Engine *engine, lua_State *L) {
  bool memory = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), NO_MEMORY) == 0;
  return memory ? engine->refused : "";
}

void failure_describe(Engine *engine, lua_State *co, Failure *failure) {
  if (engine->slice.end != SLICE_GOES_ON) return describe_end(engine, failure);
  Described described = { co, 0, place_of(engine, co), failure };
  lua_State *L = engine->L;
  int top = lua_gettop(L);
  lua_pushcfunction(L, describe);
  lua_pushlightuserdata(L, &described);
  const char *type = luaL_typename(co, -1);
  lua_xmove(co, L, 1);
  lua_pushvalue(L, -1);
  lua_insert(L, top + 1);  // a copy, moved back to `co` at the end
  if (lua_pcall(L, 2, 0, 0) != LUA_OK && failure->text.len == 0)
    describe_without_words(co, type, failure);
  lua_settop(L, top + 1);
  lua_xmove(L, co, 1);
}

// The traceback begins at level 2: `describe` and the message handler are above the function that raised.
void failure_describe_here(lua_State *L, Failure *failure) {
  Engine *engine = engine_of(L);
  if (engine->slice.end != SLICE_GOES_ON) return describe_end(engine, failure);
  Described described = { L, 2, "", failure };
  int top = lua_gettop(L);
  const char *type = luaL_typename(L, top);
  lua_pushcfunction(L, describe);
  lua_pushlightuserdata(L, &described);
  lua_pushvalue(L, top);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK && failure->text.len == 0)
    describe_without_words(L, type, failure);
  lua_settop(L, top);
}

void failure_log(const Failure *failure, const char *doing) {
  log_error("%s failed: %.*s%s%.*s", doing, STR_FMT(buf_str(&failure->text)),
            failure->trace.len ? "\n" : "", STR_FMT(buf_str(&failure->trace)));
}

void failure_to_err(const Failure *failure, Err *err) {
  err_set(err, ERR_FAILED, "%.*s", STR_FMT(buf_str(&failure->text)));
}
