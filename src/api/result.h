// The result of a call of the platform.
#ifndef WEMOON_API_RESULT_H
#define WEMOON_API_RESULT_H

#include "codec/json.h"
#include "net/client.h"

typedef enum {
  API_OK,
  API_REFUSED,  // "api": the platform answered with an errcode
  API_NETWORK,  // no connection, no trust, or it ended early
  API_TIMEOUT,
  API_HTTP,      // a status other than 200, or an answer beyond every limit
  API_JSON,      // a complete answer that is not JSON
  API_UNKNOWN,   // a send whose answer did not come, or was not read: it may have been delivered
  API_CANCELLED  // cancelled by the caller or by the end of the program
} ApiKind;

// Its name in Lua: "ok", "api", "network", "timeout", "http", "json", "unknown", "cancelled".
const char *api_kind_name(ApiKind kind);

typedef struct {
  ApiKind kind;
  int64_t errcode;      // API_REFUSED; 0 otherwise
  int status;           // HTTP status, 0 without an answer
  char method[64];      // the name after `wechat.`
  char rid[64];         // the platform's request id, from its errmsg; empty if there is none
  Buf errmsg;           // the reason, without the method; of API_REFUSED the platform's own words
  JsonDoc *json;        // API_OK: the answer; NULL for a download other than JSON
  size_t json_counted;  // of its bytes, by net/answer_bytes
  ClientResult *body;   // API_OK: the download
  Buf content_type, filename;  // of a download
} ApiResult;

ApiResult *api_result_new(Str method);    // an empty API_OK; NULL without memory
void api_result_free(ApiResult *result);  // NULL is allowed
// Turns it into a failure, and returns it.
__attribute__((format(printf, 3, 4))) ApiResult *api_result_fail(ApiResult *result, ApiKind kind,
                                                                 const char *format, ...);
// Turns `result` into the same failure as `cause`; its method stays.
void api_result_blame(ApiResult *result, const ApiResult *cause);
// Frees the answer, if there is one.
void api_result_clear_json(ApiResult *result);
// Masks every secret that the process knows (base/secrets) in errmsg, and in rid.
void api_result_mask_known(ApiResult *result);
// Masks `secret` in both. A secret of under 8 bytes, which may be an ordinary word, stays.
void api_result_mask(ApiResult *result, Str secret);
// Takes the platform's request id out of errmsg ("... rid: 60f1...").
void api_result_find_rid(ApiResult *result);
// Takes ownership of the answer as the result of a download, with its type and file name.
void api_result_take_download(ApiResult *result, ClientResult *answer);

#endif
