// Spare entries are linked both ways: any of them can leave their list. A message that comes takes the one that was put
// back last: once the window is full, that of a message that has just expired.
#include "bot/dedupe_entries.h"

#include <stdlib.h>

void entries_init(Entries *entries) { *entries = (Entries){ .spare = INDEX_NONE }; }

void entries_clear(Entries *entries) {
  for (uint32_t i = 0; i < entries->used; i++) {
    free(entries_at(entries, i)->long_identity);
    free(entries_at(entries, i)->long_answer);
  }
  for (uint32_t i = 0; i < entries->block_count; i++) free(entries->blocks[i]);
  free(entries->blocks);
  entries_init(entries);
}

static bool make_room_for_block(Entries *entries) {
  if (entries->block_count < entries->block_room) return true;
  uint32_t room = entries->block_room ? entries->block_room * 2 : 16;
  Entry **blocks = realloc(entries->blocks, room * sizeof(Entry *));
  if (!blocks) return false;
  entries->blocks = blocks;
  entries->block_room = room;
  return true;
}

static bool grow(Entries *entries) {
  Entry *block = make_room_for_block(entries) ? malloc(ENTRIES_BLOCK * sizeof *block) : NULL;
  if (!block) return false;
  entries->blocks[entries->block_count++] = block;
  return true;
}

uint32_t entries_take(Entries *entries) {
  uint32_t number = entries->spare;
  if (number != INDEX_NONE) entries->spare = entries_at(entries, number)->newer;
  else if (entries->used < entries_room(entries) || grow(entries)) number = entries->used++;
  return number;
}

void entries_put_back(Entries *entries, Entry *entry, uint32_t number) {
  uint32_t next = entries->spare;
  if (entry->long_identity) free(entry->long_identity);
  if (entry->long_answer) free(entry->long_answer);
  entry->job = NULL;
  entry->long_identity = entry->long_answer = NULL;
  entry->tries = 0;
  entry->newer = next;
  if (next != INDEX_NONE) entries_at(entries, next)->older = number;
  entries->spare = number;
}

static void unlink_spare(Entries *entries, uint32_t number) {
  const Entry *entry = entries_at(entries, number);
  if (entries->spare == number) entries->spare = entry->newer;
  else entries_at(entries, entry->older)->newer = entry->newer;
  if (entry->newer != INDEX_NONE) entries_at(entries, entry->newer)->older = entry->older;
}

uint32_t entries_leave_last(Entries *entries) {
  uint32_t last = entries->used - 1;
  bool is_spare = entries_at(entries, last)->tries == 0;
  uint32_t to = is_spare ? last : entries->spare;
  if (to == INDEX_NONE) return last;
  unlink_spare(entries, to);
  entries->used = last;
  return is_spare ? INDEX_NONE : to;
}

bool entries_free_last_block(Entries *entries, uint32_t wanted) {
  uint32_t least = entries->used > wanted ? entries->used : wanted;
  if (entries_room(entries) < least + ENTRIES_BLOCK) return false;
  free(entries->blocks[--entries->block_count]);
  return true;
}

static char *room_for_answer(const Entry *entry) {
  return (char *)entry->room + (entry->long_identity ? 0 : entry->identity_len);
}

bool entry_keep_identity(Entry *entry, Str identity) {
  char *to =
      identity.len <= ENTRY_ROOM ? entry->room : (entry->long_identity = malloc(identity.len));
  if (!to) return false;
  if (identity.len) memcpy(to, identity.ptr, identity.len);
  entry->identity_len = (uint32_t)identity.len;
  return true;
}

bool entry_keep_answer(Entry *entry, Str answer) {
  char *to = room_for_answer(entry);
  bool fits = answer.len <= (size_t)(entry->room + ENTRY_ROOM - to);
  if (!fits) to = entry->long_answer = malloc(answer.len);
  if (!to) return false;
  if (answer.len) memcpy(to, answer.ptr, answer.len);
  entry->answer_len = (uint32_t)answer.len;
  return true;
}

Str entry_answer(const Entry *entry) {
  return str_make(entry->long_answer ? entry->long_answer : room_for_answer(entry),
                  entry->answer_len);
}
