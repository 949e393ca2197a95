// JSON in and out, over cJSON. A Json is one value of a parsed document; the document is freed as a whole.
// Integers keep all 64 bits; what is larger, or has a point or an exponent, is a real, and finite: 1e400 is
// the largest double. Broken bytes of the platform are taken, not refused: raw control characters as they
// are, half a character or half a surrogate pair as U+FFFD.
#ifndef WEMOON_CODEC_JSON_H
#define WEMOON_CODEC_JSON_H

#include "base/err.h"
#include "base/buf.h"

typedef struct JsonDoc JsonDoc;
typedef struct Json Json;
typedef enum {
  JSON_NULL,
  JSON_BOOL,
  JSON_INT,
  JSON_REAL,
  JSON_STRING,
  JSON_ARRAY,
  JSON_OBJECT
} JsonKind;

enum { JSON_DEPTH_MAX = 256 };

// Parses exactly one value with nothing but white space around it (and a byte order mark before it). NULL
// with ERR_INVALID (the byte's position, counted from 1, and what was found there) or ERR_MEMORY. Free with
// json_free.
JsonDoc *json_parse(Str text, Err *err);
// For texts of any length: `keep_going` is asked now and then, and its no ends the reading with ERR_FAILED;
// over `memory_max` bytes for the document and on the way to it (0: any number) it ends with ERR_MEMORY.
typedef struct {
  bool (*keep_going)(void *ctx);
  void *ctx;
  size_t memory_max;
} JsonLimits;
JsonDoc *json_parse_within(Str text, const JsonLimits *limits, Err *err);
void json_free(JsonDoc *doc);  // NULL is allowed
const Json *json_root(const JsonDoc *doc);

JsonKind json_kind(const Json *value);
bool json_bool(const Json *value);
int64_t json_int(const Json *value);
double json_real(const Json *value);   // of JSON_INT too
Str json_number(const Json *value);    // of JSON_INT and JSON_REAL: as it was written, to the digit
Str json_string(const Json *value);    // lives as long as the document; may hold NUL bytes
size_t json_count(const Json *value);  // members of an array or object
const Json *json_first(const Json *value);  // first member, or NULL
const Json *json_next(const Json *member);
Str json_key(const Json *member);  // of an object's member
// The member of that exact name, the last of several; NULL without one, or where `object` is none.
const Json *json_get(const Json *object, Str key);

// Writing: the caller puts the brackets, colons and commas. UTF-8 goes out as it is, never as \uXXXX; control
// characters are escaped, broken UTF-8 becomes U+FFFD.
bool json_add_string(Buf *out, Str text);  // with its quotes; whether it is all UTF-8
// In the shortest form that reads back equal; NaN and infinities as null.
void json_add_real(Buf *out, double number);
// A parsed value on one line, without white space; its numbers as they were written.
void json_add_value(Buf *out, const Json *value);

#endif
