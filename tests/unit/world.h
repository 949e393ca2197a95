// What the tests of interpreters share: a folder with a script in it, an interpreter, messages for it and its log.
// script_world.h and host_world.h say which host the interpreter has (WORLD_HOST).
#ifndef WEMOON_TESTS_WORLD_H
#define WEMOON_TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "script/cancels.h"
#include "script/conversation.h"
#include "script/keep.h"
#include "script/late_order.h"
#include "script/message.h"
#include "store/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// Standard error is the log under test, so what a test has to say goes to standard output.
#undef fail_msg
#define fail_msg(...) (printf(__VA_ARGS__), printf("\n"), fflush(stdout), fail())

static struct {
  char folder[64], script[96];
  int log_fd, stderr_fd;
  Account account;
  InterpreterOptions options;
  Interpreter *in;
  Store *store;      // NULL: none
  BotShared shared;  // of world_open_shared
  Err err;
} world;

// What messages have besides what send_document sets. Empty in each new world.
__attribute__((unused)) static MessageTask world_message;

static int world_open(void **state) {
  static int count;
  snprintf(world.folder, sizeof world.folder, "/tmp/wemoon-script-%d-%d", (int)getpid(), count++);
  mkdir(world.folder, 0700);
  snprintf(world.script, sizeof world.script, "%s/bot.lua", world.folder);
  char path[96];
  snprintf(path, sizeof path, "%s/log", world.folder);
  fflush(stderr);
  world.stderr_fd = dup(2);
  world.log_fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_APPEND, 0600);
  dup2(world.log_fd, 2);
  world.account = (Account){ .appid = STR("wx1234567890abcdef") };
  world.options = (InterpreterOptions){ .account = &world.account,
                                        .open_host = WORLD_HOST,
                                        .cpu_us_max = 300000,
                                        .memory_max = 32 << 20,
                                        .strict = true,
                                        .job_timeout_ms = 20000 };
  world_message = (MessageTask){ 0 };
  world.in = NULL;
  world.store = NULL;
  memset(&world.shared, 0, sizeof world.shared);
  world.err = (Err){ 0 };
  return 0;
}

// With a store in memory.
static inline int world_open_store(void **state) {
  Err err;
  world_open(state);
  world.options.store = world.store = store_open(STR("memory:"), &err);
  return world.store ? 0 : -1;
}

static inline Keep *world_new_keep(void) {
  return keep_new(
      &(KeepOptions){ .store = world.store, .account = STR("gh_1"), .conversations = true });
}

// With a store, and what the interpreters of a bot share: conversations, late replies, runs in the store.
static inline int world_open_shared(void **state) {
  if (world_open_store(state) != 0) return -1;
  world_message.sender = STR("openid-1");
  world.shared.conversations = conversations_new();
  world.shared.late_order = late_order_new(NULL, STR(""), NULL);
  world.shared.cancels = cancels_new();
  world.shared.keep = world_new_keep();
  world.options.shared = &world.shared;
  return world.shared.conversations && world.shared.late_order && world.shared.cancels &&
                 world.shared.keep
             ? 0
             : -1;
}

static void world_close_shared(void) {
  if (!world.shared.conversations) return;
  conversations_end_all(world.shared.conversations);
  for (int i = 0; i < 1000 && world.shared.interpreters > 0; i++) usleep(5000);
  conversations_free(world.shared.conversations);
  keep_free(world.shared.keep);
  late_order_free(world.shared.late_order);
  cancels_free(world.shared.cancels);
}

// Each log is kept for the next test's reader only; the folder goes.
static int world_close(void **state) {
  interpreter_release(world.in);
  world_close_shared();
  store_close(world.store);
  dup2(world.stderr_fd, 2);
  close(world.stderr_fd);
  close(world.log_fd);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", world.folder);
  return system(command) == 0 ? 0 : -1;
}

static const char *world_log(void) {
  static char text[65536];
  ssize_t len = pread(world.log_fd, text, sizeof text - 1, 0);
  text[len > 0 ? len : 0] = '\0';
  return text;
}

static inline void assert_logged(const char *part) {
  if (!strstr(world_log(), part)) fail_msg("the log does not say '%s':\n%s", part, world_log());
}

static inline void assert_not_logged(const char *part) {
  if (strstr(world_log(), part)) fail_msg("the log says '%s':\n%s", part, world_log());
}

static inline size_t times_logged(const char *part) {
  size_t count = 0;
  for (const char *at = world_log(); (at = strstr(at, part)); at++) count++;
  return count;
}

