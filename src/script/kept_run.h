// A run of the script as one value in the store.
#ifndef WEMOON_SCRIPT_KEPT_RUN_H
#define WEMOON_SCRIPT_KEPT_RUN_H

#include "base/buf.h"

typedef enum {
  KEPT_ASKS,  // it waits for its user's next message; any process may continue it
  KEPT_RUNS   // it belongs to a process
} KeptState;

// A run as stored. After kept_read its texts are slices of the value.
typedef struct {
  KeptState state;
  bool owed;  // its message was answered before its end
  bool
      unbegun;  // KEPT_RUNS: no script has begun for its message, so on_message or the user's conversation may get it
  bool events;  // KEPT_ASKS: events are answers too
  Str process;  // KEPT_RUNS: its process
  Str openid;
  // The identity of its message, if an answer to it is owed and the user's messages do not wait for it; else empty.
  Str identity;
  Str message;          // the document that on_message got
  Str answering;        // KEPT_RUNS: the document that is being answered now
  Str question, place;  // of the last question: text or kind, and "file:line"
  bool is_text;         // `question` is the text
  Str reply;            // of a question that is no text: the reply (packed_reply.h); else empty
  int64_t since_s;      // of that question, Unix seconds
  int64_t begun_s;      // KEPT_RUNS: when its process began to run it
  int64_t until_ms;     // KEPT_ASKS: when it times out, Unix milliseconds; 0: never
  int64_t asks;         // questions so far
  int64_t ends;         // number of processes that ended while they ran it
  // How much of what it said was sent as the reply to the message: bytes of the first texts, and whether the first
  // other reply.
  int64_t taken;
  bool other_taken;
  bool rest;  // the reply was sent, except the rest of a text that was too long
  // Of a run for on_lost: the question that was lost, and where and when it was asked.
  Str lost_question, lost_place;
  int64_t lost_since_s;  // 0: it is on_message's
  Str record;
  uint64_t script;  // the script that ran last (sources_digest); 0: unknown
  // Of an owed run: when its message arrived, monotonic in the process that got it, so that it orders that process's
  // messages; 0: unknown.
  int64_t arrived_us;
  // Not stored. Of a claimed run: keep_lapses just before the claim (keep.h). If it has changed, another process may have
  // taken the run over since.
  int64_t lapses;
} KeptRun;

// Appends the value from which kept_read reads the run.
void kept_write(const KeptRun *run, Buf *out);
// Reads a run from a value. Returns false for bytes of another format.
bool kept_read(Str bytes, KeptRun *run);

#endif
