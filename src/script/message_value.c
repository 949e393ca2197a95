// `msg`: documented names (content, media_id ...) and the platform's own (Content, MediaId ...), filled in when first
// read; `type` and `content`, which every script reads, are set at once.
#include "script/message_value.h"

#include "engine/lua_helpers.h"
#include "engine/stdlib.h"
#include "engine/value.h"

static const char message_metatable;
static const char data_key;

// The kinds of messages that have different fields, one bit each.
enum {
  KIND_TEXT = 1,
  KIND_IMAGE = 2,
  KIND_VOICE = 4,
  KIND_VIDEO = 8,
  KIND_LOCATION = 16,
  KIND_LINK = 32,
  KIND_OTHER = 64,
  KIND_SUBSCRIBE = 128,
  KIND_SCAN = 256,
  KIND_VIEW = 512,
  KIND_LOCATION_EVENT = 1024,
  KIND_TEMPLATE = 2048,
  KIND_OTHER_EVENT = 4096,
  KINDS_OF_MESSAGE = 127,
  KINDS_OF_EVENT = 8191 - 127,
  KINDS_ALL = 8191
};

enum { DATA_MAGIC = 0x6d736731 };  // detects a userdata that the script has put in place of ours

// A copy of a message, followed by the nodes, their text, and the raw document if it is not the text itself.
typedef struct {
  uint32_t magic, kind, credential;
  uint32_t node_count;
  size_t text_len, raw_off, raw_len;
} MessageData;

static const Node *data_nodes(const MessageData *data) { return (const Node *)(data + 1); }
static const char *data_text(const MessageData *data) {
  return (const char *)(data_nodes(data) + data->node_count);
}
static Str data_raw(const MessageData *data) {
  return str_make(data_text(data) + data->raw_off, data->raw_len);
}

static NodeTree data_tree(const MessageData *data) {
  Buf text = { .ptr = (char *)data_text(data), .len = data->text_len, .cap = data->text_len };
  Node *nodes = (Node *)data_nodes(data);
  return (
      NodeTree){ .nodes = nodes, .count = data->node_count, .cap = data->node_count, .text = text };
}

// ---- numbers

static bool push_integer(lua_State *L, Str text) {
  int64_t number;
  if (!str_to_int64(str_trim(text), &number)) return false;
  lua_pushinteger(L, number);
  return true;
}

static bool push_number(lua_State *L, Str text) {
  double number;
  if (!str_to_double(str_trim(text), &number)) return false;
  lua_pushnumber(L, number);
  return true;
}

// ---- documented names

typedef enum {
  AS_TEXT,
  AS_INTEGER,
  AS_NUMBER,
  AS_LOWER,
  AS_TYPE,
  AS_RAW,
  AS_POINT,
  AS_SCENE
} Conversion;

typedef struct {
  Str name;
  uint32_t kinds;  // the kinds that have the field
  Conversion conversion;
  Str element;
} Field;

#define LITERAL(text)                                                                              \
  { text, sizeof(text) - 1 }
#define FIELD(name, kinds, conversion, element)                                                    \
  { LITERAL(name), kinds, conversion, LITERAL(element) }

static const Field fields[] = {
  FIELD("type", KINDS_ALL, AS_TYPE, ""),
  FIELD("content", KIND_TEXT, AS_TEXT, "Content"),
  FIELD("source", KINDS_ALL, AS_TEXT, "FromUserName"),
  FIELD("target", KINDS_ALL, AS_TEXT, "ToUserName"),
  FIELD("time", KINDS_ALL, AS_INTEGER, "CreateTime"),
  FIELD("id", KINDS_OF_MESSAGE, AS_INTEGER, "MsgId"),
  FIELD("event", KINDS_OF_EVENT, AS_LOWER, "Event"),
  FIELD("raw", KINDS_ALL, AS_RAW, ""),
  FIELD("key", KINDS_OF_EVENT, AS_TEXT, "EventKey"),
  FIELD("scene", KIND_SUBSCRIBE | KIND_SCAN, AS_SCENE, "EventKey"),
  FIELD("ticket", KIND_SUBSCRIBE | KIND_SCAN, AS_TEXT, "Ticket"),
  FIELD("menu_id", KIND_VIEW, AS_TEXT, "MenuId"),
  FIELD("picurl", KIND_IMAGE, AS_TEXT, "PicUrl"),
  FIELD("media_id", KIND_IMAGE | KIND_VOICE | KIND_VIDEO, AS_TEXT, "MediaId"),
  FIELD("format", KIND_VOICE, AS_TEXT, "Format"),
  FIELD("recognition", KIND_VOICE, AS_TEXT, "Recognition"),
  FIELD("thumb_media_id", KIND_VIDEO, AS_TEXT, "ThumbMediaId"),
  FIELD("location", KIND_LOCATION, AS_POINT, ""),
  FIELD("scale", KIND_LOCATION, AS_INTEGER, "Scale"),
  FIELD("label", KIND_LOCATION, AS_TEXT, "Label"),
  FIELD("title", KIND_LINK, AS_TEXT, "Title"),
  FIELD("description", KIND_LINK, AS_TEXT, "Description"),
  FIELD("url", KIND_LINK, AS_TEXT, "Url"),
  FIELD("latitude", KIND_LOCATION_EVENT, AS_NUMBER, "Latitude"),
  FIELD("longitude", KIND_LOCATION_EVENT, AS_NUMBER, "Longitude"),
  FIELD("precision", KIND_LOCATION_EVENT, AS_NUMBER, "Precision"),
  FIELD("status", KIND_TEMPLATE, AS_TEXT, "Status"),
};
enum { FIELD_COUNT = sizeof fields / sizeof *fields };

