/*
 * What PostgreSQL told meets what was written: inputs get the types of the
 * parameters they go into, references find their columns.
 */
#include "plan/plan_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"
#include "io/pg_description.h"
#include "plan/error_map.h"
#include "plan/inputs.h"

/* pg_type.dat; these never change. */
enum { OID_JSON = 114, OID_FLOAT4 = 700, OID_FLOAT8 = 701, OID_JSONB = 3802 };

struct linking {
	struct plan *plan;
	const struct pg_description *description;
	struct conf_report *report;
};

/* ---- statements ---------------------------------------------------------- */

static void
link_params(const struct linking *link, const struct plan_op *op)
{
	const struct pg_statement *statement = op->sql.statement;
	const struct binding *binding;

	for (unsigned i = 0; i < statement->nparams &&
	    i < statement->type->nparams; i++) {
		binding = op->sql.params[i];
		if (binding->kind == BINDING_INPUT &&
		    binding->fact == FACT_VALUE)
			inputs_use(link->plan->inputs, binding->index,
			    link->description, statement->database,
			    statement->type->params[i].oid, binding->pos,
			    link->report);
	}
}

static void
link_columns(const struct linking *link, const struct plan_op *op)
{
	const struct pg_statement_type *type = op->sql.statement->type;

	if (op->type->shape != OP_ROW && op->type->shape != OP_LIST)
		return;
	for (unsigned i = 0; i < type->ncolumns; i++) {
		if (strcmp(type->columns[i].name, "?column?") == 0)
			conf_fault(link->report, op->pos, "column %u has no "
			    "name; give it one with AS", i + 1);
	}
}

static void
link_count(const struct linking *link, const struct plan_op *op)
{
	unsigned n = op->sql.statement->type->ncolumns;
	enum op_shape shape = op->type->shape;

	if (shape == OP_NOTHING)
		return;
	if (n == 0)
		conf_fault(link->report, op->pos, "the statement returns "
		    "nothing; write RETURNING, or exec instead of %s",
		    op->type->name);
	else if (shape == OP_SCALAR && n > 1)
		conf_fault(link->report, op->pos, "%s takes one column, the "
		    "statement returns %u", op->type->name, n);
}

/* ---- references to results ----------------------------------------------- */

static bool
link_is_json(const struct linking *link, unsigned database, uint32_t oid)
{
	const struct pg_type *type;

	if (oid == OID_JSON || oid == OID_JSONB)
		return true;
	type = pg_description_type(link->description, database, oid);
	return type != NULL && type->kind == PG_TYPE_DOMAIN &&
	    link_is_json(link, database, type->base);
}

/* path[done] is what the column must have parts for. */
static void
link_inside(const struct linking *link, struct binding *binding,
    const struct pg_statement *statement, unsigned column, unsigned done)
{
	const struct pg_column_type *type = &statement->type->columns[column];
	const struct pg_type *named;

	if (binding->npath == done) {
		binding->is_float = type->oid == OID_FLOAT4 ||
		    type->oid == OID_FLOAT8;
		return;
	}
	if (link_is_json(link, statement->database, type->oid))
		return;
	named = pg_description_type(link->description, statement->database,
	    type->oid);
	conf_fault(link->report, binding->pos,
	    "{%.*s}: \"%s\" is %s and has no parts",
	    (int)binding->whole.len, binding->whole.at, type->name,
	    named == NULL ? "no JSON" : named->name);
}

static void
link_column(const struct linking *link, struct binding *binding,
    const struct pg_statement *statement, unsigned at)
{
	const struct pg_statement_type *type = statement->type;
	const char **names;

	for (unsigned i = 0; i < type->ncolumns; i++) {
		if (!text_equal(binding->path[at],
		    text_of(type->columns[i].name)))
			continue;
		if (at == 0)
			binding->column = (int)i;
		link_inside(link, binding, statement, i, at + 1);
		return;
	}
	names = memory_new((type->ncolumns + 1) * sizeof(*names));
	for (unsigned i = 0; i < type->ncolumns; i++)
		names[i] = type->columns[i].name;
	conf_fault_unknown(link->report, binding->pos, "column",
	    binding->path[at].at, names);
	free(names);
}

static void
link_binding(const struct linking *link, struct binding *binding)
{
	const struct plan_op *op = &link->plan->ops[binding->index];
	const struct pg_statement *statement = op->sql.statement;

	if (statement == NULL || statement->type == NULL)
		return;
	switch (op->type->shape) {
	case OP_ROW:
		if (binding->npath > 0)
			link_column(link, binding, statement, 0);
		break;
	case OP_LIST:
		if (binding->npath > 1)
			link_column(link, binding, statement, 1);
		break;
	case OP_SCALAR:
		if (statement->type->ncolumns == 1)
			link_inside(link, binding, statement, 0, 0);
		break;
	case OP_NOTHING:
		break;
	}
}

/* Returns false when some SQL was refused: then inputs have unknown uses. */
static bool
link_ops(const struct linking *link)
{
	const struct plan_op *op;
	bool complete = true;

	for (unsigned i = 0; i < link->plan->nops; i++) {
		op = &link->plan->ops[i];
		if (op->sql.statement == NULL)
			continue;
		if (op->sql.statement->type == NULL) {
			complete = false;
			continue;
		}
		link_params(link, op);
		link_columns(link, op);
		link_count(link, op);
	}
	return complete;
}

void
plan_link(struct plan *plan, const struct pg_description *description,
    struct conf_report *report)
{
	struct linking link = { plan, description, report };
	struct binding *binding;

	if (description == NULL) {
		inputs_link(plan->inputs, NULL, report);
		return;
	}
	if (link_ops(&link))
		inputs_link(plan->inputs, description, report);
	for (binding = plan->bindings; binding != NULL;
	    binding = binding->next) {
		if (binding->kind == BINDING_OP)
			link_binding(&link, binding);
	}
	error_map_link(plan->errors, description, 0, report);
}
