/*
 * Runs of plans whose operations are played by the test: what starts when,
 * what a reply is made of, what a run costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "stage.h"

static void
a_route_without_operations_answers(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "reply = { a = 1; b = \"{part}\"; };");
	stage_start(&stage);
	stage_assert_answer(&stage, 200);
	assert_body(&stage, "{\"a\":1,\"b\":\"7\"}");
	run_free(stage.run);
	stage_close(&stage);
}

static void
reads_float(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"\"; }; b = { read = \"\"; "
	    "when = \"not {a} = 'x'\"; }; c = { read = \"\"; }; "
	    "d = { write = \"done\"; }; e = { read = \"\"; }; };\n"
	    "reply = [ \"{a}\", \"{b}\", \"{c}\" ];");
	stage_start(&stage);
	assert_story("a+ c+ e+ ");
	stage_end(&stage, "c");
	stage_turn(&stage);
	assert_story("");
	stage_end(&stage, "a");
	assert_story("b+ ");
	stage_end(&stage, "e");
	assert_story("");
	stage_end(&stage, "b");
	assert_story("d+ ");
	stage_assert_answer(&stage, 200);
	assert_body(&stage, "[\"a\",\"b\",\"c\"]");
	run_free(stage.run);
	stage_close(&stage);
}

static void
effects_are_ordered(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"\"; }; "
	    "o = { read = \"\"; else = 1; }; w = { write = \"\"; }; "
	    "v = { write = \"\"; }; below = { read = \"\"; }; };\n"
	    "reply = \"x\";");
	stage_start(&stage);
	assert_story("a+ o+ below+ ");
	stage_end(&stage, "a");
	assert_story("w+ ");		/* o is optional, below is below */
	stage_end(&stage, "w");
	assert_story("v+ ");
	stage_end(&stage, "v");
	stage_turn(&stage);
	assert_int_equal(stage.answers, 0);
	stage_end(&stage, "o");
	stage_end(&stage, "below");
	stage_assert_answer(&stage, 200);
	run_free(stage.run);
	stage_close(&stage);
}

static void
after_adds_an_edge(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"\"; after = \"b\"; }; "
	    "b = { read = \"\"; }; c = { read = \"\"; "
	    "after = [ \"a\", \"b\" ]; }; };\nreply = \"x\";");
	stage_start(&stage);
	assert_story("b+ ");
	stage_end(&stage, "b");
	assert_story("a+ ");
	stage_end(&stage, "a");
	assert_story("c+ ");
	stage_end(&stage, "c");
	stage_assert_answer(&stage, 200);
	run_free(stage.run);
	stage_close(&stage);
}

static void
a_guard_holds_back_what_is_below(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { above = { read = \"\"; }; "
	    "g = { guard = \"\"; }; below = { read = \"\"; }; "
	    "w = { write = \"\"; }; };\nreply = \"x\";");
	stage_start(&stage);
	assert_story("above+ g+ ");
	stage_end(&stage, "g");
	assert_story("below+ ");
	stage_end(&stage, "above");
	stage_end(&stage, "below");
	assert_story("w+ ");
	stage_end(&stage, "w");
	stage_assert_answer(&stage, 200);
	run_free(stage.run);
	stage_close(&stage);
}

static void
a_skipped_operation_is_null(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"done\"; when = \"{part} = "
	    "'8'\"; }; b = { read = \"done\"; after = \"a\"; }; };\n"
	    "reply = ( \"{a}\", \"{a:state}\", \"{a.x}\", \"{b:state}\", "
	    "\"{a:count}\", \"{b:status}\" );");
	stage_start(&stage);
	assert_story("b+ ");
	stage_assert_answer(&stage, 200);
	assert_body(&stage, "[null,\"skipped\",null,\"done\",0,200]");
	run_free(stage.run);
	stage_close(&stage);
}

static void
a_long_chain_does_not_recurse(void **state)
{
	struct stage stage;
	struct buf route = { NULL, 0, 0 };

	(void)state;
	buf_printf(&route, "do = {");
	for (unsigned i = 0; i < 80; i++)
		buf_printf(&route, "w%u = {write=\"done\";};", i);
	buf_printf(&route, "}; reply = \"x\";%c", 0);
	stage_open(&stage, route.data);
	stage_start(&stage);
	stage_assert_answer(&stage, 200);
	run_free(stage.run);
	stage_close(&stage);
	buf_release(&route);
}

