// One message after the other, each at its time; between them time is moved by as much as is left, in small steps while
// something is under way, and never while something runs.
#include "dev/replay.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "bot/capture.h"
#include "codec/digest.h"
#include "net/client.h"
#include "wechat/callback.h"
#include "wechat/message.h"

enum { CAPTURE_MAX = 1 << 30 };  // bytes of the file

static const double TIME_END_S = 253402300800;  // the year 10000

enum {
  TRIES = 3,  // the platform's
  LOOK_US = 300,
  LOOK_LONG_US = 2000,
  QUIET_MAX_US = 20 * 1000000,  // real time that a step may take; a script has script_cpu_ms
  STEP_US = 250 * 1000,         // while something is under way
  JUMP_US = 1000,               // at least, to the next timer
  JUMPS_MAX = 5000,             // of one pause
  AFTER_US = 700 * 1000000LL,   // late answers are tried for ten minutes
  POST_TIMEOUT_MS = 60000,      // real time
  ANSWER_MAX = 16 << 20
};

typedef struct {
  ReplayMessage message;  // first
  Replay *replay;
  JsonDoc *captured, *came;
  bool *used;  // of its calls
  int tries;
  bool answered, again, ended;  // with the mutex
  ClientRequest request;        // under way
  Buf url, body;                // of it
} Played;

struct Replay {
  Arena *arena;
  Buf file;
  Played *played;
  size_t count, cap;
  // With the mutex:
  size_t posted;  // the first so many have been sent
  size_t posts;   // requests under way
  size_t ended;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  // While it is played:
  DevServer *devserver;
  Loop *loop;
  Client *client;
  Callback callback;
  NodeTree tree;
  Pair content_type;
  Pairs headers;
};

// ---- reading ------------------------------------------------------------------------------------

static bool is_list(const Json *line, Str name) {
  const Json *list = json_get(line, name);
  return list && json_kind(list) == JSON_ARRAY;
}

static bool is_time(const Json *t) {
  bool number = t && (json_kind(t) == JSON_REAL || json_kind(t) == JSON_INT);
  return number && json_real(t) >= 0 && json_real(t) < TIME_END_S;
}

static bool is_message(const Json *line) {
  if (json_kind(line) != JSON_OBJECT) return false;
  const Json *t = json_get(line, STR("t")), *in = json_get(line, STR("in"));
  return is_time(t) && in && json_kind(in) == JSON_STRING && json_get(line, STR("out")) &&
         is_list(line, STR("late")) && is_list(line, STR("calls"));
}

static Played *add_played(Replay *replay) {
  if (replay->count == replay->cap) {
    size_t cap = replay->cap ? 2 * replay->cap : 256;
    Played *played = realloc(replay->played, cap * sizeof *played);
    if (!played) return NULL;
    replay->played = played;
    replay->cap = cap;
  }
  Played *played = &replay->played[replay->count++];
  memset(played, 0, sizeof *played);
  return played;
}

// Who sent the document, in the arena; empty where it is no message.
static Str sender_of(Replay *replay, Str document) {
  MessageHead head;
  bool read = message_parse(replay->callback.parser, document, &replay->tree, &head, NULL);
  return read ? arena_dup(replay->arena, head.from_user) : STR("");
}

// Whether it is the front of a line: its writer was killed, the disk was full, or the file was copied meanwhile.
static bool is_cut(Str line) {
  Str front = STR("{\"t\":");
  return line.len < front.len ? str_starts(front, line) : str_starts(line, front);
}

static bool read_line(Replay *replay, Str line, size_t number, const char *path, Err *err) {
  JsonDoc *doc = json_parse(line, err);
  if (!doc && is_cut(line)) {
    log_warn("%s:%zu is left out: the line was not written whole", path, number);
    return true;
  }
  if (!doc || !is_message(json_root(doc))) {
    json_free(doc);
    return err_set(err, ERR_USAGE, "%s:%zu: this is not a line of a capture", path, number);
  }
  const Json *root = json_root(doc);
  Played *played = add_played(replay);
  if (!played) {
    json_free(doc);
    return err_set(err, ERR_MEMORY, "no memory");
  }
  Str in = json_string(json_get(root, STR("in")));
  played->captured = doc;
  played->message =
      (ReplayMessage){ .number = number,
                       .t_ms = (int64_t)(json_real(json_get(root, STR("t"))) * 1000 + 0.5),
                       .in = in,
                       .openid = sender_of(replay, in),
                       .then = root };
  played->used = arena_calloc(replay->arena, json_count(json_get(root, STR("calls"))) + 1, 1);
  return played->used || err_set(err, ERR_MEMORY, "no memory");
}

