/*
 * The columns of a statement, compiled once when a generation is linked: for
 * each its writer and the bytes that stand before its value in a row's object.
 * A row is then written without a look at a name or a type.
 */
#include "io/pg_columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "io/pg_description.h"

/* Arrays may nest through domains only, and not for ever. */
#define PG_COLUMNS_DEPTH 16

struct pg_columns_made {
	struct pg_writer writer;
	struct pg_columns_made *next;
};

/* Where the types of columns are told: by a description's database. */
struct pg_columns_types {
	const struct pg_description *description;	/* may be NULL */
	unsigned database;
};

static const struct pg_writer *
pg_columns_array(struct pg_columns *columns, const struct pg_writer *element,
    char delimiter)
{
	struct pg_columns_made *made = memory_new(sizeof(*made));

	pg_writer_init_array(&made->writer, element, delimiter);
	made->next = columns->made;
	columns->made = made;
	return &made->writer;
}

static const struct pg_writer *
pg_columns_writer(struct pg_columns *columns,
    const struct pg_columns_types *types, uint32_t oid, unsigned depth)
{
	const struct pg_writer *writer = pg_writer_find(oid);
	const struct pg_type *type = NULL;

	if (writer != NULL)
		return writer;
	if (types->description != NULL && depth < PG_COLUMNS_DEPTH)
		type = pg_description_type(types->description,
		    types->database, oid);
	if (type == NULL)
		return &pg_writer_text;
	if (type->kind == PG_TYPE_DOMAIN)
		return pg_columns_writer(columns, types, type->base, depth + 1);
	if (type->kind != PG_TYPE_ARRAY)
		return &pg_writer_text;
	writer = pg_columns_writer(columns, types, type->element, depth + 1);
	return pg_columns_array(columns, writer, type->delimiter);
}

/* Names and pieces of all columns in one block; offsets until it stands. */
static void
pg_columns_name(struct pg_columns *columns, const char *const names[])
{
	struct buf buf = { NULL, 0, 0 };

	for (uint32_t i = 0; i < columns->n; i++) {
		struct pg_column *column = &columns->list[i];
		struct text name = text_of(names[i]);

		column->name.len = name.len;
		buf_add(&buf, name.at, name.len + 1);
		column->piece.len = buf.len;
		buf_add_byte(&buf, i == 0 ? '{' : ',');
		buf_add_json(&buf, name);
		buf_add_byte(&buf, ':');
		column->piece.len = buf.len - column->piece.len;
	}
	columns->pieces = buf.data;
	for (uint32_t i = 0, at = 0; i < columns->n; i++) {
		struct pg_column *column = &columns->list[i];

		column->name.at = buf.data + at;
		at += (uint32_t)column->name.len + 1;
		column->piece.at = buf.data + at;
		at += (uint32_t)column->piece.len;
	}
}

static struct pg_columns *
pg_columns_alloc(uint32_t n, const char *const names[])
{
	struct pg_columns *columns;

	columns = memory_new(sizeof(*columns) + n * sizeof(columns->list[0]));
	columns->n = n;
	pg_columns_name(columns, names);
	return columns;
}

struct pg_columns *
pg_columns_new(const struct pg_description *description, unsigned database,
    const struct pg_statement_type *type)
{
	struct pg_columns_types types = { description, database };
	const char **names = memory_new((type->ncolumns + 1) * sizeof(*names));
	struct pg_columns *columns;

	for (uint32_t i = 0; i < type->ncolumns; i++)
		names[i] = type->columns[i].name;
	columns = pg_columns_alloc(type->ncolumns, names);
	free(names);
	for (uint32_t i = 0; i < columns->n; i++) {
		struct pg_column *column = &columns->list[i];

		column->oid = type->columns[i].oid;
		column->writer = pg_columns_writer(columns, &types,
		    column->oid, 0);
	}
	return columns;
}

static const struct pg_writer *
pg_columns_writer_of(const struct pg_columns *columns, uint32_t oid)
{
	for (uint32_t i = 0; columns != NULL && i < columns->n; i++) {
		if (columns->list[i].oid == oid)
			return columns->list[i].writer;
	}
	return NULL;
}

struct pg_columns *
pg_columns_of_result(const struct pg_columns *described, const PGresult *result)
{
	uint32_t n = (uint32_t)PQnfields(result);
	const char **names = memory_new((n + 1) * sizeof(*names));
	struct pg_columns *columns;

	for (uint32_t i = 0; i < n; i++)
		names[i] = PQfname(result, (int)i);
	columns = pg_columns_alloc(n, names);
	free(names);
	for (uint32_t i = 0; i < n; i++) {
		struct pg_column *column = &columns->list[i];

		column->oid = PQftype(result, (int)i);
		column->writer = pg_columns_writer_of(described, column->oid);
		if (column->writer == NULL)
			column->writer = pg_writer_find(column->oid);
		if (column->writer == NULL)
			column->writer = &pg_writer_text;
	}
	return columns;
}

bool
pg_columns_match(const struct pg_columns *columns, const PGresult *result)
{
	if (PQnfields(result) != (int)columns->n)
		return false;
	for (uint32_t i = 0; i < columns->n; i++) {
		const struct pg_column *column = &columns->list[i];

		if (PQftype(result, (int)i) != column->oid ||
		    strcmp(PQfname(result, (int)i), column->name.at) != 0)
			return false;
	}
	return true;
}

uint32_t
pg_columns_count(const struct pg_columns *columns)
{
	return columns->n;
}

int
pg_columns_find(const struct pg_columns *columns, struct text name)
{
	for (uint32_t i = 0; i < columns->n; i++) {
		if (text_equal(columns->list[i].name, name))
			return (int)i;
	}
	return -1;
}

void
pg_columns_free(struct pg_columns *columns)
{
	struct pg_columns_made *made;

	if (columns == NULL)
		return;
	while ((made = columns->made) != NULL) {
		columns->made = made->next;
		free(made);
	}
	free(columns->pieces);
	free(columns);
}
