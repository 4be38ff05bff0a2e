/*
 * A description as others see it: the sealed image, mapped, and tables of
 * structs that point into it. The image is checked once while it is mapped,
 * so that no look-up can leave it.
 */
#include "io/pg_description.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "io/pg_image.h"
#include "io/pg_rows.h"
#include "io/pg_statement.h"

struct pg_description_database {
	const struct pg_type *types;
	const struct pg_constraint *constraints;
	uint32_t ntypes, nconstraints;
	uint32_t max_connections;
};

struct pg_description {
	const char *image;
	size_t size;
	uint64_t hash;
	unsigned nstatements, ndatabases;
	struct pg_description_database *databases;
	struct pg_statement_type *statements;	/* params NULL: refused */
	struct pg_param_type *params;
	struct pg_column_type *columns;
	struct pg_type *types;
	struct pg_constraint *constraints;
	const char **names;
};

static const struct pg_image_head *
pg_description_head(const struct pg_description *description)
{
	return (const struct pg_image_head *)description->image;
}

static uint32_t
pg_description_count(const struct pg_description *description,
    enum pg_image_kind kind)
{
	return pg_description_head(description)->parts[kind].count;
}

static const void *
pg_description_part(const struct pg_description *description,
    enum pg_image_kind kind)
{
	return description->image +
	    pg_description_head(description)->parts[kind].offset;
}

/* ---- checking -------------------------------------------------------------*/

static bool
pg_description_head_fits(const struct pg_description *description)
{
	const struct pg_image_head *head = pg_description_head(description);
	const char *strings;
	uint32_t n;

	if (description->size < sizeof(*head) ||
	    memcmp(head->magic, PG_IMAGE_MAGIC, sizeof(head->magic)) != 0 ||
	    head->version != PG_IMAGE_VERSION ||
	    head->size != description->size)
		return false;
	for (int kind = 0; kind < PG_IMAGE_KINDS; kind++) {
		const struct pg_image_part *part = &head->parts[kind];
		uint64_t bytes = (uint64_t)part->count * pg_image_sizes[kind];

		if (part->offset % 8 != 0 ||
		    part->offset + bytes > description->size)
			return false;
	}
	n = pg_description_count(description, PG_IMAGE_STRINGS);
	strings = pg_description_part(description, PG_IMAGE_STRINGS);
	return n == 0 || strings[n - 1] == '\0';
}

static bool
pg_description_run_fits(const struct pg_description *description,
    enum pg_image_kind kind, struct pg_image_run run)
{
	return (uint64_t)run.first + run.count <=
	    pg_description_count(description, kind);
}

/* "" for an offset that is none: reached by a broken image only. */
static const char *
pg_description_string(const struct pg_description *description, uint32_t offset)
{
	const char *strings = pg_description_part(description,
	    PG_IMAGE_STRINGS);

	if (offset >= pg_description_count(description, PG_IMAGE_STRINGS))
		return "";
	return strings + offset;
}

/* ---- the tables -----------------------------------------------------------*/

static void *
pg_description_table(const struct pg_description *description,
    enum pg_image_kind kind, size_t size)
{
	return memory_new(pg_description_count(description, kind) * size + 1);
}

static void
pg_description_read_names(struct pg_description *description)
{
	const uint32_t *from = pg_description_part(description, PG_IMAGE_NAMES);
	uint32_t n = pg_description_count(description, PG_IMAGE_NAMES);

	description->names = pg_description_table(description, PG_IMAGE_NAMES,
	    sizeof(*description->names));
	for (uint32_t i = 0; i < n; i++)
		description->names[i] = pg_description_string(description,
		    from[i]);
}

static int
pg_description_read_types(struct pg_description *description)
{
	const struct pg_image_type *from = pg_description_part(description,
	    PG_IMAGE_TYPES);
	uint32_t n = pg_description_count(description, PG_IMAGE_TYPES);

	description->types = pg_description_table(description, PG_IMAGE_TYPES,
	    sizeof(*description->types));
	for (uint32_t i = 0; i < n; i++, from++) {
		if (from->kind > PG_TYPE_ARRAY || !pg_description_run_fits(
		    description, PG_IMAGE_NAMES, from->labels))
			return -1;
		description->types[i] = (struct pg_type){
			.oid = from->oid,
			.kind = (enum pg_type_kind)from->kind,
			.category = from->category,
			.delimiter = from->delimiter,
			.name = pg_description_string(description, from->name),
			.base = from->base,
			.base_mod = from->base_mod,
			.not_null = from->not_null != 0,
			.element = from->element,
			.nlabels = from->labels.count,
			.labels = description->names + from->labels.first,
		};
	}
	return 0;
}

