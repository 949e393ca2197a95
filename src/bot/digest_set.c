// Digests in chunks, in the order in which they expire, and tables of their positions: so many that none takes long to
// become larger or smaller.
#include "bot/digest_set.h"

#include <stdlib.h>

#include "codec/digest.h"
#include "codec/keyed_digest.h"

enum {
  DIGEST = 12,
  CHUNK = DIGEST_SET_PIECE,
  CHUNKS = 1 << 20,  // how many are numbered before the numbers begin anew
  LATER_BITS = 28,
  LATER_MAX_MS = (1 << LATER_BITS) - 1,
  TABLES = 64,
  FEWEST_SLOTS = 32,
  NONE = -1
};

typedef struct {
  unsigned char digest[DIGEST];
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
  unsigned char key[KEYED_DIGEST_LEN];
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
  if (digest_random(set->key, sizeof set->key)) set->keyed = keyed_digest_new(set->key);
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
    if (position == NONE || memcmp(member_at(set, position)->digest, digest, DIGEST) == 0)
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
  bool fits = last && last->used < CHUNK && expires_us >= last->expires_us &&
              later_ms(last, expires_us) <= LATER_MAX_MS;
  return fits ? last : add_chunk(set, expires_us);
}

static bool add(DigestSet *set, const unsigned char *digest, uint32_t tries, int64_t expires_us) {
  Table *table = table_of(set, digest);
  if (!reserve(set, table)) return false;
  Chunk *chunk = chunk_for(set, expires_us);
  if (!chunk) return false;
  Member *member = &chunk->members[chunk->used];
  memcpy(member->digest, digest, DIGEST);
  member->later_ms = (uint32_t)later_ms(chunk, expires_us) & LATER_MAX_MS;
  member->tries = tries & DIGEST_SET_TRIES_MAX;
  put(table, digest, position_of(set, set->chunk_count - 1, chunk->used++));
  table->count++;
  set->count++;
  return true;
}

