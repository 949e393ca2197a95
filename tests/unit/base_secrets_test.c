// base/secrets: what is hidden is found wherever it stands, while secrets are added too.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/secrets.h"

static Str hash(Str openid, char room[OPENID_SHOWN_MAX]) {
  return str_make(room, (size_t)snprintf(room, OPENID_SHOWN_MAX, "<%zu>", openid.len));
}

// Replaces words of 28 characters that begin with an 'o', looking at each character.
static void hide_slowly(Str text, Buf *out) {
  static const char word[] = "abcxyzoABCXYZ0189_-";
  for (size_t at = 0; at < text.len;) {
    size_t len = 0;
    while (at + len < text.len && strchr(word, text.ptr[at + len])) len++;
    if (len == 28 && text.ptr[at] == 'o') buf_add(out, STR("<28>"));
    else buf_add(out, str_sub(text, at, len));
    if (at + len < text.len) buf_addc(out, text.ptr[at + len]);
    at += len + 1;
  }
}

static void test_openids_are_found_wherever_they_stand(void **state) {
  static const char letters[] = "oxyzabcXYZABC0189_-", others[] = " <>\"=:/\n\x80";
  int found = 0;
  secrets_hash_openids(hash);
  srand(1);
  for (int i = 0; i < 20000; i++) {
    Buf text, slowly, quickly;
    buf_init(&text);
    buf_init(&slowly);
    buf_init(&quickly);
    for (int words = rand() % 8; words >= 0; words--) {
      for (int left = rand() % 3 ? 28 : rand() % 70; left > 0; left--)
        buf_addc(&text,
                 letters[left == 28 && rand() % 2 ? 0 : (size_t)rand() % (sizeof letters - 1)]);
      for (int left = rand() % 3; left > 0; left--)
        buf_addc(&text, others[(size_t)rand() % (sizeof others - 1)]);
    }
    hide_slowly(buf_str(&text), &slowly);
    bool hidden = secrets_hide(buf_str(&text), &quickly);
    assert_int_equal(hidden, !str_eq(buf_str(&slowly), buf_str(&text)));
    assert_int_equal(secrets_allow(buf_str(&text)), !hidden);
    if (hidden) assert_true(str_eq(buf_str(&quickly), buf_str(&slowly)));
    found += hidden;
    buf_clear(&text);
    buf_clear(&slowly);
    buf_clear(&quickly);
  }
  secrets_hash_openids(NULL);
  assert_true(found > 1000);
}

static void test_the_end_of_a_text_is_looked_at_too(void **state) {
  static char text[400];
  secrets_add(STR("a-secret-of-24-letters.."));
  for (size_t len = 24; len < sizeof text; len++) {
    memset(text, 'x', sizeof text);
    memcpy(text + len - 24, "a-secret-of-24-letters..", 24);
    assert_false(secrets_allow(str_make(text, len)));
    assert_true(secrets_allow(str_make(text, len - 1)));
  }
}

// Whether the text has one of the secrets, looked for at each place.
static bool has_one(Str text, const Str *secrets, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (str_find(text, secrets[i]) >= 0) return true;
  }
  return false;
}

// Appends letters of which few differ, parts of secrets, and now and then a whole one.
static void add_any(Buf *text, const Str *secrets, size_t count) {
  Str secret = secrets[(size_t)rand() % count];
  size_t from = (size_t)rand() % secret.len, len = (size_t)rand() % secret.len;
  int kind = rand() % 8;
  for (int left = rand() % 40; left > 0; left--) buf_addc(text, "abcd\"<"[rand() % 6]);
  if (kind < 5) buf_add(text, str_sub(secret, kind < 3 ? 0 : from, len));
  if (kind == 5 && rand() % 4 == 0) buf_add(text, secret);
}

static void test_secrets_of_any_length_are_found_wherever_they_stand(void **state) {
  const Str secrets[] = { STR("abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabca"),
                          STR("aabbccddaabbccdd"), STR("dcba\"dcb<"), STR("cccccccc") };
  int found = 0;
  srand(2);
  for (size_t known = 1; known <= 4; known++) {
    secrets_add(secrets[known - 1]);
    for (int i = 0; i < 10000; i++) {
      Buf text, hidden;
      buf_init(&text);
      buf_init(&hidden);
      for (int parts = rand() % 12; parts >= 0; parts--) add_any(&text, secrets, known);
      bool has = has_one(buf_str(&text), secrets, known);
      assert_int_equal(secrets_allow(buf_str(&text)), !has);
      assert_int_equal(secrets_hide(buf_str(&text), &hidden), has);
      assert_false(has_one(buf_str(&hidden), secrets, known));
      found += has;
      buf_clear(&text);
      buf_clear(&hidden);
    }
  }
  assert_in_range(found, 4000, 36000);
}

// Asks for a secret that is always known, and for a text that has none, until it is told to stop.
static atomic_bool ends;
static void *ask(void *arg) {
  static const char known[] =
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx a-secret-of-24-letters.. xxxxxx";
  bool right = true;
  while (!atomic_load(&ends)) {
    right = right && !secrets_allow(str_of(known));
    right = right && secrets_allow(str_make(known, strlen(known) - 10));
  }
  *(bool *)arg = right;
  return NULL;
}

// The secrets are of many lengths, so the window over the text changes too.
static void test_secrets_are_found_while_others_are_added(void **state) {
  pthread_t threads[2];
  bool right[2];
  secrets_add(STR("a-secret-of-24-letters.."));
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, ask, &right[i]), 0);
  for (int i = 0; i < 300; i++) {
    char secret[64], text[96];
    int len = snprintf(secret, sizeof secret, "token-%0*d", 8 + i % 40, i);
    secrets_add_passing(str_make(secret, (size_t)len));
    len = snprintf(text, sizeof text, "is %s now", secret);
    assert_false(secrets_allow(str_make(text, (size_t)len)));
  }
  atomic_store(&ends, true);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    assert_true(right[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_openids_are_found_wherever_they_stand),
    cmocka_unit_test(test_the_end_of_a_text_is_looked_at_too),
    cmocka_unit_test(test_secrets_are_found_while_others_are_added),
    cmocka_unit_test(test_secrets_of_any_length_are_found_wherever_they_stand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
