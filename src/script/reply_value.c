// Converts the value that a script returns to a Reply.
#include "script/reply_value.h"

#include "base/log.h"
#include "codec/xml.h"
#include "engine/lua_helpers.h"

static const char metatable_key;
static const char elements_key;

enum { ELEMENT_DEPTH_MAX = 16 };

void reply_value_register(lua_State *L) {
  lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &elements_key);
}

bool reply_value_is(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

// Copies the string at the top of the stack.
static Str copy_string(lua_State *L, Arena *arena) {
  Str copy = arena_dup(arena, lua_str(L, -1));
  if (!copy.ptr) raise(L, "not enough memory for the reply");
  return copy;
}

// Does the same, without characters that XML does not allow.
static Str copy_text(lua_State *L, Arena *arena) {
  Str clean = reply_clean(arena, copy_string(L, arena));
  if (!clean.ptr) raise(L, "not enough memory for the reply");
  return clean;
}

// Warns that a text is sent changed. Control characters are dropped without a warning.
static void warn_of_bytes(Str content) {
  bool valid = true;
  for (size_t at = 0; at < content.len && valid;)
    at += str_utf8_len(str_sub(content, at, content.len), &valid);
  if (!valid)
    log_warn("the reply's text has bytes that are not UTF-8 (GBK?), which are sent as \uFFFD");
}

static ReplyValue text_reply(lua_State *L, Arena *arena, Reply *reply, Str *rest) {
  Str content = copy_string(L, arena);
  if (content.len == 0)
    return REPLY_VALUE_OK;  // the platform accepts no empty text: answers
                            // `success`
  if (!reply_text(reply, arena, content, rest)) return REPLY_VALUE_NO_MEMORY;
  if (reply->elements && reply->elements->text.ptr != content.ptr) warn_of_bytes(content);
  return REPLY_VALUE_OK;
}

static ReplyElement *copy_elements(lua_State *L, Arena *arena, const char *type, int depth);

// Copies the element {name, content} at the top of the stack.
static ReplyElement *copy_element(lua_State *L, Arena *arena, const char *type, int depth) {
  ReplyElement *element = arena_calloc(arena, 1, sizeof *element);
  if (!element) raise(L, "not enough memory for the reply");
  if (lua_type(L, -1) != LUA_TTABLE) {
    raise(L, "reply '%s': an element is a %s, not {name, content}", type, luaL_typename(L, -1));
  }
  if (lua_rawgeti(L, -1, 1) != LUA_TSTRING) {
    raise(L, "reply '%s': an element's name is a %s", type, luaL_typename(L, -1));
  }
  element->name = copy_string(L, arena);
  lua_pop(L, 1);
  if (!xml_name_ok(element->name)) {
    raise(L, "reply '%s': '%s' cannot be the name of an element", type, element->name.ptr);
  }
  switch (lua_rawgeti(L, -1, 2)) {
    case LUA_TSTRING: element->text = copy_text(L, arena); break;
    case LUA_TNUMBER:
      element->text = copy_text(L, arena);
      element->bare = true;
      break;
    case LUA_TTABLE: element->child = copy_elements(L, arena, type, depth + 1); break;
    default:
      raise(L,
            "reply '%s': element %s is a %s; it must be a string, a number or a list of elements",
            type, element->name.ptr, luaL_typename(L, -1));
  }
  lua_pop(L, 1);
  return element;
}

// Copies the list of elements at the top of the stack.
static ReplyElement *copy_elements(lua_State *L, Arena *arena, const char *type, int depth) {
  ReplyElement *first = NULL, **end = &first;
  luaL_checkstack(L, 6, "a reply nested too deep");
  if (depth > ELEMENT_DEPTH_MAX) {
    raise(L, "reply '%s': elements nested deeper than %d", type, ELEMENT_DEPTH_MAX);
  }
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
    *end = copy_element(L, arena, type, depth);
    end = &(*end)->next;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return first;
}

static ReplyValue elements_reply(lua_State *L, int index, Arena *arena, bool to_event,
                                 Reply *reply) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &elements_key);
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  if (lua_type(L, -1) != LUA_TTABLE) raise(L, "reply '%s' has no elements", reply->type.ptr);
  reply->form = REPLY_ELEMENTS;
  reply->elements = copy_elements(L, arena, reply->type.ptr, 1);
  lua_pop(L, 1);
  size_t max = reply_news_max(to_event), dropped = reply_limit_news(reply, arena, max);
  if (dropped > 0) {
    log_warn(
        "news reply: the platform takes %zu article%s in answer to %s; the last %zu are left out",
        max, max == 1 ? "" : "s", to_event ? "an event" : "a message", dropped);
  }
  return REPLY_VALUE_OK;
}

// Pushes the string in `field`; raises, naming reply and field, if the value is not a string.
static void push_string_field(lua_State *L, int index, const char *type, const char *field) {
  lua_pushstring(L, field);
  if (lua_rawget(L, index) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
    raise(L, "reply '%s': %s is a %s; it must be a string", type, field, luaL_typename(L, -1));
  }
}

static ReplyValue table_reply(lua_State *L, int index, Arena *arena, bool to_event, Reply *reply,
                              Str *rest) {
  lua_pushliteral(L, "type");
  if (lua_rawget(L, index) != LUA_TSTRING) {
    raise(L, "a reply's type is a %s; it must be a string", luaL_typename(L, -1));
  }
  reply->type = copy_text(L, arena);
  lua_pop(L, 1);
  if (str_eq(reply->type, STR("none"))) return REPLY_VALUE_OK;
  if (str_eq(reply->type, STR("text"))) {
    push_string_field(L, index, "text", "content");
    ReplyValue result = text_reply(L, arena, reply, rest);
    lua_pop(L, 1);
    return result;
  }
  if (str_eq(reply->type, STR("raw"))) {
    push_string_field(L, index, "raw", "xml");
    reply->raw = copy_string(L, arena);
    reply->form = reply->raw.len ? REPLY_RAW : REPLY_NONE;
    lua_pop(L, 1);
    return REPLY_VALUE_OK;
  }
  return elements_reply(L, index, arena, to_event, reply);
}

ReplyValue reply_value_to(lua_State *L, int index, Arena *arena, bool to_event, Reply *reply,
                          Str *rest) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 8, "a reply");
  *reply = (Reply){ .form = REPLY_NONE };
  *rest = (Str){ "", 0 };
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return REPLY_VALUE_OK;
    case LUA_TBOOLEAN: return lua_toboolean(L, index) ? REPLY_VALUE_NOT_A_REPLY : REPLY_VALUE_OK;
    case LUA_TSTRING: {
      lua_pushvalue(L, index);
      ReplyValue result = text_reply(L, arena, reply, rest);
      lua_pop(L, 1);
      return result;
    }
    case LUA_TTABLE:
      if (reply_value_is(L, index)) return table_reply(L, index, arena, to_event, reply, rest);
      return REPLY_VALUE_NOT_A_REPLY;
    default: return REPLY_VALUE_NOT_A_REPLY;
  }
}