static int by_time(const void *a, const void *b) {
  const ReplayMessage *x = a, *y = b;
  if (x->t_ms != y->t_ms) return x->t_ms < y->t_ms ? -1 : 1;
  return x->number < y->number ? -1 : 1;
}

static bool read_lines(Replay *replay, const char *path, Err *err) {
  Str rest = buf_str(&replay->file), line;
  for (size_t number = 1; rest.len; number++) {
    str_cut(rest, '\n', &line, &rest);
    if (str_trim(line).len && !read_line(replay, line, number, path, err)) return false;
  }
  if (replay->count == 0) return err_set(err, ERR_USAGE, "%s has no messages", path);
  qsort(replay->played, replay->count, sizeof *replay->played, by_time);
  for (size_t i = 0; i < replay->count; i++) replay->played[i].replay = replay;
  return true;
}

static bool open_callback(Replay *replay) {
  replay->callback =
      (Callback){ .aes = aes_new(), .digest = digest_new(), .parser = xml_parser_new() };
  return replay->callback.aes && replay->callback.digest && replay->callback.parser;
}

Replay *replay_read(const char *path, Err *err) {
  Replay *replay = calloc(1, sizeof *replay);
  if (replay) {
    pthread_mutex_init(&replay->mutex, NULL);
    condition_init(&replay->changed);
    nodes_init(&replay->tree);
  }
  bool ready = replay && (replay->arena = arena_new()) && open_callback(replay);
  if (!ready) err_set(err, ERR_MEMORY, "no memory");
  else if (file_read(path, CAPTURE_MAX, &replay->file, err) && read_lines(replay, path, err))
    return replay;
  replay_free(replay);
  return NULL;
}

void replay_free(Replay *replay) {
  if (!replay) return;
  for (size_t i = 0; i < replay->count; i++) {
    json_free(replay->played[i].captured);
    json_free(replay->played[i].came);
  }
  free(replay->played);
  nodes_clear(&replay->tree);
  xml_parser_free(replay->callback.parser);
  digest_free(replay->callback.digest);
  aes_free(replay->callback.aes);
  buf_clear(&replay->file);
  arena_free(replay->arena);
  pthread_cond_destroy(&replay->changed);
  pthread_mutex_destroy(&replay->mutex);
  free(replay);
}

size_t replay_count(const Replay *replay) { return replay->count; }

const ReplayMessage *replay_message(const Replay *replay, size_t index) {
  return &replay->played[index].message;
}

void replay_begin(Replay *replay) { clock_set_unix_us(replay->played[0].message.t_ms * 1000); }

// ---- what the bot does --------------------------------------------------------------------------

// With the mutex: the message under way with that document; NULL if there is none.
static Played *find(Replay *replay, Str document) {
  for (size_t i = 0; i < replay->posted; i++) {
    Played *played = &replay->played[replay->posted - 1 - i];
    if (!played->ended && str_eq(played->message.in, document)) return played;
  }
  return NULL;
}

// A line of what comes of the messages now, by the thread that ends the trail.
static void take_line(void *ctx, Str line) {
  Replay *replay = ctx;
  Err err;
  JsonDoc *doc = json_parse(line, &err);
  pthread_mutex_lock(&replay->mutex);
  Played *played = doc ? find(replay, json_string(json_get(json_root(doc), STR("in")))) : NULL;
  if (played) {
    played->came = doc;
    played->message.now = json_root(doc);
    played->ended = true;
    replay->ended++;
    pthread_cond_signal(&replay->changed);
  }
  pthread_mutex_unlock(&replay->mutex);
  if (!played) json_free(doc);
}

static Str member(const Json *object, Str name) {
  const Json *value = json_get(object, name);
  return value ? json_string(value) : STR("");
}

// `request`: "METHOD URL", newline, and a digest of its body.
static bool is_asked(const Json *call, Str request, bool with_body) {
  Str head, digest, method, url;
  str_cut(request, '\n', &head, &digest);
  str_cut(head, ' ', &method, &url);
  return str_eq(member(call, STR("method")), method) && str_eq(member(call, STR("url")), url) &&
         (!with_body || str_eq(member(call, STR("digest")), digest));
}

// The first call of the message that was not given yet and asks the same, or asks the same with another body.
static const Json *next_call(Played *played, Str request, bool with_body) {
  size_t i = 0;
  const Json *call = json_first(json_get(played->message.then, STR("calls")));
  for (; call; call = json_next(call), i++) {
    if (played->used[i] || !is_asked(call, request, with_body)) continue;
    played->used[i] = true;
    return call;
  }
  return NULL;
}

