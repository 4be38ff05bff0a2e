/*
 * Questions to PostgreSQL's catalog. Each asks for everything at once: a
 * describer far from its database must not pay a round trip a type.
 */
#include "io/pg_catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "io/pg_array.h"
#include "io/pg_blocking.h"
#include "io/pg_description.h"
#include "io/pg_image.h"

/* More constraints than anybody names in server.conf. */
#define PG_CATALOG_CONSTRAINTS 20000
#define PG_CATALOG_LIMIT "20000"

/*
 * The asked types and those they are made of. What array_out prints is an
 * array for us: int2vector has elements too, but prints them otherwise, and a
 * domain over an array prints as its base does.
 */
static const char pg_catalog_types_sql[] =
	"WITH RECURSIVE need(oid) AS ("
	" SELECT unnest($1::pg_catalog.oid[])"
	" UNION"
	" SELECT part.oid FROM need"
	" JOIN pg_catalog.pg_type t ON t.oid = need.oid,"
	" LATERAL (VALUES (t.typbasetype), (t.typelem)) AS part(oid)"
	" WHERE part.oid <> 0)"
	" SELECT t.oid, t.typtype, t.typcategory,"
	" pg_catalog.format_type(t.oid, NULL), t.typbasetype, t.typtypmod,"
	" t.typnotnull, t.typelem,"
	" t.typtype = 'b' AND"
	" t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc,"
	" t.typdelim, ARRAY(SELECT e.enumlabel::pg_catalog.text"
	" FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid"
	" ORDER BY e.enumsortorder)"
	" FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid"
	" ORDER BY t.oid";

enum {
	TYPE_OID, TYPE_KIND, TYPE_CATEGORY, TYPE_NAME, TYPE_BASE, TYPE_BASE_MOD,
	TYPE_NOT_NULL, TYPE_ELEMENT, TYPE_IS_ARRAY, TYPE_DELIMITER, TYPE_LABELS
};

static const char pg_catalog_not_null_sql[] =
	"SELECT asked.place - 1"
	" FROM unnest($1::pg_catalog.oid[], $2::pg_catalog.int2[])"
	" WITH ORDINALITY AS asked(relation, number, place)"
	" JOIN pg_catalog.pg_attribute a"
	" ON a.attrelid = asked.relation AND a.attnum = asked.number"
	" JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
	" WHERE a.attnotnull OR t.typnotnull"
	" ORDER BY asked.place";

/*
 * Everything that can be named in a violation: constraints, of domains too,
 * and unique indexes without one. A name is unique in a table only; where it
 * is found twice the one that the search path sees first is taken.
 */
static const char pg_catalog_constraints_sql[] =
	"SELECT DISTINCT ON (c.name COLLATE \"C\") c.name,"
	" coalesce(r.relname, ''), c.kind, ARRAY("
	"SELECT a.attname::pg_catalog.text"
	" FROM unnest(c.numbers) WITH ORDINALITY AS k(number, place)"
	" JOIN pg_catalog.pg_attribute a"
	" ON a.attrelid = c.relation AND a.attnum = k.number"
	" ORDER BY k.place)"
	" FROM (SELECT conname::pg_catalog.text AS name,"
	" conrelid AS relation, contype AS kind, conkey AS numbers,"
	" connamespace AS schema, oid FROM pg_catalog.pg_constraint"
	" WHERE contype IN ('p', 'u', 'f', 'c', 'x')"
	" UNION ALL"
	" SELECT k.relname::pg_catalog.text, i.indrelid, 'u',"
	" i.indkey::pg_catalog.int2[], k.relnamespace, k.oid"
	" FROM pg_catalog.pg_index i"
	" JOIN pg_catalog.pg_class k ON k.oid = i.indexrelid"
	" WHERE i.indisunique AND NOT EXISTS (SELECT 1"
	" FROM pg_catalog.pg_constraint x WHERE x.conindid = i.indexrelid"
	" AND x.contype IN ('p', 'u', 'x'))) AS c"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.schema"
	" LEFT JOIN pg_catalog.pg_class r ON r.oid = c.relation"
	" WHERE n.nspname NOT IN ('pg_catalog', 'information_schema',"
	" 'pg_toast')"
	" ORDER BY c.name COLLATE \"C\", coalesce(array_position("
	"pg_catalog.current_schemas(false), n.nspname), 1000000), c.oid"
	" LIMIT " PG_CATALOG_LIMIT;

