// A settings file: Lua code that returns a table (config.lua). It runs in a separate bare state, within limits.
#ifndef WEMOON_SCRIPT_SETTINGS_H
#define WEMOON_SCRIPT_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/pairs.h"

typedef enum {
  SETTING_STRING,
  SETTING_INTEGER,
  SETTING_NUMBER,
  SETTING_BOOLEAN,
  SETTING_OTHER
} SettingKind;

typedef struct Setting {
  Str key,
      text;  // the value as text: strings unchanged, integers in decimal, booleans as true/false
  SettingKind kind;
  const char *type_name;  // Lua's name of the type, for messages
  struct Setting *next;
} Setting;

// Runs the file (with os, io, string ..., without `wechat`) and lists the table's string keys in `arena`, sorted by
// key. Returns false with ERR_USAGE, file and line if the file does not parse, fails, loops, returns no table or one of
// more than 1000 entries, has a key that is not a string, or itself reads a global that is not defined, unless `or` is
// next to the name. A thread that loops where nothing stops it (a finalizer) is left behind.
bool settings_read(const char *path, Arena *arena, Setting **first, Err *err);

#endif
