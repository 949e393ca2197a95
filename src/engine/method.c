// Methods check their arguments before their body runs:
//   method(name, parameters, body) -> the method, a function; `parameters` is a list of {name, type}, or nil for a body
//     that checks its arguments itself. The fields of a table {name, type, beside = true} may also stand beside the
//     named arguments
//   fail(text): raises `text` with the line of the method's caller
//
// A method is a C function because Lua loses the caller's line when a Lua function is called in tail position, as in
// `return library.method(x)`. The line of a C function's caller is always known.
#include "engine/method.h"

#include <stdlib.h>
#include <string.h>

#include "engine/lua_helpers.h"
#include "engine/place.h"

enum {
  TAKES_STRING = 1,
  TAKES_INTEGER = 2,
  TAKES_NUMBER = 4,
  TAKES_BOOLEAN = 8,
  TAKES_TABLE = 16,
  TAKES_FUNCTION = 32,
  TAKES_FILE = 64,
  TAKES_ANY = 128
};

static const struct {
  Str name;
  uint32_t bit;
} types[] = {
  { STR("string"), TAKES_STRING }, { STR("integer"), TAKES_INTEGER },
  { STR("number"), TAKES_NUMBER }, { STR("boolean"), TAKES_BOOLEAN },
  { STR("table"), TAKES_TABLE },   { STR("function"), TAKES_FUNCTION },
  { STR("file"), TAKES_FILE },     { STR("any"), TAKES_ANY },
};

typedef struct {
  const char *name, *type;  // kept alive by the userdata's user values
  uint32_t takes;
  bool optional;
  bool beside;  // its fields may stand beside the named arguments
} Parameter;

typedef struct {
  const char *name;  // "library.method"
  int count;
  Parameter parameters[];
} Signature;

static bool fits(lua_State *L, int index, uint32_t takes) {
  switch (lua_type(L, index)) {
    case LUA_TSTRING: return takes & (TAKES_STRING | TAKES_ANY);
    case LUA_TNUMBER: {
      int whole;
      lua_tointegerx(L, index, &whole);
      return takes & ((whole ? TAKES_INTEGER : 0) | TAKES_NUMBER | TAKES_ANY);
    }
    case LUA_TBOOLEAN: return takes & (TAKES_BOOLEAN | TAKES_ANY);
    case LUA_TTABLE: return takes & (TAKES_TABLE | TAKES_ANY);
    case LUA_TFUNCTION: return takes & (TAKES_FUNCTION | TAKES_ANY);
    case LUA_TUSERDATA:
      if (takes & TAKES_ANY) return true;
      return (takes & TAKES_FILE) && luaL_testudata(L, index, LUA_FILEHANDLE);
    default: return takes & TAKES_ANY;
  }
}

// Returns the type's name for error messages: `__name` if the value has one, such as a message, a reply and null.
static const char *type_name(lua_State *L, int index) {
  return luaL_getmetafield(L, index, "__name") == LUA_TSTRING ? lua_tostring(L, -1)
                                                              : luaL_typename(L, index);
}

// Pushes how the method is called: "library.method(name, [size])".
static const char *push_call(lua_State *L, const Signature *signature) {
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  luaL_addstring(&text, signature->name);
  luaL_addchar(&text, '(');
  for (int i = 0; i < signature->count; i++) {
    const Parameter *parameter = &signature->parameters[i];
    if (i > 0) luaL_addstring(&text, ", ");
    if (parameter->optional) luaL_addchar(&text, '[');
    luaL_addstring(&text, parameter->name);
    if (parameter->optional) luaL_addchar(&text, ']');
  }
  luaL_addchar(&text, ')');
  luaL_pushresult(&text);
  return lua_tostring(L, -1);
}

