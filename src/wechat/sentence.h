// Where a text may be cut. The ends of sentences are a table in sentence.c, the tests are one in its test.
#ifndef WEMOON_WECHAT_SENTENCE_H
#define WEMOON_WECHAT_SENTENCE_H

#include "base/str.h"

// The length of what ends with the last whole sentence of `text`; 0 if it has none. A sentence ends with one of
// 。！？!?… or a full stop before white space, with the closing quotes and brackets behind it, or with a line
// break. White space at the end is left out.
size_t sentence_prefix(Str text);
// The length of the beginning of `text`, at most `max` bytes, after which a cut hurts least: after a paragraph,
// else a line or a sentence, else a word; never inside a link (<a …>…</a>), an address, or a character made of
// several code points, unless that alone is longer. The whole length if it is `max` or less.
size_t sentence_cut(Str text, size_t max);

#endif
