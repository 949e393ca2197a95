// Which pages a script serves (wechat.route): method and path, and a number that stands for the function.
// HTTP threads look while the script runs, so it has a mutex of its own, held for a few comparisons.
// page.h is for the layers above.
#ifndef WEMOON_SCRIPT_ROUTES_H
#define WEMOON_SCRIPT_ROUTES_H

#include "base/str.h"
#include "script/page.h"

typedef struct Routes Routes;

Routes *routes_new(void);          // NULL without memory
void routes_free(Routes *routes);  // NULL is allowed
// Adds a page, or puts `function` in the place of the one that was there: *replaced is that one's number,
// else it stays as it was. `method` is in upper case, or "*". False without memory.
bool routes_add(Routes *routes, Str method, Str path, int function, int *replaced);
// The page for a request: of its method, else for HEAD of GET, else of "*", else the one of "*" and the path
// "*". With PAGE_FOUND sets *function, unless that is NULL. With PAGE_OTHER_METHOD `allow` (NULL with size 0 for
// none) gets the methods that the path has ("GET, HEAD, POST"), as many as fit.
PageMatch routes_find(Routes *routes, Str method, Str path, int *function, char *allow,
                      size_t size);

#endif
