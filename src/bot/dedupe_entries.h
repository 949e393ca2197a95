// What dedupe knows of messages: an entry for each, in blocks, so that none are copied when there are more. One thread
// at a time.
#ifndef WEMOON_BOT_DEDUPE_ENTRIES_H
#define WEMOON_BOT_DEDUPE_ENTRIES_H

#include "base/index.h"
#include "bot/job.h"

enum {
  ENTRIES_BLOCK = 1024,  // entries whose memory is taken, and given back, at once
  ENTRY_ROOM = 88,
  ENTRY_OVER = -1  // `tries` of one that has expired and is not in dedupe's index any more
};

// The identity and answer of most messages fit into their entry; longer ones are allocated.
typedef struct {
  Job *job;  // while under way
  int64_t expires_us, answered_s;
  char *long_identity, *long_answer;  // NULL: in `room`, the answer after the identity
  uint32_t hash;
  // Neighbours in dedupe's queue of answered messages, where there are any. Of a spare entry: the next one in their
  // list and the one before it, if it is not the first.
  uint32_t newer, older;
  uint32_t identity_len, answer_len;
  int tries;  // 0: spare; ENTRY_OVER
  char room[ENTRY_ROOM];
} Entry;

typedef struct {
  Entry **blocks;
  uint32_t block_count, block_room;
  uint32_t used;   // how many are in use or spare
  uint32_t spare;  // the spare one that was put back last, or INDEX_NONE
} Entries;

void entries_init(Entries *entries);  // empty; allocates nothing
// Frees them with their identities and answers; the jobs are the caller's.
void entries_clear(Entries *entries);
static inline Entry *entries_at(const Entries *entries, uint32_t number) {
  return &entries->blocks[number / ENTRIES_BLOCK][number % ENTRIES_BLOCK];
}
// For how many there is memory.
static inline uint32_t entries_room(const Entries *entries) {
  return entries->block_count * ENTRIES_BLOCK;
}
// Returns the number of an entry, whose members have any values; INDEX_NONE without memory.
uint32_t entries_take(Entries *entries);
// Frees the entry's identity and answer; the entry, whose number is given too, is spare.
void entries_put_back(Entries *entries, Entry *entry, uint32_t number);
// Makes `used`, which is above 0, one less. Returns INDEX_NONE if the last entry was spare; else the number of a spare
// one, to which the caller moves it; the last one's own number if none is spare: then nothing was changed.
uint32_t entries_leave_last(Entries *entries);
// Gives back the memory of the last block if there is room for `wanted` without it and none of it is used. Returns
// whether it did.
bool entries_free_last_block(Entries *entries, uint32_t wanted);

// Copies the text. False without memory.
bool entry_keep_identity(Entry *entry, Str identity);
bool entry_keep_answer(Entry *entry, Str answer);  // after the identity
static inline Str entry_identity(const Entry *entry) {
  return str_make(entry->long_identity ? entry->long_identity : entry->room, entry->identity_len);
}
Str entry_answer(const Entry *entry);
// The bytes of an answer that is allocated.
static inline size_t entry_long_bytes(const Entry *entry) {
  return entry->long_answer ? entry->answer_len : 0;
}

#endif
