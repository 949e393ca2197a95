// Memory that need not be resident.
#ifndef WEMOON_BASE_PAGES_H
#define WEMOON_BASE_PAGES_H

#include <stddef.h>

// Gives back the whole pages in `start` to `start` + `len`. What of them is read next is what is in the file that they
// are mapped from, or zeros.
void pages_give_back(const void *start, size_t len);
// Gives back those of them that hold nothing but zeros. No other thread writes there meanwhile.
void pages_give_back_zeros(const void *start, size_t len);

#endif
