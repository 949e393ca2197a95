// The values in the store, and an index of them: of each the key, and when it is to be looked at. A process that has
// the store for itself asks the index whether a user has a conversation; where others have it open, the store.
#include "script/keep.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "codec/digest.h"
#include "engine/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  BUCKETS = 1 << 16,
  PAGE = 2000,         // keys listed at a time
  READ_AT_ONCE = 400,  // values read at a time
  LEASE_MS = 9000,     // so long a process that cannot be seen is taken for alive
  RENEW_US = 3000 * 1000,
  LIST_US = 4000 * 1000,  // between two looks at the keys of others
  PATIENCE_S = 16,        // the platform tries a message that was not answered for so long
  MANY = 20000,           // entries: more are gone through a part at a time
  LOOK_MS = 1000,         // at a run that another process has
};

static const char FORMAT[] = "wemoon run 1\n";

// ---- a run as bytes -----------------------------------------------------------------------------

static void write_int(Buf *out, int64_t n) { pack_number(out, (uint64_t)n); }

void kept_write(const KeptRun *run, Buf *out) {
  buf_add(out, str_make(FORMAT, sizeof FORMAT - 1));
  write_int(out, run->state);
  write_int(out, run->owed | run->events << 1);
  write_int(out, run->since_s);
  write_int(out, run->begun_s);
  write_int(out, run->until_ms);
  write_int(out, run->asks);
  write_int(out, run->ends);
  write_int(out, run->lost_since_s);
  const Str texts[] = { run->process,    run->openid,   run->identity, run->message,
                        run->answering,  run->question, run->place,    run->lost_question,
                        run->lost_place, run->record };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) pack_str(out, texts[i]);
}

bool kept_read(Str bytes, KeptRun *run) {
  uint64_t state, flags, since, begun, until, asks, ends, lost;
  if (!str_starts(bytes, str_make(FORMAT, sizeof FORMAT - 1))) return false;
  bytes = str_sub(bytes, sizeof FORMAT - 1, bytes.len);
  uint64_t *const numbers[] = { &state, &flags, &since, &begun, &until, &asks, &ends, &lost };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (!pack_take_number(&bytes, numbers[i])) return false;
  }
  *run = (KeptRun){ .state = state == KEPT_RUNS ? KEPT_RUNS : KEPT_ASKS,
                    .owed = flags & 1,
                    .events = flags & 2,
                    .since_s = (int64_t)since,
                    .begun_s = (int64_t)begun,
                    .until_ms = (int64_t)until,
                    .asks = (int64_t)asks,
                    .ends = (int64_t)ends,
                    .lost_since_s = (int64_t)lost };
  Str *const texts[] = { &run->process,    &run->openid,   &run->identity, &run->message,
                         &run->answering,  &run->question, &run->place,    &run->lost_question,
                         &run->lost_place, &run->record };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!pack_take_str(&bytes, texts[i])) return false;
  }
  return bytes.len == 0;
}

// ---- the index ----------------------------------------------------------------------------------

typedef enum {
  ENTRY_UNREAD,  // its key is known alone
  ENTRY_ASKS,
  ENTRY_MINE,   // this process runs it
  ENTRY_OTHER,  // another one does
  ENTRY_HELD    // keep_due gave it
} EntryState;

typedef struct Entry {
  struct Entry *next;
  int64_t look_ms;  // Unix; INT64_MAX: never
  uint32_t hash;
  uint8_t state;
  bool owed, events;
  uint16_t len;
  char key[];
} Entry;

struct Keep {
  KeepOptions options;
  char process[96];
  char process_key[224], talks[96], owes[96];  // keys and prefixes
  pthread_mutex_t mutex;
  Entry *buckets[BUCKETS];
  atomic_size_t conversations, owed;
  atomic_bool whole;  // every key in the store is in the index
  // Of keep_look's thread:
  int64_t renew_us, list_us;
  size_t at;   // the bucket to go on with
  Buf listed;  // the key that the listing has come to
};

// Other processes may have the store open.
bool keep_is_shared(const Keep *keep) { return store_company(keep->options.store) != STORE_ALONE; }

static uint32_t hash_of(Str key) { return (uint32_t)str_hash(key, 0); }

static Str entry_key(const Entry *entry) { return str_make(entry->key, entry->len); }

static Entry **find(Keep *keep, Str key) {
  uint32_t hash = hash_of(key);
  Entry **link = &keep->buckets[hash % BUCKETS];
  while (*link && !((*link)->hash == hash && str_eq(entry_key(*link), key))) link = &(*link)->next;
  return link;
}

