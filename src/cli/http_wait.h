// One request, waited for: what `wemoon send` and `wemoon status` do.
#ifndef WEMOON_CLI_HTTP_WAIT_H
#define WEMOON_CLI_HTTP_WAIT_H

#include "net/client.h"

// Posts `body` as text/xml and waits for the answer, `timeout_ms` at most; redirects are not followed. The
// result, whatever its outcome, is the caller's to free (client_result_free). NULL where nothing could be
// sent, with ERR_USAGE for a url that is none.
ClientResult *http_wait_post(const char *url, Str body, int64_t timeout_ms, Err *err);
// The same with GET.
ClientResult *http_wait_get(const char *url, int64_t timeout_ms, Err *err);

#endif
