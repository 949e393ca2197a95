// A bot's reply as `wemoon send` prints it.
#ifndef WEMOON_CLI_REPLY_OUT_H
#define WEMOON_CLI_REPLY_OUT_H

#include "codec/xml.h"
#include "wechat/envelope.h"

typedef enum {
  REPLY_STYLE_LINE,  // one readable line
  REPLY_STYLE_RAW,   // the bytes as received
  REPLY_STYLE_JSON   // one line of JSON; null for no reply
} ReplyStyle;

// What replies are verified and opened with.
typedef struct {
  const Account *account;
  Aes *aes;
  Digest *digest;
  XmlParser *parser;
} ReplyReader;

// Prints the body of an answer on standard output; a sealed one is verified and opened first, but for the raw
// style. ERR_FAILED where it is no reply: not well-formed, a wrong signature, a key that does not fit, not
// sealed in safe mode.
bool reply_print(const ReplyReader *reader, Str body, ReplyStyle style, Err *err);

#endif
