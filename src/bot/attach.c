// The socket, with one thread that accepts and one thread per session.
#include "bot/attach.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "bot/attach_session.h"
#include "codec/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { STOPPING_US = 3000 * 1000, FILE_LOOK_MS = 1500 };

typedef struct {
  Attach *attach;
  Session *session;  // NULL: free
} Slot;

struct Attach {
  AttachOptions options;
  char *path;
  int fd, wake;       // wake: an eventfd for the accepting thread
  struct stat bound;  // the socket's file; the accepting thread's
  bool is_missing;    // as the log has been told; the accepting thread's
  pthread_t acceptor;
  atomic_bool stopping;
  Buf about;
  pthread_mutex_t mutex;
  pthread_cond_t left;
  // With the mutex:
  Slot slots[ATTACH_SESSIONS_MAX];
  int taken;
  uint64_t last;
};

// ---- slots --------------------------------------------------------------------------------------

// Returns NULL if all slots are taken.
static Slot *enter(Attach *attach, Session *session) {
  Slot *slot = NULL;
  pthread_mutex_lock(&attach->mutex);
  for (int i = 0; i < ATTACH_SESSIONS_MAX && !slot; i++) {
    if (!attach->slots[i].session) slot = &attach->slots[i];
  }
  if (slot) {
    *slot = (Slot){ attach, session };
    attach->taken++;
    session->number = ++attach->last;
  }
  pthread_mutex_unlock(&attach->mutex);
  return slot;
}

static void leave(Slot *slot) {
  Attach *attach = slot->attach;
  pthread_mutex_lock(&attach->mutex);
  session_free(slot->session);
  slot->session = NULL;
  attach->taken--;
  pthread_cond_broadcast(&attach->left);
  pthread_mutex_unlock(&attach->mutex);
}

static void *serve(void *ctx) {
  Slot *slot = ctx;
  session_converse(slot->session);
  leave(slot);
  return NULL;
}

// ---- accepting ----------------------------------------------------------------------------------

static void refuse(Session *session, const char *why) {
  log_warn("attach: process %d of user %u was refused: %s", session->pid, session->uid, why);
  channel_send(&session->channel, "refused", str_of(why));
  session_free(session);
}

// The socket's mode enforces the same, unless the mode was changed or the folder was copied.
static bool may_attach(Session *session) {
  return channel_peer(&session->channel, &session->pid, &session->uid) &&
         (session->uid == geteuid() || session->uid == 0);
}

static void take_in(Attach *attach, int fd) {
  pthread_t thread;
  Session *session = session_new(&attach->options, &attach->about, &attach->stopping, fd);
  if (!session) {
    close(fd);
    return;
  }
  if (!may_attach(session)) return refuse(session, "only the bot's own user and root may attach");
  Slot *slot = enter(attach, session);
  if (!slot)
    return refuse(session, "the largest number of prompts is attached already: close one of them");
  if (pthread_create(&thread, NULL, serve, slot) != 0) return leave(slot);
  pthread_setname_np(thread, "attached");
  pthread_detach(thread);
}

// ---- socket -------------------------------------------------------------------------------------

// Only a socket is removed for the new one: `attach` may name any file by mistake.
static bool remove_old(const char *path, Err *err) {
  struct stat info;
  if (lstat(path, &info) != 0) return true;
  if (!S_ISSOCK(info.st_mode))
    return err_set(err, ERR_FAILED, "%s: it is there and is no socket", path);
  unlink(path);
  return true;
}

// Another bot may have taken the path over.
static void remove_own(const Attach *attach) {
  struct stat info;
  if (lstat(attach->path, &info) == 0 && info.st_ino == attach->bound.st_ino &&
      info.st_dev == attach->bound.st_dev)
    unlink(attach->path);
}

// Binds through the path's folder, because the path may be too long for a socket address.
static bool bind_at(int fd, const char *path, Err *err) {
  if (!remove_old(path, err)) return false;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  Str folder = file_folder(path);
  char name[PATH_MAX];
  snprintf(name, sizeof name, "%.*s", STR_FMT(folder.len ? folder : STR(".")));
  int at = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) return err_set(err, ERR_FAILED, "%s: %s", name, strerror(errno));
  int len = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", at,
                     path + folder.len);
  bool ok = len < (int)sizeof address.sun_path;
  if (!ok) errno = ENAMETOOLONG;
  // Linux creates the file with the socket's own mode, so only the owner ever has access.
  ok = ok && fchmod(fd, S_IRUSR | S_IWUSR) == 0;
  ok = ok && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
  int why = errno;
  close(at);
  return ok || err_set(err, ERR_FAILED, "%s: %s", path, strerror(why));
}

// Returns a socket that listens at the path, and its file; -1 with the reason.
static int listen_at(const char *path, struct stat *bound, Err *err) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    err_set(err, ERR_FAILED, "%s", strerror(errno));
    return -1;
  }
  bool ok = bind_at(fd, path, err);
  if (ok && (lstat(path, bound) != 0 || listen(fd, ATTACH_SESSIONS_MAX) != 0))
    ok = err_set(err, ERR_FAILED, "%s: %s", path, strerror(errno));
  if (ok) return fd;
  close(fd);
  return -1;
}

