// The data that lua/docs and the prompt need for the reference, apart from their own tables.
#ifndef WEMOON_CLI_REFERENCE_H
#define WEMOON_CLI_REFERENCE_H

#include "cli/command.h"

// Appends {"lang","version","keys"}, and "commands" unless `commands` is NULL.
void reference_about(const char *lang, const Command *const *commands, Buf *out);

// Appends [{"name","default","help"}]: the configuration's keys, in their order.
void reference_keys(Buf *out);

// Appends [{"name","usage","summary","details","more","options":[{"name","argument","may_lack_value","help"}]}], in
// their order.
void reference_commands(const Command *const *commands, Buf *out);

// Appends [{"name","help"}]: the metrics of /metrics.
void reference_metrics(Buf *out);
// Appends these three as members of an object, for the prompt: "keys":[...],"commands":[...],"metrics":[...].
void reference_prompt(const Command *const *commands, Buf *out);

#endif
