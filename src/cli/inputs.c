// Reads inputs of one line or more, and says what came of them.
#include "cli/inputs.h"

#include <ctype.h>
#include <stdio.h>

#include "base/visible.h"
#include "cli/report.h"

static InputResult result_of(Str answer, Str *text) {
  static const char *const words[] = { "done", "failed", "more", "quit" };
  Str word;
  str_cut(answer, '\n', &word, text);
  for (int i = 0; i < 4; i++) {
    if (str_eq(word, str_of(words[i]))) return (InputResult)i;
  }
  return INPUT_DONE;
}

static void print(Str text) {
  fwrite(text.ptr ? text.ptr : "", 1, text.len, stdout);
  fflush(stdout);
}

InputResult inputs_say(Str answer) {
  Str text;
  InputResult result = result_of(answer, &text);
  print(text);
  return result;
}

InputResult inputs_say_safely(Str answer) {
  Str text;
  Buf safe;
  buf_init(&safe);
  InputResult result = result_of(answer, &text);
  visible_add_coloured(&safe, text);
  print(buf_str(&safe));
  buf_clear(&safe);
  return result;
}

static int status_of_end(Prompt *prompt, Str left, int status) {
  if (prompt_is_terminal(prompt)) {
    putchar('\n');
    return status;
  }
  if (left.len == 0) return status;
  report("repl", "the input ends before its last statement does: %.*s", STR_FMT(left));
  return STATUS_FAILED;
}

static Str skip_blanks(Str text) {
  for (;;) {
    if (str_starts(text, STR(" ")) || str_starts(text, STR("\t")))
      text = str_sub(text, 1, text.len);
    else if (str_starts(text, STR("\u3000"))) text = str_sub(text, 3, text.len);
    else return text;
  }
}

// A Chinese keyboard writes U+3002 for the dot of a command, and U+3000 for a blank.
static void add_first_line(Buf *input, Str line) {
  Str text = skip_blanks(line);
  size_t dot = str_starts(text, STR(".")) ? 1 : str_starts(text, STR("\u3002")) ? 3 : 0, end = dot;
  while (end < text.len && isalpha((unsigned char)text.ptr[end])) end++;
  if (dot == 0 || end == dot) return buf_add(input, line);
  Str rest = str_sub(text, end, text.len), after = skip_blanks(rest);
  buf_addc(input, '.');
  buf_add(input, str_sub(text, dot, end - dot));
  if (after.len < rest.len) buf_addc(input, ' ');
  buf_add(input, after);
}

int inputs_read(Prompt *prompt, const char *mark, InputResult (*run)(void *ctx, Str input),
                void *ctx, bool *ended) {
  int status = STATUS_DONE;
  InputResult result = INPUT_DONE;
  Buf line, input;
  buf_init(&line);
  buf_init(&input);
  while (result != INPUT_QUIT && result != INPUT_GONE) {
    PromptResult got = prompt_read(prompt, input.len ? "   > " : mark, &line);
    if (got == PROMPT_END) break;
    if (got == PROMPT_INTERRUPTED) {
      buf_reset(&input);
      continue;
    }
    if (!input.len) {
      add_first_line(&input, buf_str(&line));
    } else {
      buf_addc(&input, '\n');
      buf_add(&input, buf_str(&line));
    }
    result = run(ctx, buf_str(&input));
    if (result == INPUT_MORE) continue;
    prompt_remember(prompt, buf_str(&input));
    buf_reset(&input);
    if (result == INPUT_FAILED && !prompt_is_terminal(prompt)) status = STATUS_FAILED;
    if (result == INPUT_GONE) status = STATUS_FAILED;
  }
  if (ended) *ended = result != INPUT_QUIT && result != INPUT_GONE;
  status = status_of_end(prompt, buf_str(&input), status);
  buf_clear(&input);
  buf_clear(&line);
  return status;
}
