// Watches the table of connections: closes those that are idle, silent or late while others wait for their threads.
#ifndef WEMOON_NET_CONNECTIONS_WATCH_H
#define WEMOON_NET_CONNECTIONS_WATCH_H

#include "net/connections_table.h"

// Starts the thread that watches. False if the system refuses.
bool connections_watch(Connections *connections);
void connections_watch_end(Connections *connections);
// Looks once, with the mutex held. Returns how many connections there are.
int connections_look_after(Connections *connections);

#endif
