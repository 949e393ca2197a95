// `wemoon send`: plays the platform towards a running bot: signs, seals, posts, opens the reply.
#include "cli/command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/compose.h"
#include "base/file.h"
#include "cli/http_wait.h"
#include "cli/print_reply.h"
#include "codec/url.h"
#include "wechat/message.h"

enum {
  DOCUMENT_MAX = 16 << 20,
  TIMEOUT_MS = 10000,  // a bot answers within 5 s; a slower one is reported as slow, not as dead
  REPEAT_MAX = 1000000
};
// The simulated platform knows it (lua/platform/phone.lua).
#define DEFAULT_FROM "oWemoonSendUser0000000000001"
#define DEFAULT_TO "gh_0123456789ab"

static const Option options[] = {
  { .name = "url",
    .argument = "URL",
    .help = "the bot's address (default: built from listen and path)" },
  { .name = "from", .argument = "OPENID", .help = "the user who sends it (" DEFAULT_FROM ")" },
  { .name = "to",
    .argument = "ORIGINAL_ID",
    .help = "the account that receives it (" DEFAULT_TO ")" },
  { .name = "repeat",
    .argument = "N",
    .help = "send it N times with one MsgId, as the platform retries; one answer is enough" },
  { .name = "raw", .help = "print the reply's bytes as received" },
  { .name = "json", .help = "print the reply as JSON" },
  { .name = NULL },
};

// The state of one command.
typedef struct {
  Account account;
  Callback callback;
  const char *url;
  Str from, to;
  ReplyStyle style;
  int64_t repeats;
  int64_t event_s;  // the second of an event that was composed; 0: none was
  Buf document;     // the plain message
  Buf sealed;       // base64, if the mode encrypts
  Buf body;         // the request's body
} Sending;

// ---- what the command line says -----------------------------------------------------------------

static bool count_repeats(const Arguments *arguments, int64_t *repeats, Err *err) {
  const char *word = options_value(arguments, "repeat");
  *repeats = 1;
  if (!word || (str_to_int64(str_of(word), repeats) && *repeats >= 1 && *repeats <= REPEAT_MAX))
    return true;
  return err_set(err, ERR_USAGE, "--repeat %s: write a number from 1 to %d", word, REPEAT_MAX);
}

static bool choose_style(const Arguments *arguments, ReplyStyle *style, Err *err) {
  bool raw = options_value(arguments, "raw") != NULL,
       json = options_value(arguments, "json") != NULL;
  if (raw && json)
    return err_set(err, ERR_USAGE, "--raw and --json exclude each other: give only one of them");
  *style = raw ? REPLY_STYLE_RAW : json ? REPLY_STYLE_JSON : REPLY_STYLE_LINE;
  return true;
}

// Turns a listening address into one to connect to.
static bool make_url(Invocation *in, const char **url, Err *err) {
  *url = options_value(&in->arguments, "url");
  if (*url) {
    Url parts;
    Err why = { 0 };
    return url_split_http(str_of(*url), &parts, &why) ||
           err_set(err, ERR_USAGE, "--url %s: %s", *url, why.text);
  }
  Str host;
  int port;
  if (!config_split_address(config_text(in->config, "listen"), &host, &port) || port == 0) {
    return err_set(
        err, ERR_USAGE,
        "listen lets the bot choose a free port: give the address that it printed as --url");
  }
  if (host.len == 0 || str_eq(host, STR("0.0.0.0"))) host = STR("127.0.0.1");
  if (str_eq(host, STR("[::]"))) host = STR("[::1]");
  *url = arena_printf(in->arena, "http://%.*s:%d%s", STR_FMT(host), port,
                      config_text(in->config, "path").ptr)
             .ptr;
  return *url ? true : err_set(err, ERR_MEMORY, "no memory");
}

// Milliseconds and random bits, so that two commands at once send different ids.
static int64_t new_id(void) {
  uint32_t chance = 0;
  digest_random(&chance, sizeof(chance));
  return clock_unix_ms() * 1000000 + chance % 1000000;
}

