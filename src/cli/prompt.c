// libedit, and what other threads show while it waits for keys.
#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mutex.h"
#include "cli/asking.h"
#include "cli/open_line.h"
#include "cli/prompt_history.h"
#include "cli/prompt_keys.h"
#include "cli/report.h"

enum { NOTES_MAX = 4 * 1024 * 1024 };

struct Prompt {
  PromptOptions options;
  bool terminal;
  const char *mark;
  EditLine *edit;
  PromptHistory history;
  bool interrupted;
  size_t drawn;     // characters of the input, when it was last awaited
  bool is_wrapped;  // it had more than one row
  int wakes;        // eventfd of prompt_wake; -1: none
  int resizes;      // signalfd of SIGWINCH; -1: none
  Buf typed;        // keys that were read while the program was asked
  Buf unfinished;   // the line above the input that has no end yet
  int noted;        // eventfd: there are notes
  pthread_mutex_t mutex;
  // Guarded by `mutex`:
  Buf notes;   // to show
  bool reads;  // a line is being typed
  bool open;   // what was written or noted last does not end a line
  bool
      full;  // a note was dropped: so are those that come before the next look, or half of a line would be shown
};

// ---- keys ---------------------------------------------------------------------------------------

static Prompt *prompt_of(EditLine *edit) {
  void *prompt = NULL;
  el_get(edit, EL_CLIENTDATA, &prompt);
  return prompt;
}

static char *mark_of(EditLine *edit) { return (char *)prompt_of(edit)->mark; }

// The row of that place in the input, from that of the mark, once a terminal of `columns` has wrapped the input anew.
static int row_of(Prompt *prompt, const wchar_t *place, int columns) {
  const LineInfoW *line = el_wline(prompt->edit);
  const char *mark = prompt->mark;
  mbstate_t state = { 0 };
  OpenLinePlace at_row = { 0, 0 };
  wchar_t c;
  for (size_t used; (used = mbrtowc(&c, mark, MB_LEN_MAX, &state)) != 0; mark += used) {
    if (used > MB_LEN_MAX) break;
    open_line_step(&at_row, c, columns);
  }
  for (const wchar_t *at = line->buffer; at < place; at++) open_line_step(&at_row, *at, columns);
  return at_row.row + at_row.column / columns;
}

// Erases from the row that is `rows` above, and leaves the cursor there. That row is erased by itself: what is erased
// from the first place of the screen to its end, tmux keeps above it.
static void erase_from(int rows) {
  if (rows > 0) printf("\033[%dA", rows);
  fputs("\r\033[K\0337\033[B\033[J\0338", stdout);
}

// Leaves the cursor where the mark was: libedit draws the input anew where the cursor is.
static void erase_input(Prompt *prompt) {
  erase_from(row_of(prompt, el_wline(prompt->edit)->cursor, prompt_columns()));
}

static void draw_input(Prompt *prompt) {
  fflush(stdout);
  el_set(prompt->edit, EL_REFRESH);
}

// A line that has no end yet goes on where it ended.
static void show_above(Prompt *prompt, Str text) {
  if (text.len == 0) return;
  Buf *unfinished = &prompt->unfinished;
  erase_input(prompt);
  if (unfinished->len) erase_from(open_line_rows(unfinished, prompt_columns()));
  fwrite(unfinished->ptr ? unfinished->ptr : "", 1, unfinished->len, stdout);
  fwrite(text.ptr, 1, text.len, stdout);
  open_line_add(unfinished, text);
  if (text.ptr[text.len - 1] != '\n') putchar('\n');
  draw_input(prompt);
}

// Where wide characters meet the edge of the terminal, libedit draws changes of the input wrong, but for those at its
// end.
static void mend_wrapped(Prompt *prompt) {
  const LineInfoW *line = el_wline(prompt->edit);
  size_t length = (size_t)(line->lastchar - line->buffer);
  bool has_grown = line->cursor == line->lastchar && length == prompt->drawn + 1;
  bool was_wrapped = prompt->is_wrapped;
  prompt->is_wrapped = row_of(prompt, line->lastchar, prompt_columns()) > 0;
  prompt->drawn = length;
  if (has_grown || !(was_wrapped || prompt->is_wrapped)) return;
  erase_input(prompt);
  draw_input(prompt);
}

static bool has_key(const Prompt *prompt) {
  struct pollfd one = { .fd = STDIN_FILENO, .events = POLLIN };
  return prompt->typed.len > 0 || poll(&one, 1, 0) > 0;
}