static bool is_owed_key(const Keep *keep, Str key) { return str_starts(key, str_of(keep->owes)); }

static void count(Keep *keep, const Entry *entry, size_t by) {
  if (!is_owed_key(keep, entry_key(entry))) atomic_fetch_add(&keep->conversations, by);
  if (entry->owed) atomic_fetch_add(&keep->owed, by);
}

// With the mutex held; NULL without memory.
static Entry *put(Keep *keep, Str key) {
  Entry **link = find(keep, key);
  if (*link || key.len > UINT16_MAX) return *link;
  Entry *entry = malloc(sizeof *entry + key.len);
  if (!entry) return NULL;
  *entry = (Entry){ .hash = hash_of(key),
                    .state = ENTRY_UNREAD,
                    .owed = is_owed_key(keep, key),
                    .len = (uint16_t)key.len };
  memcpy(entry->key, key.ptr, key.len);
  count(keep, entry, 1);
  return *link = entry;
}

static void take_out(Keep *keep, Entry **link) {
  Entry *entry = *link;
  *link = entry->next;
  count(keep, entry, (size_t)-1);
  free(entry);
}

static void forget(Keep *keep, Str key) {
  pthread_mutex_lock(&keep->mutex);
  Entry **link = find(keep, key);
  if (*link) take_out(keep, link);
  pthread_mutex_unlock(&keep->mutex);
}

static bool is_mine(const Keep *keep, const KeptRun *run) {
  return str_eq(run->process, str_of(keep->process));
}

// What is known of a run from its value; one that is held here may have been written by another process since.
static void note(Keep *keep, Str key, const KeptRun *run) {
  pthread_mutex_lock(&keep->mutex);
  Entry *entry = put(keep, key);
  if (entry && !(entry->state == ENTRY_HELD && run->state == KEPT_ASKS)) {
    if (entry->owed != run->owed) atomic_fetch_add(&keep->owed, run->owed ? 1 : (size_t)-1);
    entry->owed = run->owed;
    entry->state = run->state == KEPT_ASKS ? ENTRY_ASKS
                   : is_mine(keep, run)    ? ENTRY_MINE
                                           : ENTRY_OTHER;
    entry->look_ms = entry->state == ENTRY_MINE    ? INT64_MAX
                     : entry->state == ENTRY_OTHER ? clock_unix_ms() + LOOK_MS
                     : run->until_ms               ? run->until_ms
                                                   : INT64_MAX;
  }
  pthread_mutex_unlock(&keep->mutex);
}

// ---- processes ----------------------------------------------------------------------------------

// "MACHINE:PID:START": processes of one machine see each other's end at once.
static int64_t start_of(int64_t pid) {
  char path[48], text[1024];
  snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
  FILE *file = fopen(path, "r");
  size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file) fclose(file);
  text[len] = '\0';
  const char *at = strrchr(text, ')');
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  return at ? strtoll(at + 1, NULL, 10) : -1;
}

static void name_machine(char *out, size_t size) {
  char boot[40] = "", space[64] = "";
  FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
  size_t len = file ? fread(boot, 1, 36, file) : 0;
  if (file) fclose(file);
  boot[len] = '\0';
  ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
  space[n > 0 ? n : 0] = '\0';
  uint64_t hash = str_hash(str_of(boot), str_hash(str_of(space), 1));
  snprintf(out, size, "%016" PRIx64, hash);
}

static bool name_process(Keep *keep) {
  char machine[24];
  uint32_t random;
  if (!digest_random(&random, sizeof random)) return false;
  name_machine(machine, sizeof machine);
  snprintf(keep->process, sizeof keep->process, "%s:%lld:%lld:%08" PRIx32, machine,
           (long long)getpid(), (long long)start_of(getpid()), random);
  return true;
}

// True if it is on this machine; *alive then says whether it runs.
static bool look_here(const Keep *keep, Str process, bool *alive) {
  Str machine, rest, mine, pid, start, random;
  int64_t number, began;
  str_cut(str_of(keep->process), ':', &mine, &rest);
  str_cut(process, ':', &machine, &rest);
  str_cut(rest, ':', &pid, &rest);
  str_cut(rest, ':', &start, &random);
  if (!str_eq(machine, mine) || !str_to_int64(pid, &number) || !str_to_int64(start, &began))
    return false;
  // One of this process's own that is not its own: a bot that it had before.
  *alive = number != getpid() && start_of(number) == began;
  return true;
}

