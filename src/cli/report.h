// What the commands say on standard error and how they end.
#ifndef WEMOON_CLI_REPORT_H
#define WEMOON_CLI_REPORT_H

#include <stdio.h>

#include "base/err.h"
#include "base/str.h"

// A process ends with one of these.
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

// "wemoon: WHAT: WHY" on standard error; an empty WHAT is left out.
__attribute__((format(printf, 2, 3))) void report(const char *what, const char *format, ...);
// Reports `err` and returns the status that its code asks for: STATUS_USAGE for ERR_USAGE, else
// STATUS_FAILED.
int report_err(const char *what, const Err *err);
// Reports a wrong use of the command, with where to read on; returns STATUS_USAGE.
__attribute__((format(printf, 2, 3))) int report_usage(const char *command, const char *format,
                                                       ...);
// A traceback on standard error, below the error that it belongs to.
void report_trace(Str trace);
// Prints on standard output what others wrote (base/visible.h).
void report_print(Str text);
// How this program is called from any folder: by its name where it was found along PATH, else by its whole path.
// In `path` (PATH_MAX bytes), or the name that it was called by.
const char *report_program(char *path);
// Prints a word as a shell takes it, in quotes where it needs them.
void report_word(FILE *out, const char *word);
// Writes out what standard output holds. A full disk or a reader that has left is reported, and makes
// STATUS_DONE STATUS_FAILED; other statuses stay.
int report_output(int status);

#endif
