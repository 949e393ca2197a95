// A command of `wemoon`, and its invocation.
#ifndef WEMOON_CLI_COMMAND_H
#define WEMOON_CLI_COMMAND_H

#include "cli/config.h"
#include "cli/options.h"
#include "cli/report.h"

typedef struct Command Command;

typedef struct {
  const Command *command;
  const Command *const *commands;  // all of them, in the order of help; NULL at the end
  Arena *arena;                    // lives as long as the command
  Arguments arguments;
  Config *config;  // not loaded yet; NULL if the command has none
} Invocation;

struct Command {
  const char *name;
  const char *usage;              // its arguments: "BOT.lua [OPTION...]"
  const char *summary;            // one line
  const char *details;            // paragraphs of its help; may be empty
  void (*add_details)(Buf *out);  // appends more help, made from tables; may be NULL
  void (*add_words)(
      Buf *out);  // appends what the first argument may be, each after a space; NULL: see `usage`
  const Option *options;               // its own options, ended by a NULL name
  size_t least, most;                  // the number of positional arguments
  bool configured;                     // it accepts the options of the configuration too
  bool arguments_are_its_own;          // words after the first positional argument are not wemoon's
  int (*run)(Invocation *invocation);  // returns a STATUS_
};

extern const Command command_run, command_dev, command_repl, command_exec, command_send,
    command_test, command_new, command_check, command_store, command_forget, command_status,
    command_explain, command_docs, command_replay;

typedef enum {
  TOKEN_UNNEEDED,
  TOKEN_NEEDED,
  TOKEN_OF_ACCOUNT  // needed where something of an account, or anything faulty, is configured
} TokenNeed;

// Loads the configuration and reports its faults; does not set up the log. `script`, `here`: as for config_load.
bool command_load(Invocation *invocation, const char *script, bool here, TokenNeed need);
// The same, and sets up the log on standard error, and warns there of an account that cannot be the platform's; false:
// end with STATUS_USAGE. `script`, `here`: as for config_load.
bool command_configure(Invocation *invocation, const char *script, bool here, bool needs_token);
// The same for what serves a bot: its log goes to log_file. Other commands leave that file alone: what they log
// is for the person who typed them, and the bot's own user could not write to a file that root's command made.
bool command_configure_server(Invocation *invocation, const char *script, bool here,
                              bool needs_token);

// Runs main's `argc` and `argv`; returns the exit status of the process.
int commands_run(int argc, char **argv);
void help_all(const Command *const *commands);    // on standard output
void help_short(const Command *const *commands);  // one line each, on standard error
void help_command(const Command *command, const Option *config_options);

#endif
