#include "cli/completions.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/config.h"

// ---- what a value may be ------------------------------------------------------------------------

static bool is_word(Str text) {
  for (size_t i = 0; i < text.len; i++)
    if (!islower((unsigned char)text.ptr[i]) && text.ptr[i] != '_') return false;
  return text.len > 0;
}

// Appends the words that begin the alternatives of a usage, "list [PREFIX] | get KEY", each after a space.
static void add_first_words(const char *usage, Buf *words) {
  for (const char *at = usage; at; at = strchr(at, '|')) {
    at += strspn(at, "| ");
    Str word = str_make(at, strcspn(at, "| "));
    if (is_word(word)) buf_printf(words, " %.*s", STR_FMT(word));
  }
}

static bool takes_file(const char *usage) {
  static const char *const names[] = { "FILE", "DIR", "SOCKET", ".lua" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strstr(usage, names[i])) return true;
  return false;
}

typedef struct {
  Buf words;  // each after a space
  bool file;
} Values;

static void values_of_usage(const char *usage, Values *values) {
  buf_reset(&values->words);
  add_first_words(usage, &values->words);
  values->file = takes_file(usage);
}

static void values_of_argument(const char *usage, const char *const *choices, Values *values) {
  values_of_usage(usage, values);
  for (; choices && *choices; choices++) buf_printf(&values->words, " %s", *choices);
}

// A store is a URL, with a path in it.
static void values_of_key(const ConfigKey *key, Values *values) {
  values_of_argument(key->argument, key->choices, values);
  values->file = key->path && !key->forms;
}

static void values_of_command(const Command *command, Values *values) {
  values_of_usage(command->usage, values);
  if (command->add_words) command->add_words(&values->words);
}

static Str words_of(const Values *values) { return str_trim(buf_str(&values->words)); }

static void put_key_flag(const ConfigKey *key) {
  fputs("--", stdout);
  for (const char *c = key->name; *c; c++) putchar(*c == '_' ? '-' : *c);
}

// ---- bash ---------------------------------------------------------------------------------------

static void put_names(const Command *const *commands) {
  for (size_t i = 0; commands[i]; i++) printf(" %s", commands[i]->name);
}

// What follows a pattern of a case: the values that are offered.
static void put_bash_values(const Values *values) {
  fputs(") _wemoon_offer \"", stdout);
  printf("%.*s\"", STR_FMT(words_of(values)));
  fputs(values->file ? " files; return ;;\n" : "; return ;;\n", stdout);
}

static void put_bash_options(const Command *command, Values *values) {
  for (const Option *option = command->options; option && option->name; option++) {
    if (!option->argument || option->may_lack_value) continue;
    values_of_argument(option->argument, option->choices, values);
    printf("    %s:--%s", command->name, option->name);
    put_bash_values(values);
  }
}

// After an option that takes a value.
static void put_bash_after_options(const Command *const *commands, Values *values) {
  fputs("  case ${COMP_WORDS[1]}:$before in\n", stdout);
  for (size_t i = 0; commands[i]; i++) put_bash_options(commands[i], values);
  for (const ConfigKey *key = config_keys; key->name; key++) {
    values_of_key(key, values);
    fputs("    *:", stdout);
    put_key_flag(key);
    put_bash_values(values);
  }
  fputs("    *:--config) _wemoon_offer \"\" files; return ;;\n  esac\n", stdout);
}

static void put_bash_command(const Command *command, Values *values) {
  values_of_command(command, values);
  printf("    %s) options=\"--help", command->name);
  for (const Option *option = command->options; option && option->name; option++)
    printf(" --%s", option->name);
  printf("%s\" words=\"%.*s\" files=%s ;;\n", command->configured ? " $_wemoon_keys" : "",
         STR_FMT(words_of(values)), values->file ? "files" : "");
}

