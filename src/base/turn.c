/*
 * An event without a descriptor is made active, which appends it behind the
 * callbacks that libevent has already lined up in this turn.
 */
#include "base/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"

/* Beyond this many items the sockets get their turn first. */
#define TURN_BOUND 10000

struct turn {
	struct event *event;
	bool draining;
	TAILQ_HEAD(, turn_item) items;
};

static void
turn_on_event(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = { 0, 0 };
	struct turn *turn = arg;
	struct turn_item *item;
	unsigned n = 0;

	(void)fd;
	(void)what;
	turn->draining = true;
	while ((item = TAILQ_FIRST(&turn->items)) != NULL) {
		if (n++ == TURN_BOUND)
			break;
		TAILQ_REMOVE(&turn->items, item, entry);
		item->queued = 0;
		item->fn(item->arg);
	}
	turn->draining = false;
	/*
	 * Made active again it would run in this same pass: libevent polls
	 * only when no callback is left. A timer waits for that.
	 */
	if (item != NULL)
		event_add(turn->event, &at_once);
}

struct turn *
turn_new(struct event_base *base)
{
	struct turn *turn = memory_new(sizeof(*turn));

	TAILQ_INIT(&turn->items);
	turn->event = event_new(base, -1, 0, turn_on_event, turn);
	if (turn->event == NULL)
		log_fatal("out of memory: an event");
	return turn;
}

void
turn_add(struct turn *turn, struct turn_item *item)
{
	if (item->queued)
		return;
	if (!turn->draining && TAILQ_EMPTY(&turn->items))
		event_active(turn->event, EV_TIMEOUT, 0);
	TAILQ_INSERT_TAIL(&turn->items, item, entry);
	item->queued = 1;
}

void
turn_remove(struct turn *turn, struct turn_item *item)
{
	if (!item->queued)
		return;
	TAILQ_REMOVE(&turn->items, item, entry);
	item->queued = 0;
}

void
turn_free(struct turn *turn)
{
	struct turn_item *item;

	if (turn == NULL)
		return;
	while ((item = TAILQ_FIRST(&turn->items)) != NULL)
		turn_remove(turn, item);
	event_free(turn->event);
	free(turn);
}
