// Lua's patterns without recursion (backtracking): a walk goes through subject and pattern in parallel and pushes a
// record wherever the match could continue differently. At a dead end it returns to the latest record.
#include "engine/pattern.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_UNKNOWN, HEAD_MISSING, HEAD_THERE };

// The recursion limit of Lua's own matcher.
enum { RECORDS_MAX = 199 };

typedef enum { ADVANCED, DEAD_END, BROKEN, INTERRUPTED } Outcome;

// A pattern item that matches one character: [p, end), without its suffix.
typedef struct {
  const char *p, *end;
  int weight;  // the steps of testing one character
} Item;

typedef enum { OPENED, CLOSED, OPTIONAL, LONGEST, SHORTEST } RecordKind;

typedef struct {
  RecordKind kind;
  int capture;       // of CLOSED
  const char *s;     // where in the subject the next attempt continues
  const char *next;  // where in the pattern
  union {
    const char *least;  // of LONGEST: the end of the shortest repetition
    Item item;          // of SHORTEST: the repeated item
  };
} Record;

typedef struct {
  const char *s, *p;
  int depth;
  Record records[RECORDS_MAX];
} Walk;

static Outcome invalid(Pattern *m, const char *what) {
  snprintf(m->fault, sizeof m->fault, "%s", what);
  return BROKEN;
}

// ---- steps --------------------------------------------------------------------------------------

static bool ask(Pattern *m) {
  m->steps = PATTERN_STEPS;
  return m->keep_going(m->ctx);
}

static inline bool spend(Pattern *m, int steps) {
  m->steps -= steps;
  return m->steps >= 0 || ask(m);
}

bool pattern_count(Pattern *m, size_t steps) {
  return spend(m, steps > PATTERN_STEPS ? PATTERN_STEPS : (int)steps);
}

// ---- one character ------------------------------------------------------------------------------

// The character classes of <ctype.h> in the "C" locale, whatever the locale of the process.
enum {
  LOWER = 0x01,
  UPPER = 0x02,
  DIGIT = 0x04,
  SPACE = 0x08,
  CNTRL = 0x10,
  PUNCT = 0x20,
  HEX = 0x40,  // letters
  ZERO = 0x80,
  ALPHA = LOWER | UPPER,
  ALNUM = ALPHA | DIGIT
};

static const unsigned char kinds[256] = {
  // clang-format off
  0x90, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x10, 0x10,
  0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
  0x08, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
  0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
  0x20, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
  0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x20, 0x20, 0x20, 0x20, 0x20,
  0x20, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
  0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x20, 0x20, 0x20, 0x20, 0x10,
  // clang-format on
};

// By lower-case letter; 0: the letter stands for itself. %z comes from Lua 5.1; Lua 5.4 still accepts it.
static const unsigned char classes[26] = {
  ['a' - 'a'] = ALPHA, ['c' - 'a'] = CNTRL,       ['d' - 'a'] = DIGIT, ['g' - 'a'] = ALNUM | PUNCT,
  ['l' - 'a'] = LOWER, ['p' - 'a'] = PUNCT,       ['s' - 'a'] = SPACE, ['u' - 'a'] = UPPER,
  ['w' - 'a'] = ALNUM, ['x' - 'a'] = DIGIT | HEX, ['z' - 'a'] = ZERO,
};

static inline unsigned char class_kinds(unsigned char name) {
  unsigned letter = (name | 0x20u) - 'a';
  return letter < sizeof classes ? classes[letter] : 0;
}

static inline bool class_has(unsigned char name, unsigned char c) {
  unsigned char wanted = class_kinds(name);
  if (!wanted) return name == c;
  return !(kinds[c] & wanted) == !(name & 0x20);
}

// Whether the set contains `c`. `p` points to the '[', `last` to the closing ']'.
static bool set_has(const char *p, const char *last, unsigned char c) {
  bool has = p[1] != '^';
  for (p += has ? 1 : 2; p < last; p++) {
    unsigned char from = (unsigned char)*p;
    if (from == '%') {
      if (class_has((unsigned char)*++p, c)) return has;
    } else if (p[1] == '-' && p + 2 < last) {
      p += 2;
      if (from <= c && c <= (unsigned char)*p) return has;
    } else if (from == c) {
      return has;
    }
  }
  return !has;
}

