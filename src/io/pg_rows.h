#ifndef MUSTER_IO_PG_ROWS_H
#define MUSTER_IO_PG_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/value.h"

struct pg_description;
struct pg_statement_type;

/*
 * A result of PostgreSQL, shown as values and written as JSON by column
 * writers that were chosen when the generation was linked. Owned by whoever
 * got it from done; hang pg_rows_free on the request's arena.
 */
struct pg_rows;

/* Writers and prepared names ("\"id\":") of a statement's columns. */
struct pg_columns;

struct pg_columns *pg_columns_new(const struct pg_description *,
    unsigned database, const struct pg_statement_type *);
void pg_columns_free(struct pg_columns *);
uint32_t pg_columns_count(const struct pg_columns *);

/* Index of a column by name, -1: none. For references, at compile time. */
int pg_columns_find(const struct pg_columns *, struct text name);

/*
 * Is this described column there? A table may have been altered since, under
 * "SELECT *". True of all at little cost where the result is as described.
 */
bool pg_rows_has(const struct pg_rows *, uint32_t column);

uint32_t pg_rows_count(const struct pg_rows *);
uint64_t pg_rows_affected(const struct pg_rows *);	/* INSERT, UPDATE .. */
size_t pg_rows_bytes(const struct pg_rows *);		/* memory it holds */

/*
 * The values of a result. list: an array of objects, its elements rows.
 * row: an object, or VALUE_NULL when there is no such row. cell: null, bool,
 * number, text, or json bytes by its type; its text is PostgreSQL's own, so
 * that it can go into another statement unchanged.
 */
struct value pg_rows_list(const struct pg_rows *);
struct value pg_rows_row(const struct pg_rows *, uint32_t row);
struct value pg_rows_cell(const struct pg_rows *, uint32_t row,
    uint32_t column);

void pg_rows_free(struct pg_rows *);

#endif
