// A packed answer: one letter for its form, then its bytes.
#include "script/packed_reply.h"

enum { FORM_TEXT = 'T', FORM_DOCUMENT = 'X' };

static const Str GAP = { "\n\n", 2 };

static bool is_plain_text(const Reply *reply) {
  const ReplyElement *content = reply->elements;
  return reply->form == REPLY_ELEMENTS && str_eq(reply->type, STR("text")) && content &&
         !content->next && !content->child && !content->bare &&
         str_eq(content->name, STR("Content"));
}

Str packed_reply_content(const Reply *reply) {
  return is_plain_text(reply) ? reply->elements->text : (Str){ 0 };
}

void packed_reply_text(Str text, Buf *packed) {
  buf_addc(packed, FORM_TEXT);
  buf_add(packed, text);
}

static Str pack(Arena *arena, char form, Str bytes) {
  char *packed = arena_alloc(arena, 1 + bytes.len);
  if (!packed) return str_make(NULL, 0);
  packed[0] = form;
  if (bytes.len) memcpy(packed + 1, bytes.ptr, bytes.len);
  return str_make(packed, 1 + bytes.len);
}

Str packed_reply_make(Arena *arena, const Reply *reply, Str to_user, Str from_user,
                      int64_t answered_s) {
  if (reply->form == REPLY_NONE) return STR("");
  if (is_plain_text(reply)) return pack(arena, FORM_TEXT, reply->elements->text);
  Buf document;
  buf_init(&document);
  reply_render(reply, to_user, from_user, answered_s, &document);
  Str packed = document.failed ? str_make(NULL, 0) : pack(arena, FORM_DOCUMENT, buf_str(&document));
  buf_clear(&document);
  return packed;
}

bool packed_reply_read(Str packed, Arena *arena, Reply *reply) {
  Str rest;
  *reply = (Reply){ .form = REPLY_NONE };
  if (packed.len == 0) return true;
  Str bytes = str_sub(packed, 1, packed.len - 1);
  if (packed.ptr[0] != FORM_DOCUMENT) return reply_text(reply, arena, bytes, &rest);
  *reply = (Reply){ .form = REPLY_RAW, .raw = bytes };
  return true;
}

bool packed_reply_render(Str packed, Str to_user, Str from_user, int64_t answered_s, Arena *arena,
                         Buf *xml) {
  Reply reply;
  if (!packed_reply_read(packed, arena, &reply)) return false;
  reply_render(&reply, to_user, from_user, answered_s, xml);
  return !xml->failed;
}

bool packed_reply_add(Buf *packed, Str more) {
  bool first = packed->len == 0;
  bool texts = !first && packed->ptr[0] == FORM_TEXT && more.len > 0 && more.ptr[0] == FORM_TEXT;
  // The sum includes both letters.
  if (!first && (!texts || packed->len + GAP.len + more.len > REPLY_TEXT_MAX + 2)) return false;
  if (!first) buf_add(packed, GAP);
  buf_add(packed, first ? more : str_sub(more, 1, more.len - 1));
  return true;
}
