// Parses a command line: options (`--key value`, `--key=value`, `-k value`), positional arguments, and `--`, after
// which nothing is an option. A word that begins with '-' and a digit is a number; "-" alone is an argument.
#ifndef WEMOON_CLI_OPTIONS_H
#define WEMOON_CLI_OPTIONS_H

#include "base/arena.h"
#include "base/err.h"

typedef struct {
  const char *name;      // without its dashes: "url"; NULL ends a list
  char letter;           // of its short form, or 0
  const char *argument;  // its value's name in help; NULL: a switch without a value
  const char *const
      *choices;  // the words that its value may be, for completions; NULL: its argument says it
  bool may_lack_value;  // given with "=" only; without a value options_value returns its name
  const char *help;     // one line
} Option;

typedef struct OptionUse {
  const Option *option;
  const char *value;  // a copy in the arena; NULL for a switch
  char *typed;        // the value in argv, to be overwritten if it is secret; NULL for a switch
  struct OptionUse *next;
} OptionUse;

typedef struct {
  OptionUse *first;    // in the order given
  char **positionals;  // slices of argv, `count` of them
  size_t count;
} Arguments;

typedef struct {
  const Option
      *lists[3];  // known options, each list ended by a NULL name; a NULL list ends the lists
  bool stop_at_positional;  // every word after the first positional argument is positional
} OptionRules;

// Parses `argc` words, without the names of program and command. ERR_USAGE names the option, never its value.
bool options_parse(int argc, char **argv, const OptionRules *rules, Arena *arena, Arguments *out,
                   Err *err);
// The last value of an option (of a switch its name), or NULL.
const char *options_value(const Arguments *arguments, const char *name);

#endif