static inline bool item_has(Item item, unsigned char c) {
  switch (*item.p) {
    case '.': return true;
    case '%': return class_has((unsigned char)item.p[1], c);
    case '[': return set_has(item.p, item.end - 1, c);
    default: return (unsigned char)*item.p == c;
  }
}

// Returns the position after the closing ']' of the set at `p`, or NULL if it is missing. A ']' that comes first in a
// set does not close it.
static const char *set_end(const Pattern *m, const char *p) {
  const char *end = m->pattern_end;
  if (++p < end && *p == '^') p++;
  do {
    if (p >= end) return NULL;
    p += *p == '%' && p + 1 < end ? 2 : 1;
  } while (p >= end || *p != ']');
  return p + 1;
}

static bool read_item(Pattern *m, const char *p, Item *item) {
  *item = (Item){ p, p + 1, 1 };
  if (*p == '%') {
    item->end = p + 2;
    if (p + 1 < m->pattern_end) return true;
    return invalid(m, "malformed pattern (ends with '%')"), false;
  }
  if (*p != '[') return true;
  item->end = set_end(m, p);
  if (!item->end) return invalid(m, "malformed pattern (missing ']')"), false;
  size_t weight = 1 + (size_t)(item->end - p) / 16;
  item->weight = weight > PATTERN_STEPS ? PATTERN_STEPS : (int)weight;
  return true;
}

// ---- runs of characters -------------------------------------------------------------------------

static const char *run_of_literal(const char *s, const char *stop, char c) {
  while (s < stop && *s == c) s++;
  return s;
}

static const char *run_of_class(const char *s, const char *stop, unsigned char name) {
  unsigned char wanted = class_kinds(name);
  bool has = name & 0x20;
  if (!wanted) return run_of_literal(s, stop, (char)name);
  while (s < stop && !!(kinds[(unsigned char)*s] & wanted) == has) s++;
  return s;
}

static const char *run_of_set(const char *s, const char *stop, Item item) {
  while (s < stop && set_has(item.p, item.end - 1, (unsigned char)*s)) s++;
  return s;
}

static const char *run_until(const char *s, const char *stop, Item item) {
  switch (*item.p) {
    case '%': return run_of_class(s, stop, (unsigned char)item.p[1]);
    case '[': return run_of_set(s, stop, item);
    default: return run_of_literal(s, stop, *item.p);
  }
}

typedef const char *ScanFn(const char *s, const char *stop, Item item);

// Returns where `fn` stops, from `s` on; NULL if keep_going stopped it. Works in pieces that are counted as steps.
static inline const char *scan(Pattern *m, const char *s, Item item, ScanFn *fn) {
  for (;;) {
    ptrdiff_t most = item.weight == 1 ? PATTERN_STEPS : PATTERN_STEPS / item.weight;
    bool all = m->subject_end - s <= most;
    const char *stop = all ? m->subject_end : s + most, *end = fn(s, stop, item);
    if (!spend(m, (int)(end - s) * item.weight)) return NULL;
    if (end < stop || all) return end;
    s = end;
  }
}

// Returns the end of the run of characters that match `item`, from `s` on; NULL if keep_going stopped it.
static const char *run_end(Pattern *m, const char *s, Item item) {
  return *item.p == '.' ? m->subject_end : scan(m, s, item, run_until);
}

// ---- one item of the pattern --------------------------------------------------------------------

// Pushes a record. NULL, with the fault set, if there are RECORDS_MAX already.
static Record *leave_record(Pattern *m, Walk *walk, RecordKind kind, const char *s,
                            const char *next) {
  if (walk->depth == RECORDS_MAX) {
    invalid(m, "pattern too complex");
    return NULL;
  }
  Record *record = &walk->records[walk->depth++];
  record->kind = kind;
  record->s = s;
  record->next = next;
  return record;
}

