// Blocking HTTP requests, for `wemoon send`, `wemoon status` and `wemoon test`.
#ifndef WEMOON_CLI_HTTP_WAIT_H
#define WEMOON_CLI_HTTP_WAIT_H

#include "net/client.h"

// Posts `body` and waits for the answer, `timeout_ms` at most; does not follow redirects. The caller frees
// the result (client_result_free), whatever its outcome. NULL if nothing could be sent; ERR_USAGE for an invalid URL.
ClientResult *http_wait_post(const char *url, const char *content_type, Str body,
                             int64_t timeout_ms, Err *err);
// The same with GET.
ClientResult *http_wait_get(const char *url, int64_t timeout_ms, Err *err);

#endif
