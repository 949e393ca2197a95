// Digests in chunks, in the order in which they expire, and a table of their positions.
#include "bot/digest_set.h"

#include <stdlib.h>

#include "codec/keyed_digest.h"

enum {
  CHUNK = 1024,
  CHUNKS = 1 << 20,  // how many are numbered before the numbers begin anew
  LATER_BITS = 28,
  LATER_MAX_MS = (1 << LATER_BITS) - 1,
  FEWEST_SLOTS = 1024,
  NONE = -1
};

typedef struct {
  unsigned char digest[KEYED_DIGEST_LEN];
  uint32_t later_ms : LATER_BITS;  // than the first one of its chunk
  uint32_t tries : 32 - LATER_BITS;
} Member;

typedef struct {
  int64_t expires_us;    // of the first one
  uint32_t first, used;  // members before `first` have left
  Member members[CHUNK];
} Chunk;

struct DigestSet {
  KeyedDigest *keyed;
  Chunk **chunks;
  size_t chunk_count, chunk_room;
  uint32_t
      number;  // of the first chunk: a member's position is its chunk's number and its place there
  size_t count;
  int32_t
      *slots;  // positions, by digest; NONE: free. A power of two, a quarter of them free at least
  uint32_t mask;
};

DigestSet *digest_set_new(void) {
  DigestSet *set = calloc(1, sizeof *set);
  if (!set) return NULL;
  set->number = CHUNKS - 2;  // the numbers begin anew early, so that each test sees it
  set->keyed = keyed_digest_new(NULL);
  if (set->keyed) return set;
  free(set);
  return NULL;
}

void digest_set_free(DigestSet *set) {
  if (!set) return;
  for (size_t i = 0; i < set->chunk_count; i++) free(set->chunks[i]);
  free(set->chunks);
  free(set->slots);
  keyed_digest_free(set->keyed);
  free(set);
}

static Member *member_at(const DigestSet *set, int32_t position) {
  uint32_t chunk = ((uint32_t)position / CHUNK - set->number) % CHUNKS;
  return &set->chunks[chunk]->members[(uint32_t)position % CHUNK];
}

static int32_t position_of(const DigestSet *set, size_t chunk, uint32_t place) {
  return (int32_t)((set->number + (uint32_t)chunk) % CHUNKS * CHUNK + place);
}

static int64_t expiry_of(const Chunk *chunk, const Member *member) {
  return chunk->expires_us + (int64_t)member->later_ms * 1000;
}

// ---- the table ----------------------------------------------------------------------------------

static uint32_t home_of(const unsigned char *digest) {
  uint32_t home;
  memcpy(&home, digest, sizeof home);
  return home;
}

static void put(DigestSet *set, const Member *member, int32_t position) {
  uint32_t at = home_of(member->digest) & set->mask;
  while (set->slots[at] != NONE) at = (at + 1) & set->mask;
  set->slots[at] = position;
}

static void put_chunk(DigestSet *set, size_t number) {
  const Chunk *chunk = set->chunks[number];
  for (uint32_t i = chunk->first; i < chunk->used; i++)
    put(set, &chunk->members[i], position_of(set, number, i));
}

// In the order of the chunks, not of the slots: that reads a third of the memory lines. False without memory: nothing
// was changed.
static bool resize(DigestSet *set, size_t room) {
  int32_t *slots = malloc(room * sizeof *slots);
  if (!slots) return false;
  free(set->slots);
  for (size_t i = 0; i < room; i++) slots[i] = NONE;
  set->slots = slots;
  set->mask = (uint32_t)room - 1;
  for (size_t i = 0; i < set->chunk_count; i++) put_chunk(set, i);
  return true;
}

static bool reserve(DigestSet *set) {
  if (!set->slots) return resize(set, FEWEST_SLOTS);
  size_t room = (size_t)set->mask + 1;
  return set->count < room / 4 * 3 || resize(set, room * 2);
}

// The positions behind the gap move up.
static void take_out(DigestSet *set, int32_t position) {
  uint32_t mask = set->mask, gap = home_of(member_at(set, position)->digest) & mask;
  while (set->slots[gap] != position) gap = (gap + 1) & mask;
  for (uint32_t at = (gap + 1) & mask; set->slots[at] != NONE; at = (at + 1) & mask) {
    uint32_t strayed = (at - home_of(member_at(set, set->slots[at])->digest)) & mask;
    if (strayed < ((at - gap) & mask)) continue;
    set->slots[gap] = set->slots[at];
    gap = at;
  }
  set->slots[gap] = NONE;
}

