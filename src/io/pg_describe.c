/*
 * The describer's work: all statements of a database are prepared in a
 * pipeline, each under a Sync of its own so that one mistake does not hurt the
 * others, then the catalog is asked once for what their types are made of.
 */
#include "io/pg_description.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/memory.h"
#include "io/pg_blocking.h"
#include "io/pg_catalog.h"
#include "io/pg_image.h"
#include "io/pg_pool.h"
#include "io/pg_statement.h"

/* What is sent before answers are read must fit into the sockets' buffers. */
#define PG_DESCRIBE_BATCH_BYTES (48 * 1024)
#define PG_DESCRIBE_BATCH 64

/* What was learned of one statement, until all is known. */
struct pg_described {
	PGresult *shape;		/* NULL: refused */
	char *message;
	size_t offset;
	uint32_t first_column;		/* its place in the asked columns */
};

struct pg_describe {
	struct pg_statement *const *statements;
	unsigned n;
	struct pg_described *described;
	struct pg_image image;
	bool **not_null;		/* of the asked columns, by database */
	unsigned ndatabases;
	pg_describe_fault_fn *fault;
	void *arg;
	unsigned faults;
};

static int
pg_describe_lost(PGconn *conn, struct error *err)
{
	struct buf message = { 0 };

	pg_blocking_message(conn, NULL, &message);
	error_set(err, ERROR_DB_UNAVAILABLE, NULL);
	error_detail(err, "lost the connection while describing: %.*s",
	    (int)message.len, message.len == 0 ? "" : message.data);
	buf_release(&message);
	return -1;
}

/* ---- asking ---------------------------------------------------------------*/

static void
pg_describe_refuse(struct pg_describe *run, unsigned i, PGconn *conn,
    const PGresult *result)
{
	struct pg_described *one = &run->described[i];
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	struct buf message = { 0 };

	pg_blocking_message(conn, result, &message);
	/* indeterminate_datatype, ambiguous_parameter */
	if (state != NULL && (strcmp(state, "42P18") == 0 ||
	    strcmp(state, "42P08") == 0))
		buf_add_text(&message, TEXT("; say which type it has by a "
		    "cast, as in {name}::text"));
	buf_add_byte(&message, '\0');
	one->message = message.data;
	one->offset = pg_blocking_offset(result, run->statements[i]->sql);
}

/* Parse, Describe and Sync of one: three results, two of them closed. */
static int
pg_describe_read(struct pg_describe *run, unsigned i, PGconn *conn,
    int64_t deadline_ms)
{
	struct pg_described *one = &run->described[i];
	PGresult *result;

	for (;;) {
		if (pg_blocking_result(conn, deadline_ms, &result) != 0)
			return -1;
		if (result == NULL && PQstatus(conn) != CONNECTION_OK)
			return -1;
		if (result == NULL)
			continue;
		switch (PQresultStatus(result)) {
		case PGRES_PIPELINE_SYNC:
			PQclear(result);
			return 0;
		case PGRES_FATAL_ERROR:
			if (one->message == NULL)
				pg_describe_refuse(run, i, conn, result);
			break;
		case PGRES_COMMAND_OK:
			/* Of Parse first, of Describe then. */
			PQclear(one->shape);
			one->shape = result;
			continue;
		default:
			break;
		}
		PQclear(result);
	}
}

static int
pg_describe_send(const struct pg_statement *statement, PGconn *conn)
{
	return PQsendPrepare(conn, statement->name, statement->sql, 0,
	    NULL) == 1 && PQsendDescribePrepared(conn, statement->name) == 1 &&
	    PQpipelineSync(conn) == 1 ? 0 : -1;
}

/* Sends some from *from on and reads their answers; *from moves behind. */
static int
pg_describe_batch(struct pg_describe *run, unsigned database, PGconn *conn,
    unsigned *from, int64_t deadline_ms)
{
	size_t bytes = 0;
	unsigned sent = 0, end = *from, begin = *from;

	for (; end < run->n && sent < PG_DESCRIBE_BATCH &&
	    bytes < PG_DESCRIBE_BATCH_BYTES; end++) {
		if (run->statements[end]->database != database)
			continue;
		if (pg_describe_send(run->statements[end], conn) == -1)
			return -1;
		bytes += strlen(run->statements[end]->sql) + 64;
		sent++;
	}
	*from = end;
	for (unsigned i = begin; i < end; i++)
		if (run->statements[i]->database == database &&
		    pg_describe_read(run, i, conn, deadline_ms) == -1)
			return -1;
	return 0;
}

