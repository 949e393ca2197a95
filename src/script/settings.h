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

typedef struct SettingName {
  Str text;
  struct SettingName *next;
} SettingName;

// Runs the file (with os, io, string ..., without `wechat`) and lists the table's string keys in `arena`, sorted by
// key. Returns false with ERR_USAGE, file and line if the file does not parse, fails, loops, returns no table or one of
// more than 1000 entries, or has a key that is not a string. A thread that loops where nothing stops it (a finalizer)
// is left behind. `undefined`: global names that were read and are nil, as far as a bounded list holds them.
bool settings_read(const char *path, Arena *arena, Setting **first, SettingName **undefined,
                   Err *err);

#endif