// As read.
static ssize_t read_key(Prompt *prompt, char *byte) {
  Buf *typed = &prompt->typed;
  if (typed->len == 0) return read(STDIN_FILENO, byte, 1);
  *byte = typed->ptr[0];
  memmove(typed->ptr, typed->ptr + 1, --typed->len);
  return 1;
}

static void show_notes(Prompt *prompt) {
  uint64_t count;
  if (read(prompt->noted, &count, sizeof count) < 0) return;
  pthread_mutex_lock(&prompt->mutex);
  Buf notes = prompt->notes;
  buf_init(&prompt->notes);
  prompt->full = false;
  pthread_mutex_unlock(&prompt->mutex);
  show_above(prompt, buf_str(&notes));
  buf_clear(&notes);
}

static void show_news(Prompt *prompt) {
  uint64_t count;
  if (read(prompt->wakes, &count, sizeof count) < 0 || !prompt->options.news) return;
  Buf lines;
  Asking asking;
  buf_init(&lines);
  if (prompt->options.takes_interrupts) asking_begin(&asking, STDIN_FILENO, &prompt->typed);
  prompt->options.news(prompt->options.ctx, &lines);
  if (prompt->options.takes_interrupts) asking_end(&asking);
  prompt_show(prompt, buf_str(&lines));
  buf_clear(&lines);
}

static void take_resize(Prompt *prompt) {
  struct signalfd_siginfo info;
  if (read(prompt->resizes, &info, sizeof info) < 0) return;
  erase_input(prompt);
  fflush(stdout);
  el_resize(prompt->edit);
  el_set(prompt->edit, EL_REFRESH);
}

// Waits for a key, and shows notes and news meanwhile. Returns false if there is no terminal any more.
static bool await_key(Prompt *prompt) {
  for (;;) {
    struct pollfd ready[4] = { { .fd = STDIN_FILENO, .events = POLLIN },
                               { .fd = prompt->noted, .events = POLLIN },
                               { .fd = prompt->wakes, .events = POLLIN },
                               { .fd = prompt->resizes, .events = POLLIN } };
    if (poll(ready, 4, -1) < 0 && errno != EINTR) return false;
    if (ready[3].revents & POLLIN) take_resize(prompt);
    if (ready[2].revents & POLLIN) show_news(prompt);
    if ((ready[1].revents | ready[2].revents) & POLLIN) show_notes(prompt);
    if (prompt->typed.len > 0 || ready[0].revents & (POLLIN | POLLHUP | POLLERR)) return true;
  }
}

// Reads the next character for libedit.
static int get_char(EditLine *edit, wchar_t *out) {
  Prompt *prompt = prompt_of(edit);
  char bytes[MB_LEN_MAX];
  mbstate_t state = { 0 };
  size_t count = 0;
  if (!has_key(prompt)) mend_wrapped(prompt);
  for (;;) {
    if (prompt->typed.len == 0 && !await_key(prompt)) return -1;
    ssize_t len = read_key(prompt, &bytes[count]);
    if (len <= 0) return (int)len;
    size_t used = mbrtowc(out, &bytes[count], 1, &state);
    if (used == (size_t)-1) {
      *out = (unsigned char)bytes[count];
      return 1;
    }
    if (used != (size_t)-2) return 1;
    if (++count == sizeof bytes) return -1;
  }
}

// Ctrl-C: drops the input.
static unsigned char on_interrupt(EditLine *edit, int key) {
  Prompt *prompt = prompt_of(edit);
  fputs("^C\n", stdout);
  fflush(stdout);
  el_reset(edit);
  prompt->interrupted = true;
  return CC_NEWLINE;
}

static size_t common_length(Str candidates) {
  Str first, rest, line;
  str_cut(candidates, '\n', &first, &rest);
  size_t common = first.len;
  while (rest.len) {
    str_cut(rest, '\n', &line, &rest);
    size_t same = 0;
    while (same < common && same < line.len && line.ptr[same] == first.ptr[same]) same++;
    common = same;
  }
  return common;
}

// Does not break a name at the edge of the terminal.
static void list_candidates(Str candidates, size_t columns) {
  size_t used = 0;
  putchar('\n');
  while (candidates.len) {
    Str name;
    str_cut(candidates, '\n', &name, &candidates);
    if (used > 0 && used + 2 + name.len > columns) {
      putchar('\n');
      used = 0;
    }
    used += (size_t)printf("%s%.*s", used ? "  " : "", STR_FMT(name));
  }
  putchar('\n');
}

