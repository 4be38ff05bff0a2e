/*
 * The describer: every statement of a generation prepared once, so that a
 * wrong one is known before it serves, and so that all that follows from
 * PostgreSQL's types is known without asking again.
 *
 * A database is described over one connection: all statements in a pipeline,
 * each with a Sync of its own, so that one which fails leaves the others
 * alone, then the catalog. A connection that breaks on the way is begun anew:
 * until all is fetched nothing is kept.
 */
#include "io/pg_description.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "io/pg_blocking.h"
#include "io/pg_catalog.h"
#include "io/pg_image.h"
#include "io/pg_statement.h"

/* Statements on their way at once: what they need fits into a socket. */
#define PG_DESCRIBE_WINDOW 64

#define PG_OID_RECORD 2249
#define PG_OID_RECORD_ARRAY 2287

/* What came back for one statement. */
struct pg_described {
	const struct pg_statement *statement;
	PGresult *result;		/* of Describe; NULL: refused */
	size_t offset;
	struct buf fault;		/* why; empty: none */
};

struct pg_describe {
	struct pg_described *list;	/* all statements, in their order */
	unsigned n;
	unsigned database;		/* the one that is described now */
	int64_t deadline_ms;
	struct pg_image image;
};

/* The next statement of this database from i on; n: no more. */
static unsigned
pg_describe_next(const struct pg_describe *describe, unsigned i)
{
	while (i < describe->n &&
	    describe->list[i].statement->database != describe->database)
		i++;
	return i;
}

/* ---- faults ---------------------------------------------------------------*/

static void
pg_described_clear(struct pg_described *described)
{
	PQclear(described->result);
	described->result = NULL;
	described->fault.len = 0;
	described->offset = (size_t)-1;
}

static const struct {
	const char *sqlstate, *advice;
} pg_describe_advice[] = {
	{ "42P18", "say its type by a cast, as in {name}::text" },
	{ "42P08", "say its type by a cast, as in {name}::text" },
	{ "42601", "only one statement can stand here" },
};

static void
pg_describe_add_advice(struct buf *fault, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);

	if (state == NULL || message == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(pg_describe_advice); i++) {
		if (strcmp(state, pg_describe_advice[i].sqlstate) != 0)
			continue;
		/* 42601 is every syntax error; this one has no position. */
		if (strcmp(state, "42601") == 0 && PQresultErrorField(result,
		    PG_DIAG_STATEMENT_POSITION) != NULL)
			continue;
		buf_printf(fault, "; %s", pg_describe_advice[i].advice);
	}
}

/*
 * "could not determine data type of parameter $1" has no position of its own:
 * it is where that parameter stands first.
 */
static size_t
pg_describe_offset(const PGresult *result, const char *sql)
{
	const char *message = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);
	size_t offset = pg_blocking_offset(result, sql), len;
	const char *at;

	if (offset != (size_t)-1 || message == NULL)
		return offset;
	message = strstr(message, "parameter $");
	if (message == NULL)
		return offset;
	message += strlen("parameter ");
	len = 1 + strspn(message + 1, "0123456789");
	for (at = strchr(sql, '$'); at != NULL; at = strchr(at + 1, '$')) {
		if (strncmp(at, message, len) == 0 &&
		    (at[len] < '0' || at[len] > '9'))
			return (size_t)(at - sql);
	}
	return offset;
}

static void
pg_describe_refuse(struct pg_described *described, const PGconn *conn,
    const PGresult *result)
{
	if (described->fault.len > 0)
		return;
	pg_blocking_message(conn, result, &described->fault);
	described->offset = pg_describe_offset(result,
	    described->statement->sql);
	pg_describe_add_advice(&described->fault, result);
}

/* ---- asking ---------------------------------------------------------------*/

/* Parse as the unnamed statement: it leaves nothing behind at the server. */
static int
pg_describe_send(PGconn *conn, const struct pg_statement *statement)
{
	if (PQsendPrepare(conn, "", statement->sql, 0, NULL) == 0 ||
	    PQsendDescribePrepared(conn, "") == 0 ||
	    PQpipelineSync(conn) == 0)
		return -1;
	return 0;
}

/*
 * What one statement brings: Parse's result, Describe's (or one error and
 * "aborted"), each followed by NULL, then the Sync. A connection that is lost
 * brings NULL for ever.
 */
