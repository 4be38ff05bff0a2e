#ifndef MUSTER_HTTP_ACCEPT_H
#define MUSTER_HTTP_ACCEPT_H

#include <stdbool.h>

#include "base/error.h"

struct event_base;
struct sockaddr;

/*
 * New connections from one inherited listening socket, through libevhtp,
 * which hands over the bare descriptor: nonblocking, close-on-exec, with no
 * libevent object left on it. Lives as long as the worker.
 */
struct accept;

/*
 * fd belongs to the callee. peer may be NULL (a unix socket without a name).
 * Called inside the loop's callback; the callee may pause the acceptor.
 */
typedef void accept_conn_fn(void *arg, int fd, const struct sockaddr *peer);

/* listen_fd stays the caller's; a copy is used. NULL with err. */
struct accept *accept_new(struct event_base *, int listen_fd,
    accept_conn_fn *, void *arg, struct error *);

/*
 * Paused: what comes waits in the kernel's queue, for this worker or another.
 * Out of descriptors (EMFILE, ENFILE) it pauses itself for 100 ms.
 */
void accept_pause(struct accept *);
void accept_resume(struct accept *);
bool accept_is_paused(const struct accept *);

/* Takes what already waits in the kernel's queue, now. */
void accept_rest(struct accept *);

void accept_free(struct accept *);

#endif
