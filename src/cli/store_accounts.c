#include "cli/store_accounts.h"

enum { PATIENCE_MS = 60000, SHOWN_MAX = 3 };

typedef struct {
  char names[2][ACCOUNT_NAME_MAX];  // the account's, and its former one
  bool has_own;
  Str shown[SHOWN_MAX];  // other accounts, slices of the replies
  size_t count;          // of `shown`; SHOWN_MAX + 1: there are more
} Look;

bool store_account_is_named(const Account *account, Err *err) {
  if (account->appid.len || account->credentials[0].token.len) return true;
  return err_set(err, ERR_USAGE,
                 "neither token nor appid is set, so it is unknown whose data is meant: give them "
                 "in config.lua (--config), as WEMOON_TOKEN and WEMOON_APPID, or as --token and "
                 "--appid");
}

// ---- whose a key is -----------------------------------------------------------------------------

bool store_key_account(Str key, Str *account) {
  Str kind, rest, name;
  return str_cut(key, '/', &kind, &rest) && str_cut(rest, '/', account, &name) &&
         !str_eq(kind, STR("forgotten"));
}

static bool script_key_account(Str key, Str *account) {
  Str name;
  return str_cut(key, ':', account, &name);
}

// ---- looking ------------------------------------------------------------------------------------

static void take(Look *look, Str account) {
  if (account.len == 0) return;  // of version 0.1: every account finds it
  for (int i = 0; i < 2; i++)
    look->has_own = look->has_own || str_eq(account, str_of(look->names[i]));
  for (size_t i = 0; i < look->count && i < SHOWN_MAX; i++)
    if (str_eq(account, look->shown[i])) return;
  if (look->count < SHOWN_MAX) look->shown[look->count] = account;
  if (look->count <= SHOWN_MAX) look->count++;
}

static StoreReply *list(Store *store, StoreSpace space, Err *err) {
  StoreCall call = { .op = STORE_LIST, .space = space, .patience_ms = PATIENCE_MS };
  StoreReply *reply = store_call_wait(store, &call, err);
  if (!reply || reply->err.code == ERR_NONE) return reply;
  *err = reply->err;
  store_reply_free(reply);
  return NULL;
}

static void take_all(Look *look, const StoreReply *reply,
                     bool (*account_of)(Str key, Str *account)) {
  Str rest = reply->value, key, account;
  while (!look->has_own && store_reply_next_key(&rest, &key))
    if (account_of(key, &account)) take(look, account);
}

static void add_names(const Look *look, Buf *others) {
  for (size_t i = 0; i < look->count && i < SHOWN_MAX; i++)
    buf_printf(others, "%s%.*s", i ? ", " : "", STR_FMT(look->shown[i]));
  if (look->count > SHOWN_MAX) buf_add(others, STR(", ..."));
}

bool store_accounts_instead(Store *store, const Account *account, Buf *others, Err *err) {
  Look look = { .has_own = false };
  if (!account_name(account, look.names[0], err) ||
      !account_former_name(account, look.names[1], err))
    return false;
  StoreReply *own = list(store, STORE_OWN, err);
  StoreReply *scripts = own ? list(store, STORE_ALL_SCRIPTS, err) : NULL;
  if (scripts) take_all(&look, own, store_key_account);
  if (scripts) take_all(&look, scripts, script_key_account);
  if (scripts && !look.has_own) add_names(&look, others);
  bool ok = scripts && (!others->failed || err_set(err, ERR_MEMORY, "no memory"));
  store_reply_free(scripts);
  store_reply_free(own);
  return ok;
}
