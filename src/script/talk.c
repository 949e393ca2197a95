#include "script/talk.h"

#include "base/clock.h"

#include <stdlib.h>

void talk_set(Str *to, Str text) {
  char *copy = text.len ? malloc(text.len) : NULL;
  if (copy) memcpy(copy, text.ptr, text.len);
  free((char *)to->ptr);
  *to = copy ? str_make(copy, text.len) : (Str){ 0 };
}

static Talk *make(Keep *keep) {
  Talk *talk = calloc(1, sizeof *talk);
  if (!talk) return NULL;
  talk->keep = keep;
  talk->lapses = keep_lapses(keep);
  buf_init(&talk->value);
  buf_init(&talk->before);
  return talk;
}

Talk *talk_new(Keep *keep, Str openid, Str message) {
  Talk *talk = make(keep);
  if (!talk) return NULL;
  talk_set(&talk->run.openid, openid);
  talk_set(&talk->run.message, message);
  talk_set(&talk->run.answering, message);
  if (talk->run.openid.ptr && talk->run.message.ptr && talk->run.answering.ptr) return talk;
  talk_free(talk);
  return NULL;
}

// The texts that a talk owns.
enum { TEXTS = 8 };

static void list_texts(KeptRun *run, Str *texts[TEXTS]) {
  Str *const all[TEXTS] = { &run->openid,   &run->identity, &run->message,       &run->answering,
                            &run->question, &run->place,    &run->lost_question, &run->lost_place };
  memcpy(texts, all, sizeof all);
}

Talk *talk_of(Keep *keep, const KeptRun *run, Str value) {
  Talk *talk = make(keep);
  Str *texts[TEXTS];
  if (!talk) return NULL;
  talk->run = *run;
  talk->stored = true;
  list_texts(&talk->run, texts);
  for (size_t i = 0; i < TEXTS; i++) {
    Str text = *texts[i];
    *texts[i] = (Str){ 0 };
    talk_set(texts[i], text);
  }
  if (keep_is_shared(keep)) buf_add(&talk->value, value);
  return talk;
}

void talk_free(Talk *talk) {
  Str *texts[TEXTS];
  if (!talk) return;
  list_texts(&talk->run, texts);
  for (size_t i = 0; i < TEXTS; i++) free((char *)texts[i]->ptr);
  buf_clear(&talk->value);
  buf_clear(&talk->before);
  free(talk);
}

static void note_taken(Talk *talk) {
  size_t bytes;
  if (!talk->said) return;
  said_taken(talk->said, &bytes, &talk->run.other_taken);
  talk->run.taken = (int64_t)bytes;
}

void talk_leave_said(Talk *talk, bool taken) {
  if (taken) note_taken(talk);
  else talk->run.taken = talk->run.other_taken = 0;
  talk->said = NULL;
}

static bool save(Talk *talk, const Record *record, StoreDone done, void *ctx) {
  Buf bytes;
  buf_init(&bytes);
  bool shared = keep_is_shared(talk->keep);
  buf_clear(&talk->before);
  talk->before = talk->value;
  buf_init(&talk->value);
  note_taken(talk);
  bool ok = !record || record_save(record, &bytes);
  talk->run.record = buf_str(&bytes);
  ok = ok && keep_save(talk->keep, &talk->run, shared && talk->before.len ? &talk->before : NULL,
                       &talk->value, done, ctx);
  if (ok) talk->stored = true;
  if (!shared) buf_clear(&talk->value);
  buf_clear(&bytes);
  talk->run.record = (Str){ 0 };
  return ok;
}

void talk_not_saved(Talk *talk) {
  buf_clear(&talk->value);
  talk->value = talk->before;
  buf_init(&talk->before);
}

static void enter_state(Talk *talk, KeptState state) {
  talk->run.state = state;
  talk->run.begun_s = clock_unix_s();
  talk->run.process = state == KEPT_RUNS ? keep_process(talk->keep) : STR("");
}

bool talk_save_now(Talk *talk, const Record *record, KeptState state) {
  Buf bytes;
  buf_init(&bytes);
  enter_state(talk, state);
  note_taken(talk);
  bool ok = !record || record_save(record, &bytes);
  talk->run.record = buf_str(&bytes);
  ok = ok && keep_save_now(talk->keep, &talk->run);
  talk->stored = talk->stored || ok;
  if (ok) buf_clear(&talk->value);
  buf_clear(&bytes);
  talk->run.record = (Str){ 0 };
  return ok;
}

bool talk_save(Talk *talk, const Record *record, KeptState state, StoreDone done, void *ctx) {
  enter_state(talk, state);
  return save(talk, record, done, ctx);
}

static void leave_in_doubt(Talk *talk, const Record *record) {
  Buf bytes;
  buf_init(&bytes);
  note_taken(talk);
  bool ok = record_save(record, &bytes);
  talk->run.record = buf_str(&bytes);
  if (ok) keep_leave(talk->keep, &talk->run);
  talk->run.record = (Str){ 0 };
  buf_clear(&bytes);
}

void talk_leave(Talk *talk, const Record *record) {
  if (!talk->stored || talk->run.state != KEPT_RUNS || !record) return;
  talk->run.process = STR("");
  if (talk->in_doubt) leave_in_doubt(talk, record);
  else save(talk, record, NULL, NULL);
}

void talk_lost(Talk *talk) {
  if (talk->stored) keep_lost(talk->keep, talk->run.openid, talk->run.identity);
  talk->stored = false;
}

void talk_drop(Talk *talk) {
  if (talk->stored) keep_drop(talk->keep, talk->run.openid, talk->run.identity);
  talk->stored = false;
}

void talk_lose(Talk *talk) {
  KeptRun *run = &talk->run;
  talk_set(&run->lost_question, run->question);
  talk_set(&run->lost_place, run->place);
  run->lost_since_s = run->since_s ? run->since_s : 1;
  talk_set(&run->message, run->answering);
  talk_set(&run->question, STR(""));
  run->asks = 0;
}
