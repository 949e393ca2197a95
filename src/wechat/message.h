// A message or event of the platform. Parses both push formats (XML, JSON) into one tree, and composes XML.
#ifndef WEMOON_WECHAT_MESSAGE_H
#define WEMOON_WECHAT_MESSAGE_H

#include "base/err.h"
#include "codec/xml.h"

// The fields that C uses; slices of the tree's text.
typedef struct {
  Str to_user, from_user, create_time, msg_type, event, event_key;
  Str msg_id;     // MsgId as sent; empty for events, and if there is none
  bool is_event;  // MsgType is "event"; a device_event is a type of its own
} MessageHead;

// Parses a pushed document into `tree`, XML or JSON by its first byte other than white space. XML elements and JSON
// members become the same nodes. A JSON array becomes a node with is_list; numbers keep their digits; booleans become
// "true" or "false"; null members, and names that cannot be an element's (xml_name_ok), are left out. The List of a
// subscribe_msg_* event, which JSON sends without its container, appears both at the top and in the container. JSON
// nests to XML_DEPTH_MAX, as XML does. XML allocates nothing once `tree` is warm. ERR_INVALID for anything else, for
// JSON other than an object, for anything after the document; ERR_MEMORY. Use it for the outer document of a sealed
// message, and message_parse for a message.
bool message_read(XmlParser *parser, Str document, NodeTree *tree, Err *err);

// Parses a plain (decrypted) document as message_read does, and fills `head`, whose slices are valid as long as the
// tree's text. ERR_INVALID also without MsgType, and for an event without Event.
bool message_parse(XmlParser *parser, Str document, NodeTree *tree, MessageHead *head, Err *err);

// Whether an element of that name is a list even with one member: "item", and the names that the platform documents as
// lists (List, fail_idx, AroundBeacon).
bool message_is_list(Str element_name);

// Whether the user sees no reply to an event of that name, in lower case: "view", "unsubscribe", ...
bool message_is_silent(Str event);

// Appends the key that identifies a message among duplicates: sender and MsgId; of an event sender, CreateTime, Event
// and EventKey. A message without MsgId or EventKey (job results, cards, unknown types) and an event location have
// sender, CreateTime, type and a digest of all elements, which tells apart coordinates and the MsgID of a job. Each
// part is preceded by its length, so different parts never make the same key.
void message_identity(const MessageHead *head, const NodeTree *tree, Buf *out);

// Appends the message's name in the log: its MsgId or, if it has none, "e:CREATETIME:EVENT:KEY".
void message_log_id(const MessageHead *head, Buf *out);

// Whether the platform writes that value as a bare number: it is one, and the element's values are numbers. Texts, of
// digits too, stand in CDATA. `parent`: the name of the element around it.
bool message_is_bare(Str element_name, Str parent, Str text);

// Appends the XML of a tree whose root's children are the elements, for `send`: texts in CDATA; numbers bare where
// message_is_bare says so. A list repeats its element; elements with an invalid name (xml_name_ok) are left out.
void message_render(const NodeTree *tree, Buf *out);

#endif
