// The configuration file: its path, and its settings with their lines.
#ifndef WEMOON_CLI_CONFIG_FILE_H
#define WEMOON_CLI_CONFIG_FILE_H

#include "script/settings.h"

// One setting. `place` is "config.lua:3", or "config.lua" if the line is unknown; it lives in the arena.
typedef void (*ConfigFileTake)(void *ctx, const Setting *setting, const char *place);

// config.lua beside `script` (NULL: there is no script), else, with `here`, in the working directory. A path
// in the arena, or NULL if there is none.
const char *config_file_find(Arena *arena, const char *script, bool here);
// Runs the file, which is Lua that returns a table, and calls `take` for each field. False if it cannot be read, fails,
// does not return a table or has a value that is a name without a value. Settings live in the arena.
bool config_file_read(const char *path, Arena *arena, ConfigFileTake take, void *ctx, Err *err);

#endif
