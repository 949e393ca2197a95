// codec/certificates: whether a file of certificates is one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/wemoon-certs-XXXXXX";
static char good[80], file[80];

static int set_up_all(void **state) {
  char command[400];
  if (!mkdtemp(folder)) return -1;
  snprintf(good, sizeof good, "%s/good.pem", folder);
  snprintf(file, sizeof file, "%s/file.pem", folder);
  snprintf(command, sizeof command,
           "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=test -keyout %s/key.pem "
           "-out %s 2>/dev/null",
           folder, good);
  return system(command);
}

static int tear_down_all(void **state) {
  char command[80];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static void make(const char *command) {
  char line[400];
  snprintf(line, sizeof line, "cd %s && %s", folder, command);
  assert_int_equal(system(line), 0);
}

static void refused(const char *path, const char *word) {
  Err err = { 0 };
  assert_false(certificates_check(path, &err));
  assert_int_equal(err.code, ERR_USAGE);
  if (!strstr(err.text, word)) fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void test_one_certificate_and_several_are_fine(void **state) {
  assert_true(certificates_check(good, NULL));
  make("(echo comment; cat good.pem good.pem) > file.pem");
  assert_true(certificates_check(file, NULL));
}

static void test_a_file_that_holds_none_is_refused(void **state) {
  refused("/nowhere/at/all", "cannot read");
  make("cp key.pem file.pem");
  refused(file, "contains no certificate");
  make(": > file.pem");
  refused(file, "contains no certificate");
  make("openssl x509 -in good.pem -outform DER -out file.pem");
  refused(file, "contains no certificate");
  refused(folder, "contains no certificate");
}

static void test_a_damaged_certificate_is_refused(void **state) {
  make("(cat good.pem; sed 5d good.pem) > file.pem");
  refused(file, "certificate 2 is damaged");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_certificate_and_several_are_fine),
    cmocka_unit_test(test_a_file_that_holds_none_is_refused),
    cmocka_unit_test(test_a_damaged_certificate_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