static bool play_call(void *ctx, Trail *trail, Str request, Buf *call) {
  Replay *replay = ctx;
  pthread_mutex_lock(&replay->mutex);
  Played *played = trail ? find(replay, capture_document(trail)) : NULL;
  const Json *found = played ? next_call(played, request, true) : NULL;
  if (played && !found) found = next_call(played, request, false);
  if (found) json_add_value(call, found);
  pthread_mutex_unlock(&replay->mutex);
  return found != NULL;
}

// ---- what the platform does ---------------------------------------------------------------------

// The platform tries again what was closed without an answer.
static void on_answer(void *ctx, ClientResult *result) {
  Played *played = ctx;
  Replay *replay = played->replay;
  bool answered = result->outcome == CLIENT_OK;
  client_result_free(result);
  pthread_mutex_lock(&replay->mutex);
  played->answered = answered || played->tries == TRIES;
  played->again = !played->answered;
  replay->posts--;
  pthread_cond_signal(&replay->changed);
  pthread_mutex_unlock(&replay->mutex);
}

static bool make_request(Replay *replay, Played *played, Err *err) {
  char timestamp[24], nonce[24];
  uint32_t chance = 0;
  Buf sealed;
  buf_init(&sealed);
  digest_random(&chance, sizeof chance);
  snprintf(timestamp, sizeof timestamp, "%lld", (long long)clock_unix_s());
  snprintf(nonce, sizeof nonce, "%u", chance);
  buf_reset(&played->body);
  buf_reset(&played->url);
  buf_add(&played->url, str_of(devserver_callback(replay->devserver)));
  bool made = callback_seal(&replay->callback, played->message.in, STR("gh_replay"), &sealed,
                            &played->body, err) &&
              callback_sign(&replay->callback, buf_str(&sealed), played->message.openid,
                            str_of(timestamp), str_of(nonce), &played->url, err);
  buf_clear(&sealed);
  return made;
}

static bool post(Replay *replay, Played *played, Err *err) {
  if (!make_request(replay, played, err)) return false;
  played->request = (ClientRequest){ .method = STR("POST"),
                                     .url = buf_str(&played->url),
                                     .headers = &replay->headers,
                                     .body = buf_str(&played->body),
                                     .has_body = true,
                                     .response_max = ANSWER_MAX,
                                     .timeout_ms = POST_TIMEOUT_MS };
  pthread_mutex_lock(&replay->mutex);
  played->tries++;
  played->again = false;
  replay->posts++;
  pthread_mutex_unlock(&replay->mutex);
  return client_send(replay->client, &played->request, on_answer, played, err) != 0;
}

// ---- time ---------------------------------------------------------------------------------------

static void pause_briefly(void) {
  nanosleep(&(struct timespec){ .tv_nsec = LOOK_US * 1000 }, NULL);
}

static size_t posts_under_way(Replay *replay) {
  pthread_mutex_lock(&replay->mutex);
  size_t posts = replay->posts;
  pthread_mutex_unlock(&replay->mutex);
  return posts;
}

static bool is_quiet(Replay *replay) {
  return devserver_is_quiet(replay->devserver, posts_under_way(replay));
}

// Until all that is under way waits for time to pass.
static void await_quiet(Replay *replay) {
  int64_t end_us = clock_real_us() + QUIET_MAX_US;
  int looks = 0;
  while (looks < 2 && clock_real_us() < end_us) {
    looks = is_quiet(replay) ? looks + 1 : 0;
    if (looks < 2) pause_briefly();
  }
}

// Until the outcomes of all that was answered have been told: their times are read then.
static void await_told(Replay *replay) {
  int64_t end_us = clock_real_us() + QUIET_MAX_US;
  while (!devserver_has_told(replay->devserver, posts_under_way(replay)) &&
         clock_real_us() < end_us)
    pause_briefly();
}

static bool is_idle(Replay *replay) {
  pthread_mutex_lock(&replay->mutex);
  bool idle = replay->ended == replay->posted && replay->posts == 0;
  pthread_mutex_unlock(&replay->mutex);
  return idle;
}

// With the mutex: the first one that the platform is to send again; NULL: none.
static Played *first_again(Replay *replay) {
  for (size_t i = 0; i < replay->posted; i++) {
    if (replay->played[i].again) return &replay->played[i];
  }
  return NULL;
}

static bool post_again(Replay *replay, Err *err) {
  for (;;) {
    pthread_mutex_lock(&replay->mutex);
    Played *played = replay->posts < replay->posted - replay->ended ? first_again(replay) : NULL;
    pthread_mutex_unlock(&replay->mutex);
    if (!played) return true;
    if (!post(replay, played, err)) return false;
  }
}

