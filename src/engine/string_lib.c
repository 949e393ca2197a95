// string.find, match, gmatch, gsub and rep. They behave like Lua's own, with two differences: they call the guard, and
// functions that gsub calls may wait.
#include "engine/libs.h"

#include "engine/guard.h"
#include "engine/lua_helpers.h"

#include "engine/pattern.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>

static bool may_go_on(void *L) { return guard_goes_on(L); }

// Ends a call whose match was stopped or whose pattern is invalid.
static int give_up(lua_State *L, const Pattern *m, PatternEnd end) {
  if (end == PATTERN_STOPPED) return guard_unwind(L);
  raise(L, "%s", m->fault);
}

// ---- captures -----------------------------------------------------------------------------------

static void push_capture(lua_State *L, Pattern *m, int i) {
  PatternCapture capture;
  if (!pattern_capture(m, i, &capture)) raise(L, "%s", m->fault);
  if (capture.len == CAPTURE_POSITION) lua_pushinteger(L, capture.start - m->subject + 1);
  else lua_pushlstring(L, capture.start, (size_t)capture.len);
}

static int push_captures(lua_State *L, Pattern *m, int count) {
  luaL_checkstack(L, count, "too many captures");
  for (int i = 0; i < count; i++) push_capture(L, m, i);
  return count;
}

// Pushes the captures, or the whole match if the pattern has none.
static int push_match(lua_State *L, Pattern *m) {
  return push_captures(L, m, m->count > 0 ? m->count : 1);
}

// ---- find and match -----------------------------------------------------------------------------

// Converts a position, counted from 1 or, if negative, from the end, to an offset of at least 0.
static size_t offset_of(lua_Integer position, size_t len) {
  if (position > 0) return (size_t)position - 1;
  if (position == 0 || position < -(lua_Integer)len) return 0;
  return len - (size_t)-position;
}

static int push_fail(lua_State *L) {
  luaL_pushfail(L);
  return 1;
}

static int find(lua_State *L, bool wants_place) {
  size_t len, pattern_len;
  const char *subject = luaL_checklstring(L, 1, &len);
  const char *pattern = luaL_checklstring(L, 2, &pattern_len);
  size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
  if (from > len) return push_fail(L);
  bool plain = wants_place && lua_toboolean(L, 4);
  Pattern m;
  pattern_init(&m, pattern, pattern_len, !plain, may_go_on, L);
  pattern_set_subject(&m, subject, len);
  if (wants_place && !plain) plain = pattern_is_plain(&m);
  PatternEnd end =
      plain ? pattern_search_plain(&m, subject + from) : pattern_search(&m, subject + from, NULL);
  if (end == PATTERN_FAILED) return push_fail(L);
  if (end != PATTERN_MATCHED) return give_up(L, &m, end);
  if (!wants_place) return push_match(L, &m);
  lua_pushinteger(L, m.start - subject + 1);
  lua_pushinteger(L, m.end - subject);
  return m.count == 0 ? 2 : 2 + push_captures(L, &m, m.count);
}

static int l_find(lua_State *L) { return find(L, true); }

static int l_match(lua_State *L) { return find(L, false); }

// ---- gmatch -------------------------------------------------------------------------------------

enum { GMATCH_SUBJECT = 1, GMATCH_PATTERN, GMATCH_OFFSET };

// The iterator. Upvalues: subject, pattern, and the offset where the last match ended; before the first search,
// -1 minus the offset where it begins.
static int gmatch_next(lua_State *L) {
  size_t len, pattern_len;
  const char *subject = lua_tolstring(L, lua_upvalueindex(GMATCH_SUBJECT), &len);
  const char *pattern = lua_tolstring(L, lua_upvalueindex(GMATCH_PATTERN), &pattern_len);
  lua_Integer offset = lua_tointeger(L, lua_upvalueindex(GMATCH_OFFSET));
  const char *not_end = offset < 0 ? NULL : subject + offset;
  if (offset < 0) offset = -1 - offset;
  if ((size_t)offset > len) return 0;
  Pattern m;
  pattern_init(&m, pattern, pattern_len, false, may_go_on, L);
  pattern_set_subject(&m, subject, len);
  PatternEnd end = pattern_search(&m, subject + offset, not_end);
  if (end == PATTERN_FAILED) return 0;
  if (end != PATTERN_MATCHED) return give_up(L, &m, end);
  lua_pushinteger(L, m.end - subject);
  lua_replace(L, lua_upvalueindex(GMATCH_OFFSET));
  return push_match(L, &m);
}