// What stands above the input does not go on below what is printed now.
static void leave_open_line(Prompt *prompt) {
  buf_reset(&prompt->unfinished);
  pthread_mutex_lock(&prompt->mutex);
  prompt->open = false;
  pthread_mutex_unlock(&prompt->mutex);
}

static unsigned char on_complete(EditLine *edit, int key) {
  Prompt *prompt = prompt_of(edit);
  const LineInfo *info = el_line(edit);
  size_t length = 0;
  Buf candidates;
  Asking asking;
  buf_init(&candidates);
  Str before = str_make(info->buffer, (size_t)(info->cursor - info->buffer));
  if (prompt->options.takes_interrupts) asking_begin(&asking, STDIN_FILENO, &prompt->typed);
  prompt->options.complete(prompt->options.ctx, before, &candidates, &length);
  if (prompt->options.takes_interrupts) asking_end(&asking);
  Str all = str_trim(buf_str(&candidates));
  unsigned char result = CC_ERROR;
  size_t common = common_length(all);
  if (all.len && common > length) {
    char *text = strndup(all.ptr + length, common - length);
    if (text && el_insertstr(edit, text) == 0) result = CC_REFRESH;
    free(text);
  } else if (all.len && str_find(all, STR("\n")) >= 0) {
    leave_open_line(prompt);
    list_candidates(all, (size_t)prompt_columns());
    result = CC_REDISPLAY;
  }
  buf_clear(&candidates);
  return result;
}

// ---- opening ------------------------------------------------------------------------------------

static void choose_locale(void) {
  setlocale(LC_CTYPE, "");
  if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
  report("repl", "the locale's characters are %s, wemoon's are UTF-8: set LANG=C.UTF-8",
         nl_langinfo(CODESET));
  setlocale(LC_CTYPE, "C.UTF-8");
}

