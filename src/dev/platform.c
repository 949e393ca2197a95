// The program of lua/platform/ as a bot that gets no messages: one page for every path.
#include "dev/platform.h"

#include <stdio.h>
#include <stdlib.h>

#include "bot/bot.h"
#include "host/feed.h"

enum {
  UPLOAD_MAX = 64 << 20,  // the platform's largest file has 20 MB
  MEMORY_MAX = 1 << 30,
  CPU_US_MAX = 20 * 1000000,
  TURN_MS = 30000,  // how long a request waits for its turn
  CLOSING_MS = 2000,
  PAGES_MAX = 20000  // under way at once
};

struct Platform {
  Bot *bot;
  Feed *feed;
  Arena *arena;
  Pairs config;
  BotOptions options;
};

static bool add_config(Platform *platform, const PlatformOptions *options) {
  const struct {
    const char *name, *value;
  } values[] = {
    { "base", options->base },
    { "callback", options->callback },
    { "script", options->script },
    { "faults", options->faults },
    { "reference", options->reference },
    { "stored", options->stored ? "true" : NULL },
    { "account_kind", options->account_kind },
  };
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    Str value = arena_dup(platform->arena, str_of(values[i].value ? values[i].value : ""));
    if (!value.ptr || !pairs_add(&platform->config, platform->arena, str_of(values[i].name), value))
      return false;
  }
  return true;
}

static void set_options(Platform *platform, const PlatformOptions *options) {
  platform->options = (BotOptions){
    .account = options->account,
    .script = "the simulated platform",
    .path = STR(""),  // no request has an empty path: it gets no callbacks
    .max_body = UPLOAD_MAX,
    .deadline_ms = TURN_MS,
    .loop = options->loop,
    .max_jobs = PAGES_MAX,
    .late_reply = LATE_DROP,
    // With --state, its store may be that of the bot beside it, whose messages it must not take over.
    .alone = true,
    .interpreter = { .account = options->account,
                     .config = &platform->config,
                     .cpu_us_max = CPU_US_MAX,
                     .memory_max = MEMORY_MAX,
                     .strict = true,
                     .program = "platform/init.lua",
                     .feed = platform->feed,
                     .watched = options->files,
                     .watched_ctx = options->files_ctx,
                     .advance = options->advance,
                     .advance_ctx = options->advance_ctx,
                     .store = options->store,
                     .client = options->client },
  };
}

Platform *platform_new(const PlatformOptions *options, Err *err) {
  Platform *platform = calloc(1, sizeof *platform);
  bool ok = platform && (platform->arena = arena_new()) && (platform->feed = feed_new()) &&
            add_config(platform, options);
  if (!ok) {
    err_set(err, ERR_MEMORY, "no memory");
  } else {
    set_options(platform, options);
    platform->bot = bot_new(&platform->options, err);
    if (platform->bot) return platform;
    if (str_starts(str_of(err->text), STR("--")))
      err->code = ERR_USAGE;  // the program says so of its options
  }
  platform_free(platform);
  return NULL;
}

HttpHandler platform_handler(Platform *platform) { return bot_handler(platform->bot); }

void platform_note(Platform *platform, LogLevel level, Str text) {
  static const char *const kinds[] = { "debug", "info", "warn", "error" };
  feed_put(platform->feed, kinds[level], text);
}

void platform_note_load(Platform *platform, const char *error) {
  feed_put(platform->feed, error ? "unloadable" : "loaded", str_of(error ? error : ""));
}

// A user's openid and an event about them.
static void note_of_user(Platform *platform, const char *kind, Str openid, Str text) {
  Buf note;
  buf_init(&note);
  buf_printf(&note, "%.*s\n%.*s", STR_FMT(openid), STR_FMT(text));
  feed_put(platform->feed, kind, buf_str(&note));
  buf_clear(&note);
}

void platform_note_failure(Platform *platform, Str openid, Str error) {
  note_of_user(platform, "failed", openid, error);
}

void platform_note_message(Platform *platform, Str document) {
  feed_put(platform->feed, "arrived", document);
}

void platform_note_answer(Platform *platform, Str openid, Str reply) {
  note_of_user(platform, "answered", openid, reply);
}

void platform_note_followers(Platform *platform, Str openids) {
  feed_put(platform->feed, "followers", openids);
}

bool platform_is_quiet(Platform *platform) { return bot_is_quiet(platform->bot); }

size_t platform_serving(Platform *platform) {
  BotStatus status;
  bot_status(platform->bot, &status);
  return (size_t)status.waiting;
}

int64_t platform_next_timer_us(Platform *platform) { return bot_next_timer_us(platform->bot); }

void platform_wake(Platform *platform) { bot_wake(platform->bot); }

bool platform_free(Platform *platform) {
  if (!platform) return true;
  if (platform->bot && (!bot_drain(platform->bot, CLOSING_MS) || !bot_free(platform->bot)))
    return false;
  feed_free(platform->feed);
  arena_free(platform->arena);
  free(platform);
  return true;
}
