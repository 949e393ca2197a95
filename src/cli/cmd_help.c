// Help, made from the tables of commands, options and configuration keys.
#include "cli/command.h"
#include "cli/help_texts.h"

#include <stdio.h>

enum { COLUMN = 34 };  // of the explanations

static void print_text(FILE *out, Str text, const char *end) {
  fprintf(out, "%.*s%s", STR_FMT(text), end);
}

// `fallback` may be empty.
static void print_row(const char *left, Str right, Str fallback) {
  int width = (int)strlen(left);
  if (width > COLUMN - 2) printf("%s\n%*s", left, COLUMN, "");
  else printf("%s%*s", left, COLUMN - width, "");
  if (fallback.len) printf("%.*s (%.*s)\n", STR_FMT(right), STR_FMT(fallback));
  else print_text(stdout, right, "\n");
}

static void print_option(const Option *option, Str help, Str fallback) {
  char left[96];
  char letter[8] = "";
  if (option->letter) snprintf(letter, sizeof(letter), "-%c, ", option->letter);
  const char *joint = !option->argument ? "" : option->may_lack_value ? "[=" : " ";
  snprintf(left, sizeof(left), "  %s--%s%s%s%s", letter, option->name, joint,
           option->argument ? option->argument : "", option->may_lack_value ? "]" : "");
  print_row(left, help, fallback);
}

static void print_usage(const char *before, const Command *command, const char *after) {
  const char *gap = command->usage[0] ? " " : "";
  printf("%swemoon %s%s%s%s", before, command->name, gap, command->usage, after);
}

static void print_commands(FILE *out, const Command *const *commands, const HelpTexts *texts) {
  for (size_t i = 0; commands[i]; i++) {
    const Command *command = commands[i];
    fprintf(out, "  wemoon %-7s ", command->name);
    print_text(out, help_text(texts, command->name, "summary", command->summary), "\n");
  }
}

void help_short(const Command *const *commands) {
  HelpTexts *texts = help_texts_open();
  print_text(stderr, help_text(texts, "help", "none", "wemoon: no command is given. The commands:"),
             "\n");
  print_commands(stderr, commands, texts);
  print_text(stderr, help_text(texts, "help", "see", "More: wemoon --help, wemoon COMMAND --help"),
             "\n");
  help_texts_close(texts);
}

static void print_example(const HelpTexts *texts) {
  print_text(stdout, help_text(texts, "help", "example", "A first bot, hello.lua:"), "\n");
  fputs("  function on_message(msg) return \"你说：\" .. (msg.content or msg.type) end\n", stdout);
  print_text(stdout, help_text(texts, "help", "serve", "Serve it:    "),
             "WEMOON_TOKEN=mytoken wemoon run hello.lua\n");
  print_text(stdout, help_text(texts, "help", "speak", "Speak to it: "),
             "WEMOON_TOKEN=mytoken wemoon send text 你好\n\n");
}

void help_all(const Command *const *commands) {
  HelpTexts *texts = help_texts_open();
  printf("wemoon %s: ", WEMOON_VERSION);
  print_text(stdout,
             help_text(texts, "help", "title", "WeChat Official Account bots, written in Lua"),
             "\n\n");
  for (size_t i = 0; commands[i]; i++) {
    print_usage("  ", commands[i], "\n      ");
    print_text(stdout, help_text(texts, commands[i]->name, "summary", commands[i]->summary), "\n");
  }
  fputs("  wemoon COMMAND --help, wemoon help COMMAND\n      ", stdout);
  print_text(stdout,
             help_text(texts, "help", "on_command", "Print what the command does and takes"),
             "\n  wemoon --version\n\n");
  print_example(texts);
  print_text(stdout,
             help_text(texts, "help", "statuses",
                       "Exit status: 0 done; 1 it ran and failed; 2 wrong usage or configuration."),
             "\n");
  help_texts_close(texts);
}

static void print_config(const Option *config_options, const HelpTexts *texts) {
  static const char english[] =
      "Configuration. Each key may be given as a flag (--encrypt-mode safe), as an environment "
      "variable\n"
      "(WEMOON_ENCRYPT_MODE=safe) or in a file (return { encrypt_mode = \"safe\" }); the first "
      "wins.\n"
      "Every user of this machine can see flags: keep secrets in the "
      "environment\n"
      "or in the file. Booleans are true or false (as flags and in the environment also 1, 0, "
      "yes, no).\n"
      "A relative path counts from the folder of the file that it stands in, else from the "
      "working directory.";
  print_text(stdout, STR("\n"), "");
  print_text(stdout, help_text(texts, "help", "config", english), "\n");
  const Option *option = config_options;
  for (size_t i = 0; config_keys[i].name; i++, option++)
    print_option(option, help_text(texts, "key", config_keys[i].name, option->help),
                 str_of(config_keys[i].fallback ? config_keys[i].fallback : ""));
  print_option(option, help_text(texts, "help", "file", option->help),
               help_text(texts, "help", "file_default", "config.lua, if it exists"));
}

static void print_more(const Command *command) {
  Buf more;
  buf_init(&more);
  if (command->add_details) command->add_details(&more);
  fwrite(buf_str(&more).ptr, 1, more.len, stdout);
  buf_clear(&more);
}

static void print_options(const Command *command, const HelpTexts *texts) {
  putchar('\n');
  print_text(stdout, help_text(texts, "help", "options", "Options (--key value or --key=value):"),
             "\n");
  for (const Option *option = command->options; option->name; option++) {
    char name[64];
    snprintf(name, sizeof name, "--%s", option->name);
    print_option(option, help_text(texts, command->name, name, option->help), STR(""));
  }
  print_row("  -h, --help", help_text(texts, "help", "this", "this text"), STR(""));
}

void help_command(const Command *command, const Option *config_options) {
  HelpTexts *texts = help_texts_open();
  print_usage("", command, "\n\n");
  print_text(stdout, help_text(texts, command->name, "summary", command->summary),
             texts ? "。\n" : ".\n");
  Str details = help_text(texts, command->name, "details", command->details);
  if (details.len) printf("\n%.*s", STR_FMT(details));
  print_more(command);
  print_options(command, texts);
  if (config_options) print_config(config_options, texts);
  help_texts_close(texts);
}