/* What this role may have open; limits of role and database are -1 for none. */
static const char pg_catalog_limits_sql[] =
	"SELECT least("
	"current_setting('max_connections')::pg_catalog.int4"
	" - current_setting('superuser_reserved_connections')::pg_catalog.int4"
	" - coalesce(current_setting('reserved_connections', true), '0')"
	"::pg_catalog.int4,"
	" (SELECT nullif(rolconnlimit, -1) FROM pg_catalog.pg_roles"
	" WHERE rolname = current_user),"
	" (SELECT nullif(datconnlimit, -1) FROM pg_catalog.pg_database"
	" WHERE datname = current_database()))";

/* ---- fetching -------------------------------------------------------------*/

static const char *
pg_catalog_text(struct buf *buf)
{
	buf_add_byte(buf, '\0');
	buf->len--;
	return buf->data;
}

int
pg_catalog_fetch(struct pg_catalog *catalog, PGconn *conn,
    const struct pg_catalog_ask *ask, int64_t deadline_ms, struct error *err)
{
	const char *types[] = { pg_catalog_text(ask->types) };
	const char *columns[] = { pg_catalog_text(ask->tables),
		pg_catalog_text(ask->attributes) };

	*catalog = (struct pg_catalog){ NULL, NULL, NULL, NULL };
	catalog->types = pg_blocking_query(conn, pg_catalog_types_sql, 1,
	    types, deadline_ms, err);
	if (catalog->types != NULL)
		catalog->not_null = pg_blocking_query(conn,
		    pg_catalog_not_null_sql, 2, columns, deadline_ms, err);
	if (catalog->not_null != NULL)
		catalog->constraints = pg_blocking_query(conn,
		    pg_catalog_constraints_sql, 0, NULL, deadline_ms, err);
	if (catalog->constraints != NULL)
		catalog->limits = pg_blocking_query(conn,
		    pg_catalog_limits_sql, 0, NULL, deadline_ms, err);
	if (catalog->limits != NULL)
		return 0;
	pg_catalog_release(catalog);
	return -1;
}

void
pg_catalog_release(struct pg_catalog *catalog)
{
	PQclear(catalog->types);
	PQclear(catalog->not_null);
	PQclear(catalog->constraints);
	PQclear(catalog->limits);
	*catalog = (struct pg_catalog){ NULL, NULL, NULL, NULL };
}

uint32_t
pg_catalog_not_null_count(const struct pg_catalog *catalog)
{
	return (uint32_t)PQntuples(catalog->not_null);
}

