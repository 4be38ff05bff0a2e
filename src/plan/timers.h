#ifndef MUSTER_PLAN_TIMERS_H
#define MUSTER_PLAN_TIMERS_H

#include <stdint.h>

struct event_base;
struct timers;

/*
 * All waits of a worker's runs behind one event: a heap of points in time.
 * What begins after the others and is over before its time (a deadline, as a
 * rule) costs a few instructions and no system call.
 */
struct timer {
	/* Filled by the owner, who embeds it zeroed. */
	void (*fn)(void *arg);
	void *arg;

	/* The heap's. */
	int64_t at_us;
	uint32_t place;		/* from 1; 0: not in the heap */
};

struct timers *timers_new(struct event_base *);

/*
 * fn(arg) runs once, not before at_us on clock_us's clock, never inside this
 * call. The timer must not be waiting already.
 */
void timers_add(struct timers *, struct timer *, int64_t at_us);

/* fn does not run after this. A timer that does not wait is left alone. */
void timers_remove(struct timers *, struct timer *);

/* All have run or were removed. NULL is fine. */
void timers_free(struct timers *);

#endif
