// Reads the parts of an HTTP request from Lua tables, for host.api and host.http.
#ifndef WEMOON_HOST_REQUEST_H
#define WEMOON_HOST_REQUEST_H

#include <lua.h>
#include "base/pairs.h"
#include "engine/door.h"
#include "net/client.h"

// Returns the string in field `name` of the table at `index`, or an empty one if the field is nil. A number is
// converted to a string.
Str request_string(lua_State *L, int index, const char *name, Arena *arena);
bool request_boolean(lua_State *L, int index, const char *name);
// Returns field `name`, a number of seconds, in milliseconds; `fallback` if the field is nil.
int64_t request_ms(lua_State *L, int index, const char *name, int64_t fallback);
// Reads the pairs in field `name`: a table of names and values (strings, numbers, booleans; tables as JSON), which
// gives pairs in byte order of the names, or a list of { name, value }, whose order is kept. NULL if the field is nil.
const Pairs *request_pairs(lua_State *L, int index, const char *name, Arena *arena);
// Reads field "body": a string unchanged, a table as JSON. False if the field is nil.
bool request_body(lua_State *L, int index, Arena *arena, Str *body);
// Returns the parts of a multipart body: the plain `fields`, then the files from field "files", a list of
//   { field =, path = } or { field =, file = an open Lua file } or { field =, data = bytes }, each with optional
//   filename = and content_type =.
// Raises for a file that is not a regular one, such as a folder, a pipe or a device.
const ClientPart *request_parts(lua_State *L, int index, const Pairs *fields, Arena *arena);
// Reads the fields that all requests of wechat.http share: method, url, headers, body, fields, files, follow.
void request_http(lua_State *L, int index, Arena *arena, ClientRequest *request);
// Returns how the door replays the request in the table at index 1 (door.h): DOOR_READS if field `name` is nil, GET or
// `other`; else DOOR_ACTS.
DoorKind request_kind(lua_State *L, const char *name, Str other);
// Opens a file for reading, without waiting for the other end of a named pipe. -1 with errno.
int request_open(Str path);
// Pushes why an open file cannot be sent ("is a folder: ..."), or nil. If `fd` is negative, the reason is errno's.
void request_push_file_fault(lua_State *L, int fd);
enum { REQUEST_PATH_MAX = 4096 };
// Returns the name of an open file, without folders, stored in `path`; empty if it has none.
Str request_file_name(int fd, char path[REQUEST_PATH_MAX]);

#endif
