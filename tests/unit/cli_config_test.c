// The configuration: its three sources, its checks, its messages, and that no message shows a secret.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/config.h"

#define AES_KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

static Config *config;
static Arena *arena;
static char dir[] = "/tmp/wemoon-config-XXXXXX";
static char file[64], script[64];

static int set_up(void **state) {
  memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
  if (!mkdtemp(dir)) return -1;
  snprintf(file, sizeof(file), "%s/config.lua", dir);
  snprintf(script, sizeof(script), "%s/bot.lua", dir);
  arena = arena_new();
  config = config_new(NULL);
  return arena && config ? 0 : -1;
}

static int tear_down(void **state) {
  config_free(config);
  arena_free(arena);
  unlink(file);
  return rmdir(dir);
}

static void write_file(const char *text) {
  FILE *out = fopen(file, "w");
  assert_non_null(out);
  fputs(text, out);
  fclose(out);
}

static bool load(char **environment, char **words) {
  Arguments arguments;
  Err err;
  int count = 0;
  while (words[count]) count++;
  OptionRules rules = { .lists = { config_options(config) } };
  if (!options_parse(count, words, &rules, arena, &arguments, &err)) fail_msg("%s", err.text);
  return config_load(config, &arguments, script, false, environment);
}

static char *nothing[] = { NULL };
#define WORDS(...) ((char *[]){ __VA_ARGS__, NULL })

static Str all_faults(void) {
  Str all = STR("");
  for (const ConfigFault *fault = config_faults(config); fault; fault = fault->next) {
    all = arena_printf(arena, "%.*s%.*s\n", STR_FMT(all), STR_FMT(fault->text));
  }
  return all;
}

static void assert_says(const char *part) {
  Str all = all_faults();
  if (str_find(all, str_of(part)) < 0) fail_msg("\"%s\" is not in: %.*s", part, STR_FMT(all));
}

static void assert_keeps(const char *secret) {
  Str all = all_faults();
  if (str_find(all, str_of(secret)) >= 0) fail_msg("\"%s\" is in: %.*s", secret, STR_FMT(all));
}

static void assert_text(const char *key, const char *text) {
  Str value = config_text(config, key);
  if (!str_eq(value, str_of(text)))
    fail_msg("%s is \"%.*s\", not \"%s\"", key, STR_FMT(value), text);
}

// ---- places -------------------------------------------------------------------------------------

static void test_without_any_place_the_defaults_hold(void **state) {
  assert_true(load(nothing, nothing));
  assert_text("listen", "127.0.0.1:8080");
  assert_text("path", "/wechat");
  assert_text("token", "");
  assert_int_equal(config_integer(config, "threads"), 64);
  assert_int_equal(config_integer(config, "deadline_ms"), 4500);
  assert_true(config_boolean(config, "watch"));
  assert_false(config_boolean(config, "allow_shell"));
  assert_null(config_file(config));
}

static void test_the_file_beside_the_script_is_read(void **state) {
  write_file("return { token = 'from file', threads = 16, watch = false }");
  assert_true(load(nothing, nothing));
  assert_text("token", "from file");
  assert_int_equal(config_integer(config, "threads"), 16);
  assert_false(config_boolean(config, "watch"));
  assert_string_equal(config_file(config), file);
}

static void
test_the_environment_is_stronger_than_the_file_and_a_flag_stronger_than_both(void **state) {
  write_file("return { token = 'f', path = '/f', appid = 'f' }");
  assert_true(
      load(WORDS("WEMOON_PATH=/e", "WEMOON_APPID=e", "PATH=/bin"), WORDS("--appid", "flag")));
  assert_text("token", "f");
  assert_text("path", "/e");
  assert_text("appid", "flag");
  assert_int_equal(config_source(config, "token"), CONFIG_FROM_FILE);
  assert_int_equal(config_source(config, "path"), CONFIG_FROM_ENVIRONMENT);
  assert_int_equal(config_source(config, "appid"), CONFIG_FROM_FLAG);
  assert_int_equal(config_source(config, "listen"), CONFIG_FROM_DEFAULT);
}

