/*
 * The types of PostgreSQL as clients see them: which are numbers, which are
 * text of a known form, and what ranges they have. Built-in types are known
 * by their oid, which never changes; the rest comes from the description.
 */
#include "plan/schema_types.h"

#include <stdio.h>
#include <string.h>

#include "io/pg_description.h"

struct type_row {
	uint32_t oid, array_oid;
	const char *names[3];	/* ours first, then what SQL also calls it */
	enum type_family family;
	int64_t low, high;
};

static const struct type_row type_rows[] = {
	{ 16, 1000, { "bool", "boolean" }, TYPE_BOOL, 0, 0 },
	{ 17, 1001, { "bytea" }, TYPE_BYTEA, 0, 0 },
	{ 18, 1002, { "\"char\"" }, TYPE_OPAQUE, 0, 0 },
	{ 19, 1003, { "name" }, TYPE_TEXT, 0, 0 },
	{ 20, 1016, { "int8", "bigint" }, TYPE_INT, INT64_MIN, INT64_MAX },
	{ 21, 1005, { "int2", "smallint" }, TYPE_INT, INT16_MIN, INT16_MAX },
	{ 23, 1007, { "int4", "integer", "int" }, TYPE_INT,
	    INT32_MIN, INT32_MAX },
	{ 25, 1009, { "text" }, TYPE_TEXT, 0, 0 },
	{ 26, 1028, { "oid" }, TYPE_INT, 0, UINT32_MAX },
	{ 114, 199, { "json" }, TYPE_JSON, 0, 0 },
	{ 142, 143, { "xml" }, TYPE_OPAQUE, 0, 0 },
	{ 600, 1017, { "point" }, TYPE_OPAQUE, 0, 0 },
	{ 650, 651, { "cidr" }, TYPE_OPAQUE, 0, 0 },
	{ 700, 1021, { "float4", "real" }, TYPE_FLOAT, 0, 0 },
	{ 701, 1022, { "float8", "double precision", "float" },
	    TYPE_FLOAT, 0, 0 },
	{ 774, 775, { "macaddr8" }, TYPE_OPAQUE, 0, 0 },
	{ 790, 791, { "money" }, TYPE_OPAQUE, 0, 0 },
	{ 829, 1040, { "macaddr" }, TYPE_OPAQUE, 0, 0 },
	{ 869, 1041, { "inet" }, TYPE_OPAQUE, 0, 0 },
	{ 1042, 1014, { "bpchar", "character", "char" }, TYPE_TEXT, 0, 0 },
	{ 1043, 1015, { "varchar", "character varying" }, TYPE_TEXT, 0, 0 },
	{ 1082, 1182, { "date" }, TYPE_DATE, 0, 0 },
	{ 1083, 1183, { "time", "time without time zone" }, TYPE_TIME, 0, 0 },
	{ 1114, 1115, { "timestamp", "timestamp without time zone" },
	    TYPE_TIMESTAMP, 0, 0 },
	{ 1184, 1185, { "timestamptz", "timestamp with time zone" },
	    TYPE_TIMESTAMPTZ, 0, 0 },
	{ 1186, 1187, { "interval" }, TYPE_INTERVAL, 0, 0 },
	{ 1266, 1270, { "timetz", "time with time zone" }, TYPE_TIMETZ, 0, 0 },
	{ 1560, 1561, { "bit" }, TYPE_OPAQUE, 0, 0 },
	{ 1562, 1563, { "varbit", "bit varying" }, TYPE_OPAQUE, 0, 0 },
	{ 1700, 1231, { "numeric", "decimal" }, TYPE_NUMERIC, 0, 0 },
	{ 2950, 2951, { "uuid" }, TYPE_UUID, 0, 0 },
	{ 3614, 3643, { "tsvector" }, TYPE_OPAQUE, 0, 0 },
	{ 3615, 3645, { "tsquery" }, TYPE_OPAQUE, 0, 0 },
	{ 3802, 3807, { "jsonb" }, TYPE_JSON, 0, 0 },
};

/* A typmod of varchar(n) and char(n) counts a header of 4 bytes. */
#define TYPMOD_HEADER 4

static void
type_from_row(const struct type_row *row, struct scalar_type *type)
{
	*type = (struct scalar_type){
		.family = row->family, .name = row->names[0],
		.low = row->low, .high = row->high,
		.single = row->oid == 700,
		.oid = row->family == TYPE_OPAQUE ? row->oid : 0,
	};
}

bool
type_find(const char *name, struct scalar_type *type)
{
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(type_rows); i++) {
		for (j = 0; j < 3 && type_rows[i].names[j] != NULL; j++) {
			if (strcmp(type_rows[i].names[j], name) == 0) {
				type_from_row(&type_rows[i], type);
				return true;
			}
		}
	}
	return false;
}

void
type_names(const char *names[TYPE_NAMES_MAX])
{
	size_t i, j, n = 0;

	for (i = 0; i < ARRAY_LEN(type_rows); i++) {
		for (j = 0; j < 3 && type_rows[i].names[j] != NULL; j++)
			names[n++] = type_rows[i].names[j];
	}
	names[n] = NULL;
}

static bool
type_of_builtin(uint32_t oid, struct scalar_type *type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(type_rows); i++) {
		if (type_rows[i].oid != oid && type_rows[i].array_oid != oid)
			continue;
		type_from_row(&type_rows[i], type);
		type->is_list = type_rows[i].array_oid == oid;
		return true;
	}
	return false;
}

