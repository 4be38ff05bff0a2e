/*
 * For units that ask a real PostgreSQL over libpq itself. t/42-sql-types.t
 * starts one, loads the schema these tests name, and gives its place in libpq's
 * environment; without MUSTER_PG_TYPES they are skipped.
 */
#ifndef MUSTER_T_UNIT_PG_SERVER_H
#define MUSTER_T_UNIT_PG_SERVER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* memfd_create */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "io/pg_blocking.h"
#include "io/pg_description.h"
#include "io/pg_pool.h"
#include "io/pg_rows.h"
#include "io/pg_statement.h"

#define SERVER_MAX 1200

static const struct pg_conf server_conf = { .connect_timeout_ms = 10000 };
static const struct pg_conf *const server_confs[] = { &server_conf };

/* What pg_describe made of some statements, and all it said of them. */
struct server {
	struct pg_statement list[SERVER_MAX];
	struct pg_statement *statements[SERVER_MAX];
	unsigned n;
	struct buf faults;		/* "1@7: message\n" each */
	int status;
	struct error err;
	struct pg_description *description;
};

static inline void
server_add(struct server *server, const char *sql, unsigned nparams)
{
	struct pg_statement *statement = &server->list[server->n];

	*statement = (struct pg_statement){ .index = server->n, .name = "m",
		.sql = sql, .nparams = nparams };
	server->statements[server->n++] = statement;
}

static inline void
server_on_fault(void *arg, const struct pg_statement *statement, size_t offset,
    const char *message)
{
	struct server *server = arg;

	buf_printf(&server->faults, "%u@%d: %s\n", statement->index,
	    (int)offset, message);
}

static inline void
server_describe(struct server *server)
{
	int fd = memfd_create("description", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	server->status = pg_describe(server_confs, 1, server->statements,
	    server->n, fd, clock_ms() + 20000, server_on_fault, server,
	    &server->err);
	buf_add_byte(&server->faults, '\0');
	if (server->status >= 0) {
		server->description = pg_description_map(fd, &server->err);
		assert_non_null(server->description);
		assert_int_equal(pg_description_link(server->description,
		    server->statements, server->n, &server->err), 0);
	}
	close(fd);
}

static inline void
server_release(struct server *server)
{
	for (unsigned i = 0; i < server->n; i++)
		pg_columns_free((struct pg_columns *)(uintptr_t)
		    server->list[i].columns);
	pg_description_free(server->description);
	buf_release(&server->faults);
	memset(server, 0, sizeof(*server));
}

/* Runs SQL that must succeed; NULL when it gives no rows. */
static inline PGresult *
server_run(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK &&
	    PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	return result;
}

static inline bool
server_is_missing(void)
{
	if (getenv("MUSTER_PG_TYPES") != NULL)
		return false;
	printf("1..0 # SKIP run by t/42-sql-types.t\n");
	return true;
}

#endif
