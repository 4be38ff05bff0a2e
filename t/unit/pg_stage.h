/*
 * A pool on a real PostgreSQL, for its tests: asks that note what came of
 * them, and a plain connection beside the pool to look and to disturb.
 *
 * t/40-sql-pool.t starts the server and gives MUSTER_PG_CONTROL, a socket on
 * which a test asks for a restart. Without it the tests are skipped.
 */
#ifndef MUSTER_T_UNIT_PG_STAGE_H
#define MUSTER_T_UNIT_PG_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <libpq-fe.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/turn.h"
#include "base/value.h"
#include "io/helpers.h"
#include "io/pg_pool.h"
#include "io/pg_pool_state.h"
#include "io/pg_rows.h"
#include "io/pg_statement.h"

struct stage {
	struct event_base *base;
	struct turn *turn;
	struct helpers *helpers;
	struct pg_conf conf;
	struct pg_pool *pool;
	PGconn *side;
	struct pg_statement statements[400];
	unsigned nstatements;
};

struct ask {
	struct pg_request request;
	const char *params[2];
	char words[2][64];
	unsigned done;
	uint32_t nrows;
	uint64_t affected;
	char text[64];			/* the first cell */
	struct error err;
	int64_t done_ms;
};

static struct stage stage;

static const struct pg_conf stage_conf = {
	.pool_size = 2, .max_overflow = 0, .pool_queue = 1000,
	.pool_timeout_ms = 15000, .pool_recycle_ms = 1800000,
	.pool_idle_ms = 600000, .connect_timeout_ms = 5000,
	.retry_min_ms = 50, .retry_max_ms = 5000, .cancel_grace_ms = 5000,
};

/* ---- looking on ---- */

