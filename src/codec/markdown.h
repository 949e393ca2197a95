// Markdown (CommonMark, with the tables, task lists and strikethrough of GitHub) as a chat can show it, over
// libcmark-gfm.
#ifndef WEMOON_CODEC_MARKDOWN_H
#define WEMOON_CODEC_MARKDOWN_H

#include "base/buf.h"
#include "base/err.h"

enum { MARKDOWN_MAX = 64 * 1024 };  // bytes of one text

// Appends the plain form of `markdown` (UTF-8): text without markup; links as <a href="...">text</a>, which WeChat
// shows as links; list items as lines with "•" or their number; rows of a table as lines of "head：cell"; code as its
// lines; pictures by their names; HTML without its tags. No newline at the end. ERR_TOO_LARGE past MARKDOWN_MAX,
// ERR_MEMORY.
bool markdown_to_plain(Str markdown, Buf *out, Err *err);

#endif
