/*
 * A PGresult as values. Nothing is copied or converted until it is written:
 * a list, a row and a cell are the rows and a number. A list is written row
 * by row and goes on where its buffer was full.
 */
#include "io/pg_rows.h"
#include "io/pg_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/memory.h"
#include "base/value.h"
#include "io/pg_array.h"
#include "io/pg_columns.h"

struct pg_rows {
	PGresult *result;
	const struct pg_columns *columns;	/* what the result has */
	const struct pg_columns *described;	/* what references mean */
	struct pg_columns *own;			/* ours when they differ */
	uint32_t n;
};

static const struct value_type pg_list_type, pg_row_type, pg_cell_type;

struct pg_rows *
pg_rows_new(PGresult *result, const struct pg_columns *columns)
{
	struct pg_rows *rows = memory_new(sizeof(*rows));

	rows->result = result;
	rows->described = columns;
	rows->columns = columns;
	rows->n = (uint32_t)PQntuples(result);
	if (columns == NULL || !pg_columns_match(columns, result)) {
		rows->own = pg_columns_of_result(columns, result);
		rows->columns = rows->own;
	}
	return rows;
}

void
pg_rows_free(struct pg_rows *rows)
{
	if (rows == NULL)
		return;
	pg_columns_free(rows->own);
	PQclear(rows->result);
	free(rows);
}

uint32_t
pg_rows_count(const struct pg_rows *rows)
{
	return rows->n;
}

uint64_t
pg_rows_affected(const struct pg_rows *rows)
{
	return strtoull(PQcmdTuples(rows->result), NULL, 10);
}

size_t
pg_rows_bytes(const struct pg_rows *rows)
{
	return sizeof(*rows) + PQresultMemorySize(rows->result);
}

/* ---- writing --------------------------------------------------------------*/

static struct text
pg_rows_text(const struct pg_rows *rows, uint32_t row, uint32_t column)
{
	return (struct text){
		PQgetvalue(rows->result, (int)row, (int)column),
		(size_t)PQgetlength(rows->result, (int)row, (int)column)
	};
}

static void
pg_rows_write_row(const struct pg_rows *rows, uint32_t row, struct buf *out)
{
	const struct pg_columns *columns = rows->columns;

	if (columns->n == 0)
		buf_add_byte(out, '{');
	for (uint32_t i = 0; i < columns->n; i++) {
		const struct pg_column *column = &columns->list[i];

		buf_add_text(out, column->piece);
		if (PQgetisnull(rows->result, (int)row, (int)i))
			buf_add(out, "null", 4);
		else
			column->writer->write(column->writer, out,
			    pg_rows_text(rows, row, i));
	}
	buf_add_byte(out, '}');
}

static bool
pg_list_write(const struct value *value, struct buf *out, size_t mark,
    size_t *at)
{
	const struct pg_rows *rows = value->object;
	uint32_t row = (uint32_t)*at;

	if (row == 0)
		buf_add_byte(out, '[');
	while (row < rows->n) {
		if (row > 0)
			buf_add_byte(out, ',');
		pg_rows_write_row(rows, row++, out);
		*at = row;
		if (out->len >= mark && row < rows->n)
			return false;
	}
	buf_add_byte(out, ']');
	return true;
}

static bool
pg_row_write(const struct value *value, struct buf *out, size_t mark,
    size_t *at)
{
	(void)mark;
	(void)at;
	pg_rows_write_row(value->object, value->at, out);
	return true;
}

/* The JSON form is what a statement with a jsonb parameter wants to get. */
static struct text
pg_rows_json(const struct value *value, struct arena *arena)
{
	struct buf buf = { NULL, 0, 0 };
	struct text text;

	value_write_all(value, &buf);
	text = (struct text){ buf.data, buf.len };
	text.at = arena_text(arena, text);
	buf_release(&buf);
	return text;
}

/* ---- values ---------------------------------------------------------------*/

