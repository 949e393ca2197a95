// `wemoon dev`: serves a bot beside a simulated platform and its console, or these two for a bot elsewhere.
#include "cli/command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/secrets.h"
#include "cli/attach_place.h"
#include "cli/output_text.h"
#include "cli/preflight.h"
#include "cli/reference.h"
#include "cli/serving.h"
#include "codec/url.h"
#include "dev/devserver.h"

static const char *const account_kinds[] = { "personal", "unverified", "subscription",
                                             "service",  "test",       NULL };

static const Option options[] = {
  { .name = "callback",
    .argument = "URL",
    .help = "the address of a bot in any language (without BOT.lua)" },
  { .name = "state",
    .argument = "FILE",
    .help = "keep the platform's state in this file (without it each start is fresh)" },
  { .name = "port", .argument = "PORT", .help = "as --listen 127.0.0.1:PORT; 0: any free one" },
  { .name = "fault",
    .argument = "FAULT",
    .help =
        "switch on: slow=MS, fail=ERRCODE, quota, revoke, twice, network; several joined by ','" },
  { .name = "account-kind",
    .argument = "KIND",
    .choices = account_kinds,
    .help = "give the account the rights of that kind: personal, unverified, subscription, "
            "service, test (default: every right)" },
  { .name = NULL },
};

// ---- what the command line says -----------------------------------------------------------------

static bool choose_callback(Invocation *in, const char *script, const char **callback, Err *err) {
  *callback = options_value(&in->arguments, "callback");
  if (!*callback) return true;
  if (script)
    return err_set(err, ERR_USAGE,
                   "BOT.lua and --callback exclude each other: give only one of them");
  Url url;
  Err why = { 0 };
  return url_split_http(str_of(*callback), &url, &why) ||
         err_set(err, ERR_USAGE, "--callback %s: %s", *callback, why.text);
}

static bool choose_listen(Invocation *in, Str *listen, Err *err) {
  const char *port = options_value(&in->arguments, "port");
  int64_t number;
  *listen = config_text(in->config, "listen");
  if (!port) return true;
  if (config_source(in->config, "listen") == CONFIG_FROM_FLAG)
    return err_set(err, ERR_USAGE, "--port and --listen exclude each other: give only one of them");
  if (!str_to_int64(str_of(port), &number) || number < 0 || number > 65535)
    return err_set(err, ERR_USAGE, "--port %s: write a number from 0 to 65535", port);
  *listen = str_of(port);
  return true;
}

// A store with a real account's tokens is not used with the simulated platform.
static Str choose_store(const Config *config) {
  ConfigSource source = config_source(config, "store");
  bool for_this_run = source == CONFIG_FROM_FLAG || source == CONFIG_FROM_ENVIRONMENT;
  return for_this_run ? config_text(config, "store") : STR("");
}

// ---- serving ------------------------------------------------------------------------------------

static bool reload(void *ctx, Err *err) { return devserver_reload(ctx, err); }

// Prints an invented value whole, a configured one masked.
static void print_setting(const Config *config, const char *name, const char *key) {
  Str value = config_text(config, key);
  if (value.len == 0) return;
  Buf shown;
  buf_init(&shown);
  if (config_source(config, key) == CONFIG_FROM_DEFAULT) buf_add(&shown, value);
  else secrets_mask(&shown, value);
  printf("  %-15s %.*s\n", name, STR_FMT(buf_str(&shown)));
  buf_clear(&shown);
}

static void print_account(const Config *config, const Account *account) {
  fputs(output_text("the account that it plays (what you configured is masked):\n"), stdout);
  print_setting(config, "token", "token");
  print_setting(config, "appid", "appid");
  print_setting(config, "appsecret", "appsecret");
  print_setting(config, "EncodingAESKey", "encoding_aes_key");
  fputs("  ", stdout);
  output_title("mode", 16);
  printf("%s\n", config_mode_name(account->mode));
}

static void print_api(const char *url) {
  printf(output_text("the API's address, in place of https://api.weixin.qq.com:\n  %s\n"), url);
  fputs(output_text("how SDKs are told of it:\n"), stdout);
  printf(
      "  wechatpy\n"
      "    class Client(wechatpy.WeChatClient):\n"
      "        API_BASE_URL = \"%s/cgi-bin/\"\n"
      "        def fetch_access_token(self):\n"
      "            return self._fetch_access_token(url=\"%s/cgi-bin/token\", params={\n"
      "                \"grant_type\": \"client_credential\", \"appid\": self.appid, \"secret\": "
      "self.secret})\n"
      "  WxJava\n"
      "    config.setHostConfig(WxMpHostConfig.builder().apiHost(\"%s\").mpHost(\"%s\")"
      ".openHost(\"%s\").build());\n"
      "  EasyWeChat\n"
      "    'http' => ['base_uri' => '%s/'],\n"
      "  silenceper/wechat\n"
      "    util.SetURIModifier(func(uri string) string {\n"
      "        return strings.Replace(uri, \"https://api.weixin.qq.com\", \"%s\", 1)\n"
      "    })\n"
      "  co-wechat-api\n"
      "    api.prefix = '%s/cgi-bin/';\n",
      url, url, url, url, url, url, url, url);
}

static void announce_bot(Invocation *in, DevServer *devserver, const DevServerOptions *chosen) {
  const char *callback = devserver_callback(devserver);
  BotStatus status;
  bot_status(devserver_bot(devserver), &status);
  printf(output_text("wemoon %s: serving %s on %s (%s mode)%s\n"), WEMOON_VERSION,
         chosen->bot->script, callback, config_mode_name(chosen->account->mode),
         status.error[0] ? output_text(": waiting for a script that loads; correct it and save it")
                         : "");
  serving_print_how_to_conversation(in->config, chosen->account->mode, callback,
                                    options_value(&in->arguments, "port") != NULL);
}