// Raises a fault of the arguments, with the call as it should be.
static noreturn void refuse(lua_State *L, const Signature *signature, const char *format, ...) {
  luaL_checkstack(L, LUA_MINSTACK, "an error");
  va_list args;
  va_start(args, format);
  const char *fault = lua_pushvfstring(L, format, args);
  va_end(args);
  raise(L, "%s: %s: the call is %s", signature->name, fault, push_call(L, signature));
}

static void check_parameter(lua_State *L, const Signature *signature, int i) {
  const Parameter *parameter = &signature->parameters[i];
  int index = i + 1;
  if (lua_isnil(L, index)) {
    if (!parameter->optional)
      refuse(L, signature, "%s is missing (%s)", parameter->name, parameter->type);
    return;
  }
  if (!fits(L, index, parameter->takes))
    refuse(L, signature, "%s is a %s (%s expected)", parameter->name, type_name(L, index),
           parameter->type);
}

// Whether the only argument is a table of named arguments. If the first parameter accepts a table, the table must
// contain that parameter's name. A message, a reply or another value with a `__name` never counts as named arguments.
static bool is_named(lua_State *L, const Signature *signature) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TTABLE || signature->count == 0) return false;
  if (luaL_getmetafield(L, 1, "__name") != LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  if (!(signature->parameters[0].takes & (TAKES_TABLE | TAKES_ANY))) return true;
  lua_pushstring(L, signature->parameters[0].name);
  bool named = lua_rawget(L, 1) != LUA_TNIL;
  lua_pop(L, 1);
  return named;
}

static bool has_parameter(const Signature *signature, const char *name) {
  for (int i = 0; i < signature->count; i++) {
    if (strcmp(signature->parameters[i].name, name) == 0) return true;
  }
  return false;
}

// The index of the parameter that gets what stands beside the named arguments; -1 if there is none, or it is named
// itself.
static int find_beside(lua_State *L, const Signature *signature) {
  int i = signature->count - 1;
  while (i >= 0 && !signature->parameters[i].beside) i--;
  if (i < 0) return -1;
  lua_pushstring(L, signature->parameters[i].name);
  bool is_named_itself = lua_rawget(L, 1) != LUA_TNIL;
  lua_pop(L, 1);
  return is_named_itself ? -1 : i;
}

// Checks a name and its value, on top of the stack; moves a value that stands beside the arguments to the table at 2.
static void take_name(lua_State *L, const Signature *signature, bool may_stand_beside) {
  const char *first = signature->parameters[0].name, *kind = luaL_typename(L, -2);
  if (lua_type(L, -2) != LUA_TSTRING)
    refuse(L, signature,
           "the table of named arguments, {%s = ...}, has a key that is a %s (%s); %s is missing "
           "(%s)",
           first, kind, luaL_tolstring(L, -2, NULL), first, signature->parameters[0].type);
  if (has_parameter(signature, lua_tostring(L, -2))) return;
  if (!may_stand_beside)
    refuse(L, signature, "there is no argument named '%s'", lua_tostring(L, -2));
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 2);
}

// Replaces the table of named arguments by positional arguments.
static void spread(lua_State *L, const Signature *signature) {
  int beside = find_beside(L, signature);
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) take_name(L, signature, beside >= 0);
  luaL_checkstack(L, signature->count + 2, "too many arguments");
  for (int i = 0; i < signature->count; i++) {
    lua_pushstring(L, signature->parameters[i].name);
    lua_rawget(L, 1);
    if (i == beside) lua_copy(L, 2, -1);
  }
  lua_remove(L, 2);
  lua_remove(L, 1);
}

static int finish(lua_State *L, int status, lua_KContext context) { return lua_gettop(L); }

static int l_method(lua_State *L) {
  const Signature *signature = lua_touserdata(L, lua_upvalueindex(1));
  if (is_named(L, signature)) spread(L, signature);
  lua_settop(L, signature->count);
  for (int i = 0; i < signature->count; i++) check_parameter(L, signature, i);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_callk(L, signature->count, LUA_MULTRET, 0, finish);
  return finish(L, LUA_OK, 0);
}

