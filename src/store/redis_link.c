// The socket is non-blocking: each read and write polls until its call's deadline.
#include "store/redis_link.h"

#include "base/buf.h"
#include "base/clock.h"
#include "store/redis_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { ELEMENTS_MAX = 1 << 20 };  // of an array that Redis sends; pages of SCAN are the largest

struct RedisLink {
  int fd;
  redisReader *reader;
  redisReplyObjectFunctions makes;  // what the reader calls
  const redisReplyObjectFunctions *hiredis;
  RedisTls *tls;  // NULL: plain
  Buf out;        // commands to send
  Buf sealed;     // the same, or a handshake, encrypted
};

// ---- the socket ---------------------------------------------------------------------------------

static bool fail(Err *err, const char *what) { return err_set(err, ERR_NETWORK, "%s", what); }

static bool wait_for(const RedisLink *link, short events, int64_t give_up_us, Err *err) {
  struct pollfd poll_fd = { .fd = link->fd, .events = events };
  for (;;) {
    int64_t left_ms = (give_up_us - clock_now_us() + 999) / 1000;
    int ready = poll(&poll_fd, 1, left_ms > 0 ? (int)left_ms : 0);
    if (ready > 0) return true;
    if (ready == 0) return fail(err, "no answer in time");
    if (errno != EINTR) return fail(err, strerror(errno));
  }
}

