// Ctrl-C while the prompt's program is asked something between two keys. While a line is typed Ctrl-C is a key. Nobody
// reads keys while the program is asked: once that takes longer than a second, Ctrl-C is a signal, one that was pressed
// before included.
#ifndef WEMOON_CLI_ASKING_H
#define WEMOON_CLI_ASKING_H

#include <pthread.h>
#include <semaphore.h>
#include <termios.h>

#include "base/buf.h"

typedef struct {
  int terminal;           // file descriptor
  Buf *typed;             // borrowed
  struct termios typing;  // the terminal's settings before
  sem_t answered;
  pthread_t watcher;
  bool is_watched;
} Asking;

// Keys that had to be read from the terminal are appended to `typed`, which nobody else may use until asking_end.
void asking_begin(Asking *asking, int terminal, Buf *typed);
void asking_end(Asking *asking);  // restores the terminal's settings

#endif