static bool read_document(Sending *s, Invocation *in, Err *err) {
  const Arguments *arguments = &in->arguments;
  if (arguments->count != 2)
    return err_set(err, ERR_USAGE,
                   "give one file, or - for standard input: wemoon send xml FILE|-");
  if (options_value(arguments, "from") || options_value(arguments, "to")) {
    return err_set(err, ERR_USAGE,
                   "--from and --to cannot be used with xml: the document itself names its sender "
                   "and receiver");
  }
  if (!file_read(arguments->positionals[1], DOCUMENT_MAX, &s->document, err)) return false;
  return str_trim(buf_str(&s->document)).len > 0 ||
         err_set(err, ERR_USAGE, "%s is empty: it must contain one message as XML or JSON",
                 arguments->positionals[1]);
}

static bool make_document(Sending *s, Invocation *in, Err *err) {
  const Arguments *arguments = &in->arguments;
  if (strcmp(arguments->positionals[0], "xml") == 0) return read_document(s, in, err);
  ComposeHead head = { .from = s->from, .to = s->to, .time = clock_unix_s(), .id = new_id() };
  NodeTree tree;
  nodes_init(&tree);
  bool ok = compose_message(arguments->positionals[0], arguments->positionals + 1,
                            arguments->count - 1, &head, &tree, err);
  if (ok) message_render(&tree, &s->document);
  if (ok && node_child(&tree, 0, STR("Event")) != NODE_NONE) s->event_s = head.time;
  nodes_clear(&tree);
  if (ok && s->document.failed) return err_set(err, ERR_MEMORY, "no memory");
  return ok;
}

// ---- as the platform seals and signs ------------------------------------------------------------

static bool add_signed_query(const Sending *s, Buf *url, Err *err) {
  char timestamp[24], nonce[24];
  uint32_t chance = 0;
  digest_random(&chance, sizeof(chance));
  snprintf(timestamp, sizeof(timestamp), "%lld", (long long)clock_unix_s());
  snprintf(nonce, sizeof(nonce), "%u", chance);
  return callback_sign(&s->callback, buf_str(&s->sealed), s->from, str_of(timestamp), str_of(nonce),
                       url, err);
}

// ---- what comes back ----------------------------------------------------------------------------

static const char *status_hint(const Sending *s, int status) {
  static const struct {
    int status;
    const char *hint;
  } hints[] = {
    { 403, "the signature was refused: do token and encrypt_mode match the bot's, and do the "
           "clocks agree?" },
    { 404, "there is no bot at that path: is `path` the bot's, or give --url" },
    { 405, "what listens there takes no messages: is it the bot? give --url" },
    { 413, "the message is over the bot's max_body" },
    { 500, "the bot's log says why" },
    { 502, "a proxy is there, but not the bot behind it" },
    { 503, "the bot has max_jobs messages under way, or is stopping: try again" },
  };
  if (status == 400)
    return s->sealed.len
               ? "the message did not open or parse: are encoding_aes_key and appid the bot's?"
               : "it takes that for no message: its log says why";
  for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
    if (hints[i].status == status) return hints[i].hint;
  }
  return "is that the bot? give --url";
}

static int report_no_answer(const Sending *s, const ClientResult *result) {
  if (result->outcome == CLIENT_TIMEOUT)
    report("send", "no answer from %s within %d s: the platform waits 5 s", s->url,
           TIMEOUT_MS / 1000);
  else if (result->outcome == CLIENT_UNKNOWN)
    report("send",
           s->repeats > 1
               ? "%s: no answer. If that is the bot, it closed the connection for the platform to "
                 "try again: the script missed the deadline, or max_jobs messages are under way. "
                 "Otherwise: %s"
               : "%s: no answer. If that is the bot, it closed the connection for the platform to "
                 "try again: the script missed the deadline, or max_jobs messages are under way; "
                 "--repeat 3 tries as the platform does. Otherwise: %s",
           s->url, result->err.text);
  else
    report(
        "send",
        "%s: is the bot running? start it with wemoon run BOT.lua, or give its address with --url",
        result->err.text);
  return STATUS_FAILED;
}

