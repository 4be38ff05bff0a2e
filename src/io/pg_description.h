#ifndef MUSTER_IO_PG_DESCRIPTION_H
#define MUSTER_IO_PG_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct pg_conf;
struct pg_statement;

/*
 * What PostgreSQL says of every statement: the other half of a generation.
 * The describer child prepares and describes them all and writes one sealed
 * memfd; every other process maps it. Immutable.
 */
struct pg_description;

/* A type by its catalog row. */
enum pg_type_kind {
	PG_TYPE_BASE, PG_TYPE_ENUM, PG_TYPE_DOMAIN, PG_TYPE_COMPOSITE,
	PG_TYPE_RANGE, PG_TYPE_MULTIRANGE, PG_TYPE_PSEUDO, PG_TYPE_ARRAY
};

struct pg_type {
	uint32_t oid;
	enum pg_type_kind kind;
	char category;			/* pg_type.typcategory */
	char delimiter;			/* of an array: between elements */
	const char *name;		/* as format_type(oid, NULL) says */
	uint32_t base;			/* of a domain: its base type's oid */
	int32_t base_mod;		/* of a domain: its typmod, or -1 */
	bool not_null;			/* a domain that refuses null */
	uint32_t element;		/* of an array: its element's oid */
	unsigned nlabels;
	const char *const *labels;	/* of an enum, in its order */
};

struct pg_param_type {
	uint32_t oid;
};

struct pg_column_type {
	const char *name;
	uint32_t oid;
	int32_t mod;
	uint32_t table;			/* 0: an expression */
	int16_t attribute;
	bool not_null;			/* attnotnull, or its domain's; an
					 * outer join may give null still */
};

struct pg_statement_type {
	unsigned nparams;
	const struct pg_param_type *params;
	unsigned ncolumns;
	const struct pg_column_type *columns;
};

struct pg_constraint {
	const char *name;
	const char *table;
	char kind;			/* pg_constraint.contype: p u f c x */
	unsigned ncolumns;
	const char *const *columns;
};

/* A statement that PostgreSQL refused, or whose types cannot be served. */
typedef void pg_describe_fault_fn(void *arg, const struct pg_statement *,
    size_t offset,		/* byte in its sql; (size_t)-1: as a whole */
    const char *message);

/*
 * Connects (blocking: for the describer child and --check-db only), prepares
 * every statement with no more round trips than needed, reads the catalog and
 * writes everything to fd (a memfd with MFD_ALLOW_SEALING), which is then
 * sealed. Faults go to the callback in the order of the list, and the rest is
 * still described. Returns 0; 1 when there were faults; -1 with err, which is
 * ERROR_DB_UNAVAILABLE when the database was not reachable, or did not answer,
 * until deadline_ms.
 */
int pg_describe(const struct pg_conf *const databases[], unsigned ndatabases,
    struct pg_statement *const statements[], unsigned n, int fd,
    int64_t deadline_ms, pg_describe_fault_fn *, void *arg, struct error *);

/* Maps what pg_describe wrote. fd stays the caller's. NULL with err. */
struct pg_description *pg_description_map(int fd, struct error *);
void pg_description_free(struct pg_description *);

/* Of the same list that was described; NULL when it was refused. */
const struct pg_statement_type *pg_description_statement(
    const struct pg_description *, unsigned index);
const struct pg_type *pg_description_type(const struct pg_description *,
    unsigned database, uint32_t oid);
const struct pg_constraint *pg_description_constraint(
    const struct pg_description *, unsigned database, const char *name);

/*
 * Sets type and columns of every statement. Returns 0, or -1 when the
 * description was made for other statements (their texts are compared by
 * hash).
 */
int pg_description_link(const struct pg_description *,
    struct pg_statement *const statements[], unsigned n, struct error *);

/* What workers should know of the server: 0 when unknown. */
unsigned pg_description_max_connections(const struct pg_description *);

#endif
