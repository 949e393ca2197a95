// A list of pages under a mutex: scripts have few pages, and a search compares lengths first.
#include "script/routes.h"

#include "base/mutex.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct Route {
  struct Route *next;
  Str method, path;  // in `text`
  int function;
  char text[];
} Route;

struct Routes {
  pthread_mutex_t mutex;
  Route *first;
  Route **end;  // where the next page is appended: Allow lists methods in the script's order
};

Routes *routes_new(void) {
  Routes *routes = calloc(1, sizeof *routes);
  if (!routes) return NULL;
  mutex_init_brief(&routes->mutex);
  routes->end = &routes->first;
  return routes;
}

void routes_free(Routes *routes) {
  if (!routes) return;
  for (Route *route = routes->first, *next; route; route = next) {
    next = route->next;
    free(route);
  }
  pthread_mutex_destroy(&routes->mutex);
  free(routes);
}

static Route *route_new(Str method, Str path, int function) {
  Route *route = malloc(sizeof *route + method.len + path.len);
  if (!route) return NULL;
  memcpy(route->text, method.ptr, method.len);
  memcpy(route->text + method.len, path.ptr, path.len);
  route->method = str_make(route->text, method.len);
  route->path = str_make(route->text + method.len, path.len);
  route->function = function;
  route->next = NULL;
  return route;
}

static Route *find_exact(Routes *routes, Str method, Str path) {
  Route *route = routes->first;
  while (route && !(str_eq(route->path, path) && str_eq(route->method, method)))
    route = route->next;
  return route;
}

bool routes_add(Routes *routes, Str method, Str path, int function, int *replaced) {
  Route *fresh = route_new(method, path, function);
  if (!fresh) return false;
  pthread_mutex_lock(&routes->mutex);
  Route *found = find_exact(routes, method, path);
  if (found) {
    *replaced = found->function;
    found->function = function;
  } else {
    *routes->end = fresh;
    routes->end = &fresh->next;
  }
  pthread_mutex_unlock(&routes->mutex);
  if (found) free(fresh);
  return true;
}

static void allow_add(char *allow, size_t size, Str method) {
  size_t used = strlen(allow);
  if (used + method.len + 3 > size) return;
  snprintf(allow + used, size - used, "%s%.*s", used ? ", " : "", STR_FMT(method));
}

// Lists the methods of a path, with HEAD if it has GET. Returns false if the path has none.
static bool list_methods(Routes *routes, Str path, char *allow, size_t size) {
  bool any = false;
  if (size > 0) allow[0] = '\0';
  for (Route *route = routes->first; route; route = route->next) {
    if (!str_eq(route->path, path)) continue;
    any = true;
    if (size == 0) continue;
    allow_add(allow, size, route->method);
    if (str_eq(route->method, STR("GET")) && !find_exact(routes, STR("HEAD"), path))
      allow_add(allow, size, STR("HEAD"));
  }
  return any;
}

PageMatch routes_find(Routes *routes, Str method, Str path, int *function, char *allow,
                      size_t size) {
  pthread_mutex_lock(&routes->mutex);
  Route *route = find_exact(routes, method, path);
  if (!route && str_eq(method, STR("HEAD"))) route = find_exact(routes, STR("GET"), path);
  if (!route) route = find_exact(routes, STR("*"), path);
  if (!route) route = find_exact(routes, STR("*"), STR("*"));
  if (route && function) *function = route->function;
  PageMatch match = route                                     ? PAGE_FOUND
                    : list_methods(routes, path, allow, size) ? PAGE_OTHER_METHOD
                                                              : PAGE_NONE;
  pthread_mutex_unlock(&routes->mutex);
  return match;
}