void completions_bash(const Command *const *commands) {
  Values values;
  buf_init(&values.words);
  fputs("# bash completion for wemoon\n_wemoon() {\n"
        "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options= words= "
        "files=\n"
        "  case $word:$before in\n"  // --key=value is three words
        "    =:*) word= ;;\n    *:=) before=${COMP_WORDS[COMP_CWORD-2]} ;;\n  esac\n"
        "  _wemoon_offer() {\n"
        "    COMPREPLY=($(compgen -W \"$1\" -- \"$word\"))\n"
        "    [ -z \"$2\" ] || COMPREPLY+=($(compgen -f -- \"$word\"))\n"
        "  }\n"
        "  if [ \"$COMP_CWORD\" = 1 ]; then\n    _wemoon_offer \"--help --version help",
        stdout);
  put_names(commands);
  fputs("\"\n    return\n  fi\n", stdout);
  put_bash_after_options(commands, &values);
  fputs("  case ${COMP_WORDS[1]} in\n    help) words=\"", stdout);
  put_names(commands);
  fputs("\" ;;\n", stdout);
  for (size_t i = 0; commands[i]; i++) put_bash_command(commands[i], &values);
  fputs("  esac\n  [ \"$COMP_CWORD\" = 2 ] || words=\n"
        "  case $word in\n    -*) _wemoon_offer \"$options\" ;;\n    *) _wemoon_offer \"$words\" "
        "$files ;;\n  "
        "esac\n}\n"
        "_wemoon_keys=\"",
        stdout);
  for (const ConfigKey *key = config_keys; key->name; key++) {
    putchar(' ');
    put_key_flag(key);
  }
  fputs(" --config\"\ncomplete -o filenames -F _wemoon wemoon\n", stdout);
  buf_clear(&values.words);
}

// ---- zsh ----------------------------------------------------------------------------------------

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

// The values that are offered: their name and how they are found.
static void put_zsh_values(const Values *values) {
  Str words = words_of(values);
  if (words.len && values->file) printf("value:{ compadd -- %.*s; _files }", STR_FMT(words));
  else if (words.len) printf("value:(%.*s)", STR_FMT(words));
  else fputs(values->file ? "file:_files" : "value:", stdout);
}

static void put_zsh_key(const ConfigKey *key, Values *values) {
  values_of_key(key, values);
  fputs("  '", stdout);
  put_key_flag(key);
  putchar('[');
  put_key_help(key);
  fputs("]:", stdout);
  put_zsh_values(values);
  fputs("'\n", stdout);
}

static void put_zsh_option(const Option *option, Values *values) {
  printf(" '--%s%s[", option->name, option->may_lack_value ? "=-" : "");
  put_quoted(option->help);
  putchar(']');
  if (option->argument) {
    values_of_argument(option->argument, option->choices, values);
    fputs(option->may_lack_value ? "::" : ":", stdout);
    put_zsh_values(values);
  }
  putchar('\'');
}

static void put_zsh_command(const Command *command, Values *values) {
  values_of_command(command, values);
  Str words = words_of(values);
  printf("    %s) _arguments", command->name);
  if (words.len) printf(" '1:word:(%.*s)'", STR_FMT(words));
  fputs(values->file ? " '*:file:_files'" : " '*:argument:'", stdout);
  for (const Option *option = command->options; option && option->name; option++)
    put_zsh_option(option, values);
  fputs(command->configured ? " $keys ;;\n" : " ;;\n", stdout);
}

void completions_zsh(const Command *const *commands) {
  Values values;
  buf_init(&values.words);
  fputs("#compdef wemoon\n# zsh completion for wemoon\nlocal -a commands keys\ncommands=(\n"
        "  'help:Print what a command does and takes'\n",
        stdout);
  for (size_t i = 0; commands[i]; i++) {
    printf("  '%s:", commands[i]->name);
    put_quoted(commands[i]->summary);
    fputs("'\n", stdout);
  }
  fputs(")\nkeys=(\n", stdout);
  for (const ConfigKey *key = config_keys; key->name; key++) put_zsh_key(key, &values);
  fputs("  '--config[the configuration file]:file:_files'\n)\nif (( CURRENT == 2 )); then\n"
        "  _describe command commands\nelse\n  shift words; (( CURRENT-- ))\n  case $words[1] in\n"
        "    help) _describe command commands ;;\n",
        stdout);
  for (size_t i = 0; commands[i]; i++) put_zsh_command(commands[i], &values);
  fputs("  esac\nfi\n", stdout);
  buf_clear(&values.words);
}
