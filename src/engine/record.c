// A record is one string of bytes, entry after entry, so that it can be saved unchanged.
#include "engine/record_inner.h"

#include "engine/task_inner.h"
#include "engine/wait.h"

#include "engine/pack.h"

#include <stdio.h>
#include <stdlib.h>

// Begins every saved record. Change it with the format of the bytes after it.
static const char FORMAT[] = "wemoon record 1\n";

Record *record_new(void) {
  Record *record = calloc(1, sizeof *record);
  if (!record) return NULL;
  atomic_init(&record->holders, 1);
  buf_init(&record->entries);
  buf_init(&record->loaded);
  buf_init(&record->scratch);
  return record;
}

Record *record_retain(Record *record) {
  atomic_fetch_add_explicit(&record->holders, 1, memory_order_relaxed);
  return record;
}

void record_free(Record *record) {
  if (!record || atomic_fetch_sub_explicit(&record->holders, 1, memory_order_acq_rel) != 1) return;
  buf_clear(&record->entries);
  buf_clear(&record->loaded);
  buf_clear(&record->scratch);
  free(record);
}

bool record_is_replaying(const Record *record) { return record->replaying; }
const char *record_given_up(const Record *record) { return record->given_up; }
const char *record_difference(const Record *record) { return record->difference; }
void record_pin(Record *record) { record->pinned = true; }
bool record_is_pinned(const Record *record) { return record->pinned; }
size_t record_size(const Record *record) { return record->entries.len; }
void record_watch_after(Record *record, void (*after)(Record *record)) { record->after = after; }

void *record_owner(const Record *record) { return record->owner; }

void record_watch(Record *record, lua_CFunction before, void *owner, atomic_int *acting) {
  record->acting = acting;
  record->after = NULL;
  record->before = before;
  record->owner = owner;
}

void record_guard(Record *record, lua_CFunction guard, bool (*needed)(void *guarded),
                  void *guarded) {
  record->guard = guard;
  record->needed = needed;
  record->guarded = guarded;
}

void *record_guarded(const Record *record) { return record->guarded; }

size_t record_tasks(const Record *record) {
  size_t count = 0;
  for (const Task *task = record->members; task; task = task->record_next) count++;
  return count;
}

// ---- tasks --------------------------------------------------------------------------------------

void task_record_later(Task *task) { task->records = true; }

static void join(Task *task, Record *record) {
  task->records = true;
  task->record = record;
  task->record_number = record->numbers++;
  task->record_next = record->members;
  record->members = task;
}

void task_set_record(Task *task, Record *record) { join(task, record); }

Record *task_record(Task *task) {
  if (task->record || !task->records) return task->record;
  Record *record = record_new();
  if (record) join(task, record);
  if (record && task->body->recorded) task->body->recorded(task, record);
  return record;
}

Record *task_present_record(const Task *task) { return task->record; }

void task_share_record(Task *parent, Task *task) {
  Record *record = task_record(parent);
  if (record) join(task, record_retain(record));
}

void record_end_call(Task *task) {
  Pending *pending = &task->pending;
  if (pending->acting) atomic_fetch_sub(pending->acting, 1);
  pending->acting = NULL;
  pending->function = NULL;
}

void record_leave(Task *task) {
  Record *record = task->record;
  task->records = false;
  task->once = 0;
  record_end_call(task);
  if (!record) return;
  Task **link = &record->members;
  while (*link != task) link = &(*link)->record_next;
  *link = task->record_next;
  task->record = NULL;
  record_turn(record);
  record_free(record);
}

// ---- entries ------------------------------------------------------------------------------------

static void write_call(Buf *out, const RecordCall *call) {
  pack_number(out, (uint64_t)call->task);
  pack_str(out, call->name);
  pack_number(out, call->digest);
  pack_str(out, call->place);
}

static bool read_call(Str *bytes, RecordCall *call) {
  uint64_t task;
  bool good = pack_take_number(bytes, &task) && task <= UINT32_MAX &&
              pack_take_str(bytes, &call->name) && pack_take_number(bytes, &call->digest) &&
              pack_take_str(bytes, &call->place);
  call->task = (uint32_t)task;
  return good;
}

RecordCall record_call(const Task *task) {
  return (RecordCall){ .task = task->record_number,
                       .name = str_of(task->pending.function->name),
                       .place = str_of(task->pending.place),
                       .digest = task->pending.digest };
}

void record_give_up(Record *record, const RecordCall *call) {
  if (record->given_up[0]) return;
  snprintf(record->given_up, sizeof record->given_up, "%.*s%s%.*s", STR_FMT(call->name),
           call->place.len ? " at " : "", STR_FMT(call->place));
  buf_clear(&record->entries);
  buf_clear(&record->scratch);
}

static void append(Record *record, const RecordCall *call, RecordEntryKind kind, Str values) {
  buf_addc(&record->entries, (char)kind);
  write_call(&record->entries, call);
  pack_str(&record->entries, values);
}

void record_add(Record *record, const RecordCall *call, RecordEntryKind kind, Str values) {
  if (record->given_up[0]) return;
  append(record, call, kind, values);
  if (record->entries.failed || record->entries.len > RECORD_MAX) record_give_up(record, call);
}

static bool read_entry(Str *bytes, RecordEntry *entry) {
  if (bytes->len == 0) return false;
  entry->kind = (RecordEntryKind)bytes->ptr[0];
  *bytes = str_make(bytes->ptr + 1, bytes->len - 1);
  return read_call(bytes, &entry->call) && pack_take_str(bytes, &entry->values);
}

