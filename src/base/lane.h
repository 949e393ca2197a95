// Text looked at in lanes of sixteen bytes. As signed numbers the bytes beyond ASCII are below a space.
#ifndef WEMOON_BASE_LANE_H
#define WEMOON_BASE_LANE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef int8_t Lane __attribute__((vector_size(16)));

static inline Lane lane_at(const char *at) {
  Lane lane;
  memcpy(&lane, at, sizeof lane);
  return lane;
}

typedef struct {
  uint64_t first, second;
} LaneHalves;

static inline LaneHalves lane_halves(Lane lane) {
  LaneHalves halves;
  memcpy(&halves, &lane, sizeof halves);
  return (LaneHalves){ le64toh(halves.first), le64toh(halves.second) };
}

// The reverse, without a way through memory, which would stall.
static inline Lane lane_of(LaneHalves halves) {
  typedef uint64_t Numbers __attribute__((vector_size(16)));
  return (Lane)(Numbers){ htole64(halves.first), htole64(halves.second) };
}

// Whether every byte is zero.
static inline bool lane_is_zero(Lane lane) {
  LaneHalves halves = lane_halves(lane);
  return (halves.first | halves.second) == 0;
}

// The number of zero bytes at the front.
static inline size_t lane_zeros(Lane lane) {
  LaneHalves halves = lane_halves(lane);
  if (halves.first) return (size_t)__builtin_ctzll(halves.first) / 8;
  return halves.second ? 8 + (size_t)__builtin_ctzll(halves.second) / 8 : sizeof lane;
}

// The sum of the bytes, none of which is negative.
static inline size_t lane_sum(Lane lane) {
  LaneHalves halves = lane_halves(lane);
  uint64_t bytes = halves.first + halves.second, every_other = 0x00FF00FF00FF00FF;
  uint64_t pairs = (bytes & every_other) + (bytes >> 8 & every_other);
  return pairs * 0x0001000100010001u >> 48;
}

#define LANE_FIVE_TIMES(a, b, c)                                                                   \
  { a, b, c, a, b, c, a, b, c, a, b, c, a, b, c, 0 }

// Whether the first fifteen bytes are five characters of three bytes, none of those beginnings whose other
// bytes would have to be judged: Chinese text nearly always is.
static inline bool lane_is_five_of_three(const char *at) {
  static const Lane mask = LANE_FIVE_TIMES((int8_t)0xF0, (int8_t)0xC0, (int8_t)0xC0);
  static const Lane form = LANE_FIVE_TIMES((int8_t)0xE0, (int8_t)0x80, (int8_t)0x80);
  static const Lane one = LANE_FIVE_TIMES((int8_t)0xE0, (int8_t)0xBF, 0),
                    other = LANE_FIVE_TIMES((int8_t)0xED, 0, 0);
  Lane bytes = lane_at(at);
  Lane judged = (Lane)(bytes == one) | (Lane)(bytes == other);
  return lane_is_zero((Lane)((bytes & mask) != form) | (judged & mask));
}

#endif