static bool send_bytes(RedisLink *link, Str bytes, int64_t give_up_us, Err *err) {
  while (bytes.len > 0) {
    ssize_t sent = send(link->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (sent >= 0) bytes = str_sub(bytes, (size_t)sent, bytes.len);
    else if (errno != EAGAIN && errno != EINTR) return fail(err, strerror(errno));
    else if (!wait_for(link, POLLOUT, give_up_us, err)) return false;
  }
  return true;
}

// 0 with *dead or `err`: nothing was received.
static size_t receive_bytes(RedisLink *link, char *into, size_t size, bool *dead, Err *err) {
  ssize_t got;
  do got = recv(link->fd, into, size, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  *dead = got == 0 || (got < 0 && errno != EAGAIN);
  if (*dead) fail(err, got == 0 ? "it closed the connection" : strerror(errno));
  return got > 0 ? (size_t)got : 0;
}

static bool send_sealed(RedisLink *link, int64_t give_up_us, Err *err) {
  bool sent = !link->sealed.failed || err_set(err, ERR_MEMORY, "no memory");
  sent = sent && send_bytes(link, buf_str(&link->sealed), give_up_us, err);
  buf_reset(&link->sealed);
  return sent;
}

static bool connect_socket(RedisLink *link, const struct sockaddr *address, socklen_t len,
                           int64_t give_up_us, Err *err) {
  int on = 1, why = 0;
  socklen_t why_len = sizeof why;
  link->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (link->fd < 0) return fail(err, strerror(errno));
  if (address->sa_family != AF_UNIX) {
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(link->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  if (connect(link->fd, address, len) == 0) return true;
  if (errno != EINPROGRESS) return fail(err, strerror(errno));
  if (!wait_for(link, POLLOUT, give_up_us, err)) return false;
  getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &why, &why_len);
  return why == 0 || fail(err, strerror(why));
}

// hiredis reserves an array of any announced length, and looks at each of its elements when it is freed.
static void *make_array(const redisReadTask *task, int elements) {
  const RedisLink *link = task->privdata;
  return elements > ELEMENTS_MAX ? NULL : link->hiredis->createArray(task, elements);
}

static void limit_arrays(RedisLink *link) {
  link->hiredis = link->reader->fn;
  link->makes = *link->hiredis;
  link->makes.createArray = make_array;
  link->reader->fn = &link->makes;
  link->reader->privdata = link;
}

RedisLink *redis_link_open(const struct sockaddr *address, socklen_t len, int64_t give_up_us,
                           Err *err) {
  RedisLink *link = calloc(1, sizeof *link);
  err_set(err, ERR_NETWORK, "no memory for a connection");
  if (!link) return NULL;
  link->fd = -1;
  buf_init(&link->out);
  buf_init(&link->sealed);
  link->reader = redisReaderCreate();
  if (link->reader) limit_arrays(link);
  if (link->reader && connect_socket(link, address, len, give_up_us, err)) return link;
  redis_link_close(link);
  return NULL;
}

static void set_port(struct sockaddr *address, int port) {
  if (address->sa_family == AF_INET6)
    ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
  else ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

RedisLink *redis_link_open_host(Resolver *resolver, int port, int64_t give_up_us, Err *err) {
  const char *why = NULL;
  const struct addrinfo *address = resolver_ask(resolver, give_up_us, &why);
  if (!address) fail(err, why);
  for (; address; address = address->ai_next) {
    // The last address may take all remaining time, each other one half of it.
    int64_t left_us = give_up_us - clock_now_us();
    int64_t until_us = address->ai_next ? give_up_us - left_us / 2 : give_up_us;
    set_port(address->ai_addr, port);
    RedisLink *link = redis_link_open(address->ai_addr, address->ai_addrlen, until_us, err);
    if (link) return link;
  }
  return NULL;
}

void redis_link_close(RedisLink *link) {
  if (!link) return;
  if (link->fd >= 0) close(link->fd);
  if (link->reader) redisReaderFree(link->reader);
  redis_tls_free(link->tls);
  buf_clear(&link->out);
  buf_clear(&link->sealed);
  free(link);
}

// ---- TLS ----------------------------------------------------------------------------------------

static bool fail_tls(RedisLink *link, Err *err) {
  char why[200];
  redis_tls_why(link->tls, why, sizeof why);
  return fail(err, why);
}

static bool feed_tls(RedisLink *link, int64_t give_up_us, Err *err) {
  char bytes[16384];
  bool dead = false;
  size_t got = receive_bytes(link, bytes, sizeof bytes, &dead, err);
  if (dead) return false;
  if (got == 0) return wait_for(link, POLLIN, give_up_us, err);
  return redis_tls_feed(link->tls, str_make(bytes, got)) || fail(err, "no memory");
}

bool redis_link_start_tls(RedisLink *link, const char *host, const char *ca_file,
                          int64_t give_up_us, Err *err) {
  if (!(link->tls = redis_tls_new(host, ca_file, err))) return false;
  for (;;) {
    RedisTlsResult result = redis_tls_greet(link->tls, &link->sealed);
    if (!send_sealed(link, give_up_us, err)) return false;
    if (result == REDIS_TLS_DONE) return true;
    if (result != REDIS_TLS_MORE) return fail_tls(link, err);
    if (!feed_tls(link, give_up_us, err)) return err_wrap(err, "TLS (does that port speak it?)");
  }
}

// ---- commands and replies -----------------------------------------------------------------------

enum { WORDS_MAX = 16, KEEP_MAX = 1 << 20 };

bool redis_link_add(RedisLink *link, int count, const Str *words) {
  const char *pointers[WORDS_MAX];
  size_t lens[WORDS_MAX];
  char *text = NULL;
  for (int i = 0; i < count; i++) {
    pointers[i] = words[i].len ? words[i].ptr : "";
    lens[i] = words[i].len;
  }
  int len = redisFormatCommandArgv(&text, count, pointers, lens);
  if (len > 0) buf_add(&link->out, str_make(text, (size_t)len));
  free(text);
  return len > 0 && !link->out.failed;
}

bool redis_link_send(RedisLink *link, int64_t give_up_us, Err *err) {
  Str plain = buf_str(&link->out);
  bool sent;
  if (link->tls)
    sent = (redis_tls_write(link->tls, plain, &link->sealed) == REDIS_TLS_DONE ||
            fail_tls(link, err)) &&
           send_sealed(link, give_up_us, err);
  else sent = send_bytes(link, plain, give_up_us, err);
  if (link->out.cap > KEEP_MAX) buf_clear(&link->out);
  if (link->sealed.cap > KEEP_MAX) buf_clear(&link->sealed);
  buf_reset(&link->out);
  return sent;
}

// Feeds the socket's bytes to the reader. 0 if there are none; *dead at the end of the connection.
static size_t take_in(RedisLink *link, bool *dead, Err *err) {
  char bytes[16384];
  size_t got = receive_bytes(link, bytes, sizeof bytes, dead, err), plain = 0;
  if (got == 0) return 0;
  if (!link->tls) {
    redisReaderFeed(link->reader, bytes, got);
    return got;
  }
  RedisTlsResult result =
      redis_tls_feed(link->tls, str_make(bytes, got)) ? REDIS_TLS_DONE : REDIS_TLS_FAILED;
  while (result == REDIS_TLS_DONE) {
    result = redis_tls_read(link->tls, bytes, sizeof bytes, &plain, &link->sealed);
    if (plain) redisReaderFeed(link->reader, bytes, plain);
  }
  *dead = result != REDIS_TLS_MORE;
  if (*dead) fail_tls(link, err);
  return got;
}

// False if the bytes are not a reply, or without memory.
static bool next_reply(RedisLink *link, void **reply, Err *err) {
  *reply = NULL;
  if (redisReaderGetReply(link->reader, reply) == REDIS_OK) return true;
  if (link->reader->err == REDIS_ERR_OOM) return fail(err, "its answer is too large");
  return fail(err, link->reader->errstr[0] ? link->reader->errstr
                                           : "it sent something that is not a Redis reply");
}

redisReply *redis_link_read(RedisLink *link, int64_t give_up_us, Err *err) {
  void *reply;
  bool dead = false;
  for (;;) {
    if (!next_reply(link, &reply, err) || reply) return reply;
    size_t got = dead ? 0 : take_in(link, &dead, err);
    if (got > 0) continue;
    if (dead || !wait_for(link, POLLIN, give_up_us, err)) return NULL;
  }
}

redisReply *redis_link_peek(RedisLink *link, bool *dead) {
  void *reply;
  *dead = false;
  while (next_reply(link, &reply, NULL) && !reply) {
    if (*dead || take_in(link, dead, NULL) == 0) return NULL;
  }
  if (!reply) *dead = true;
  return reply;
}
