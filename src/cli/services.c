// Opens a script's services as configured.
#include "cli/services.h"

#include <unistd.h>

#include "base/file.h"
#include "bot/bot_metrics.h"

static const char *or_null(Str text) { return text.len ? text.ptr : NULL; }

// Writes the URL of the store to a buffer, which the caller clears. False without memory.
static bool store_url(const Config *config, const char *script, Buf *url, Err *err) {
  Str configured = config_text(config, "store");
  buf_init(url);
  buf_add(url, configured.len ? configured : STR("sqlite:"));
  if (configured.len == 0 && script) buf_add(url, file_folder(script));
  if (configured.len == 0) buf_add(url, STR("wemoon.db"));
  return !url->failed || err_set(err, ERR_MEMORY, "no memory");
}

bool services_store_would_open(const Config *config, const char *script, Err *err) {
  Buf url;
  bool ok = store_url(config, script, &url, err) && store_would_open(buf_str(&url), err);
  buf_clear(&url);
  return ok;
}

bool services_store_file(const Config *config, const char *beside, Buf *path, Err *err) {
  Buf url;
  bool ok = store_url(config, beside, &url, err);
  Str text = buf_str(&url), scheme = STR("sqlite:");
  if (ok && str_starts(text, scheme)) buf_add(path, str_sub(text, scheme.len, text.len));
  buf_clear(&url);
  return ok;
}

// Opens the store under those names. What `check` refuses already is the configuration's fault here too.
static Store *open_store_with(const StoreOptions *options, Err *err) {
  Store *store = store_open_with(options, err);
  if (!store && !options->must_exist && !store_would_open(options->url, NULL))
    err->code = ERR_USAGE;
  return store;
}

// A script's keys belong to its account; without token and appid they have no account.
static Store *open_named(const Config *config, const Account *account, Str url, StorePlace place,
                         Err *err) {
  char name[ACCOUNT_NAME_MAX] = "", former[ACCOUNT_NAME_MAX] = "";
  bool nameless = account->appid.len == 0 && account->credentials[0].token.len == 0;
  if (!nameless &&
      (!account_name(account, name, err) || !account_former_name(account, former, err)))
    return NULL;
  return open_store_with(&(StoreOptions){ .url = url,
                                          .ca_file = config_text(config, "ca_file").ptr,
                                          .account = str_of(name),
                                          .former_account = str_of(former),
                                          .must_exist = place == STORE_MUST_EXIST,
                                          .create_late = place == STORE_IF_IT_OPENS },
                         err);
}

Store *services_open_store(const Config *config, const Account *account, const char *beside,
                           StorePlace place, Err *err) {
  Buf url;
  Store *store = store_url(config, beside, &url, err)
                     ? open_named(config, account, buf_str(&url), place, err)
                     : NULL;
  buf_clear(&url);
  return store;
}

static bool has_store(const Config *config, const char *script) {
  Buf path;
  buf_init(&path);
  bool there =
      config_text(config, "store").len > 0 ||
      (services_store_file(config, script, &path, NULL) && path.ptr && access(path.ptr, F_OK) == 0);
  buf_clear(&path);
  return there;
}

static Store *open_store(const Config *config, const Account *account, const char *script,
                         StorePlace place, Err *err) {
  if (place == STORE_NOWHERE || (place == STORE_IF_IT_EXISTS && !has_store(config, script)))
    return store_open(STR("memory:"), err);
  Store *store = services_open_store(config, account, script, place, err);
  if (store || place != STORE_IF_IT_OPENS || config_text(config, "store").len) return store;
  log_warn("%s; what this run stores is lost at its end: set `store` to keep it", err->text);
  return store_open(STR("memory:"), err);
}

static void observe(void *ctx, Str method, Str result, int64_t us) {
  bot_metrics_api_call(ctx, method, result, us);
}

static Api *open_api(const Services *services, const Config *config, const Account *account,
                     Metrics *metrics, Err *err) {
  ApiOptions options = {
    .account = account,
    .client = services->client,
    .store = services->store,
    .api_base = config_text(config, "api_base"),
    .mp_base = config_text(config, "mp_base"),
    .insecure = !config_boolean(config, "checkssl"),
    .classic_token = str_eq(config_text(config, "token_api"), STR("classic")),
    .timeout_ms = config_integer(config, "api_timeout_s") * 1000,
    .access_token = { config_text(config, "access_token"),
                      config_integer(config, "access_token_expires_at") },
    .jsapi_ticket = { config_text(config, "jsapi_ticket"),
                      config_integer(config, "jsapi_ticket_expires_at") },
    .observe = metrics ? observe : NULL,
    .observe_ctx = metrics,
  };
  return api_new(&options, err);
}

bool services_open(Services *services, const Config *config, const Account *account,
                   const char *script, StorePlace place, Metrics *metrics, Err *err) {
  *services = (Services){ .loop = loop_new(err) };
  ClientOptions client = { .proxy = or_null(config_text(config, "proxy")),
                           .ca_file = or_null(config_text(config, "ca_file")) };
  bool ok = services->loop && (services->store = open_store(config, account, script, place, err)) &&
            (services->client = client_new(services->loop, &client, err)) &&
            (services->api = open_api(services, config, account, metrics, err));
  if (!ok) services_close(services);
  return ok;
}

void services_close(Services *services) {
  api_free(services->api);
  client_free(services->client);
  store_close(services->store);
  if (services->loop) loop_free(services->loop);
  *services = (Services){ .loop = NULL };
}

void services_lend(const Services *services, InterpreterOptions *options) {
  options->client = services->client;
  options->store = services->store;
  options->api = services->api;
}
