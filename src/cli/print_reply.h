// Prints a bot's reply for `wemoon send`.
#ifndef WEMOON_CLI_PRINT_REPLY_H
#define WEMOON_CLI_PRINT_REPLY_H

#include "wechat/callback.h"

typedef enum {
  REPLY_STYLE_LINE,  // one readable line
  REPLY_STYLE_RAW,   // the bytes as received
  REPLY_STYLE_JSON   // one line of JSON; null for no reply
} ReplyStyle;

// Prints the body of an answer on standard output. A sealed one is verified and opened first, except in the raw style.
// ERR_FAILED if it is not a reply: not well-formed, a wrong signature, the wrong key, not sealed in safe mode.
bool print_reply(const Callback *callback, Str body, ReplyStyle style, Err *err);

#endif
