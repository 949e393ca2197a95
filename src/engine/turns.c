// The queue consists of four lists. A turn that becomes late is moved to a late list when it reaches the front of its
// list: turns of one kind have about the same time left when they are queued.
#include "engine/turns.h"

enum { LATE_EVERY = 10 };

static void append(TurnList *list, Turn *turn) {
  turn->next = NULL;
  if (list->last) list->last->next = turn;
  else list->first = turn;
  list->last = turn;
}

static Turn *pop(TurnList *list) {
  Turn *turn = list->first;
  if (!turn) return NULL;
  list->first = turn->next;
  if (!list->first) list->last = NULL;
  return turn;
}

// A turn without a deadline keeps nobody waiting for an answer.
static bool is_in_time(const Turn *turn, int64_t now_us) {
  return turn->due_us > now_us && turn->due_us != INT64_MAX;
}

void turns_add(Turns *turns, Turn *turn, TurnKind kind, int64_t now_us) {
  append(is_in_time(turn, now_us) ? &turns->in_time[kind] : &turns->late[kind], turn);
  atomic_fetch_add_explicit(&turns->count, 1, memory_order_relaxed);
}

static void move_late(Turns *turns, int64_t now_us) {
  for (TurnKind kind = 0; kind < TURN_KINDS; kind++) {
    TurnList *list = &turns->in_time[kind];
    while (list->first && list->first->due_us <= now_us) append(&turns->late[kind], pop(list));
  }
}

static Turn *take_from(TurnList lists[TURN_KINDS]) {
  Turn *turn = pop(&lists[TURN_BEGUN]);
  return turn ? turn : pop(&lists[TURN_NEW]);
}

Turn *turns_take(Turns *turns, int64_t now_us) {
  if (atomic_load_explicit(&turns->count, memory_order_relaxed) == 0) return NULL;
  move_late(turns, now_us);
  bool late_first = ++turns->taken % LATE_EVERY == 0;
  Turn *turn = take_from(late_first ? turns->late : turns->in_time);
  if (!turn) turn = take_from(late_first ? turns->in_time : turns->late);
  atomic_fetch_sub_explicit(&turns->count, 1, memory_order_relaxed);
  return turn;
}

static size_t count_movable(const TurnList *list) {
  size_t count = 0;
  for (const Turn *turn = list->first; turn; turn = turn->next) count += turn->movable;
  return count;
}

Turn *turns_take_movable(Turns *turns, size_t most) {
  TurnList all = turns->in_time[TURN_NEW], kept = { 0 }, taken = { 0 };
  size_t movable = count_movable(&all), stay = movable > most ? movable - most : 0;
  for (Turn *turn; (turn = pop(&all));) {
    bool stays = !turn->movable || stay > 0;
    if (turn->movable && stay > 0) stay--;
    append(stays ? &kept : &taken, turn);
    if (!stays) atomic_fetch_sub_explicit(&turns->count, 1, memory_order_relaxed);
  }
  turns->in_time[TURN_NEW] = kept;
  return taken.first;
}
