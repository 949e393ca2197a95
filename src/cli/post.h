// One request, waited for: what `wemoon send` and `wemoon status` do.
#ifndef WEMOON_CLI_POST_H
#define WEMOON_CLI_POST_H

#include "net/client.h"

// Posts `body` as text/xml and waits for the answer, `timeout_ms` at most; redirects are not followed. The
// result, whatever its outcome, is the caller's to free (client_result_free). NULL where nothing could be
// sent, with ERR_USAGE for a url that is none.
ClientResult *post_and_wait(const char *url, Str body, int64_t timeout_ms, Err *err);
// The same with GET.
ClientResult *get_and_wait(const char *url, int64_t timeout_ms, Err *err);

#endif
