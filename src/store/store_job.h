// A call as the backends get it: a StoreJob with copies of what the caller gave, and its keys with their prefixes.
#ifndef WEMOON_STORE_STORE_JOB_H
#define WEMOON_STORE_STORE_JOB_H

#include "store/backend.h"

// Gets the prefixes of a script's keys; without an account those of before version 0.2.
void store_prefixes_of(const StoreOptions *options, StorePrefixes *prefixes);
// Creates the job, in one allocation; store_reply_free frees it by its reply. NULL with ERR_USAGE if the call breaks a
// rule of store.h, with ERR_MEMORY without memory. `err` may be NULL.
StoreJob *store_job_new(const StorePrefixes *prefixes, const StoreCall *call, Err *err);
// Finishes a STORE_LIST for its caller.
void store_job_end_listing(StoreJob *job);

#endif
