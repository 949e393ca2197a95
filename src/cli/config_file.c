// Finds and reads the configuration file. Line numbers are found in its text, because Lua tables have
// none.
#include "cli/config_file.h"

#include <unistd.h>

#include "base/file.h"
#include "cli/config_names.h"

enum { FILE_MAX = 1 << 20 };

// ---- lines --------------------------------------------------------------------------------------

// Whether the line begins with `key =`, `["key"] =` or `['key'] =`.
static bool assigns(Str line, Str key) {
  line = str_trim(line);
  bool bracket = str_starts(line, STR("["));
  if (bracket) line = str_trim(str_sub(line, 1, line.len));
  char quote = bracket && line.len ? line.ptr[0] : '\0';
  if (bracket) line = str_sub(line, 1, line.len);
  if (!str_starts(line, key)) return false;
  line = str_sub(line, key.len, line.len);
  if (bracket && (line.len == 0 || line.ptr[0] != quote)) return false;
  if (bracket) line = str_trim(str_sub(line, 1, line.len));
  if (bracket && !str_starts(line, STR("]"))) return false;
  if (bracket) line = str_sub(line, 1, line.len);
  line = str_trim(line);
  return str_starts(line, STR("=")) && !str_starts(line, STR("=="));
}

// The number of the line that assigns `key`, as far as the text shows; 0 if there is none, or several.
static int line_of(Str source, Str key) {
  int found = 0, number = 0;
  while (source.len > 0) {
    Str line, rest;
    str_cut(source, '\n', &line, &rest);
    source = rest;
    number++;
    Str shown = str_trim(line);
    if (str_starts(shown, STR("return")))
      shown = str_trim(str_sub(shown, strlen("return"), shown.len));
    if (str_starts(shown, STR("{"))) shown = str_sub(shown, 1, shown.len);
    if (!assigns(shown, key)) continue;
    if (found) return 0;
    found = number;
  }
  return found;
}

static const char *place_of(const char *path, Arena *arena, Str source, Str key) {
  int line = line_of(source, key);
  Str place = line ? arena_printf(arena, "%s:%d", path, line) : str_of(path);
  return place.ptr ? place.ptr : path;
}

// ---- public -------------------------------------------------------------------------------------

static bool there_is(const char *path) { return access(path, F_OK) == 0; }

const char *config_file_find(Arena *arena, const char *script, bool here) {
  if (script) {
    Str beside = arena_printf(arena, "%.*sconfig.lua", STR_FMT(file_folder(script)));
    if (beside.ptr && there_is(beside.ptr)) return beside.ptr;
  }
  return here && there_is("config.lua") ? "config.lua" : NULL;
}

bool config_file_read(const char *path, Arena *arena, ConfigFileTake take, void *ctx, Err *err) {
  Setting *setting = NULL;
  SettingName *undefined = NULL;
  Buf source;
  buf_init(&source);
  bool ok = file_read(path, FILE_MAX, &source, err) &&
            settings_read(path, arena, &setting, &undefined, err) &&
            config_names_judge(path, buf_str(&source), setting, undefined, err);
  for (; ok && setting; setting = setting->next)
    take(ctx, setting, place_of(path, arena, buf_str(&source), setting->key));
  buf_clear(&source);
  return ok;
}
