// The runs in the store that have come due: a question has timed out, or a run's process has ended. All owed runs of a
// user come together, in the order in which the platform sent their messages.
#include "script/keep_inner.h"

#include "base/clock.h"
#include "engine/pack.h"
#include "wechat/message.h"

#include <stdlib.h>

enum {
  READ_AT_ONCE = 400,  // keys of which none has come due
  PATIENCE_S = 16,     // how long the platform retries an unanswered message
  // After a start, a script that has begun is left for so long to the platform's next try, which it can answer
  // passively.
  NEXT_TRY_US = 1000 * 1000
};

typedef struct {
  Buf key;
  // The order: CreateTime; MsgId, 0 for an event; then when the message arrived.
  int64_t created_s, id, arrived_us;
} Due;

// The runs that are looked at together.
typedef struct {
  Keep *keep;
  XmlParser *parser;  // NULL until it is needed
  NodeTree tree;
  int read;  // keys
  Due *all;
  size_t count, size;
  bool waits;  // all of them have begun, so they wait for the platform's next try
  bool away;   // the store is
} Dues;

// An unanswered message is left to the platform's retries while there may be any.
static bool has_come(Keep *keep, const KeptRun *run) {
  if (run->state == KEPT_ASKS) return run->until_ms && run->until_ms <= clock_unix_ms();
  return !keep_is_own(keep, run) && (run->owed || clock_unix_s() - run->begun_s > PATIENCE_S) &&
         !keep_is_alive(keep, run->process);
}

// A user who has left has no message, but the time.
static void set_order(Dues *dues, Due *due, const KeptRun *run) {
  MessageHead head;
  Str document = run->answering.len ? run->answering : run->message;
  due->created_s = run->since_s;
  due->arrived_us = run->arrived_us;
  if (!dues->parser) dues->parser = xml_parser_new();
  if (!dues->parser || !document.len ||
      !message_parse(dues->parser, document, &dues->tree, &head, NULL))
    return;
  str_to_int64(head.create_time, &due->created_s);
  if (!head.is_event && !str_to_int64(head.msg_id, &due->id)) due->id = 0;
}

// Without memory the run comes due again later.
static Due *add(Dues *dues) {
  if (dues->count == dues->size) {
    size_t size = dues->size ? dues->size * 2 : 4;
    Due *all = realloc(dues->all, size * sizeof *all);
    if (!all) return NULL;
    dues->all = all;
    dues->size = size;
  }
  Due *due = &dues->all[dues->count++];
  *due = (Due){ .id = 0 };
  return due;
}

static void look_at(Dues *dues, Str key) {
  Keep *keep = dues->keep;
  Buf value;
  KeptRun run;
  buf_init(&value);
  Asked asked = keep_read_run(keep, key, &value, &run);
  dues->read++;
  dues->away = asked == STORE_AWAY;
  Due *due = asked == STORE_HAS && has_come(keep, &run) ? add(dues) : NULL;
  if (due) {
    buf_add(&due->key, key);
    set_order(dues, due, &run);
    if (run.unbegun || run.state == KEPT_ASKS || run.identity.len == 0) dues->waits = false;
  }
  buf_clear(&value);
}

static int compare(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int compare_dues(const void *of_one, const void *of_other) {
  const Due *one = of_one, *other = of_other;
  int order = compare(one->created_s, other->created_s);
  if (order == 0) order = compare(one->id, other->id);
  return order ? order : compare(one->arrived_us, other->arrived_us);
}

// Returns whether there are any. After one that is not gone on with, its user's later ones wait.
static bool hand_over(Dues *dues, bool (*each)(void *ctx, Str key), void *ctx) {
  if (dues->waits || dues->away || dues->count == 0) return false;
  qsort(dues->all, dues->count, sizeof *dues->all, compare_dues);
  for (size_t i = 0; i < dues->count && each(ctx, buf_str(&dues->all[i].key)); i++) {
  }
  return true;
}

static Dues dues_new(Keep *keep) {
  bool begins = !keep->looked_us || clock_now_us() - keep->looked_us < NEXT_TRY_US;
  Dues dues = { .keep = keep, .waits = begins };
  nodes_init(&dues.tree);
  return dues;
}

static void dues_clear(Dues *dues) {
  for (size_t i = 0; i < dues->count; i++) buf_clear(&dues->all[i].key);
  free(dues->all);
  nodes_clear(&dues->tree);
  xml_parser_free(dues->parser);
}

// Looks at a run, and at the other owed runs of its user.
static void look_at_user(Dues *dues, Str key) {
  Buf found;
  buf_init(&found);
  kept_index_list_beside(dues->keep->index, key, &found);
  for (Str rest = buf_str(&found), one; !dues->away && pack_take_str(&rest, &one);)
    look_at(dues, one);
  buf_clear(&found);
}

bool keep_due_rests(const Keep *keep) {
  return keep_was_away(keep) || kept_index_due_rests(keep->index);
}

bool keep_due(Keep *keep, bool (*each)(void *ctx, Str key), void *ctx) {
  Buf key;
  bool any = false, away = false;
  buf_init(&key);
  keep_renew(keep);
  for (int read = 0; !any && !away && read < READ_AT_ONCE;) {
    if (!kept_index_next_due(keep->index, &key)) break;
    Dues dues = dues_new(keep);
    look_at_user(&dues, buf_str(&key));
    any = hand_over(&dues, each, ctx);
    away = dues.away;
    read += dues.read + 1;
    dues_clear(&dues);
  }
  buf_clear(&key);
  return any;
}
