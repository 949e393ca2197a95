// The pages that a script serves (wechat.route): method, path, and the registry index of the function. HTTP threads
// search the table while the script runs, so it has its own mutex, held for a few comparisons. The layers above use
// page.h.
#ifndef WEMOON_SCRIPT_ROUTES_H
#define WEMOON_SCRIPT_ROUTES_H

#include "base/str.h"
#include "script/page.h"

typedef struct Routes Routes;

Routes *routes_new(void);          // NULL without memory
void routes_free(Routes *routes);  // NULL is allowed
// Adds a page, or replaces the function of an existing page: then *replaced gets the old function; otherwise it is
// unchanged. `method` is in upper case, or "*". Returns false without memory.
bool routes_add(Routes *routes, Str method, Str path, int function, int *replaced);
// Finds the page for a request: with its method; else, for HEAD, with GET; else with method "*"; else with method "*"
// and path "*". With PAGE_FOUND sets *function, unless `function` is NULL. With PAGE_OTHER_METHOD `allow` (NULL with
// size 0 for none) gets the methods of the path ("GET, HEAD, POST"), as many as fit.
PageMatch routes_find(Routes *routes, Str method, Str path, int *function, char *allow,
                      size_t size);

#endif