/* row and column are within the result. */
static struct value
pg_rows_value(const struct pg_rows *rows, uint32_t row, uint32_t column)
{
	const struct pg_writer *writer = rows->columns->list[column].writer;
	struct value value = { .type = &pg_cell_type, .object = rows,
		.at = row * rows->columns->n + column };
	struct text text;

	if (PQgetisnull(rows->result, (int)row, (int)column))
		return VALUE_NULL;
	text = pg_rows_text(rows, row, column);
	switch (writer->form) {
	case PG_FORM_NULL:
		return VALUE_NULL;
	case PG_FORM_NUMBER:
		return value_number(text);
	case PG_FORM_FLOAT:
		if (text.at[text.len - 1] >= '0' &&
		    text.at[text.len - 1] <= '9')
			return value_number(text);
		return value_text(text);
	case PG_FORM_BOOL:
		return value_bool(text.at[0] == 't');
	case PG_FORM_TEXT:
	case PG_FORM_PLAIN:
		return value_text(text);
	case PG_FORM_JSON:
		return value_json(text);
	case PG_FORM_TIMESTAMP:
	case PG_FORM_TIMESTAMPTZ:
	case PG_FORM_VECTOR:
	case PG_FORM_OID_VECTOR:
	case PG_FORM_ARRAY:
		break;
	}
	return value;
}

struct value
pg_rows_list(const struct pg_rows *rows)
{
	return (struct value){ .type = &pg_list_type, .object = rows };
}

struct value
pg_rows_row(const struct pg_rows *rows, uint32_t row)
{
	if (row >= rows->n)
		return VALUE_NULL;
	return (struct value){ .type = &pg_row_type, .object = rows,
		.at = row };
}

/* Of a described column the index it has now: by name; -1: it is gone. */
static int
pg_rows_find(const struct pg_rows *rows, uint32_t column)
{
	if (rows->columns == rows->described || rows->described == NULL)
		return column < rows->columns->n ? (int)column : -1;
	if (column >= rows->described->n)
		return -1;
	return pg_columns_find(rows->columns,
	    rows->described->list[column].name);
}

bool
pg_rows_has(const struct pg_rows *rows, uint32_t column)
{
	return pg_rows_find(rows, column) >= 0;
}

struct value
pg_rows_cell(const struct pg_rows *rows, uint32_t row, uint32_t column)
{
	int found = pg_rows_find(rows, column);

	if (row >= rows->n || found < 0)
		return VALUE_NULL;
	return pg_rows_value(rows, row, (uint32_t)found);
}

static struct value
pg_list_element(const struct value *value, uint32_t i)
{
	return pg_rows_row(value->object, i);
}

static uint32_t
pg_list_count(const struct value *value)
{
	return pg_rows_count(value->object);
}

static struct value
pg_row_member(const struct value *value, struct text name)
{
	const struct pg_rows *rows = value->object;
	int column = pg_columns_find(rows->columns, name);

	if (column < 0)
		return VALUE_NULL;
	return pg_rows_value(rows, value->at, (uint32_t)column);
}

static struct value
pg_row_element(const struct value *value, uint32_t i)
{
	return pg_rows_cell(value->object, value->at, i);
}

/* ---- cells whose JSON is not their text: times and arrays -----------------*/

static const struct pg_writer *
pg_cell_writer(const struct value *value)
{
	const struct pg_rows *rows = value->object;

	return rows->columns->list[value->at % rows->columns->n].writer;
}

static struct text
pg_cell_text(const struct value *value, struct arena *arena)
{
	const struct pg_rows *rows = value->object;
	uint32_t n = rows->columns->n;

	(void)arena;
	return pg_rows_text(rows, value->at / n, value->at % n);
}

static bool
pg_cell_write(const struct value *value, struct buf *out, size_t mark,
    size_t *at)
{
	const struct pg_writer *writer = pg_cell_writer(value);

	(void)mark;
	(void)at;
	writer->write(writer, out, pg_cell_text(value, NULL));
	return true;
}

static uint32_t
pg_cell_count(const struct value *value)
{
	const struct pg_writer *writer = pg_cell_writer(value);

	if (writer->form != PG_FORM_ARRAY)
		return 1;
	return pg_array_count(pg_cell_text(value, NULL), writer->delimiter);
}

static const struct value_type pg_list_type = {
	.name = "rows",
	.write = pg_list_write,
	.element = pg_list_element,
	.count = pg_list_count,
	.text = pg_rows_json,
};

static const struct value_type pg_row_type = {
	.name = "row",
	.write = pg_row_write,
	.member = pg_row_member,
	.element = pg_row_element,
	.text = pg_rows_json,
};

static const struct value_type pg_cell_type = {
	.name = "cell",
	.write = pg_cell_write,
	.count = pg_cell_count,
	.text = pg_cell_text,
};
