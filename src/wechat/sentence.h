// Where a text may be cut.
#ifndef WEMOON_WECHAT_SENTENCE_H
#define WEMOON_WECHAT_SENTENCE_H

#include "base/str.h"

// The length of `text` up to the end of its last whole sentence; 0 if it has none. A sentence ends with one of 。！？!?…
// or a full stop before white space, plus the closing quotes and brackets behind it, or with a line break. White space
// at the end is left out.
size_t sentence_prefix(Str text);
// The best place to cut `text` within its first `max` bytes: after a paragraph, else a line or a sentence, else a word;
// never inside a link (<a …>…</a>), a URL, or a character of several code points, unless that alone is longer. The
// whole length if it is `max` or less.
size_t sentence_cut(Str text, size_t max);

#endif
