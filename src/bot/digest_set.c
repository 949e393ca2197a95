// Digests in chunks, in the order in which they expire, and tables of their positions: so many that none takes long to
// become larger or smaller.
#include "bot/digest_set.h"

#include <stdlib.h>

#include "codec/keyed_digest.h"

enum {
  CHUNK = 1024,
  CHUNKS = 1 << 20,  // how many are numbered before the numbers begin anew
  LATER_BITS = 28,
  LATER_MAX_MS = (1 << LATER_BITS) - 1,
  TABLES = 64,
  FEWEST_SLOTS = 32,
  NONE = -1
};

typedef struct {
  unsigned char digest[KEYED_DIGEST_LEN];
  uint32_t later_ms : LATER_BITS;    // than the first one of its chunk
  uint32_t tries : 32 - LATER_BITS;  // 0: it is in no table any more
} Member;

typedef struct {
  int64_t expires_us;    // of the first one
  uint32_t first, used;  // members before `first` have left
  Member members[CHUNK];
} Chunk;

// A power of two of slots, a quarter of them free at least.
typedef struct {
  int32_t *slots;  // positions, by digest; NONE: free
  uint32_t mask, count;
} Table;

struct DigestSet {
  KeyedDigest *keyed;
  Chunk **chunks;
  size_t chunk_count, chunk_room;
  // Of the first chunk: a member's position is its chunk's number and its place there.
  uint32_t number;
  size_t count;
  Table tables[TABLES];
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
  for (size_t i = 0; i < TABLES; i++) free(set->tables[i].slots);
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

// ---- the tables ---------------------------------------------------------------------------------

static uint32_t home_of(const unsigned char *digest) {
  uint32_t home;
  memcpy(&home, digest, sizeof home);
  return home;
}

// By a byte of the digest that home_of leaves out.
static Table *table_of(DigestSet *set, const unsigned char *digest) {
  return &set->tables[digest[sizeof(uint32_t)] % TABLES];
}

static void put(Table *table, const unsigned char *digest, int32_t position) {
  uint32_t at = home_of(digest) & table->mask;
  while (table->slots[at] != NONE) at = (at + 1) & table->mask;
  table->slots[at] = position;
}

static size_t room_of(const Table *table) { return table->slots ? (size_t)table->mask + 1 : 0; }

// False without memory: nothing was changed.
static bool resize(const DigestSet *set, Table *table, size_t room) {
  Table to = { malloc(room * sizeof *to.slots), (uint32_t)room - 1, table->count };
  if (!to.slots) return false;
  for (size_t i = 0; i < room; i++) to.slots[i] = NONE;
  for (size_t i = 0; i < room_of(table); i++) {
    int32_t position = table->slots[i];
    if (position != NONE) put(&to, member_at(set, position)->digest, position);
  }
  free(table->slots);
  *table = to;
  return true;
}

static bool reserve(const DigestSet *set, Table *table) {
  if (!table->slots) return resize(set, table, FEWEST_SLOTS);
  size_t room = room_of(table);
  return table->count < room / 4 * 3 || resize(set, table, room * 2);
}

static void give_back(const DigestSet *set, Table *table) {
  size_t room = room_of(table);
  if (room > FEWEST_SLOTS && table->count < room / 8) resize(set, table, room / 2);
}

// The positions behind the gap move up.
static void close_gap(const DigestSet *set, const Table *table, uint32_t gap) {
  uint32_t mask = table->mask;
  for (uint32_t at = (gap + 1) & mask; table->slots[at] != NONE; at = (at + 1) & mask) {
    uint32_t strayed = (at - home_of(member_at(set, table->slots[at])->digest)) & mask;
    if (strayed < ((at - gap) & mask)) continue;
    table->slots[gap] = table->slots[at];
    gap = at;
  }
  table->slots[gap] = NONE;
}

static void take_out(DigestSet *set, int32_t position) {
  const unsigned char *digest = member_at(set, position)->digest;
  Table *table = table_of(set, digest);
  uint32_t at = home_of(digest) & table->mask;
  while (table->slots[at] != position) at = (at + 1) & table->mask;
  close_gap(set, table, at);
  table->count--;
  give_back(set, table);
}

static int32_t find(DigestSet *set, const unsigned char *digest) {
  const Table *table = table_of(set, digest);
  if (!table->slots) return NONE;
  for (uint32_t at = home_of(digest) & table->mask;; at = (at + 1) & table->mask) {
    int32_t position = table->slots[at];
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
  if (!keyed_digest_make(set->keyed, text, digest)) return false;
  Table *table = table_of(set, digest);
  if (!reserve(set, table)) return false;
  Chunk *chunk = chunk_for(set, expires_us);
  if (!chunk) return false;
  Member *member = &chunk->members[chunk->used];
  memcpy(member->digest, digest, sizeof digest);
  member->later_ms = (uint32_t)later_ms(chunk, expires_us) & LATER_MAX_MS;
  member->tries = (tries < DIGEST_SET_TRIES_MAX ? (uint32_t)tries : DIGEST_SET_TRIES_MAX) & 15;
  put(table, digest, position_of(set, set->chunk_count - 1, chunk->used++));
  table->count++;
  set->count++;
  return true;
}

// Removes the first member, if it has expired.
static bool expire_first(DigestSet *set, int64_t now_us) {
  Chunk *chunk = set->chunks[0];
  const Member *first = &chunk->members[chunk->first];
  if (expiry_of(chunk, first) > now_us) return false;
  if (first->tries > 0) take_out(set, position_of(set, 0, chunk->first));
  chunk->first++;
  set->count--;
  if (chunk->first == chunk->used) drop_first_chunk(set);
  return true;
}

void digest_set_expire(DigestSet *set, int64_t now_us, size_t most) {
  while (most-- > 0 && set->count > 0 && expire_first(set, now_us)) continue;
}

// The text may be added again. Its member stays until those before it are removed: they may be many.
static void forget(DigestSet *set, Member *member, int32_t position) {
  take_out(set, position);
  member->tries = 0;
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
    forget(set, member, position);
    return 0;
  }
  for (; by > 0 && member->tries < DIGEST_SET_TRIES_MAX; by--) member->tries++;
  return (int)member->tries;
}

size_t digest_set_count(const DigestSet *set) { return set->count; }

size_t digest_set_bytes(const DigestSet *set) {
  size_t slots = 0;
  for (size_t i = 0; i < TABLES; i++) slots += room_of(&set->tables[i]);
  return sizeof *set + set->chunk_count * sizeof(Chunk) + set->chunk_room * sizeof(Chunk *) +
         slots * sizeof(int32_t);
}