/* ---- guards, headers, errors -------------------------------------------- */

static void
require_says_no(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { ok = { require = \"{part} = '7'\"; }; "
	    "no = { require = \"{part} = '8'\"; detail = \"Not you\"; "
	    "status = 401; }; a = { read = \"done\"; }; };\nreply = \"x\";");
	stage_start(&stage);
	assert_story("");
	stage_assert_answer(&stage, 401);
	assert_string_equal(stage.message, "Not you");
	run_free(stage.run);
	stage_close(&stage);

	stage_open(&stage, "do = { no = { require = \"{null} = 1\"; }; };\n"
	    "reply = \"x\";");
	stage_start(&stage);
	stage_assert_answer(&stage, 403);
	assert_string_equal(stage.message, "Forbidden");
	run_free(stage.run);
	stage_close(&stage);
}

static void
errors_are_told_as_the_route_says(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "errors = { on = ( { code = \"deadline\"; "
	    "status = 503; }, { code = \"internal\"; status = 409; "
	    "detail = \"Sorry\"; } ); };\n"
	    "do = { a = { read = \"500\"; }; };\nreply = \"x\";");
	stage_start(&stage);
	stage_assert_answer(&stage, 409);
	assert_string_equal(stage.message, "Sorry");
	run_free(stage.run);
	stage_close(&stage);
}

static void
headers_are_texts(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "do = { a = { read = \"done\"; }; };\n"
	    "reply_headers = { Location = \"/x/{part}/{a}\"; "
	    "X-None = \"{a.x}\"; X-Fixed = \"f\"; }; status = 201;\n"
	    "reply = \"x\";");
	stage_start(&stage);
	stage_assert_answer(&stage, 201);
	assert_string_equal(stage.headers, "Location: /x/7/a|X-Fixed: f|");
	run_free(stage.run);
	stage_close(&stage);
}

/* ---- what it costs ------------------------------------------------------ */

static void
count_on_done(void *arg, const struct run_reply *reply,
    const struct error *err)
{
	(void)err;
	*(int *)arg += reply->status == 200;
}

static int64_t
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void
measure(const char *what, const char *route)
{
	enum { BATCH = 50, BATCHES = 400 };
	struct stage stage;
	struct run *runs[BATCH];
	struct buf out = { NULL, 0, 0 };
	int answers = 0;
	int64_t ns;

	stage_open(&stage, route);
	ns = cpu_ns();
	for (unsigned n = 0; n < BATCHES; n++) {
		for (unsigned i = 0; i < BATCH; i++)
			runs[i] = stage_run(&stage, count_on_done, &answers);
		stage_turn(&stage);
		for (unsigned i = 0; i < BATCH; i++) {
			out.len = 0;
			run_write(runs[i], &out, 65536);
			run_free(runs[i]);
		}
		story.len = 0;
	}
	ns = (cpu_ns() - ns) / (BATCH * BATCHES);
	printf("# %s: %lld ns\n", what, (long long)ns);
	assert_int_equal(answers, BATCH * BATCHES);
	buf_release(&out);
	stage_close(&stage);
}

static void
a_run_costs_little(void **state)
{
	(void)state;
	measure("a run without operations",
	    "reply = { message = \"Hello, World!\"; };");
	measure("a run of one operation", "do = { a = { read = \"done\"; }; };"
	    " reply = \"{a}\";");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_without_operations_answers),
		cmocka_unit_test(reads_float),
		cmocka_unit_test(effects_are_ordered),
		cmocka_unit_test(after_adds_an_edge),
		cmocka_unit_test(a_guard_holds_back_what_is_below),
		cmocka_unit_test(a_skipped_operation_is_null),
		cmocka_unit_test(a_long_chain_does_not_recurse),
		cmocka_unit_test(require_says_no),
		cmocka_unit_test(errors_are_told_as_the_route_says),
		cmocka_unit_test(headers_are_texts),
		cmocka_unit_test(a_run_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
