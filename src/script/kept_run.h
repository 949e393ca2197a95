// A run of the script as one value in the store.
#ifndef WEMOON_SCRIPT_KEPT_RUN_H
#define WEMOON_SCRIPT_KEPT_RUN_H

#include "base/buf.h"

typedef enum {
  KEPT_ASKS,  // it waits for its user's next message; any process may go on with it
  KEPT_RUNS   // it belongs to a process
} KeptState;

// A run as it is in the store. Texts that were read are slices of the value.
typedef struct {
  KeptState state;
  bool owed;    // its message was answered without it
  bool events;  // KEPT_ASKS: events are answers too
  Str process;  // KEPT_RUNS: whose it is
  Str openid;
  Str identity;   // of a run that has asked nothing yet: what its message is known by; else empty
  Str message;    // the document that on_message got
  Str answering;  // KEPT_RUNS: the one that is being answered now
  Str question, place;  // of the last question: its text or kind, and "file:line"
  int64_t since_s;      // of that question, Unix seconds
  int64_t begun_s;      // KEPT_RUNS: when its process began to
  int64_t until_ms;     // KEPT_ASKS: when it times out, Unix milliseconds; 0: never
  int64_t asks;         // questions so far
  int64_t ends;         // processes that ended while they ran it
  // Of what it said, what went out as the reply to the message: bytes of the first texts, or the first part.
  int64_t taken;
  bool other_taken;
  bool rest;  // the reply went out, but for what of its text did not fit
  // Of one that is on_lost's: the question that was lost, and where and when it was asked.
  Str lost_question, lost_place;
  int64_t lost_since_s;  // 0: it is on_message's
  Str record;
} KeptRun;

void kept_write(const KeptRun *run, Buf *out);
// False for bytes of another format.
bool kept_read(Str bytes, KeptRun *run);

#endif