static void test_every_key_can_be_given_in_each_of_the_three_places(void **state) {
  size_t count = 0;
  for (const Option *option = config_options(config); config_keys[count].name; count++, option++) {
    assert_null(strchr(option->name, '_'));
    assert_int_equal(strlen(option->name), strlen(config_keys[count].name));
    assert_non_null(option->argument);
    assert_non_null(config_keys[count].help);
  }
  assert_true(count > 0);
}

static void test_the_prompts_socket_is_true_false_or_a_path(void **state) {
  write_file("return { attach = false }");
  assert_true(load(nothing, nothing));
  assert_text("attach", "false");
  assert_true(load(nothing, WORDS("--attach", "/run/bot.sock")));
  assert_text("attach", "/run/bot.sock");
  write_file("return { attach = 5 }");
  assert_false(load(nothing, nothing));
  assert_says("attach (from ");
  assert_says("is a number, must be true, false or a string");
}

static void test_a_named_file_that_is_not_there_is_a_fault(void **state) {
  assert_false(load(nothing, WORDS("--config", "/nowhere/config.lua")));
  assert_says("/nowhere/config.lua");
}

static void test_a_file_that_does_not_parse_is_a_fault_with_its_line(void **state) {
  write_file("return {\n  token = ,\n}");
  assert_false(load(nothing, nothing));
  assert_says("config.lua:2");
}

static void begin_anew(void) {
  config_free(config);
  config = config_new(NULL);
  assert_non_null(config);
}

static void test_a_text_without_its_quotes_is_a_fault(void **state) {
  static const char *const texts[] = {
    "return { token = 'aToken',\n listen = abc }",
    "return { listen = --[[ here ]] abc, token = 'aToken',\n}",
    "return { token = [=[ }]=] .. ',';\n listen = abc -- abc or xyz\n, }",
    "local t = { listen\n= abc, token = 'a\\'{' } return t",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    begin_anew();
    write_file(texts[i]);
    if (load(nothing, nothing)) fail_msg("accepted: %s", texts[i]);
    assert_says("the value of listen is a name that is not defined: a text needs quotes");
    assert_keeps("abc");
  }
  begin_anew();
  write_file("return { token = 'aToken',\n listen = abc }");
  assert_false(load(nothing, nothing));
  assert_says("config.lua:2: the value of listen");
}

static void test_a_file_may_ask_for_names_that_are_not_defined(void **state) {
  static const char *const texts[] = {
    "return { token = 't', listen = WHERE\n or '127.0.0.1:8080' }",
    "local p = PORT -- by hand\n or '8080' return { token = 't', listen = (PORT) or p }",
    "local PORT = PORT or '8080' return { token = 't', listen = PORT }",
    "if DEBUG then error() end if not ENV then ENV = '/e' end return { path = ENV }",
    "if NAME == nil then NAME = '/n' end return { path = NAME, token = 't' }",
    "return { token = arg and arg[1] or 't', path = _G['NAME'] or '/n' }",
    "local has = type(jit) == 'table' return { token = has and 'j' or 't' }",
    "local _ENV = setmetatable({}, { __index = _G }) local x = foo return { token = 't' }",
    "if X then error() end return { token = 't' --[==[ , listen = X, ]] ]==],\n-- , path = X,\n }",
    "if X then error() end return { token = #', path = X, ' > 0 and 't' or [[, path = X,]] }",
    "return { token = 't', path = X and '/p', listen = X and X.y }",
    "local x, listen = X, X; local t = { mine = X, } return { token = 't', path = listen }",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    begin_anew();
    write_file(texts[i]);
    if (!load(nothing, nothing)) fail_msg("refused: %s: %.*s", texts[i], STR_FMT(all_faults()));
  }
}

static void test_a_file_that_returns_no_table_is_a_fault(void **state) {
  write_file("token = 'x'");
  assert_false(load(nothing, nothing));
  assert_says("config.lua");
}

// ---- unknown keys and wrong types ---------------------------------------------------------------

static void test_an_unknown_key_in_the_file_names_key_place_and_the_nearest_key(void **state) {
  write_file("return {\n  token = 'x',\n  encrypt_mod = 'safe',\n}");
  assert_false(load(nothing, nothing));
  assert_says("encrypt_mod (from ");
  assert_says("config.lua:3)");
  assert_says("did you mean encrypt_mode?");
}

