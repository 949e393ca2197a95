// A passive reply ("被动回复用户消息"): the answer to one callback. Kinds are data that Lua owns
// (lua/wechat/reply.lua); C renders them safely.
#ifndef WEMOON_WECHAT_REPLY_H
#define WEMOON_WECHAT_REPLY_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/node.h"

typedef struct ReplyElement {
  Str name;
  Str text;   // of a leaf
  bool bare;  // a number: written without CDATA; text that is none gets one all the same
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

// A text reply over `content`, in `arena`. The text is cleaned of what XML forbids; it stays a slice of
// `content` where it was clean. `*rest` is what did not fit into REPLY_TEXT_MAX, cut where it hurts least (sentence.h); usually
// empty. Without any text the reply is REPLY_NONE, since the platform takes no empty one. False without
// memory.
bool reply_text(Reply *reply, Arena *arena, Str content, Str *rest);
// Appends the document, addressed to `to_user` (the message's sender) from `from_user` at `create_time`:
// well-formed whatever the texts hold (CDATA with "]]>" split, forbidden characters dropped); an element
// whose name cannot be one (xml_name_ok), or that is nested deeper than XML_DEPTH_MAX, is left out. REPLY_RAW
// is sent as it is but for forbidden characters. REPLY_NONE appends nothing.
void reply_render(const Reply *reply, Str to_user, Str from_user, int64_t create_time, Buf *out);
// How many articles may be in an answer to a message of that type: 1 to what users write, 8 to events.
size_t reply_news_max(bool to_event);
// Of a news reply drops the articles beyond `max` and corrects ArticleCount, in place; returns how many were
// dropped.
size_t reply_limit_news(Reply *reply, Arena *arena, size_t max);

// Appends one readable line about a reply document, as `wemoon send` prints it: "text: 你说：hi", "news: 2
// articles: A | B", "image: media-1", "music: TITLE DESCRIPTION URL", "transfer_customer_service:
// agent@account"; of other kinds every element
// ("hardware: MessageView=myrank ..."), and of a document without MsgType too ("raw: A=b"). `tree` is the
// parsed document; NULL for none (an empty body, "success"): "(no reply)". Line breaks in texts are written
// as \n.
void reply_describe(const NodeTree *tree, Buf *out);

#endif
