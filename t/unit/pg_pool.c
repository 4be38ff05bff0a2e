/*
 * What a pool answers, in what order and after how long, on a sound server.
 */
#include "pg_stage.h"

#define NAP "SELECT 1 FROM pg_sleep($1::float8)"
#define PID "SELECT pg_backend_pid()"

static void
open_with(int size, int overflow)
{
	struct pg_conf conf = stage_conf;

	conf.pool_size = size;
	conf.max_overflow = overflow;
	stage_open(&conf);
}

/* ---- answers ---- */

static void
rows_come_back(void **state)
{
	struct ask ask;

	(void)state;
	open_with(1, 0);
	assert_string_equal(read_text(&ask, "SELECT $1::text", "a'\"b"),
	    "a'\"b");
	assert_string_equal(read_text(&ask, "SELECT $1::int", NULL), "null");
	read_text(&ask, "SELECT i FROM generate_series(1, 1000) i", NULL);
	assert_int_equal(ask.nrows, 1000);
	read_text(&ask, "SELECT 1 WHERE false", NULL);
	assert_int_equal(ask.nrows, 0);
	ask_start(&ask, "INSERT INTO notes SELECT i FROM "
	    "generate_series(1, 3) i", NULL, true);
	ask_wait(&ask);
	assert_int_equal(ask.affected, 3);
	stage_close();
}

static void
each_gets_its_own_answer(void **state)
{
	static struct ask asks[500];
	char word[16];
	unsigned i, round;

	(void)state;
	open_with(3, 2);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_LEN(asks); i++) {
			snprintf(word, sizeof(word), "%u", i);
			ask_start(&asks[i], "SELECT $1::int", word, false);
		}
		for (i = 0; i < ARRAY_LEN(asks); i++) {
			snprintf(word, sizeof(word), "%u", i);
			ask_wait(&asks[i]);
			assert_string_equal(asks[i].text, word);
		}
	}
	assert_true(stage.pool->nconns <= 5);
	stage_close();
}

static void
errors_say_who_is_at_fault(void **state)
{
	struct ask ask;

	(void)state;
	open_with(1, 0);
	ask_start(&ask, "INSERT INTO unique_notes VALUES (1), (1)", NULL,
	    true);
	assert_refused(&ask, ERROR_CONFLICT, "23505");
	assert_int_equal(ask.err.status, 409);
	assert_string_equal(ask.err.constraint, "unique_notes_key");
	assert_null(strstr(ask.err.message, "unique_notes"));
	ask_start(&ask, "SELECT 1 / $1::int", "0", false);
	assert_refused(&ask, ERROR_INTERNAL, "22012");
	ask_start(&ask, "SELECT $1::int", "x", false);
	assert_refused(&ask, ERROR_CONSTRAINT, "22P02");
	ask_start(&ask, "SELECT nonsense", NULL, false);
	assert_refused(&ask, ERROR_INTERNAL, "42703");
	ask_start(&ask, "DO $$ BEGIN RAISE 'sold out'; END $$", NULL, true);
	assert_refused(&ask, ERROR_RAISED, "P0001");
	assert_string_equal(ask.err.message, "sold out");
	ask_start(&ask, "DO $$ BEGIN RAISE SQLSTATE 'PT418'; END $$", NULL,
	    true);
	assert_refused(&ask, ERROR_RAISED, "PT418");
	assert_int_equal(ask.err.status, 418);
	ask_start(&ask, "COPY notes TO STDOUT", NULL, true);
	ask_wait(&ask);
	assert_int_equal(ask.err.status, 500);
	assert_string_equal(read_text(&ask, "SELECT 7", NULL), "7");
	stage_close();
}

static void
a_write_fails_at_its_commit(void **state)
{
	struct ask ask;

	(void)state;
	open_with(1, 0);
	ask_start(&ask, "INSERT INTO late VALUES (99) RETURNING note", NULL,
	    true);
	assert_refused(&ask, ERROR_CONFLICT, "23503");
	assert_string_equal(side("SELECT count(*) FROM late"), "0");
	assert_string_equal(read_text(&ask, "SELECT 7", NULL), "7");
	stage_close();
}

static void
reads_cannot_write(void **state)
{
	struct ask ask;

	(void)state;
	open_with(2, 0);
	ask_start(&ask, "INSERT INTO notes VALUES (5)", NULL, false);
	assert_refused(&ask, ERROR_INTERNAL, "say writes = true");
	assert_int_equal(ask.err.status, 500);
	stage_close();
}

