// A bot: an account, a script and what stands between a callback and its answer.
#ifndef WEMOON_BOT_BOT_H
#define WEMOON_BOT_BOT_H

#include "net/server.h"
#include "script/conversation.h"
#include "script/interpreter.h"
#include "script/keep.h"
#include "script/kept_answers.h"

typedef struct Bot Bot;

typedef enum { LATE_AUTO, LATE_CUSTOMER_SERVICE, LATE_RETRY, LATE_KEEP, LATE_DROP } LateReply;

typedef struct {
  const Account *account;
  const char *script;  // path
  Str path;            // callback path, exact
  size_t max_body;
  int64_t replay_window_s;
  int64_t dedup_window_s;
  int64_t deadline_ms;
  int64_t max_jobs;
  struct Loop *loop;  // where requests wait for slow scripts; outlives the bot
  LateReply late_reply;
  Str late_text;  // what a user reads when the platform's last try ends before the script; empty: nothing
  bool watch;
  bool
      start_broken;  // a script that fails at its first load does not end the bot: bot_status has the error, and
                     // messages get one until the script is mended (bot_reload, or `watch`)
  struct Metrics *metrics;  // what is counted in; NULL: nothing is
  struct Live *live;        // what the live desk shows; NULL: there is none
  struct Capture *capture;  // where messages and replies are noted down (capture.h); NULL: nowhere
  // Called after every load but the first, with NULL or what was wrong. Any thread; it must not
  // block. NULL: not called.
  void (*on_load)(void *ctx, const char *error);
  void *on_load_ctx;
  // Called for each verified message before the script has it, and for the answer to a user's
  // message (plain; empty: `success`). Any thread; they must not block. NULL: not called.
  void (*on_message)(void *ctx, Str document);
  void (*on_answer)(void *ctx, Str openid, Str reply);
  void *on_message_ctx;
  int64_t interpreters;     // Lua states in service at once; 0: one
  bool conversations_last;  // where the store outlives the process
  bool store_lasts;         // it outlives the bot, though it may be memory of this process
  InterpreterOptions interpreter;
} BotOptions;

// Captures messages (capture.h); NULL: it does not. Before bot_new.
void bot_capture(BotOptions *options, struct Capture *capture);

// Loads the script; NULL with ERR_USAGE (no such file) or ERR_FAILED (what the script did). Options are kept
// as they are: they and what they point to outlive the bot.
Bot *bot_new(const BotOptions *options, Err *err);
// Waits up to `grace_ms` for jobs under way and late replies. False if some are left: then the
// process has to end.
bool bot_drain(Bot *bot, int64_t grace_ms);
// Ends the scripts that are under way in the interpreters in service. Any thread.
void bot_interrupt(Bot *bot);
// Calls on_unload and frees. NULL is allowed. Nothing may be under way. False if an interpreter is
// stuck and still uses what the options point to: then the process has to end.
bool bot_free(Bot *bot);
// For net/server. Requests that are neither for the callback path nor for a page of the script are
// answered with 404.
HttpHandler bot_handler(Bot *bot);
// The files whose change makes it load the script anew, in `arena` (pool_files). False without
// memory.
bool bot_files(Bot *bot, Arena *arena, Pairs *files);
// Loads the script anew beside the old one and swaps when it is good. False: the old one stays, `err` says
// why.
bool bot_reload(Bot *bot, Err *err);
// For health pages; any thread, never waits for the script.
typedef struct {
  bool refusing;         // it is stopping
  bool stalled;          // messages have waited for three seconds, and no script had a turn in time
  int jobs;              // messages and pages under way
  int waiting;           // requests that wait for their answers without a thread
  size_t conversations;  // open ones (wechat.ask), in memory or in the store
  size_t owed;           // scripts whose message was answered without them
  size_t kept;           // answers that wait for their user's next message
  size_t serving;        // interpreters in service
  size_t lua_memory;     // bytes, of all in service
  size_t lua_memory_max;     // of the one that has most
  int interpreters;          // not yet closed
  uint64_t loads, failures;  // of the script
  uint64_t script_errors;    // messages, pages, timers and spawned functions that failed
  char error[480];           // of the last load; empty when it worked
} BotStatus;
void bot_status(Bot *bot, BotStatus *status);
// The first interpreter in service, retained for the caller.
Interpreter *bot_interpreter(Bot *bot);
// Gives `each` up to `max` of the conversations that are open (conversations_list). Waits for the store.
void bot_conversations(Bot *bot, size_t max, void (*each)(void *ctx, const OpenConversation *one),
                       void *ctx);
// Gives `each` up to `max` of the scripts whose message was answered without them (keep_list). Waits for the store.
void bot_owed(Bot *bot, size_t max, void (*each)(void *ctx, const KeptRun *run), void *ctx);
// Gives `each` the answers that are kept for up to `max` users (kept_answers_list). Waits for the store.
void bot_kept(Bot *bot, size_t max, void (*each)(void *ctx, Str openid, const KeptAnswer *answer),
              void *ctx);
// Ends a user's conversation: wechat.ask gives nil, "ended". False without one.
bool bot_end_conversation(Bot *bot, Str openid);
// Time was moved (interpreter_wake).
void bot_wake(Bot *bot);
// Whether no script runs, or has something to run before time passes or something comes from outside.
bool bot_is_quiet(Bot *bot);
int64_t bot_next_timer_us(Bot *bot);  // of its scripts (monotonic); INT64_MAX: there is none
// SIGTERM came: bot_status says that it is stopping, and pages whose answers go on end. What still comes on open
// connections is answered.
void bot_refuse(Bot *bot);

#endif
