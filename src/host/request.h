// Reads the pieces of an HTTP request from Lua tables: what both host.api and host.http need.
//
// The request's table is the first value on the stack; its field `what` ("wechat.http.get") or `method`
// ("tag.create") says who asks. Every function raises for a wrong value, naming the method and the field, and
// allocates from the arena alone. Short strings are copied into it; a file's data is not: leave the tables that
// hold it on the stack until the request was handed on.
#ifndef WEMOON_HOST_REQUEST_H
#define WEMOON_HOST_REQUEST_H

#include <lua.h>
#include "base/pairs.h"
#include "net/client.h"

// Field `name` of the table at `index`: a string, or empty where it is nil. Numbers count as strings.
Str request_string(lua_State *L, int index, const char *name, Arena *arena);
bool request_boolean(lua_State *L, int index, const char *name);
// Field `name`, a number of seconds, as milliseconds; `fallback` where it is nil.
int64_t request_ms(lua_State *L, int index, const char *name, int64_t fallback);
// Field `name`: a table of names and values (strings, numbers, booleans; tables as JSON), in byte order of
// the names, or a list of { name, value } in its order. NULL where it is nil.
const Pairs *request_pairs(lua_State *L, int index, const char *name, Arena *arena);
// Plain fields from pairs, then files from field `files`: a list of
//   { field =, path = } or { field =, file = an open Lua file } or { field =, data = bytes }, each with
//   filename =, content_type = if wanted.
// Opened files are owned by a userdata that is pushed on the stack; leave it there until the request was
// handed on. Pushes one value.
const ClientPart *request_parts(lua_State *L, int index, const Pairs *fields, Arena *arena);
enum { REQUEST_PATH_MAX = 4096 };
// The name that an open file was opened by, without folders, in `path`; empty where it has none.
Str request_file_name(int fd, char path[REQUEST_PATH_MAX]);

#endif