static bool ask_store(Keep *keep, const StoreCall *call, Buf *value) {
  StoreReply *reply = store_call_wait(keep->options.store, call, NULL);
  bool ok = reply && reply->err.code == ERR_NONE && reply->ok;
  if (ok && value) {
    buf_reset(value);
    buf_add(value, reply->value);
    ok = !value->failed;
  }
  store_reply_free(reply);
  return ok;
}

static bool is_alive(Keep *keep, Str process) {
  bool alive;
  char key[256];
  if (look_here(keep, process, &alive)) return alive;
  int len = snprintf(key, sizeof key, "process/%.*s/%.*s", STR_FMT(keep->options.account),
                     STR_FMT(process));
  StoreCall call = { .op = STORE_GET, .key = str_make(key, (size_t)len) };
  StoreReply *reply = store_call_wait(keep->options.store, &call, NULL);
  alive = !reply || reply->err.code != ERR_NONE || reply->ok;
  store_reply_free(reply);
  return alive;
}

static void forget_reply(void *ctx, StoreReply *reply) { store_reply_free(reply); }

static void renew(Keep *keep) {
  int64_t now_us = clock_now_us();
  if (!keep_is_shared(keep) || now_us < keep->renew_us) return;
  keep->renew_us = now_us + RENEW_US;
  StoreCall call = { .op = STORE_LEASE,
                     .key = str_of(keep->process_key),
                     .value = str_of(keep->process),
                     .ttl_ms = LEASE_MS };
  store_call(keep->options.store, &call, forget_reply, NULL, NULL);
}

// ---- birth --------------------------------------------------------------------------------------

Keep *keep_new(const KeepOptions *options) {
  Keep *keep = calloc(1, sizeof *keep);
  if (!keep || !name_process(keep)) {
    free(keep);
    return NULL;
  }
  keep->options = *options;
  Str account = options->account;
  snprintf(keep->process_key, sizeof keep->process_key, "process/%.*s/%s", STR_FMT(account),
           keep->process);
  snprintf(keep->talks, sizeof keep->talks, "asked/%.*s/", STR_FMT(account));
  snprintf(keep->owes, sizeof keep->owes, "owed/%.*s/", STR_FMT(account));
  mutex_init_brief(&keep->mutex);
  buf_init(&keep->listed);
  renew(keep);
  return keep;
}

void keep_free(Keep *keep) {
  if (!keep) return;
  for (size_t i = 0; i < BUCKETS; i++) {
    while (keep->buckets[i]) take_out(keep, &keep->buckets[i]);
  }
  if (keep->renew_us)
    store_call(keep->options.store,
               &(StoreCall){ .op = STORE_DELETE, .key = str_of(keep->process_key) }, forget_reply,
               NULL, NULL);
  pthread_mutex_destroy(&keep->mutex);
  buf_clear(&keep->listed);
  free(keep);
}

bool keep_has_conversations(const Keep *keep) { return keep && keep->options.conversations; }
Str keep_process(const Keep *keep) { return str_of(keep->process); }

size_t keep_conversations(const Keep *keep) {
  return atomic_load_explicit(&((Keep *)keep)->conversations, memory_order_relaxed);
}
size_t keep_owed(const Keep *keep) {
  return atomic_load_explicit(&((Keep *)keep)->owed, memory_order_relaxed);
}

// ---- writing ------------------------------------------------------------------------------------

// False if it is too long for a key.
static bool key_of(const Keep *keep, Str openid, Str identity, Buf *key) {
  buf_add(key, str_of(identity.len ? keep->owes : keep->talks));
  buf_add(key, openid);
  if (identity.len) buf_addc(key, '/');
  buf_add(key, identity);
  return !key->failed && key->len <= STORE_KEY_MAX;
}

static void hold(Keep *keep, Str key, bool events) {
  pthread_mutex_lock(&keep->mutex);
  Entry *entry = put(keep, key);
  if (entry) {
    entry->state = ENTRY_HELD;
    entry->events = events;
    entry->look_ms = INT64_MAX;
  }
  pthread_mutex_unlock(&keep->mutex);
}

