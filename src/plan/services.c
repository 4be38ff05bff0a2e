/*
 * The outside world of a worker, opened once: its pools, helper threads and
 * timers, under one roof for operations to find them.
 */
#include "plan/services.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "io/helpers.h"
#include "io/pg_pool.h"
#include "plan/timers.h"

/* For DNS and cancels; what waits beyond this many is refused. */
#define SERVICES_THREADS 4
#define SERVICES_QUEUE 1000
#define SERVICES_GRACE_MS 1000

struct services {
	struct services_start start;
	struct helpers *helpers;
	struct timers *timers;
	struct pg_pool **pools;
	unsigned nheld;
	TAILQ_HEAD(, services_hold) held;
};

struct services *
services_open(const struct services_start *start)
{
	struct services *services = memory_new(sizeof(*services));

	services->start = *start;
	TAILQ_INIT(&services->held);
	services->timers = timers_new(start->base);
	services->helpers = helpers_new(start->base, SERVICES_THREADS,
	    SERVICES_QUEUE);
	services->pools = memory_new((start->ndatabases + 1) *
	    sizeof(struct pg_pool *));
	for (unsigned i = 0; i < start->ndatabases; i++)
		services->pools[i] = pg_pool_new(start->base, start->turn,
		    services->helpers, start->databases[i],
		    start->application_name);
	return services;
}

struct event_base *
services_base(const struct services *services)
{
	return services->start.base;
}

struct turn *
services_turn(const struct services *services)
{
	return services->start.turn;
}

struct helpers *
services_helpers(const struct services *services)
{
	return services->helpers;
}

struct shm_slot *
services_slot(const struct services *services)
{
	return services->start.slot;
}

struct timers *
services_timers(const struct services *services)
{
	return services->timers;
}

bool
services_described(const struct services *services)
{
	return services->start.described;
}

struct pg_pool *
services_pool(const struct services *services, unsigned database)
{
	if (database >= services->start.ndatabases)
		log_fatal("there is no database %u", database);
	return services->pools[database];
}

void
services_hold(struct services *services, struct services_hold *hold)
{
	TAILQ_INSERT_TAIL(&services->held, hold, entry);
	services->nheld++;
}

void
services_release(struct services *services, struct services_hold *hold)
{
	TAILQ_REMOVE(&services->held, hold, entry);
	services->nheld--;
}

unsigned
services_held(const struct services *services)
{
	return services->nheld;
}

bool
services_ready(const struct services *services)
{
	if (!services->start.described)
		return false;
	for (unsigned i = 0; i < services->start.ndatabases; i++) {
		if (!pg_pool_is_up(services->pools[i]))
			return false;
	}
	return true;
}

void
services_drain(struct services *services)
{
	for (unsigned i = 0; i < services->start.ndatabases; i++)
		pg_pool_drain(services->pools[i]);
}

void
services_close(struct services *services)
{
	struct services_hold *hold;

	if (services == NULL)
		return;
	while ((hold = TAILQ_FIRST(&services->held)) != NULL)
		hold->drop(hold->arg);
	for (unsigned i = 0; i < services->start.ndatabases; i++)
		pg_pool_free(services->pools[i]);
	helpers_free(services->helpers, SERVICES_GRACE_MS);
	timers_free(services->timers);
	free(services->pools);
	free(services);
}