static int
pg_description_read_constraints(struct pg_description *description)
{
	const struct pg_image_constraint *from = pg_description_part(
	    description, PG_IMAGE_CONSTRAINTS);
	uint32_t n = pg_description_count(description, PG_IMAGE_CONSTRAINTS);

	description->constraints = pg_description_table(description,
	    PG_IMAGE_CONSTRAINTS, sizeof(*description->constraints));
	for (uint32_t i = 0; i < n; i++, from++) {
		if (!pg_description_run_fits(description, PG_IMAGE_NAMES,
		    from->columns))
			return -1;
		description->constraints[i] = (struct pg_constraint){
			.name = pg_description_string(description, from->name),
			.table = pg_description_string(description,
			    from->table),
			.kind = (char)from->kind,
			.ncolumns = from->columns.count,
			.columns = description->names + from->columns.first,
		};
	}
	return 0;
}

static void
pg_description_read_columns(struct pg_description *description)
{
	const struct pg_image_column *from = pg_description_part(description,
	    PG_IMAGE_COLUMNS);
	uint32_t n = pg_description_count(description, PG_IMAGE_COLUMNS);

	description->columns = pg_description_table(description,
	    PG_IMAGE_COLUMNS, sizeof(*description->columns));
	for (uint32_t i = 0; i < n; i++, from++) {
		description->columns[i] = (struct pg_column_type){
			.name = pg_description_string(description, from->name),
			.oid = from->oid,
			.mod = from->mod,
			.table = from->table,
			.attribute = from->attribute,
			.not_null = from->not_null != 0,
		};
	}
}

static void
pg_description_read_params(struct pg_description *description)
{
	const struct pg_image_param *from = pg_description_part(description,
	    PG_IMAGE_PARAMS);
	uint32_t n = pg_description_count(description, PG_IMAGE_PARAMS);

	description->params = pg_description_table(description,
	    PG_IMAGE_PARAMS, sizeof(*description->params));
	for (uint32_t i = 0; i < n; i++)
		description->params[i].oid = from[i].oid;
}

static int
pg_description_read_statements(struct pg_description *description)
{
	const struct pg_image_statement *from = pg_description_part(
	    description, PG_IMAGE_STATEMENTS);
	uint32_t n = pg_description_count(description, PG_IMAGE_STATEMENTS);

	description->nstatements = n;
	description->statements = pg_description_table(description,
	    PG_IMAGE_STATEMENTS, sizeof(*description->statements));
	for (uint32_t i = 0; i < n; i++, from++) {
		struct pg_statement_type *to = &description->statements[i];

		if (from->described == 0)
			continue;
		if (!pg_description_run_fits(description, PG_IMAGE_PARAMS,
		    from->params) || !pg_description_run_fits(description,
		    PG_IMAGE_COLUMNS, from->columns))
			return -1;
		to->nparams = from->params.count;
		to->params = description->params + from->params.first;
		to->ncolumns = from->columns.count;
		to->columns = description->columns + from->columns.first;
	}
	return 0;
}

static int
pg_description_read_databases(struct pg_description *description)
{
	const struct pg_image_database *from = pg_description_part(description,
	    PG_IMAGE_DATABASES);
	uint32_t n = pg_description_count(description, PG_IMAGE_DATABASES);

	description->ndatabases = n;
	description->databases = pg_description_table(description,
	    PG_IMAGE_DATABASES, sizeof(*description->databases));
	for (uint32_t i = 0; i < n; i++, from++) {
		if (!pg_description_run_fits(description, PG_IMAGE_TYPES,
		    from->types) || !pg_description_run_fits(description,
		    PG_IMAGE_CONSTRAINTS, from->constraints))
			return -1;
		description->databases[i] = (struct pg_description_database){
			.types = description->types + from->types.first,
			.ntypes = from->types.count,
			.constraints = description->constraints +
			    from->constraints.first,
			.nconstraints = from->constraints.count,
			.max_connections = from->max_connections,
		};
	}
	return 0;
}