void keep_let_go(Keep *keep, Str openid, int64_t until_ms) {
  Buf key;
  buf_init(&key);
  if (key_of(keep, openid, STR(""), &key)) {
    pthread_mutex_lock(&keep->mutex);
    Entry *entry = *find(keep, buf_str(&key));
    if (entry && entry->state == ENTRY_HELD) {
      entry->state = ENTRY_ASKS;
      entry->look_ms = until_ms ? until_ms : INT64_MAX;
    }
    pthread_mutex_unlock(&keep->mutex);
  }
  buf_clear(&key);
}

bool keep_save(Keep *keep, const KeptRun *run, const Buf *before, Buf *value, StoreDone done,
               void *ctx) {
  StoreCall call = { .op = before ? STORE_SWAP : STORE_SET };
  Buf key, written;
  buf_init(&key);
  buf_init(&written);
  kept_write(run, &written);
  bool ok = key_of(keep, run->openid, run->identity, &key) && !written.failed;
  call.key = buf_str(&key);
  call.value = buf_str(&written);
  if (before) call.expected = buf_str(before);
  if (ok) note(keep, call.key, run);
  if (ok && run->state == KEPT_ASKS) hold(keep, call.key, run->events);
  ok = ok && store_call(keep->options.store, &call, done ? done : forget_reply, ctx, NULL);
  buf_reset(value);
  buf_add(value, call.value);
  buf_clear(&key);
  buf_clear(&written);
  return ok;
}

void keep_put_back(Keep *keep, KeptRun *run, KeptState state) {
  Buf value;
  buf_init(&value);
  run->state = state;
  run->process = STR("");
  keep_save(keep, run, NULL, &value, NULL, NULL);
  keep_let_go(keep, run->openid, run->until_ms);
  buf_clear(&value);
}

bool keep_fetch(Keep *keep, const KeptRun *run, StoreDone done, void *ctx) {
  Buf key;
  buf_init(&key);
  bool ok = key_of(keep, run->openid, run->identity, &key) &&
            store_call(keep->options.store, &(StoreCall){ .op = STORE_GET, .key = buf_str(&key) },
                       done, ctx, NULL);
  buf_clear(&key);
  return ok;
}

bool keep_is_mine(const Keep *keep, const StoreReply *reply, const KeptRun *run) {
  KeptRun found;
  if (reply->err.code != ERR_NONE)
    return true;  // it cannot be said, and no other process can take it
  if (!reply->ok || !kept_read(reply->value, &found)) return false;
  return is_mine(keep, &found) || (found.state == KEPT_ASKS && found.asks == run->asks);
}

static void drop_key(Keep *keep, Str key) {
  forget(keep, key);
  store_call(keep->options.store, &(StoreCall){ .op = STORE_DELETE, .key = key }, forget_reply,
             NULL, NULL);
}

void keep_drop(Keep *keep, Str openid, Str identity) {
  Buf key;
  buf_init(&key);
  if (key_of(keep, openid, identity, &key)) drop_key(keep, buf_str(&key));
  buf_clear(&key);
}

// ---- claiming -----------------------------------------------------------------------------------

// Makes the run this process's own, where it is still what was read. `value` becomes what is in the store.
static bool make_mine(Keep *keep, Str key, Str answering, bool ended, Buf *value, KeptRun *run) {
  Buf after;
  buf_init(&after);
  KeptRun mine = *run;
  mine.state = KEPT_RUNS;
  mine.process = keep_process(keep);
  mine.begun_s = clock_unix_s();
  if (answering.ptr) mine.answering = answering;
  if (ended) mine.ends++;
  kept_write(&mine, &after);
  StoreCall call = {
    .op = STORE_SWAP, .key = key, .expected = buf_str(value), .value = buf_str(&after)
  };
  bool ok = !after.failed && ask_store(keep, &call, NULL);
  if (ok) {
    KeptState was = run->state;
    buf_reset(value);
    buf_add(value, buf_str(&after));
    ok = !value->failed && kept_read(buf_str(value), run);
    if (ok) note(keep, key, run);
    run->state = was;
  }
  buf_clear(&after);
  return ok;
}

static KeepFound claim(Keep *keep, Str key, bool is_event, Str answering, Buf *value,
                       KeptRun *run) {
  if (!ask_store(keep, &(StoreCall){ .op = STORE_GET, .key = key }, value)) {
    forget(keep, key);
    return KEEP_NOTHING;
  }
  if (!kept_read(buf_str(value), run)) {
    *run = (KeptRun){ .state = KEPT_ASKS };  // of another format: record_load says so
    drop_key(keep, key);
    return KEEP_ASKING;
  }
  note(keep, key, run);
  if (run->state == KEPT_ASKS) {
    if (is_event && !run->events) return KEEP_NOTHING;
    return make_mine(keep, key, answering, false, value, run) ? KEEP_ASKING : KEEP_BUSY;
  }
  if (is_mine(keep, run) || is_alive(keep, run->process)) return KEEP_BUSY;
  return make_mine(keep, key, (Str){ 0 }, run->process.len > 0, value, run) ? KEEP_ENDED
                                                                            : KEEP_BUSY;
}