// Makes the socket again if its file was removed: cleaners of temporary folders do so, and then nobody finds it.
static void keep_file(Attach *attach) {
  struct stat info;
  if (lstat(attach->path, &info) == 0 || errno != ENOENT) return;
  Err err;
  int fd = listen_at(attach->path, &attach->bound, &err);
  if (fd >= 0) {
    close(attach->fd);
    attach->fd = fd;
    log_warn("attach: %s was removed; the socket was made again", attach->path);
  } else if (!attach->is_missing) {
    log_warn("attach: the socket was removed and cannot be made again: %s", err.text);
  }
  attach->is_missing = fd < 0;
}

// ---- accepting thread ---------------------------------------------------------------------------

static void accept_one(Attach *attach) {
  int fd = accept4(attach->fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) take_in(attach, fd);
  else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) usleep(100 * 1000);
}

static void *accept_all(void *ctx) {
  Attach *attach = ctx;
  while (!atomic_load(&attach->stopping)) {
    struct pollfd waits[] = { { .fd = attach->fd, .events = POLLIN },
                              { .fd = attach->wake, .events = POLLIN } };
    int ready = poll(waits, 2, FILE_LOOK_MS);
    if (ready < 0 && errno != EINTR) break;
    if (atomic_load(&attach->stopping)) break;
    if (ready == 0) keep_file(attach);
    else accept_one(attach);
  }
  return NULL;
}

// ---- beginning and end --------------------------------------------------------------------------

static void add_member(Buf *json, const char *name, const char *value) {
  buf_add(json, json->len ? STR(",") : STR("{"));
  json_add_string(json, str_of(name));
  buf_addc(json, ':');
  json_add_string(json, str_of(value));
}

// Writes the JSON with which the prompt identifies its bot and shows where it runs.
static bool describe(Attach *attach) {
  char script[PATH_MAX];
  const AttachOptions *options = &attach->options;
  add_member(&attach->about, "version", WEMOON_VERSION);
  add_member(&attach->about, "script",
             realpath(options->script, script) ? script : options->script);
  add_member(&attach->about, "config", options->config);
  buf_printf(&attach->about, ",\"pid\":%d,\"states\":%d,\"ends\":true}", (int)getpid(),
             options->states);
  return !attach->about.failed;
}

// Closes what is open and frees.
static void attach_free(Attach *attach) {
  if (attach->fd >= 0) close(attach->fd);
  if (attach->wake >= 0) close(attach->wake);
  pthread_cond_destroy(&attach->left);
  pthread_mutex_destroy(&attach->mutex);
  buf_clear(&attach->about);
  free(attach->path);
  free(attach);
}

static Attach *attach_new(const AttachOptions *options) {
  Attach *attach = calloc(1, sizeof *attach);
  if (!attach) return NULL;
  attach->options = *options;
  attach->fd = attach->wake = -1;
  buf_init(&attach->about);
  mutex_init_brief(&attach->mutex);
  condition_init(&attach->left);
  attach->path = strdup(options->path);
  if (attach->path && describe(attach)) return attach;
  attach_free(attach);
  return NULL;
}

Attach *attach_start(const AttachOptions *options, Err *err) {
  Attach *attach = attach_new(options);
  if (!attach) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  attach->wake = eventfd(0, EFD_CLOEXEC);
  if (attach->wake < 0) err_set(err, ERR_FAILED, "%s", strerror(errno));
  else attach->fd = listen_at(attach->path, &attach->bound, err);
  if (attach->fd >= 0) {
    if (pthread_create(&attach->acceptor, NULL, accept_all, attach) == 0) {
      pthread_setname_np(attach->acceptor, "attach");
      return attach;
    }
    err_set(err, ERR_FAILED, "no thread could be started for it");
    remove_own(attach);
  }
  attach_free(attach);
  return NULL;
}

// Closes all sessions and waits for their threads, at most STOPPING_US. Running inputs end at their next check.
static bool end_sessions(Attach *attach) {
  struct timespec until = clock_to_timespec(clock_now_us() + STOPPING_US);
  pthread_mutex_lock(&attach->mutex);
  for (int i = 0; i < ATTACH_SESSIONS_MAX; i++) {
    if (attach->slots[i].session) shutdown(attach->slots[i].session->channel.fd, SHUT_RDWR);
  }
  while (attach->taken > 0 &&
         pthread_cond_timedwait(&attach->left, &attach->mutex, &until) != ETIMEDOUT) {
  }
  bool all = attach->taken == 0;
  pthread_mutex_unlock(&attach->mutex);
  return all;
}

bool attach_stop(Attach *attach) {
  if (!attach) return true;
  atomic_store(&attach->stopping, true);
  eventfd_write(attach->wake, 1);
  pthread_join(attach->acceptor, NULL);
  remove_own(attach);
  if (!end_sessions(attach)) return false;
  attach_free(attach);
  return true;
}