typedef struct {
  Str name;
  uint32_t kind;
} Kind;

static const Kind message_kinds[] = {
  { LITERAL("text"), KIND_TEXT },        { LITERAL("image"), KIND_IMAGE },
  { LITERAL("voice"), KIND_VOICE },      { LITERAL("video"), KIND_VIDEO },
  { LITERAL("shortvideo"), KIND_VIDEO }, { LITERAL("location"), KIND_LOCATION },
  { LITERAL("link"), KIND_LINK },
};

static const Kind event_kinds[] = {
  { LITERAL("subscribe"), KIND_SUBSCRIBE },
  { LITERAL("scan"), KIND_SCAN },
  { LITERAL("view"), KIND_VIEW },
  { LITERAL("location"), KIND_LOCATION_EVENT },
  { LITERAL("templatesendjobfinish"), KIND_TEMPLATE },
};

static uint32_t kind_of(const MessageHead *head) {
  if (head->is_event) {
    for (size_t i = 0; i < sizeof event_kinds / sizeof *event_kinds; i++) {
      if (str_eq_nocase(event_kinds[i].name, head->event)) return event_kinds[i].kind;
    }
    return KIND_OTHER_EVENT;
  }
  for (size_t i = 0; i < sizeof message_kinds / sizeof *message_kinds; i++) {
    if (str_eq(message_kinds[i].name, head->msg_type)) return message_kinds[i].kind;
  }
  return KIND_OTHER;
}

static bool push_point(lua_State *L, const NodeTree *tree) {
  Str x, y;
  bool has_x = node_child_text(tree, 0, STR("Location_X"), &x),
       has_y = node_child_text(tree, 0, STR("Location_Y"), &y);
  if (!has_x && !has_y) return false;
  lua_createtable(L, 0, 2);
  if (has_x && push_number(L, x)) lua_setfield(L, -2, "x");
  if (has_y && push_number(L, y)) lua_setfield(L, -2, "y");
  return true;
}

// Pushes the scene of a QR code. A subscribe event has it after "qrscene_", once; other keys of a subscribe event are
// no scenes.
static bool push_scene(lua_State *L, const MessageData *data, Str key) {
  if (data->kind == KIND_SUBSCRIBE) {
    if (!str_starts(key, STR("qrscene_"))) return false;
    key = str_sub(key, 8, key.len);
  }
  if (key.len == 0) return false;
  push_str(L, key);
  return true;
}

static void push_type(lua_State *L, bool is_event, Str type) {
  if (is_event) push_lower(L, type);
  else push_str(L, type);
}

static bool push_field(lua_State *L, const MessageData *data, const Field *field) {
  NodeTree tree = data_tree(data);
  Str text = { "", 0 };
  if (field->conversion == AS_RAW) return push_str(L, data_raw(data)), true;
  if (field->conversion == AS_POINT) return push_point(L, &tree);
  if (field->conversion == AS_TYPE) {
    bool is_event = data->kind & KINDS_OF_EVENT;
    if (!node_child_text(&tree, 0, is_event ? STR("Event") : STR("MsgType"), &text)) return false;
    push_type(L, is_event, text);
    return true;
  }
  if (!node_child_text(&tree, 0, field->element, &text)) return false;
  switch (field->conversion) {
    case AS_INTEGER: return push_integer(L, text);
    case AS_NUMBER: return push_number(L, text);
    case AS_LOWER: return push_lower(L, text), true;
    case AS_SCENE: return push_scene(L, data, text);
    default: return push_str(L, text), true;
  }
}

// ---- platform names

static void push_node(lua_State *L, const NodeTree *tree, uint32_t index);