static void announce_platform(Invocation *in, DevServer *devserver,
                              const DevServerOptions *chosen) {
  const char *url = devserver_url(devserver), *callback = devserver_callback(devserver);
  printf(output_text("wemoon %s: the simulated platform is %s, for a bot at %s\n"), WEMOON_VERSION,
         url, callback[0] ? callback : output_text("an address to give as --callback URL"));
  print_account(in->config, chosen->account);
  print_api(url);
}

static void announce(Invocation *in, DevServer *devserver, const DevServerOptions *chosen) {
  if (chosen->bot) announce_bot(in, devserver, chosen);
  else announce_platform(in, devserver, chosen);
  printf(output_text("chat with it in a browser:\n  %s/console\n"), devserver_url(devserver));
  serving_flush();
}

static void warn_of_admin(const Config *config) {
  if (config_text(config, "admin_listen").len > 0)
    log_warn("admin_listen: dev does not serve the admin address, run does: wemoon run BOT.lua");
}

static int serve(Invocation *in, const DevServerOptions *devserver_options, const sigset_t *set) {
  Err err;
  ServingStart *begun = serving_begin_start();
  DevServer *devserver = devserver_open(devserver_options, &err);
  serving_end_start(begun);
  if (!devserver) return report_err("", &err);
  const char *script = devserver_options->bot ? devserver_options->bot->script : NULL;
  Attach *attach = script ? attach_place_open(in->config, script, devserver_bot(devserver)) : NULL;
  announce(in, devserver, devserver_options);
  warn_of_admin(in->config);
  ServingReload reloads = { .script = script, .reload = reload, .ctx = devserver };
  serving_wait(set, &reloads);
  serving_begin_end();
  if (script) bot_end_loads(devserver_bot(devserver));
  bool detached = attach_stop(attach);
  serving_end_reload(&reloads);
  if (devserver_close(devserver, SERVING_GRACE_MS) && detached) return STATUS_DONE;
  if (devserver_options->bot) capture_end(devserver_options->bot->capture);
  _exit(STATUS_DONE);
}

// What the options of a dev server point to.
typedef struct {
  Account account;
  BotOptions bot;
  Buf about;
  Capture *capture;
} DevParts;

// As run and check refuse it.
static bool can_store(Str url, Err *err) {
  if (url.len == 0 || store_would_open(url, err)) return true;
  err->code = ERR_USAGE;
  return false;
}

// Fills the options as the command line and the configuration say.
static bool prepare(Invocation *in, const char *script, DevParts *parts, DevServerOptions *to,
                    Err *err) {
  Config *config = in->config;
  reference_about("en", NULL, &parts->about);
  *to = (DevServerOptions){
    .account = &parts->account,
    .bot = script ? &parts->bot : NULL,
    .state_file = options_value(&in->arguments, "state"),
    .faults = options_value(&in->arguments, "fault"),
    .account_kind = options_value(&in->arguments, "account-kind"),
    .store = choose_store(config),
    .api_timeout_ms = config_integer(config, "api_timeout_s") * 1000,
    .classic_token = str_eq(config_text(config, "token_api"), STR("classic")),
    .reference = buf_str(&parts->about).ptr,
  };
  config_server(config, &to->server);
  return (!script || preflight_no_folder(script, err)) && can_store(to->store, err) &&
         choose_callback(in, script, &to->callback, err) &&
         choose_listen(in, &to->server.listen, err) &&
         config_account(config, &parts->account, err) &&
         (!script || config_bot(config, script, &parts->account, &parts->bot, err)) &&
         serving_raise_file_limit(config_integer(config, "threads"),
                                  config_integer(config, "max_jobs"), err) &&
         (!script || config_capture(config, &parts->capture, err));
}

static int run(Invocation *in) {
  const char *script = in->arguments.count ? in->arguments.positionals[0] : NULL;
  config_simulate_account(in->config);
  if (!command_configure_server(in, script, !script, false)) return STATUS_USAGE;
  preflight_warn(in->config, WARN_OF_ZONE);
  config_simulate_account(in->config);
  DevParts parts = { .capture = NULL };
  DevServerOptions devserver_options;
  Err err;
  sigset_t set;
  buf_init(&parts.about);
  bool ready = prepare(in, script, &parts, &devserver_options, &err);
  parts.bot.start_broken = true;
  bot_capture(&parts.bot, parts.capture);
  serving_block_signals(&set);
  int status = ready ? serve(in, &devserver_options, &set) : report_err("dev", &err);
  capture_close(parts.capture);
  buf_clear(&parts.about);
  return status;
}

const Command command_dev = {
  .name = "dev",
  .usage = "[BOT.lua]",
  .summary =
      "Serve the bot beside a simulated platform and a browser console, on one loopback port",
  .details =

      "No account is needed: whatever the configuration lacks is simulated. The bot's calls go to "
      "the\n"
      "simulated platform. Without BOT.lua only the platform and the console are served, for a bot "
      "in any\n"
      "language at --callback URL.\n"
      "\n"
      "The simulated library of templates has every number: get_template_id(\"TM00001\") adds a "
      "template with\n"
      "first, keyword1, keyword2 and remark. An id of 43 characters that was not removed counts as "
      "added on\n"
      "the website.\n",
  .options = options,
  .least = 0,
  .most = 1,
  .configured = true,
  .run = run,
};