static Outcome open_capture(Pattern *m, Walk *walk) {
  if (m->count == PATTERN_CAPTURES_MAX) return invalid(m, "too many captures");
  if (!leave_record(m, walk, OPENED, walk->s, NULL)) return BROKEN;
  bool position = walk->p + 1 < m->pattern_end && walk->p[1] == ')';
  m->captures[m->count++] = (PatternCapture){ walk->s, position ? CAPTURE_POSITION : CAPTURE_OPEN };
  walk->p += position ? 2 : 1;
  return ADVANCED;
}

static Outcome close_capture(Pattern *m, Walk *walk) {
  int i = m->count - 1;
  while (i >= 0 && m->captures[i].len != CAPTURE_OPEN) i--;
  if (i < 0) return invalid(m, "invalid pattern capture");
  Record *record = leave_record(m, walk, CLOSED, walk->s, NULL);
  if (!record) return BROKEN;
  record->capture = i;
  m->captures[i].len = walk->s - m->captures[i].start;
  walk->p++;
  return ADVANCED;
}

// Matches %bxy.
static Outcome match_balance(Pattern *m, Walk *walk) {
  if (m->pattern_end - walk->p < 4)
    return invalid(m, "malformed pattern (missing arguments to '%b')");
  char open = walk->p[2], close = walk->p[3];
  const char *s = walk->s;
  if (s == m->subject_end || *s != open) return DEAD_END;
  size_t depth = 1;
  while (++s < m->subject_end) {
    if (*s == close) {
      if (--depth == 0) break;
    } else if (*s == open) {
      depth++;
    }
  }
  if (!pattern_count(m, (size_t)(s - walk->s))) return INTERRUPTED;
  if (s == m->subject_end) return DEAD_END;
  walk->s = s + 1;
  walk->p += 4;
  return ADVANCED;
}

// Matches %f[set]. Beyond both ends of the subject, the character counts as '\0'.
static Outcome match_frontier(Pattern *m, Walk *walk) {
  const char *s = walk->s;
  Item set;
  walk->p += 2;
  if (walk->p == m->pattern_end || *walk->p != '[')
    return invalid(m, "missing '[' after '%f' in pattern");
  if (!read_item(m, walk->p, &set)) return BROKEN;
  if (!spend(m, set.weight)) return INTERRUPTED;
  unsigned char before = s == m->subject ? '\0' : (unsigned char)s[-1];
  unsigned char here = s == m->subject_end ? '\0' : (unsigned char)*s;
  if (item_has(set, before) || !item_has(set, here)) return DEAD_END;
  walk->p = set.end;
  return ADVANCED;
}

// Matches %1 to %9.
static Outcome match_capture(Pattern *m, Walk *walk) {
  int i = walk->p[1] - '1';
  if (i < 0 || i >= m->count || m->captures[i].len == CAPTURE_OPEN) {
    snprintf(m->fault, sizeof m->fault, "invalid capture index %%%d", i + 1);
    return BROKEN;
  }
  PatternCapture capture = m->captures[i];
  if (capture.len == CAPTURE_POSITION || m->subject_end - walk->s < capture.len) return DEAD_END;
  if (!pattern_count(m, (size_t)capture.len / 16)) return INTERRUPTED;
  if (memcmp(capture.start, walk->s, (size_t)capture.len) != 0) return DEAD_END;
  walk->s += capture.len;
  walk->p += 2;
  return ADVANCED;
}

static Outcome match_longest(Pattern *m, Walk *walk, Item item, const char *least) {
  const char *end = run_end(m, least, item);
  if (!end) return INTERRUPTED;
  Record *record = leave_record(m, walk, LONGEST, end, item.end + 1);
  if (!record) return BROKEN;
  record->least = least;
  walk->s = end;
  walk->p = item.end + 1;
  return ADVANCED;
}

static Outcome match_shortest(Pattern *m, Walk *walk, Item item) {
  Record *record = leave_record(m, walk, SHORTEST, walk->s, item.end + 1);
  if (!record) return BROKEN;
  record->item = item;
  walk->p = item.end + 1;
  return ADVANCED;
}

