/*
 * row, rows, value, exec: one statement on one connection of the pool. They
 * differ in what they make of its rows. Whether a statement reads or changes
 * something is told by its text, and decides how it is ordered.
 */
#include "op/ops.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "conf/key.h"
#include "conf/node.h"
#include "io/pg_description.h"
#include "io/pg_pool.h"
#include "io/pg_rows.h"
#include "io/pg_statement.h"
#include "plan/limits.h"
#include "plan/services.h"

struct sql_settings {
	const struct conf_node *sql;
	const char *missing;
	bool writes;
};

struct sql_args {
	struct op_sql sql;
	const char *missing;
	struct value (*value)(struct op *, struct pg_rows *);
	bool one;			/* there must be just one row */
};

#define AT(field) offsetof(struct sql_settings, field)

#define SQL_KEY(verb, text) \
	{ .name = (verb), .type = CONF_TYPE_NODE, .at = AT(sql), \
	  .syntax = "\"SELECT ... {NAME} ...\"", .flags = CONF_REQUIRED, \
	  .doc = text " A {reference} in it is a bound parameter." }
#define WRITES_KEY \
	{ .name = "writes", .type = CONF_TYPE_BOOL, .at = AT(writes), \
	  .dflt = "false", \
	  .doc = "The statement changes something although its text does " \
	      "not show it, in a function, say." }
#define MISSING_KEY \
	{ .name = "missing", .type = CONF_TYPE_STRING, .at = AT(missing), \
	  .doc = "The text of the 404 when there is no row. Unset: made of " \
	      "the operation's name, \"User not found\"." }
#define SQL_SECTION(verb, table, text) \
	{ .name = (verb), .where = "operation", \
	  .size = sizeof(struct sql_settings), \
	  .keys = (table), .nkeys = ARRAY_LEN(table), .doc = (text) }

static const struct conf_key row_keys[] = {
	SQL_KEY("row", "SQL whose one row is the value, an object."),
	MISSING_KEY, WRITES_KEY,
};

static const struct conf_key rows_keys[] = {
	SQL_KEY("rows", "SQL whose rows are the value, a list of objects."),
	WRITES_KEY,
};

static const struct conf_key value_keys[] = {
	SQL_KEY("value", "SQL whose one column of one row is the value."),
	MISSING_KEY, WRITES_KEY,
};

static const struct conf_key exec_keys[] = {
	SQL_KEY("exec", "SQL whose value is how many rows it concerned."),
	WRITES_KEY,
};

static const struct conf_section row_section = SQL_SECTION("row", row_keys,
    "One row: without one the request ends with 404, with two 500.");
static const struct conf_section rows_section = SQL_SECTION("rows", rows_keys,
    "Any number of rows.");
static const struct conf_section value_section = SQL_SECTION("value",
    value_keys, "A single value: without a row 404, with two rows 500.");
static const struct conf_section exec_section = SQL_SECTION("exec", exec_keys,
    "A statement whose rows do not matter.");

/* ---- what the rows are worth --------------------------------------------- */

static struct value
sql_row_value(struct op *op, struct pg_rows *rows)
{
	(void)op;
	return pg_rows_row(rows, 0);
}

static struct value
sql_rows_value(struct op *op, struct pg_rows *rows)
{
	(void)op;
	return pg_rows_list(rows);
}

static struct value
sql_value_value(struct op *op, struct pg_rows *rows)
{
	(void)op;
	return pg_rows_cell(rows, 0, 0);
}

static struct value
sql_exec_value(struct op *op, struct pg_rows *rows)
{
	char *digits = arena_printf(op_arena(op), "%" PRIu64,
	    pg_rows_affected(rows));

	return value_number(text_of(digits));
}

/* ---- compiling ----------------------------------------------------------- */

/* "order_item" becomes "Order item not found". */
static const char *
sql_missing(struct op_build *build)
{
	char *text = arena_printf(op_build_arena(build), "%s not found",
	    op_build_name(build));

	for (char *at = text; *at != '\0'; at++) {
		if (*at == '_')
			*at = ' ';
	}
	if (*text >= 'a' && *text <= 'z')
		*text -= 'a' - 'A';
	return text;
}

static struct sql_args *
sql_compile(struct op_build *build)
{
	const struct sql_settings *settings = op_build_settings(build);
	struct sql_args *args;

	args = arena_alloc(op_build_arena(build), sizeof(*args));
	if (settings->sql == NULL || op_build_sql(build, settings->sql,
	    settings->writes, &args->sql) != 0)
		return NULL;
	args->missing = settings->missing != NULL ? settings->missing
	    : sql_missing(build);
	return args;
}

