// Makes the message of `wemoon send` from the words of its command line.
#ifndef WEMOON_CLI_COMPOSE_H
#define WEMOON_CLI_COMPOSE_H

#include "codec/node.h"
#include "base/err.h"

typedef struct {
  Str from, to;  // openid and original id
  int64_t time;  // CreateTime, Unix seconds
  int64_t id;    // MsgId of a message (events have none)
} ComposeHead;

// Fills `tree` (reset first) with the message of `kind` ("text", "scan", "event" ...; all but "xml").
// ERR_USAGE for an unknown kind, too few or too many words, or a word that does not fit, with the mend.
bool compose_message(const char *kind, char **words, size_t count, const ComposeHead *head,
                     NodeTree *tree, Err *err);
// Whether messages of the kind can be sent, "xml" among them. ERR_USAGE, with the nearest kind if one is near.
bool compose_knows(const char *kind, Err *err);
// Appends the kinds but "xml", each after a space.
void compose_add_names(Buf *out);
// Appends the kinds and their words, one a line: help.
void compose_add_kinds(Buf *out);

#endif
