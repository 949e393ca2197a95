// A message or event as the platform pushed it. Parses both push formats (XML, JSON) into one tree and composes XML.
#ifndef WEMOON_WECHAT_MESSAGE_H
#define WEMOON_WECHAT_MESSAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/xml.h"

// The parts that C itself needs; slices of the tree's text.
typedef struct {
  Str to_user, from_user, create_time, msg_type, event, event_key;
  Str msg_id;       // digits as sent, empty for events
  bool is_event;    // MsgType is "event"
} MessageHead;

// Parses a pushed document, XML or JSON by its first byte, into `tree`: what message_parse does without asking for a message in
// it. For the outer document of a sealed one.
bool message_read(XmlParser *parser, Str document, NodeTree *tree, Err *err);

// Parses the plain (decrypted) document, XML or JSON by its first byte, into `tree`. XML elements and JSON members become the
// same nodes: JSON arrays repeat their member's name, numbers and booleans become their text, null an empty text.
// ERR_INVALID without a root object, without MsgType, for an event without Event, for anything after the document.
bool message_parse(XmlParser *parser, Str document, NodeTree *tree, MessageHead *head, Err *err);

// Whether an element of that name is a list even with one member: "item" and the names the platform documents as lists
// (List, fail_idx, AroundBeacon).
bool message_is_list(Str element_name);

// The key by which a message is known for duplicates: a message by sender and MsgId, an event by sender, CreateTime, Event, EventKey
// (LOCATION: its coordinates too; job results: their MsgID). Appends it to `out` with lengths before the parts, so that no two differ only in cutting.
void message_identity(const MessageHead *head, const NodeTree *tree, Buf *out);

// Appends the XML of a tree whose root's children are the elements (texts in CDATA, all-digit texts bare): what `send` posts.
void message_render(const NodeTree *tree, Buf *out);

#endif