static void test_an_unknown_variable_is_a_fault_like_an_unknown_key(void **state) {
  assert_false(load(WORDS("WEMOON_TOKN=s3cret"), nothing));
  assert_says("WEMOON_TOKN");
  assert_says("did you mean WEMOON_TOKEN?");
  assert_keeps("s3cret");
}

static void test_a_variable_in_lower_case_is_unknown(void **state) {
  assert_false(load(WORDS("WEMOON_token=x"), nothing));
  assert_says("did you mean WEMOON_TOKEN?");
}

static void test_a_wrong_type_in_the_file_names_what_it_must_be(void **state) {
  write_file("return {\n  token = 12,\n  threads = '16',\n  watch = 1,\n  max_jobs = 1.5,\n path = "
             "{},\n}");
  assert_false(load(nothing, nothing));
  assert_says("token (from ");
  assert_says("is a number, must be a string");
  assert_says("threads (from ");
  assert_says("is a string, must be an integer");
  assert_says("watch (from ");
  assert_says("must be true or false");
  assert_says("max_jobs (from ");
  assert_says("path (from ");
  assert_says("is a table, must be a string");
  assert_keeps("12");
}

static void test_all_faults_are_found_at_once(void **state) {
  write_file("return { nonsense = 1, threads = 0 }");
  assert_false(load(WORDS("WEMOON_LATE_REPLY=never"), WORDS("--listen", "nowhere")));
  assert_says("nonsense (from ");
  assert_says("threads (from ");
  assert_says("late_reply (from WEMOON_LATE_REPLY)");
  assert_says("listen (from --listen)");
}

static void test_integers_have_ranges(void **state) {
  assert_false(load(nothing, WORDS("--threads", "0", "--max-jobs", "many", "--deadline-ms", "-1",
                                   "--max-body", "1e6")));
  assert_says("threads (from --threads): 0 is out of range: write 1 to 8192");
  assert_says("max_jobs (from --max-jobs): \"many\" is not an integer");
  assert_says("deadline_ms (from --deadline-ms): -1 is out of range");
  assert_says("max_body (from --max-body): \"1e6\" is not an integer");
}

static void test_zero_switches_the_replay_window_off(void **state) {
  assert_true(load(nothing, WORDS("--replay-window-s", "0")));
  assert_int_equal(config_integer(config, "replay_window_s"), 0);
}

static void test_booleans_have_a_few_spellings_outside_the_file(void **state) {
  assert_true(load(WORDS("WEMOON_WATCH=0", "WEMOON_CHECKSSL=No"), WORDS("--allow-shell", "YES")));
  assert_false(config_boolean(config, "watch"));
  assert_false(config_boolean(config, "checkssl"));
  assert_true(config_boolean(config, "allow_shell"));
}

static void test_another_spelling_of_a_boolean_is_a_fault(void **state) {
  assert_false(load(WORDS("WEMOON_WATCH=on"), nothing));
  assert_says("watch (from WEMOON_WATCH): \"on\" is neither true nor false");
}

static void test_words_that_a_key_does_not_know_are_listed(void **state) {
  assert_false(load(WORDS("WEMOON_ENCRYPT_MODE=sfae"), WORDS("--log-level", "loud")));
  assert_says("encrypt_mode (from WEMOON_ENCRYPT_MODE): unknown value \"sfae\": write normal, "
              "compatible or safe");
  assert_says(
      "log_level (from --log-level): unknown value \"loud\": write debug, info, warn or error");
}

// ---- addresses, paths, URLs ---------------------------------------------------------------------

static void test_addresses_come_in_three_forms(void **state) {
  static const struct {
    const char *text, *host;
    int port;
  } good[] = {
    { "8080", "", 8080 },
    { "0", "", 0 },
    { "127.0.0.1:80", "127.0.0.1", 80 },
    { "[::1]:8080", "[::1]", 8080 },
    { "0.0.0.0:65535", "0.0.0.0", 65535 },
    { "[fe80::1]:1", "[fe80::1]", 1 },
  };
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    Str host;
    int port = -1;
    if (!config_split_address(str_of(good[i].text), &host, &port)) fail_msg("%s", good[i].text);
    assert_true(str_eq(host, str_of(good[i].host)));
    assert_int_equal(port, good[i].port);
  }
}