static Outcome match_optional(Pattern *m, Walk *walk, Item item, bool here) {
  walk->p = item.end + 1;
  if (!here) return ADVANCED;
  if (!leave_record(m, walk, OPTIONAL, walk->s, walk->p)) return BROKEN;
  walk->s++;
  return ADVANCED;
}

static inline Outcome match_item(Pattern *m, Walk *walk) {
  Item item;
  if (!read_item(m, walk->p, &item)) return BROKEN;
  if (!spend(m, item.weight)) return INTERRUPTED;
  char suffix = item.end < m->pattern_end ? *item.end : '\0';
  if (suffix == '*') return match_longest(m, walk, item, walk->s);
  if (suffix == '-') return match_shortest(m, walk, item);
  bool here = walk->s < m->subject_end && item_has(item, (unsigned char)*walk->s);
  if (suffix == '?') return match_optional(m, walk, item, here);
  if (!here) return DEAD_END;
  if (suffix == '+') return match_longest(m, walk, item, walk->s + 1);
  walk->s++;
  walk->p = item.end;
  return ADVANCED;
}

// Matches '$' at the end of the pattern.
static Outcome match_end(Pattern *m, Walk *walk) {
  walk->p++;
  return walk->s == m->subject_end ? ADVANCED : DEAD_END;
}

static inline Outcome advance(Pattern *m, Walk *walk) {
  char c = *walk->p, next = walk->p + 1 < m->pattern_end ? walk->p[1] : '\0';
  if (c == '(') return open_capture(m, walk);
  if (c == ')') return close_capture(m, walk);
  if (c == '%' && next == 'b') return match_balance(m, walk);
  if (c == '%' && next == 'f') return match_frontier(m, walk);
  if (c == '%' && next >= '0' && next <= '9') return match_capture(m, walk);
  if (c == '$' && walk->p + 1 == m->pattern_end) return match_end(m, walk);
  return match_item(m, walk);
}

// ---- backtracking -------------------------------------------------------------------------------

// Moves the walk to the record's next alternative. False if there is none left.
static bool retry(Pattern *m, Walk *walk, Record *record) {
  switch (record->kind) {
    case OPENED: m->count--; return false;
    case CLOSED: m->captures[record->capture].len = CAPTURE_OPEN; return false;
    case OPTIONAL: walk->depth--; break;
    case LONGEST:
      if (record->s == record->least) return false;
      record->s--;
      break;
    case SHORTEST:
      m->steps -= record->item.weight;
      if (record->s == m->subject_end || !item_has(record->item, (unsigned char)*record->s))
        return false;
      record->s++;
      break;
  }
  walk->s = record->s;
  walk->p = record->next;
  return true;
}

static bool go_back(Pattern *m, Walk *walk) {
  while (walk->depth > 0) {
    if (retry(m, walk, &walk->records[walk->depth - 1])) return true;
    walk->depth--;
  }
  return false;
}

static PatternEnd match_at(Pattern *m, Walk *walk, const char *s) {
  walk->s = s;
  walk->p = m->pattern;
  walk->depth = 0;
  m->count = 0;
  while (walk->p != m->pattern_end) {
    Outcome outcome = advance(m, walk);
    if (outcome == BROKEN) return PATTERN_INVALID;
    if (outcome == INTERRUPTED) return PATTERN_STOPPED;
    if (outcome == DEAD_END && !go_back(m, walk)) return PATTERN_FAILED;
  }
  m->start = s;
  m->end = walk->s;
  return PATTERN_MATCHED;
}

// ---- searching ----------------------------------------------------------------------------------

static bool is_magic(char c) {
  switch (c) {
    case '^':
    case '$':
    case '*':
    case '+':
    case '?':
    case '.':
    case '(':
    case '[':
    case '%':
    case '-': return true;
    default: return false;
  }
}

