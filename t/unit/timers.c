/*
 * The heap of timers behind one event: order, removal, and what callbacks may
 * do to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "plan/timers.h"

#define CROWD 3000

struct crowd {
	struct timers *timers;
	int64_t last_us;
	unsigned fired, wrong;
	struct timer list[CROWD];
};

struct member {
	struct crowd *crowd;
	struct timer *timer;
};

static void
member_on_time(void *arg)
{
	struct member *member = arg;
	struct crowd *crowd = member->crowd;

	if (member->timer->at_us < crowd->last_us ||
	    member->timer->at_us > clock_us())
		crowd->wrong++;
	crowd->last_us = member->timer->at_us;
	crowd->fired++;
}

static void
a_crowd_fires_in_order_and_those_removed_do_not(void **state)
{
	struct event_base *base = event_base_new();
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	struct member *members = calloc(CROWD, sizeof(*members));
	int64_t now_us = clock_us();
	unsigned removed = 0;

	(void)state;
	srand(1);
	crowd->timers = timers_new(base);
	for (unsigned i = 0; i < CROWD; i++) {
		members[i] = (struct member){ crowd, &crowd->list[i] };
		crowd->list[i].fn = member_on_time;
		crowd->list[i].arg = &members[i];
		timers_add(crowd->timers, &crowd->list[i],
		    now_us + rand() % 50000);
		if (rand() % 3 == 0) {
			struct timer *timer = &crowd->list[rand() % (i + 1)];

			removed += timer->place != 0;
			timers_remove(crowd->timers, timer);
		}
	}
	event_base_dispatch(base);
	assert_int_equal(crowd->fired, CROWD - removed);
	assert_int_equal(crowd->wrong, 0);
	timers_free(crowd->timers);
	event_base_free(base);
	free(members);
	free(crowd);
}

struct chain {
	struct timers *timers;
	struct timer timer, victim;
	unsigned left;
};

static void
never(void *arg)
{
	(void)arg;
	fail_msg("a timer that was removed has fired");
}

static void
chain_on_time(void *arg)
{
	struct chain *chain = arg;

	timers_remove(chain->timers, &chain->victim);
	if (--chain->left > 0)
		timers_add(chain->timers, &chain->timer, clock_us() + 200);
}

static void
a_callback_may_add_and_remove(void **state)
{
	struct event_base *base = event_base_new();
	struct chain chain = { .timers = timers_new(base), .left = 20 };

	(void)state;
	chain.timer.fn = chain_on_time;
	chain.timer.arg = &chain;
	chain.victim.fn = never;
	timers_add(chain.timers, &chain.timer, clock_us() - 1);
	timers_add(chain.timers, &chain.victim, chain.timer.at_us + 1);
	event_base_dispatch(base);
	assert_int_equal(chain.left, 0);
	timers_remove(chain.timers, &chain.timer);	/* harmless */
	timers_free(chain.timers);
	event_base_free(base);
}

static void
an_earlier_one_does_not_wait_for_a_later_one(void **state)
{
	struct event_base *base = event_base_new();
	struct chain chain = { .timers = timers_new(base), .left = 1 };
	int64_t now_us = clock_us();

	(void)state;
	chain.victim.fn = never;
	chain.timer.fn = chain_on_time;
	chain.timer.arg = &chain;
	timers_add(chain.timers, &chain.victim, now_us + 60000000);
	timers_add(chain.timers, &chain.timer, now_us + 5000);
	while (chain.left > 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_in_range(clock_us() - now_us, 5000, 30000000);
	timers_free(chain.timers);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_crowd_fires_in_order_and_those_removed_do_not),
		cmocka_unit_test(a_callback_may_add_and_remove),
		cmocka_unit_test(an_earlier_one_does_not_wait_for_a_later_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
