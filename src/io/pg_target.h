#ifndef MUSTER_IO_PG_TARGET_H
#define MUSTER_IO_PG_TARGET_H

#include <stdbool.h>

/*
 * Where a pool connects to: its url with libpq's environment and service file
 * applied once, the host list taken apart, so that each host is tried by a
 * PGconn of its own. libpq has no call for "the next host", and looks names
 * up while the caller waits.
 */
struct pg_target;

struct pg_host {
	const char *host;		/* NULL: libpq's default socket */
	const char *address;		/* hostaddr of the url, or NULL */
	const char *port;
	bool needs_lookup;		/* a name for DNS */
};

/* Reads the environment and, if named, the service file. Never NULL. */
struct pg_target *pg_target_new(const char *url,
    const char *application_name);

/* NULL, or why this target cannot be connected to. */
const char *pg_target_fault(const struct pg_target *);

unsigned pg_target_count(const struct pg_target *);
const struct pg_host *pg_target_host(const struct pg_target *, unsigned i);

/*
 * Parameters for PQconnectStartParams, for one host at one address (NULL: as
 * the host says), with the settings that our sessions have. Valid until the
 * next call.
 */
struct pg_params {
	const char *const *names;
	const char *const *values;
};

struct pg_params pg_target_params(struct pg_target *, const struct pg_host *,
    const char *address, bool writes);

void pg_target_free(struct pg_target *);

#endif
