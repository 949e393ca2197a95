// The list of commands; finds and runs one.
#include "cli/command.h"

#include <stdio.h>

#include "cli/suggest.h"

static const Command *const commands[] = { &command_run,     &command_dev,    &command_repl,
                                           &command_exec,    &command_send,   &command_test,
                                           &command_new,     &command_check,  &command_replay,
                                           &command_store,   &command_forget, &command_status,
                                           &command_explain, &command_docs,   NULL };

static const Option common_options[] = {
  { .name = "help", .letter = 'h', .help = "this text" },
  { .name = NULL },
};

static const Command *find_command(const char *name) {
  for (size_t i = 0; commands[i]; i++) {
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  }
  return NULL;
}

static int unknown_command(const char *name) {
  Suggestion nearest = suggest_for(str_of(name));
  for (size_t i = 0; commands[i]; i++) suggest_try(&nearest, commands[i]->name);
  size_t length = strlen(name);
  bool script = length > 4 && strcmp(name + length - 4, ".lua") == 0;
  if (script)
    return report_usage("", "unknown command %s: to serve a bot, write wemoon run %s", name, name);
  if (nearest.name)
    return report_usage("", "unknown command %s; did you mean %s?", name, nearest.name);
  return report_usage("", "unknown command %s", name);
}

static int check_count(const Invocation *in) {
  const Command *command = in->command;
  size_t count = in->arguments.count;
  if (count < command->least)
    return report_usage(command->name, "an argument is missing: wemoon %s %s", command->name,
                        command->usage);
  if (count <= command->most) return STATUS_DONE;
  return report_usage(command->name, "\"%s\" is one argument too many: wemoon %s%s%s",
                      in->arguments.positionals[command->most], command->name,
                      command->usage[0] ? " " : "", command->usage);
}

static int invoke(Invocation *in, int argc, char **argv) {
  const Command *command = in->command;
  const Option *config_list = in->config ? config_options(in->config) : NULL;
  OptionRules rules = { .lists = { common_options, command->options, config_list },
                        .stop_at_positional = command->arguments_are_its_own };
  Err err;
  if (!options_parse(argc, argv, &rules, in->arena, &in->arguments, &err))
    return report_usage(command->name, "%s", err.text);
  if (options_value(&in->arguments, "help")) {
    help_command(command, config_list);
    return STATUS_DONE;
  }
  int status = check_count(in);
  return status == STATUS_DONE ? command->run(in) : status;
}

static int run_command(const Command *command, int argc, char **argv) {
  Invocation in = { .command = command, .commands = commands, .arena = arena_new() };
  Err err = { .text = "no memory" };
  int status = STATUS_FAILED;
  if (command->configured) in.config = config_new(&err);
  if (in.arena && (in.config || !command->configured)) {
    status = invoke(&in, argc, argv);
  } else {
    report_err(command->name, &err);
  }
  config_free(in.config);
  arena_free(in.arena);
  return status;
}

static bool is_word(const char *word, const char *name, const char *letter, const char *command) {
  return strcmp(word, name) == 0 || strcmp(word, letter) == 0 || strcmp(word, command) == 0;
}

// `wemoon help`, `wemoon help --help`, `wemoon help COMMAND`.
static int help_on(const char *name) {
  static char help[] = "--help";
  if (!name || name[0] == '-') {
    help_all(commands);
    return STATUS_DONE;
  }
  const Command *command = find_command(name);
  return command ? run_command(command, 1, (char *[]){ help, NULL }) : unknown_command(name);
}

static int before_command(const char *option) {
  if (strcmp(option, "-v") == 0)
    return report_usage("", "unknown option -v; did you mean --version?");
  return report_usage("",
                      "option %.*s stands before the command: write wemoon COMMAND --option value",
                      (int)strcspn(option, "="), option);
}

static int choose(int argc, char **argv) {
  if (argc < 2) {
    help_short(commands);
    return STATUS_USAGE;
  }
  if (is_word(argv[1], "--help", "-h", "help")) return help_on(argv[2]);
  if (is_word(argv[1], "--version", "-V", "version")) {
    printf("wemoon %s\n", WEMOON_VERSION);
    return STATUS_DONE;
  }
  if (argv[1][0] == '-') return before_command(argv[1]);
  const Command *command = find_command(argv[1]);
  return command ? run_command(command, argc - 2, argv + 2) : unknown_command(argv[1]);
}

int commands_run(int argc, char **argv) { return report_output(choose(argc, argv)); }
