// The form keeps a value's exact bytes.
#include "cli/store_line.h"

#include "codec/base64.h"
#include "codec/json.h"

static bool is_text(Str text) {
  for (size_t at = 0; at < text.len;) {
    bool valid;
    at += str_utf8_len(str_sub(text, at, text.len), &valid);
    if (!valid) return false;
  }
  return true;
}

static void add_base64(Buf *out, const char *name, Str bytes) {
  buf_printf(out, "\"%s\":\"", name);
  base64_encode(out, bytes);
  buf_addc(out, '"');
}

// Adds the value as a member of the line; false if that would not keep its bytes.
static bool add_json(Buf *out, Str value) {
  JsonDoc *doc = json_parse(value, NULL);
  Buf again;
  buf_init(&again);
  if (doc) json_add_value(&again, json_root(doc));
  bool same = doc && !again.failed && str_eq(buf_str(&again), value);
  if (same) buf_add(out, STR("\"value\":"));
  if (same) buf_add(out, value);
  buf_clear(&again);
  json_free(doc);
  return same;
}

static void add_value(Buf *out, Str value) {
  if (add_json(out, value)) return;
  if (!is_text(value)) {
    add_base64(out, "base64", value);
    return;
  }
  buf_add(out, STR("\"text\":"));
  json_add_string(out, value);
}

void store_line_add(Buf *out, const StoreLine *line) {
  buf_addc(out, '{');
  if (is_text(line->key)) buf_add(out, STR("\"key\":"));
  if (is_text(line->key)) json_add_string(out, line->key);
  else add_base64(out, "key_base64", line->key);
  if (line->space == STORE_OWN) buf_add(out, STR(",\"own\":true"));
  if (line->has_value) buf_addc(out, ',');
  if (line->has_value) add_value(out, line->value);
  // Rounded to the nearest second: an import adds the milliseconds until it writes the value, and the next export has
  // to print the same second.
  if (line->expires_ms)
    buf_printf(out, ",\"expires_at\":%lld", (long long)((line->expires_ms + 500) / 1000));
  buf_add(out, STR("}\n"));
}

// ---- reading ------------------------------------------------------------------------------------

static bool take_string(const Json *object, const char *name, Buf *out) {
  const Json *member = json_get(object, str_of(name));
  if (!member || json_kind(member) != JSON_STRING) return false;
  buf_add(out, json_string(member));
  return true;
}

static bool take_base64(const Json *object, const char *name, Buf *out) {
  const Json *member = json_get(object, str_of(name));
  return member && json_kind(member) == JSON_STRING &&
         base64_decode(out, json_string(member), false);
}

static bool take_value(const Json *object, Buf *out) {
  const Json *value = json_get(object, STR("value"));
  if (value) json_add_value(out, value);
  return value || take_string(object, "text", out) || take_base64(object, "base64", out);
}

static bool is_time(const Json *seconds) {
  return json_kind(seconds) == JSON_INT && json_int(seconds) > 0 &&
         json_int(seconds) <= INT64_MAX / 1000;
}

static bool take_members(const Json *object, StoreLineDoc *out, Err *err) {
  const Json *own = json_get(object, STR("own")), *ends = json_get(object, STR("expires_at"));
  if (!take_string(object, "key", &out->key) && !take_base64(object, "key_base64", &out->key))
    return err_set(err, ERR_INVALID, "\"key\" is missing");
  if (!take_value(object, &out->value))
    return err_set(err, ERR_INVALID, "\"value\" is missing: import reads what export wrote");
  if (ends && !is_time(ends))
    return err_set(err, ERR_INVALID, "\"expires_at\" is not a time in Unix seconds");
  out->line = (StoreLine){
    .space = own && json_kind(own) == JSON_BOOL && json_bool(own) ? STORE_OWN : STORE_SCRIPT,
    .key = buf_str(&out->key),
    .value = buf_str(&out->value),
    .has_value = true,
    .expires_ms = ends ? json_int(ends) * 1000 : 0,
  };
  return (!out->key.failed && !out->value.failed) || err_set(err, ERR_MEMORY, "no memory");
}

bool store_line_parse(Str text, StoreLineDoc *out, Err *err) {
  JsonDoc *doc = json_parse(text, err);
  if (!doc) return false;
  buf_init(&out->key);
  buf_init(&out->value);
  bool ok = take_members(json_root(doc), out, err);
  if (!ok) store_line_free(out);
  json_free(doc);
  return ok;
}

void store_line_free(StoreLineDoc *doc) {
  buf_clear(&doc->key);
  buf_clear(&doc->value);
}
