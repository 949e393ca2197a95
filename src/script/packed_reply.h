// The packed form of answers: the shortest form from which duplicates can be answered byte for byte. Kept answers are
// stored in this form too.
#ifndef WEMOON_SCRIPT_PACKED_REPLY_H
#define WEMOON_SCRIPT_PACKED_REPLY_H

#include "base/buf.h"
#include "wechat/reply.h"

// Returns the packed form of a reply, in the arena: a text's content, or the rendered document, which needs the
// addressee and the time; empty for "success". The result's ptr is NULL without memory.
Str packed_reply_make(Arena *arena, const Reply *reply, Str to_user, Str from_user,
                      int64_t answered_s);
// Appends the packed form of a text.
void packed_reply_text(Str text, Buf *packed);
// Appends the reply document of `packed`; nothing for "success". `arena` is scratch. Returns false without memory.
bool packed_reply_render(Str packed, Str to_user, Str from_user, int64_t answered_s, Arena *arena,
                         Buf *xml);
// Reads the reply from `packed`; its slices live as long as `packed` and `arena`. Returns false without memory.
bool packed_reply_read(Str packed, Arena *arena, Reply *reply);
// Appends `more` to `packed`, with an empty line between, if the result is one text that fits into REPLY_TEXT_MAX, or
// if `packed` is empty. Otherwise returns false and changes nothing.
bool packed_reply_add(Buf *packed, Str more);
// Returns the content of a text reply; for other replies its `ptr` is NULL.
Str packed_reply_content(const Reply *reply);

#endif
