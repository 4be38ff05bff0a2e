#ifndef MUSTER_IO_PG_COLUMNS_H
#define MUSTER_IO_PG_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/text.h"
#include "io/pg_rows.h"
#include "io/pg_write.h"

/* For pg_rows.c: what pg_rows.h hides. Immutable. */
struct pg_column {
	struct text name;		/* closed by NUL */
	struct text piece;		/* {"id":   or   ,"username":   */
	uint32_t oid;
	const struct pg_writer *writer;
};

struct pg_columns {
	uint32_t n;
	struct pg_columns_made *made;	/* writers that these columns own */
	char *pieces;			/* all names and pieces */
	struct pg_column list[];
};

/* Does a result have these columns, with these names and types? */
bool pg_columns_match(const struct pg_columns *, const PGresult *);

/*
 * Columns of a result that does not match its description: the schema has
 * changed since. Writers by the oids of the result itself, those of described
 * (which must live as long, or NULL) where it knows a type; a type that is
 * unknown to both is a string.
 */
struct pg_columns *pg_columns_of_result(const struct pg_columns *described,
    const PGresult *);

#endif
