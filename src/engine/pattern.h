// Lua 5.4's patterns (reference manual, §6.4.1), matched in counted steps, so that a match that would take hours can
// be stopped. Works on bytes alone, without a Lua state.
//
// The results are the same as those of Lua's own matcher, errors in a pattern included: an error is reported only when
// the match reaches it. The matcher neither allocates nor recurses.
#ifndef WEMOON_ENGINE_PATTERN_H
#define WEMOON_ENGINE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

enum {
  PATTERN_CAPTURES_MAX = 32,
  PATTERN_STEPS = 20000  // between two calls of `keep_going`: less than 0.1 ms
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
  ptrdiff_t len;  // or CAPTURE_OPEN: not closed by ')' yet; CAPTURE_POSITION: "()"
} PatternCapture;

typedef struct {
  const char *subject, *subject_end;
  const char *start, *end;  // of the match
  int count;                // the number of captures
  PatternCapture captures[PATTERN_CAPTURES_MAX];
  char fault[48];
  // Private to pattern.c.
  const char *pattern, *pattern_end;
  bool (*keep_going)(void *ctx);
  void *ctx;
  int steps;  // left until the next call of keep_going
  int head;   // whether the pattern's first item can be searched for (has_head)
  bool anchored;
} Pattern;

// Prepares `m` to match `pattern`. Pattern and subject must outlive `m`. With `anchors`, a leading '^' anchors the
// match to the beginning of the search. `keep_going` is called every PATTERN_STEPS steps.
void pattern_init(Pattern *m, const char *pattern, size_t len, bool anchors,
                  bool (*keep_going)(void *ctx), void *ctx);
void pattern_set_subject(Pattern *m, const char *subject, size_t len);
// Finds the first match that begins at `from` or later. A match that ends at `not_end` is skipped (NULL: none is).
PatternEnd pattern_search(Pattern *m, const char *from, const char *not_end);
// Finds the pattern as plain text at `from` or later. Sets `start` and `end`; there are no captures.
PatternEnd pattern_search_plain(Pattern *m, const char *from);
// Whether the pattern has no magic character, so that pattern_search_plain finds the same.
bool pattern_is_plain(const Pattern *m);
// Returns capture `i`, counted from 0. If the pattern has no captures, capture 0 is the whole match. False, with
// `fault` set, if there is no such capture or it is not closed.
bool pattern_capture(Pattern *m, int i, PatternCapture *capture);
// Counts `steps` of work that the caller does with a match. False if keep_going stopped it.
bool pattern_count(Pattern *m, size_t steps);

#endif
