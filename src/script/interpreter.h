// An interpreter: a Lua state, its lock, its limits and the script loaded in it. The layers above use Lua only through
// this header.
#ifndef WEMOON_SCRIPT_INTERPRETER_H
#define WEMOON_SCRIPT_INTERPRETER_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pairs.h"
#include "base/trail.h"
#include "engine/task_state.h"
#include "engine/turn.h"
#include "wechat/account.h"

typedef struct lua_State lua_State;
typedef struct Interpreter Interpreter;

// State shared by the interpreters of one bot.
typedef struct {
  struct Cancels *cancels;    // script/cancels.h; NULL: a cancel reaches only its own interpreter
  atomic_int interpreters;    // not yet closed
  atomic_bool ending;         // the process ends: a load is stopped as soon as it waits
  atomic_int late_under_way;  // late replies that are being sent as customer service messages
  // Unix milliseconds: until then the account is assumed to have no right to customer service messages. 0: it has the
  // right; INT64_MAX: it can send none, as configured.
  atomic_int_least64_t not_allowed_until_ms;
  // Answers that wait for their user's next message; NULL: answers that cannot be sent are lost.
  struct KeptAnswers *kept;
  // Of the scripts: messages, pages, timers and spawned functions that failed.
  atomic_uint_least64_t errors;
  // Called for each reply that its user will not get, with one of LOST_REASONS. NULL: not called.
  void (*lost)(void *ctx, Str reason);
  void *lost_ctx;
  struct Conversations *conversations;  // open conversations; NULL: wechat.ask raises
  // Number of late replies and messages under way that are in the store: a stopping process need not wait for them.
  atomic_int owed_here;
  atomic_int acting;    // number of calls under way, by runs in the store, that must not be made
                        // twice
  atomic_bool closing;  // the process ends: runs in the store leave such calls to the next process
  struct Keep *keep;    // runs that outlive the process; NULL: none
  atomic_bool timers;   // a script has created a timer
  atomic_bool timers_elsewhere;  // another process runs the timers; this process skips their ticks
  // Shared by all interpreters; NULL: late answers are sent as they come.
  struct LateOrder *late_order;
  // This process runs the timers until then (clock_real_us); 0: no limit.
  atomic_int_least64_t timers_until_us;
} BotShared;

// The reasons why a reply is lost: the account may not send it, the user's window or quota is used up, the platform
// refused it, the platform could not be reached, it cannot be sent in this form, late replies are dropped, no memory.
#define LOST_REASONS "right", "quota", "refused", "network", "form", "dropped", "memory"
void shared_lost(BotShared *shared, const char *reason);  // NULL is allowed
// Returns whether the account is assumed to have no customer service messages.
bool shared_sends_nothing(const BotShared *shared);

typedef struct {
  const Account *account;  // outlives the interpreter
  const Pairs *config;     // the content of `wechat.config`, without secrets; outlives the
                           // interpreter
  int64_t cpu_us_max;      // CPU time of one slice; 0: no limit (exec)
  size_t memory_max;       // bytes; 0: no limit
  bool allow_shell;        // os.execute and io.popen
  bool strict;             // undefined globals raise (all but the REPL)
  bool trusted;  // only `program` runs, no code of the user's, and it ends: no guard's hook
  bool timers_elsewhere;   // another interpreter runs the timers that are created during the load
  Str error_reply;         // text reply when the script fails; empty: none
  BotShared *shared;       // outlives the interpreter; NULL: there is no bot, and late replies are
                           // dropped
  int64_t job_timeout_ms;  // a task is cancelled after this; 0: never
  struct Api *api;         // the platform; NULL: calls of it raise
  struct Store *store;     // NULL: wechat.store and wechat.session raise
  struct Client *client;   // NULL: wechat.http raises
  // An embedded file that runs in place of a script and gets `host`; NULL: none.
  const char *program;
  // Pushes the table `host`, the C functions for the Lua half: host_open (host/host.h).
  int (*open_host)(lua_State *L);
  struct Feed *feed;  // the feed for host.feed; NULL: none
  // Lists the files for host.file.watched, which are those of another interpreter (the platform shows the bot's). NULL:
  // none.
  bool (*watched)(void *ctx, Arena *arena, Pairs *files);
  void *watched_ctx;
  // Moves the process's time forward by `us` (host.time.advance). Where that takes long, it calls goes_on(call) once a
  // second. NULL: the clock cannot be moved.
  void (*advance)(void *ctx, int64_t us, void (*goes_on)(void *call), void *call);
  void *advance_ctx;
  // Restarts the bot of a spec (host.time.restart); returns false with the reason. NULL: the bot cannot be restarted.
  bool (*restart)(void *ctx, Err *err);
  void *restart_ctx;
  // Called for each message whose script failed, with the sender and the error, which includes the place. Called on the
  // script's thread: it must neither wait nor log. NULL: not called.
  void (*on_failure)(void *ctx, Str openid, Str error);
  void *on_failure_ctx;
  bool captures;  // what messages cause is recorded in their trails (base/trail.h)
  // For a replay: appends the captured call, as JSON, that answers `request` to another host. Returns false if there is
  // none. NULL: requests are sent.
  bool (*played)(void *ctx, Trail *trail, Str request, Buf *call);
  void *played_ctx;
  // Gets what is odd about a file that is loaded, with its path and, where it is known, the line: bytes that are not
  // UTF-8. Called on the interpreter's thread. NULL: the log gets it.
  void (*odd_file)(void *ctx, const char *what);
  void *odd_file_ctx;
  // Where wechat.http sends requests for other hosts (a spec's answers); NULL: to those hosts.
  const char *http_via;
  // Takes each line that a script prints, with its end, on the script's thread; NULL: standard output does. With
  // takes_stdout and takes_stderr it also takes any other text, as io.stdout and io.stderr get it.
  void (*print)(void *ctx, Str text);
  void *print_ctx;
  bool takes_stdout;
  bool takes_stderr;
} InterpreterOptions;

