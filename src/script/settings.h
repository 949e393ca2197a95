// A settings file: Lua that returns a table (config.lua). Read in a bare state of its own, within limits.
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
      text;  // the value as text: strings as they are, integers in decimal, booleans as true/false
  SettingKind kind;
  const char *type_name;  // Lua's name of the type, for messages
  struct Setting *next;
} Setting;

// Runs the file (os, io, string ... are there; `wechat` is not) and lists the table's string keys in `arena`,
// sorted by key. ERR_USAGE with file and line where it does not parse, fails, loops, or returns no table, and
// for a key that is no string.
bool settings_read(const char *path, Arena *arena, Setting **first, Err *err);

#endif
