// Formats one line of the log: escapes, masks and orders its parts.
#ifndef WEMOON_BASE_LOG_LINE_H
#define WEMOON_BASE_LOG_LINE_H

#include "base/log.h"

typedef struct {
  LogLevel level;
  Str message;
  LogSubject subject;
  const LogField *fields;
  size_t field_count;
} LogLine;

// Appends the whole line with its time and newline. Text: "TIME LEVEL MESSAGE KEY=VALUE ...", where the keys
// end the message's first line and empty values are left out. JSON: one object; a field without a value is null.
void log_line_render(const LogLine *line, LogFormat format, Buf *out);
// Appends "MESSAGE KEY=VALUE ..." with the line's own fields, as a prompt shows it: not cleaned.
void log_line_add_message(const LogLine *line, Buf *out);

// The field's name alone.
static inline Str log_line_name(const LogField *field) {
  return str_make(field->name.text + 1, field->name.len - 2u);
}
// Whether the text is ASCII without control characters, quotation marks and backslashes.
bool log_line_is_easy(Str text);
// The columns of the levels in text, spaces included, and their names in JSON.
extern const Str log_level_columns[], log_level_names[];
// The time now as a line of that format begins with it, without quotes. Valid until the thread's next call.
Str log_line_time(LogFormat format);

#endif