static void
one_connection_reads_and_writes(void **state)
{
	struct ask ask, other;
	char pid[64];
	unsigned i;

	(void)state;
	open_with(1, 0);
	snprintf(pid, sizeof(pid), "%s", read_text(&ask, PID, NULL));
	for (i = 0; i < 20; i++) {
		ask_start(&ask, "INSERT INTO notes VALUES (2) RETURNING "
		    "pg_backend_pid()", NULL, true);
		ask_start(&other, "SELECT pg_backend_pid(), "
		    "current_setting('transaction_read_only')", NULL, false);
		ask_wait(&ask);
		ask_wait(&other);
		assert_string_equal(ask.text, pid);
		assert_string_equal(other.text, pid);
		ask_start(&ask, "INSERT INTO notes VALUES (6)", NULL, false);
		assert_refused(&ask, ERROR_INTERNAL, "25006");
	}
	stage_close();
}

static void
sessions_have_our_settings(void **state)
{
	static const char *const rows[][2] = {
		{ "DateStyle", "ISO, MDY" }, { "IntervalStyle", "iso_8601" },
		{ "extra_float_digits", "1" }, { "bytea_output", "hex" },
		{ "jit", "off" }, { "client_encoding", "UTF8" },
		{ "default_transaction_read_only", "on" },
		{ "client_connection_check_interval", "2s" },
		{ "application_name", "muster/test" },
		{ "work_mem", "5MB" },
	};
	struct pg_conf conf = stage_conf;
	struct ask ask;
	unsigned i;

	(void)state;
	conf.url = "options='-c work_mem=5MB -c bytea_output=escape'";
	stage_open(&conf);
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(read_text(&ask,
		    "SELECT current_setting($1)", rows[i][0]), rows[i][1]);
	stage_close();
}

static void
statements_beyond_those_named_work_too(void **state)
{
	struct ask ask;
	char sql[40], expected[8];
	unsigned i, round;

	(void)state;
	open_with(1, 0);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 300; i++) {
			snprintf(sql, sizeof(sql), "SELECT %u", i);
			snprintf(expected, sizeof(expected), "%u", i);
			assert_string_equal(read_text(&ask, sql, NULL),
			    expected);
		}
	}
	assert_string_equal(read_text(&ask,
	    "SELECT count(*) FROM pg_prepared_statements", NULL), "256");
	stage_close();
}

static void
an_altered_table_is_prepared_anew(void **state)
{
	struct ask ask;

	(void)state;
	open_with(2, 0);
	side("CREATE TABLE shifting (n int)");
	side("INSERT INTO shifting VALUES (3)");
	assert_string_equal(read_text(&ask, "SELECT * FROM shifting", NULL),
	    "3");
	side("ALTER TABLE shifting ALTER n TYPE bigint");
	assert_string_equal(read_text(&ask, "SELECT * FROM shifting", NULL),
	    "3");
	side("DROP TABLE shifting");
	stage_close();
}

/* Both sides may be waiting to send: reading must go on. */
static void
large_texts_pass_both_ways(void **state)
{
	const size_t len = 4 << 20;
	char *large = memory_new(len + 1);
	struct ask asks[4];
	unsigned i;

	(void)state;
	memset(large, 'x', len);
	open_with(1, 0);
	for (i = 0; i < 4; i++) {
		ask_prepare(&asks[i], "SELECT length($1), $1", NULL, i == 3);
		asks[i].params[0] = large;
		pg_request_start(stage.pool, &asks[i].request);
	}
	for (i = 0; i < 4; i++) {
		ask_wait(&asks[i]);
		assert_int_equal(asks[i].err.status, 0);
		assert_string_equal(asks[i].text, "4194304");
	}
	stage_close();
	free(large);
}

static void
echo_masks_parameters(void **state)
{
	struct pg_conf conf = stage_conf;
	char text[4096];
	struct ask ask;
	int ends[2];
	ssize_t len;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	conf.echo = true;
	log_open(LOG_LEVEL_INFO, ends[1]);
	stage_open(&conf);
	read_text(&ask, "SELECT $1::text", "hush");
	stage_close();
	log_open(LOG_LEVEL_ERROR, -1);
	len = read(ends[0], text, sizeof(text) - 1);
	assert_true(len > 0);
	text[len] = '\0';
	assert_non_null(strstr(text, "SELECT $1::text\" $1=***"));
	assert_null(strstr(text, "hush"));
	close(ends[0]);
	close(ends[1]);
}

