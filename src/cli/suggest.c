// Edit distance (optimal string alignment) between the typed word and the candidates, and other tools' names.
#include "cli/suggest.h"

enum { WORD_MAX = 48 };

static char fold(char c) {
  if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
  return c == '_' ? '-' : c;
}

static bool is_same(Str a, Str b) {
  bool same = a.len == b.len;
  for (size_t i = 0; same && i < a.len; i++) same = fold(a.ptr[i]) == fold(b.ptr[i]);
  return same;
}

// What web servers, bot frameworks and other bots' settings call options, keys, commands and kinds of messages.
static const struct {
  Str other, name;
} others[] = {
  { STR("port"), STR("listen") },
  { STR("p"), STR("listen") },
  { STR("host"), STR("listen") },
  { STR("bind"), STR("listen") },
  { STR("addr"), STR("listen") },
  { STR("address"), STR("listen") },
  { STR("route"), STR("path") },
  { STR("endpoint"), STR("path") },
  { STR("workers"), STR("interpreters") },
  { STR("processes"), STR("interpreters") },
  { STR("db"), STR("store") },
  { STR("database"), STR("store") },
  { STR("redis"), STR("store") },
  { STR("redis-url"), STR("store") },
  { STR("secret"), STR("appsecret") },
  { STR("aes-key"), STR("encoding-aes-key") },
  { STR("mode"), STR("encrypt-mode") },
  { STR("base-url"), STR("api-base") },
  { STR("api-url"), STR("api-base") },
  { STR("verbose"), STR("log-level") },
  { STR("v"), STR("log-level") },
  { STR("debug"), STR("log-level") },
  { STR("reload"), STR("watch") },
  { STR("c"), STR("config") },
  { STR("conf"), STR("config") },
  { STR("openid"), STR("from") },
  { STR("user"), STR("from") },
  { STR("times"), STR("repeat") },
  { STR("n"), STR("repeat") },
  { STR("start"), STR("run") },
  { STR("serve"), STR("run") },
  { STR("server"), STR("run") },
  { STR("simulate"), STR("dev") },
  { STR("console"), STR("dev") },
  { STR("shell"), STR("repl") },
  { STR("init"), STR("new") },
  { STR("create"), STR("new") },
  { STR("lint"), STR("check") },
  { STR("validate"), STR("check") },
  { STR("eval"), STR("exec") },
  { STR("message"), STR("text") },
  { STR("msg"), STR("text") },
  { STR("say"), STR("text") },
  { STR("follow"), STR("subscribe") },
  { STR("unfollow"), STR("unsubscribe") },
  { STR("tap"), STR("click") },
  { STR("picture"), STR("image") },
  { STR("qrcode"), STR("scan") },
};

static bool is_other_name(Str word, Str name) {
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (is_same(word, others[i].other) && is_same(name, others[i].name)) return true;
  }
  return false;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static size_t edit_distance(Str a, Str b) {
  size_t rows[3][WORD_MAX + 1];
  size_t *above2 = rows[0], *above = rows[1], *row = rows[2];
  for (size_t j = 0; j <= b.len; j++) row[j] = j;
  for (size_t i = 1; i <= a.len; i++) {
    size_t *free_row = above2;
    above2 = above, above = row, row = free_row;
    row[0] = i;
    for (size_t j = 1; j <= b.len; j++) {
      char x = fold(a.ptr[i - 1]), y = fold(b.ptr[j - 1]);
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
      bool swapped = i > 1 && j > 1 && x == fold(b.ptr[j - 2]) && y == fold(a.ptr[i - 2]);
      if (swapped) row[j] = least(row[j], above2[j - 2] + 1);
    }
  }
  return row[b.len];
}

void suggest_try(Suggestion *nearest, const char *candidate) {
  Str name = str_of(candidate);
  if (nearest->word.len == 0 || nearest->word.len > WORD_MAX || name.len > WORD_MAX) return;
  size_t distance = is_other_name(nearest->word, name) ? 0 : edit_distance(nearest->word, name);
  size_t allowed = nearest->word.len < 6 ? 1 : nearest->word.len / 3;
  if (distance > allowed || (nearest->name && distance >= nearest->distance)) return;
  nearest->name = candidate;
  nearest->distance = distance;
}
