// What came in the place of a request's head.
#ifndef WEMOON_NET_BAD_HEAD_H
#define WEMOON_NET_BAD_HEAD_H

#include "base/str.h"

// What is wrong with `head`, bytes that libcivetweb did not take for a head: another protocol by its name, else the
// part that is malformed. libcivetweb may have put NUL or U+0001 in the place of blanks and line ends. Ends the
// sentence "refused a request: ...".
const char *bad_head_reason(Str head);

#endif