static inline const char *
side(const char *sql)
{
	static char text[256];
	PGresult *result = PQexec(stage.side, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
	    PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQresultErrorMessage(result));
	snprintf(text, sizeof(text), "%s",
	    PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
	PQclear(result);
	return text;
}

/* ---- the loop ---- */

static inline bool
run_until_ms(bool (*is_over)(void *), void *arg, int64_t limit_ms)
{
	const struct timeval tick = { 0, 5000 };
	int64_t end_ms = clock_ms() + limit_ms;

	while (!is_over(arg) && clock_ms() < end_ms) {
		event_base_loopexit(stage.base, &tick);
		event_base_loop(stage.base, EVLOOP_ONCE);
	}
	return is_over(arg);
}

static inline bool
never(void *arg)
{
	(void)arg;
	return false;
}

static inline void
run_for(int64_t ms)
{
	run_until_ms(never, NULL, ms);
}

static inline bool
is_done(void *arg)
{
	return ((struct ask *)arg)->done > 0;
}

/* ---- asking ---- */

static inline const struct pg_statement *
statement(const char *sql, unsigned nparams, bool writes)
{
	struct pg_statement *made = stage.statements;
	char name[16];

	for (; made < stage.statements + stage.nstatements; made++) {
		if (strcmp(made->sql, sql) == 0 && made->writes == writes)
			return made;
	}
	assert_true(stage.nstatements < ARRAY_LEN(stage.statements));
	snprintf(name, sizeof(name), "m%u", stage.nstatements);
	*made = (struct pg_statement){
		.index = stage.nstatements++, .name = memory_strdup(name),
		.sql = memory_strdup(sql), .nparams = nparams,
		.writes = writes, .op = "it",
	};
	return made;
}

static inline void
ask_on_done(void *arg, struct pg_rows *rows, const struct error *err)
{
	struct ask *ask = arg;
	struct arena *arena;
	struct value cell;

	ask->done++;
	ask->done_ms = clock_ms();
	assert_true((rows == NULL) == (err != NULL));
	if (err != NULL) {
		ask->err = *err;
		return;
	}
	ask->nrows = pg_rows_count(rows);
	ask->affected = pg_rows_affected(rows);
	if (ask->nrows > 0) {
		arena = arena_new();
		cell = pg_rows_cell(rows, 0, 0);
		snprintf(ask->text, sizeof(ask->text), "%s",
		    value_is_null(&cell) ? "null" :
		    value_to_text(&cell, arena).at);
		arena_free(arena);
	}
	pg_rows_free(rows);
}

/* With one parameter, or none (NULL). */
static inline void
ask_prepare(struct ask *ask, const char *sql, const char *param, bool writes)
{
	memset(ask, 0, sizeof(*ask));
	if (param != NULL) {
		snprintf(ask->words[0], sizeof(ask->words[0]), "%s", param);
		ask->params[0] = ask->words[0];
	}
	ask->request = (struct pg_request){
		.statement = statement(sql, strstr(sql, "$1") != NULL, writes),
		.params = ask->params, .class = PG_SINGLE,
		.deadline_ms = clock_ms() + 20000,
		.done = ask_on_done, .arg = ask,
	};
}

static inline void
ask_start(struct ask *ask, const char *sql, const char *param, bool writes)
{
	ask_prepare(ask, sql, param, writes);
	pg_request_start(stage.pool, &ask->request);
}

static inline void
ask_wait(struct ask *ask)
{
	if (!run_until_ms(is_done, ask, 15000))
		fail_msg("no answer to %s", ask->request.statement->sql);
	assert_int_equal(ask->done, 1);
}

/* The whole way; a failure of it is one of the test. */
static inline const char *
read_text(struct ask *ask, const char *sql, const char *param)
{
	ask_start(ask, sql, param, false);
	ask_wait(ask);
	if (ask->err.status != 0)
		fail_msg("%s: %s", sql, ask->err.detail);
	return ask->text;
}

static inline void
assert_refused(struct ask *ask, enum error_code code, const char *detail)
{
	ask_wait(ask);
	if (ask->err.code != code || strstr(ask->err.detail, detail) == NULL)
		fail_msg("status %d, detail \"%s\", not \"%s\"",
		    ask->err.status, ask->err.detail, detail);
}

static inline bool
sleeps(void *arg)
{
	return strcmp(side("SELECT count(*) FROM pg_stat_activity WHERE "
	    "state = 'active' AND pid <> pg_backend_pid() AND "
	    "query LIKE '%pg_sleep%'"), arg) == 0;
}

/* ---- setting up ---- */

static inline void
stage_open(const struct pg_conf *conf)
{
	stage.conf = *conf;
	stage.base = event_base_new();
	stage.turn = turn_new(stage.base);
	stage.helpers = helpers_new(stage.base, 2, 100);
	stage.pool = pg_pool_new(stage.base, stage.turn, stage.helpers,
	    &stage.conf, "muster/test");
}

static inline void
stage_close(void)
{
	pg_pool_free(stage.pool);
	helpers_free(stage.helpers, 2000);
	turn_free(stage.turn);
	event_base_free(stage.base);
	stage.pool = NULL;
}

static inline int
stage_begin(void **state)
{
	(void)state;
	log_open(LOG_LEVEL_ERROR, -1);
	ids_seed();
	stage.side = PQconnectdb("");
	if (PQstatus(stage.side) != CONNECTION_OK) {
		print_error("%s", PQerrorMessage(stage.side));
		return -1;
	}
	side("SET client_min_messages = warning");
	return 0;
}

static inline int
stage_end(void **state)
{
	unsigned i;

	(void)state;
	PQfinish(stage.side);
	for (i = 0; i < stage.nstatements; i++) {
		free((char *)stage.statements[i].name);
		free((char *)stage.statements[i].sql);
	}
	arena_release_kept();
	return 0;
}

/* True when there is no database for tests. */
static inline bool
stage_is_missing(void)
{
	if (getenv("MUSTER_PG_CONTROL") != NULL)
		return false;
	printf("1..0 # SKIP run by t/40-sql-pool.t\n");
	return true;
}

#endif
