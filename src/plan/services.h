#ifndef MUSTER_PLAN_SERVICES_H
#define MUSTER_PLAN_SERVICES_H

#include <stdbool.h>

#include "base/error.h"

struct event_base;
struct helpers;
struct pg_conf;
struct pg_pool;
struct services;
struct shm_slot;
struct turn;

/* What a worker owns and its operations may use. */
struct services_start {
	struct event_base *base;
	struct turn *turn;
	struct shm_slot *slot;			/* NULL in tests */
	const struct pg_conf *const *databases;	/* generation lifetime */
	unsigned ndatabases;
	bool described;		/* false: SQL is answered 503 until a new
				 * generation with a description comes */
	const char *application_name;		/* "muster/3" */
};

struct services *services_open(const struct services_start *);

struct event_base *services_base(const struct services *);
struct turn *services_turn(const struct services *);
struct helpers *services_helpers(const struct services *);
struct shm_slot *services_slot(const struct services *);
bool services_described(const struct services *);
struct pg_pool *services_pool(const struct services *, unsigned database);

/* Runs that go on for nobody: a draining worker waits for them. */
void services_hold(struct services *);
void services_release(struct services *);
unsigned services_held(const struct services *);

/* /ready: described, and every pool is up. */
bool services_ready(const struct services *);

/* Idle database connections go at once, busy ones as they finish. */
void services_drain(struct services *);
void services_close(struct services *);

#endif
