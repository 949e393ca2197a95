// Parses a pushed document, makes a message's identity, and writes XML.
#include "wechat/message.h"

#include "codec/json.h"
#include "wechat/account.h"

// ---- reading JSON into the tree ----

// Appends `text`, cleaned for XML, as the text of the last node.
static void set_text(NodeTree *tree, uint32_t index, Str text) {
  size_t before = tree->text.len;
  Str clean = xml_clean(&tree->text, text);
  if (clean.ptr == text.ptr) buf_add(&tree->text, clean);
  if (tree->text.failed) tree->failed = true;
  else tree->nodes[index].text_len = (uint32_t)(tree->text.len - before);
}

static void set_leaf(NodeTree *tree, uint32_t index, const Json *value) {
  switch (json_kind(value)) {
    case JSON_STRING: set_text(tree, index, json_string(value)); break;
    case JSON_INT:
    case JSON_REAL: set_text(tree, index, json_number(value)); break;
    case JSON_BOOL: set_text(tree, index, json_bool(value) ? STR("true") : STR("false")); break;
    default: break;
  }
}

static bool too_deep(Err *err) {
  return err_set(err, ERR_INVALID, "the JSON message is nested deeper than %d levels",
                 XML_DEPTH_MAX);
}

static bool add_members(NodeTree *tree, uint32_t parent, const Json *of, int depth, Err *err);

static bool is_container(const Json *value) {
  return json_kind(value) == JSON_OBJECT || json_kind(value) == JSON_ARRAY;
}

static bool add_value(NodeTree *tree, uint32_t parent, uint32_t *last, Str name, const Json *value,
                      int depth, Err *err) {
  if (depth > XML_DEPTH_MAX) return too_deep(err);
  uint32_t index = nodes_add(tree, parent, last, name);
  if (index == NODE_NONE) return err_set(err, ERR_MEMORY, "no memory");
  tree->nodes[index].is_list = json_kind(value) == JSON_ARRAY;
  if (is_container(value)) return add_members(tree, index, value, depth, err);
  set_leaf(tree, index, value);
  return !tree->failed || err_set(err, ERR_MEMORY, "no memory");
}

// Adds the members of an object, or of an array without names. null counts as a missing member.
static bool add_members(NodeTree *tree, uint32_t parent, const Json *of, int depth, Err *err) {
  bool is_list = json_kind(of) == JSON_ARRAY;
  uint32_t last = NODE_NONE;
  for (const Json *member = json_first(of); member; member = json_next(member)) {
    Str name = is_list ? STR("") : json_key(member);
    if (json_kind(member) == JSON_NULL || !(is_list || xml_name_ok(name))) continue;
    if (!add_value(tree, parent, &last, name, member, depth + 1, err)) return false;
  }
  return true;
}

// In JSON these events lack the element that contains their List in XML.
static const struct {
  Str event, container;
} list_events[] = {
  { { "subscribe_msg_popup_event", 25 }, { "SubscribeMsgPopupEvent", 22 } },
  { { "subscribe_msg_change_event", 26 }, { "SubscribeMsgChangeEvent", 23 } },
  { { "subscribe_msg_sent_event", 24 }, { "SubscribeMsgSentEvent", 21 } },
};

static uint32_t last_child(const NodeTree *tree, uint32_t parent) {
  uint32_t last = tree->nodes[parent].first_child;
  while (last != NODE_NONE && tree->nodes[last].next != NODE_NONE) last = tree->nodes[last].next;
  return last;
}

// Adds an element `name` at the end of the root, with a second List of the same members.
static bool wrap_list(NodeTree *tree, uint32_t list, Str name, Err *err) {
  uint32_t last = last_child(tree, 0), none = NODE_NONE;
  uint32_t container = nodes_add(tree, 0, &last, name);
  uint32_t copy =
      container == NODE_NONE ? NODE_NONE : nodes_add(tree, container, &none, STR("List"));
  if (copy == NODE_NONE) return err_set(err, ERR_MEMORY, "no memory");
  tree->nodes[copy] = tree->nodes[list];
  tree->nodes[copy].next = NODE_NONE;
  return true;
}

