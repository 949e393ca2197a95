// The library functions that ask the guard against Lua's own: nanoseconds a call, each pair interleaved in one
// process, and the ratio of the medians. `pattern_bench [ROUNDS [NAME]]`: of the cases whose name begins so.
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/engine.h"
#include "engine/libs.h"

typedef struct {
  const char *name, *code;  // of a function of the library `s` (string) or `t` (table)
} Case;

static const Case cases[] = {
  { "find plain", "local x = s.find('what is the weather in Shanghai', 'weather', 1, true)" },
  { "find word", "local x = s.find('what is the weather in Shanghai', 'weather')" },
  { "find class", "local x = s.find('order number 12345', '%d+')" },
  { "find long", "local x = s.find(text, 'zebra%d')" },
  { "find set long", "local x = s.find(text, '[xz][yz]%d')" },
  { "match anchored", "local x = s.match('/menu create', '^/(%a+)%s+(.*)$')" },
  { "match trim", "local x = s.match('   some words to trim   ', '^%s*(.-)%s*$')" },
  { "match date", "local x = s.match('2026-11-28', '^(%d+)-(%d+)-(%d+)$')" },
  { "match none", "local x = s.match('hello', '^bind (%d+)$')" },
  { "match balance", "local x = s.match('f(a(b)c)d', '%b()')" },
  { "match backtrack", "local x = s.match('aaaaaaaaaaaaaaaaaaaaaaaaaaaa', '.-.-b')" },
  { "match greedy", "local x = s.match(text, '.*%s(%a+)')" },
  { "match frontier", "local x = s.match('THE (quick) fox', '%f[%l]%l+')" },
  { "gmatch words", "for w in s.gmatch('a few words in a line of text', '%a+') do end" },
  { "gmatch text", "for w in s.gmatch(text, '%a+') do end" },
  { "gmatch pairs", "for k, v in s.gmatch('a=1&b=2&c=3', '(%w+)=(%w*)') do end" },
  { "gsub string", "local x = s.gsub('hello world from Lua', 'o', '0')" },
  { "gsub none", "local x = s.gsub('hello world from Lua', 'z', '0')" },
  { "gsub captures", "local x = s.gsub('key=value', '(%w+)=(%w+)', '%2=%1')" },
  { "gsub table", "local x = s.gsub('hello $name', '%$(%w+)', names)" },
  { "gsub function", "local x = s.gsub('hello $name', '%$(%w+)', upper)" },
  { "gsub function none", "local x = s.gsub('hello name', '%$(%w+)', upper)" },
  { "gsub escape", "local x = s.gsub(text, '[<>&]', names)" },
  { "gsub text function", "local x = s.gsub(text, '%a+', upper)" },
  { "rep", "local x = s.rep('ab', 20)" },
  { "rep long", "local x = s.rep('abc', 20000, ',')" },
  { "insert front", "local l = {1, 2, 3, 4, 5, 6, 7, 8} t.insert(l, 1, 0)" },
  { "insert remove end", "local l = {1, 2} t.insert(l, 3) t.remove(l)" },
  { "concat", "local x = t.concat(words, ' ')" },
  { "unpack", "local a, b, c = t.unpack(words, 1, 3)" },
  { "sort numbers", "local l = t.move(numbers, 1, #numbers, 1, {}) t.sort(l)" },
  { "sort order", "local l = t.move(numbers, 1, #numbers, 1, {}) t.sort(l, more)" },
  { "utf8.len", "local x = u.len(text)" },
};

static const char SETTING[] =
    "text = ('the quick brown fox jumps over the lazy dog 42 '):rep(200)\n"
    "names = { name = 'Lua', ['<'] = '&lt;' }\n"
    "function upper(w) return w end\n"
    "function more(a, b) return a > b end\n"
    "words, numbers = {}, {}\n"
    "for w in text:gmatch('%a+') do words[#words + 1] = w end\n"
    "local x = 1\n"
    "for i = 1, 500 do x = x * 48271 % 2147483647 numbers[i] = x end\n";

static void must(lua_State *L, int status) {
  if (status == LUA_OK) return;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  exit(1);
}

static void keep_library(lua_State *L, const char *library, const char *name) {
  lua_newtable(L);
  lua_getglobal(L, library);
  for (lua_pushnil(L); lua_next(L, -2);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
  lua_setglobal(L, name);
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

// Pushes a function that runs the case `n` times with the libraries of that suffix.
static void push_loop(lua_State *L, const Case *c, const char *suffix) {
  const char *code = lua_pushfstring(
      L,
      "local s, t, u = string%s, table%s, utf8%s local text, names, upper, words, numbers, more = "
      "text, names, upper, words, numbers, more return function(n) for i = 1, n do %s end end",
      suffix, suffix, suffix, c->code);
  must(L, luaL_loadstring(L, code));
  must(L, lua_pcall(L, 0, 1, 0));
  lua_remove(L, -2);
}

static double run(lua_State *L, int function, lua_Integer n) {
  lua_gc(L, LUA_GCCOLLECT);
  double began = now_ns();
  lua_pushvalue(L, function);
  lua_pushinteger(L, n);
  must(L, lua_pcall(L, 1, 0, 0));
  return (now_ns() - began) / (double)n;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *list, size_t count) {
  qsort(list, count, sizeof *list, compare);
  return list[count / 2];
}

enum { ROUNDS_MAX = 99, ROUND_NS = 4000000 };

static double measure(lua_State *L, const Case *c, size_t rounds) {
  double own[ROUNDS_MAX], ours[ROUNDS_MAX];
  push_loop(L, c, "_own");
  push_loop(L, c, "");
  int top = lua_gettop(L);
  lua_Integer n = (lua_Integer)(ROUND_NS / run(L, top - 1, 50)) + 1;
  for (size_t i = 0; i < rounds; i++) {
    own[i] = run(L, top - 1, n);
    ours[i] = run(L, top, n);
  }
  lua_pop(L, 2);
  double a = median(own, rounds), b = median(ours, rounds);
  printf("%-20s %10.1f %10.1f  %5.2f\n", c->name, a, b, b / a);
  return b / a;
}

int main(int argc, char **argv) {
  static EngineLink none;
  size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 15;
  if (rounds < 1 || rounds > ROUNDS_MAX) rounds = 15;
  lua_State *L = luaL_newstate();
  *(EngineLink **)lua_getextraspace(L) = &none;
  luaL_openlibs(L);
  keep_library(L, LUA_STRLIBNAME, "string_own");
  keep_library(L, LUA_TABLIBNAME, "table_own");
  keep_library(L, LUA_UTF8LIBNAME, "utf8_own");
  string_lib_open(L);
  table_lib_open(L);
  utf8_lib_open(L);
  must(L, luaL_dostring(L, SETTING));
  printf("%-20s %10s %10s  %5s\n", "ns a call", "Lua's", "ours", "ratio");
  double worst = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (argc > 2 && strncmp(cases[i].name, argv[2], strlen(argv[2])) != 0) continue;
    double ratio = measure(L, &cases[i], rounds);
    if (ratio > worst) worst = ratio;
  }
  printf("worst: %.2f\n", worst);
  lua_close(L);
  return 0;
}
