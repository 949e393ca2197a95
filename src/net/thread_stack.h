// The stack size of HTTP threads. libcivetweb asks for 102,400 bytes, which a Lua script that recurses through C
// (string.gsub with a callback) overflows. The executable's own pthread_attr_setstacksize, which the library finds
// before libc's, asks for more.
#ifndef WEMOON_NET_THREAD_STACK_H
#define WEMOON_NET_THREAD_STACK_H

#include <stdbool.h>
#include <stddef.h>

enum { THREAD_STACK_MIN = 512 * 1024 };  // bytes; with less a script could crash the process

size_t thread_stack_size(void);  // of the calling thread; 0 if it is unknown

#endif