static int
pg_describe_receive(struct pg_describe *describe, PGconn *conn,
    struct pg_described *described)
{
	unsigned results = 0, nulls = 0;
	PGresult *result;

	while (nulls < 4) {
		if (pg_blocking_result(conn, describe->deadline_ms, &result)
		    != 0)
			return -1;
		if (result == NULL) {
			nulls++;
			continue;
		}
		switch ((int)PQresultStatus(result)) {
		case PGRES_PIPELINE_SYNC:
			PQclear(result);
			return 0;
		case PGRES_FATAL_ERROR:
			pg_describe_refuse(described, conn, result);
			break;
		case PGRES_COMMAND_OK:
			if (++results != 2)
				break;
			described->result = result;
			result = NULL;
			break;
		}
		PQclear(result);
	}
	return -1;
}

static int
pg_describe_pipeline(struct pg_describe *describe, PGconn *conn)
{
	unsigned sent, received, waiting = 0;

	sent = received = pg_describe_next(describe, 0);
	while (received < describe->n) {
		while (sent < describe->n && waiting < PG_DESCRIBE_WINDOW) {
			if (pg_describe_send(conn,
			    describe->list[sent].statement) != 0)
				return -1;
			sent = pg_describe_next(describe, sent + 1);
			waiting++;
		}
		if (pg_describe_receive(describe, conn,
		    &describe->list[received]) != 0)
			return -1;
		received = pg_describe_next(describe, received + 1);
		waiting--;
	}
	return 0;
}

static int
pg_describe_statements(struct pg_describe *describe, PGconn *conn,
    struct error *err)
{
	if (PQenterPipelineMode(conn) == 1 &&
	    pg_describe_pipeline(describe, conn) == 0 &&
	    PQexitPipelineMode(conn) == 1)
		return 0;
	error_set(err, ERROR_DB_UNAVAILABLE, NULL);
	if (PQstatus(conn) == CONNECTION_OK)
		error_detail(err, "the database did not answer in time: does a"
		    " lock hold it up?");
	else
		error_detail(err, "the connection to the database was lost");
	return -1;
}

/* ---- the catalog ----------------------------------------------------------*/

static void
pg_describe_ask_of(const PGresult *result, const struct pg_catalog_ask *ask)
{
	for (int i = 0; i < PQnparams(result); i++)
		buf_printf(ask->types, "%u,", PQparamtype(result, i));
	for (int i = 0; i < PQnfields(result); i++) {
		buf_printf(ask->types, "%u,", PQftype(result, i));
		buf_printf(ask->tables, "%u,", PQftable(result, i));
		buf_printf(ask->attributes, "%d,", PQftablecol(result, i));
	}
}

static void
pg_describe_close_list(struct buf *list)
{
	if (list->len > 1)
		list->len--;
	buf_add_byte(list, '}');
}

static int
pg_describe_catalog(struct pg_describe *describe, PGconn *conn,
    struct pg_catalog *catalog, struct error *err)
{
	struct buf types = { NULL, 0, 0 }, tables = types, attributes = types;
	struct pg_catalog_ask ask = { &types, &tables, &attributes };
	unsigned i;
	int status;

	buf_add_byte(&types, '{');
	buf_add_byte(&tables, '{');
	buf_add_byte(&attributes, '{');
	for (i = pg_describe_next(describe, 0); i < describe->n;
	    i = pg_describe_next(describe, i + 1)) {
		if (describe->list[i].result != NULL)
			pg_describe_ask_of(describe->list[i].result, &ask);
	}
	pg_describe_close_list(&types);
	pg_describe_close_list(&tables);
	pg_describe_close_list(&attributes);
	status = pg_catalog_fetch(catalog, conn, &ask, describe->deadline_ms,
	    err);
	buf_release(&types);
	buf_release(&tables);
	buf_release(&attributes);
	return status;
}

static int
pg_describe_once(struct pg_describe *describe, PGconn *conn,
    struct pg_catalog *catalog, struct error *err)
{
	unsigned i;

	for (i = pg_describe_next(describe, 0); i < describe->n;
	    i = pg_describe_next(describe, i + 1))
		pg_described_clear(&describe->list[i]);
	if (pg_describe_statements(describe, conn, err) != 0)
		return -1;
	return pg_describe_catalog(describe, conn, catalog, err);
}

/* ---- judging and storing --------------------------------------------------*/

