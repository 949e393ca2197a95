// The shortest form of an answer that its duplicates can be answered from again, byte for byte, and that kept answers
// are in.
#ifndef WEMOON_SCRIPT_PACKED_REPLY_H
#define WEMOON_SCRIPT_PACKED_REPLY_H

#include "base/buf.h"
#include "wechat/reply.h"

// The packed form of a reply, in the arena: a text's content, or the rendered document, which is why it takes the addressee
// and the time; empty for "success". Its ptr is NULL without memory.
Str packed_reply_make(Arena *arena, const Reply *reply, Str to_user, Str from_user,
                      int64_t answered_s);
// Appends the packed form of a text.
void packed_reply_text(Str text, Buf *packed);
// Appends the reply document that `packed` stands for; nothing for "success". `arena` is scratch. False
// without memory.
bool packed_reply_render(Str packed, Str to_user, Str from_user, int64_t answered_s, Arena *arena,
                         Buf *xml);
// The reply that `packed` stands for, whose slices live as long as `packed` and `arena`. False without memory.
bool packed_reply_read(Str packed, Arena *arena, Reply *reply);
// Puts `more` behind `packed`, with an empty line between: where that is one text that fits into REPLY_TEXT_MAX, or
// `packed` is empty. Else false, and nothing has changed.
bool packed_reply_add(Buf *packed, Str more);
// The content of a text reply, or one whose `ptr` is NULL.
Str packed_reply_content(const Reply *reply);

#endif
