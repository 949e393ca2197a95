// `wemoon docs`: the reference as a page or a manual page (lua/docs), and the shells' completions, made from the tables
// that the program itself uses.
#include "cli/command.h"
#include "cli/language.h"
#include "cli/docs_call.h"
#include "cli/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
  { .name = "lang",
    .argument = "zh|en",
    .help = "the language of the page or the manual page; else by LANG" },
  { .name = NULL },
};

// ---- what lua/docs writes ------------------------------------------------------------------------

// Prints the result of a function of lua/docs.
static int print_made(const char *function, Str argument) {
  Err err;
  Buf text;
  buf_init(&text);
  bool ok = docs_call("docs/init.lua", function, argument, &text, &err);
  if (ok) fwrite(buf_str(&text).ptr, 1, text.len, stdout);
  buf_clear(&text);
  return ok ? STATUS_DONE : report_err("docs", &err);
}

// NULL: --lang names one that there is not.
static const char *language(const Invocation *in) {
  const char *given = options_value(&in->arguments, "lang");
  if (!given) return language_of_environment();
  return strcmp(given, "zh") == 0 || strcmp(given, "en") == 0 ? given : NULL;
}

static int print_in_language(const Invocation *in, const char *function,
                             const Command *const *commands) {
  const char *lang = language(in);
  if (!lang)
    return report_usage("docs", "unknown language \"%s\": write zh or en",
                        options_value(&in->arguments, "lang"));
  Buf about;
  buf_init(&about);
  reference_about(lang, commands, &about);
  int status = print_made(function, buf_str(&about));
  buf_clear(&about);
  return status;
}

// ---- completions --------------------------------------------------------------------------------

static void put_flags(const Option *list) {
  for (; list && list->name; list++) printf(" --%s", list->name);
}

static void put_key_flag(const ConfigKey *key) {
  fputs("--", stdout);
  for (const char *c = key->name; *c; c++) putchar(*c == '_' ? '-' : *c);
}

static void put_key_flags(void) {
  for (const ConfigKey *key = config_keys; key->name; key++) {
    putchar(' ');
    put_key_flag(key);
  }
  fputs(" --config", stdout);
}

static void put_choices(const ConfigKey *key) {
  for (size_t i = 0; key->choices[i]; i++) printf("%s%s", i ? " " : "", key->choices[i]);
}

// The values of a flag that has a fixed set of them.
static void put_bash_choices(void) {
  fputs("  case ${COMP_WORDS[COMP_CWORD-1]} in\n", stdout);
  for (const ConfigKey *key = config_keys; key->name; key++) {
    if (!key->choices) continue;
    fputs("    ", stdout);
    put_key_flag(key);
    fputs(") COMPREPLY=($(compgen -W \"", stdout);
    put_choices(key);
    fputs("\" -- \"$word\")); return ;;\n", stdout);
  }
  fputs("  esac\n", stdout);
}

static void put_names(const Command *const *commands) {
  for (size_t i = 0; commands[i]; i++) printf(" %s", commands[i]->name);
}

static int print_bash(const Command *const *commands) {
  fputs("# bash completion for wemoon\n_wemoon() {\n  local word=${COMP_WORDS[COMP_CWORD]} words\n",
        stdout);
  put_bash_choices();
  fputs("  if [ \"$COMP_CWORD\" = 1 ]; then\n    words=\"--help --version help", stdout);
  put_names(commands);
  fputs("\"\n  else\n    case ${COMP_WORDS[1]} in\n      help) COMPREPLY=($(compgen -W \"", stdout);
  put_names(commands);
  fputs("\" -- \"$word\")); return ;;\n", stdout);
  for (size_t i = 0; commands[i]; i++) {
    printf("      %s) words=\"--help", commands[i]->name);
    put_flags(commands[i]->options);
    if (commands[i]->configured) fputs(" $keys", stdout);
    fputs("\" ;;\n", stdout);
  }
  fputs("    esac\n  fi\n  case $word in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- "
        "\"$word\")) ;;\n"
        "    *) [ \"$COMP_CWORD\" = 1 ] && COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) || "
        "COMPREPLY=($(compgen -f -- "
        "\"$word\")) ;;\n  esac\n}\n",
        stdout);
  fputs("keys=\"", stdout);
  put_key_flags();
  fputs("\"\ncomplete -o filenames -F _wemoon wemoon\n", stdout);
  return STATUS_DONE;
}