/* What a column is made of in the end: no domain, no array. */
static const struct pg_image_type *
pg_describe_innermost(struct pg_describe *describe,
    const struct pg_image_database *database, uint32_t oid, bool *is_array)
{
	const struct pg_image_type *type;

	type = pg_catalog_type(&describe->image, database, oid);
	while (type != NULL && (type->kind == PG_TYPE_DOMAIN ||
	    type->kind == PG_TYPE_ARRAY)) {
		if (type->kind == PG_TYPE_ARRAY)
			*is_array = true;
		type = pg_catalog_type(&describe->image, database,
		    type->kind == PG_TYPE_ARRAY ? type->element : type->base);
	}
	return type;
}

static void
pg_describe_judge_column(struct pg_describe *describe,
    const struct pg_image_database *database, struct pg_described *described,
    int column)
{
	const PGresult *result = described->result;
	const char *name = PQfname(result, column);
	uint32_t oid = PQftype(result, column);
	const struct pg_image_type *type;
	bool is_array = oid == PG_OID_RECORD_ARRAY;

	type = pg_describe_innermost(describe, database, oid, &is_array);
	if (oid == PG_OID_RECORD || oid == PG_OID_RECORD_ARRAY ||
	    (type != NULL && (type->kind == PG_TYPE_COMPOSITE ||
	    type->oid == PG_OID_RECORD)))
		buf_printf(&described->fault, is_array ?
		    "column \"%s\" is an array of a composite type; "
		    "write to_jsonb(%s)" :
		    "column \"%s\" is of a composite type; "
		    "write to_jsonb(%s)", name, name);
	for (int i = 0; i < column && described->fault.len == 0; i++) {
		if (strcmp(PQfname(result, i), name) == 0)
			buf_printf(&described->fault, "there are two columns "
			    "\"%s\"; give one of them another name with AS",
			    name);
	}
}

static void
pg_describe_judge(struct pg_describe *describe,
    const struct pg_image_database *database, struct pg_described *described)
{
	unsigned nparams = described->statement->nparams;
	const PGresult *result = described->result;

	if ((unsigned)PQnparams(result) != nparams)
		buf_printf(&described->fault, "the statement has %d "
		    "parameter%s, but %u values would be sent",
		    PQnparams(result), PQnparams(result) == 1 ? "" : "s",
		    nparams);
	for (int i = 0; i < PQnfields(result) &&
	    described->fault.len == 0; i++)
		pg_describe_judge_column(describe, database, described, i);
}

static void
pg_describe_store(struct pg_describe *describe,
    const struct pg_described *described, const bool *not_null)
{
	struct pg_image *image = &describe->image;
	const PGresult *result = described->result;
	struct pg_image_statement *to = pg_image_at(image, PG_IMAGE_STATEMENTS,
	    (uint32_t)(described - describe->list));

	to->described = 1;
	to->params.first = pg_image_count(image, PG_IMAGE_PARAMS);
	to->params.count = (uint32_t)PQnparams(result);
	to->columns.first = pg_image_count(image, PG_IMAGE_COLUMNS);
	to->columns.count = (uint32_t)PQnfields(result);
	for (int i = 0; i < PQnparams(result); i++) {
		struct pg_image_param param = { PQparamtype(result, i) };

		pg_image_add(image, PG_IMAGE_PARAMS, &param);
	}
	for (int i = 0; i < PQnfields(result); i++) {
		struct pg_image_column column = {
			.name = pg_image_string(image, PQfname(result, i)),
			.oid = PQftype(result, i),
			.table = PQftable(result, i),
			.mod = PQfmod(result, i),
			.attribute = (int16_t)PQftablecol(result, i),
			.not_null = not_null[i],
		};

		pg_image_add(image, PG_IMAGE_COLUMNS, &column);
	}
}

/* One flag for each column that was asked for, in the order of asking. */
static bool *
pg_describe_flags(const struct pg_describe *describe,
    const struct pg_catalog *catalog)
{
	size_t ncolumns = 1;
	bool *flags;
	unsigned i;

	for (i = pg_describe_next(describe, 0); i < describe->n;
	    i = pg_describe_next(describe, i + 1))
		ncolumns += (size_t)PQnfields(describe->list[i].result);
	flags = memory_new(ncolumns * sizeof(*flags));
	for (uint32_t k = 0; k < pg_catalog_not_null_count(catalog); k++) {
		uint32_t place = pg_catalog_not_null(catalog, k);

		if (place < ncolumns)
			flags[place] = true;
	}
	return flags;
}

