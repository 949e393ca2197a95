// Checks Host, Origin and Sec-Fetch headers.
#include "dev/origin.h"

static const char *const hosts[] = { "localhost", "127.0.0.1", "[::1]", NULL };

bool origin_host_fits(Str host, int port) {
  for (size_t i = 0; hosts[i]; i++) {
    Str name = str_of(hosts[i]);
    if (!str_eq_nocase(str_sub(host, 0, name.len), name)) continue;
    Str rest = str_sub(host, name.len, host.len);
    int64_t number;
    if (rest.len == 0) return port == 80;
    return rest.ptr[0] == ':' && str_to_int64(str_sub(rest, 1, rest.len), &number) &&
           number == port;
  }
  return false;
}

// Whether it is a page of this server. Its address may be written differently from the requested one.
static bool is_own_origin(Str origin, int port) {
  Str scheme = STR("http://");
  return str_starts(origin, scheme) &&
         origin_host_fits(str_sub(origin, scheme.len, origin.len), port);
}

// A link that the user follows, or an address that they type: the other site does not see the page.
static bool is_visit(const HttpRequest *head) {
  return str_eq(head->method, STR("GET")) &&
         str_eq(server_header(head, "Sec-Fetch-Mode"), STR("navigate")) &&
         str_eq(server_header(head, "Sec-Fetch-Dest"), STR("document"));
}

const char *origin_fault(const HttpRequest *head, int port, bool any_site) {
  if (!origin_host_fits(server_header(head, "Host"), port))
    return "its Host header is none of this server's names (localhost, 127.0.0.1, [::1], with the "
           "port)";
  if (any_site) return NULL;
  Str origin = server_header(head, "Origin"), site = server_header(head, "Sec-Fetch-Site");
  if (origin.len && !is_own_origin(origin, port))
    return "a page of another site asks for it (Origin)";
  bool own_site = site.len == 0 || str_eq(site, STR("same-origin")) || str_eq(site, STR("none"));
  if (own_site || is_visit(head)) return NULL;
  return "a page of another site asks for it (Sec-Fetch-Site)";
}

bool origin_is_loopback(Str listen) {
  bool has_host = str_find(listen, STR(":")) >= 0;
  return !has_host || str_starts(listen, STR("127.")) || str_starts(listen, STR("[::1]:"));
}
