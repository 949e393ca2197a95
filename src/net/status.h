// The names of HTTP statuses.
#ifndef WEMOON_NET_STATUS_H
#define WEMOON_NET_STATUS_H

// The reason phrase of a status (RFC 9110), "OK" or "Error" if it is not in the table. Static text.
const char *status_reason(int status);

#endif
