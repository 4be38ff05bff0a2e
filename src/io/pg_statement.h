#ifndef MUSTER_IO_PG_STATEMENT_H
#define MUSTER_IO_PG_STATEMENT_H

#include <stdbool.h>

#include "base/error.h"

struct pg_columns;
struct pg_statement_type;

/*
 * One SQL text of a generation, as plans register it and as it is prepared
 * by name on each connection at first use. Made by plan while it compiles;
 * description and columns are set when a description is linked to it.
 * Generation lifetime.
 */
struct pg_statement {
	unsigned index;			/* in the generation's list, from 0 */
	const char *name;		/* "m12": what it is prepared as */
	const char *sql;		/* with $1 .. $n */
	unsigned nparams;
	bool writes;			/* needs a connection that may write */
	unsigned database;		/* a pool of services; 0: database */
	struct src_pos pos;		/* of the SQL text in server.conf */
	const char *route, *op;		/* who asked first: for messages */
	const struct pg_statement_type *type;	/* NULL until linked */
	const struct pg_columns *columns;	/* NULL until linked */
};

#endif
