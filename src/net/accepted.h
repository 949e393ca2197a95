// When connections were accepted, whether some wait for a thread, and lists of those that are silent.
#ifndef WEMOON_NET_ACCEPTED_H
#define WEMOON_NET_ACCEPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A connection was accepted on `fd`, for any server of the process.
void accepted_note(int fd);
// When the last connection on `fd` was accepted (monotonic, microseconds); 0 if that is not known.
int64_t accepted_us(int fd);

// Why the server shut a connection down for reading: within its request, or just before that came.
typedef enum {
  CUT_NOT,         // it did not
  CUT_LATE,        // the request's time was over
  CUT_FOR_OTHERS,  // it came slowly, and others waited for a thread
  CUT_TO_CLOSE     // the connection was idle, and the server stops or needs its thread
} Cut;

// Shuts the connection down for reading. Any thread; the reason is there before its reader finds the end.
void accepted_cut(int fd, Cut why);
// Of the last connection on `fd`.
Cut accepted_why_cut(int fd);

// Of all servers of the process. Passed: libcivetweb has it in its queue. Taken: an HTTP thread has it.
void accepted_note_passed(void);
void accepted_note_taken(void);
// Whether one may wait for a thread. One that libcivetweb closed at once counts as waiting for good.
bool accepted_any_waits(void);

// A connection of which no request was read, and of which nothing is unread.
typedef struct {
  int fd;
  bool may_go;  // it has been silent for long
  int64_t accepted_us;
} Silent;

// All zero: empty.
typedef struct {
  Silent *items;
  size_t count, cap;
} SilentList;

// Drops it without memory.
void silent_add(SilentList *list, int fd, bool may_go);
// The oldest first.
void silent_sort(SilentList *list);
// Shuts up to `wanted` of the first `count` down for reading, if they may go and are still connections of `port`.
void silent_close(const SilentList *list, size_t count, int port, int64_t wanted);
void silent_free(SilentList *list);

#endif
