// The first step of reading JSON: the text is checked, and rewritten where cJSON would refuse or change it (json.c).
#ifndef WEMOON_CODEC_JSON_MEND_H
#define WEMOON_CODEC_JSON_MEND_H

#include "base/buf.h"
#include "codec/json.h"

// A number of the text; they are listed in the order of the text.
typedef struct {
  Str literal;  // its original text
  bool is_real;
  int64_t integer;
  double real;
} JsonNumber;

// How the limits of one text are kept. Begins as all zero but `limits`.
typedef struct {
  const JsonLimits *limits;
  int since_asked;
  bool stopped;  // limits->keep_going returned false
} JsonPace;

enum { JSON_ASK_EVERY = 2000 };  // tokens or values

// Asks limits->keep_going. False if it says no.
bool json_ask(JsonPace *pace);

// Call it for each token or value, with the bytes used so far. False past a limit.
static inline bool json_goes_on(JsonPace *pace, size_t used) {
  size_t max = pace->limits->memory_max;
  if (max && used > max) return false;
  return ++pace->since_asked < JSON_ASK_EVERY || json_ask(pace);
}

// The tokens that may come next.
typedef enum {
  JSON_WANTS_VALUE,
  JSON_WANTS_VALUE_OR_END,
  JSON_WANTS_NAME,
  JSON_WANTS_NAME_OR_END,
  JSON_WANTS_COLON,
  JSON_WANTS_COMMA_OR_END,
  JSON_WANTS_NOTHING
} JsonWanted;

typedef struct {
  Str text;
  size_t begin, at;  // behind a byte order mark; the position of the next token
  JsonWanted expected;
  int depth;
  bool in_object[JSON_DEPTH_MAX];
  bool rewritten;     // usually nothing needs it
  Buf out, numbers;   // the rewritten text, the JsonNumbers
  const char *fault;  // what is wrong at `at`; NULL: the token is misplaced
  bool over;          // a limit was reached
} JsonMender;

// Checks m->text, and rewrites it into m->out where that is needed; everything but `text` is zero at first. False with
// an error in the text, whose position is then `at`, or past a limit (`over`). Clear `out` and `numbers` afterwards.
bool json_mend(JsonMender *m, JsonPace *pace);
// The text for cJSON, after json_mend; valid while `text` and `out` are.
Str json_mended(const JsonMender *m);
// Sets ERR_INVALID with the error that json_mend found, and returns false.
bool json_mend_report(const JsonMender *m, Err *err);

#endif