static void test_what_is_no_address_is_refused(void **state) {
  static const char *const bad[] = {
    "",      ":8080",        "127.0.0.1", "127.0.0.1:", "localhost:8080", "127.0.0.1:65536",
    "-1",    "::1:8080",     "[::1]",     "[::1:80",    "[127.0.0.1]:80", "1.2.3:80",
    "8080 ", "127.0.0.1:-1", "[]:80",     "[:80"
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    Str host;
    int port;
    if (config_split_address(str_of(bad[i]), &host, &port)) fail_msg("\"%s\" was taken", bad[i]);
  }
}

static void test_the_file_may_give_a_port_as_a_number(void **state) {
  write_file("return { listen = 9090 }");
  assert_true(load(nothing, nothing));
  assert_text("listen", "9090");
}

static void test_a_path_begins_with_a_slash_and_has_no_query(void **state) {
  assert_false(load(WORDS("WEMOON_PATH=wechat"), WORDS("--path", "/a?b")));
  assert_says("path (from WEMOON_PATH): \"wechat\" does not begin with /: write /wechat");
  assert_says("path (from --path)");
}

static void test_urls_and_stores_are_checked(void **state) {
  assert_false(load(WORDS("WEMOON_API_BASE=ftp://x", "WEMOON_PROXY=nonsense",
                          "WEMOON_STORE=mysql://u:s3cret@h/1"),
                    nothing));
  assert_says("api_base (from WEMOON_API_BASE)");
  assert_says("proxy (from WEMOON_PROXY)");
  assert_says("store (from WEMOON_STORE)");
  assert_keeps("s3cret");
}

static void test_every_kind_of_store_is_taken(void **state) {
  assert_true(load(WORDS("WEMOON_STORE=memory:"), nothing));
  assert_true(load(WORDS("WEMOON_STORE=sqlite:/tmp/a.db"), nothing));
  assert_true(load(WORDS("WEMOON_STORE=redis://:pw@127.0.0.1:6379/2"), nothing));
  assert_true(load(WORDS("WEMOON_STORE=redis://127.0.0.1:6379/0"), nothing));
}

static void test_store_passwords_may_hold_what_a_url_may_not(void **state) {
  assert_true(load(WORDS("WEMOON_STORE=redis://user:a/b?c#d@h:1/0"), nothing));
}

static void test_the_help_of_the_store_lists_every_form(void **state) {
  Buf help;
  buf_init(&help);
  for (const ConfigKey *key = config_keys; key->name; key++) {
    if (strcmp(key->name, "store") == 0) config_add_help(key, &help);
  }
  assert_true(str_find(buf_str(&help), STR("memory:, sqlite:PATH, redis://")) == 0);
  assert_true(str_find(buf_str(&help), STR("; sqlite:wemoon.db beside the script")) > 0);
  buf_clear(&help);
}

static void test_a_ca_file_must_hold_certificates(void **state) {
  write_file("return { ca_file = 'config.lua' }");
  char *words[] = { (char[80]){ 0 }, NULL };
  snprintf(words[0], 80, "--ca-file=%s", file);
  assert_false(load(nothing, words));
  assert_says("no certificate in PEM");
}

// ---- Kubernetes ---------------------------------------------------------------------------------

static void test_what_kubernetes_makes_of_a_service_is_passed_over(void **state) {
  assert_true(
      load(WORDS("WEMOON_PORT=tcp://10.0.0.1:80", "WEMOON_SERVICE_HOST=10.0.0.1",
                 "WEMOON_SERVICE_PORT=80", "WEMOON_SERVICE_PORT_HTTP=80",
                 "WEMOON_PORT_80_TCP=tcp://10.0.0.1:80", "WEMOON_PORT_80_TCP_PROTO=tcp",
                 "WEMOON_PORT_80_TCP_PORT=80", "WEMOON_PORT_80_TCP_ADDR=10.0.0.1",
                 "WEMOON_REDIS_SERVICE_HOST=10.0.0.2", "WEMOON_REDIS_PORT=tcp://10.0.0.2:6379"),
           nothing));
}

static void test_a_port_of_one_s_own_is_an_unknown_variable(void **state) {
  assert_false(load(WORDS("WEMOON_PORT=8080"), nothing));
  assert_says("WEMOON_PORT (from the environment): unknown variable");
}