static bool complete_event(NodeTree *tree, Err *err) {
  Str event;
  uint32_t list = node_child(tree, 0, STR("List"));
  if (list == NODE_NONE || !node_child_text(tree, 0, STR("Event"), &event)) return true;
  for (size_t i = 0; i < sizeof list_events / sizeof *list_events; i++) {
    Str container = list_events[i].container;
    if (str_eq_nocase(event, list_events[i].event) && node_child(tree, 0, container) == NODE_NONE)
      return wrap_list(tree, list, container, err);
  }
  return true;
}

static bool read_json(Str document, NodeTree *tree, Err *err) {
  nodes_reset(tree);
  JsonDoc *doc = json_parse(document, err);
  if (!doc) return false;
  uint32_t last = NODE_NONE;
  bool ok;
  if (json_kind(json_root(doc)) != JSON_OBJECT)
    ok = err_set(err, ERR_INVALID, "the JSON message is not an object");
  else
    ok = add_value(tree, NODE_NONE, &last, STR("xml"), json_root(doc), 1, err) &&
         complete_event(tree, err);
  json_free(doc);
  return ok;
}

// ---- reading ----

static const Str byte_order_mark = { "\xEF\xBB\xBF", 3 };

bool message_read(XmlParser *parser, Str document, NodeTree *tree, Err *err) {
  Str text = str_starts(document, byte_order_mark)
                 ? str_sub(document, byte_order_mark.len, document.len)
                 : document;
  text = str_trim(text);
  if (text.len == 0) {
    nodes_reset(tree);
    return err_set(err, ERR_INVALID, "the body is empty");
  }
  if (text.ptr[0] == '{' || text.ptr[0] == '[') return read_json(text, tree, err);
  return xml_parse(parser, document, tree, err);
}

static Str *pick(Str name, Str wanted, Str *field) { return str_eq(name, wanted) ? field : NULL; }

// The head's field for that element, or NULL. Compares lengths first: it is called for each element of each message.
static Str *head_field(MessageHead *head, Str name) {
  switch (name.len) {
    case 5:
      return name.ptr[0] == 'E' ? pick(name, STR("Event"), &head->event)
                                : pick(name, STR("MsgId"), &head->msg_id);
    case 7: return pick(name, STR("MsgType"), &head->msg_type);
    case 8: return pick(name, STR("EventKey"), &head->event_key);
    case 10:
      return name.ptr[0] == 'T' ? pick(name, STR("ToUserName"), &head->to_user)
                                : pick(name, STR("CreateTime"), &head->create_time);
    case 12: return pick(name, STR("FromUserName"), &head->from_user);
    default: return NULL;
  }
}

static bool no_type(const NodeTree *tree, Err *err) {
  if (node_child(tree, 0, STR("Encrypt")) == NODE_NONE)
    return err_set(err, ERR_INVALID, "the message has no MsgType");
  return err_set(err, ERR_INVALID,
                 "the message is sealed (Encrypt, no MsgType), but it was read as a plain one: are "
                 "encoding_aes_key and encrypt_mode set as at " ACCOUNT_PLACE_CALLBACK "?");
}

// White space at the ends of these elements is layout, in whatever form it was sent: no type, no openid and
// no number has any.
static Str trimmed(NodeTree *tree, uint32_t index) {
  Str text = node_text(tree, index), inner = str_trim(text);
  if (inner.len == text.len) return text;
  tree->nodes[index].text_off += (uint32_t)(inner.ptr - text.ptr);
  tree->nodes[index].text_len = (uint32_t)inner.len;
  return inner;
}