static uint32_t
pg_catalog_number(const PGresult *result, int row, int column)
{
	return (uint32_t)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

uint32_t
pg_catalog_not_null(const struct pg_catalog *catalog, uint32_t i)
{
	return pg_catalog_number(catalog->not_null, (int)i, 0);
}

/* ---- storing --------------------------------------------------------------*/

/* A text[] of a result as a run of names. */
static struct pg_image_run
pg_catalog_store_names(struct pg_image *image, const PGresult *result, int row,
    int column)
{
	struct pg_image_run run = {
		pg_image_count(image, PG_IMAGE_NAMES), 0
	};
	struct buf name = { NULL, 0, 0 };
	enum pg_array_token token;
	struct pg_array array;
	struct text item;

	pg_array_start(&array, text_of(PQgetvalue(result, row, column)), ',');
	do {
		uint32_t offset;

		token = pg_array_next(&array, &item);
		if (token != PG_ARRAY_ITEM)
			continue;
		name.len = 0;
		buf_add_text(&name, item);
		buf_add_byte(&name, '\0');
		offset = pg_image_string(image, name.data);
		pg_image_add(image, PG_IMAGE_NAMES, &offset);
		run.count++;
	} while (token != PG_ARRAY_END && token != PG_ARRAY_BAD);
	pg_array_release(&array);
	buf_release(&name);
	return run;
}

static enum pg_type_kind
pg_catalog_kind(const PGresult *types, int row)
{
	if (PQgetvalue(types, row, TYPE_IS_ARRAY)[0] == 't')
		return PG_TYPE_ARRAY;
	switch (PQgetvalue(types, row, TYPE_KIND)[0]) {
	case 'e':
		return PG_TYPE_ENUM;
	case 'd':
		return PG_TYPE_DOMAIN;
	case 'c':
		return PG_TYPE_COMPOSITE;
	case 'r':
		return PG_TYPE_RANGE;
	case 'm':
		return PG_TYPE_MULTIRANGE;
	case 'p':
		return PG_TYPE_PSEUDO;
	}
	return PG_TYPE_BASE;
}

static void
pg_catalog_store_type(const PGresult *types, int row, struct pg_image *image)
{
	struct pg_image_type type = {
		.oid = pg_catalog_number(types, row, TYPE_OID),
		.kind = (uint8_t)pg_catalog_kind(types, row),
		.category = PQgetvalue(types, row, TYPE_CATEGORY)[0],
		.delimiter = PQgetvalue(types, row, TYPE_DELIMITER)[0],
		.base = pg_catalog_number(types, row, TYPE_BASE),
		.not_null = PQgetvalue(types, row, TYPE_NOT_NULL)[0] == 't',
	};

	type.name = pg_image_string(image, PQgetvalue(types, row, TYPE_NAME));
	type.base_mod = (int32_t)strtol(PQgetvalue(types, row, TYPE_BASE_MOD),
	    NULL, 10);
	if (type.kind == PG_TYPE_ARRAY)
		type.element = pg_catalog_number(types, row, TYPE_ELEMENT);
	type.labels = pg_catalog_store_names(image, types, row, TYPE_LABELS);
	pg_image_add(image, PG_IMAGE_TYPES, &type);
}

static void
pg_catalog_store_constraint(const PGresult *constraints, int row,
    struct pg_image *image)
{
	struct pg_image_constraint constraint = { 0 };

	constraint.name = pg_image_string(image,
	    PQgetvalue(constraints, row, 0));
	constraint.table = pg_image_string(image,
	    PQgetvalue(constraints, row, 1));
	constraint.kind = (unsigned char)PQgetvalue(constraints, row, 2)[0];
	constraint.columns = pg_catalog_store_names(image, constraints, row, 3);
	pg_image_add(image, PG_IMAGE_CONSTRAINTS, &constraint);
}

void
pg_catalog_store(const struct pg_catalog *catalog, struct pg_image *image,
    struct pg_image_database *database)
{
	int ntypes = PQntuples(catalog->types);
	int nconstraints = PQntuples(catalog->constraints);

	database->types = (struct pg_image_run){
		pg_image_count(image, PG_IMAGE_TYPES), (uint32_t)ntypes
	};
	for (int i = 0; i < ntypes; i++)
		pg_catalog_store_type(catalog->types, i, image);
	database->constraints = (struct pg_image_run){
		pg_image_count(image, PG_IMAGE_CONSTRAINTS),
		(uint32_t)nconstraints
	};
	for (int i = 0; i < nconstraints; i++)
		pg_catalog_store_constraint(catalog->constraints, i, image);
	if (nconstraints == PG_CATALOG_CONSTRAINTS)
		log_warn(NULL, "constraints", "kept=%d; the database has more, "
		    "which errors.on cannot name", nconstraints);
	database->max_connections = pg_catalog_number(catalog->limits, 0, 0);
}

static int
pg_catalog_compare_type(const void *key, const void *record)
{
	uint32_t oid = *(const uint32_t *)key;
	uint32_t other = ((const struct pg_image_type *)record)->oid;

	return oid < other ? -1 : oid > other;
}

const struct pg_image_type *
pg_catalog_type(struct pg_image *image,
    const struct pg_image_database *database, uint32_t oid)
{
	if (database->types.count == 0)
		return NULL;
	return bsearch(&oid, pg_image_at(image, PG_IMAGE_TYPES,
	    database->types.first), database->types.count,
	    sizeof(struct pg_image_type), pg_catalog_compare_type);
}
