// Another process that has a SQLite store open, as far as its -shm says: a lock on the byte that each process locks.
#ifndef WEMOON_TESTS_ANOTHER_H
#define WEMOON_TESTS_ANOTHER_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static int another_lives = -1;  // the end of a pipe: the process lives as long as it is open

static void another_run(const char *shm, int told, int lives) {
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 128, .l_len = 1 };
  int fd = open(shm, O_RDWR);
  char end;
  if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0 || write(told, "x", 1) != 1) _exit(1);
  _exit(read(lives, &end, 1) == 0 ? 0 : 1);
}

// `path`: the database, which is open.
static bool another_opens(const char *path) {
  char shm[200], opened;
  int told[2], lives[2];
  snprintf(shm, sizeof shm, "%s-shm", path);
  if (pipe(told) != 0 || pipe(lives) != 0) return false;
  if (fork() == 0) {
    close(lives[1]);
    another_run(shm, told[1], lives[0]);
  }
  close(told[1]);
  close(lives[0]);
  another_lives = lives[1];
  bool is_open = read(told[0], &opened, 1) == 1;
  close(told[0]);
  usleep(2000);  // a store looks once a millisecond
  return is_open;
}

static void another_ends(void) { close(another_lives); }

#endif