// What of a conversation that is in this process's memory, where it was looked for first: it is about to ask, unless
// it takes no events.
static bool is_held(Keep *keep, Str key, bool is_event, KeepFound *found) {
  pthread_mutex_lock(&keep->mutex);
  const Entry *entry = *find(keep, key);
  bool held = entry && entry->state == ENTRY_HELD;
  *found = held && is_event && !entry->events ? KEEP_NOTHING : KEEP_BUSY;
  pthread_mutex_unlock(&keep->mutex);
  return held;
}

void keep_forget(Keep *keep, Str openid) {
  Buf prefix, key;
  buf_init(&prefix);
  buf_init(&key);
  buf_printf(&prefix, "%s%.*s/", keep->owes, STR_FMT(openid));
  keep_drop(keep, openid, STR(""));
  for (size_t i = 0; i < BUCKETS; i++) {
    do {
      buf_reset(&key);
      pthread_mutex_lock(&keep->mutex);
      const Entry *entry = keep->buckets[i];
      while (entry && !str_starts(entry_key(entry), buf_str(&prefix))) entry = entry->next;
      if (entry) buf_add(&key, entry_key(entry));
      pthread_mutex_unlock(&keep->mutex);
      if (key.len) drop_key(keep, buf_str(&key));
    } while (key.len);
  }
  buf_clear(&prefix);
  buf_clear(&key);
}

bool keep_has(Keep *keep, Str openid) {
  Buf key;
  buf_init(&key);
  pthread_mutex_lock(&keep->mutex);
  bool has = key_of(keep, openid, STR(""), &key) && *find(keep, buf_str(&key));
  pthread_mutex_unlock(&keep->mutex);
  buf_clear(&key);
  return has;
}

// Whether the store need not be asked.
static bool is_known_absent(Keep *keep, Str key) {
  if (keep_is_shared(keep) || !atomic_load_explicit(&keep->whole, memory_order_acquire))
    return false;
  if (keep_conversations(keep) == 0) return true;
  pthread_mutex_lock(&keep->mutex);
  bool absent = !*find(keep, key);
  pthread_mutex_unlock(&keep->mutex);
  return absent;
}

KeepFound keep_claim(Keep *keep, Str openid, bool is_event, Str answering, Buf *value,
                     KeptRun *run) {
  Buf key;
  buf_init(&key);
  KeepFound found = KEEP_NOTHING;
  if (keep->options.conversations && key_of(keep, openid, STR(""), &key) &&
      !is_known_absent(keep, buf_str(&key)) && !is_held(keep, buf_str(&key), is_event, &found))
    found = claim(keep, buf_str(&key), is_event, answering, value, run);
  buf_clear(&key);
  return found;
}

bool keep_claim_held(Keep *keep, Str openid, int64_t asks, Str answering, Buf *value) {
  Buf key;
  KeptRun run;
  buf_init(&key);
  bool mine = key_of(keep, openid, STR(""), &key) &&
              ask_store(keep, &(StoreCall){ .op = STORE_GET, .key = buf_str(&key) }, value) &&
              kept_read(buf_str(value), &run) && run.state == KEPT_ASKS && run.asks == asks &&
              make_mine(keep, buf_str(&key), answering, false, value, &run);
  if (!mine) forget(keep, buf_str(&key));
  buf_clear(&key);
  return mine;
}

KeepFound keep_claim_due(Keep *keep, Str key, Buf *value, KeptRun *run) {
  return claim(keep, key, false, STR(""), value, run);
}

// ---- looking after them -------------------------------------------------------------------------

// One page of the keys with a prefix: how many there were, or -1 if the store is away.
static int list_page(Keep *keep, const char *prefix) {
  StoreCall call = { .op = STORE_LIST,
                     .key = str_of(prefix),
                     .after = buf_str(&keep->listed),
                     .limit = PAGE,
                     .patience_ms = 10000 };
  StoreReply *reply = store_call_wait(keep->options.store, &call, NULL);
  int listed = 0;
  if (!reply || reply->err.code != ERR_NONE) {
    store_reply_free(reply);
    return -1;
  }
  Str rest = reply->value, key, last = { 0 };
  pthread_mutex_lock(&keep->mutex);
  for (; store_reply_next_key(&rest, &key); listed++) {
    put(keep, key);
    last = key;
  }
  pthread_mutex_unlock(&keep->mutex);
  buf_reset(&keep->listed);
  buf_add(&keep->listed, last);
  store_reply_free(reply);
  return listed;
}