// Sets or extends the member `name` (at the top of the stack, above the table) with the node's value.
static void add_member(lua_State *L, const NodeTree *tree, uint32_t index, Str name) {
  lua_pushvalue(L, -1);
  int found = lua_rawget(L, -3);  // table, name, old
  if (found == LUA_TNIL && (tree->nodes[index].is_list || !message_is_list(name))) {
    lua_pop(L, 1);
    push_node(L, tree, index);
    lua_rawset(L, -3);
    return;
  }
  if (!value_is_array(L, -1)) {
    lua_createtable(L, 2, 0);
    value_mark_array(L, -1);
    lua_insert(L, -2);  // table, name, list, old
    if (found == LUA_TNIL) lua_pop(L, 1);
    else lua_rawseti(L, -2, 1);
  }
  push_node(L, tree, index);  // table, name, list, value
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_rawset(L, -3);
}

static void push_children(lua_State *L, const NodeTree *tree, uint32_t parent) {
  lua_createtable(L, 0, 4);
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    Str name = node_name(tree, i);
    push_str(L, name);
    add_member(L, tree, i, name);
  }
}

static void push_list(lua_State *L, const NodeTree *tree, uint32_t list) {
  lua_Integer n = 0;
  lua_createtable(L, (int)tree->nodes[list].child_count, 0);
  value_mark_array(L, -1);
  for (uint32_t i = tree->nodes[list].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    push_node(L, tree, i);
    lua_rawseti(L, -2, ++n);
  }
}

static void push_node(lua_State *L, const NodeTree *tree, uint32_t index) {
  luaL_checkstack(L, 8, "a message nested too deep");
  if (tree->nodes[index].is_list) push_list(L, tree, index);
  else if (tree->nodes[index].first_child == NODE_NONE) push_str(L, node_text(tree, index));
  else push_children(L, tree, index);
}

void message_value_push_elements(lua_State *L, const NodeTree *tree) { push_children(L, tree, 0); }

// Pushes the element `name`, or a list of all such elements if `name` is a list.
static bool push_element(lua_State *L, const MessageData *data, Str name) {
  NodeTree tree = data_tree(data);
  uint32_t first = node_child(&tree, 0, name);
  if (first == NODE_NONE) return false;
  uint32_t more = tree.nodes[first].next;
  while (more != NODE_NONE && !str_eq(node_name(&tree, more), name)) more = tree.nodes[more].next;
  if (tree.nodes[first].is_list || (more == NODE_NONE && !message_is_list(name))) {
    push_node(L, &tree, first);
    return true;
  }
  lua_createtable(L, 2, 0);
  value_mark_array(L, -1);
  lua_Integer n = 0;
  for (uint32_t i = first; i != NODE_NONE; i = tree.nodes[i].next) {
    if (!str_eq(node_name(&tree, i), name)) continue;
    push_node(L, &tree, i);
    lua_rawseti(L, -2, ++n);
  }
  return true;
}

// ---- table

static MessageData *data_of(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE) return NULL;
  lua_rawgetp(L, index, &data_key);
  MessageData *data = lua_type(L, -1) == LUA_TUSERDATA ? lua_touserdata(L, -1) : NULL;
  size_t size = data ? lua_rawlen(L, -1) : 0;
  lua_pop(L, 1);
  if (size < sizeof *data || data->magic != DATA_MAGIC) return NULL;
  return data;
}

static const Field *find_field(Str name, uint32_t kind) {
  for (const Field *field = fields; field < fields + FIELD_COUNT; field++) {
    if (field->name.len == name.len && (field->kinds & kind) &&
        memcmp(field->name.ptr, name.ptr, name.len) == 0) {
      return field;
    }
  }
  return NULL;
}

// Documented names that are reserved in every message, even without a value: an element <event> of a text is not its
// event.
static bool is_reserved(Str name) {
  return str_eq(name, STR("event")) || str_eq(name, STR("id")) || str_eq(name, STR("time")) ||
         str_eq(name, STR("type")) || str_eq(name, STR("source")) || str_eq(name, STR("target")) ||
         str_eq(name, STR("raw")) || str_eq(name, STR("scene"));
}

static bool push_named(lua_State *L, const MessageData *data, Str name) {
  const Field *field = find_field(name, data->kind);
  if (field && push_field(L, data, field)) return true;
  if ((field && field->conversion != AS_TEXT) || is_reserved(name)) return false;
  return push_element(L, data, name);
}