// Creates a state with the libraries and `wechat`, without a script. Returns NULL with ERR_MEMORY or ERR_FAILED.
// Interpreters are reference-counted: free one with interpreter_release; interpreter_retain adds a reference. The last
// release closes the state and cancels suspended tasks; it returns even if a finalizer does not. The caller of any
// function below must hold a reference during the call.
Interpreter *interpreter_new(const InterpreterOptions *options, Err *err);
Interpreter *interpreter_retain(Interpreter *interpreter);
void interpreter_release(Interpreter *interpreter);  // NULL is allowed

// Loads the file and runs its main chunk, within the limits, on the interpreter's own thread; the chunk may wait (API
// calls). Returns even if the script is stuck. On failure returns false, and `err` holds message, file, line and source
// line (the traceback goes to the log). ERR_USAGE: the file is missing; ERR_FAILED: the script does not parse, fails,
// runs too long, or defines no on_message. With options.program `path` is only a name.
bool interpreter_load(Interpreter *interpreter, const char *path, Err *err);
// Does the same with the file contents from which `other`, which is retired or stuck, was loaded, whatever the files
// contain now.
bool interpreter_load_like(Interpreter *interpreter, Interpreter *other, const char *path,
                           Err *err);
// Calls a function of the table that the program returned. The function gets `argument` and may wait; its result, a
// string, is appended to `out`. Returns false with ERR_FAILED if the function raises or is interrupted.
bool interpreter_program(Interpreter *interpreter, const char *function, Str argument, Buf *out,
                         Err *err);
// The same, without waiting for what scripts have spawned (wechat.spawn).
bool interpreter_program_alone(Interpreter *interpreter, const char *function, Str argument,
                               Buf *out, Err *err);
// Calls on_load(state) if the script defines it. `state_json` is the result of the old script's on_unload (empty: nil).
// Returns false if on_load raises or runs too long: then the interpreter must not be put into service.
bool interpreter_start(Interpreter *interpreter, Str state_json, Err *err);
// Calls on_unload and appends its result as JSON to `state_json` (nothing for nil). Failures are logged, and the state
// is then nil.
void interpreter_unload(Interpreter *interpreter, Buf *state_json);
// Takes the interpreter out of service: its timers and routes end, tasks under way continue, and the last release
// closes it.
void interpreter_retire(Interpreter *interpreter);
// Ends the suspended tasks; runs that are in the store continue elsewhere.
void interpreter_end_tasks(Interpreter *interpreter);
// Gets the files a change of which demands a reload: the script, every required module, and the paths at which a
// missing module was looked for. Adds the names that `files` does not have yet, with empty values, in `arena`,
// NUL-terminated. Returns false without memory. Works after a failed load too. Does not take the interpreter's lock, so
// it also works while the script is stuck.
bool interpreter_files(Interpreter *interpreter, Arena *arena, Pairs *files);

