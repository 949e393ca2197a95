// Frames over a Unix socket.
#include "bot/channel.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SEND_TIMEOUT_S = 5, READ_SIZE = 16384, HEAD_MAX = CHANNEL_WORD_MAX + 24 };

void channel_open(Channel *channel, int fd) {
  struct timeval timeout = { .tv_sec = SEND_TIMEOUT_S };
  *channel = (Channel){ .fd = fd };
  buf_init(&channel->in);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

void channel_close(Channel *channel) {
  if (channel->fd >= 0) close(channel->fd);
  channel->fd = -1;
  buf_clear(&channel->in);
}

bool channel_peer(const Channel *channel, int *pid, unsigned *uid) {
  struct ucred other;
  socklen_t len = sizeof other;
  if (getsockopt(channel->fd, SOL_SOCKET, SO_PEERCRED, &other, &len) != 0) return false;
  *pid = other.pid;
  *uid = other.uid;
  return true;
}

// ---- reading ------------------------------------------------------------------------------------

static void drop_used(Channel *channel) {
  Buf *in = &channel->in;
  if (channel->used == 0) return;
  memmove(in->ptr, in->ptr + channel->used, in->len - channel->used);
  in->len -= channel->used;
  channel->used = 0;
}

// Parses the head of a frame. *head gets the head's length, 0 if the head is incomplete. Returns false if it is
// malformed.
static bool parse_head(Str in, Str *word, int64_t *length, size_t *head) {
  Str line, rest, number;
  ptrdiff_t newline = str_find(str_sub(in, 0, HEAD_MAX), STR("\n"));
  *head = 0;
  if (newline < 0) return in.len < HEAD_MAX;
  line = str_sub(in, 0, (size_t)newline);
  str_cut(line, ' ', word, &number);
  rest = number;
  *head = (size_t)newline + 1;
  return word->len > 0 && word->len < CHANNEL_WORD_MAX && rest.len > 0 && rest.ptr[0] != '-' &&
         str_to_int64(rest, length) && *length <= CHANNEL_TEXT_MAX;
}

static ChannelResult take_frame(Channel *channel, char word[CHANNEL_WORD_MAX], Str *text) {
  Str in = buf_str(&channel->in), name;
  int64_t length;
  size_t head;
  if (!parse_head(in, &name, &length, &head)) return CHANNEL_OVER;
  if (head == 0 || in.len < head + (size_t)length) return CHANNEL_NOTHING;
  snprintf(word, CHANNEL_WORD_MAX, "%.*s", STR_FMT(name));
  *text = str_sub(in, head, (size_t)length);
  channel->used = head + (size_t)length;
  return CHANNEL_READ;
}

// Returns CHANNEL_READ if some bytes arrived.
static ChannelResult receive(Channel *channel, int timeout_ms) {
  char bytes[READ_SIZE];
  struct pollfd wait = { .fd = channel->fd, .events = POLLIN };
  int ready = poll(&wait, 1, timeout_ms);
  if (ready == 0 || (ready < 0 && errno == EINTR)) return CHANNEL_NOTHING;
  ssize_t got = ready > 0 ? recv(channel->fd, bytes, sizeof bytes, 0) : -1;
  if (got < 0 && errno == EINTR) return CHANNEL_NOTHING;
  if (got <= 0) return CHANNEL_OVER;
  buf_add(&channel->in, str_make(bytes, (size_t)got));
  return channel->in.failed ? CHANNEL_OVER : CHANNEL_READ;
}

ChannelResult channel_read(Channel *channel, int timeout_ms, char word[CHANNEL_WORD_MAX],
                           Str *text) {
  int64_t end_ms = clock_now_ms() + timeout_ms;
  drop_used(channel);
  for (;;) {
    ChannelResult result = take_frame(channel, word, text);
    if (result != CHANNEL_NOTHING) return result;
    int64_t left_ms = timeout_ms < 0 ? -1 : end_ms - clock_now_ms();
    result = receive(channel, timeout_ms < 0 ? -1 : left_ms > 0 ? (int)left_ms : 0);
    if (result == CHANNEL_OVER) return result;
    if (result == CHANNEL_NOTHING && timeout_ms >= 0 && clock_now_ms() >= end_ms) return result;
  }
}

static void cut_out(Buf *in, size_t at, size_t len) {
  memmove(in->ptr + at, in->ptr + at + len, in->len - at - len);
  in->len -= len;
}

ChannelResult channel_take(Channel *channel, const char *word) {
  Buf *in = &channel->in;
  Str name;
  int64_t length = 0;
  size_t at = 0, head;
  drop_used(channel);
  if (in->len <= CHANNEL_TEXT_MAX && receive(channel, 0) == CHANNEL_OVER) return CHANNEL_OVER;
  for (;; at += head + (size_t)length) {
    Str rest = str_sub(buf_str(in), at, in->len);
    if (!parse_head(rest, &name, &length, &head)) return CHANNEL_OVER;
    if (head == 0 || rest.len < head + (size_t)length) return CHANNEL_NOTHING;
    if (str_eq(name, str_of(word))) break;
  }
  cut_out(in, at, head + (size_t)length);
  return CHANNEL_READ;
}

// ---- writing ------------------------------------------------------------------------------------

static bool send_all(int fd, Str bytes) {
  while (bytes.len > 0) {
    ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes = str_sub(bytes, (size_t)sent, bytes.len);
  }
  return true;
}

bool channel_send(Channel *channel, const char *word, Str text) {
  Buf frame;
  buf_init(&frame);
  buf_printf(&frame, "%s %zu\n", word, text.len);
  buf_add(&frame, text);
  bool sent = !frame.failed && send_all(channel->fd, buf_str(&frame));
  buf_clear(&frame);
  return sent;
}
