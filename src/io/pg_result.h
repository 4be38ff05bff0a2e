#ifndef MUSTER_IO_PG_RESULT_H
#define MUSTER_IO_PG_RESULT_H

#include <libpq-fe.h>

struct pg_columns;
struct pg_rows;

/*
 * For the pool, which reads results off connections: takes the result, which
 * pg_rows_free clears. columns are the statement's (NULL: not described) and
 * live as long as the rows. A result that does not match them is served by
 * its own names and types (pg_columns.h).
 */
struct pg_rows *pg_rows_new(PGresult *, const struct pg_columns *);

#endif