bool digest_set_add(DigestSet *set, Str text, int tries, int64_t expires_us) {
  unsigned char digest[KEYED_DIGEST_LEN];
  uint32_t counted = tries < DIGEST_SET_TRIES_MAX ? (uint32_t)tries : DIGEST_SET_TRIES_MAX;
  return keyed_digest_make(set->keyed, text, digest) && add(set, digest, counted, expires_us);
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

// ---- pieces -------------------------------------------------------------------------------------
// A piece: its form, the key, the digest of no text, the time from which its members' times count, the members.
// Numbers begin with their lowest byte.

enum {
  FORM = 1,
  KEY_AT = 1,
  CHECK_AT = KEY_AT + KEYED_DIGEST_LEN,
  TIME_AT = CHECK_AT + DIGEST,
  MEMBERS_AT = TIME_AT + 8,
  PACKED = DIGEST + 4
};

static void put_number(unsigned char *to, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; i++) to[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t number_at(const unsigned char *from, int bytes) {
  uint64_t number = 0;
  for (int i = 0; i < bytes; i++) number |= (uint64_t)from[i] << 8 * i;
  return number;
}

uint32_t digest_set_first(const DigestSet *set) { return set->number; }

// Returns the first chunk that has members, or expired and was followed by ones that have, from the number on.
static const Chunk *chunk_from(const DigestSet *set, uint32_t *number) {
  uint32_t ahead = (*number - set->number) % CHUNKS;
  if (ahead >= CHUNKS / 2) ahead = 0;  // it was removed
  if (ahead >= set->chunk_count) return NULL;
  *number = (set->number + ahead + 1) % CHUNKS;
  return set->chunks[ahead];
}

static void pack_member(const Member *member, unsigned char *to) {
  memcpy(to, member->digest, DIGEST);
  put_number(to + DIGEST, (uint64_t)member->later_ms << 4 | member->tries, 4);
}

static unsigned char *pack_head(const DigestSet *set, int64_t time_ms, size_t count, Buf *out) {
  unsigned char check[KEYED_DIGEST_LEN];
  if (!keyed_digest_make(set->keyed, STR(""), check)) return NULL;
  unsigned char *to = (unsigned char *)buf_extend(out, MEMBERS_AT + count * PACKED);
  if (!to) return NULL;
  to[0] = FORM;
  memcpy(to + KEY_AT, set->key, sizeof set->key);
  memcpy(to + CHECK_AT, check, DIGEST);
  put_number(to + TIME_AT, (uint64_t)time_ms, 8);
  return to + MEMBERS_AT;
}

static bool is_alive(const Chunk *chunk, const Member *member, int64_t now_us) {
  return member->tries > 0 && expiry_of(chunk, member) > now_us;
}

static size_t count_alive(const Chunk *chunk, int64_t now_us, int64_t *expires_us) {
  size_t count = 0;
  *expires_us = 0;
  for (uint32_t i = chunk->first; i < chunk->used; i++) {
    if (!is_alive(chunk, &chunk->members[i], now_us)) continue;
    int64_t its_us = expiry_of(chunk, &chunk->members[i]);
    if (its_us > *expires_us) *expires_us = its_us;
    count++;
  }
  return count;
}

static void pack(const DigestSet *set, const Chunk *chunk, size_t count, int64_t now_us,
                 int64_t clock_ms, Buf *out) {
  unsigned char *to = pack_head(set, (chunk->expires_us + 999) / 1000 + clock_ms, count, out);
  out->failed = out->failed || !to;
  for (uint32_t i = chunk->first; to && i < chunk->used; i++) {
    if (!is_alive(chunk, &chunk->members[i], now_us)) continue;
    pack_member(&chunk->members[i], to);
    to += PACKED;
  }
}

size_t digest_set_pack(const DigestSet *set, uint32_t *number, int64_t now_us, int64_t clock_ms,
                       Buf *out, int64_t *expires_us) {
  for (const Chunk *chunk; (chunk = chunk_from(set, number));) {
    size_t count = count_alive(chunk, now_us, expires_us);
    if (count == 0) continue;
    pack(set, chunk, count, now_us, clock_ms, out);
    return count;
  }
  return 0;
}

size_t digest_set_packed_count(Str piece) {
  bool is_piece =
      piece.len > MEMBERS_AT && piece.ptr[0] == FORM && (piece.len - MEMBERS_AT) % PACKED == 0;
  return is_piece ? (piece.len - MEMBERS_AT) / PACKED : 0;
}

// No member has a digest under the other key.
static bool take_over_key(DigestSet *set, const unsigned char *key) {
  KeyedDigest *keyed = keyed_digest_new(key);
  if (!keyed) return false;
  keyed_digest_free(set->keyed);
  set->keyed = keyed;
  memcpy(set->key, key, sizeof set->key);
  return true;
}

static bool has_key(const DigestSet *set, const unsigned char *head) {
  return memcmp(set->key, head + KEY_AT, sizeof set->key) == 0;
}

static bool fits(DigestSet *set, const unsigned char *head, Err *err) {
  unsigned char check[KEYED_DIGEST_LEN];
  if (!has_key(set, head) && set->count > 0) return err_set(err, ERR_INVALID, "it has another key");
  if (!has_key(set, head) && !take_over_key(set, head + KEY_AT))
    return err_set(err, ERR_MEMORY, "no memory");
  if (!keyed_digest_make(set->keyed, STR(""), check)) return err_set(err, ERR_MEMORY, "no memory");
  if (memcmp(check, head + CHECK_AT, DIGEST) == 0) return true;
  return err_set(err, ERR_INVALID, "its digests were made otherwise");
}

static bool add_packed(DigestSet *set, const unsigned char *member, int64_t first_us,
                       int64_t now_us) {
  uint32_t number = (uint32_t)number_at(member + DIGEST, 4);
  uint32_t tries = number & DIGEST_SET_TRIES_MAX;
  int64_t expires_us = first_us + (int64_t)(number >> 4) * 1000;
  bool adds = tries > 0 && expires_us > now_us && find(set, member) == NONE;
  return !adds || add(set, member, tries, expires_us);
}

bool digest_set_add_packed(DigestSet *set, Str piece, size_t from, size_t most, int64_t now_us,
                           int64_t clock_ms, Err *err) {
  const unsigned char *head = (const unsigned char *)piece.ptr;
  size_t count = digest_set_packed_count(piece);
  if (count == 0) return err_set(err, ERR_INVALID, "it is cut, or of another version");
  if (!fits(set, head, err)) return false;
  int64_t first_us = ((int64_t)number_at(head + TIME_AT, 8) - clock_ms) * 1000;
  bool ok = true;
  for (size_t i = from; ok && i < count && i - from < most; i++)
    ok = add_packed(set, head + MEMBERS_AT + i * PACKED, first_us, now_us);
  return ok || err_set(err, ERR_MEMORY, "no memory");
}

size_t digest_set_count(const DigestSet *set) { return set->count; }

size_t digest_set_bytes(const DigestSet *set) {
  size_t slots = 0;
  for (size_t i = 0; i < TABLES; i++) slots += room_of(&set->tables[i]);
  return sizeof *set + set->chunk_count * sizeof(Chunk) + set->chunk_room * sizeof(Chunk *) +
         slots * sizeof(int32_t);
}
