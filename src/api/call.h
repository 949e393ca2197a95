// One call of the platform, from request to result, and the Api that calls share.
#ifndef WEMOON_API_CALL_H
#define WEMOON_API_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "base/handles.h"
#include "net/answer_bytes.h"

enum {
  // Answers that wait for room to be read, and the bytes of their texts: other answers find room for theirs meanwhile.
  CALLS_WAITING_MAX = 1024,
  CALLS_WAITING_BYTES_MAX = ANSWER_BYTES_MAX / 2
};

typedef struct Call Call;

struct Api {
  ApiOptions options;
  Tokens *tokens;
  pthread_mutex_t lock;
  pthread_cond_t idle;  // no call is under way
  Handles calls;
  size_t count;
  bool closed;
  // Calls whose answers wait until there is room to read them, the oldest first, how many, and the bytes of their
  // texts. Loop thread only.
  Call *first, **end;
  size_t waiting, waiting_bytes;
  LoopTimer *look;  // NULL: none waits
  // The fewest bytes that one of them needs; SIZE_MAX: none waits. Read on any thread.
  atomic_size_t least;
};

// api_call and api_cancel.
uint64_t call_begin(Api *api, Arena *arena, const ApiRequest *request, ApiDone done, void *ctx);
void call_cancel(Api *api, uint64_t id);
// Sends no further request, and cancels those under way.
void call_cancel_all(Api *api);
// Waits until the last call has ended.
void call_wait_for_all(Api *api);

#endif
