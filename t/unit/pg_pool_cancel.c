/*
 * Requests that are not wanted any more, in every state: at the server a read
 * ends and a write does not, and the pool is whole after it.
 */
#include "pg_stage.h"

#include <signal.h>

#define ECHO "SELECT $1::int"
#define NAP "SELECT 1 FROM pg_sleep($1::float8)"
#define PID "SELECT pg_backend_pid()"
#define RECORD "INSERT INTO record VALUES ($1::int) RETURNING id"

static void
open_with(int size, int overflow)
{
	struct pg_conf conf = stage_conf;

	conf.pool_size = size;
	conf.max_overflow = overflow;
	stage_open(&conf);
}

static void
a_cancelled_read_ends_at_the_server(void **state)
{
	struct ask ask;
	char pid[64];
	int64_t begun_ms;

	(void)state;
	open_with(1, 0);
	snprintf(pid, sizeof(pid), "%s", read_text(&ask, PID, NULL));
	ask_start(&ask, NAP, "30", false);
	assert_true(run_until_ms(sleeps, "1", 5000));
	begun_ms = clock_ms();
	pg_request_cancel(&ask.request);
	assert_true(run_until_ms(sleeps, "0", 5000));
	assert_true(clock_ms() - begun_ms < 200);
	assert_int_equal(ask.done, 0);
	assert_string_equal(read_text(&ask, PID, NULL), pid);
	stage_close();
}

static void
a_cancelled_write_runs_to_its_end(void **state)
{
	struct ask ask;
	char pid[64];

	(void)state;
	open_with(1, 0);
	side("TRUNCATE notes");
	snprintf(pid, sizeof(pid), "%s", read_text(&ask, PID, NULL));
	ask_start(&ask, "INSERT INTO notes SELECT 1 FROM pg_sleep(1)", NULL,
	    true);
	assert_true(run_until_ms(sleeps, "1", 5000));
	pg_request_cancel(&ask.request);
	assert_string_equal(read_text(&ask, PID, NULL), pid);
	assert_string_equal(side("SELECT count(*) FROM notes"), "1");
	stage_close();
}

static void
a_cancelled_request_that_waits_is_not_sent(void **state)
{
	struct ask first, second, third;

	(void)state;
	open_with(1, 0);
	side("TRUNCATE notes");
	ask_start(&first, NAP, "0.1", false);
	ask_start(&second, "INSERT INTO notes VALUES (1)", NULL, true);
	ask_start(&third, "SELECT 3", NULL, false);
	run_for(20);
	pg_request_cancel(&second.request);
	ask_wait(&first);
	ask_wait(&third);
	assert_int_equal(second.done, 0);
	assert_string_equal(side("SELECT count(*) FROM notes"), "0");
	/* Cancelling what is over does nothing. */
	pg_request_cancel(&first.request);
	stage_close();
}

/* A backend that does not listen: its connection goes, the pool does not. */
static void
a_cancel_without_help_ends_the_connection(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask ask;
	char pid[64];
	bool is_served;
	int64_t begun_ms;

	(void)state;
	conf.pool_size = 1;
	conf.cancel_grace_ms = 200;
	stage_open(&conf);
	snprintf(pid, sizeof(pid), "%s", read_text(&ask, PID, NULL));
	ask_start(&ask, NAP, "30", false);
	assert_true(run_until_ms(sleeps, "1", 5000));
	assert_int_equal(kill(atoi(pid), SIGSTOP), 0);
	begun_ms = clock_ms();
	pg_request_cancel(&ask.request);
	ask_start(&ask, PID, NULL, false);
	is_served = run_until_ms(is_done, &ask, 2000);
	kill(atoi(pid), SIGCONT);
	assert_true(is_served);
	assert_string_not_equal(ask.text, pid);
	assert_true(clock_ms() - begun_ms >= 195);
	stage_close();
}

struct trio {
	struct ask asks[3];
};

/* The first that is answered does not want the others. */
static void
trio_on_done(void *arg, struct pg_rows *rows, const struct error *err)
{
	struct trio *trio = arg;
	unsigned i;

	assert_null(err);
	pg_rows_free(rows);
	trio->asks[0].done++;
	for (i = 1; i < 3; i++)
		pg_request_cancel(&trio->asks[i].request);
}

static void
an_answer_may_cancel_what_stands_behind(void **state)
{
	struct trio trio;
	struct ask ask;
	unsigned i, round;

	(void)state;
	open_with(1, 0);
	for (i = 0; i < 10; i++)
		read_text(&ask, ECHO, "1");
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 3; i++)
			ask_prepare(&trio.asks[i], ECHO, "1", false);
		trio.asks[0].request.done = trio_on_done;
		trio.asks[0].request.arg = &trio;
		for (i = 0; i < 3; i++)
			pg_request_start(stage.pool, &trio.asks[i].request);
		assert_true(run_until_ms(is_done, &trio.asks[0], 5000));
		assert_int_equal(trio.asks[0].done, 1);
		assert_int_equal(trio.asks[1].done + trio.asks[2].done, 0);
	}
	read_text(&ask, ECHO, "1");
	stage_close();
}