// False if the store is away.
static bool list_all(Keep *keep) {
  const char *const prefixes[] = { keep->talks, keep->owes };
  for (size_t i = 0; i < 2; i++) {
    int listed = PAGE;
    buf_reset(&keep->listed);
    while (listed == PAGE) {
      listed = list_page(keep, prefixes[i]);
      renew(keep);
    }
    if (listed < 0) return false;
  }
  atomic_store_explicit(&keep->whole, true, memory_order_release);
  return true;
}

// Keys that are found on the store again and again cost it time where it has to go through all of them.
static void look_at_keys(Keep *keep) {
  int64_t began_us = clock_now_us();
  bool first = !atomic_load(&keep->whole);
  if (!first && (!keep_is_shared(keep) || began_us < keep->list_us)) return;
  list_all(keep);
  int64_t took_us = clock_now_us() - began_us;
  keep->list_us = clock_now_us() + (took_us * 30 > LIST_US ? took_us * 30 : LIST_US);
}

// Reads what is known by its key alone, and when that comes due.
static void look_at_value(Keep *keep, Str key) {
  Buf value;
  KeptRun run;
  buf_init(&value);
  if (!ask_store(keep, &(StoreCall){ .op = STORE_GET, .key = key }, &value)) forget(keep, key);
  else if (kept_read(buf_str(&value), &run)) note(keep, key, &run);
  else forget(keep, key);  // of another version
  buf_clear(&value);
}

// The next entry in a state, from where the last look ended; its key in `key`.
static bool next_entry(Keep *keep, bool (*fits)(const Entry *entry, int64_t now_ms), Buf *key) {
  int64_t now_ms = clock_unix_ms();
  buf_reset(key);
  pthread_mutex_lock(&keep->mutex);
  size_t most = keep_conversations(keep) > MANY ? BUCKETS / 20 : BUCKETS;
  for (size_t i = 0; i < most && key->len == 0; i++) {
    Entry *entry = keep->buckets[keep->at];
    while (entry && !fits(entry, now_ms)) entry = entry->next;
    if (entry) buf_add(key, entry_key(entry));
    if (entry) entry->look_ms = now_ms + LOOK_MS;
    if (!entry) keep->at = (keep->at + 1) % BUCKETS;
  }
  pthread_mutex_unlock(&keep->mutex);
  return key->len > 0;
}

static bool is_unread(const Entry *entry, int64_t now_ms) {
  return entry->state == ENTRY_UNREAD && entry->look_ms <= now_ms;
}

static bool is_due(const Entry *entry, int64_t now_ms) {
  return (entry->state == ENTRY_ASKS || entry->state == ENTRY_OTHER) && entry->look_ms <= now_ms;
}

void keep_look(Keep *keep) {
  Buf key;
  renew(keep);
  look_at_keys(keep);
  buf_init(&key);
  for (int i = 0; i < READ_AT_ONCE && next_entry(keep, is_unread, &key); i++)
    look_at_value(keep, buf_str(&key));
  buf_clear(&key);
}

// A message that was not answered is left to the platform's next try for as long as there may be one.
static bool has_come(Keep *keep, Str key) {
  Buf value;
  KeptRun run;
  buf_init(&value);
  bool come = ask_store(keep, &(StoreCall){ .op = STORE_GET, .key = key }, &value) &&
              kept_read(buf_str(&value), &run);
  if (!come) {
    forget(keep, key);
  } else {
    note(keep, key, &run);
    if (run.state == KEPT_ASKS) come = run.until_ms && run.until_ms <= clock_unix_ms();
    else
      come = !is_mine(keep, &run) && (run.owed || clock_unix_s() - run.begun_s > PATIENCE_S) &&
             !is_alive(keep, run.process);
  }
  buf_clear(&value);
  return come;
}

bool keep_due(Keep *keep, Buf *key) {
  for (int i = 0; i < READ_AT_ONCE && next_entry(keep, is_due, key); i++) {
    if (has_come(keep, buf_str(key))) return true;
  }
  return false;
}
