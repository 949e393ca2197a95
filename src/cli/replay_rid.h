// The platform's number of a request in a text ("rid: 60f1a2b3-..."): another one at each call.
#ifndef WEMOON_CLI_REPLAY_RID_H
#define WEMOON_CLI_REPLAY_RID_H

#include "base/str.h"

// Returns the text before the number, `rid: ` included; all of it if there is none. `rest` is what follows the number.
Str replay_rid_cut(Str text, Str *rest);

#endif
