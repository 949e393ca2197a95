// Any bytes as a JSON text: a refusal with a reason, or a value that reads back the same after it was
// written.
#include <stdlib.h>

#include "codec/json.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void write_value(Buf *out, const Json *value, int depth) {
  must(depth <= JSON_DEPTH_MAX);
  JsonKind kind = json_kind(value);
  bool object = kind == JSON_OBJECT;
  size_t count = 0;
  switch (kind) {
    case JSON_NULL: buf_add(out, STR("null")); return;
    case JSON_BOOL: buf_add(out, json_bool(value) ? STR("true") : STR("false")); return;
    case JSON_INT: buf_add_int(out, json_int(value)); return;
    case JSON_REAL: json_add_real(out, json_real(value)); return;
    case JSON_STRING: json_add_string(out, json_string(value)); return;
    case JSON_ARRAY:
    case JSON_OBJECT: break;
  }
  buf_addc(out, object ? '{' : '[');
  for (const Json *member = json_first(value); member; member = json_next(member)) {
    if (count++) buf_addc(out, ',');
    if (object) {
      must(json_get(value, json_key(member)) != NULL);
      json_add_string(out, json_key(member));
      buf_addc(out, ':');
    }
    write_value(out, member, depth + 1);
  }
  must(count == json_count(value));
  buf_addc(out, object ? '}' : ']');
}

static bool rewrite(Str text, Buf *out) {
  Err err = { 0 };
  JsonDoc *doc = json_parse(text, &err);
  if (!doc) must(err.code == ERR_INVALID && err.text[0]);
  else write_value(out, json_root(doc), 0);
  json_free(doc);
  return doc != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // json_get is linear: an object of a million names would take its time here.
  if (size > 4096) return 0;
  Buf once, twice;
  buf_init(&once);
  buf_init(&twice);
  if (rewrite(str_make((const char *)data, size), &once)) {
    must(rewrite(buf_str(&once), &twice));
    must(str_eq(buf_str(&once), buf_str(&twice)));
  }
  buf_clear(&once);
  buf_clear(&twice);
  return 0;
}
