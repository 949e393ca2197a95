#!/bin/sh
# cJSON 1.7.15 (Debian 12) reads and writes integers, but not all of one kind alike: above 2^31 it tries 15 digits first, and if
# they suffice, a number of 16 digits or more gets an exponent. A time in microseconds that ends in 0 is written as
# 1.73300000012345e+15, the nine others of ten as 1733000000123456. That is valid JSON of the same value; a reader that tells integers
# from reals takes nine and not the tenth: jansson 2.14 refuses it ("Expected integer, got real"), SQLite 3.40.1 makes a REAL of it,
# whose text is another key. A test with one time passes nine times of ten. Write such numbers as strings, or with cJSON_CreateRaw,
# which keeps all digits of 64 bits as well.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cjson=1.7.15-1+deb12u4 jansson=2.14-2
apt-get -q download "libcjson1=$cjson" "libcjson-dev=$cjson" "libjansson4=$jansson" "libjansson-dev=$jansson" \
  sqlite3=3.40.1-2+deb12u2 >/dev/null 2>&1
for deb in ./*.deb; do dpkg -x "$deb" root; done
arch=$(uname -m)-linux-gnu
cat >write.c <<'C'
#include <cjson/cJSON.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 1000 };

// One line of JSON with this item, as cJSON writes it.
static char *line_of(cJSON *item) {
  cJSON *line = cJSON_CreateArray();
  cJSON_AddItemToArray(line, item);
  char *text = cJSON_PrintUnformatted(line);
  cJSON_Delete(line);
  return text;
}

static bool jansson_takes(const char *text, long long expected, json_error_t *error) {
  json_int_t value = 0;
  json_t *line = json_loads(text, 0, error);
  bool taken = line && json_unpack_ex(line, error, 0, "[I]", &value) == 0 && value == expected;
  json_decref(line);
  return taken;
}

int main(void) {
  FILE *lines = fopen("lines", "w");
  int exponents = 0, refused = 0;
  json_error_t error, last = { 0 };
  for (long long time = 1733000000123000; time < 1733000000123000 + COUNT; time++) {
    char *text = line_of(cJSON_CreateNumber((double)time));
    bool taken = jansson_takes(text, time, &error);
    exponents += strchr(text, 'e') != NULL;
    refused += !taken;
    if (!taken) last = error;
    if (time % 1000 >= 449 && time % 1000 <= 451) printf("%lld is written as %s\n", time, text);
    fprintf(lines, "%s\n", text);
    free(text);
  }
  fclose(lines);
  char *raw = line_of(cJSON_CreateRaw("1733000000123450"));
  printf("raw, it is written as %s\n", raw);
  free(raw);
  printf("cJSON %s: %d of %d times with an exponent\n", cJSON_Version(), exponents, COUNT);
  printf("jansson %s: %d of %d refused, %s\n", jansson_version_str(), refused, COUNT, last.text);
}
C
gcc -Iroot/usr/include write.c -o write -L"root/usr/lib/$arch" -lcjson -ljansson
LD_LIBRARY_PATH=root/usr/lib/$arch ./write >seen
cat >read.sql <<'SQL'
CREATE TABLE line(json TEXT);
.mode list
.import lines line
WITH time(type) AS (SELECT typeof(json_extract(json, '$[0]')) FROM line)
SELECT 'SQLite ' || sqlite_version() || ': ' || sum(type = 'integer') || ' integers, ' || sum(type = 'real') || ' reals' FROM time;
SELECT 'as text ' || json_extract('[1.73300000012345e+15]', '$[0]');
SQL
root/usr/bin/sqlite3 -batch :memory: <read.sql >>seen
cat seen
cat >expected <<'TEXT'
1733000000123449 is written as [1733000000123449]
1733000000123450 is written as [1.73300000012345e+15]
1733000000123451 is written as [1733000000123451]
raw, it is written as [1733000000123450]
cJSON 1.7.15: 100 of 1000 times with an exponent
jansson 2.14: 100 of 1000 refused, Expected integer, got real
SQLite 3.40.1: 900 integers, 100 reals
as text 1.73300000012345e+15
TEXT
if cmp -s seen expected; then echo "as found"; else echo "changed"; exit 1; fi