bool record_peek(const Record *record, RecordEntry *entry) {
  Str rest = str_sub(buf_str(&record->entries), record->at, record->entries.len);
  return read_entry(&rest, entry);
}

void record_pass(Record *record) {
  RecordEntry entry;
  Str all = buf_str(&record->entries), rest = str_sub(all, record->at, all.len);
  read_entry(&rest, &entry);
  record->at = all.len - rest.len;
  record_turn(record);
}

static Task *member(const Record *record, uint32_t number) {
  Task *task = record->members;
  while (task && task->record_number != number) task = task->record_next;
  return task;
}

static void wake(Task *task) {
  Wait *wait = task->turn;
  task->turn = NULL;
  if (wait) wait_finish(wait, task->at_turn, NULL, NULL);
}

void record_wake_all(Record *record) {
  for (Task *task = record->members; task; task = task->record_next) wake(task);
}

// If the next entry's task has ended or never began, the entry cannot be replayed: all tasks wake and see that.
void record_turn(Record *record) {
  RecordEntry entry;
  if (!record->replaying) return;
  if (record->at == record->entries.len) {
    record->replaying = false;
    record_wake_all(record);
  } else if (record_peek(record, &entry)) {
    Task *next = member(record, entry.call.task);
    if (next) wake(next);
    else record_wake_all(record);
  }
}

bool record_has_task(const Record *record, uint32_t number) { return member(record, number); }

static Str place_of(const RecordCall *call) {
  return call->place.len ? call->place : STR("an unknown place");
}

void record_differs(Record *record, const RecordEntry *was, const RecordCall *is) {
  bool same = str_eq(was->call.name, is->name) && was->call.task == is->task;
  if (record->difference[0]) return;
  snprintf(record->difference, sizeof record->difference,
           "it now calls %.*s at %.*s%s, where it called %.*s at %.*s", STR_FMT(is->name),
           STR_FMT(place_of(is)), same ? " with other arguments" : "", STR_FMT(was->call.name),
           STR_FMT(place_of(&was->call)));
}

// ---- saving and loading -------------------------------------------------------------------------

// A call that reads is made again; the first task's shows how far the task had come (record_repeats).
static bool is_kept(const Task *task) {
  const Pending *pending = &task->pending;
  if (!pending->function || pending->kind == DOOR_TELLS) return false;
  return pending->kind != DOOR_READS || task->record_number == 0;
}

bool record_save(const Record *record, Buf *out) {
  size_t count = 0;
  if (record->given_up[0]) return false;
  for (const Task *task = record->members; task; task = task->record_next) count += is_kept(task);
  buf_add(out, str_make(FORMAT, sizeof FORMAT - 1));
  pack_str(out, buf_str(&record->entries));
  pack_number(out, count);
  for (const Task *task = record->members; task; task = task->record_next) {
    if (!is_kept(task)) continue;
    RecordCall call = record_call(task);
    buf_addc(out, (char)task->pending.kind);
    write_call(out, &call);
  }
  return !out->failed;
}

static bool check_entries(Str bytes) {
  RecordEntry entry;
  while (bytes.len > 0) {
    if (!read_entry(&bytes, &entry)) return false;
  }
  return true;
}

// Reads a saved record. The calls under way stay in `loaded`, as written.
static bool read_saved(Record *record, Str bytes) {
  Str entries;
  if (!str_starts(bytes, str_make(FORMAT, sizeof FORMAT - 1))) return false;
  bytes = str_sub(bytes, sizeof FORMAT - 1, bytes.len);
  if (!pack_take_str(&bytes, &entries) || !pack_take_number(&bytes, &record->loaded_count) ||
      !check_entries(entries))
    return false;
  buf_add(&record->entries, entries);
  buf_add(&record->loaded, bytes);
  return !record->entries.failed && !record->loaded.failed;
}

Record *record_load(Str bytes, Err *err) {
  Record *record = record_new();
  if (record && read_saved(record, bytes)) {
    record->replaying = record->entries.len > 0;
    return record;
  }
  if (record) err_set(err, ERR_INVALID, "the record has another format than this version's");
  else err_set(err, ERR_MEMORY, "no memory");
  record_free(record);
  return NULL;
}

bool record_find_pending(const Record *record, uint32_t task, DoorKind *kind, RecordCall *call) {
  Str bytes = buf_str(&record->loaded);
  for (uint64_t i = 0; i < record->loaded_count && bytes.len; i++) {
    *kind = (DoorKind)bytes.ptr[0];
    bytes = str_sub(bytes, 1, bytes.len);
    if (!read_call(&bytes, call)) return false;
    if (call->task == task) return true;
  }
  return false;
}

// A task other than the first was waiting in its next call when the record was saved, or had ended.
bool record_repeats(const Task *task) {
  RecordCall call;
  DoorKind kind;
  const Record *record = task->record;
  if (!record || record->given_up[0]) return false;
  if (record->replaying || task->lives) return record->replaying;
  if (task->record_number > 0) return true;
  return !record->answered && record_find_pending(record, 0, &kind, &call);
}

// The answer may make the record longer than RECORD_MAX: the replay must reach it. The next value then gives it up.
bool record_answer(Record *record, const Str *results, size_t count) {
  RecordCall call;
  DoorKind kind;
  if (!record_find_pending(record, 0, &kind, &call) || kind != DOOR_ASKS) return false;
  buf_reset(&record->scratch);
  pack_texts(results, count, &record->scratch);
  if (record->scratch.failed) return false;
  append(record, &call, RECORD_VALUES, buf_str(&record->scratch));
  record->answered = record->replaying = !record->entries.failed;
  return record->replaying;
}
