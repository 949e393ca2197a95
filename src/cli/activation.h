// Sockets that the service manager opened and passed on (LISTEN_FDS, sd_listen_fds(3)). It keeps them, so a restart
// refuses no connection.
#ifndef WEMOON_CLI_ACTIVATION_H
#define WEMOON_CLI_ACTIVATION_H

#include <stdbool.h>

#include "base/err.h"

// Descriptors; 0 if there is none.
typedef struct {
  int callback;  // the first one
  int admin;     // the second one
} Activation;

// Takes the sockets over, and removes their variables from the environment, so that programs of scripts do not get
// them. Reports and closes sockets beyond the second; refuses one socket that stands for both. Call it before other
// threads start.
bool activation_take(Activation *activation, Err *err);

#endif
