// Packed answers: one letter for the form, then its bytes.
#include "bot/packed_reply.h"

enum { FORM_TEXT = 'T', FORM_DOCUMENT = 'X' };

static bool is_plain_text(const Reply *reply) {
  const ReplyElement *content = reply->elements;
  return reply->form == REPLY_ELEMENTS && str_eq(reply->type, STR("text")) && content &&
         !content->next && !content->child && !content->bare &&
         str_eq(content->name, STR("Content"));
}

static Str pack(Arena *arena, char form, Str bytes) {
  char *packed = arena_alloc(arena, 1 + bytes.len);
  if (!packed) return str_make(NULL, 0);
  packed[0] = form;
  if (bytes.len) memcpy(packed + 1, bytes.ptr, bytes.len);
  return str_make(packed, 1 + bytes.len);
}

static Str pack_document(const Job *job) {
  Buf document;
  buf_init(&document);
  reply_render(&job->reply, job->from_user, job->to_user, job->answered_s, &document);
  Str packed =
      document.failed ? str_make(NULL, 0) : pack(job->arena, FORM_DOCUMENT, buf_str(&document));
  buf_clear(&document);
  return packed;
}

Str packed_reply_make(const Job *job) {
  if (job->reply.form == REPLY_NONE) return STR("");
  if (is_plain_text(&job->reply)) return pack(job->arena, FORM_TEXT, job->reply.elements->text);
  return pack_document(job);
}

bool packed_reply_render(Str packed, Str to_user, Str from_user, int64_t answered_s, Arena *arena,
                         Buf *xml) {
  if (packed.len == 0) return true;
  Str bytes = str_sub(packed, 1, packed.len - 1);
  if (packed.ptr[0] == FORM_DOCUMENT) {
    buf_add(xml, bytes);
    return !xml->failed;
  }
  Reply reply;
  Str rest;
  if (!reply_text(&reply, arena, bytes, &rest)) return false;
  reply_render(&reply, to_user, from_user, answered_s, xml);
  return !xml->failed;
}
