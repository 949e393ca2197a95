// An interpreter: a Lua state, its lock, its limits and the script loaded in it. This header is all that the
// layers above see of Lua.
#ifndef WEMOON_SCRIPT_INTERPRETER_H
#define WEMOON_SCRIPT_INTERPRETER_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/pairs.h"
#include "base/trail.h"
#include "engine/turn.h"
#include "wechat/account.h"

typedef struct lua_State lua_State;
typedef struct Interpreter Interpreter;

enum { OWN_FORGETS = 16 };

// What the interpreters of one bot share.
typedef struct {
  // The last users whom scripts of this process had forgotten: the number, and whose script it was (script/forget.h).
  struct {
    atomic_int_least64_t number;
    atomic_uintptr_t engine;
  } forgets[OWN_FORGETS];
  atomic_int interpreters;  // not yet closed
  atomic_int
      late_under_way;  // replies that came too late to be the answer, on their way as customer service
                       // messages
  // Unix milliseconds: so long the account is taken to have no customer service messages. 0: it has them; INT64_MAX: it
  // can send none, as configured.
  atomic_int_least64_t not_allowed_until_ms;
  // Answers that wait for their user's next message; NULL: those that cannot be sent are lost.
  struct KeptAnswers *kept;
  atomic_uint_least64_t
      errors;  // of the scripts: messages, pages, timers and spawned functions that failed
  // Called for each reply that a user will not get, with one of LOST_REASONS. NULL: not counted.
  void (*lost)(void *ctx, Str reason);
  void *lost_ctx;
  struct Conversations *conversations;  // open conversations; NULL: wechat.ask raises
  // Late replies and messages under way that are in the store: a stopping process need not wait for
  // them.
  atomic_int owed_here;
  atomic_int acting;   // calls under way, by runs in the store, that must not be made twice
  struct Keep *keep;   // runs that outlive the process; NULL: none do
  atomic_bool timers;  // a script has made a timer
  atomic_bool timers_elsewhere;  // another process runs the timers; this one skips their ticks
  struct LateOrder
      *late_order;  // shared by all interpreters; NULL: late answers go out as they come
  atomic_int_least64_t
      timers_until_us;  // this process runs them until then (clock_real_us); 0: for good
} BotShared;

// Why a reply is lost: the account may not send it, the user's window or quota is used up, the
// platform refused it, the platform could not be reached, it cannot be sent in this form, late
// replies are dropped, no memory.
#define LOST_REASONS "right", "quota", "refused", "network", "form", "dropped", "memory"
void shared_lost(BotShared *shared, const char *reason);  // NULL is allowed
// Whether the account is taken to have no customer service messages.
bool shared_sends_nothing(const BotShared *shared);

typedef struct {
  const Account *account;  // outlives the interpreter
  const Pairs *config;     // what `wechat.config` shows: no secrets in it; outlives the interpreter
  int64_t cpu_us_max;      // CPU time without pause; 0: no limit (exec)
  size_t memory_max;       // bytes; 0: no limit
  bool allow_shell;        // os.execute and io.popen
  bool strict;             // undefined globals raise (all but the REPL)
  bool
      timers_elsewhere;  // another state of the script keeps the timers that are made while it is loaded
  Str error_reply;       // text reply when the script fails; empty: none
  BotShared *shared;  // outlives the interpreter; NULL: it is alone, and late replies are dropped
  int64_t job_timeout_ms;  // a task is cancelled after this; 0: never
  struct Api *api;         // the platform; NULL: calls of it raise
  struct Store *store;     // NULL: wechat.store and wechat.session raise
  struct Client *client;   // NULL: wechat.http raises
  const char
      *program;  // an embedded file that is run in place of a script, given `host`; NULL: none
  // Pushes the table `host`, what C gives to the Lua half: host_open (host/host.h).
  int (*open_host)(lua_State *L);
  struct Feed *feed;  // what host.feed waits for; NULL: nothing
  // Lists the files that host.file.watched names: another interpreter's (the platform shows the bot's). NULL:
  // none.
  bool (*watched)(void *ctx, Arena *arena, Pairs *files);
  void *watched_ctx;
  // Moves the process's time forward by `us` (host.time.advance). NULL: time cannot be moved.
  void (*advance)(void *ctx, int64_t us);
  void *advance_ctx;
  // Starts the bot of a spec anew (host.time.restart), false with the reason; NULL: it cannot be.
  bool (*restart)(void *ctx, Err *err);
  void *restart_ctx;
  // Told of each message whose script failed: who sent it, and the error with its place. On the script's
  // thread: it must neither wait nor log. NULL: nobody is told.
  void (*on_failure)(void *ctx, Str openid, Str error);
  void *on_failure_ctx;
  bool captures;  // what messages cause is noted in their trails (base/trail.h)
  // For a replay: appends the captured call, as JSON, that answers this request to another host.
  // False if there is none. NULL: requests go out.
  bool (*played)(void *ctx, Trail *trail, Str request, Buf *call);
  void *played_ctx;
  const char *
      http_via;  // where wechat.http sends what is meant for other hosts (a spec's answers); NULL: there
} InterpreterOptions;

// A state with the libraries and `wechat` in it, and no script. NULL with ERR_MEMORY or ERR_FAILED.
// Counted: free it with interpreter_release; interpreter_retain adds a holder. The last release
// closes the state and cancels suspended tasks; it returns even if a finalizer does not. The caller
// of any function below holds the interpreter meanwhile.
Interpreter *interpreter_new(const InterpreterOptions *options, Err *err);
Interpreter *interpreter_retain(Interpreter *interpreter);
void interpreter_release(Interpreter *interpreter);

