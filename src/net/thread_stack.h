// The size of HTTP threads' stacks. libcivetweb asks for 102,400 bytes, on which a Lua script that recurses
// through C (string.gsub with a callback) runs off the end; the executable's own pthread_attr_setstacksize,
// which the library finds before libc's, raises what is asked for.
#ifndef WEMOON_NET_THREAD_STACK_H
#define WEMOON_NET_THREAD_STACK_H

#include <stdbool.h>
#include <stddef.h>

enum { THREAD_STACK_MIN = 512 * 1024 };  // bytes; less would let a script crash the process

size_t thread_stack_size(void);  // of the calling thread; 0 when it cannot be known

#endif