static int32_t find(const DigestSet *set, const unsigned char *digest) {
  if (!set->slots) return NONE;
  for (uint32_t at = home_of(digest) & set->mask;; at = (at + 1) & set->mask) {
    int32_t position = set->slots[at];
    if (position == NONE || memcmp(member_at(set, position)->digest, digest, KEYED_DIGEST_LEN) == 0)
      return position;
  }
}

// ---- chunks -------------------------------------------------------------------------------------

static Chunk *last_chunk(const DigestSet *set) {
  return set->chunk_count > 0 ? set->chunks[set->chunk_count - 1] : NULL;
}

// In milliseconds, rounded up: a text is known for its time at least.
static int64_t later_ms(const Chunk *chunk, int64_t expires_us) {
  return (expires_us - chunk->expires_us + 999) / 1000;
}

static Chunk *add_chunk(DigestSet *set, int64_t expires_us) {
  if (set->chunk_count == CHUNKS / 2) return NULL;
  if (set->chunk_count == set->chunk_room) {
    size_t room = set->chunk_room ? set->chunk_room * 2 : 64;
    Chunk **chunks = realloc(set->chunks, room * sizeof(Chunk *));
    if (!chunks) return NULL;
    set->chunks = chunks;
    set->chunk_room = room;
  }
  Chunk *chunk = malloc(sizeof *chunk);
  if (!chunk) return NULL;
  chunk->expires_us = expires_us;
  chunk->first = chunk->used = 0;
  return set->chunks[set->chunk_count++] = chunk;
}

static void drop_first_chunk(DigestSet *set) {
  free(set->chunks[0]);
  memmove(set->chunks, set->chunks + 1, --set->chunk_count * sizeof(Chunk *));
  set->number = (set->number + 1) % CHUNKS;
}

static Chunk *chunk_for(DigestSet *set, int64_t expires_us) {
  Chunk *last = last_chunk(set);
  bool fits = last && last->used < CHUNK && later_ms(last, expires_us) <= LATER_MAX_MS;
  return fits ? last : add_chunk(set, expires_us);
}

bool digest_set_add(DigestSet *set, Str text, int tries, int64_t expires_us) {
  unsigned char digest[KEYED_DIGEST_LEN];
  if (!keyed_digest_make(set->keyed, text, digest) || !reserve(set)) return false;
  Chunk *chunk = chunk_for(set, expires_us);
  if (!chunk) return false;
  Member *member = &chunk->members[chunk->used];
  memcpy(member->digest, digest, sizeof digest);
  member->later_ms = (uint32_t)later_ms(chunk, expires_us) & LATER_MAX_MS;
  member->tries = (tries < DIGEST_SET_TRIES_MAX ? (uint32_t)tries : DIGEST_SET_TRIES_MAX) & 15;
  put(set, member, position_of(set, set->chunk_count - 1, chunk->used++));
  set->count++;
  return true;
}

// Removes the first member, if it has expired.
static bool expire_first(DigestSet *set, int64_t now_us) {
  Chunk *chunk = set->chunks[0];
  if (expiry_of(chunk, &chunk->members[chunk->first]) > now_us) return false;
  take_out(set, position_of(set, 0, chunk->first++));
  set->count--;
  if (chunk->first == chunk->used) drop_first_chunk(set);
  return true;
}

static void give_back_table(DigestSet *set) {
  size_t room = set->slots ? (size_t)set->mask + 1 : 0;
  if (room > FEWEST_SLOTS && set->count < room / 8) resize(set, room / 2);
}

void digest_set_expire(DigestSet *set, int64_t now_us, size_t most) {
  while (most-- > 0 && set->count > 0 && expire_first(set, now_us)) continue;
  give_back_table(set);
}

int digest_set_try(DigestSet *set, Str text, int by, int64_t now_us) {
  unsigned char digest[KEYED_DIGEST_LEN];
  if (set->count == 0) return 0;
  if (!keyed_digest_make(set->keyed, text, digest)) return -1;
  int32_t position = find(set, digest);
  if (position == NONE) return 0;
  Member *member = member_at(set, position);
  const Chunk *chunk = set->chunks[((uint32_t)position / CHUNK - set->number) % CHUNKS];
  if (expiry_of(chunk, member) <= now_us) {
    digest_set_expire(set, now_us, SIZE_MAX);  // before the text is added again
    return 0;
  }
  for (; by > 0 && member->tries < DIGEST_SET_TRIES_MAX; by--) member->tries++;
  return (int)member->tries;
}

size_t digest_set_count(const DigestSet *set) { return set->count; }

size_t digest_set_bytes(const DigestSet *set) {
  size_t slots = set->slots ? (size_t)set->mask + 1 : 0;
  return sizeof *set + set->chunk_count * sizeof(Chunk) + set->chunk_room * sizeof(Chunk *) +
         slots * sizeof *set->slots;
}