// Loads the file and runs its main chunk, within the limits, on the interpreter's own thread; it may wait
// (API calls). The caller comes back even when the script is stuck. On failure `err` holds message, file,
// line and source line (the traceback goes to the log). ERR_USAGE: the file is not there; ERR_FAILED: it does
// not parse, fails, runs too long, or defines no on_message. With options.program `path` is but a name.
bool interpreter_load(Interpreter *interpreter, const char *path, Err *err);
// The same with the file contents that `other`, which is retired or stuck, was loaded from,
// whatever the files hold now.
bool interpreter_load_like(Interpreter *interpreter, Interpreter *other, const char *path,
                           Err *err);
// Calls a function of the table that the program returned. It gets `argument` and may wait; the
// string that it returns is appended to `out`. False with ERR_FAILED if it raises or is
// interrupted.
bool interpreter_program(Interpreter *interpreter, const char *function, Str argument, Buf *out,
                         Err *err);
// Calls on_load(state) if the script has one. `state_json` is what the old script's on_unload
// returned (empty: nil). False if it raises or runs too long: the interpreter must not be put into
// service.
bool interpreter_start(Interpreter *interpreter, Str state_json, Err *err);
// Calls on_unload, appends what it returned as JSON to `state_json` (nothing for nil). Failures are logged:
// the state is nil then.
void interpreter_unload(Interpreter *interpreter, Buf *state_json);
// Takes it out of service: its timers and routes end, tasks under way go on, and the last holder
// closes it.
void interpreter_retire(Interpreter *interpreter);
// Ends its suspended tasks; runs that are in the store go on elsewhere.
void interpreter_end_tasks(Interpreter *interpreter);
// The files whose change asks for a reload: the script, every module it required, and the paths
// where a missing module was looked for. Adds those that `files` does not have yet as names of
// pairs (values are empty), in `arena`, NUL-terminated. Works after a failed load too. Does not
// take the interpreter's lock, so it answers while the script is stuck.
bool interpreter_files(Interpreter *interpreter, Arena *arena, Pairs *files);

// Runs a chunk to its end, waits included (exec, check). `name` is its chunk name ("=(command line)" or
// "@file"); `args` become `...` and `arg`. Each returned value is appended to `out` as one line of JSON.
// ERR_FAILED, also when it returned nil, err; then `out` gets the traceback, if there is one.
bool interpreter_exec(Interpreter *interpreter, Str code, const char *name, char **args,
                      size_t arg_count, Buf *out, Err *err);

// A call of a prompt that stands beside the script, in its state: of a function of an embedded program, one for each
// session, which begins with the session's first call.
typedef struct {
  uint64_t session;
  const char *program;  // "repl/init.lua"
  Str about;            // JSON that the program is told at its beginning
  const char *function;
  Str argument;
  bool (*stop)(void *ctx);  // asked every 50 ms; true ends the call. NULL: nobody is asked
  void *stop_ctx;
} PromptCall;
// As interpreter_program, but within the limits of a message: CPU time, memory, job_timeout_s.
bool interpreter_prompt(Interpreter *interpreter, const PromptCall *call, Buf *out, Err *err);
void interpreter_prompt_end(Interpreter *interpreter, uint64_t session);
// Another one for each load.
uint64_t interpreter_number(const Interpreter *interpreter);

// Stops what interpreter_exec or interpreter_program runs, soon (Ctrl-C). Any thread.
void interpreter_interrupt(Interpreter *interpreter);

// Whether a slice has held the lock beyond its CPU limit without returning (in a library call that
// nothing interrupts). For the watcher. `place` (at most `size` bytes) is where it was last seen.
bool interpreter_is_stuck(Interpreter *interpreter, char *place, size_t size);
// Gives it up: waiters get TASK_LOST, its thread is left alone until the call returns, then the state is
// closed.
void interpreter_give_up(Interpreter *interpreter);
bool interpreter_is_retired(const Interpreter *interpreter);  // out of service
// Whether it was given up. It is not used any more, even if the stuck call has returned since.
bool interpreter_is_given_up(const Interpreter *interpreter);

// A deadline for the functions that wait for the interpreter: they wait only if it is likely to be
// free within microseconds.
enum { INTERPRETER_SOON = 0 };
// Waits in its queue (engine/turn.h). False if it was given up: `take` is not called. Any thread.
bool interpreter_await_turn(Interpreter *interpreter, Turn *turn);
void interpreter_give_turns_away(Interpreter *interpreter, size_t most);
// How many runs come before a new one: 0 if it is free, INT_MAX if it was given up. Any thread; the
// answer may be outdated when it is read.
int interpreter_queue(Interpreter *interpreter);
int64_t interpreter_next_timer_us(Interpreter *interpreter);  // engine_next_timer_us
// Time was moved: what waits for a time looks again.
void interpreter_wake(Interpreter *interpreter);
size_t interpreter_memory(const Interpreter *interpreter);  // bytes in use by Lua
size_t interpreter_tasks(const Interpreter *interpreter);   // suspended tasks
// What it has of memory. Any thread.
typedef struct {
  size_t used, max;   // bytes; max 0: no limit
  uint64_t refusals;  // times that Lua was refused memory because it is full
  uint64_t slices;    // slices so far; the same number: nothing has run meanwhile
} InterpreterMemory;
InterpreterMemory interpreter_look_at_memory(const Interpreter *interpreter);
// Runs its garbage collector. False if it was not free until `deadline_us` (monotonic).
bool interpreter_collect(Interpreter *interpreter, int64_t deadline_us);

#endif
