#include "script/stored_run.h"

#include "base/clock.h"

#include <stdlib.h>

void stored_run_set(Str *to, Str text) {
  char *copy = text.len ? malloc(text.len) : NULL;
  if (copy) memcpy(copy, text.ptr, text.len);
  free((char *)to->ptr);
  *to = copy ? str_make(copy, text.len) : (Str){ 0 };
}

static StoredRun *make(Keep *keep) {
  StoredRun *stored = calloc(1, sizeof *stored);
  if (!stored) return NULL;
  stored->keep = keep;
  stored->lapses = keep_lapses(keep);
  buf_init(&stored->value);
  buf_init(&stored->before);
  return stored;
}

StoredRun *stored_run_new(Keep *keep, Str openid, Str message) {
  StoredRun *stored = make(keep);
  if (!stored) return NULL;
  stored_run_set(&stored->run.openid, openid);
  stored_run_set(&stored->run.message, message);
  stored_run_set(&stored->run.answering, message);
  if (stored->run.openid.ptr && stored->run.message.ptr && stored->run.answering.ptr) return stored;
  stored_run_free(stored);
  return NULL;
}

// The texts that a stored run owns.
enum { TEXTS = 9 };

static void list_texts(KeptRun *run, Str *texts[TEXTS]) {
  Str *const all[TEXTS] = { &run->openid,        &run->identity,   &run->message,
                            &run->answering,     &run->question,   &run->place,
                            &run->lost_question, &run->lost_place, &run->reply };
  memcpy(texts, all, sizeof all);
}

StoredRun *stored_run_of(Keep *keep, const KeptRun *run, Str value) {
  StoredRun *stored = make(keep);
  Str *texts[TEXTS];
  if (!stored) return NULL;
  stored->run = *run;
  stored->in_store = true;
  list_texts(&stored->run, texts);
  for (size_t i = 0; i < TEXTS; i++) {
    Str text = *texts[i];
    *texts[i] = (Str){ 0 };
    stored_run_set(texts[i], text);
  }
  if (keep_is_shared(keep)) buf_add(&stored->value, value);
  return stored;
}

void stored_run_free(StoredRun *stored) {
  Str *texts[TEXTS];
  if (!stored) return;
  list_texts(&stored->run, texts);
  for (size_t i = 0; i < TEXTS; i++) free((char *)texts[i]->ptr);
  free((char *)stored->left.ptr);
  buf_clear(&stored->value);
  buf_clear(&stored->before);
  free(stored);
}

static void note_taken(StoredRun *stored) {
  size_t bytes;
  if (!stored->said) return;
  said_taken(stored->said, &bytes, &stored->run.other_taken);
  stored->run.taken = (int64_t)bytes;
}

void stored_run_leave_said(StoredRun *stored, bool taken) {
  if (taken) note_taken(stored);
  else stored->run.taken = stored->run.other_taken = 0;
  stored->said = NULL;
}

static bool save(StoredRun *stored, const Record *record, StoreDone done, void *ctx) {
  Buf bytes;
  buf_init(&bytes);
  bool shared = keep_is_shared(stored->keep);
  buf_clear(&stored->before);
  stored->before = stored->value;
  buf_init(&stored->value);
  note_taken(stored);
  bool ok = !record || record_save(record, &bytes);
  stored->run.record = buf_str(&bytes);
  bool first = stored->run.identity.len == 0 && (!stored->in_store || stored->leaves);
  stored->takes = shared && (first || stored->takes);
  bool checks = stored->takes || (shared && stored->before.len);
  ok = ok && keep_save(stored->keep, &stored->run, checks ? &stored->before : NULL, &stored->value,
                       done, ctx);
  if (ok) stored->in_store = true;
  if (!shared) buf_clear(&stored->value);
  buf_clear(&bytes);
  stored->run.record = (Str){ 0 };
  return ok;
}

void stored_run_not_saved(StoredRun *stored) {
  buf_clear(&stored->value);
  stored->value = stored->before;
  buf_init(&stored->before);
}

static void enter_state(StoredRun *stored, KeptState state) {
  stored->run.state = state;
  stored->run.begun_s = clock_unix_s();
  stored->run.process = state == KEPT_RUNS ? keep_process(stored->keep) : STR("");
}