// ---- partners -----------------------------------------------------------------------------------

static void test_two_addresses_must_differ(void **state) {
  assert_false(load(WORDS("WEMOON_LISTEN=127.0.0.1:80", "WEMOON_ADMIN_LISTEN=80"), nothing));
  assert_says("admin_listen (from WEMOON_ADMIN_LISTEN): is the address of listen too");
}

static void test_an_address_of_all_takes_the_port_of_each(void **state) {
  assert_false(
      load(WORDS("WEMOON_LISTEN=0.0.0.0:80", "WEMOON_ADMIN_LISTEN=127.0.0.1:80"), nothing));
  assert_says("is the address of listen too");
}

static void test_free_ports_and_other_addresses_differ(void **state) {
  assert_true(load(WORDS("WEMOON_LISTEN=127.0.0.1:0", "WEMOON_ADMIN_LISTEN=127.0.0.1:0"), nothing));
  assert_true(
      load(WORDS("WEMOON_LISTEN=127.0.0.1:80", "WEMOON_ADMIN_LISTEN=127.0.0.2:80"), nothing));
}

static void test_a_token_that_the_platform_cannot_hold_is_seen(void **state) {
  static const char *const tokens[] = { "ab", "with\"quote", "\xe5\xbe\xae\xe6\x9c\x88",
                                        "abcdefghijklmnopqrstuvwxyz0123456" };
  Err err;
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
    char word[80];
    snprintf(word, sizeof word, "WEMOON_TOKEN=%s", tokens[i]);
    assert_true(load(WORDS(word), nothing));
    assert_false(config_token_fits(config, "token", &err));
    assert_non_null(strstr(err.text, "token (from WEMOON_TOKEN)"));
    assert_null(strstr(err.text, tokens[i]));
  }
  assert_true(load(WORDS("WEMOON_TOKEN=abcdefghijklmnopqrstuvwxyz012345"), nothing));
  assert_true(config_token_fits(config, "token", &err));
}

static void test_one_fault_is_told_once(void **state) {
  assert_false(load(WORDS("WEMOON_TOKEN=abc ", "WEMOON_APPID= wx", "WEMOON_APPSECRET=abc",
                          "WEMOON_ENCRYPT_MODE=saf", "WEMOON_ENCODING_AES_KEY=short",
                          "WEMOON_PREVIOUS_TOKEN=abc"),
                    nothing));
  assert_false(!config_need_token(config, ""));
  int count = 0;
  for (const ConfigFault *fault = config_faults(config); fault; fault = fault->next) count++;
  assert_int_equal(count, 4);  // token, appid, encrypt_mode, encoding_aes_key
}

static void test_a_word_of_the_wrong_kind_is_told_with_the_words_there_are(void **state) {
  write_file("return { encrypt_mode = true }");
  assert_false(load(nothing, nothing));
  assert_says("is a boolean: write normal, compatible or safe, in quotes");
}

static void test_a_sealing_mode_needs_key_and_appid(void **state) {
  assert_false(load(nothing, WORDS("--encrypt-mode", "safe")));
  assert_says("encrypt_mode (from --encrypt-mode): \"safe\" needs encoding_aes_key too");
  assert_says("needs appid too");
}

static void test_a_key_needs_an_appid_unless_the_mode_is_normal(void **state) {
  assert_false(load(nothing, WORDS("--encoding-aes-key", (char[]){ AES_KEY })));
  assert_says("encoding_aes_key (from --encoding-aes-key): needs appid too");
}

static void test_a_key_is_left_alone_in_normal_mode(void **state) {
  assert_true(
      load(nothing, WORDS("--encoding-aes-key", (char[]){ AES_KEY }, "--encrypt-mode", "normal")));
}

static void test_a_token_needs_its_expiry(void **state) {
  assert_false(load(WORDS("WEMOON_ACCESS_TOKEN=s3cret", "WEMOON_JSAPI_TICKET=t1cket"), nothing));
  assert_says("access_token (from WEMOON_ACCESS_TOKEN): needs access_token_expires_at too");
  assert_says("jsapi_ticket (from WEMOON_JSAPI_TICKET): needs jsapi_ticket_expires_at too");
  assert_keeps("s3cret");
  assert_keeps("t1cket");
}

