// The data that lua/docs needs for the reference, apart from its own tables.
#ifndef WEMOON_CLI_REFERENCE_H
#define WEMOON_CLI_REFERENCE_H

#include "base/buf.h"

// Appends {"lang","version","keys":[{"name","default","help"}]}: the configuration's keys, in their order.
void reference_about(const char *lang, Buf *out);

#endif
