// The shortest form of an answer that its duplicates can be answered from again, byte for byte.
#ifndef WEMOON_BOT_PACKED_REPLY_H
#define WEMOON_BOT_PACKED_REPLY_H

#include "bot/job.h"

// The packed form of what a finished job was answered with, in its arena: a text's content, or the rendered
// document; empty for "success". Its ptr is NULL without memory.
Str packed_reply_make(const Job *job);
// Appends the reply document that `packed` stands for; nothing for "success". `arena` is scratch. False
// without memory.
bool packed_reply_render(Str packed, Str to_user, Str from_user, int64_t answered_s, Arena *arena,
                         Buf *xml);

#endif