static int
pg_description_read(struct pg_description *description)
{
	if (!pg_description_head_fits(description))
		return -1;
	description->hash = pg_description_head(description)->hash;
	pg_description_read_names(description);
	pg_description_read_params(description);
	pg_description_read_columns(description);
	if (pg_description_read_types(description) != 0 ||
	    pg_description_read_constraints(description) != 0 ||
	    pg_description_read_statements(description) != 0 ||
	    pg_description_read_databases(description) != 0)
		return -1;
	return 0;
}

struct pg_description *
pg_description_map(int fd, struct error *err)
{
	struct pg_description *description = memory_new(sizeof(*description));
	struct stat st;
	void *image = MAP_FAILED;

	if (fstat(fd, &st) == 0 && st.st_size > 0)
		image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED,
		    fd, 0);
	if (image != MAP_FAILED) {
		description->image = image;
		description->size = (size_t)st.st_size;
	}
	if (image == MAP_FAILED || pg_description_read(description) != 0) {
		pg_description_free(description);
		error_set(err, ERROR_INTERNAL, NULL);
		error_detail(err, "what the describer wrote is not a "
		    "description of version %d", PG_IMAGE_VERSION);
		return NULL;
	}
	return description;
}

void
pg_description_free(struct pg_description *description)
{
	if (description == NULL)
		return;
	free(description->databases);
	free(description->statements);
	free(description->params);
	free(description->columns);
	free(description->types);
	free(description->constraints);
	free(description->names);
	if (description->image != NULL)
		munmap((void *)(uintptr_t)description->image,
		    description->size);
	free(description);
}

/* ---- looking up -----------------------------------------------------------*/

const struct pg_statement_type *
pg_description_statement(const struct pg_description *description,
    unsigned index)
{
	if (index >= description->nstatements ||
	    description->statements[index].params == NULL)
		return NULL;
	return &description->statements[index];
}

static int
pg_description_compare_type(const void *key, const void *record)
{
	uint32_t oid = *(const uint32_t *)key;
	uint32_t other = ((const struct pg_type *)record)->oid;

	return oid < other ? -1 : oid > other;
}

const struct pg_type *
pg_description_type(const struct pg_description *description,
    unsigned database, uint32_t oid)
{
	const struct pg_description_database *in;

	if (database >= description->ndatabases)
		return NULL;
	in = &description->databases[database];
	return bsearch(&oid, in->types, in->ntypes, sizeof(*in->types),
	    pg_description_compare_type);
}

static int
pg_description_compare_constraint(const void *key, const void *record)
{
	return strcmp(key, ((const struct pg_constraint *)record)->name);
}

const struct pg_constraint *
pg_description_constraint(const struct pg_description *description,
    unsigned database, const char *name)
{
	const struct pg_description_database *in;

	if (database >= description->ndatabases)
		return NULL;
	in = &description->databases[database];
	return bsearch(name, in->constraints, in->nconstraints,
	    sizeof(*in->constraints), pg_description_compare_constraint);
}

int
pg_description_link(const struct pg_description *description,
    struct pg_statement *const statements[], unsigned n, struct error *err)
{
	if (description->hash != pg_image_hash(statements, n) ||
	    description->nstatements != n) {
		error_set(err, ERROR_INTERNAL, NULL);
		error_detail(err, "the description is of other statements");
		return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		struct pg_statement *statement = statements[i];

		pg_columns_free((struct pg_columns *)(uintptr_t)
		    statement->columns);
		statement->columns = NULL;
		statement->type = pg_description_statement(description, i);
		if (statement->type != NULL)
			statement->columns = pg_columns_new(description,
			    statement->database, statement->type);
	}
	return 0;
}

unsigned
pg_description_max_connections(const struct pg_description *description)
{
	if (description->ndatabases == 0)
		return 0;
	return description->databases[0].max_connections;
}
