// The words of a command line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/suggest.h"
#include "cli/options.h"

static const Option known[] = {
  { .name = "url", .argument = "URL" },
  { .name = "encrypt-mode", .argument = "MODE", .help = "how messages are sealed" },
  { .name = "eval", .letter = 'e', .argument = "CODE" },
  { .name = "raw" },
  { .name = "attach", .argument = "SOCKET", .may_lack_value = true },
  { .name = NULL },
};

static Arena *arena;
static Arguments arguments;
static Err err;

static int set_up(void **state) {
  arena = arena_new();
  err = (Err){ .code = ERR_NONE };
  return arena ? 0 : -1;
}

static int tear_down(void **state) {
  arena_free(arena);
  return 0;
}

static bool parse_with(bool stop_at_positional, char **words) {
  int count = 0;
  while (words[count]) count++;
  OptionRules rules = { .lists = { known }, .stop_at_positional = stop_at_positional };
  return options_parse(count, words, &rules, arena, &arguments, &err);
}

#define PARSE(...) parse_with(false, (char *[]){ __VA_ARGS__, NULL })
#define PARSE_SCRIPT(...) parse_with(true, (char *[]){ __VA_ARGS__, NULL })

static void test_a_value_stands_behind_its_option_or_behind_an_equals_sign(void **state) {
  assert_true(PARSE("--url", "http://a", "x", "--encrypt-mode=safe"));
  assert_string_equal(options_value(&arguments, "url"), "http://a");
  assert_string_equal(options_value(&arguments, "encrypt-mode"), "safe");
  assert_int_equal(arguments.count, 1);
  assert_string_equal(arguments.positionals[0], "x");
}

static void test_a_value_may_be_empty_and_may_hold_equals_signs(void **state) {
  assert_true(PARSE("--url=", "--encrypt-mode=a=b"));
  assert_string_equal(options_value(&arguments, "url"), "");
  assert_string_equal(options_value(&arguments, "encrypt-mode"), "a=b");
}

static void test_the_last_value_given_counts(void **state) {
  assert_true(PARSE("--url", "a", "--url=b"));
  assert_string_equal(options_value(&arguments, "url"), "b");
}

static void test_a_switch_takes_no_value(void **state) {
  assert_true(PARSE("--raw", "x"));
  assert_non_null(options_value(&arguments, "raw"));
  assert_int_equal(arguments.count, 1);
  assert_false(PARSE("--raw=true"));
  assert_string_equal(err.text, "--raw takes no value");
}

static void test_an_option_without_its_value_is_refused(void **state) {
  assert_false(PARSE("x", "--url"));
  assert_int_equal(err.code, ERR_USAGE);
  assert_non_null(strstr(err.text, "--url needs a value: --url URL"));
  assert_false(PARSE("--url", "--raw"));
  assert_non_null(strstr(err.text, "--url needs a value"));
  assert_true(PARSE("--url=--raw"));
  assert_string_equal(options_value(&arguments, "url"), "--raw");
}

static void test_an_unknown_option_is_refused_with_the_nearest_one(void **state) {
  assert_false(PARSE("--encrypt_mod", "safe"));
  assert_string_equal(err.text, "unknown option --encrypt_mod; did you mean --encrypt-mode?");
  assert_false(PARSE("--frobnicate"));
  assert_string_equal(err.text, "unknown option --frobnicate");
}

static void test_an_error_never_shows_the_value(void **state) {
  assert_false(PARSE("--tokne=s3cret"));
  assert_null(strstr(err.text, "s3cret"));
}

static void test_a_short_option_takes_its_value_from_the_same_or_the_next_word(void **state) {
  assert_true(PARSE("-e", "--a comment"));
  assert_string_equal(options_value(&arguments, "eval"), "--a comment");
  assert_true(PARSE("-ereturn 1"));
  assert_string_equal(options_value(&arguments, "eval"), "return 1");
  assert_false(PARSE("-e"));
  assert_non_null(strstr(err.text, "-e needs a value"));
  assert_false(PARSE("-x"));
  assert_string_equal(err.text,
                      "unknown option -x (write -- before an argument that begins with a dash)");
}