static bool read_head(NodeTree *tree, MessageHead *head, Err *err) {
  *head = (MessageHead){ 0 };
  for (uint32_t i = tree->nodes[0].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    Str *field = head_field(head, node_name(tree, i));
    if (!field || field->ptr) continue;  // the first of two equal elements counts
    *field = field == &head->event_key ? node_text(tree, i) : trimmed(tree, i);
  }
  if (head->msg_type.len == 0) return no_type(tree, err);
  head->is_event = str_eq(head->msg_type, STR("event"));
  if (!head->is_event) return true;
  if (head->event.len == 0)
    return err_set(err, ERR_INVALID, "the message is an event without Event");
  head->msg_id = STR("");
  return true;
}

bool message_parse(XmlParser *parser, Str document, NodeTree *tree, MessageHead *head, Err *err) {
  return message_read(parser, document, tree, err) && read_head(tree, head, err);
}

bool message_is_list(Str name) {
  return str_eq(name, STR("item")) || str_eq(name, STR("List")) || str_eq(name, STR("fail_idx")) ||
         str_eq(name, STR("AroundBeacon")) || str_eq(name, STR("detail"));
}

// ---- identity ----

static uint64_t digest_add(uint64_t digest, Str part) {
  const uint64_t prime = 0x100000001b3;  // FNV-1a
  for (size_t i = 0; i < part.len; i++) digest = (digest ^ (unsigned char)part.ptr[i]) * prime;
  return (digest ^ 0xFF) * prime;  // 0xFF, which UTF-8 never has, ends the part
}

static uint64_t digest_elements(const NodeTree *tree, uint32_t parent, uint64_t digest);

// A list counts as its element repeated, as in XML.
static uint64_t digest_element(const NodeTree *tree, uint32_t index, Str name, uint64_t digest) {
  if (!tree->nodes[index].is_list) {
    digest = digest_add(digest_add(digest, name), node_text(tree, index));
    return digest_add(digest_elements(tree, index, digest), STR(""));
  }
  for (uint32_t i = tree->nodes[index].first_child; i != NODE_NONE; i = tree->nodes[i].next)
    digest = digest_element(tree, i, name, digest);
  return digest;
}

// All elements below `parent`, but for the sealed copy that compatible mode brings, which differs at each
// try.
static uint64_t digest_elements(const NodeTree *tree, uint32_t parent, uint64_t digest) {
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next) {
    Str name = node_name(tree, i);
    if (parent != 0 || !str_eq(name, STR("Encrypt")))
      digest = digest_element(tree, i, name, digest);
  }
  return digest;
}

static void add_part(Buf *out, Str part) {
  buf_add_int(out, (int64_t)part.len);
  buf_addc(out, ':');
  buf_add(out, part);
}

bool message_is_silent(Str event) {
  static const char *const silent[] = { "view", "view_miniprogram", "unsubscribe" };
  for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
    if (str_eq(event, str_of(silent[i]))) return true;
  }
  return str_ends(event, STR("jobfinish"));
}

void message_identity(const MessageHead *head, const NodeTree *tree, Buf *out) {
  bool has_id = !head->is_event && head->msg_id.len > 0;
  bool has_key =
      head->is_event && head->event_key.len > 0 && !str_eq_nocase(head->event, STR("location"));
  buf_addc(out, has_id ? 'm' : has_key ? 'e' : 'd');
  add_part(out, head->from_user);
  if (has_id) {
    add_part(out, head->msg_id);
    return;
  }
  add_part(out, head->create_time);
  add_part(out, head->is_event ? head->event : head->msg_type);
  if (has_key) add_part(out, head->event_key);
  else buf_add_int(out, (int64_t)digest_elements(tree, 0, 0xcbf29ce484222325));
}

// ---- rendering ----

