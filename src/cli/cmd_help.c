// Help, made from the tables of commands, options and configuration keys.
#include "cli/command.h"

#include <stdio.h>

enum { COLUMN = 34 };  // of the explanations

static void print_row(const char *left, const char *right, const char *fallback) {
  int width = (int)strlen(left);
  if (width > COLUMN - 2) printf("%s\n%*s", left, COLUMN, "");
  else printf("%s%*s", left, COLUMN - width, "");
  if (fallback) printf("%s (%s)\n", right, fallback);
  else printf("%s\n", right);
}

static void print_option(const Option *option, const char *fallback) {
  char left[96];
  char letter[8] = "";
  if (option->letter) snprintf(letter, sizeof(letter), "-%c, ", option->letter);
  const char *joint = !option->argument ? "" : option->may_lack_value ? "[=" : " ";
  snprintf(left, sizeof(left), "  %s--%s%s%s%s", letter, option->name, joint,
           option->argument ? option->argument : "", option->may_lack_value ? "]" : "");
  print_row(left, option->help, fallback);
}

static void print_usage(const char *before, const Command *command, const char *after) {
  const char *gap = command->usage[0] ? " " : "";
  printf("%swemoon %s%s%s%s", before, command->name, gap, command->usage, after);
}

static void print_commands(FILE *out, const Command *const *commands) {
  for (size_t i = 0; commands[i]; i++)
    fprintf(out, "  wemoon %-7s %s\n", commands[i]->name, commands[i]->summary);
}

void help_short(const Command *const *commands) {
  fputs("wemoon: no command is given. The commands:\n", stderr);
  print_commands(stderr, commands);
  fputs("More: wemoon --help, wemoon COMMAND --help\n", stderr);
}

void help_all(const Command *const *commands) {
  printf("wemoon %s: WeChat Official Account bots, written in Lua\n\n", WEMOON_VERSION);
  for (size_t i = 0; commands[i]; i++) {
    print_usage("  ", commands[i], "\n      ");
    printf("%s\n", commands[i]->summary);
  }
  fputs(
      "  wemoon COMMAND --help, wemoon help COMMAND\n      Print what the command does and takes\n"
      "  wemoon --version\n\n"
      "A first bot, hello.lua:\n"
      "  function on_message(msg) return \"你说：\" .. (msg.content or msg.type) end\n"
      "Serve it:    WEMOON_TOKEN=mytoken wemoon run hello.lua\n"
      "Speak to it: WEMOON_TOKEN=mytoken wemoon send text 你好\n\n"
      "Exit status: 0 done; 1 it ran and failed; 2 wrong usage or configuration.\n",
      stdout);
}

static void print_config(const Option *config_options) {
  fputs("\nConfiguration. Each key may be given as a flag (--encrypt-mode safe), as an environment "
        "variable\n"
        "(WEMOON_ENCRYPT_MODE=safe) or in a file (return { encrypt_mode = \"safe\" }); the first "
        "wins.\n"
        "Every user of this machine can see flags: keep secrets in the "
        "environment\n"
        "or in the file. Booleans are true or false (as flags and in the environment also 1, 0, "
        "yes, no).\n"
        "A relative path counts from the folder of the file that it stands in, else from the "
        "working directory.\n",
        stdout);
  const Option *option = config_options;
  for (size_t i = 0; config_keys[i].name; i++, option++)
    print_option(option, config_keys[i].fallback);
  print_option(option, "config.lua, if it exists");
}

static void print_more(const Command *command) {
  Buf more;
  buf_init(&more);
  if (command->add_details) command->add_details(&more);
  fwrite(buf_str(&more).ptr, 1, more.len, stdout);
  buf_clear(&more);
}

void help_command(const Command *command, const Option *config_options) {
  print_usage("", command, "\n\n");
  printf("%s.\n", command->summary);
  if (command->details[0]) printf("\n%s", command->details);
  print_more(command);
  fputs("\nOptions (--key value or --key=value):\n", stdout);
  for (const Option *option = command->options; option->name; option++) print_option(option, NULL);
  print_row("  -h, --help", "this text", NULL);
  if (config_options) print_config(config_options);
}
