// What is meant by Lua that another language would take.
#ifndef WEMOON_SCRIPT_SYNTAX_HINT_H
#define WEMOON_SCRIPT_SYNTAX_HINT_H

// Returns how to write what the parser refuses with that message ("bot.lua:1: 'then' expected near '='"); NULL if
// nothing is known of it. The text is a constant.
const char *syntax_hint(const char *message);

#endif
