// The list of backends, and which of them a URL belongs to.
#include <string.h>

#include "store/backend.h"

// All backends. Each is the StoreBackend of that name, in a file of its own.
#define BACKENDS(EACH) EACH(store_memory) EACH(store_sqlite) EACH(store_redis)

#define DECLARE(backend) extern const StoreBackend backend;
#define ADDRESS(backend) &(backend),
BACKENDS(DECLARE)
static const StoreBackend *const backends[] = { BACKENDS(ADDRESS) };

static bool has_scheme(const StoreBackend *backend, Str url) {
  for (const char *const *form = backend->forms; *form; form++) {
    if (str_starts(url, str_make(*form, strcspn(*form, ":") + 1))) return true;
  }
  return false;
}

void store_url_forms(Buf *out) {
  for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
    for (const char *const *form = backends[i]->forms; *form; form++) {
      if (out->len) buf_add(out, STR(", "));
      buf_add(out, str_of(*form));
    }
  }
}

// What is left out of a path is "sqlite:". A URL, which may hold a password, is no path.
static bool is_path(Str url) {
  static const char *const starts[] = { "/", "./", "../", NULL };
  static const char *const ends[] = { ".db", ".sqlite", ".sqlite3", NULL };
  if (str_find(url, STR(":")) >= 0 || str_starts(url, STR("//"))) return false;
  for (size_t i = 0; starts[i]; i++) {
    if (str_starts(url, str_of(starts[i])) || str_ends(url, str_of(ends[i]))) return true;
  }
  return false;
}

static bool refuse_url(Str url, Err *err) {
  if (is_path(url))
    return err_set(err, ERR_USAGE, "a path alone is not the URL of a store: write sqlite:%.*s",
                   STR_FMT(url));
  Buf forms;
  buf_init(&forms);
  store_url_forms(&forms);
  err_set(err, ERR_USAGE, "the URL is not that of a store: write one of %.*s",
          STR_FMT(buf_str(&forms)));
  buf_clear(&forms);
  return false;
}

static const StoreBackend *find_backend(Str url) {
  for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
    if (has_scheme(backends[i], url)) return backends[i];
  }
  return NULL;
}

const char *store_url_own(Str url) {
  const StoreBackend *backend = find_backend(url);
  return backend && !backend->shared ? backend->forms[0] : NULL;
}

const StoreBackend *store_backend_of(Str url, Err *err) {
  const StoreBackend *backend = find_backend(url);
  if (backend ? backend->check(url, err) : refuse_url(url, err)) return backend;
  return NULL;
}

bool store_url_check(Str url, Err *err) { return store_backend_of(url, err) != NULL; }

bool store_would_open(Str url, Err *err) {
  const StoreBackend *backend = store_backend_of(url, err);
  if (!backend) return err_wrap(err, "store");
  return !backend->probe || backend->probe(url, err);
}
