// A configuration file's values that are names without a value: a text that lacks its quotes.
#ifndef WEMOON_CLI_CONFIG_NAMES_H
#define WEMOON_CLI_CONFIG_NAMES_H

#include "script/settings.h"

// Returns false with ERR_USAGE, file and line if a table in `source` has `KEY = NAME`, where that is the whole value,
// KEY is one of the configuration's that is none of `settings`, and NAME one of `undefined`.
bool config_names_judge(const char *path, Str source, const Setting *settings,
                        const SettingName *undefined, Err *err);

#endif