static void
pg_describe_ask_number(struct buf *list, unsigned long number)
{
	if (list->len == 0)
		buf_add_byte(list, '{');
	else
		list->data[list->len - 1] = ',';
	buf_printf(list, "%lu}", number);
}

static uint32_t
pg_describe_ask_shape(const PGresult *shape, uint32_t place,
    const struct pg_catalog_ask *ask)
{
	for (int i = 0; i < PQnparams(shape); i++)
		pg_describe_ask_number(ask->types, PQparamtype(shape, i));
	for (int i = 0; i < PQnfields(shape); i++) {
		pg_describe_ask_number(ask->types, PQftype(shape, i));
		pg_describe_ask_number(ask->tables, PQftable(shape, i));
		pg_describe_ask_number(ask->attributes,
		    (unsigned long)PQftablecol(shape, i));
		place++;
	}
	return place;
}

static int
pg_describe_catalog(struct pg_describe *run, unsigned database, PGconn *conn,
    int64_t deadline_ms, struct error *err)
{
	struct buf types = { 0 }, tables = { 0 }, attributes = { 0 };
	struct pg_catalog_ask ask = { &types, &tables, &attributes };
	struct pg_image_database record = { 0 };
	struct pg_catalog catalog;
	uint32_t place = 0;
	int result;

	for (unsigned i = 0; i < run->n; i++) {
		struct pg_described *one = &run->described[i];

		if (run->statements[i]->database != database ||
		    one->shape == NULL)
			continue;
		one->first_column = place;
		place = pg_describe_ask_shape(one->shape, place, &ask);
	}
	if (types.len == 0)
		buf_add_text(&types, TEXT("{}"));
	if (tables.len == 0) {
		buf_add_text(&tables, TEXT("{}"));
		buf_add_text(&attributes, TEXT("{}"));
	}
	run->not_null[database] = memory_new(place + 1);
	result = pg_catalog_fetch(&catalog, conn, &ask, deadline_ms, err);
	if (result == 0) {
		for (uint32_t i = 0; i < pg_catalog_not_null_count(&catalog);
		    i++)
			run->not_null[database]
			    [pg_catalog_not_null(&catalog, i)] = true;
		pg_catalog_store(&catalog, &run->image, &record);
		pg_image_add(&run->image, PG_IMAGE_DATABASES, &record);
		pg_catalog_release(&catalog);
	}
	buf_release(&types);
	buf_release(&tables);
	buf_release(&attributes);
	return result;
}

static int
pg_describe_database(struct pg_describe *run, unsigned database,
    const struct pg_conf *conf, int64_t deadline_ms, struct error *err)
{
	PGconn *conn = pg_blocking_connect(conf, "muster/describer",
	    deadline_ms, err);
	unsigned from = 0;
	int result = 0;

	if (conn == NULL)
		return -1;
	PQenterPipelineMode(conn);
	while (result == 0 && from < run->n)
		result = pg_describe_batch(run, database, conn, &from,
		    deadline_ms);
	if (result == -1)
		pg_describe_lost(conn, err);
	else if (PQexitPipelineMode(conn) == 0)
		result = pg_describe_lost(conn, err);
	else
		result = pg_describe_catalog(run, database, conn, deadline_ms,
		    err);
	PQfinish(conn);
	return result;
}

/* ---- judging --------------------------------------------------------------*/

static void
pg_describe_fault(struct pg_describe *run, unsigned i, size_t offset,
    const char *message)
{
	run->faults++;
	run->fault(run->arg, run->statements[i], offset, message);
}

static bool
pg_describe_is_composite(struct pg_describe *run, unsigned database,
    uint32_t oid)
{
	const struct pg_image_database *in = pg_image_at(&run->image,
	    PG_IMAGE_DATABASES, database);
	const struct pg_image_type *type = pg_catalog_type(&run->image, in,
	    oid);

	if (type != NULL && type->kind == PG_TYPE_DOMAIN)
		type = pg_catalog_type(&run->image, in, type->base);
	if (type != NULL && type->kind == PG_TYPE_ARRAY)
		type = pg_catalog_type(&run->image, in, type->element);
	/* record, and record[] */
	return type != NULL && (type->kind == PG_TYPE_COMPOSITE ||
	    type->oid == 2249);
}

