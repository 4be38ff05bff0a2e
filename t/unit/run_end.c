/*
 * How runs end: failures, deadlines, clients that leave; who is cancelled,
 * which error wins, what outlives the request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "stage.h"

/* ---- failures ----------------------------------------------------------- */

static void
the_first_failure_cancels_reads(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"\"; }; b = { read = \"\"; }; "
	    "c = { read = \"\"; after = \"b\"; }; w = { write = \"\"; }; };\n"
	    "reply = \"x\";");
	stage_start(&stage);
	stage_break(&stage, "b", 502);
	assert_story("a+ b+ a- ");
	stage_assert_answer(&stage, 502);
	assert_string_equal(stage.message, "b failed");
	run_free(stage.run);
	stage_close(&stage);
}

static void
else_makes_a_read_optional(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"404\"; else = \"{null}\"; }; "
	    "b = { read = \"404\"; else = { n = 1; p = \"{part}\"; }; }; "
	    "c = { read = \"404\"; else = \"{b}\"; }; };\n"
	    "reply = ( \"{a}\", \"{a.x}\", \"{b.n}\", \"{b.p}\", \"{c}\", "
	    "\"{a:state}\", \"{a:status}\", \"{a:source}\" );");
	stage_start(&stage);
	stage_assert_answer(&stage, 200);
	assert_body(&stage, "[null,null,1,\"7\",{\"n\":1,\"p\":\"7\"},"
	    "\"failed\",404,null]");
	run_free(stage.run);
	stage_close(&stage);
}

static void
a_guards_4xx_wins_over_a_siblings_5xx(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"\"; }; "
	    "g = { guard = \"\"; }; };\nreply = \"x\";");
	stage_start(&stage);
	stage_break(&stage, "a", 500);
	stage_turn(&stage);
	assert_int_equal(stage.answers, 0);	/* the guard is awaited */
	stage_break(&stage, "g", 403);
	stage_assert_answer(&stage, 403);
	run_free(stage.run);

	/* But not over a 4xx, and a 5xx of its own over nothing. */
	stage.answers = 0;
	stage_start(&stage);
	stage_break(&stage, "a", 404);
	stage_break(&stage, "g", 403);
	stage_assert_answer(&stage, 404);
	run_free(stage.run);

	stage.answers = 0;
	stage_start(&stage);
	stage_break(&stage, "a", 500);
	stage_end(&stage, "g");
	stage_assert_answer(&stage, 500);
	run_free(stage.run);
	stage_close(&stage);
}

static void
an_effect_in_flight_is_not_cancelled(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { w = { write = \"\"; }; "
	    "a = { read = \"\"; }; v = { write = \"\"; }; };\n"
	    "reply = \"x\";");
	stage_start(&stage);
	assert_story("w+ a+ ");
	stage_break(&stage, "a", 500);
	stage_assert_answer(&stage, 500);
	assert_int_equal(services_held(stage.services), 0);
	run_free(stage.run);
	assert_int_equal(services_held(stage.services), 1);
	stage_end(&stage, "w");
	stage_turn(&stage);
	assert_story("");		/* v has not begun */
	assert_int_equal(services_held(stage.services), 0);
	stage_close(&stage);
}

static void
a_client_that_leaves_cancels_reads_only(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { w = { write = \"\"; }; "
	    "g = { guard = \"\"; }; a = { read = \"\"; after = \"w\"; }; "
	    "b = { read = \"\"; }; };\nreply = \"x\";");
	stage_start(&stage);
	assert_story("w+ g+ ");
	stage_end(&stage, "g");
	assert_story("b+ ");
	run_cancel(stage.run);
	assert_story("b- ");
	assert_int_equal(services_held(stage.services), 1);
	stage_break(&stage, "w", 500);
	stage_turn(&stage);
	assert_int_equal(stage.answers, 0);
	assert_int_equal(services_held(stage.services), 0);
	stage_close(&stage);
}

static void
a_client_may_leave_before_the_answer_it_has_coming(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"done\"; }; };\n"
	    "reply = \"x\";");
	stage_start(&stage);
	run_cancel(stage.run);
	stage_turn(&stage);
	assert_int_equal(stage.answers, 0);
	assert_int_equal(services_held(stage.services), 0);
	stage_close(&stage);
}

static void
the_end_of_the_worker_drops_effects(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { w = { write = \"\"; }; };\nreply = \"x\";");
	stage_start(&stage);
	run_cancel(stage.run);
	stage_start(&stage);
	run_cancel(stage.run);
	stage_end(&stage, "w");		/* its release is under way */
	assert_int_equal(services_held(stage.services), 2);
	services_close(stage.services);
	assert_story("w+ w+ w~ ");
	turn_free(stage.turn);
	event_base_free(stage.base);
	plans_free(stage.plans);
	conf_text_free(&stage.conf);
	buf_release(&story);
	arena_release_kept();
}

/* ---- time --------------------------------------------------------------- */

static void
the_deadline_ends_all_but_effects(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "limits = { request_timeout = \"30ms\"; };\n"
	    "do = { w = { write = \"\"; }; a = { read = \"\"; else = 1; }; "
	    "g = { guard = \"\"; }; };\nreply = \"x\";");
	stage_start(&stage);
	while (stage.answers == 0)
		event_base_loop(stage.base, EVLOOP_ONCE);
	assert_int_equal(stage.status, 504);
	assert_story("w+ a+ g+ a- g- ");
	run_free(stage.run);
	assert_int_equal(services_held(stage.services), 1);
	stage_end(&stage, "w");
	stage_turn(&stage);
	assert_int_equal(services_held(stage.services), 0);
	stage_close(&stage);
}

static void
a_timeout_ends_one_read(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"\"; timeout = \"20ms\"; "
	    "else = \"late\"; }; b = { read = \"\"; }; "
	    "c = { read = \"\"; timeout = \"10ms\"; }; };\n"
	    "reply = ( \"{a}\", \"{b}\", \"{a:status}\", \"{c}\" );");
	stage_start(&stage);
	stage_end(&stage, "c");		/* in time: nothing comes of it */
	while (story.len < strlen("a+ b+ c+ a- "))
		event_base_loop(stage.base, EVLOOP_ONCE);
	assert_story("a+ b+ c+ a- ");
	stage_end(&stage, "b");
	stage_assert_answer(&stage, 200);
	assert_body(&stage, "[\"late\",\"b\",504,\"c\"]");
	run_free(stage.run);
	stage_close(&stage);
}

