// Edit distance (optimal string alignment) between the typed word and the candidates.
#include "cli/suggest.h"

enum { WORD_MAX = 48 };

static char fold(char c) {
  if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
  return c == '_' ? '-' : c;
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
  size_t distance = edit_distance(nearest->word, name);
  size_t allowed = nearest->word.len < 6 ? 1 : nearest->word.len / 3;
  if (distance > allowed || (nearest->name && distance >= nearest->distance)) return;
  nearest->name = candidate;
  nearest->distance = distance;
}
