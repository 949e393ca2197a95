// Paths of the attached prompt's sockets.
#include "cli/attach_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/services.h"

#define NAME_FRONT "wemoon-"
#define NAME_END ".sock"

bool attach_place_wanted(const Config *config) {
  return !str_eq(config_text(config, "attach"), STR("false"));
}

Str attach_place_named(const Config *config) {
  Str value = config_text(config, "attach");
  return str_find(value, STR("/")) >= 0 ? value : STR("");
}

// ---- the folder ---------------------------------------------------------------------------------

// In /tmp anybody can make a folder: one that is not this user's alone is not used.
static bool own_folder(const char *path, Err *err) {
  struct stat info;
  if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
    return err_set(err, ERR_FAILED, "%s: %s", path, strerror(errno));
  if (lstat(path, &info) != 0) return err_set(err, ERR_FAILED, "%s: %s", path, strerror(errno));
  bool own = S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 077) == 0;
  return own || err_set(err, ERR_FAILED,
                        "%s: is not a folder that this user alone can enter (mode 0700): remove "
                        "it, or set `attach` to another path",
                        path);
}

static bool add_run_folder(Buf *folder, Err *err) {
  char path[64];
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  snprintf(path, sizeof path, "/tmp/wemoon-%u", (unsigned)geteuid());
  bool has_own = runtime && runtime[0] == '/';
  if (!has_own && !own_folder(path, err)) return false;
  buf_add(folder, str_of(has_own ? runtime : path));
  buf_addc(folder, '/');
  return true;
}

bool attach_place_folder(const Config *config, const char *beside, Buf *folder, Err *err) {
  Buf file;
  buf_init(&file);
  bool ok = services_store_file(config, beside, &file, err);
  if (ok && file.len > 0) {
    const char *slash = memrchr(file.ptr, '/', file.len);
    buf_add(folder, slash ? str_make(file.ptr, (size_t)(slash - file.ptr) + 1) : STR("./"));
  } else if (ok) {
    ok = add_run_folder(folder, err);
  }
  buf_addc(folder, '\0');
  folder->len--;
  if (ok && folder->failed) ok = err_set(err, ERR_MEMORY, "no memory");
  buf_clear(&file);
  return ok;
}

// ---- sockets ------------------------------------------------------------------------------------

void attach_place_list(const char *folder, void (*each)(void *ctx, const char *path), void *ctx) {
  char path[PATH_MAX];
  DIR *dir = opendir(folder);
  if (!dir) return;
  for (struct dirent *entry; (entry = readdir(dir));) {
    Str name = str_of(entry->d_name);
    if (!str_starts(name, STR(NAME_FRONT)) || !str_ends(name, STR(NAME_END))) continue;
    if (snprintf(path, sizeof path, "%s%s", folder, entry->d_name) < (int)sizeof path)
      each(ctx, path);
  }
  closedir(dir);
}

// A path that is too long for a socket's address is reached through its folder.
static bool make_address(const char *path, struct sockaddr_un *address, int *folder) {
  char name[PATH_MAX];
  const char *slash = strrchr(path, '/');
  *folder = -1;
  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  if (snprintf(address->sun_path, sizeof address->sun_path, "%s", path) <
      (int)sizeof address->sun_path)
    return true;
  if (!slash) return false;
  snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
  *folder = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return *folder >= 0 &&
         snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder,
                  slash + 1) < (int)sizeof address->sun_path;
}

int attach_place_connect(const char *path) {
  struct sockaddr_un address;
  int folder;
  bool ok = make_address(path, &address, &folder);
  int fd = ok ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
  int why = ok ? 0 : ENAMETOOLONG;
  if (ok && (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)) why = errno;
  if (folder >= 0) close(folder);
  if (why == 0) return fd;
  if (fd >= 0) close(fd);
  errno = why;
  return -1;
}

// Of a process that was killed.
static void remove_dead(void *ctx, const char *path) {
  int fd = attach_place_connect(path);
  if (fd >= 0) close(fd);
  else if (errno == ECONNREFUSED) unlink(path);
}

bool attach_place_own(const Config *config, const char *script, Buf *path, Err *err) {
  Str named = attach_place_named(config);
  if (named.len > 0) buf_add(path, named);
  else if (!attach_place_folder(config, script, path, err)) return false;
  if (named.len == 0 && path->len > 0) {
    attach_place_list(path->ptr, remove_dead, NULL);
    buf_printf(path, NAME_FRONT "%d" NAME_END, (int)getpid());
  }
  buf_addc(path, '\0');
  return !path->failed || err_set(err, ERR_MEMORY, "no memory");
}

Attach *attach_place_open(const Config *config, const char *script, Bot *bot) {
  Err err;
  Buf path;
  Attach *attach = NULL;
  char file[PATH_MAX] = "";
  if (!attach_place_wanted(config)) return NULL;
  if (config_file(config) && !realpath(config_file(config), file)) file[0] = '\0';
  buf_init(&path);
  if (attach_place_own(config, script, &path, &err)) {
    AttachOptions options = { .bot = bot,
                              .script = script,
                              .config = file,
                              .states = (int)config_integer(config, "interpreters"),
                              .path = path.ptr };
    attach = attach_start(&options, &err);
  }
  if (!attach)
    log_warn("the socket of repl --attach could not be created (set attach = false to do without "
             "it): %s",
             err.text);
  buf_clear(&path);
  return attach;
}