// To the script's next timer: a stop at each of the platform's would double the time that many messages take.
static int64_t step_of(Replay *replay, int64_t left_us, int64_t whole_us) {
  int64_t least_us = whole_us / JUMPS_MAX > JUMP_US ? whole_us / JUMPS_MAX : JUMP_US;
  return devserver_step_us(bot_next_timer_us(devserver_bot(replay->devserver)), left_us, least_us,
                           is_idle(replay) ? INT64_MAX : STEP_US);
}

// How far it is to that time, once the outcomes so far have been told.
static int64_t left_us_to(Replay *replay, int64_t unix_ms) {
  await_told(replay);
  return (unix_ms - clock_unix_ms()) * 1000;
}

static bool move_to(Replay *replay, int64_t unix_ms, Err *err) {
  int64_t whole_us = left_us_to(replay, unix_ms);
  for (int64_t left_us = whole_us; left_us > 0; left_us = left_us_to(replay, unix_ms)) {
    int64_t step_us = step_of(replay, left_us, whole_us);
    devserver_move(replay->devserver, step_us);
    if (step_us < left_us || !is_idle(replay)) await_quiet(replay);
    if (!post_again(replay, err)) return false;
  }
  return true;
}

// Until nothing of it is under way any more, or all that is under way waits.
static void await_answer(Replay *replay, Played *played) {
  pthread_mutex_lock(&replay->mutex);
  for (int looks = 0; !played->ended && !played->again && looks < 2;) {
    struct timespec until = clock_to_timespec(clock_now_us() + LOOK_LONG_US);
    pthread_cond_timedwait(&replay->changed, &replay->mutex, &until);
    pthread_mutex_unlock(&replay->mutex);
    looks = is_quiet(replay) ? looks + 1 : 0;
    pthread_mutex_lock(&replay->mutex);
  }
  pthread_mutex_unlock(&replay->mutex);
}

static bool play_one(Replay *replay, Played *played, Err *err) {
  if (!move_to(replay, played->message.t_ms, err)) return false;
  pthread_mutex_lock(&replay->mutex);
  replay->posted++;
  pthread_mutex_unlock(&replay->mutex);
  if (!post(replay, played, err)) return false;
  await_answer(replay, played);
  return post_again(replay, err);
}

static bool play_all(Replay *replay, Err *err) {
  for (size_t i = 0; i < replay->count; i++) {
    if (!play_one(replay, &replay->played[i], err)) return false;
  }
  int64_t end_ms = clock_unix_ms() + AFTER_US / 1000;
  while (!is_idle(replay) && clock_unix_ms() < end_ms) {
    if (!move_to(replay, clock_unix_ms() + STEP_US / 1000, err)) return false;
  }
  return true;
}

// ---- beginning and end --------------------------------------------------------------------------

static void tell_followers(Replay *replay) {
  Buf openids;
  buf_init(&openids);
  for (size_t i = 0; i < replay->count; i++) {
    Str openid = replay->played[i].message.openid;
    bool same = i > 0 && str_eq(openid, replay->played[i - 1].message.openid);
    if (openid.len && !same) {
      buf_add(&openids, openid);
      buf_addc(&openids, '\n');
    }
  }
  devserver_followers(replay->devserver, buf_str(&openids));
  buf_clear(&openids);
}

static bool open_outside(Replay *replay, const Account *account, Err *err) {
  replay->callback.account = account;
  replay->content_type = (Pair){ .name = STR("Content-Type"), .value = STR("text/xml") };
  replay->headers = (Pairs){ &replay->content_type, &replay->content_type, 1 };
  return (replay->loop = loop_new(err)) &&
         (replay->client = client_new(replay->loop, &(ClientOptions){ .proxy = NULL }, err));
}

static void close_outside(Replay *replay) {
  client_free(replay->client);
  loop_free(replay->loop);
  for (size_t i = 0; i < replay->count; i++) {
    buf_clear(&replay->played[i].url);
    buf_clear(&replay->played[i].body);
  }
}

static bool play_on(Replay *replay, const DevServerOptions *options, Err *err) {
  if (!(replay->devserver = devserver_open(options, err))) return false;
  tell_followers(replay);
  replay_begin(replay);  // loading the script took time
  bool played = play_all(replay, err);
  if (!devserver_close(replay->devserver, 1000) && played)
    return err_set(err, ERR_FAILED, "the script is stuck in a call that does not return");
  return played;
}

bool replay_play(Replay *replay, DevServerOptions *options, BotOptions *bot, Err *err) {
  Capture *capture = capture_to(take_line, replay, err);
  if (!capture) return false;
  bot_capture(bot, capture);
  bot->interpreter.played = play_call;
  bot->interpreter.played_ctx = replay;
  bool played = open_outside(replay, options->account, err) && play_on(replay, options, err);
  close_outside(replay);
  capture_close(capture);
  return played;
}