/* What stands behind may be hit by a cancel that comes late. */
static void
a_stray_cancel_is_not_seen(void **state)
{
	const char *quick = "SELECT $1::int FROM pg_sleep(0.0005)";
	struct ask asks[6], ask;
	unsigned i, round;

	(void)state;
	open_with(1, 0);
	for (i = 0; i < 10; i++)
		read_text(&ask, quick, "1");
	for (round = 0; round < 100; round++) {
		for (i = 0; i < ARRAY_LEN(asks); i++)
			ask_start(&asks[i], quick, "1", false);
		event_base_loop(stage.base, EVLOOP_ONCE);
		pg_request_cancel(&asks[0].request);
		for (i = 1; i < ARRAY_LEN(asks); i++) {
			ask_wait(&asks[i]);
			assert_string_equal(asks[i].err.detail, "");
		}
	}
	stage_close();
}

/* While it looks up a name, logs in, works, cancels. */
static void
a_pool_can_be_freed_at_any_moment(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask asks[4];
	char url[200];
	unsigned i, round;

	(void)state;
	snprintf(url, sizeof(url), "host=localhost,%s port=1,%s",
	    getenv("PGHOST"), getenv("PGPORT"));
	conf.url = url;
	conf.pool_size = 3;
	for (round = 0; round < 60; round++) {
		stage_open(&conf);
		for (i = 0; i < 4; i++)
			ask_start(&asks[i], i == 1 ? RECORD : NAP, "1",
			    i == 1);
		run_for(round < 30 ? 0 : round);
		for (i = 0; i < 4; i++)
			pg_request_cancel(&asks[i].request);
		if (round % 2 == 1)
			run_for(1);
		stage_close();
	}
}

/* ---- clients that go ---- */

#define STORM 10000

static bool
storm_is_over(void *arg)
{
	(void)arg;
	return stage.pool->nwaiting == 0 &&
	    TAILQ_EMPTY(&stage.pool->conns[PG_CONN_BUSY]) &&
	    TAILQ_EMPTY(&stage.pool->conns[PG_CONN_CANCELLING]) &&
	    TAILQ_EMPTY(&stage.pool->conns[PG_CONN_CHECKING]);
}

static void
ask_any(struct ask *ask)
{
	static const char *const sqls[] = {
		ECHO, "SELECT $1::int FROM pg_sleep(0.001)",
		"SELECT $1::int FROM pg_sleep(0.05)", RECORD,
	};
	unsigned which = ids_random(ARRAY_LEN(sqls));
	char word[16];

	snprintf(word, sizeof(word), "%u", ids_random(1000000));
	ask_start(ask, sqls[which], word, which == 3);
}

static void
cancels_at_random_leave_the_pool_whole(void **state)
{
	static struct ask asks[40];
	struct ask *ask;
	unsigned cancelled = 0, i;

	(void)state;
	side("TRUNCATE record");
	open_with(3, 2);
	for (i = 0; i < ARRAY_LEN(asks); i++)
		ask_any(&asks[i]);
	while (cancelled < STORM) {
		ask = &asks[ids_random(ARRAY_LEN(asks))];
		if (ask->done == 0) {
			pg_request_cancel(&ask->request);
			cancelled++;
		} else if (ask->err.status == 0) {
			assert_string_equal(ask->text, ask->words[0]);
		} else {
			fail_msg("%s", ask->err.detail);
		}
		ask_any(ask);
		if (ids_random(4) == 0)
			event_base_loop(stage.base,
			    EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (ids_random(40) == 0)
			run_for(5);
	}
	for (i = 0; i < ARRAY_LEN(asks); i++)
		pg_request_cancel(&asks[i].request);
	assert_true(run_until_ms(storm_is_over, NULL, 15000));
	assert_true(stage.pool->nconns <= 5);
	read_text(&asks[0], ECHO, "12");
	stage_close();
	assert_string_equal(side("SELECT count(*) FROM pg_stat_activity "
	    "WHERE application_name = 'muster/test' AND state = 'active'"),
	    "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cancelled_read_ends_at_the_server),
		cmocka_unit_test(a_cancelled_write_runs_to_its_end),
		cmocka_unit_test(a_cancelled_request_that_waits_is_not_sent),
		cmocka_unit_test(a_cancel_without_help_ends_the_connection),
		cmocka_unit_test(an_answer_may_cancel_what_stands_behind),
		cmocka_unit_test(a_stray_cancel_is_not_seen),
		cmocka_unit_test(a_pool_can_be_freed_at_any_moment),
		cmocka_unit_test(cancels_at_random_leave_the_pool_whole),
	};

	if (stage_is_missing())
		return 0;
	return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