static bool open_edit(Prompt *prompt) {
  choose_locale();
  prompt->edit = el_init("wemoon", stdin, stdout, stderr);
  if (!prompt->edit) return false;
  EditLine *edit = prompt->edit;
  el_set(edit, EL_CLIENTDATA, prompt);
  el_set(edit, EL_PROMPT, mark_of);
  el_set(edit, EL_EDITOR, "emacs");
  el_set(edit, EL_SIGNAL, 0);
  el_set(edit, EL_SETTY, "-d", "-isig", NULL);
  el_set(edit, EL_ADDFN, "wemoon-interrupt", "give up the line", on_interrupt);
  el_set(edit, EL_ADDFN, "wemoon-complete", "complete the word", on_complete);
  el_set(edit, EL_BIND, "^C", "wemoon-interrupt", NULL);
  el_set(edit, EL_BIND, "^I", "wemoon-complete", NULL);
  el_set(edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
  prompt_bind_keys(edit);
  prompt_history_open(&prompt->history, edit);
  el_source(edit, NULL);
  el_set(edit, EL_GETCFN, get_char);
  return true;
}

// The other threads block the signal too, so that it is delivered here.
static int open_resizes(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

Prompt *prompt_open(const PromptOptions *options, Err *err) {
  Prompt *prompt = calloc(1, sizeof *prompt);
  if (!prompt || (prompt->noted = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
    free(prompt);
    err_set(err, ERR_MEMORY, "no memory for the prompt");
    return NULL;
  }
  prompt->options = *options;
  buf_init(&prompt->notes);
  mutex_init_brief(&prompt->mutex);
  buf_init(&prompt->typed);
  buf_init(&prompt->unfinished);
  prompt->resizes = open_resizes();
  prompt->wakes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  prompt->terminal = prompt_at_terminal();
  if (!prompt->terminal || open_edit(prompt)) return prompt;
  prompt_close(prompt);
  err_set(err, ERR_FAILED, "the terminal cannot be used (TERM=%s)",
          getenv("TERM") ? getenv("TERM") : "");
  return NULL;
}

void prompt_close(Prompt *prompt) {
  if (!prompt) return;
  prompt_history_save(&prompt->history);
  if (prompt->edit) el_end(prompt->edit);
  prompt_history_close(&prompt->history);
  close(prompt->noted);
  if (prompt->resizes >= 0) close(prompt->resizes);
  if (prompt->wakes >= 0) close(prompt->wakes);
  buf_clear(&prompt->notes);
  pthread_mutex_destroy(&prompt->mutex);
  buf_clear(&prompt->typed);
  buf_clear(&prompt->unfinished);
  free(prompt);
}

int prompt_columns(void) {
  enum { COLUMNS = 80 };
  struct winsize size;
  const char *columns = getenv("COLUMNS");
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return columns && atoi(columns) > 0 ? atoi(columns) : COLUMNS;
}

void prompt_remember(Prompt *prompt, Str input) { prompt_history_add(&prompt->history, input); }

bool prompt_at_terminal(void) { return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO); }

bool prompt_is_terminal(const Prompt *prompt) { return prompt->terminal; }

// ---- reading ------------------------------------------------------------------------------------

static PromptResult read_pipe(Buf *line) {
  char *text = NULL;
  size_t size = 0;
  ssize_t len = getline(&text, &size, stdin);
  if (len > 0 && text[len - 1] == '\n') len--;
  if (len >= 0) buf_add(line, str_make(text, (size_t)len));
  free(text);
  return len < 0 ? PROMPT_END : PROMPT_LINE;
}

// The mutex is held.
static void write_now(Prompt *prompt, Str text) {
  if (text.len) fwrite(text.ptr, 1, text.len, stdout);
  fflush(stdout);
  if (text.len) prompt->open = text.ptr[text.len - 1] != '\n';
}

// The mutex is held.
static void end_line(Prompt *prompt) {
  if (prompt->terminal && prompt->open) write_now(prompt, STR("\n"));
}

void prompt_end_line(Prompt *prompt) {
  pthread_mutex_lock(&prompt->mutex);
  end_line(prompt);
  pthread_mutex_unlock(&prompt->mutex);
}

static void begin_reading(Prompt *prompt) {
  pthread_mutex_lock(&prompt->mutex);
  end_line(prompt);
  prompt->reads = true;
  pthread_mutex_unlock(&prompt->mutex);
}

// The line was entered: notes that came last need no place above it, and what stands there does not go on.
static void end_reading(Prompt *prompt) {
  buf_reset(&prompt->unfinished);
  pthread_mutex_lock(&prompt->mutex);
  prompt->reads = prompt->open = prompt->full = false;
  write_now(prompt, buf_str(&prompt->notes));
  buf_reset(&prompt->notes);
  pthread_mutex_unlock(&prompt->mutex);
}

PromptResult prompt_read(Prompt *prompt, const char *mark, Buf *line) {
  buf_reset(line);
  if (!prompt->terminal) return read_pipe(line);
  int count = 0;
  prompt->mark = mark;
  prompt->interrupted = false;
  begin_reading(prompt);
  const char *text = el_gets(prompt->edit, &count);
  end_reading(prompt);
  if (prompt->interrupted) {
    if (prompt->options.interrupted) prompt->options.interrupted(prompt->options.ctx);
    return PROMPT_INTERRUPTED;
  }
  if (!text || count <= 0) return PROMPT_END;
  size_t len = strlen(text);
  if (len && text[len - 1] == '\n') len--;
  buf_add(line, str_make(text, len));
  return PROMPT_LINE;
}

// A counter that is full wakes the reader all the same.
static void wake(int counter) {
  uint64_t one = 1;
  if (write(counter, &one, sizeof one) < 0) return;
}

// The mutex is held.
static bool add_note(Prompt *prompt, Str text) {
  prompt->full = prompt->full || prompt->notes.len + text.len > NOTES_MAX;
  if (prompt->full) return false;
  buf_add(&prompt->notes, text);
  wake(prompt->noted);
  return true;
}

void prompt_show(Prompt *prompt, Str lines) {
  if (!prompt->terminal || lines.len == 0) return;
  pthread_mutex_lock(&prompt->mutex);
  if (prompt->reads && prompt->open) prompt->open = !add_note(prompt, STR("\n"));
  add_note(prompt, lines);
  pthread_mutex_unlock(&prompt->mutex);
}

void prompt_print(Prompt *prompt, Str text) {
  if (text.len == 0) return;
  pthread_mutex_lock(&prompt->mutex);
  if (!prompt->reads) write_now(prompt, text);
  else if (add_note(prompt, text)) prompt->open = text.ptr[text.len - 1] != '\n';
  pthread_mutex_unlock(&prompt->mutex);
}

bool prompt_can_wake(const Prompt *prompt) { return prompt->wakes >= 0; }

void prompt_wake(Prompt *prompt) { wake(prompt->wakes); }
