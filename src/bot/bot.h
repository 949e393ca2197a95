// A bot: an account, a script, and the path from a callback to its answer.
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
  struct Loop *loop;  // on which requests wait for slow scripts; outlives the bot
  LateReply late_reply;
  Str late_text;  // sent to the user if the platform's last try ends first; empty: nothing
  bool watch;
  // If the first load fails, the bot starts all the same: bot_status has the error, and messages are answered with an
  // error until the script is corrected and reloaded (bot_reload, or `watch`).
  bool start_broken;
  struct Metrics *metrics;  // NULL: nothing is counted
  struct Live *live;        // events for the live desk; NULL: no live desk
  struct Capture *capture;  // records messages and replies (capture.h); NULL: none are recorded
  // Called after every load but the first, with NULL or the error. Called on any thread; must not block. NULL: not
  // called.
  void (*on_load)(void *ctx, const char *error);
  void *on_load_ctx;
  // Called for each verified message before the script gets it, and for the answer to a user's message (plain; empty:
  // `success`). Called on any thread; must not block. NULL: not called.
  void (*on_message)(void *ctx, Str document);
  void (*on_answer)(void *ctx, Str openid, Str reply);
  void *on_message_ctx;
  int64_t interpreters;     // Lua states in service at once; 0: one
  bool conversations_last;  // the store outlives the process
  bool store_lasts;         // the store outlives the bot; it may still be in this process's memory
  bool
      alone;  // other processes on the store are not met, and nothing that is under way goes on in another one
  InterpreterOptions interpreter;
} BotOptions;

// Sets the options so that the bot captures messages (capture.h); NULL: it does not. Call it before bot_new.
void bot_capture(BotOptions *options, struct Capture *capture);

// Loads the script. Returns NULL with ERR_USAGE if the file does not exist, or with ERR_FAILED if the script failed.
// The options are not copied: they and what they point to outlive the bot.
Bot *bot_new(const BotOptions *options, Err *err);
// Waits up to `grace_ms` for jobs under way and late replies; what is left of it, bot_free may take to write what a
// successor needs. Returns false if some are left: then the process must end, and the store has, as far as it took them
// within another second, the answers that its successor needs.
bool bot_drain(Bot *bot, int64_t grace_ms);
// Writes the answers that a successor needs, although something is still under way; waits up to a second for the store.
// bot_drain and bot_free do so themselves.
void bot_leave(Bot *bot);
// Ends the scripts that run in the interpreters in service. Call it from any thread.
void bot_interrupt(Bot *bot);
// Stops loads as soon as they wait, the one under way too: the process ends. Call it from any thread.
void bot_end_loads(Bot *bot);
// Calls on_unload and frees the bot. NULL is allowed. Nothing may be under way. Returns false if an interpreter is
// stuck and still uses what the options point to: then the process must end.
bool bot_free(Bot *bot);
// Returns the handler for net/server. It answers 404 to requests that are neither for the callback path nor for a page
// of the script.
HttpHandler bot_handler(Bot *bot);
// Gets the files a change of which makes the bot reload the script, in `arena` (pool_files). Returns false without
// memory.
bool bot_files(Bot *bot, Arena *arena, Pairs *files);
// Loads the script again beside the running one, and replaces the running one if the load works. Otherwise returns
// false with the reason in `err`, and the running one stays in service.
bool bot_reload(Bot *bot, Err *err);
// The bot's state, for health pages.
typedef struct {
  bool refusing;          // the bot is stopping
  bool stalled;           // messages have waited for three seconds, and none had its script's turn
                          // in time
  int jobs;               // messages and pages under way
  int waiting;            // requests that wait for their answers without a thread
  size_t conversations;   // open conversations (wechat.ask), in memory or in the store
  size_t owed;            // scripts whose message was answered before their end
  size_t kept;            // answers that wait for their user's next message
  size_t known;           // answered messages whose duplicates are told apart, and...
  size_t known_bytes;     // ...the memory that takes, messages under way included
  size_t serving;         // interpreters in service
  size_t lua_memory;      // bytes, of all in service
  size_t lua_memory_max;  // of the interpreter that has the most
  int interpreters;       // not yet closed
  uint64_t loads, failures;  // of the script
  uint64_t script_errors;    // messages, pages, timers and spawned functions that failed
  char error[480];           // of the last load; empty if it worked
} BotStatus;
void bot_status(Bot *bot, BotStatus *status);
// Returns the first interpreter in service, retained for the caller.
Interpreter *bot_interpreter(Bot *bot);
// Calls `each` with up to `max` open conversations (conversations_list). Waits for the store.
void bot_conversations(Bot *bot, size_t max, void (*each)(void *ctx, const OpenConversation *one),
                       void *ctx);
// Calls `each` with up to `max` scripts whose message was answered before their end (keep_list). Waits for the store.
void bot_owed(Bot *bot, size_t max, void (*each)(void *ctx, const KeptRun *run), void *ctx);
// Calls `each` with the answers kept for up to `max` users (kept_answers_list). Waits for the store.
void bot_kept(Bot *bot, size_t max, void (*each)(void *ctx, Str openid, const KeptAnswer *answer),
              void *ctx);
// Ends a user's conversation: wechat.ask returns nil, "ended". Returns false if the user has none.
bool bot_end_conversation(Bot *bot, Str openid);
// Makes timers read the clock again after a test has moved it (interpreter_wake).
void bot_wake(Bot *bot);
// Returns whether no script runs, and none has anything to run until time passes or something arrives from outside.
bool bot_is_quiet(Bot *bot);
int64_t bot_next_timer_us(Bot *bot);  // the next timer of its scripts (monotonic); INT64_MAX: none
// Begins to stop the bot (SIGTERM): bot_status says that the bot is stopping, and streamed page answers end. Requests
// on open connections are still answered.
void bot_refuse(Bot *bot);

#endif
