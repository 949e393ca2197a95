// Error messages of the commands, and their exit status.
#ifndef WEMOON_CLI_REPORT_H
#define WEMOON_CLI_REPORT_H

#include <stdio.h>

#include "base/err.h"
#include "base/str.h"

// Exit statuses.
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

// "wemoon: WHAT: WHY" on standard error, WHY in the language of the environment (language.h); an empty WHAT is left
// out.
__attribute__((format(printf, 2, 3))) void report(const char *what, const char *format, ...);
// Does the same with "warning: " before a sentence that stands alone elsewhere too (in the log).
void report_warning(const char *what, const char *warning);
// Reports `err`; returns STATUS_USAGE for ERR_USAGE, else STATUS_FAILED.
int report_err(const char *what, const Err *err);
// Reports what a script raised, in the script's own words; before it the script's path, if it has one.
void report_of_script(const char *what, const char *path, const Err *err);
// Reports `err` unless `ok`, which it returns.
bool report_unless(bool ok, const Err *err);
// Reports a wrong use of the command, and where its help is; returns STATUS_USAGE.
__attribute__((format(printf, 2, 3))) int report_usage(const char *command, const char *format,
                                                       ...);
// Prints a traceback on standard error, below its error.
void report_trace(Str trace);
// Prints text from outside on standard output, escaped (base/visible.h).
void report_print(Str text);
// The command that runs this program from any folder: its name if PATH has it, else its whole path, in `path` (PATH_MAX
// bytes).
const char *report_program(char *path);
// Prints a word for a shell, in quotes if necessary.
void report_word(FILE *out, const char *word);
// Flushes standard output. A full disk is reported, and turns STATUS_DONE into STATUS_FAILED; other statuses stay.
// If a pipe's reader has left, the process ends by SIGPIPE.
int report_output(int status);

#endif
