// Lua 5.4's patterns (reference manual, §6.4.1), matched in counted steps, so that a match that would take
// hours can be stopped. Bytes in, captures out; no Lua.
//
// What Lua's own matcher finds, this one finds, faults of a pattern included: a fault counts only once the
// match reaches it. Nothing is allocated and nothing recurses.
#ifndef WEMOON_ENGINE_PATTERN_H
#define WEMOON_ENGINE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

enum {
  PATTERN_CAPTURES_MAX = 32,
  PATTERN_STEPS = 20000  // between two calls of `keep_going`: less than a tenth of a millisecond
};

typedef enum {
  PATTERN_FAILED,
  PATTERN_MATCHED,
  PATTERN_INVALID,  // `fault` says what is wrong
  PATTERN_STOPPED   // `keep_going` returned false
} PatternEnd;

enum { CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

typedef struct {
  const char *start;
  ptrdiff_t len;  // or CAPTURE_OPEN: its ')' is missing; CAPTURE_POSITION: of "()"
} PatternCapture;

typedef struct {
  const char *subject, *subject_end;
  const char *start, *end;  // of the match
  int count;                // of captures
  PatternCapture captures[PATTERN_CAPTURES_MAX];
  char fault[48];
  // The matcher's own.
  const char *pattern, *pattern_end;
  bool (*keep_going)(void *ctx);
  void *ctx;
  int steps;  // left before it is asked
  int head;   // whether the first item tells where a match can begin
  bool anchored;
} Pattern;

// Prepares to match `pattern`, which is to outlive it, as is the subject. With `anchors` a '^' in front ties
// the match to where the search begins. `keep_going` is asked every PATTERN_STEPS steps.
void pattern_init(Pattern *m, const char *pattern, size_t len, bool anchors,
                  bool (*keep_going)(void *ctx), void *ctx);
void pattern_set_subject(Pattern *m, const char *subject, size_t len);
// The first match that begins at `from` or after it, but none that ends at `not_end` (NULL: any).
PatternEnd pattern_search(Pattern *m, const char *from, const char *not_end);
// The first `text` at `from` or after it, byte for byte: `start` and `end`, without captures.
PatternEnd pattern_search_plain(Pattern *m, const char *from);
// Whether the pattern has no magic character: pattern_search_plain then finds the same.
bool pattern_is_plain(const Pattern *m);
// Capture `i`, from 0; the whole match is the first one of a pattern without any. False with `fault`.
bool pattern_capture(Pattern *m, int i, PatternCapture *capture);
// Counts work done with the match outside. False: stopped.
bool pattern_count(Pattern *m, size_t steps);

#endif
