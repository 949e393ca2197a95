#include "script/process_name.h"

#include "codec/digest.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Returns the start time of a process, in ticks since the machine booted; -1 if it does not run.
static int64_t start_of(int64_t pid) {
  char path[48], text[1024];
  snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
  FILE *file = fopen(path, "r");
  size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file) fclose(file);
  text[len] = '\0';
  const char *at = strrchr(text, ')');
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  return at ? strtoll(at + 1, NULL, 10) : -1;
}

static void name_machine(char *out, size_t size) {
  char boot[40] = "", space[64] = "";
  FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
  size_t len = file ? fread(boot, 1, 36, file) : 0;
  if (file) fclose(file);
  boot[len] = '\0';
  ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
  space[n > 0 ? n : 0] = '\0';
  uint64_t hash = str_hash(str_of(boot), str_hash(str_of(space), 1));
  snprintf(out, size, "%016" PRIx64, hash);
}

bool process_name(char out[PROCESS_NAME_SIZE]) {
  char machine[24];
  uint32_t random;
  if (!digest_random(&random, sizeof random)) return false;
  name_machine(machine, sizeof machine);
  snprintf(out, PROCESS_NAME_SIZE, "%s:%lld:%lld:%08" PRIx32, machine, (long long)getpid(),
           (long long)start_of(getpid()), random);
  return true;
}

bool process_look(Str name, Str process, bool *alive) {
  Str machine, rest, mine, pid, start, random;
  int64_t number, began;
  str_cut(name, ':', &mine, &rest);
  str_cut(process, ':', &machine, &rest);
  str_cut(rest, ':', &pid, &rest);
  str_cut(rest, ':', &start, &random);
  if (!str_eq(machine, mine) || !str_to_int64(pid, &number) || !str_to_int64(start, &began))
    return false;
  // A name with this process's pid is an earlier name of its own, which counts as ended.
  *alive = number != getpid() && start_of(number) == began;
  return true;
}

// Returns -1 if the time is not visible: the kernel may hide other users' processes.
static int64_t used_by_thread(const char *task, const char *thread) {
  char path[352], text[64];
  snprintf(path, sizeof path, "%s/%s/schedstat", task, thread);
  FILE *file = fopen(path, "r");
  bool known = file && fgets(text, sizeof text, file);
  if (file) fclose(file);
  return known ? strtoll(text, NULL, 10) : -1;
}

int64_t process_used_ns(Str process) {
  Str machine, rest, pid;
  char task[64];
  int64_t sum = 0;
  str_cut(process, ':', &machine, &rest);
  str_cut(rest, ':', &pid, &rest);
  snprintf(task, sizeof task, "/proc/%.*s/task", STR_FMT(pid));
  DIR *threads = opendir(task);
  for (struct dirent *entry; threads && (entry = readdir(threads));) {
    int64_t used = entry->d_name[0] == '.' ? 0 : used_by_thread(task, entry->d_name);
    if (used > 0) sum += used;
  }
  if (threads) closedir(threads);
  return sum > 0 ? sum : -1;
}