// Whether the pattern begins with a one-character item that must match (the head): a match can only begin where the
// head matches.
static bool has_head(const Pattern *m) {
  const char *p = m->pattern;
  if (m->anchored || p == m->pattern_end || *p == '.' || *p == '(' || *p == ')' || *p == '$')
    return false;
  const char *end = p + 1;
  if (*p == '[') end = set_end(m, p);
  if (*p == '%') {
    if (end == m->pattern_end || (*end >= '0' && *end <= '9') || *end == 'b' || *end == 'f')
      return false;
    end++;
  }
  return end && (end == m->pattern_end || (*end != '*' && *end != '?' && *end != '-'));
}

void pattern_init(Pattern *m, const char *pattern, size_t len, bool anchors,
                  bool (*keep_going)(void *ctx), void *ctx) {
  m->anchored = anchors && len > 0 && *pattern == '^';
  m->pattern = pattern + m->anchored;
  m->pattern_end = pattern + len;
  m->keep_going = keep_going;
  m->ctx = ctx;
  m->steps = PATTERN_STEPS;
  m->head = HEAD_UNKNOWN;
  m->count = 0;
}

void pattern_set_subject(Pattern *m, const char *subject, size_t len) {
  m->subject = subject;
  m->subject_end = subject + len;
}

static const char *next_of(const char *s, const char *stop, Item item) {
  char first = *item.p;
  if (first == '%') {
    while (s < stop && !class_has((unsigned char)item.p[1], (unsigned char)*s)) s++;
    return s;
  }
  if (first == '[') {
    while (s < stop && !set_has(item.p, item.end - 1, (unsigned char)*s)) s++;
    return s;
  }
  const char *found = memchr(s, first, (size_t)(stop - s));
  return found ? found : stop;
}

// Returns the first position from `s` on where the head matches, or the subject's end; NULL if keep_going stopped it.
static const char *skip_to_head(Pattern *m, const char *s) {
  Item head;
  read_item(m, m->pattern, &head);
  return scan(m, s, head, next_of);
}

PatternEnd pattern_search(Pattern *m, const char *from, const char *not_end) {
  Walk walk;
  if (m->head == HEAD_UNKNOWN) m->head = has_head(m) ? HEAD_THERE : HEAD_MISSING;
  for (const char *s = from;; s++) {
    if (m->head == HEAD_THERE) {
      s = skip_to_head(m, s);
      if (!s) return PATTERN_STOPPED;
      if (s == m->subject_end) return PATTERN_FAILED;
    }
    PatternEnd end = match_at(m, &walk, s);
    if (end == PATTERN_INVALID || end == PATTERN_STOPPED) return end;
    if (end == PATTERN_MATCHED && m->end != not_end) return end;
    if (m->anchored || s == m->subject_end) return PATTERN_FAILED;
  }
}

bool pattern_is_plain(const Pattern *m) {
  for (const char *p = m->pattern; p < m->pattern_end; p++) {
    if (is_magic(*p)) return false;
  }
  return !m->anchored;
}

PatternEnd pattern_search_plain(Pattern *m, const char *from) {
  size_t len = (size_t)(m->pattern_end - m->pattern);
  m->count = 0;
  for (const char *s = from; (size_t)(m->subject_end - s) >= len; s++) {
    if (len > 0) s = memchr(s, *m->pattern, (size_t)(m->subject_end - s) - len + 1);
    if (!s) break;
    if (!pattern_count(m, 1 + len / 32)) return PATTERN_STOPPED;
    if (memcmp(s, m->pattern, len) != 0) continue;
    m->start = s;
    m->end = s + len;
    return PATTERN_MATCHED;
  }
  return PATTERN_FAILED;
}

bool pattern_capture(Pattern *m, int i, PatternCapture *capture) {
  if (i == 0 && m->count == 0) {
    *capture = (PatternCapture){ m->start, m->end - m->start };
    return true;
  }
  if (i >= m->count) {
    snprintf(m->fault, sizeof m->fault, "invalid capture index %%%d", i + 1);
    return false;
  }
  *capture = m->captures[i];
  if (capture->len == CAPTURE_OPEN) return invalid(m, "unfinished capture"), false;
  return true;
}
