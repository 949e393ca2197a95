// `wemoon docs`: the reference as a page or a manual page (lua/docs), and the shells' completions, made from the tables
// that the program itself uses.
#include "cli/command.h"
#include "cli/completions.h"
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

// For the named shell, else for $SHELL.
static int print_completions(const Invocation *in) {
  const char *shell = in->arguments.count > 1 ? in->arguments.positionals[1] : NULL;
  if (shell && strcmp(shell, "bash") != 0 && strcmp(shell, "zsh") != 0)
    return report_usage("docs", "unknown shell \"%s\": write bash or zsh", shell);
  if (!shell) shell = getenv("SHELL");
  const char *slash = shell ? strrchr(shell, '/') : NULL;
  if (slash) shell = slash + 1;
  if (shell && strcmp(shell, "zsh") == 0) completions_zsh(in->commands);
  else completions_bash(in->commands);
  return STATUS_DONE;
}

static int run(Invocation *in) {
  static const struct {
    const char *name;
    void (*print)(const Command *const *commands);
  } kinds[] = { { "bash", completions_bash }, { "zsh", completions_zsh } };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(in->arguments.positionals[0], kinds[i].name) != 0) continue;
    kinds[i].print(in->commands);
    return STATUS_DONE;
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