/* A domain is its base with a modifier: numeric(10,2), varchar(20). */
static void
type_apply_mod(struct scalar_type *type, int32_t mod)
{
	int32_t bits = mod - TYPMOD_HEADER;

	if (mod < TYPMOD_HEADER || type->is_list)
		return;
	if (type->family == TYPE_TEXT) {
		type->max_length = bits;
	} else if (type->family == TYPE_NUMERIC) {
		type->precision = bits >> 16 & 0xffff;
		type->scale = ((bits & 0x7ff) ^ 1024) - 1024;
	}
}

static int
type_of_domain(const struct pg_description *description, unsigned database,
    const struct pg_type *domain, struct scalar_type *type)
{
	if (type_of_oid(description, database, domain->base, type) != 0)
		return -1;
	type_apply_mod(type, domain->base_mod);
	type->refuses_null |= domain->not_null;
	type->name = domain->name;
	return 0;
}

static int
type_of_array(const struct pg_description *description, unsigned database,
    const struct pg_type *array, struct scalar_type *type)
{
	if (type_of_oid(description, database, array->element, type) != 0)
		return -1;
	/* An array over a domain over an array has no JSON of ours. */
	if (type->is_list)
		return -1;
	type->is_list = true;
	type->refuses_null = false;
	return 0;
}

int
type_of_oid(const struct pg_description *description, unsigned database,
    uint32_t oid, struct scalar_type *type)
{
	const struct pg_type *row;

	if (type_of_builtin(oid, type))
		return 0;
	row = description == NULL ? NULL :
	    pg_description_type(description, database, oid);
	if (row == NULL)
		return -1;
	switch (row->kind) {
	case PG_TYPE_DOMAIN:
		return type_of_domain(description, database, row, type);
	case PG_TYPE_ARRAY:
		return type_of_array(description, database, row, type);
	case PG_TYPE_ENUM:
		*type = (struct scalar_type){ .family = TYPE_ENUM,
		    .oid = oid, .name = row->name, .nlabels = row->nlabels,
		    .labels = row->labels };
		return 0;
	case PG_TYPE_BASE:
	case PG_TYPE_RANGE:
	case PG_TYPE_MULTIRANGE:
		/* Category S: citext and its like are text to us. */
		*type = (struct scalar_type){ .name = row->name, .oid = oid,
		    .family = row->category == 'S' ? TYPE_TEXT : TYPE_OPAQUE };
		return 0;
	case PG_TYPE_COMPOSITE:
	case PG_TYPE_PSEUDO:
		break;
	}
	return -1;
}

static bool
type_is_number(enum type_family family)
{
	return family == TYPE_INT || family == TYPE_FLOAT ||
	    family == TYPE_NUMERIC;
}

static bool
type_is_point_in_time(enum type_family family)
{
	return family == TYPE_TIMESTAMP || family == TYPE_TIMESTAMPTZ;
}

/* Both are of one family: what both hold. */
static int
type_narrow(struct scalar_type *type, const struct scalar_type *other)
{
	if ((type->family == TYPE_ENUM || type->family == TYPE_OPAQUE) &&
	    type->oid != other->oid)
		return -1;
	if (type->family == TYPE_INT && other->high < type->high)
		type->name = other->name;
	if (other->low > type->low)
		type->low = other->low;
	if (other->high < type->high)
		type->high = other->high;
	if (type->max_length == 0 || (other->max_length > 0 &&
	    other->max_length < type->max_length))
		type->max_length = other->max_length;
	if (type->precision == 0) {
		type->precision = other->precision;
		type->scale = other->scale;
	}
	type->single |= other->single;
	type->refuses_null |= other->refuses_null;
	return 0;
}

/* Takes the narrower of two families, where one holds the other. */
static int
type_choose(struct scalar_type *type, const struct scalar_type *other)
{
	enum type_family a = type->family, b = other->family;
	bool keep;

	if (type_is_number(a) && type_is_number(b))
		keep = a == TYPE_INT || (b != TYPE_INT && a == TYPE_FLOAT);
	else if (a == TYPE_DATE && type_is_point_in_time(b))
		keep = true;
	else if (b == TYPE_DATE && type_is_point_in_time(a))
		keep = false;
	else
		return -1;
	if (!keep) {
		bool refuses_null = type->refuses_null;

		*type = *other;
		type->refuses_null |= refuses_null;
	}
	return 0;
}

int
type_merge(struct scalar_type *type, const struct scalar_type *other)
{
	if (type->family == TYPE_UNKNOWN) {
		*type = *other;
		return 0;
	}
	if (type->is_list != other->is_list)
		return -1;
	if (type->family == other->family)
		return type_narrow(type, other);
	/* Whatever the other place takes is text as well. */
	if (other->family == TYPE_TEXT && type->family != TYPE_JSON)
		return 0;
	if (type->family == TYPE_TEXT && other->family != TYPE_JSON) {
		*type = *other;
		return 0;
	}
	return type_choose(type, other);
}

int
type_agree(struct scalar_type *declared, const struct scalar_type *wanted)
{
	if (declared->is_list != wanted->is_list)
		return -1;
	if (declared->family == wanted->family)
		return type_narrow(declared, wanted);
	if (wanted->family == TYPE_TEXT)
		return 0;
	/* 1.5 does not go into an int, whatever was declared. */
	if (wanted->family == TYPE_INT || declared->family == TYPE_TEXT)
		return -1;
	return type_choose(declared, wanted);
}

const char *
type_print(const struct scalar_type *type, char name[TYPE_NAME_LEN])
{
	snprintf(name, TYPE_NAME_LEN, "%.70s%s",
	    type->name == NULL ? "text" : type->name,
	    type->is_list ? "[]" : "");
	return name;
}
