/*
 * The SQL of operations. Each text is one statement of the generation, by
 * whichever routes it is used, so that a connection prepares it once.
 */
#include "plan/plan_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"

struct sql_build {
	struct op_build *op;
	const struct conf_node *node;
};

static void
sql_on_fault(void *arg, size_t offset, const char *message)
{
	struct sql_build *sql = arg;

	conf_fault(op_build_report(sql->op),
	    conf_node_text_pos(sql->node, offset), "%s", message);
}

static void
sql_on_warning(void *arg, size_t offset, const char *message)
{
	struct sql_build *sql = arg;

	conf_warn(op_build_report(sql->op),
	    conf_node_text_pos(sql->node, offset), "%s", message);
}

static bool
sql_on_quoted(void *arg, const struct reference *ref)
{
	struct sql_build *sql = arg;

	return scope_knows(op_build_scope(sql->op), ref);
}

/* ---- the list of statements ---------------------------------------------- */

void
plans_init_statements(struct plans *plans)
{
	plans->nbuckets = 256;
	plans->buckets = memory_new(plans->nbuckets *
	    sizeof(*plans->buckets));
}

static unsigned
statement_hash(const char *sql)
{
	unsigned hash = 2166136261u;

	for (; *sql != '\0'; sql++)
		hash = (hash ^ (unsigned char)*sql) * 16777619u;
	return hash;
}

static void
statements_double(struct plans *plans)
{
	unsigned old = plans->nbuckets;
	struct plan_statement **buckets = plans->buckets, *entry, *next;
	unsigned bucket;

	plans->nbuckets *= 2;
	plans->buckets = memory_new(plans->nbuckets *
	    sizeof(*plans->buckets));
	for (unsigned i = 0; i < old; i++) {
		for (entry = buckets[i]; entry != NULL; entry = next) {
			next = entry->next;
			bucket = statement_hash(entry->statement.sql) &
			    (plans->nbuckets - 1);
			entry->next = plans->buckets[bucket];
			plans->buckets[bucket] = entry;
		}
	}
	free(buckets);
}

static struct plan_statement *
statement_find(const struct plans *plans, const char *sql, bool writes)
{
	struct plan_statement *entry;

	entry = plans->buckets[statement_hash(sql) & (plans->nbuckets - 1)];
	for (; entry != NULL; entry = entry->next) {
		if (entry->statement.writes == writes &&
		    strcmp(entry->statement.sql, sql) == 0)
			return entry;
	}
	return NULL;
}

static void
statement_add(struct plans *plans, struct plan_statement *entry)
{
	unsigned bucket;

	if (plans->nstatements >= plans->nbuckets)
		statements_double(plans);
	bucket = statement_hash(entry->statement.sql) & (plans->nbuckets - 1);
	entry->next = plans->buckets[bucket];
	plans->buckets[bucket] = entry;
	if (plans->nstatements == plans->statements_room) {
		plans->statements_room = plans->statements_room * 2 + 64;
		plans->statements = memory_grow(plans->statements,
		    plans->statements_room * sizeof(*plans->statements));
	}
	entry->statement.index = plans->nstatements;
	entry->statement.name = arena_printf(plans->arena, "m%u",
	    plans->nstatements);
	plans->statements[plans->nstatements++] = &entry->statement;
}

static const struct pg_statement *
sql_statement(struct sql_build *sql, const struct sql_text *text, bool writes)
{
	struct plan_build *build = sql->op->build;
	struct plan_statement *entry;

	entry = statement_find(build->plans, text->sql, writes);
	if (entry != NULL)
		return &entry->statement;
	entry = arena_alloc(build->plans->arena, sizeof(*entry));
	entry->node = sql->node;
	entry->text = *text;
	entry->statement.sql = text->sql;
	entry->statement.nparams = text->nparams;
	entry->statement.writes = writes;
	entry->statement.pos = conf_node_pos(sql->node);
	entry->statement.route = build->plan->name;
	entry->statement.op = sql->op->op->name;
	statement_add(build->plans, entry);
	return &entry->statement;
}

struct src_pos
plan_statement_pos(const struct pg_statement *statement, size_t sql_offset)
{
	const struct plan_statement *entry = (const void *)statement;

	return conf_node_text_pos(entry->node,
	    sql_text_source(&entry->text, sql_offset));
}

/* ---- for the verbs ------------------------------------------------------- */

static const struct binding *const *
sql_params(struct sql_build *sql, const struct sql_text *text)
{
	const struct binding **params;
	bool complete = true;

	params = arena_alloc(op_build_arena(sql->op),
	    text->nparams * sizeof(*params));
	for (unsigned i = 0; i < text->nparams; i++) {
		params[i] = scope_bind(op_build_scope(sql->op),
		    &text->params[i], conf_node_text_pos(sql->node,
		    text->params[i].offset));
		if (params[i] == NULL)
			complete = false;
	}
	return complete ? params : NULL;
}

/* What a route may not write. */
static void
sql_check_write(struct sql_build *sql)
{
	struct plan_build *build = sql->op->build;
	struct conf_report *report = build->report;
	struct src_pos pos = conf_node_pos(sql->node);

	if (strcmp(build->plan->method, "GET") == 0 ||
	    strcmp(build->plan->method, "HEAD") == 0)
		conf_fault(report, pos, "\"%s\" writes, which a %s must not",
		    sql->op->op->name, build->plan->method);
	if (build->writer != NULL)
		conf_fault(report, pos, "\"%s\" and \"%s\" both write; more "
		    "than one SQL write in a route needs a transaction, "
		    "which there is not yet", build->writer->name,
		    sql->op->op->name);
	else
		build->writer = sql->op->op;
}

int
op_build_sql(struct op_build *op_build, const struct conf_node *node,
    bool writes, struct op_sql *out)
{
	struct sql_build sql = { op_build, node };
	struct sql_sink sink = {
		sql_on_fault, sql_on_warning, sql_on_quoted, &sql
	};
	struct sql_text text;
	struct text source;

	if (conf_node_kind(node) != CONF_STRING) {
		conf_fault(op_build_report(op_build), conf_node_pos(node),
		    "SQL is a string, not %s", conf_node_kind_name(node));
		return -1;
	}
	source = (struct text){ conf_node_text(node), conf_node_length(node) };
	if (sql_text_parse(source, op_build_arena(op_build), &sink,
	    &text) != 0)
		return -1;
	writes |= text.writes;
	out->params = sql_params(&sql, &text);
	if (writes) {
		op_build_order(op_build, OP_EFFECT);
		sql_check_write(&sql);
	}
	if (out->params == NULL)
		return -1;
	out->inserts = text.inserts;
	out->statement = sql_statement(&sql, &text, writes);
	op_build->op->sql = *out;
	return 0;
}