static void test_previous_values_and_a_secret_need_what_they_belong_to(void **state) {
  assert_false(load(WORDS("WEMOON_PREVIOUS_TOKEN=a", "WEMOON_PREVIOUS_ENCODING_AES_KEY=" AES_KEY,
                          "WEMOON_APPSECRET=b"),
                    nothing));
  assert_says("previous_token (from WEMOON_PREVIOUS_TOKEN): needs token too");
  assert_says("previous_encoding_aes_key (from WEMOON_PREVIOUS_ENCODING_AES_KEY): needs "
              "encoding_aes_key too");
  assert_says("appsecret (from WEMOON_APPSECRET): needs appid too");
}

static void test_partners_may_come_from_different_places(void **state) {
  write_file("return { encoding_aes_key = '" AES_KEY "' }");
  assert_true(load(WORDS("WEMOON_ENCRYPT_MODE=compatible"), WORDS("--appid", "wx1")));
  assert_true(config_need_token(config, "") == false);
  assert_says("token: is not set");
}

// ---- secrets ------------------------------------------------------------------------------------

static void test_a_key_of_wrong_form_is_refused_without_showing_it(void **state) {
  assert_false(load(WORDS("WEMOON_ENCODING_AES_KEY=s3cret", "WEMOON_APPID=x"), nothing));
  assert_says("encoding_aes_key (from WEMOON_ENCODING_AES_KEY): has 6 characters, but an "
              "EncodingAESKey has 43");
  assert_keeps("s3cret");
}

static void test_white_space_around_a_secret_is_a_fault(void **state) {
  assert_false(load(WORDS("WEMOON_TOKEN=s3cret\n"), nothing));
  assert_says("token (from WEMOON_TOKEN): begins or ends with white space");
  assert_keeps("s3cret");
}

static void test_a_secret_given_as_a_flag_is_overwritten_where_it_stands(void **state) {
  char token[] = "--token=s3cret", key[] = AES_KEY, store[] = "redis://:pw@h:1/0";
  assert_true(
      load(nothing, WORDS(token, "--encoding-aes-key", key, "--appid", "wx1", "--store", store)));
  assert_string_equal(token, "--token=******");
  assert_null(strstr(key, "abc"));
  assert_null(strstr(store, "pw"));
  assert_text("token", "s3cret");
}

static void test_what_the_script_may_see_holds_no_secret(void **state) {
  for (size_t i = 0; config_keys[i].name; i++) {
    const char *name = config_keys[i].name;
    bool secret = strstr(name, "secret") || strstr(name, "key") || strstr(name, "ticket") ||
                  strstr(name, "token");
    secret = secret && !strstr(name, "expires_at") && strcmp(name, "token_api") != 0;
    assert_int_equal(secret, config_keys[i].secrecy == CONFIG_SECRET);
  }
  assert_true(load(
      WORDS("WEMOON_TOKEN=s3cret", "WEMOON_STORE=redis://:pw@h:1/0", "WEMOON_APPID=wx1"), nothing));
  const Pairs *pairs = config_open_values(config, NULL);
  Str value;
  assert_int_equal(pairs_get(pairs, STR("token"), NULL), 0);
  assert_int_equal(pairs_get(pairs, STR("store"), NULL), 0);
  assert_int_equal(pairs_get(pairs, STR("appid"), &value), 1);
  assert_true(str_eq(value, STR("wx1")));
}

// ---- result -------------------------------------------------------------------------------------

static void test_the_values_reach_the_parts_in_their_units(void **state) {
  assert_true(
      load(nothing, WORDS("--token", (char[]){ "t" }, "--script-cpu-ms", "7", "--script-memory-mb",
                          "3", "--job-timeout-s", "5", "--max-body", "1000", "--late-reply",
                          "retry", "--watch", "false", "--listen", "81", "--threads", "9",
                          "--error-reply", "sorry", "--path", "/p")));
  Account account;
  BotOptions bot;
  ServerOptions server;
  Err err;
  assert_true(config_account(config, &account, &err));
  assert_int_equal(account.mode, MODE_NORMAL);
  assert_true(config_bot(config, "bot.lua", &account, &bot, &err));
  config_server(config, &server);
  assert_int_equal(bot.interpreter.cpu_us_max, 7000);
  assert_int_equal(bot.interpreter.memory_max, 3 << 20);
  assert_int_equal(bot.interpreter.job_timeout_ms, 5000);
  assert_true(str_eq(bot.interpreter.error_reply, STR("sorry")));
  assert_int_equal(bot.max_body, 1000);
  assert_int_equal(bot.late_reply, LATE_RETRY);
  assert_false(bot.watch);
  assert_true(str_eq(bot.path, STR("/p")));
  assert_true(str_eq(server.listen, STR("81")));
  assert_int_equal(server.threads, 9);
  assert_true(server.may_bind);
}