// A method without argument checks: the body gets all arguments unchanged.
static int l_unchecked(lua_State *L) {
  int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_callk(L, count, LUA_MULTRET, 0, finish);
  return finish(L, LUA_OK, 0);
}

// Whether the function at `index` checks the arguments and passes them to a method's body.
static bool is_method(lua_State *L, int index) {
  lua_CFunction function = lua_tocfunction(L, index);
  return function == l_method || function == l_unchecked;
}

// Limits the search: lua_getstack counts from the top for each level, and a script may have recursed 100,000 deep.
enum { LEVELS_SEARCHED = 50 };

// Returns the level of the innermost function that called a method and is not in the user's own Lua files; 1 if there
// is none.
static int caller_level(lua_State *L) {
  lua_Debug ar;
  bool called_method = false;
  for (int level = 0; level <= LEVELS_SEARCHED && lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sf", &ar);
    bool method = is_method(L, -1);
    lua_pop(L, 1);
    if (called_method && !place_is_own(L, ar.short_src)) return level;
    called_method = method;
  }
  return 1;
}

noreturn void method_raise(lua_State *L, const char *format, ...) {
  luaL_checkstack(L, 8, "an error");
  place_push(L, caller_level(L));
  va_list args;
  va_start(args, format);
  raise_at(L, format, args);
}

static int l_fail(lua_State *L) { method_raise(L, "%s", luaL_checkstring(L, 1)); }

static uint32_t type_bit(lua_State *L, Str name) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (str_eq(types[i].name, name)) return types[i].bit;
  }
  raise(L, "unknown type of a parameter: %s", lua_pushlstring(L, name.ptr, name.len));
}

// Reads {name, type} on top of the stack. The type is one or more type names separated by '|', with a final '?' if the
// argument is optional. The type's text for error messages goes into the list at `texts`, which keeps it alive.
static void read_parameter(lua_State *L, Parameter *out, int texts) {
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_rawgeti(L, -1, 1);
  lua_rawgeti(L, -2, 2);
  out->name = luaL_checkstring(L, -2);
  Str left = str_of(luaL_checkstring(L, -1)), head;
  out->optional = str_ends(left, STR("?"));
  if (out->optional) left.len--;
  lua_pushlstring(L, left.ptr, left.len);
  out->type = luaL_gsub(L, lua_tostring(L, -1), "|", " or ");
  luaL_ref(L, texts);
  for (bool more = true; more;) {
    more = str_cut(left, '|', &head, &left);
    out->takes |= type_bit(L, head);
  }
  lua_pop(L, 3);
  lua_getfield(L, -1, "beside");
  out->beside = lua_toboolean(L, -1);
  lua_pop(L, 1);
}

static int l_method_new(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  if (lua_isnil(L, 2)) {
    lua_pushcclosure(L, l_unchecked, 1);
    return 1;
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  int count = (int)lua_rawlen(L, 2);
  size_t size = sizeof(Signature) + (size_t)count * sizeof(Parameter);
  lua_newtable(L);
  Signature *signature = lua_newuserdatauv(L, size, 3);
  memset(signature, 0, size);
  signature->name = name;
  signature->count = count;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, 2);
  lua_pushvalue(L, 4);
  lua_setiuservalue(L, -2, 3);
  for (int i = 0; i < count; i++) {
    lua_rawgeti(L, 2, i + 1);
    read_parameter(L, &signature->parameters[i], 4);
    lua_pop(L, 1);
  }
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, l_method, 2);
  return 1;
}

static const luaL_Reg functions[] = {
  { "fail", l_fail },
  { "method", l_method_new },
  { NULL, NULL },
};

int method_open(lua_State *L) {
  pass_yields(L, l_method);
  pass_yields(L, l_unchecked);
  luaL_newlib(L, functions);
  return 1;
}
