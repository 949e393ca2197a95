// The bytes of whole answers that this process holds in memory: of all clients together, until the results are freed. A
// script's memory has a limit of its own, but an answer is outside it until the script is given it.
#ifndef WEMOON_NET_ANSWER_BYTES_H
#define WEMOON_NET_ANSWER_BYTES_H

#include <stdbool.h>
#include <stddef.h>

enum {
  ANSWER_BYTES_MAX = 256 << 20,
  ANSWER_JSON_MAX = 512 << 20,
  ANSWER_JSON_SMALL = 4 << 20,  // an answer that becomes no more than that...
  ANSWER_JSON_SPARE =
      16 << 20,  // ...may go so far beyond, so that large ones hold it up for nothing
  ANSWER_BYTES_SMALL = 64 << 10  // an answer of up to so many is not counted
};

// Says that an answer of which *counted bytes are counted holds `now` bytes. False, with nothing changed, if all
// answers together would go beyond ANSWER_BYTES_MAX; never for fewer bytes than before. From any thread.
bool answer_bytes_hold(size_t *counted, size_t now);
// The same for what JSON answers become once they are read (json_cost), up to ANSWER_JSON_MAX: "[1,1,..." grows a
// hundredfold. Small ones count too, up to ANSWER_JSON_SPARE more.
bool answer_json_hold(size_t *counted, size_t now);

#endif
