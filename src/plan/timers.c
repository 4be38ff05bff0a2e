/*
 * A binary heap, for most timers are added later than those before them and
 * so stay where they are put. The one event is set for the earliest timer and
 * left alone when that is removed: it then fires for nothing, which is
 * cheaper than to set it anew for each request.
 */
#include "plan/timers.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

struct timers {
	struct event *event;
	int64_t set_us;		/* when the event fires; CLOCK_NEVER: not */
	uint32_t count, room;
	struct timer **heap;	/* from 1 */
};

static void
timers_put(struct timers *timers, uint32_t place, struct timer *timer)
{
	timers->heap[place] = timer;
	timer->place = place;
}

static void
timers_rise(struct timers *timers, uint32_t place, struct timer *timer)
{
	while (place > 1 && timers->heap[place / 2]->at_us > timer->at_us) {
		timers_put(timers, place, timers->heap[place / 2]);
		place /= 2;
	}
	timers_put(timers, place, timer);
}

static void
timers_sink(struct timers *timers, uint32_t place, struct timer *timer)
{
	uint32_t child;

	while ((child = place * 2) <= timers->count) {
		if (child < timers->count && timers->heap[child + 1]->at_us <
		    timers->heap[child]->at_us)
			child++;
		if (timers->heap[child]->at_us >= timer->at_us)
			break;
		timers_put(timers, place, timers->heap[child]);
		place = child;
	}
	timers_put(timers, place, timer);
}

/* now_us 0: not known. */
static void
timers_set(struct timers *timers, int64_t now_us)
{
	int64_t at_us, wait_us;
	struct timeval wait;

	if (timers->count == 0)
		return;
	at_us = timers->heap[1]->at_us;
	if (at_us >= timers->set_us)
		return;
	timers->set_us = at_us;
	wait_us = at_us - (now_us == 0 ? clock_us() : now_us);
	if (wait_us < 0)
		wait_us = 0;
	wait.tv_sec = wait_us / 1000000;
	wait.tv_usec = wait_us % 1000000;
	event_add(timers->event, &wait);
}

static void
timers_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct timers *timers = arg;
	int64_t now_us = clock_us();
	struct timer *timer;

	(void)fd;
	(void)what;
	while (timers->count > 0 && timers->heap[1]->at_us <= now_us) {
		timer = timers->heap[1];
		timers_remove(timers, timer);
		timer->fn(timer->arg);
	}
	timers->set_us = CLOCK_NEVER;
	timers_set(timers, 0);
}

struct timers *
timers_new(struct event_base *base)
{
	struct timers *timers = memory_new(sizeof(*timers));

	timers->set_us = CLOCK_NEVER;
	timers->event = evtimer_new(base, timers_on_event, timers);
	if (timers->event == NULL)
		log_fatal("out of memory: an event");
	return timers;
}

void
timers_add(struct timers *timers, struct timer *timer, int64_t at_us)
{
	if (timers->count + 1 >= timers->room) {
		timers->room = timers->room == 0 ? 64 : timers->room * 2;
		timers->heap = memory_grow(timers->heap,
		    timers->room * sizeof(*timers->heap));
	}
	timer->at_us = at_us;
	timers->count++;
	timers_rise(timers, timers->count, timer);
	if (timer->place == 1)
		timers_set(timers, 0);
}

void
timers_remove(struct timers *timers, struct timer *timer)
{
	uint32_t place = timer->place;
	struct timer *last;

	if (place == 0)
		return;
	timer->place = 0;
	last = timers->heap[timers->count--];
	if (last == timer)
		return;
	if (place > 1 && timers->heap[place / 2]->at_us > last->at_us)
		timers_rise(timers, place, last);
	else
		timers_sink(timers, place, last);
}

void
timers_free(struct timers *timers)
{
	if (timers == NULL)
		return;
	event_free(timers->event);
	free(timers->heap);
	free(timers);
}