struct crowd {
	unsigned left;
	struct run *runs[20000];
};

static void
crowd_on_done(void *arg, const struct run_reply *reply,
    const struct error *err)
{
	struct crowd *crowd = arg;

	assert_null(err);
	assert_int_equal(reply->status, 200);
	crowd->left--;
}

static void
twenty_thousand_sleep_at_once(void **state)
{
	struct stage stage;
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	int64_t start_us;

	(void)state;
	stage_open(&stage, "limits = { request_timeout = \"1h\"; };\n"
	    "do = { wait = { sleep = \"100ms\"; }; };\n"
	    "reply = { message = \"x\"; };");
	start_us = clock_us();
	for (unsigned i = 0; i < ARRAY_LEN(crowd->runs); i++) {
		crowd->left++;
		crowd->runs[i] = stage_run(&stage, crowd_on_done, crowd);
	}
	assert_int_equal(crowd->left, ARRAY_LEN(crowd->runs));
	while (crowd->left > 0)
		event_base_loop(stage.base, EVLOOP_ONCE);
	assert_true(clock_us() - start_us >= 100000);
	for (unsigned i = 0; i < ARRAY_LEN(crowd->runs); i++)
		run_free(crowd->runs[i]);
	free(crowd);
	stage_close(&stage);
}

static void
sleep_takes_what_a_client_says(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { sleep = \"{part}\"; timeout = "
	    "\"10ms\"; else = 1; }; b = { sleep = \"0ms\"; }; };\n"
	    "reply = ( \"{a}\", \"{b}\" );");
	stage_start(&stage);
	while (stage.answers == 0)
		event_base_loop(stage.base, EVLOOP_ONCE);
	assert_int_equal(stage.status, 200);
	assert_body(&stage, "[1,null]");	/* 7 seconds are too many */
	run_free(stage.run);
	stage_close(&stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_failure_cancels_reads),
		cmocka_unit_test(else_makes_a_read_optional),
		cmocka_unit_test(a_guards_4xx_wins_over_a_siblings_5xx),
		cmocka_unit_test(an_effect_in_flight_is_not_cancelled),
		cmocka_unit_test(a_client_that_leaves_cancels_reads_only),
		cmocka_unit_test(
		    a_client_may_leave_before_the_answer_it_has_coming),
		cmocka_unit_test(the_end_of_the_worker_drops_effects),
		cmocka_unit_test(the_deadline_ends_all_but_effects),
		cmocka_unit_test(a_timeout_ends_one_read),
		cmocka_unit_test(twenty_thousand_sleep_at_once),
		cmocka_unit_test(sleep_takes_what_a_client_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