static void
pg_describe_keep(struct pg_describe *describe,
    const struct pg_catalog *catalog)
{
	struct pg_image_database database = { { 0, 0 }, { 0, 0 }, 0 };
	bool *flags = pg_describe_flags(describe, catalog), *at = flags;
	unsigned i;

	pg_catalog_store(catalog, &describe->image, &database);
	memcpy(pg_image_at(&describe->image, PG_IMAGE_DATABASES,
	    describe->database), &database, sizeof(database));
	for (i = pg_describe_next(describe, 0); i < describe->n;
	    i = pg_describe_next(describe, i + 1)) {
		struct pg_described *described = &describe->list[i];

		if (described->result == NULL)
			continue;
		pg_describe_judge(describe, &database, described);
		if (described->fault.len == 0)
			pg_describe_store(describe, described, at);
		at += PQnfields(described->result);
	}
	free(flags);
}

/* ---- the whole ------------------------------------------------------------*/

static int
pg_describe_database(struct pg_describe *describe, const struct pg_conf *conf,
    struct error *err)
{
	struct pg_catalog catalog;
	PGconn *conn;
	int status;
	bool again;

	do {
		conn = pg_blocking_connect(conf, "muster/describer",
		    describe->deadline_ms, err);
		if (conn == NULL)
			return -1;
		status = pg_describe_once(describe, conn, &catalog, err);
		again = status != 0 && PQstatus(conn) != CONNECTION_OK &&
		    clock_ms() < describe->deadline_ms;
		PQfinish(conn);
	} while (again);
	if (status != 0)
		return -1;
	pg_describe_keep(describe, &catalog);
	pg_catalog_release(&catalog);
	return 0;
}

static void
pg_describe_init(struct pg_describe *describe, unsigned ndatabases,
    struct pg_statement *const statements[], unsigned n)
{
	static const struct pg_image_database no_database;
	static const struct pg_image_statement no_statement;

	describe->list = memory_new(n * sizeof(*describe->list) + 1);
	describe->n = n;
	describe->image.hash = pg_image_hash(statements, n);
	for (unsigned i = 0; i < ndatabases; i++)
		pg_image_add(&describe->image, PG_IMAGE_DATABASES,
		    &no_database);
	for (unsigned i = 0; i < n; i++) {
		describe->list[i].statement = statements[i];
		pg_image_add(&describe->image, PG_IMAGE_STATEMENTS,
		    &no_statement);
	}
}

static void
pg_describe_release(struct pg_describe *describe)
{
	for (unsigned i = 0; i < describe->n; i++) {
		pg_described_clear(&describe->list[i]);
		buf_release(&describe->list[i].fault);
	}
	free(describe->list);
	pg_image_release(&describe->image);
}

/* Returns the number of faults. */
static unsigned
pg_describe_report(const struct pg_describe *describe,
    pg_describe_fault_fn *fault, void *arg)
{
	unsigned count = 0;

	for (unsigned i = 0; i < describe->n; i++) {
		struct pg_described *described = &describe->list[i];

		if (described->fault.len == 0)
			continue;
		buf_add_byte(&described->fault, '\0');
		fault(arg, described->statement, described->offset,
		    described->fault.data);
		count++;
	}
	return count;
}

int
pg_describe(const struct pg_conf *const databases[], unsigned ndatabases,
    struct pg_statement *const statements[], unsigned n, int fd,
    int64_t deadline_ms, pg_describe_fault_fn *fault, void *arg,
    struct error *err)
{
	struct pg_describe describe = { .deadline_ms = deadline_ms };
	unsigned faults = 0;
	int status = 0;

	pg_describe_init(&describe, ndatabases, statements, n);
	for (unsigned i = 0; i < ndatabases && status == 0; i++) {
		describe.database = i;
		if (pg_describe_next(&describe, 0) < n)
			status = pg_describe_database(&describe, databases[i],
			    err);
	}
	if (status == 0)
		faults = pg_describe_report(&describe, fault, arg);
	if (status == 0)
		status = pg_image_write(&describe.image, fd, err);
	pg_describe_release(&describe);
	if (status == 0 && faults > 0)
		return 1;
	return status;
}