// Runs a chunk to its end, including waits (exec, check). `name` is its chunk name ("=(command line)" or "@file");
// `args` become `...` and `arg`. Each returned value is appended to `out` as one line of JSON. Returns false with
// ERR_FAILED if the chunk fails or returns nil, err; then `out` gets the traceback, if there is one.
bool interpreter_exec(Interpreter *interpreter, Str code, const char *name, char **args,
                      size_t arg_count, Buf *out, Err *err);

// A call by a prompt in the script's state: a call of a function of an embedded program. Each session has its own
// program, which begins at the session's first call.
typedef struct {
  uint64_t session;
  const char *program;  // "repl/init.lua"
  Str about;            // JSON passed to the program when it begins
  const char *function;
  Str argument;
  bool (*stop)(void *ctx);  // called every 50 ms; true ends the call. NULL: not called
  void *stop_ctx;
} PromptCall;
// Does the same as interpreter_program, but within the limits of a message: CPU time, memory, job_timeout_s.
bool interpreter_prompt(Interpreter *interpreter, const PromptCall *call, Buf *out, Err *err);
// Ends what calls of the session have spawned and still waits; `count` gets how many tasks. Their <close> variables run
// afterwards. False if a script does not pause for a second: nothing was ended.
bool interpreter_prompt_end_tasks(Interpreter *interpreter, uint64_t session, size_t *count);
// Ends the session's program, and calls its function `close`, if it has one; waits for that.
void interpreter_prompt_end(Interpreter *interpreter, uint64_t session);
// A number that differs for each interpreter.
uint64_t interpreter_number(const Interpreter *interpreter);

// Stops the chunk or function of interpreter_exec or interpreter_program soon (Ctrl-C). Call it from any thread.
void interpreter_interrupt(Interpreter *interpreter);
// The same for the latest function alone, and what it has spawned: engine_interrupt_run.
void interpreter_interrupt_run(Interpreter *interpreter);

// Returns whether a slice has held the lock beyond its CPU limit without returning (in a library call that cannot be
// interrupted). For the watcher. `place` (at most `size` bytes) gets the place where the script was last seen.
bool interpreter_is_stuck(Interpreter *interpreter, char *place, size_t size);
// Returns the user and the message of the script that is stuck, as texts in `text` (engine_subject).
LogSubject interpreter_subject(Interpreter *interpreter, char text[LOG_SUBJECT_SIZE]);
// Gives up a stuck interpreter: waiters get TASK_LOST, its thread is left alone until the call returns, then the state
// is closed.
void interpreter_give_up(Interpreter *interpreter);
bool interpreter_is_retired(const Interpreter *interpreter);  // out of service
// Returns whether the interpreter was given up. It is not used any more, even if the stuck call has returned since.
bool interpreter_is_given_up(const Interpreter *interpreter);

// A deadline for the functions that wait for the interpreter: they wait only if the interpreter is likely to be free
// within microseconds.
enum { INTERPRETER_SOON = 0 };
// Puts the turn into the interpreter's queue (engine/turn.h). Returns false if the interpreter was given up: then
// `take` is not called. Call it from any thread.
bool interpreter_await_turn(Interpreter *interpreter, Turn *turn);
// See engine_give_turns_away.
void interpreter_give_turns_away(Interpreter *interpreter, size_t most);
// Returns how many runs come before a new one: 0 if the interpreter is free, INT_MAX if it was given up. Call it from
// any thread; the result may be out of date when the caller reads it.
int interpreter_queue(Interpreter *interpreter);
void interpreter_let_go(Interpreter *interpreter);            // engine_let_go
int64_t interpreter_next_timer_us(Interpreter *interpreter);  // engine_next_timer_us
// Makes everything that waits for a time read the clock again, after the clock was moved.
void interpreter_wake(Interpreter *interpreter);
size_t interpreter_memory(const Interpreter *interpreter);  // bytes in use by Lua
size_t interpreter_tasks(const Interpreter *interpreter);   // suspended tasks
TaskLosses interpreter_losses(const Interpreter *interpreter);
// An interpreter's memory. Call the function from any thread.
typedef struct {
  size_t used, max;   // bytes; max 0: no limit
  uint64_t refusals;  // number of allocations refused because of the limit
  uint64_t slices;    // slices so far; if the number is unchanged, nothing has run
} InterpreterMemory;
InterpreterMemory interpreter_look_at_memory(const Interpreter *interpreter);
// Runs the garbage collector. Returns false if the interpreter did not become free by `deadline_us` (monotonic).
bool interpreter_collect(Interpreter *interpreter, int64_t deadline_us);

#endif