static void
an_answer_has_limits(void **state)
{
	const char *many = "SELECT i FROM generate_series(1, 100) i";
	const char *large = "SELECT repeat('x', 1000) FROM "
	    "generate_series(1, 100000)";
	struct ask ask;
	int64_t begun_ms;

	(void)state;
	open_with(1, 0);
	ask_prepare(&ask, many, NULL, false);
	ask.request.max_rows = 99;
	pg_request_start(stage.pool, &ask.request);
	assert_refused(&ask, ERROR_INTERNAL, "max_rows");
	ask_prepare(&ask, many, NULL, false);
	ask.request.max_rows = 100;
	pg_request_start(stage.pool, &ask.request);
	ask_wait(&ask);
	assert_int_equal(ask.nrows, 100);
	ask_prepare(&ask, large, NULL, false);
	ask.request.max_bytes = 1 << 20;
	begun_ms = clock_ms();
	pg_request_start(stage.pool, &ask.request);
	assert_refused(&ask, ERROR_INTERNAL, "max_result");
	assert_true(clock_ms() - begun_ms < 2000);
	assert_string_equal(read_text(&ask, "SELECT 7", NULL), "7");
	stage_close();
}

/* ---- waiting ---- */

static void
waiting_has_an_end(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask busy, late, hurried;

	(void)state;
	conf.pool_size = 1;
	conf.pool_timeout_ms = 150;
	stage_open(&conf);
	ask_start(&busy, NAP, "0.5", false);
	run_for(20);
	ask_start(&late, "SELECT 1", NULL, false);
	ask_prepare(&hurried, "SELECT 1", NULL, false);
	hurried.request.deadline_ms = clock_ms() + 50;
	pg_request_start(stage.pool, &hurried.request);
	assert_refused(&hurried, ERROR_DEADLINE, "");
	assert_refused(&late, ERROR_POOL_TIMEOUT, "waited 1");
	assert_int_equal(late.err.status, 503);
	assert_int_equal(late.err.retry_after_s, 1);
	assert_int_equal(busy.done, 0);
	ask_wait(&busy);
	assert_int_equal(busy.err.status, 0);
	stage_close();
}

static void
a_full_queue_refuses_the_newest(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask asks[5];
	unsigned i;

	(void)state;
	conf.pool_size = 1;
	conf.pool_queue = 3;
	stage_open(&conf);
	ask_start(&asks[0], NAP, "0.2", false);
	run_for(50);
	for (i = 1; i < 5; i++)
		ask_start(&asks[i], "SELECT 1", NULL, i % 2);
	run_for(20);
	assert_refused(&asks[4], ERROR_POOL_QUEUE_FULL, "pool_queue is 3");
	assert_int_equal(asks[4].err.retry_after_s, 1);
	for (i = 0; i < 4; i++) {
		ask_wait(&asks[i]);
		assert_int_equal(asks[i].err.status, 0);
	}
	stage_close();
}

static void
a_slow_read_delays_no_quick_one(void **state)
{
	struct ask slow, quick;
	int64_t begun_ms;

	(void)state;
	open_with(2, 0);
	ask_start(&slow, NAP, "0.5", false);
	run_for(20);
	begun_ms = clock_ms();
	for (int i = 0; i < 50; i++)
		read_text(&quick, "SELECT 1", NULL);
	assert_true(clock_ms() - begun_ms < 300);
	assert_int_equal(slow.done, 0);
	ask_wait(&slow);
	stage_close();
}

/* True: one server process answered all, and soon. */
static bool
quick_reads_went_together(void)
{
	struct ask asks[4];
	int64_t begun_ms = clock_ms();
	unsigned i, alike = 0;

	for (i = 0; i < ARRAY_LEN(asks); i++)
		ask_start(&asks[i], PID, NULL, false);
	for (i = 0; i < ARRAY_LEN(asks); i++) {
		ask_wait(&asks[i]);
		alike += strcmp(asks[i].text, asks[0].text) == 0;
	}
	return alike == ARRAY_LEN(asks) && clock_ms() - begun_ms < 100;
}

