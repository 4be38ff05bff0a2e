#ifndef MUSTER_BASE_TURN_H
#define MUSTER_BASE_TURN_H

#include <sys/queue.h>

struct event_base;

/*
 * What is to be done at the end of this turn of the event loop, after all
 * callbacks of the events that were ready together: how a completion that is
 * known at once is delivered without recursion, and how what one turn asks
 * leaves together. Costs no system call.
 */
struct turn;

/* Embed one for each purpose, zeroed. In at most one turn, at most once. */
struct turn_item {
	void (*fn)(void *arg);
	void *arg;
	TAILQ_ENTRY(turn_item) entry;
	int queued;
};

struct turn *turn_new(struct event_base *);

/*
 * fn(arg) runs once, first in first out, never inside this call. Items added
 * by an item run in the same drain, up to a bound, then in the next turn.
 * Adding a queued item again does nothing.
 */
void turn_add(struct turn *, struct turn_item *);

/* fn does not run after this. */
void turn_remove(struct turn *, struct turn_item *);

void turn_free(struct turn *);

#endif
