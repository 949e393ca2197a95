// A result is allocated before its call begins, so that a call always has one.
#include "api/result.h"

#include "base/secrets.h"
#include "net/answer_bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MASKED_LEAST = 8 };

const char *api_kind_name(ApiKind kind) {
  static const char *const names[] = {
    [API_OK] = "ok",           [API_REFUSED] = "api",         [API_NETWORK] = "network",
    [API_TIMEOUT] = "timeout", [API_HTTP] = "http",           [API_JSON] = "json",
    [API_UNKNOWN] = "unknown", [API_CANCELLED] = "cancelled",
  };
  return names[kind];
}

ApiResult *api_result_new(Str method) {
  ApiResult *result = calloc(1, sizeof(*result));
  if (!result) return NULL;
  snprintf(result->method, sizeof(result->method), "%.*s", STR_FMT(method));
  return result;
}

void api_result_clear_json(ApiResult *result) {
  json_free(result->json);
  result->json = NULL;
  answer_json_hold(&result->json_counted, 0);
}

void api_result_free(ApiResult *result) {
  if (!result) return;
  api_result_clear_json(result);
  client_result_free(result->body);
  buf_clear(&result->errmsg);
  buf_clear(&result->content_type);
  buf_clear(&result->filename);
  free(result);
}

static void clear_answer(ApiResult *result) {
  api_result_clear_json(result);
  client_result_free(result->body);
  result->body = NULL;
  buf_reset(&result->errmsg);
}

ApiResult *api_result_fail(ApiResult *result, ApiKind kind, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  clear_answer(result);
  result->kind = kind;
  buf_add(&result->errmsg, str_of(text));
  return result;
}

void api_result_blame(ApiResult *result, const ApiResult *cause) {
  clear_answer(result);
  result->kind = cause->kind;
  result->errcode = cause->errcode;
  result->status = cause->status;
  memcpy(result->rid, cause->rid, sizeof(result->rid));
  if (cause->kind != API_REFUSED) buf_add(&result->errmsg, STR("fetching the token: "));
  buf_add(&result->errmsg, buf_str(&cause->errmsg));
}

static void replace_errmsg(ApiResult *result, Buf *masked) {
  if (masked->failed) buf_reset(masked);
  buf_clear(&result->errmsg);
  result->errmsg = *masked;
  if (result->rid[0]) api_result_find_rid(result);
}

void api_result_mask_known(ApiResult *result) {
  Buf masked;
  buf_init(&masked);
  if (secrets_mask_known(buf_str(&result->errmsg), &masked)) replace_errmsg(result, &masked);
}

void api_result_mask(ApiResult *result, Str secret) {
  Str text = buf_str(&result->errmsg);
  ptrdiff_t at;
  if (secret.len < MASKED_LEAST || str_find(text, secret) < 0) return;
  Buf masked;
  buf_init(&masked);
  while ((at = str_find(text, secret)) >= 0) {
    buf_add(&masked, str_sub(text, 0, (size_t)at));
    secrets_mask(&masked, secret);
    text = str_sub(text, (size_t)at + secret.len, text.len);
  }
  buf_add(&masked, text);
  replace_errmsg(result, &masked);
}

void api_result_find_rid(ApiResult *result) {
  Str text = buf_str(&result->errmsg);
  ptrdiff_t at = str_find(text, STR("rid:"));
  if (at < 0) return;
  Str rid = str_trim(str_sub(text, (size_t)at + 4, text.len));
  size_t len = 0;
  while (len < rid.len && len + 1 < sizeof(result->rid) && (unsigned char)rid.ptr[len] > ' ') len++;
  memcpy(result->rid, rid.ptr, len);
  result->rid[len] = 0;
}

// attachment; filename="a.jpg"
static Str filename_in(Str disposition) {
  ptrdiff_t at = str_find(disposition, STR("filename="));
  if (at < 0) return (Str){ 0 };
  Str name, rest, text = str_sub(disposition, (size_t)at + 9, disposition.len);
  if (text.len && text.ptr[0] == '"') {
    str_cut(str_sub(text, 1, text.len), '"', &name, &rest);
    return name;
  }
  str_cut(text, ';', &name, &rest);
  return str_trim(name);
}

void api_result_take_download(ApiResult *result, ClientResult *answer) {
  Str type = { 0 }, disposition = { 0 };
  pairs_get_nocase(&answer->headers, STR("Content-Type"), &type);
  pairs_get_nocase(&answer->headers, STR("Content-Disposition"), &disposition);
  buf_add(&result->content_type, type);
  buf_add(&result->filename, filename_in(disposition));
  result->body = answer;
}
