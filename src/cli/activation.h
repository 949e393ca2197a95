// Sockets that the service manager opened and handed over (LISTEN_FDS, sd_listen_fds(3)): it keeps them, so a restart
// refuses no connection.
#ifndef WEMOON_CLI_ACTIVATION_H
#define WEMOON_CLI_ACTIVATION_H

// Descriptors; 0: none.
typedef struct {
  int callback;  // the first one
  int admin;     // the second one
} Activation;

// Takes them over, and their variables out of the environment: what scripts start does not get them. Those beyond the
// second are told of and closed. While there is no other thread.
Activation activation_take(void);

#endif