/* Over TCP, where they are held back until the last has been sent. */
static void
quick_reads_go_together_though_others_idle(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask naps[2], ask;
	char url[100];
	unsigned i, tries = 0;

	(void)state;
	snprintf(url, sizeof(url), "host=127.0.0.1 port=%s user=muster "
	    "dbname=app", getenv("PGPORT"));
	conf.url = url;
	stage_open(&conf);
	for (i = 0; i < 2; i++)
		ask_start(&naps[i], NAP, "0.1", false);
	for (i = 0; i < 2; i++)
		ask_wait(&naps[i]);
	assert_int_equal(stage.pool->nconns, 2);
	for (i = 0; i < 40; i++)
		read_text(&ask, PID, NULL);
	/* On a busy machine even these are not always quick. */
	while (!quick_reads_went_together())
		assert_true(++tries < 200);
	stage_close();
}

/* ---- how many connections ---- */

static bool
has_conns(void *arg)
{
	return stage.pool->nconns == *(unsigned *)arg;
}

static void
assert_conns(unsigned n)
{
	if (!run_until_ms(has_conns, &n, 5000))
		fail_msg("%u connections, not %u", stage.pool->nconns, n);
}

static void
overflow_comes_and_goes(void **state)
{
	struct ask asks[6];
	unsigned i;

	(void)state;
	open_with(2, 2);
	for (i = 0; i < 6; i++)
		ask_start(&asks[i], NAP, "0.2", false);
	for (i = 0; i < 6; i++)
		ask_wait(&asks[i]);
	assert_int_equal(stage.pool->nconns, 4);
	assert_conns(2);
	stage_close();
}

static void
old_and_idle_connections_go(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask ask;
	char pid[64];

	(void)state;
	conf.pool_size = 1;
	conf.pool_recycle_ms = 150;
	stage_open(&conf);
	snprintf(pid, sizeof(pid), "%s", read_text(&ask, PID, NULL));
	assert_conns(0);
	assert_string_not_equal(read_text(&ask, PID, NULL), pid);
	/* Never while it is in use. */
	read_text(&ask, NAP, "0.3");
	assert_conns(0);
	stage_close();

	conf = stage_conf;
	conf.pool_idle_ms = 100;
	conf.min_idle = 1;
	stage_open(&conf);
	assert_conns(1);
	ask_start(&ask, "INSERT INTO notes VALUES (1)", NULL, true);
	ask_wait(&ask);
	assert_int_equal(stage.pool->nconns, 2);
	assert_conns(1);
	run_for(200);
	assert_int_equal(stage.pool->nconns, 1);
	stage_close();
}

static void
a_draining_pool_finishes(void **state)
{
	struct ask busy, late;

	(void)state;
	open_with(2, 0);
	ask_start(&busy, NAP, "0.2", false);
	read_text(&late, "SELECT 1", NULL);
	pg_pool_drain(stage.pool);
	run_for(20);
	assert_int_equal(stage.pool->nconns, 1);
	assert_string_equal(read_text(&late, "SELECT 4", NULL), "4");
	ask_wait(&busy);
	assert_conns(0);
	stage_close();
}



int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back),
		cmocka_unit_test(each_gets_its_own_answer),
		cmocka_unit_test(errors_say_who_is_at_fault),
		cmocka_unit_test(a_write_fails_at_its_commit),
		cmocka_unit_test(reads_cannot_write),
		cmocka_unit_test(one_connection_reads_and_writes),
		cmocka_unit_test(sessions_have_our_settings),
		cmocka_unit_test(statements_beyond_those_named_work_too),
		cmocka_unit_test(an_altered_table_is_prepared_anew),
		cmocka_unit_test(large_texts_pass_both_ways),
		cmocka_unit_test(echo_masks_parameters),
		cmocka_unit_test(an_answer_has_limits),
		cmocka_unit_test(waiting_has_an_end),
		cmocka_unit_test(a_full_queue_refuses_the_newest),
		cmocka_unit_test(a_slow_read_delays_no_quick_one),
		cmocka_unit_test(quick_reads_go_together_though_others_idle),
		cmocka_unit_test(overflow_comes_and_goes),
		cmocka_unit_test(old_and_idle_connections_go),
		cmocka_unit_test(a_draining_pool_finishes),
	};

	if (stage_is_missing())
		return 0;
	return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
