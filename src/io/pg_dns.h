#ifndef MUSTER_IO_PG_DNS_H
#define MUSTER_IO_PG_DNS_H

struct helpers;

/*
 * The addresses of a host's name, looked up in a helper thread by
 * getaddrinfo(3), so that the answer is the one libpq would have had
 * (nsswitch.conf, RFC 6724 order).
 */
struct pg_dns;

/* Runs in the loop, later, once. */
typedef void pg_dns_done_fn(void *arg);

/* NULL when the helpers' queue is full. host is copied. */
struct pg_dns *pg_dns_start(struct helpers *, const char *host,
    pg_dns_done_fn *, void *arg);

/* After done: the i-th address as text, NULL when there is none. */
const char *pg_dns_address(const struct pg_dns *, unsigned i);

/* After done: why there are none, or NULL. */
const char *pg_dns_fault(const struct pg_dns *);

/* done does not run after this, when it has not yet. NULL is fine. */
void pg_dns_free(struct pg_dns *);

#endif