static bool
pg_describe_check_column(struct pg_describe *run, unsigned i, int column)
{
	const PGresult *shape = run->described[i].shape;
	const char *name = PQfname(shape, column);
	struct buf message = { 0 };

	for (int other = 0; other < column && message.len == 0; other++)
		if (strcmp(PQfname(shape, other), name) == 0)
			buf_printf(&message, "two columns have the name "
			    "\"%s\"; give one another name with AS", name);
	if (message.len == 0 && pg_describe_is_composite(run,
	    run->statements[i]->database, PQftype(shape, column)))
		buf_printf(&message, "column \"%s\" is of a composite type; "
		    "write to_jsonb(%s)", name, name);
	if (message.len == 0)
		return true;
	buf_add_byte(&message, '\0');
	pg_describe_fault(run, i, (size_t)-1, message.data);
	buf_release(&message);
	return false;
}

static void
pg_describe_add_column(struct pg_describe *run, unsigned i, int column)
{
	const struct pg_described *one = &run->described[i];
	const PGresult *shape = one->shape;
	const bool *not_null =
	    run->not_null[run->statements[i]->database] + one->first_column;
	struct pg_image_column record = {
		.name = pg_image_string(&run->image, PQfname(shape, column)),
		.oid = PQftype(shape, column),
		.table = PQftable(shape, column),
		.mod = PQfmod(shape, column),
		.attribute = (int16_t)PQftablecol(shape, column),
		.not_null = not_null[column],
	};

	pg_image_add(&run->image, PG_IMAGE_COLUMNS, &record);
}

static void
pg_describe_store(struct pg_describe *run, unsigned i)
{
	const struct pg_described *one = &run->described[i];
	struct pg_image_statement record = {
		.params.first = pg_image_count(&run->image, PG_IMAGE_PARAMS),
		.columns.first = pg_image_count(&run->image,
		    PG_IMAGE_COLUMNS),
	};
	bool good = one->message == NULL && one->shape != NULL;

	if (!good)
		pg_describe_fault(run, i, one->offset, one->message == NULL ?
		    "could not be described" : one->message);
	for (int c = 0; good && c < PQnfields(one->shape); c++)
		good = pg_describe_check_column(run, i, c);
	if (good && PQnparams(one->shape) !=
	    (int)run->statements[i]->nparams) {
		pg_describe_fault(run, i, (size_t)-1,
		    "PostgreSQL sees another number of parameters");
		good = false;
	}
	for (int p = 0; good && p < PQnparams(one->shape); p++) {
		struct pg_image_param param = { PQparamtype(one->shape, p) };

		pg_image_add(&run->image, PG_IMAGE_PARAMS, &param);
		record.params.count++;
	}
	for (int c = 0; good && c < PQnfields(one->shape); c++) {
		pg_describe_add_column(run, i, c);
		record.columns.count++;
	}
	record.described = good;
	pg_image_add(&run->image, PG_IMAGE_STATEMENTS, &record);
}

static void
pg_describe_release(struct pg_describe *run)
{
	for (unsigned i = 0; i < run->n; i++) {
		PQclear(run->described[i].shape);
		free(run->described[i].message);
	}
	for (unsigned i = 0; i < run->ndatabases; i++)
		free(run->not_null[i]);
	free(run->not_null);
	free(run->described);
	pg_image_release(&run->image);
}

int
pg_describe(const struct pg_conf *const databases[], unsigned ndatabases,
    struct pg_statement *const statements[], unsigned n, int fd,
    int64_t deadline_ms, pg_describe_fault_fn *fault, void *arg,
    struct error *err)
{
	struct pg_describe run = { .statements = statements, .n = n,
	    .ndatabases = ndatabases, .fault = fault, .arg = arg };
	int result = 0;

	run.described = memory_new((n + 1) * sizeof(*run.described));
	run.not_null = memory_new((ndatabases + 1) * sizeof(*run.not_null));
	for (unsigned i = 0; i < n; i++)
		run.described[i].offset = (size_t)-1;
	for (unsigned d = 0; d < ndatabases && result == 0; d++)
		result = pg_describe_database(&run, d, databases[d],
		    deadline_ms, err);
	if (result == 0) {
		for (unsigned i = 0; i < n; i++)
			pg_describe_store(&run, i);
		run.image.hash = pg_image_hash(statements, n);
		result = pg_image_write(&run.image, fd, err);
	}
	if (result == 0 && run.faults > 0)
		result = 1;
	pg_describe_release(&run);
	return result;
}
