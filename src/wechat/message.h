// A message or event as the platform pushed it. Parses both push formats (XML, JSON) into one tree and
// composes XML.
#ifndef WEMOON_WECHAT_MESSAGE_H
#define WEMOON_WECHAT_MESSAGE_H

#include "base/err.h"
#include "codec/xml.h"

// The parts that C itself needs; slices of the tree's text.
typedef struct {
  Str to_user, from_user, create_time, msg_type, event, event_key;
  Str msg_id;     // MsgId as sent; empty for events, and if there is none
  bool is_event;  // MsgType is "event"; a device_event is a type of its own
} MessageHead;

// Parses a pushed document, XML or JSON by its first byte that is no white space, into `tree`: XML elements
// and JSON members become the same nodes. A JSON array becomes a node that is_list, numbers keep the digits
// that were sent, booleans become "true" or "false"; members that are null, and those whose name cannot be an
// element's (xml_name_ok), are left out. A subscribe_msg_* event whose List has no container, which is how
// JSON brings it, has it both at the top and in the container. JSON nests to XML_DEPTH_MAX, as XML does. The
// XML path allocates nothing once `tree` is warm. ERR_INVALID for what is neither, for JSON that is no object,
// for anything after the document; ERR_MEMORY. For the outer document of a sealed message; one that must be a
// message is for message_parse.
bool message_read(XmlParser *parser, Str document, NodeTree *tree, Err *err);

// Reads a plain (decrypted) document as message_read does and fills `head`, whose slices live as long as the
// tree's text does. ERR_INVALID also without MsgType, and for an event without Event.
bool message_parse(XmlParser *parser, Str document, NodeTree *tree, MessageHead *head, Err *err);

// Whether an element of that name is a list even with one member: "item" and the names the platform documents
// as lists (List, fail_idx, AroundBeacon).
bool message_is_list(Str element_name);

// Appends the key by which a message is known for duplicates: a message by sender and MsgId, an event by
// sender, CreateTime, Event and EventKey. What has no MsgId or EventKey to go by (job results, cards, unknown
// types), and an event location, is known by sender, CreateTime, type and a digest of all its elements: so
// are coordinates and the MsgID of a job told apart. Lengths stand before the parts, so that no two keys
// differ only in where they are cut.
void message_identity(const MessageHead *head, const NodeTree *tree, Buf *out);

// Appends the XML of a tree whose root's children are the elements (texts in CDATA, all-digit texts bare):
// what `send` posts. A list repeats its element; elements whose name cannot be one (xml_name_ok) are left out.
void message_render(const NodeTree *tree, Buf *out);

#endif
