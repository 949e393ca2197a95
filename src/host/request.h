// Reads the parts of an HTTP request from Lua tables, for host.api and host.http.
#ifndef WEMOON_HOST_REQUEST_H
#define WEMOON_HOST_REQUEST_H

#include <lua.h>
#include "base/pairs.h"
#include "engine/door.h"
#include "net/client.h"

// Field `name` of the table at `index`: a string, or empty if it is nil. Numbers count as strings.
Str request_string(lua_State *L, int index, const char *name, Arena *arena);
bool request_boolean(lua_State *L, int index, const char *name);
// Field `name`, a number of seconds, as milliseconds; `fallback` if it is nil.
int64_t request_ms(lua_State *L, int index, const char *name, int64_t fallback);
// Field `name`: a table of names and values (strings, numbers, booleans; tables as JSON), in byte order of
// the names, or a list of { name, value } in its order. NULL if it is nil.
const Pairs *request_pairs(lua_State *L, int index, const char *name, Arena *arena);
// Field "body": a string as it is, a table as JSON. False if it is nil.
bool request_body(lua_State *L, int index, Arena *arena, Str *body);
// Plain fields from pairs, then files from field `files`: a list of
//   { field =, path = } or { field =, file = an open Lua file } or { field =, data = bytes }, each with
//   filename =, content_type = if wanted.
// What is no regular file is refused at once: a folder, a pipe, a device.
const ClientPart *request_parts(lua_State *L, int index, const Pairs *fields, Arena *arena);
// What wechat.http's requests have in common: method, url, headers, body, fields, files, follow.
void request_http(lua_State *L, int index, Arena *arena, ClientRequest *request);
// What the door makes of the request (door.h): one whose field `name` is GET (also if it is nil) or `other`
// fetches, and is made again; any other acts.
DoorKind request_kind(lua_State *L, const char *name, Str other);
// Opens a file for reading without waiting for the other end of a named pipe; -1 with errno.
int request_open(Str path);
// Pushes why an open file cannot be sent ("is a folder: ..."), or nil. `fd` below 0: errno says why.
void request_push_file_fault(lua_State *L, int fd);
enum { REQUEST_PATH_MAX = 4096 };
// The name that an open file was opened by, without folders, in `path`; empty if it has none.
Str request_file_name(int fd, char path[REQUEST_PATH_MAX]);

#endif
