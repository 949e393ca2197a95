#include "bot/run_message.h"

static bool copy_tree(Arena *arena, const NodeTree *from, NodeTree *to) {
  *to = (NodeTree){ .count = from->count, .cap = from->count };
  to->nodes = arena_alloc(arena, from->count * sizeof *to->nodes);
  Str text = arena_dup(arena, buf_str(&from->text));
  if (!to->nodes || !text.ptr) return false;
  memcpy(to->nodes, from->nodes, from->count * sizeof *to->nodes);
  to->text = (Buf){ .ptr = (char *)text.ptr, .len = text.len, .cap = text.len };
  return true;
}

// Returns the slice of `to` that corresponds to a slice of `from`, of which `to` is a copy.
static Str slice_of_copy(Str slice, const Buf *from, const Buf *to) {
  bool inside = slice.ptr >= from->ptr && slice.ptr <= from->ptr + from->len;
  return inside ? str_make(to->ptr + (slice.ptr - from->ptr), slice.len) : slice;
}

static void copy_head(const MessageHead *head, const Buf *from, const Buf *to, MessageHead *out) {
  *out = (MessageHead){ .to_user = slice_of_copy(head->to_user, from, to),
                        .from_user = slice_of_copy(head->from_user, from, to),
                        .create_time = slice_of_copy(head->create_time, from, to),
                        .msg_type = slice_of_copy(head->msg_type, from, to),
                        .event = slice_of_copy(head->event, from, to),
                        .event_key = slice_of_copy(head->event_key, from, to),
                        .msg_id = slice_of_copy(head->msg_id, from, to),
                        .is_event = head->is_event };
}

bool run_message_copy(const RunMessage *from, Arena *arena, RunMessage *to) {
  NodeTree *tree = arena_alloc(arena, sizeof *tree);
  MessageHead *head = arena_alloc(arena, sizeof *head);
  if (!tree || !head || !copy_tree(arena, from->tree, tree)) return false;
  copy_head(from->head, &from->tree->text, &tree->text, head);
  *to = (RunMessage){ .tree = tree, .head = head, .document = arena_dup(arena, from->document) };
  return to->document.ptr != NULL;
}