bool stored_run_save_now(StoredRun *stored, const Record *record, KeptState state) {
  Buf bytes;
  buf_init(&bytes);
  enter_state(stored, state);
  note_taken(stored);
  bool ok = !record || record_save(record, &bytes);
  stored->run.record = buf_str(&bytes);
  ok = ok && keep_save_now(stored->keep, &stored->run);
  stored->in_store = stored->in_store || ok;
  if (ok) buf_clear(&stored->value);
  buf_clear(&bytes);
  stored->run.record = (Str){ 0 };
  return ok;
}

bool stored_run_save(StoredRun *stored, const Record *record, KeptState state, StoreDone done,
                     void *ctx) {
  enter_state(stored, state);
  return save(stored, record, done, ctx);
}

void stored_run_save_soon(StoredRun *stored, const Record *record) {
  if (!stored_run_save_now(stored, record, KEPT_RUNS))
    stored_run_save(stored, record, KEPT_RUNS, NULL, NULL);
}

static void leave_in_doubt(StoredRun *stored, const Record *record) {
  Buf bytes;
  buf_init(&bytes);
  note_taken(stored);
  bool ok = record_save(record, &bytes);
  stored->run.record = buf_str(&bytes);
  if (ok) keep_leave(stored->keep, &stored->run);
  stored->run.record = (Str){ 0 };
  buf_clear(&bytes);
}

bool stored_run_goes_on(const StoredRun *stored, const Record *record) {
  if (!stored || !stored->in_store) return false;
  return stored->run.state == KEPT_ASKS || (record && !record_given_up(record)[0]);
}

void stored_run_leave(StoredRun *stored, const Record *record) {
  if (!stored->in_store || stored->run.state != KEPT_RUNS || !record) return;
  stored->run.process = STR("");
  if (stored->in_doubt) leave_in_doubt(stored, record);
  else save(stored, record, NULL, NULL);
}

void stored_run_lost(StoredRun *stored) {
  if (stored->in_store) keep_lost(stored->keep, stored->run.openid, stored->run.identity);
  stored->in_store = false;
}

void stored_run_move(StoredRun *stored, Str identity) {
  if (str_eq(stored->run.identity, identity)) return;
  stored->leaves = stored->in_store;
  stored_run_set(&stored->left, stored->run.identity);
  stored_run_set(&stored->run.identity, identity);
  buf_reset(&stored->value);
}

static void lose_key(StoredRun *stored) {
  keep_yield(stored->keep, stored->run.openid);
  stored->takes = false;
  buf_reset(&stored->value);
}

void stored_run_yield(StoredRun *stored) {
  keep_release(stored->keep, &stored->run);  // an earlier question that arrived after all
  lose_key(stored);
  stored->in_store = false;
  stored->yields = true;
}

void stored_run_stay(StoredRun *stored) {
  lose_key(stored);
  stored_run_set(&stored->run.identity, stored->left);
  stored->leaves = false;
}

// Deletes the run from under that key. Under its user's key there may be another conversation while it is not known
// that the run has the key.
static void drop_key(StoredRun *stored, Str identity) {
  KeptRun run = stored->run;
  run.identity = identity;
  if (stored->takes && identity.len == 0) keep_release(stored->keep, &run);
  else keep_drop(stored->keep, run.openid, identity);
}

void stored_run_moved(StoredRun *stored) {
  if (stored->leaves) drop_key(stored, stored->left);
  if (stored->run.identity.len) stored->takes = false;
  stored->leaves = false;
}

void stored_run_written(StoredRun *stored) {
  stored->takes = false;
  stored_run_moved(stored);
}

bool stored_run_may_be_taken(const StoredRun *stored) {
  int64_t lapses = keep_lapses(stored->keep);
  return lapses < 0 || stored->lapses != lapses;
}

void stored_run_drop(StoredRun *stored) {
  if (stored->in_store) drop_key(stored, stored->run.identity);
  stored->in_store = false;
  stored_run_moved(stored);
  stored->takes = false;
}

void stored_run_lose(StoredRun *stored) {
  KeptRun *run = &stored->run;
  stored_run_set(&run->lost_question, run->question);
  stored_run_set(&run->lost_place, run->place);
  run->lost_since_s = run->since_s ? run->since_s : 1;
  stored_run_set(&run->message, run->answering);
  stored_run_set(&run->question, STR(""));
  run->asks = 0;
}
