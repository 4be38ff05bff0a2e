#ifndef MUSTER_PLAN_SERVICES_H
#define MUSTER_PLAN_SERVICES_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/error.h"

struct event_base;
struct helpers;
struct pg_conf;
struct pg_pool;
struct services;
struct shm_slot;
struct timers;
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

struct timers *services_timers(const struct services *);

/*
 * What goes on for nobody, embedded in it: a draining worker waits for it.
 * drop(arg) is called when the worker ends all the same, and must release
 * itself.
 */
struct services_hold {
	void (*drop)(void *arg);
	void *arg;
	TAILQ_ENTRY(services_hold) entry;
};

void services_hold(struct services *, struct services_hold *);
void services_release(struct services *, struct services_hold *);
unsigned services_held(const struct services *);

/* /ready: described, and every pool is up. */
bool services_ready(const struct services *);

/* Idle database connections go at once, busy ones as they finish. */
void services_drain(struct services *);

/* Drops what is still held. NULL is fine. */
void services_close(struct services *);

#endif
