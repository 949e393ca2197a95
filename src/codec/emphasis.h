// Emphasis in Markdown as Chinese text means it. CommonMark tells by the white space and punctuation beside a '*'
// whether it opens or closes emphasis. Chinese has no spaces between words, so "**注意：**请看" would keep its asterisks,
// while "2*3*4" would lose its own.
#ifndef WEMOON_CODEC_EMPHASIS_H
#define WEMOON_CODEC_EMPHASIS_H

#include "base/buf.h"

// Appends `markdown` (UTF-8) with invisible marks beside such asterisks, from which a CommonMark parser reads them as
// meant: beside Chinese text and punctuation "**" opens and closes; a single '*' between ASCII letters or digits is
// text. False, with nothing appended, if there is nothing to mark or the text itself has one of the marks.
bool emphasis_mark(Str markdown, Buf *out);
// Removes the marks from the bytes of `out` behind the first `from`.
void emphasis_unmark(Buf *out, size_t from);

#endif
