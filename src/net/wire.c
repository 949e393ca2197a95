// recv, as libcivetweb finds it.
//
// The header must not make recv an inline function of its own.
#undef _FORTIFY_SOURCE
#include "net/wire.h"

#include <dlfcn.h>
#include <stddef.h>
#include <sys/socket.h>

static _Thread_local int descriptor = -1;

// recvfrom without an address is what libc's recv is.
__attribute__((visibility("default"))) ssize_t recv(int fd, void *buf, size_t len, int flags) {
  descriptor = fd;
  return recvfrom(fd, buf, len, flags, NULL, NULL);
}

bool wire_is_tapped(void) { return dlsym(RTLD_DEFAULT, "recv") == (void *)recv; }

void wire_open(void) { descriptor = -1; }

int wire_descriptor(void) { return descriptor; }