static void write_file(const char *name, const char *text) {
  char path[160];
  snprintf(path, sizeof path, "%s/%s", world.folder, name);
  for (char *slash = path + strlen(world.folder) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
  FILE *file = fopen(path, "w");
  fputs(text, file);
  fclose(file);
}

static bool try_load(const char *code) {
  write_file("bot.lua", code);
  interpreter_release(world.in);
  world.err = (Err){ 0 };
  world.in = interpreter_new(&world.options, &world.err);
  if (!world.in) fail_msg("no interpreter: %s", world.err.text);
  return interpreter_load(world.in, world.script, &world.err) &&
         interpreter_start(world.in, STR(""), &world.err);
}

static inline void load(const char *code) {
  if (!try_load(code)) fail_msg("not loaded: %s", world.err.text);
}

// ---- messages

typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool done;
  int calls;
  TaskState state;
  char reply[4096];  // of a text its content, else the type
  Arena *arena;
} Heard;

static bool answer_done(void *owner, TaskState state, const Answer *given) {
  Heard *answer = owner;
  const Reply *reply = &given->reply;
  pthread_mutex_lock(&answer->mutex);
  answer->done = true;
  answer->calls++;
  answer->state = state;
  Str text = reply->form == REPLY_ELEMENTS ? reply->type : STR("");
  if (reply && reply->form == REPLY_RAW) text = reply->raw;
  if (str_eq(text, STR("text"))) text = reply->elements->text;
  snprintf(answer->reply, sizeof answer->reply, "%.*s", STR_FMT(text));
  pthread_cond_broadcast(&answer->changed);
  pthread_mutex_unlock(&answer->mutex);
  return false;
}

static void answer_init(Heard *answer) {
  memset(answer, 0, sizeof *answer);
  pthread_mutex_init(&answer->mutex, NULL);
  pthread_cond_init(&answer->changed, NULL);
  answer->arena = arena_new();
}

static void answer_clear(Heard *answer) {
  arena_free(answer->arena);
  pthread_cond_destroy(&answer->changed);
  pthread_mutex_destroy(&answer->mutex);
}

static bool answer_wait(Heard *answer, int timeout_ms) {
  for (int i = 0; i < timeout_ms / 5; i++) {
    pthread_mutex_lock(&answer->mutex);
    bool done = answer->done;
    pthread_mutex_unlock(&answer->mutex);
    if (done) return true;
    usleep(5000);
  }
  return answer->done;
}

// Runs a message: interpreter_run_message, or another way to the script.
typedef TaskState (*MessageRunner)(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                                   Answer *answer);

static TaskState send_document(MessageRunner run, Interpreter *in, Heard *answer, const char *xml,
                               int64_t wait_us) {
  XmlParser *parser = xml_parser_new();
  NodeTree tree;
  MessageHead head;
  Err err = { 0 };
  nodes_init(&tree);
  if (!message_parse(parser, str_of(xml), &tree, &head, &err))
    fail_msg("the test's message: %s", err.text);
  MessageTask task = world_message;
  task.tree = &tree;
  task.head = &head;
  task.raw = str_of(xml);
  task.arena = answer->arena;
  task.owner = answer;
  task.done = answer_done;
  Answer given;
  TaskState returned = run(in, &task, clock_now_us() + wait_us, &given);
  if (returned != TASK_WAITING && returned != TASK_LOST) answer_done(answer, returned, &given);
  nodes_clear(&tree);
  xml_parser_free(parser);
  return returned;
}

static TaskState send_through(MessageRunner run, Interpreter *in, Heard *answer,
                              const char *content, int64_t wait_us) {
  char xml[1024];
  snprintf(xml, sizeof xml,
           "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[openid-1]]></"
           "FromUserName>"
           "<CreateTime>1400000000</CreateTime><MsgType><![CDATA[text]]></"
           "MsgType><Content><![CDATA[%s]]></Content>"
           "<MsgId>1234567890123456</MsgId></xml>",
           content);
  return send_document(run, in, answer, xml, wait_us);
}

static inline TaskState send_text_within(Interpreter *in, Heard *answer, const char *content,
                                         int64_t wait_us) {
  return send_through(interpreter_run_message, in, answer, content, wait_us);
}

static TaskState send_text(Heard *answer, const char *content) {
  return send_text_within(world.in, answer, content, 5000000);
}