static int l_gmatch(lua_State *L) {
  size_t len;
  luaL_checklstring(L, 1, &len);
  luaL_checkstring(L, 2);
  size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
  if (from > len) from = len + 1;
  lua_settop(L, 2);
  lua_pushinteger(L, -1 - (lua_Integer)from);
  lua_pushcclosure(L, gmatch_next, 3);
  return 1;
}

// ---- gsub ---------------------------------------------------------------------------------------

enum { REPLACEMENT = 3, STATE = 5, REPLACE_STEPS = 8 };

// The state of a call of gsub. It is in a userdata if the replacement is a function, since a wait unwinds the C stack.
// `out` may have a box on Lua's stack.
typedef struct {
  Pattern m;
  int kind;          // the replacement's type
  const char *at;    // the subject up to here is in the result
  const char *last;  // the end of the last match; NULL before the first match
  lua_Integer count, max;
  bool changed;
  luaL_Buffer out;
} Gsub;

static void add_original(Gsub *g) {
  luaL_addlstring(&g->out, g->m.start, (size_t)(g->m.end - g->m.start));
}

static void add_capture(lua_State *L, Gsub *g, int i) {
  PatternCapture capture;
  if (!pattern_capture(&g->m, i, &capture)) raise(L, "%s", g->m.fault);
  if (capture.len != CAPTURE_POSITION) {
    luaL_addlstring(&g->out, capture.start, (size_t)capture.len);
    return;
  }
  lua_pushinteger(L, capture.start - g->m.subject + 1);
  luaL_addvalue(&g->out);
}

// Adds the value of the escape %`c` in a replacement string.
static void add_escape(lua_State *L, Gsub *g, char c) {
  if (c == '%') {
    luaL_addchar(&g->out, '%');
  } else if (c == '0') {
    add_original(g);
  } else if (c > '0' && c <= '9') {
    add_capture(L, g, c - '1');
  } else {
    raise(L, "invalid use of '%c' in replacement string", '%');
  }
}

static void add_string(lua_State *L, Gsub *g) {
  size_t len;
  const char *text = lua_tolstring(L, REPLACEMENT, &len), *end = text + len, *escape;
  while ((escape = memchr(text, '%', (size_t)(end - text)))) {
    luaL_addlstring(&g->out, text, (size_t)(escape - text));
    add_escape(L, g, escape[1]);  // '\0' at the end of the text
    text = escape + 2;
  }
  luaL_addlstring(&g->out, text, (size_t)(end - text));
  g->changed = true;
}

// Pops the replacement from the top and adds it; nil and false keep the original match.
static void add_value(lua_State *L, Gsub *g) {
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    add_original(g);
  } else if (!lua_isstring(L, -1)) {
    raise(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  } else {
    luaL_addvalue(&g->out);
    g->changed = true;
  }
}

static int gsub_called(lua_State *L, int status, lua_KContext context);

static void replace(lua_State *L, Gsub *g) {
  if (g->kind == LUA_TFUNCTION) {
    lua_pushvalue(L, REPLACEMENT);
    int count = push_match(L, &g->m);
    lua_callk(L, count, 1, (lua_KContext)g, gsub_called);
    add_value(L, g);
  } else if (g->kind == LUA_TTABLE) {
    push_capture(L, &g->m, 0);
    lua_gettable(L, REPLACEMENT);
    add_value(L, g);
  } else {
    add_string(L, g);
  }
}