static void put_quoted(const char *text) {
  for (; *text; text++) {
    if (*text == '\'') fputs("'\\''", stdout);
    else if (*text == '[' || *text == ']' || *text == ':') printf("\\%c", *text);
    else putchar(*text);
  }
}

static void put_key_help(const ConfigKey *key) {
  Buf help;
  buf_init(&help);
  config_add_help(key, &help);
  put_quoted(buf_str(&help).ptr);
  buf_clear(&help);
}

static int print_zsh(const Command *const *commands) {
  fputs("#compdef wemoon\n# zsh completion for wemoon\nlocal -a commands keys\ncommands=(\n"
        "  'help:Print what a command does and takes'\n",
        stdout);
  for (size_t i = 0; commands[i]; i++) {
    printf("  '%s:", commands[i]->name);
    put_quoted(commands[i]->summary);
    fputs("'\n", stdout);
  }
  fputs(")\nkeys=(\n", stdout);
  for (const ConfigKey *key = config_keys; key->name; key++) {
    fputs("  '", stdout);
    put_key_flag(key);
    putchar('[');
    put_key_help(key);
    fputs(key->choices ? "]:value:(" : "]:value:", stdout);
    if (key->choices) put_choices(key);
    fputs(key->choices ? ")'\n" : "'\n", stdout);
  }
  fputs("  '--config[the configuration file]:file:_files'\n)\nif (( CURRENT == 2 )); then\n"
        "  _describe command commands\nelse\n  case $words[2] in\n"
        "    help) _describe command commands ;;\n",
        stdout);
  for (size_t i = 0; commands[i]; i++) {
    printf("    %s) _arguments '*:file:_files'", commands[i]->name);
    for (const Option *option = commands[i]->options; option && option->name; option++) {
      printf(" '--%s%s[", option->name, option->may_lack_value ? "=-" : "");
      put_quoted(option->help);
      fputs(option->may_lack_value ? "]::value:'" : option->argument ? "]:value:'" : "]'", stdout);
    }
    fputs(commands[i]->configured ? " $keys ;;\n" : " ;;\n", stdout);
  }
  fputs("  esac\nfi\n", stdout);
  return STATUS_DONE;
}

// For the named shell, else for $SHELL.
static int print_completions(const Invocation *in) {
  const char *shell = in->arguments.count > 1 ? in->arguments.positionals[1] : NULL;
  if (shell && strcmp(shell, "bash") != 0 && strcmp(shell, "zsh") != 0)
    return report_usage("docs", "unknown shell \"%s\": write bash or zsh", shell);
  if (!shell) shell = getenv("SHELL");
  const char *slash = shell ? strrchr(shell, '/') : NULL;
  if (slash) shell = slash + 1;
  return shell && strcmp(shell, "zsh") == 0 ? print_zsh(in->commands) : print_bash(in->commands);
}

static int run(Invocation *in) {
  static const struct {
    const char *name;
    int (*print)(const Command *const *commands);
  } kinds[] = { { "bash", print_bash }, { "zsh", print_zsh } };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(in->arguments.positionals[0], kinds[i].name) == 0)
      return kinds[i].print(in->commands);
  }
  if (strcmp(in->arguments.positionals[0], "html") == 0) return print_in_language(in, "html", NULL);
  if (strcmp(in->arguments.positionals[0], "man") == 0)
    return print_in_language(in, "man", in->commands);
  if (strcmp(in->arguments.positionals[0], "completions") == 0) return print_completions(in);
  return report_usage("docs", "unknown format \"%s\": write html, man, completions, bash or zsh",
                      in->arguments.positionals[0]);
}

const Command command_docs = {
  .name = "docs",
  .usage = "html|man|completions [bash|zsh] [--lang zh|en]",
  .summary = "Print the reference as a page, the manual page, or a shell's completion",
  .details = "",
  .options = options,
  .least = 1,
  .most = 2,
  .run = run,
};
