// The log: one line per happening on standard error or in a file, text or JSON. Level and format are
// process-wide.
#ifndef WEMOON_BASE_LOG_H
#define WEMOON_BASE_LOG_H

#include "base/buf.h"

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;
typedef enum { LOG_TEXT, LOG_JSON } LogFormat;

void log_setup(LogLevel level, LogFormat format);
// Lines go to the end of that file from now on (log_sink.h). False with errno: nothing has changed.
bool log_to_file(const char *path);
void log_reopen(void);
bool log_on(LogLevel level);  // ask before building an expensive line
// A line, in local time, with the fields of its subject. Secrets that the process knows are masked (secrets.h). Newlines inside are kept in JSON and indented in text (tracebacks); other control
// characters but the tab, and broken UTF-8, are made visible, so that nothing a stranger sent can forge a
// line. It never waits for the reader of the log: what it does not take is dropped, and the next line that
// gets through is preceded by a warning with dropped=N. errno is kept.
__attribute__((format(printf, 2, 3))) void log_line(LogLevel level, const char *format, ...);
#define log_debug(...)                                                                             \
  do {                                                                                             \
    if (log_on(LOG_DEBUG)) log_line(LOG_DEBUG, __VA_ARGS__);                                       \
  } while (0)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

// Whom and which message a thread works for. Slices of what outlives their use; empty: nobody, none.
typedef struct {
  Str openid, msgid;
} LogSubject;
// From now on every line that this thread writes has these fields. Returns the subject before, which the
// caller puts back.
LogSubject log_about(LogSubject subject);

typedef struct {
  const char *name;
  Str value;       // empty: none
  bool is_number;  // written bare in JSON
} LogField;
// A line with fields of its own, in their order, after those of the subject.
void log_fields(LogLevel level, const char *message, const LogField *fields, size_t count);

// Has every line that is logged given to `tap` too, by the thread that logs it; NULL: no more. It
// is called on the thread that logs, whatever locks that holds: it must neither wait nor log. Process-wide,
// one at a time; set it where nobody logs, or when the one before may still be called for a moment.
void log_tap(void (*tap)(void *ctx, LogLevel level, Str message), void *ctx);
// Has lines shown by `show` in place of being written: a prompt puts them above what is being typed. NULL ends it.
void log_divert(void (*show)(void *ctx, LogLevel level, Str message), void *ctx);

#endif