static const void *
sql_row_compile(struct op_build *build)
{
	struct sql_args *args = sql_compile(build);

	if (args != NULL) {
		args->one = true;
		args->value = sql_row_value;
	}
	return args;
}

static const void *
sql_rows_compile(struct op_build *build)
{
	struct sql_args *args = sql_compile(build);

	if (args != NULL)
		args->value = sql_rows_value;
	return args;
}

static const void *
sql_value_compile(struct op_build *build)
{
	struct sql_args *args = sql_compile(build);

	if (args != NULL) {
		args->one = true;
		args->value = sql_value_value;
	}
	return args;
}

static const void *
sql_exec_compile(struct op_build *build)
{
	struct sql_args *args = sql_compile(build);

	if (args != NULL)
		args->value = sql_exec_value;
	return args;
}

/* ---- running ------------------------------------------------------------- */

static void
sql_rows_free(void *arg)
{
	pg_rows_free(arg);
}

static void
sql_fail_rows(struct op *op, const struct sql_args *args, uint32_t n)
{
	struct error err;

	if (n == 0) {
		error_set(&err, ERROR_NO_ROW, "%s", args->missing);
	} else {
		error_set(&err, ERROR_INTERNAL, NULL);
		error_detail(&err, "%" PRIu32 " rows where one is expected",
		    n);
	}
	op_fail(op, &err);
}

/* Null in place of a column that is gone would be a wrong answer. */
static bool
sql_fail_lost(struct op *op, const struct sql_args *args,
    const struct pg_rows *rows)
{
	const struct pg_statement_type *type = args->sql.statement->type;
	struct error err;

	for (uint32_t i = 0; type != NULL && i < type->ncolumns; i++) {
		if (pg_rows_has(rows, i) ||
		    !op_needs_column(op, text_of(type->columns[i].name)))
			continue;
		error_set(&err, ERROR_INTERNAL, NULL);
		error_detail(&err, "column \"%s\" is gone: was a table "
		    "altered?", type->columns[i].name);
		op_fail(op, &err);
		return true;
	}
	return false;
}

static void
sql_on_done(void *arg, struct pg_rows *rows, const struct error *err)
{
	struct op *op = arg;
	const struct sql_args *args = op_args(op);
	uint32_t n;

	if (err != NULL) {
		op_fail(op, err);
		return;
	}
	arena_defer(op_arena(op), sql_rows_free, rows);
	n = pg_rows_count(rows);
	if (args->one && n != 1)
		sql_fail_rows(op, args, n);
	else if (!sql_fail_lost(op, args, rows))
		op_done(op, args->value(op, rows));
}

static void
sql_start(struct op *op)
{
	const struct sql_args *args = op_args(op);
	const struct pg_statement *statement = args->sql.statement;
	const struct limits_conf *limits = op_limits(op);
	struct pg_request *request = op_state(op);
	const char **params;
	struct error err;

	params = arena_bytes(op_arena(op),
	    statement->nparams * sizeof(*params));
	for (unsigned i = 0; i < statement->nparams; i++) {
		if (op_param(op, args->sql.params[i], &params[i], &err) != 0) {
			op_fail(op, &err);
			return;
		}
	}
	request->statement = statement;
	request->params = params;
	request->class = PG_SINGLE;
	request->deadline_ms = op_deadline_us(op) / 1000;
	request->max_rows = (uint32_t)limits->max_rows;
	request->max_bytes = (uint64_t)limits->max_result;
	request->done = sql_on_done;
	request->arg = op;
	pg_request_start(services_pool(op_services(op), statement->database),
	    request);
}

static void
sql_cancel(struct op *op)
{
	pg_request_cancel(op_state(op));
}

#define SQL_TYPE(verb, keys, what, function) \
	{ .name = (verb), .section = &(keys), .shape = (what), \
	  .state_size = sizeof(struct pg_request), .compile = (function), \
	  .start = sql_start, .cancel = sql_cancel, .drop = sql_cancel }

const struct op_type op_row = SQL_TYPE("row", row_section, OP_ROW,
    sql_row_compile);
const struct op_type op_rows = SQL_TYPE("rows", rows_section, OP_LIST,
    sql_rows_compile);
const struct op_type op_value = SQL_TYPE("value", value_section, OP_SCALAR,
    sql_value_compile);
const struct op_type op_exec = SQL_TYPE("exec", exec_section, OP_NOTHING,
    sql_exec_compile);
