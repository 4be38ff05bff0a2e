/*
 * The end of a turn: when items run, in what order, and what bounds them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include <event2/event.h>

#include <cmocka.h>

#include "base/turn.h"

struct stage {
	struct event_base *base;
	struct turn *turn;
	char order[64];
	unsigned runs;
	int fds[2];
	struct turn_item self, other;
};

struct note {
	struct stage *stage;
	const char *word;
};

static int
begin(void **state)
{
	static struct stage stage;

	memset(&stage, 0, sizeof(stage));
	stage.base = event_base_new();
	stage.turn = turn_new(stage.base);
	*state = &stage;
	return 0;
}

static int
end(void **state)
{
	struct stage *stage = *state;

	turn_free(stage->turn);
	event_base_free(stage->base);
	return 0;
}

static void
write_note(void *arg)
{
	struct note *note = arg;

	strcat(note->stage->order, note->word);
}

static void
run_once(struct stage *stage)
{
	event_base_loop(stage->base, EVLOOP_NONBLOCK);
}

static void
items_run_later_in_the_order_they_came(void **state)
{
	struct stage *stage = *state;
	struct note a = { stage, "a" }, b = { stage, "b" };
	struct turn_item first = { .fn = write_note, .arg = &a };
	struct turn_item second = { .fn = write_note, .arg = &b };

	turn_add(stage->turn, &first);
	turn_add(stage->turn, &second);
	assert_string_equal(stage->order, "");
	run_once(stage);
	assert_string_equal(stage->order, "ab");
	run_once(stage);
	assert_string_equal(stage->order, "ab");
}

static void
a_queued_item_is_not_queued_again(void **state)
{
	struct stage *stage = *state;
	struct note a = { stage, "a" };
	struct turn_item item = { .fn = write_note, .arg = &a };

	turn_add(stage->turn, &item);
	turn_add(stage->turn, &item);
	run_once(stage);
	assert_string_equal(stage->order, "a");
	turn_add(stage->turn, &item);
	run_once(stage);
	assert_string_equal(stage->order, "aa");
}

static void
a_removed_item_does_not_run(void **state)
{
	struct stage *stage = *state;
	struct note a = { stage, "a" }, b = { stage, "b" };
	struct turn_item first = { .fn = write_note, .arg = &a };
	struct turn_item second = { .fn = write_note, .arg = &b };

	turn_add(stage->turn, &first);
	turn_add(stage->turn, &second);
	turn_remove(stage->turn, &first);
	turn_remove(stage->turn, &first);
	run_once(stage);
	assert_string_equal(stage->order, "b");
}

static void
remove_the_other(void *arg)
{
	struct stage *stage = arg;

	turn_remove(stage->turn, &stage->other);
	strcat(stage->order, "r");
}

static void
an_item_may_remove_the_next_one(void **state)
{
	struct stage *stage = *state;
	struct note b = { stage, "b" };

	stage->self = (struct turn_item){ .fn = remove_the_other,
		.arg = stage };
	stage->other = (struct turn_item){ .fn = write_note, .arg = &b };
	turn_add(stage->turn, &stage->self);
	turn_add(stage->turn, &stage->other);
	run_once(stage);
	assert_string_equal(stage->order, "r");
	turn_add(stage->turn, &stage->other);
	run_once(stage);
	assert_string_equal(stage->order, "rb");
}

static void
add_the_other(void *arg)
{
	struct stage *stage = arg;

	strcat(stage->order, "a");
	turn_add(stage->turn, &stage->other);
	strcat(stage->order, "-");
}

static void
what_an_item_adds_runs_in_the_same_turn_and_not_inside_it(void **state)
{
	struct stage *stage = *state;
	struct note b = { stage, "b" };

	stage->self = (struct turn_item){ .fn = add_the_other, .arg = stage };
	stage->other = (struct turn_item){ .fn = write_note, .arg = &b };
	turn_add(stage->turn, &stage->self);
	run_once(stage);
	assert_string_equal(stage->order, "a-b");
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct stage *stage = arg;

	(void)fd;
	(void)what;
	strcat(stage->order, "e");
	turn_add(stage->turn, &stage->other);
}

static void
items_run_after_all_events_that_were_ready_together(void **state)
{
	struct stage *stage = *state;
	struct note t = { stage, "t" };
	struct event *events[5];
	int fds[2], i;

	stage->other = (struct turn_item){ .fn = write_note, .arg = &t };
	assert_int_equal(pipe(fds), 0);
	for (i = 0; i < 5; i++) {
		events[i] = event_new(stage->base, fds[1], EV_WRITE, on_ready,
		    stage);
		event_add(events[i], NULL);
	}
	run_once(stage);
	assert_string_equal(stage->order, "eeeeet");
	for (i = 0; i < 5; i++)
		event_free(events[i]);
	close(fds[0]);
	close(fds[1]);
}

/* A socket becomes readable when the bound has been passed once. */
static void
add_itself(void *arg)
{
	struct stage *stage = arg;

	stage->runs++;
	if (stage->runs == 15000)
		assert_int_equal(write(stage->fds[1], "x", 1), 1);
	if (stage->runs < 1000000)
		turn_add(stage->turn, &stage->self);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stage *stage = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(stage->base);
}

static void
an_item_that_adds_itself_for_ever_does_not_starve_events(void **state)
{
	struct stage *stage = *state;
	struct event *event;

	assert_int_equal(pipe(stage->fds), 0);
	event = event_new(stage->base, stage->fds[0], EV_READ, on_readable,
	    stage);
	stage->self = (struct turn_item){ .fn = add_itself, .arg = stage };
	turn_add(stage->turn, &stage->self);
	event_add(event, NULL);
	event_base_dispatch(stage->base);
	assert_in_range(stage->runs, 15000, 40000);
	event_free(event);
	close(stage->fds[0]);
	close(stage->fds[1]);
}

static void
what_is_left_is_not_run_when_the_turn_is_freed(void **state)
{
	struct stage *stage = *state;
	struct note a = { stage, "a" };
	struct turn_item item = { .fn = write_note, .arg = &a };

	turn_add(stage->turn, &item);
	turn_free(stage->turn);
	assert_int_equal(item.queued, 0);
	stage->turn = NULL;
	run_once(stage);
	assert_string_equal(stage->order, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    items_run_later_in_the_order_they_came, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_queued_item_is_not_queued_again, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_removed_item_does_not_run, begin, end),
		cmocka_unit_test_setup_teardown(
		    an_item_may_remove_the_next_one, begin, end),
		cmocka_unit_test_setup_teardown(
		    what_an_item_adds_runs_in_the_same_turn_and_not_inside_it,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    items_run_after_all_events_that_were_ready_together,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    an_item_that_adds_itself_for_ever_does_not_starve_events,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    what_is_left_is_not_run_when_the_turn_is_freed, begin,
		    end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