static void test_another_tools_name_of_an_option_is_told_with_what_it_takes(void **state) {
  assert_false(PARSE("--mode=s3cret"));
  assert_string_equal(err.text, "unknown option --mode; did you mean --encrypt-mode? "
                                "--encrypt-mode MODE: how messages are sealed");
  assert_false(PARSE("-mode=s3cret"));
  assert_string_equal(err.text, "unknown option -mode; did you mean --encrypt-mode? "
                                "--encrypt-mode MODE: how messages are sealed "
                                "(write -- before an argument that begins with a dash)");
  assert_false(PARSE("--encrypt-mod", "safe"));
  assert_string_equal(err.text, "unknown option --encrypt-mod; did you mean --encrypt-mode?");
}

static void test_negative_numbers_and_a_lone_dash_are_arguments(void **state) {
  assert_true(PARSE("-33.8", "-.5", "-"));
  assert_int_equal(arguments.count, 3);
}

static void test_behind_two_dashes_nothing_is_an_option(void **state) {
  assert_true(PARSE("a", "--", "--raw", "--", "-e"));
  assert_int_equal(arguments.count, 4);
  assert_string_equal(arguments.positionals[1], "--raw");
  assert_string_equal(arguments.positionals[2], "--");
  assert_null(options_value(&arguments, "raw"));
}

static void test_a_scripts_arguments_are_its_own(void **state) {
  assert_true(PARSE_SCRIPT("--url", "u", "file.lua", "--raw", "--", "--unknown"));
  assert_int_equal(arguments.count, 4);
  assert_string_equal(arguments.positionals[1], "--raw");
  assert_string_equal(arguments.positionals[2], "--");
  assert_string_equal(options_value(&arguments, "url"), "u");
  assert_null(options_value(&arguments, "raw"));
}

static void test_who_must_hide_a_value_is_told_where_it_stands(void **state) {
  char word[] = "--url=abc";
  assert_true(PARSE(word));
  assert_ptr_equal(arguments.first->typed, word + strlen("--url="));
  memset(arguments.first->typed, '*', 3);
  assert_string_equal(arguments.first->value, "abc");
}

static const char *nearest_of(const char *word) {
  static const char *const names[] = { "token", "listen", "encrypt_mode", "previous_token", NULL };
  Suggestion nearest = suggest_for(str_of(word));
  for (size_t i = 0; names[i]; i++) suggest_try(&nearest, names[i]);
  return nearest.name;
}

static void test_a_misspelt_word_finds_its_name(void **state) {
  assert_string_equal(nearest_of("tokne"), "token");
  assert_string_equal(nearest_of("listn"), "listen");
  assert_string_equal(nearest_of("ENCRYPT-MODE"), "encrypt_mode");
  assert_string_equal(nearest_of("previous_tokn"), "previous_token");
}

static void test_a_word_too_far_from_all_finds_none(void **state) {
  assert_null(nearest_of("warp"));
  assert_null(nearest_of(""));
  assert_null(nearest_of("a_word_that_is_so_long_that_no_name_could_ever_be_meant_by_it"));
}

static void test_a_value_that_may_be_left_out_stands_behind_an_equals_sign_alone(void **state) {
  assert_true(parse_with(false, (char *[]){ "--attach", "bot.lua", NULL }));
  assert_string_equal(options_value(&arguments, "attach"), "attach");
  assert_string_equal(arguments.positionals[0], "bot.lua");
  assert_true(parse_with(false, (char *[]){ "--attach=a.sock", "bot.lua", NULL }));
  assert_string_equal(options_value(&arguments, "attach"), "a.sock");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_value_stands_behind_its_option_or_behind_an_equals_sign,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_value_may_be_empty_and_may_hold_equals_signs, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_the_last_value_given_counts, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_another_tools_name_of_an_option_is_told_with_what_it_takes,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(
        test_a_value_that_may_be_left_out_stands_behind_an_equals_sign_alone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_switch_takes_no_value, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_an_option_without_its_value_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_an_unknown_option_is_refused_with_the_nearest_one, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_an_error_never_shows_the_value, set_up, tear_down),
    cmocka_unit_test_setup_teardown(
        test_a_short_option_takes_its_value_from_the_same_or_the_next_word, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_negative_numbers_and_a_lone_dash_are_arguments, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_behind_two_dashes_nothing_is_an_option, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_scripts_arguments_are_its_own, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_who_must_hide_a_value_is_told_where_it_stands, set_up,
                                    tear_down),
    cmocka_unit_test(test_a_misspelt_word_finds_its_name),
    cmocka_unit_test(test_a_word_too_far_from_all_finds_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