static int l_index(lua_State *L) {
  const MessageData *data = data_of(L, 1);
  if (!data || lua_type(L, 2) != LUA_TSTRING) return 0;
  Str name = lua_str(L, 2);
  if (!push_named(L, data, name)) return 0;
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

// Sets a field unless the script has set it.
static void set_absent(lua_State *L, int message) {  // key, value at the top; pops both
  lua_pushvalue(L, -2);
  bool absent = lua_rawget(L, message) == LUA_TNIL;
  lua_pop(L, 1);
  if (absent) lua_rawset(L, message);
  else lua_pop(L, 2);
}

static void fill_fields(lua_State *L, int message, const MessageData *data) {
  for (const Field *field = fields; field < fields + FIELD_COUNT; field++) {
    if (!(field->kinds & data->kind)) continue;
    push_str(L, field->name);
    if (push_field(L, data, field)) set_absent(L, message);
    else lua_pop(L, 1);
  }
}

static void fill_elements(lua_State *L, int message, const MessageData *data) {
  NodeTree tree = data_tree(data);
  push_children(L, &tree, 0);
  lua_pushnil(L);
  while (lua_next(L, -2)) {  // elements, name, value
    Str name = lua_str(L, -2);
    const Field *field = find_field(name, data->kind);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);  // elements, name, name, value
    if (is_reserved(name) || (field && field->conversion != AS_TEXT)) lua_pop(L, 2);
    else set_absent(L, message);
  }
  lua_pop(L, 1);
}

void message_value_fill(lua_State *L, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 10, "a message");
  const MessageData *data = data_of(L, index);
  if (!data) return;
  fill_fields(L, index, data);
  fill_elements(L, index, data);
  lua_pushnil(L);
  lua_setmetatable(L, index);
  lua_pushnil(L);
  lua_rawsetp(L, index, &data_key);
}

void message_value_set_credential(lua_State *L, int index, size_t credential) {
  MessageData *data = data_of(L, index);
  if (data) data->credential = (uint32_t)credential;
}

size_t message_value_credential(lua_State *L, int index) {
  const MessageData *data = data_of(L, index);
  return data ? data->credential : 0;
}

int message_value_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (lua_getmetatable(L, 1)) {
    lua_pop(L, 1);
    message_value_fill(L, 1);
  }
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

static int l_pairs(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  message_value_fill(L, 1);
  stdlib_push_pairs(L);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 3);
  return 3;
}

static int l_tostring(lua_State *L) {
  lua_getfield(L, 1, "type");
  lua_getfield(L, 1, "source");
  lua_pushfstring(L, "message: %s from %s", lua_isstring(L, -2) ? lua_tostring(L, -2) : "?",
                  lua_isstring(L, -1) ? lua_tostring(L, -1) : "?");
  return 1;
}

static const MessageData *push_data(lua_State *L, const NodeTree *tree, const MessageHead *head,
                                    Str raw) {
  Str text = buf_str(&tree->text);
  bool same = str_eq(raw, text);
  size_t nodes_size = tree->count * sizeof(Node), raw_off = same ? 0 : text.len;
  MessageData *data = lua_newuserdatauv(L, sizeof *data + nodes_size + (raw_off + raw.len), 0);
  *data = (MessageData){ .magic = DATA_MAGIC,
                         .kind = kind_of(head),
                         .node_count = tree->count,
                         .text_len = text.len,
                         .raw_off = raw_off,
                         .raw_len = raw.len };
  char *out = (char *)(data + 1);
  memcpy(out, tree->nodes, nodes_size);
  out += nodes_size;
  memcpy(out, text.ptr, text.len);
  if (!same && raw.len) memcpy(out + raw_off, raw.ptr, raw.len);
  return data;
}

void message_value_push(lua_State *L, const NodeTree *tree, const MessageHead *head, Str raw) {
  lua_createtable(L, 0, 4);
  const MessageData *data = push_data(L, tree, head, raw);
  Str content;
  push_type(L, head->is_event, head->is_event ? head->event : head->msg_type);
  lua_setfield(L, -3, "type");
  if (data->kind == KIND_TEXT && node_child_text(tree, 0, STR("Content"), &content)) {
    push_str(L, content);
    lua_setfield(L, -3, "content");
  }
  lua_rawsetp(L, -2, &data_key);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &message_metatable);
  lua_setmetatable(L, -2);
}

static const luaL_Reg metamethods[] = {
  { "__index", l_index },
  { "__pairs", l_pairs },
  { "__tostring", l_tostring },
  { NULL, NULL },
};

void message_value_open(lua_State *L) {
  luaL_newlibtable(L, metamethods);
  luaL_setfuncs(L, metamethods, 0);
  lua_pushliteral(L, "message");
  lua_setfield(L, -2, "__name");
  // getmetatable(msg) returns this string: the script cannot reach the metatable.
  lua_pushliteral(L, "message");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &message_metatable);
}
