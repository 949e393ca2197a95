// In place of libFuzzer: gives a fuzz target each file of the folders that are named, as a test that any
// compiler can build.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fail(const char *what, const char *name) {
  fprintf(stderr, "%s: %s\n", name, what);
  return 2;
}

// The data ends where its memory does, so that a sanitizer sees who reads on.
static int replay(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return fail("cannot be read", path);
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  uint8_t *data = malloc(size ? size : 1);
  rewind(file);
  if (!data || fread(data, 1, size, file) != size) return fail("cannot be read", path);
  fclose(file);
  LLVMFuzzerTestOneInput(data, size);
  free(data);
  return 0;
}

static int replay_folder(const char *folder, int *count) {
  DIR *dir = opendir(folder);
  int status = 0;
  if (!dir) return fail("is no folder", folder);
  for (struct dirent *entry; (entry = readdir(dir));) {
    char path[1024];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    status |= replay(path);
    ++*count;
  }
  closedir(dir);
  return status;
}

int main(int argc, char **argv) {
  int status = 0, count = 0;
  for (int i = 1; i < argc; i++) status |= replay_folder(argv[i], &count);
  printf("%d inputs\n", count);
  return count ? status : fail("no inputs", argc > 1 ? argv[1] : "replay");
}
