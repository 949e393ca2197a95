// Writes a bot's open conversations, owed scripts and kept answers as JSON, for the live desk and the console.
#ifndef WEMOON_BOT_OPEN_JSON_H
#define WEMOON_BOT_OPEN_JSON_H

#include "bot/bot.h"

// Appends the members "conversations", "owed" and "kept" of a JSON object: lists of at most `max` entries of the user
// `openid`, or of all users if it is empty. Masks secrets, and writes openids as the log does. Waits for the store.
void open_json_add(Bot *bot, Str openid, size_t max, Buf *json);

#endif