// The elements whose values the platform writes as bare numbers.
// clang-format off
static const char *const numbers[] = {
  "ArticleIdx", "AuditState", "BindTime", "CanReprint", "CheckState", "ConnectTime", "Count",
  "CreateOrderTime", "CreateTime", "Distance", "ErrorCode", "ErrorCount", "ExpireTime",
  "ExpiredTime", "FailTime", "Fee", "FileTotalLen", "FilterCount", "FuncFlag", "IsChatRoom",
  "IsGiveByFriend", "IsPass", "IsRecommendByFriend", "IsRestoreMemberCard", "IsReturnBack",
  "Latitude", "LocationId", "Location_X", "Location_Y", "Longitude", "Major", "MenuId", "Minor",
  "ModifyBalance", "ModifyBonus", "Money", "MsgID", "MsgId", "NeedReplaceContent",
  "NeedShowReprintSource", "OpType", "OrderStatus", "OriginalArticleType", "OriginalFee",
  "OuterId", "PayFinishTime", "PopupScene", "Precision", "Scale", "Scene", "SentCount",
  "SessionID", "Sex", "TotalCount", "UserDeclareState", "action", "audit_id", "count", "idx",
  "invite_result", "is_upgrade", "isrisky", "poiid", "publish_id", "publish_status", "status",
  "status_code",
};
// clang-format on

static bool has_numbers(Str name, Str parent) {
  if (str_eq(parent, STR("SendLocationInfo")))
    return false;  // a position as texts: Location_X, Scale, ...
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (str_eq(name, str_of(numbers[i]))) return true;
  }
  return false;
}

static size_t digits_len(Str text) {
  size_t len = 0;
  while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9') len++;
  return len;
}

// An optional minus sign, digits, and optionally a point and more digits.
static bool is_decimal(Str text) {
  if (str_starts(text, STR("-"))) text = str_sub(text, 1, text.len);
  size_t whole = digits_len(text);
  Str fraction = str_sub(text, whole, text.len);
  if (whole == 0 || fraction.len == 0) return whole > 0;
  fraction = str_starts(fraction, STR(".")) ? str_sub(fraction, 1, fraction.len) : STR("");
  return fraction.len > 0 && digits_len(fraction) == fraction.len;
}

bool message_is_bare(Str name, Str parent, Str text) {
  return has_numbers(name, parent) && is_decimal(text);
}

static void render_children(const NodeTree *tree, uint32_t parent, Buf *out);

static void render_element(const NodeTree *tree, uint32_t index, Str name, Str parent, Buf *out) {
  Str text = node_text(tree, index);
  if (!xml_name_ok(name)) return;
  if (tree->nodes[index].is_list) {
    for (uint32_t i = tree->nodes[index].first_child; i != NODE_NONE; i = tree->nodes[i].next)
      render_element(tree, i, name, parent, out);
    return;
  }
  buf_addc(out, '<');
  buf_add(out, name);
  buf_addc(out, '>');
  if (tree->nodes[index].first_child != NODE_NONE) render_children(tree, index, out);
  else if (message_is_bare(name, parent, text)) buf_add(out, text);
  else xml_add_cdata(out, text);
  buf_add(out, STR("</"));
  buf_add(out, name);
  buf_addc(out, '>');
}

static void render_children(const NodeTree *tree, uint32_t parent, Buf *out) {
  for (uint32_t i = tree->nodes[parent].first_child; i != NODE_NONE; i = tree->nodes[i].next)
    render_element(tree, i, node_name(tree, i), node_name(tree, parent), out);
}

void message_render(const NodeTree *tree, Buf *out) {
  buf_add(out, STR("<xml>"));
  if (tree->count > 0) render_children(tree, 0, out);
  buf_add(out, STR("</xml>"));
}

void message_log_id(const MessageHead *head, Buf *out) {
  if (head->msg_id.len > 0) return buf_add(out, head->msg_id);
  buf_add(out, STR("e:"));
  buf_add(out, head->create_time);
  buf_addc(out, ':');
  buf_add(out, head->is_event ? head->event : head->msg_type);
  buf_addc(out, ':');
  buf_add(out, head->event_key);
}
