// What the kernel knows of a TCP connection.
#ifndef WEMOON_NET_TCP_STATE_H
#define WEMOON_NET_TCP_STATE_H

#include <stdbool.h>
#include <stdint.h>

// Of tables by descriptor: those from here on have no place in them.
enum { DESCRIPTORS_MAX = 65536 };
// The descriptors that this process can have, and that have a place there, are smaller.
int tcp_descriptors_end(void);

// Whether `fd` is a connection that was made to this port of ours.
bool tcp_is_of_port(int fd, int port);
bool tcp_has_unread(int fd);
enum { TCP_ADDRESS_SIZE = 128 };
// Our address, "127.0.0.1:8080" or "[::1]:8080", and its port, which may be NULL. False if `fd` is no TCP socket.
bool tcp_address(int fd, char out[TCP_ADDRESS_SIZE], int *port);
// How many bytes that were sent the client's system has not taken yet; 0 if that is not known.
int tcp_unacknowledged(int fd);
// How many bytes the kernel most likely takes now, whether or not the client reads.
int64_t tcp_room(int fd);
typedef struct {
  // Milliseconds since something was last received or sent, in the kernel's ticks; before the first byte they count
  // from the connection's beginning. -1 if `fd` is no TCP connection.
  int64_t received_ms_ago, sent_ms_ago;
  // Of a connection on which nothing was sent yet: how long the client took, once it could send, until its first bytes
  // came or the system gave the connection without any; a round trip and its silence. The kernel takes that for the
  // first sample of the round trip. Without TCP timestamps it has no sample once it has asked the client again, a
  // second after the opening: then the seconds until it last asked are what is known. 0 if nothing is.
  int64_t opening_us;
} TcpTimes;
// Asks the kernel once for all of them.
TcpTimes tcp_times(int fd);

#endif