// Returns a userdata for a call of gsub, on top of the stack. A finished call leaves its userdata in the upvalue for
// the next call (keep_spare). After an error or a cancelled wait, the collector frees the userdata.
static Gsub *take_spare(lua_State *L) {
  Gsub *spare = lua_touserdata(L, lua_upvalueindex(1));
  if (!spare) return lua_newuserdatauv(L, sizeof *spare, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushnil(L);
  lua_replace(L, lua_upvalueindex(1));
  return spare;
}

static void keep_spare(lua_State *L) {
  lua_pushvalue(L, STATE);
  lua_replace(L, lua_upvalueindex(1));
}

static int gsub_end(lua_State *L, Gsub *g) {
  if (g->kind == LUA_TFUNCTION) keep_spare(L);
  if (g->changed) {
    luaL_addlstring(&g->out, g->at, (size_t)(g->m.subject_end - g->at));
    luaL_pushresult(&g->out);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, g->count);
  return 2;
}

static void pass_match(Gsub *g) { g->at = g->last = g->m.end; }

static int gsub_go_on(lua_State *L, Gsub *g) {
  Pattern *m = &g->m;
  while (g->count < g->max && !(m->anchored && g->last)) {
    PatternEnd end = pattern_search(m, g->at, g->last);
    if (end == PATTERN_FAILED) break;
    if (end == PATTERN_MATCHED && !pattern_count(m, REPLACE_STEPS)) end = PATTERN_STOPPED;
    if (end != PATTERN_MATCHED) return give_up(L, m, end);
    luaL_addlstring(&g->out, g->at, (size_t)(m->start - g->at));
    g->count++;
    replace(L, g);
    pass_match(g);
  }
  return gsub_end(L, g);
}

// The continuation: the replacement function has returned after a wait.
static int gsub_called(lua_State *L, int status, lua_KContext context) {
  Gsub *g = (Gsub *)context;
  add_value(L, g);
  pass_match(g);
  return gsub_go_on(L, g);
}

static int l_gsub(lua_State *L) {
  size_t len, pattern_len;
  const char *subject = luaL_checklstring(L, 1, &len);
  const char *pattern = luaL_checklstring(L, 2, &pattern_len);
  int kind = lua_type(L, REPLACEMENT);
  lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)len + 1);
  bool fits =
      kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE;
  luaL_argexpected(L, fits, REPLACEMENT, "string/function/table");
  Gsub here, *g = &here;
  if (kind == LUA_TFUNCTION) {
    lua_settop(L, STATE - 1);
    g = take_spare(L);
  }
  pattern_init(&g->m, pattern, pattern_len, true, may_go_on, L);
  pattern_set_subject(&g->m, subject, len);
  g->kind = kind;
  g->at = subject;
  g->last = NULL;
  g->count = 0;
  g->max = max;
  g->changed = false;
  luaL_buffinit(L, &g->out);
  return gsub_go_on(L, g);
}

// ---- rep ----------------------------------------------------------------------------------------

// Bytes that are copied between two calls of the guard.
enum { PIECE = 1024 * 1024 };

// Fills `text` from offset `unit` to `total` with copies of its first `unit` bytes.
static void repeat(lua_State *L, char *text, size_t unit, size_t total) {
  size_t most = unit > PIECE ? unit : PIECE / unit * unit;
  for (size_t done = unit; done < total;) {
    size_t piece = done < most ? done : most;
    if (piece > total - done) piece = total - done;
    memcpy(text + done, text, piece);
    done += piece;
    if (done > PIECE) guard_check(L);
  }
}

static int l_rep(lua_State *L) {
  size_t len, between_len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_Integer n = luaL_checkinteger(L, 2);
  const char *between = luaL_optlstring(L, 3, "", &between_len);
  size_t unit = len + between_len;
  if (n <= 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (unit < len || (lua_Integer)unit > INT_MAX / n) raise(L, "resulting string too large");
  size_t total = (size_t)n * unit - between_len;
  luaL_Buffer out;
  char *room = luaL_buffinitsize(L, &out, total);
  if (total > 0) {
    memcpy(room, text, len);
    if (n > 1) memcpy(room + len, between, between_len);
    repeat(L, room, n > 1 ? unit : len, total);
  }
  luaL_pushresultsize(&out, total);
  return 1;
}

// ---- registration -------------------------------------------------------------------------------

static const luaL_Reg functions[] = {
  { "find", l_find }, { "gmatch", l_gmatch }, { "match", l_match }, { "rep", l_rep }, { NULL, NULL }
};

void string_lib_open(lua_State *L) {
  lua_getglobal(L, LUA_STRLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pushnil(L);
  lua_pushcclosure(L, l_gsub, 1);
  lua_setfield(L, -2, "gsub");
  lua_pop(L, 1);
}
