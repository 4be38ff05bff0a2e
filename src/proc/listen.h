#ifndef MUSTER_PROC_LISTEN_H
#define MUSTER_PROC_LISTEN_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

struct conf_node;
struct conf_report;
struct server_conf;

/*
 * The listening sockets: bound by the master before hooks run, listening
 * after, inherited by every worker. Lifetime: process.
 */
struct listeners;

/* Faults in the words of `listen` and `admin`, without touching a socket. */
void listen_check(const struct server_conf *, struct conf_report *);

/*
 * Binds them all: nonblocking, close-on-exec, options set. A unix socket's
 * file that nobody listens on is replaced. NULL with err, which names the
 * address.
 */
struct listeners *listeners_bind(const struct server_conf *,
    struct error *) MUST_USE;
int listeners_listen(struct listeners *, struct error *) MUST_USE;

/*
 * The server ends: no new connection is made any more, those that have been
 * made can still be accepted. Affects the sockets, so all processes.
 */
void listeners_refuse(const struct listeners *);

unsigned listeners_count(const struct listeners *);
int listeners_fd(const struct listeners *, unsigned i);
bool listeners_is_admin(const struct listeners *, unsigned i);
const char *listeners_name(const struct listeners *, unsigned i);

/* unlink: the master also removes the files of unix sockets. */
void listeners_close(struct listeners *, bool unlink);

#endif