static void test_a_script_that_may_start_programs_has_its_threads_unbound(void **state) {
  ServerOptions server;
  assert_true(load(nothing, WORDS("--token", (char[]){ "t" }, "--allow-shell", "true")));
  config_server(config, &server);
  assert_false(server.may_bind);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_without_any_place_the_defaults_hold),
    TEST(test_the_file_beside_the_script_is_read),
    TEST(test_the_environment_is_stronger_than_the_file_and_a_flag_stronger_than_both),
    TEST(test_every_key_can_be_given_in_each_of_the_three_places),
    TEST(test_the_prompts_socket_is_true_false_or_a_path),
    TEST(test_a_named_file_that_is_not_there_is_a_fault),
    TEST(test_a_file_that_does_not_parse_is_a_fault_with_its_line),
    TEST(test_a_text_without_its_quotes_is_a_fault),
    TEST(test_a_file_may_ask_for_names_that_are_not_defined),
    TEST(test_a_file_that_returns_no_table_is_a_fault),
    TEST(test_an_unknown_key_in_the_file_names_key_place_and_the_nearest_key),
    TEST(test_an_unknown_variable_is_a_fault_like_an_unknown_key),
    TEST(test_a_variable_in_lower_case_is_unknown),
    TEST(test_a_wrong_type_in_the_file_names_what_it_must_be),
    TEST(test_all_faults_are_found_at_once),
    TEST(test_integers_have_ranges),
    TEST(test_zero_switches_the_replay_window_off),
    TEST(test_booleans_have_a_few_spellings_outside_the_file),
    TEST(test_another_spelling_of_a_boolean_is_a_fault),
    TEST(test_words_that_a_key_does_not_know_are_listed),
    TEST(test_addresses_come_in_three_forms),
    TEST(test_what_is_no_address_is_refused),
    TEST(test_the_file_may_give_a_port_as_a_number),
    TEST(test_a_path_begins_with_a_slash_and_has_no_query),
    TEST(test_urls_and_stores_are_checked),
    TEST(test_every_kind_of_store_is_taken),
    TEST(test_store_passwords_may_hold_what_a_url_may_not),
    TEST(test_the_help_of_the_store_lists_every_form),
    TEST(test_a_ca_file_must_hold_certificates),
    TEST(test_what_kubernetes_makes_of_a_service_is_passed_over),
    TEST(test_a_port_of_one_s_own_is_an_unknown_variable),
    TEST(test_two_addresses_must_differ),
    TEST(test_an_address_of_all_takes_the_port_of_each),
    TEST(test_free_ports_and_other_addresses_differ),
    TEST(test_a_token_that_the_platform_cannot_hold_is_seen),
    TEST(test_one_fault_is_told_once),
    TEST(test_a_word_of_the_wrong_kind_is_told_with_the_words_there_are),
    TEST(test_a_sealing_mode_needs_key_and_appid),
    TEST(test_a_key_needs_an_appid_unless_the_mode_is_normal),
    TEST(test_a_key_is_left_alone_in_normal_mode),
    TEST(test_a_token_needs_its_expiry),
    TEST(test_previous_values_and_a_secret_need_what_they_belong_to),
    TEST(test_partners_may_come_from_different_places),
    TEST(test_a_key_of_wrong_form_is_refused_without_showing_it),
    TEST(test_white_space_around_a_secret_is_a_fault),
    TEST(test_a_secret_given_as_a_flag_is_overwritten_where_it_stands),
    TEST(test_what_the_script_may_see_holds_no_secret),
    TEST(test_the_values_reach_the_parts_in_their_units),
    TEST(test_a_script_that_may_start_programs_has_its_threads_unbound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
