#include "cli/reference.h"

#include "cli/config.h"
#include "codec/json.h"

static void add_member(Buf *out, const char *name, Str value) {
  buf_printf(out, ",\"%s\":", name);
  json_add_string(out, value);
}

static void add_key(Buf *out, const ConfigKey *key) {
  Buf help;
  buf_init(&help);
  config_add_help(key, &help);
  buf_add(out, STR("{\"name\":"));
  json_add_string(out, str_of(key->name));
  if (key->fallback) add_member(out, "default", str_of(key->fallback));
  add_member(out, "help", buf_str(&help));
  buf_addc(out, '}');
  buf_clear(&help);
}

void reference_about(const char *lang, Buf *out) {
  buf_printf(out, "{\"lang\":\"%s\",\"version\":\"%s\",\"keys\":[", lang, WEMOON_VERSION);
  for (const ConfigKey *key = config_keys; key->name; key++) {
    if (key != config_keys) buf_addc(out, ',');
    add_key(out, key);
  }
  buf_add(out, STR("]}"));
}
