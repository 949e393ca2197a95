// The keys of terminals.
#include "cli/prompt_keys.h"

#include <stdio.h>
#include <string.h>

// What the keys of xterm, rxvt and the Linux console send, beyond those of terminfo that libedit binds; an unbound one
// would leave its last characters in the line. '*': a key's number, 1 to 34; '+': a modifier, 2 (Shift) to 8. Of two
// entries for a key the later one counts.
static const struct {
  const char *keys, *does;
} terminal_keys[] = {
  { "\\e[1;+A", "ed-prev-history" },      // Up
  { "\\e[1;+B", "ed-next-history" },      // Down
  { "\\e[1;+C", "em-next-word" },         // Right
  { "\\e[1;+D", "ed-prev-word" },         // Left
  { "\\e[1;2C", "ed-next-char" },         // Shift-Right
  { "\\e[1;2D", "ed-prev-char" },         // Shift-Left
  { "\\e\\e[C", "em-next-word" },         // Alt-Right, rxvt
  { "\\e\\e[D", "ed-prev-word" },         // Alt-Left, rxvt
  { "\\e[c", "ed-next-char" },            // Shift-Right, rxvt
  { "\\e[d", "ed-prev-char" },            // Shift-Left, rxvt
  { "\\eOc", "em-next-word" },            // Ctrl-Right, rxvt
  { "\\eOd", "ed-prev-word" },            // Ctrl-Left, rxvt
  { "\\e[a", "ed-ignore" },               // Shift-Up, rxvt
  { "\\e[b", "ed-ignore" },               // Shift-Down, rxvt
  { "\\eOa", "ed-ignore" },               // Ctrl-Up, rxvt
  { "\\eOb", "ed-ignore" },               // Ctrl-Down, rxvt
  { "\\e[*~", "ed-ignore" },              // F1 to F20, Insert, PgUp, PgDn
  { "\\e[*;+~", "ed-ignore" },            // the same with modifiers
  { "\\e[*\\^", "ed-ignore" },            // with Ctrl, rxvt
  { "\\e[*$", "ed-ignore" },              // with Shift, rxvt
  { "\\e[1~", "ed-move-to-beg" },         // Home
  { "\\e[7~", "ed-move-to-beg" },         // Home, rxvt
  { "\\e[4~", "ed-move-to-end" },         // End
  { "\\e[8~", "ed-move-to-end" },         // End, rxvt
  { "\\e[1;+H", "ed-move-to-beg" },       // Home
  { "\\e[1;+F", "ed-move-to-end" },       // End
  { "\\e[3~", "ed-delete-next-char" },    // Del
  { "\\e[3;+~", "em-delete-next-word" },  // Ctrl-Del, Alt-Del
  { "\\e[3;2~", "ed-delete-next-char" },  // Shift-Del
  { "\\e[3\\^", "em-delete-next-word" },  // Ctrl-Del, rxvt
  { "\\e[3$", "ed-delete-next-char" },    // Shift-Del, rxvt
  { "\\eOP", "ed-ignore" },               // F1
  { "\\eOQ", "ed-ignore" },               // F2
  { "\\eOR", "ed-ignore" },               // F3
  { "\\eOS", "ed-ignore" },               // F4
  { "\\e[1;+P", "ed-ignore" },            // F1 with modifiers
  { "\\e[1;+Q", "ed-ignore" },
  { "\\e[1;+R", "ed-ignore" },
  { "\\e[1;+S", "ed-ignore" },
  { "\\e[[A", "ed-ignore" },  // F1 to F5 of the Linux console
  { "\\e[[B", "ed-ignore" },
  { "\\e[[C", "ed-ignore" },
  { "\\e[[D", "ed-ignore" },
  { "\\e[[E", "ed-ignore" },
  { "\\e[E", "ed-ignore" },  // 5 of the keypad
  { "\\e[1;+E", "ed-ignore" },
  { "\\eOE", "ed-ignore" },
  { "\\e[Z", "ed-ignore" },  // Shift-Tab
};

static void bind_keys(EditLine *edit, const char *keys, const char *does) {
  enum { NUMBERS = 34, MODIFIERS = 8, LONGEST = 24 };
  const char *wild = strpbrk(keys, "*+");
  if (!wild) {
    el_set(edit, EL_BIND, keys, does, NULL);
    return;
  }
  for (int n = *wild == '*' ? 1 : 2; n <= (*wild == '*' ? NUMBERS : MODIFIERS); n++) {
    char one[LONGEST];
    snprintf(one, sizeof one, "%.*s%d%s", (int)(wild - keys), keys, n, wild + 1);
    bind_keys(edit, one, does);
  }
}

void prompt_bind_keys(EditLine *edit) {
  for (size_t i = 0; i < sizeof terminal_keys / sizeof *terminal_keys; i++)
    bind_keys(edit, terminal_keys[i].keys, terminal_keys[i].does);
}
