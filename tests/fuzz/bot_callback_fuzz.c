// Whole sequences of callbacks against a bot that serves: whatever comes on a connection, each request is
// answered or its connection closed, a message that was signed is answered as the platform would take it, and
// a duplicate of it with the same reply.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bot/bot.h"
#include "net/loop.h"
#include "wechat/callback.h"

// An input is a list of records, each ended by END. The first byte of a record says what it is:
// 'm' a document, signed (and sealed) as the account has it; 'd' the document before once more; 'q' query, a
// newline, body: posted as they are; anything else: the bytes themselves on the wire.
enum { END = 0x1e, RECORDS_MAX = 8, ANSWER_MAX = 1 << 16, WAIT_S = 5 };

static const char script[] =
    "local kept = 0\n"
    "function on_message(msg)\n"
    "  kept = kept + 1\n"
    "  local c = msg.content or msg.type\n"
    "  if c == 'number' then return 5 end\n"
    "  if c == 'fail' then error(msg) end\n"
    "  if c == 'nil' then return nil end\n"
    "  if c == 'wait' then wechat.sleep(0.001) return 'waited' end\n"
    "  if c == 'ask' then return wechat.ask('what?').content end\n"
    "  if c == 'news' then return wechat.response_news{ { title = c, url = c } } end\n"
    "  return tostring(c) .. (msg.raw or ''):sub(1, 300) .. kept\n"
    "end\n";

typedef struct {
  Callback callback;
  Account account;
  BotOptions options;
  Bot *bot;
  Server *server;
  int fd;
  Str document;  // the last 'm'
  Buf first;     // its answer's text; empty: none, or unknown
  Buf body, sealed, head, plain;
  char answer[ANSWER_MAX + 1];
  size_t answer_len;
} World;

static void must(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "must: %s\n", what);
  abort();
}

static void swallow(void *ctx, LogLevel level, Str message) {}

// ---- the world ----------------------------------------------------------------------------------

static char folder[] = "/tmp/wemoon-fuzz-XXXXXX", path[64];

static void remove_script(void) {
  unlink(path);
  rmdir(folder);
}

static const char *write_script(void) {
  must(mkdtemp(folder) != NULL, "a folder");
  snprintf(path, sizeof path, "%s/bot.lua", folder);
  FILE *file = fopen(path, "w");
  must(file && fputs(script, file) >= 0 && fclose(file) == 0, "a script");
  atexit(remove_script);
  return path;
}

static World *open_world(void) {
  static World w;
  Err err = { 0 };
  AccountSettings settings = { .token = STR("token"),
                               .encoding_aes_key =
                                   STR("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
                               .appid = STR("wx0123456789abcdef"),
                               .encrypt_mode = STR("safe") };
  log_divert(swallow, NULL);
  must(account_init(&w.account, &settings, &err), err.text);
  w.callback = (Callback){
    .account = &w.account, .aes = aes_new(), .digest = digest_new(), .parser = xml_parser_new()
  };
  w.options = (BotOptions){ .account = &w.account,
                            .script = write_script(),
                            .path = STR("/wechat"),
                            .max_body = 65536,
                            .replay_window_s = 600,
                            .dedup_window_s = 60,
                            .deadline_ms = 2000,
                            .max_jobs = 100,
                            .loop = loop_new(&err),
                            .late_reply = LATE_DROP,
                            .interpreter = { .account = &w.account,
                                             .cpu_us_max = 1000000,
                                             .memory_max = 64 << 20,
                                             .strict = true,
                                             .job_timeout_ms = 2000 } };
  w.bot = bot_new(&w.options, &err);
  must(w.bot != NULL, err.text);
  ServerOptions server = {
    .listen = STR("127.0.0.1:0"), .threads = 16, .head_timeout_ms = 200, .keep_alive_ms = 1000
  };
  HttpHandler handler = bot_handler(w.bot);
  w.server = server_start(&server, &handler, &err);
  must(w.server != NULL, err.text);
  w.fd = -1;
  return &w;
}

// ---- the wire -----------------------------------------------------------------------------------

static void hang_up(World *w) {
  if (w->fd >= 0) close(w->fd);
  w->fd = -1;
}

static void dial(World *w) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)server_port(w->server)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  if (w->fd >= 0) return;
  w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(connect(w->fd, (struct sockaddr *)&address, sizeof address) == 0, "a connection is taken");
  setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = WAIT_S },
             sizeof(struct timeval));
}

