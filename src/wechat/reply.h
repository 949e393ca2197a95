// A passive reply ("被动回复用户消息"): the answer to one callback. Lua defines the kinds (lua/wechat/reply.lua); C
// renders them safely.
#ifndef WEMOON_WECHAT_REPLY_H
#define WEMOON_WECHAT_REPLY_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/node.h"

// All texts are clean (reply_clean).
typedef struct ReplyElement {
  Str name;
  Str text;                    // of a leaf
  bool bare;                   // a number, written without CDATA (other text gets its CDATA anyway)
  struct ReplyElement *child;  // first child; then text is not used
  struct ReplyElement *next;
} ReplyElement;

typedef enum {
  REPLY_NONE,      // answer `success`
  REPLY_ELEMENTS,  // MsgType and elements
  REPLY_RAW        // XML of the script's own, sent as it is
} ReplyForm;

typedef struct {
  ReplyForm form;
  Str type;                // MsgType: "text", "news" ...
  ReplyElement *elements;  // after MsgType, in order
  Str raw;
} Reply;

enum { REPLY_TEXT_MAX = 2048 };  // bytes of UTF-8 in a text reply; more, and the user sees an error

// Returns `text` itself if XML may carry it, else a copy in the arena without the characters that XML forbids. The ptr
// of the result is NULL without memory.
Str reply_clean(Arena *arena, Str text);
// Makes a text reply of `content`, in `arena`. Characters that XML forbids are removed; clean text stays a slice of
// `content`. `*rest`, usually empty, is what exceeds REPLY_TEXT_MAX, cut at a good place (sentence.h). An empty text
// makes REPLY_NONE, because the platform refuses it. False without memory.
bool reply_text(Reply *reply, Arena *arena, Str content, Str *rest);
// Appends the document to `to_user` (the message's sender) from `from_user` at `create_time`; both names are clean, as
// a message has them, and so are the reply's texts. "]]>" is split; an element with an invalid name (xml_name_ok) or
// nested deeper than XML_DEPTH_MAX is left out. REPLY_RAW loses its forbidden characters alone. REPLY_NONE appends
// nothing.
void reply_render(const Reply *reply, Str to_user, Str from_user, int64_t create_time, Buf *out);
// The limit of articles in an answer to a message of that type: 1 if a user wrote it, 8 for an event.
size_t reply_news_max(bool to_event);
// Drops the articles of a news reply beyond `max`, in place, and corrects ArticleCount. Returns how many were dropped.
size_t reply_limit_news(Reply *reply, Arena *arena, size_t max);

// Appends one readable line about a reply document, as `wemoon send` prints it: "text: 你说：hi", "news: 2
// articles: A | B", "image: media-1", "music: TITLE DESCRIPTION URL", "transfer_customer_service:
// agent@account". For other kinds ("hardware: MessageView=myrank ...") and a document without MsgType ("raw: A=b") it
// lists every element. `tree` is the parsed document; NULL, for an empty body or "success", gives "(no reply)". Line
// breaks in texts are written as \n.
void reply_describe(const NodeTree *tree, Buf *out);

#endif