static void assert_answer_through(MessageRunner run, const char *content, TaskState state,
                                  const char *reply) {
  Heard answer;
  answer_init(&answer);
  TaskState returned = send_through(run, world.in, &answer, content, 5000000);
  if (returned == TASK_LOST) fail_msg("lost");
  if (!answer_wait(&answer, 10000)) fail_msg("no answer to %s", content);
  usleep(1000);
  if (answer.state != state || strcmp(answer.reply, reply) != 0) {
    fail_msg("to '%s': %s '%s', not %s '%s'; log:\n%s", content, task_state_name(answer.state),
             answer.reply, task_state_name(state), reply, world_log());
  }
  assert_int_equal(answer.calls, 1);
  answer_clear(&answer);
}

// Sends a text, waits for the end, compares state and reply.
static inline void assert_answer(const char *content, TaskState state, const char *reply) {
  assert_answer_through(interpreter_run_message, content, state, reply);
}

// Asserts that the message "slow" waits while "quick" is answered, each by its own text.
static inline void assert_answers_meanwhile(void) {
  Heard slow;
  answer_init(&slow);
  assert_int_equal(send_text(&slow, "slow"), TASK_WAITING);
  assert_answer("quick", TASK_RETURNED, "quick");
  assert_true(answer_wait(&slow, 5000));
  assert_string_equal(slow.reply, "slow");
  usleep(1000);
  answer_clear(&slow);
}

// ---- conversations and late replies

// Goes on with the user's conversation.
static inline TaskState run_conversation(Interpreter *in, const MessageTask *message,
                                         int64_t deadline_us, Answer *answer) {
  Conversation *conversation = conversations_take(world.shared.conversations, message->sender,
                                                  message->head->is_event, NULL);
  if (!conversation) return TASK_LOST;
  Interpreter *holder = conversation_interpreter(conversation);
  TaskState state = conversation_run_message(conversation, message, deadline_us, answer);
  interpreter_release(holder);
  return state;
}

// As if the process had ended and another one had begun on the same store.
static inline void world_restart(const char *code) {
  interpreter_end_tasks(world.in);
  conversations_end_all(world.shared.conversations);
  interpreter_release(world.in);
  world.in = NULL;
  for (int i = 0; i < 1000 && world.shared.interpreters > 0; i++) usleep(5000);
  keep_free(world.shared.keep);
  world.shared.keep = world_new_keep();
  load(code);
}

static inline bool wait_for(bool (*done)(void)) {
  for (int i = 0; i < 1000; i++) {
    if (done()) return true;
    usleep(5000);
  }
  return false;
}

// ---- Lua that checks itself

// Runs Lua in on_message that raises where something is not as it should be: `is(got, wanted)`,
// `fails(words, function, ...)`, `all(...)` (the values in one string).
static inline void assert_holds(const char *code) {
  char script[8192];
  snprintf(script, sizeof script,
           "local function is(got, wanted)\n"
           "  if got ~= wanted then error(tostring(got) .. ', not ' .. tostring(wanted), 2) end\n"
           "end\n"
           "local function fails(words, ...)\n"
           "  local ok, why = pcall(...)\n"
           "  if ok or not tostring(why):find(words, 1, true) then\n"
           "    error('\"' .. tostring(why) .. '\", not \"' .. words .. '\"', 2)\n"
           "  end\n"
           "end\n"
           "local function all(...) return table.concat({ ... }, ' ') end\n"
           "local find, match, gsub, rep = string.find, string.match, string.gsub, string.rep\n"
           "function on_message(msg) %s return 'holds' end",
           code);
  load(script);
  assert_answer("go", TASK_RETURNED, "holds");
}

// The body is ended by script_cpu_ms, soon after, and the next message is answered as ever.
static inline void assert_over_cpu(const char *body) {
  char script[4096];
  snprintf(script, sizeof script,
           "function hostile() %s end\n"
           "function on_message(msg)\n"
           "  if msg.content == 'go' then hostile() end\n"
           "  return 'fine'\n"
           "end",
           body);
  load(script);
  Heard answer;
  answer_init(&answer);
  int64_t began_us = clock_now_us();
  send_text(&answer, "go");
  if (!answer_wait(&answer, 10000)) fail_msg("never ends: %s", body);
  int64_t took_ms = (clock_now_us() - began_us) / 1000;
  if (answer.state != TASK_OVER_CPU) {
    fail_msg("%s: %s, not over its CPU time\n%s", body, task_state_name(answer.state), world_log());
  }
  if (took_ms > 9000) fail_msg("%s: took %d ms", body, (int)took_ms);
  answer_clear(&answer);
  assert_logged("bot.lua:1: stopped after 300 ms of CPU time");
  for (int i = 0; i < 3; i++) assert_answer("next", TASK_RETURNED, "fine");
}

#endif