static bool send_all(World *w, Str bytes) {
  while (bytes.len > 0) {
    ssize_t sent = send(w->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = str_sub(bytes, (size_t)sent, bytes.len);
  }
  return true;
}

// One whole answer, or what came until the other side closed; nothing for WAIT_S is a fault.
static void read_answer(World *w) {
  w->answer_len = 0;
  for (;;) {
    w->answer[w->answer_len] = '\0';
    const char *end = strstr(w->answer, "\r\n\r\n");
    const char *length = end ? strcasestr(w->answer, "\r\ncontent-length:") : NULL;
    if (end && length && length < end &&
        w->answer_len >= (size_t)(end + 4 - w->answer) + strtoul(length + 17, NULL, 10))
      return;
    must(w->answer_len < ANSWER_MAX, "an answer is small");
    ssize_t got = recv(w->fd, w->answer + w->answer_len, ANSWER_MAX - w->answer_len, 0);
    must(got >= 0 || errno != EAGAIN, "an answer, or the end of the connection, in time");
    if (got <= 0) break;
    w->answer_len += (size_t)got;
  }
  hang_up(w);
}

static int status(const World *w) {
  int number = 0;
  if (w->answer_len == 0) return 0;
  must(sscanf(w->answer, "HTTP/1.1 %d ", &number) == 1, "an answer of HTTP");
  return number;
}

static Str body_of(const World *w) {
  const char *end = strstr(w->answer, "\r\n\r\n");
  return end ? str_make(end + 4, w->answer_len - (size_t)(end + 4 - w->answer)) : str_make("", 0);
}

// False where the connection was closed without an answer, or not taken.
static bool post(World *w, Str query, Str body) {
  buf_reset(&w->head);
  buf_printf(&w->head, "POST /wechat?%.*s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
             STR_FMT(query), body.len);
  buf_add(&w->head, body);
  for (int tries = 0; tries < 2; tries++) {
    dial(w);
    if (send_all(w, buf_str(&w->head))) read_answer(w);
    else hang_up(w);
    if (w->answer_len > 0) return true;  // else it was kept alive no longer
  }
  return false;
}

// ---- the records --------------------------------------------------------------------------------

static void check_reply(World *w, bool again) {
  Err err;
  NodeTree tree = { 0 };
  int number = status(w);
  buf_reset(&w->plain);
  must(number == 200 || number == 400 || number == 503, "a signed message is answered");
  if (number == 200 && !callback_reply_is_empty(body_of(w)))
    must(callback_open_reply(&w->callback, body_of(w), &tree, &w->plain, &err),
         "a reply that the platform takes");
  if (again)
    must(str_eq(buf_str(&w->first), buf_str(&w->plain)), "a duplicate gets the same reply");
  buf_reset(&w->first);
  buf_add(&w->first, buf_str(&w->plain));
  nodes_clear(&tree);
}

static void deliver(World *w, bool again) {
  Err err;
  char timestamp[24];
  Buf url;
  buf_init(&url);
  buf_reset(&w->sealed);
  buf_reset(&w->body);
  snprintf(timestamp, sizeof timestamp, "%lld", (long long)clock_unix_s());
  if (callback_seal(&w->callback, w->document, STR("gh"), &w->sealed, &w->body, &err) &&
      callback_sign(&w->callback, buf_str(&w->sealed), STR("o"), str_of(timestamp), STR("n"), &url,
                    &err)) {
    Str query = buf_str(&url);
    if (str_starts(query, STR("?"))) query = str_sub(query, 1, query.len);
    if (post(w, query, buf_str(&w->body))) check_reply(w, again);
  }
  buf_clear(&url);
}

static void post_as_it_is(World *w, Str record) {
  Str query, body;
  if (!str_cut(record, '\n', &query, &body)) return;
  if (memchr(query.ptr, '\r', query.len) || memchr(query.ptr, ' ', query.len)) return;
  if (post(w, query, body)) must(status(w) >= 200 && status(w) < 600, "a status");
}

static void send_raw(World *w, Str record) {
  hang_up(w);
  dial(w);
  if (send_all(w, record)) {
    shutdown(w->fd, SHUT_WR);
    read_answer(w);
    if (w->answer_len > 0) must(status(w) >= 200 && status(w) < 600, "a status");
  }
  hang_up(w);
}

static void take(World *w, Str record) {
  Str rest = str_sub(record, 1, record.len);
  switch (record.ptr[0]) {
    case 'm':
      w->document = rest;
      deliver(w, false);
      break;
    case 'd':
      if (w->document.len > 0) deliver(w, w->first.len > 0);
      break;
    case 'q': post_as_it_is(w, rest); break;
    default: send_raw(w, record);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static World *w;
  if (!w) w = open_world();
  Str rest = str_make((const char *)data, size), record;
  w->document = str_make("", 0);
  buf_reset(&w->first);
  for (int i = 0; i < RECORDS_MAX && rest.len > 0; i++) {
    if (!str_cut(rest, END, &record, &rest)) {
      record = rest;
      rest.len = 0;
    }
    if (record.len > 0) take(w, record);
  }
  hang_up(w);
  return 0;
}
