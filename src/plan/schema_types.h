#ifndef MUSTER_PLAN_SCHEMA_TYPES_H
#define MUSTER_PLAN_SCHEMA_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct pg_description;

/*
 * What a PostgreSQL type takes from a client: its family, and the bounds that
 * are in the type itself.
 */
enum type_family {
	TYPE_UNKNOWN,		/* not declared, in no statement yet */
	TYPE_TEXT,		/* text, varchar, citext */
	TYPE_INT, TYPE_FLOAT, TYPE_NUMERIC, TYPE_BOOL, TYPE_UUID,
	TYPE_DATE, TYPE_TIME, TYPE_TIMETZ, TYPE_TIMESTAMP, TYPE_TIMESTAMPTZ,
	TYPE_INTERVAL, TYPE_BYTEA, TYPE_ENUM,
	TYPE_JSON,		/* json and jsonb: any value at all */
	TYPE_OPAQUE		/* text whose form PostgreSQL alone knows */
};

struct scalar_type {
	enum type_family family;
	bool is_list;		/* an array of it */
	bool refuses_null;	/* a domain with NOT NULL */
	bool single;		/* float4 */
	uint32_t oid;		/* ENUM, OPAQUE: which; else 0 */
	const char *name;	/* for messages: "int4", "mood" */
	int64_t low, high;	/* INT */
	int64_t max_length;	/* TEXT: varchar(n); 0: none */
	int precision, scale;	/* NUMERIC: numeric(p,s); precision 0: any */
	unsigned nlabels;	/* ENUM */
	const char *const *labels;
};

/* A name as people write it ("int4", "integer", "int4[]" without the []). */
bool type_find(const char *name, struct scalar_type *);

/* All those names, closed by NULL, for "did you mean". */
#define TYPE_NAMES_MAX 96
void type_names(const char *names[TYPE_NAMES_MAX]);

/*
 * The type behind an oid of a description (NULL: built-in types only).
 * -1: a type that no client can send (composite, pseudo).
 */
int type_of_oid(const struct pg_description *, unsigned database, uint32_t oid,
    struct scalar_type *) MUST_USE;

/*
 * One value goes into two places, or into one with a declared type: *type
 * becomes what both take, the narrowest range of both. -1: they cannot agree.
 */
int type_merge(struct scalar_type *type, const struct scalar_type *other)
    MUST_USE;

/* Does what is declared fit into what PostgreSQL wants? As type_merge. */
int type_agree(struct scalar_type *declared, const struct scalar_type *wanted)
    MUST_USE;

/* "int4", "int4[]": in a static-size buffer of the caller. */
#define TYPE_NAME_LEN 80
const char *type_print(const struct scalar_type *, char name[TYPE_NAME_LEN]);

#endif
