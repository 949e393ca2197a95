// The log: one line per event on standard error or in a file, as text or JSON. Level and format are process-wide.
#ifndef WEMOON_BASE_LOG_H
#define WEMOON_BASE_LOG_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/trail.h"

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;
typedef enum { LOG_TEXT, LOG_JSON } LogFormat;

// Sets the least level that is logged and the form of the lines, for all threads.
void log_setup(LogLevel level, LogFormat format);
// Appends lines to that file from now on (log_sink.h). False with errno: nothing was changed.
bool log_to_file(const char *path);
void log_reopen(void);
bool log_on(LogLevel level);  // ask before building an expensive line
// Writes a line, in local time, with the fields of the thread's subject. Known secrets are masked (secrets.h).
// Newlines are kept in JSON and indented in text (tracebacks); other control characters except the tab, and broken
// UTF-8, are escaped, so that a stranger cannot forge a line; in text at a terminal, marks that reorder what is shown
// too. It never waits for the reader of the log: a line that the reader does not take is dropped, and a warning with
// dropped=N precedes the next line that is written. errno is preserved.
__attribute__((format(printf, 2, 3))) void log_line(LogLevel level, const char *format, ...);
#define log_debug(...)                                                                             \
  do {                                                                                             \
    if (log_on(LOG_DEBUG)) log_line(LOG_DEBUG, __VA_ARGS__);                                       \
  } while (0)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

// The user and the message that a thread works for; empty if there is none. The bytes outlive their use.
typedef struct {
  Str openid, msgid;
  Trail *
      trail;  // of the message, where what it causes is noted down; or NULL. The log does not use it
} LogSubject;
// Adds these fields to every line that this thread writes from now on. Returns the previous subject; the caller
// restores it.
LogSubject log_about(LogSubject subject);
LogSubject log_subject_now(void);
// Replaces the texts of `subject` by copies in one block, which the caller frees. NULL if it has none, or without
// memory: then the subject is empty.
char *log_subject_copy(LogSubject *subject);
// Call it before such a block is freed: ends this thread's subject if its texts are in `block`.
void log_end_subject(const char *block);

// A subject's texts where other threads read them meanwhile.
enum { LOG_SUBJECT_SIZE = 64 };
typedef struct {
  atomic_uint_least64_t words[LOG_SUBJECT_SIZE / 8];
} LogSubjectNote;
// Notes the texts of `subject`, without the trail; one that is too long is left out.
void log_subject_note(LogSubjectNote *note, LogSubject subject);
// Returns what was noted last, with the texts in `text`; while a subject is being noted, a mixture with the one before.
LogSubject log_subject_noted(const LogSubjectNote *note, char text[LOG_SUBJECT_SIZE]);

// A field's name as a line of text has it, " type=": copied as a whole.
typedef struct {
  char text[15];
  uint8_t len;
} LogName;
// Of a literal of up to 12 bytes.
#define LOG_NAME(literal) ((LogName){ " " literal "=", sizeof(literal) + 1 })

typedef struct {
  LogName name;
  Str value;       // empty: none
  bool is_number;  // written bare in JSON
} LogField;
// Writes a line with fields of its own, in this order, after those of the subject.
void log_fields(LogLevel level, const char *message, const LogField *fields, size_t count);

// Calls `tap` with every line of the level `from` or above too; NULL ends it. It runs on the thread that logs, which
// may hold locks: it must neither block nor log. Process-wide, one at a time. Set it while no other thread logs, unless
// the previous tap may be called a moment longer.
void log_tap(LogLevel from, void (*tap)(void *ctx, LogLevel level, Str message), void *ctx);
// Calls `show` with every line instead of writing it: a prompt prints it above the input line. NULL ends it.
void log_divert(void (*show)(void *ctx, LogLevel level, Str message), void *ctx);

#endif
