// Any bytes in the place of a head: there is always something to say of them.
#include <stdlib.h>

#include "net/bad_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *reason = bad_head_reason(str_make((const char *)data, size));
  if (!reason || !reason[0]) abort();
  return 0;
}
