// JSON in and out, over cJSON. A Json is one value of a parsed document; the document is freed as a whole.
// Integers keep all 64 bits. A number that is larger, or has a point or an exponent, is a finite double: 1e400 becomes
// the largest one. The platform sends malformed text, so it is accepted: raw control characters stay, half a character
// or half a surrogate pair becomes U+FFFD.
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

// Parses one value, with white space around it and a byte order mark before it at most. NULL with ERR_INVALID (the
// position of the byte, from 1, and what stands there) or ERR_MEMORY. Free with json_free.
JsonDoc *json_parse(Str text, Err *err);
// For texts of any length: `keep_going` is called regularly, and false ends the parser with ERR_FAILED. More than
// `memory_max` bytes for document and parser (0: no limit) end it with ERR_MEMORY.
typedef struct {
  bool (*keep_going)(void *ctx);
  void *ctx;
  size_t memory_max;
} JsonLimits;
JsonDoc *json_parse_within(Str text, const JsonLimits *limits, Err *err);
// About how many bytes the document takes for this text, before it is parsed: rather too many. As limits.memory_max it
// refuses no text. It leaves out json_copy_most.
size_t json_cost(Str text);
// The same for the worst text of that length.
size_t json_cost_most(size_t len);
// What the parser has besides until it ends: a text that cJSON cannot read as it is, be it for one real number, is
// copied into a buffer that doubles.
size_t json_copy_most(size_t len);
// What the document takes, now that it is parsed: no more than both of the above say.
size_t json_size(const JsonDoc *doc);
void json_free(JsonDoc *doc);               // NULL is allowed
const Json *json_root(const JsonDoc *doc);  // lives as long as the document

JsonKind json_kind(const Json *value);
bool json_bool(const Json *value);
int64_t json_int(const Json *value);
double json_real(const Json *value);   // of JSON_INT too
Str json_number(const Json *value);    // of JSON_INT and JSON_REAL: the digits as they were written
Str json_string(const Json *value);    // lives as long as the document; may hold NUL bytes
size_t json_count(const Json *value);  // members of an array or object
const Json *json_first(const Json *value);  // first member, or NULL
const Json *json_next(const Json *member);  // NULL behind the last one
Str json_key(const Json *member);           // of an object's member
// The member of that exact name, the last of several. NULL if there is none, or `object` is not an object.
const Json *json_get(const Json *object, Str key);

// Writing: the caller adds brackets, colons and commas. UTF-8 is written as it is, never as \uXXXX; control characters
// are escaped, broken UTF-8 becomes U+FFFD.
bool json_add_string(Buf *out, Str text);  // with its quotes; false if it is not all UTF-8
// The same for text that is UTF-8 already: faster.
void json_add_utf8(Buf *out, Str text);
// Copies the text to `to`. True if json_add_utf8 would write it like that between its quotes.
bool json_put_plain(char *to, Str text);
// The shortest form that reads back equal; NaN and infinity as null.
void json_add_real(Buf *out, double number);
// A parsed value on one line, without white space; its numbers as they were written.
void json_add_value(Buf *out, const Json *value);

#endif