static int report_status(const Sending *s, const ClientResult *result) {
  Str said = str_trim(result->body);
  Str line, rest;
  str_cut(said, '\n', &line, &rest);
  line = str_sub(line, 0, str_utf8_prefix(line, 200));
  char status[16];
  int len = snprintf(status, sizeof status, "%d", result->status);
  // wemoon's own answers begin with the status.
  if (str_starts(line, str_of(status))) line = str_trim(str_sub(line, (size_t)len, line.len));
  report("send", "the bot answered %s%s%.*s: %s", status, line.len ? " " : "", STR_FMT(line),
         status_hint(s, result->status));
  return STATUS_FAILED;
}

static int take_answer(Sending *s, const ClientResult *result) {
  if (result->outcome != CLIENT_OK) return report_no_answer(s, result);
  if (result->status != 200) return report_status(s, result);
  Err err;
  return print_reply(&s->callback, result->body, s->style, &err) ? STATUS_DONE
                                                                 : report_err("send", &err);
}

static int send_once(Sending *s) {
  Err err;
  Buf url;
  buf_init(&url);
  buf_add(&url, str_of(s->url));
  int status = STATUS_FAILED;
  ClientResult *result = NULL;
  if (add_signed_query(s, &url, &err))
    result = http_wait_post(url.ptr, "text/xml", buf_str(&s->body), TIMEOUT_MS, &err);
  if (result) status = take_answer(s, result);
  else status = report_err("send", &err);
  client_result_free(result);
  buf_clear(&url);
  return status;
}

// An event has no id: what the same user does in the same second is a duplicate of it, so the next command begins
// later.
static void end_its_second(const Sending *s) {
  fflush(stdout);
  while (s->event_s > 0 && clock_unix_s() == s->event_s) usleep(10000);
}

static int send_all(Sending *s, Invocation *in) {
  Err err;
  bool ready =
      count_repeats(&in->arguments, &s->repeats, &err) &&
      choose_style(&in->arguments, &s->style, &err) && make_url(in, &s->url, &err) &&
      make_document(s, in, &err) &&
      callback_seal(&s->callback, buf_str(&s->document), s->to, &s->sealed, &s->body, &err);
  if (!ready) return report_err("send", &err);
  // As for the platform, one answered try is enough.
  bool answered = false;
  int status = STATUS_DONE;
  for (int64_t i = 0; i < s->repeats; i++) {
    int one = send_once(s);
    answered = answered || one == STATUS_DONE;
    if (one != STATUS_DONE) status = one;
  }
  end_its_second(s);
  return answered ? STATUS_DONE : status;
}

static Str value_or(const Arguments *arguments, const char *name, const char *fallback) {
  const char *value = options_value(arguments, name);
  return str_of(value ? value : fallback);
}

static int run(Invocation *in) {
  Err err = { .text = "no memory" };
  if (!compose_knows(in->arguments.positionals[0], &err)) return report_err("send", &err);
  if (!command_configure(in, NULL, true, true)) return STATUS_USAGE;
  Sending s = { .from = value_or(&in->arguments, "from", DEFAULT_FROM),
                .to = value_or(&in->arguments, "to", DEFAULT_TO) };
  if (!config_account(in->config, &s.account, &err)) return report_err("", &err);
  Callback callback = {
    .account = &s.account, .aes = aes_new(), .digest = digest_new(), .parser = xml_parser_new()
  };
  s.callback = callback;
  buf_init(&s.document);
  buf_init(&s.sealed);
  buf_init(&s.body);
  int status = callback.aes && callback.digest && callback.parser ? send_all(&s, in)
                                                                  : report_err("send", &err);
  buf_clear(&s.body);
  buf_clear(&s.sealed);
  buf_clear(&s.document);
  xml_parser_free(callback.parser);
  digest_free(callback.digest);
  aes_free(callback.aes);
  return status;
}

const Command command_send = {
  .name = "send",
  .usage = "KIND ... | xml FILE",
  .add_words = compose_add_names,
  .summary = "Send a message to a running bot as the platform would; print the reply, decrypted",
  .details =

      "The message is signed, and sealed as configured (config.lua in the working directory). The "
      "fields of\n"
      "an event have the platform's names, nested with dots; item[2] is the second item of a list. "
      "Write --\n"
      "before an argument that begins with a dash. An event has no id but its second, so send ends "
      "when that\n"
      "second is over. Kinds:\n",
  .add_details = compose_add_kinds,
  .options = options,
  .least = 1,
  .most = SIZE_MAX,
  .configured = true,
  .run = run,
};
