/*
 * `errors.on`: entries that are tried in order. An entry matches when all
 * that it names agrees with the error.
 */
#include "plan/error_map.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "io/pg_description.h"

struct error_entry {
	const char *constraint, *sqlstate, *code, *detail, *field;
	int64_t status;			/* 0: as it was */
	enum error_code code_number;	/* of code */
	struct src_pos constraint_pos;
};

struct error_map {
	unsigned n;
	struct error_entry *entries;
};

struct errors_conf {
	const struct conf_node *on;
};

#define AT(field) offsetof(struct error_entry, field)

static const struct conf_key errors_keys[] = {
	{ .name = "on", .type = CONF_TYPE_NODE,
	  .at = offsetof(struct errors_conf, on),
	  .syntax = "( { constraint = \"NAME\"; status = 409; "
	      "detail = \"TEXT\"; }, ... )",
	  .doc = "What an error is told as: the first entry that matches, in "
	      "the route, then at top level." },
};

const struct conf_section errors_section = {
	.name = "errors", .where = "top level, routes.NAME",
	.size = sizeof(struct errors_conf),
	.keys = errors_keys, .nkeys = ARRAY_LEN(errors_keys),
	.doc = "How errors are told to clients.",
};

static const struct conf_key errors_on_keys[] = {
	{ .name = "constraint", .type = CONF_TYPE_STRING,
	  .at = AT(constraint),
	  .doc = "Matches a violation of this constraint of the database." },
	{ .name = "sqlstate", .type = CONF_TYPE_STRING, .at = AT(sqlstate),
	  .doc = "Matches an error of the database by its five characters, "
	      "such as \"23503\", or a whole class by two, such as \"23\"." },
	{ .name = "code", .type = CONF_TYPE_STRING, .at = AT(code),
	  .doc = "Matches an error by its code word, such as "
	      "\"pool_timeout\"." },
	{ .name = "status", .type = CONF_TYPE_COUNT, .at = AT(status),
	  .min = 0, .max = 599,
	  .doc = "The status of the reply, 400 to 599. Unset: as it was." },
	{ .name = "detail", .type = CONF_TYPE_STRING, .at = AT(detail),
	  .doc = "The text of the reply. Unset: as it was, or the status's "
	      "own when the entry sets another." },
	{ .name = "field", .type = CONF_TYPE_STRING, .at = AT(field),
	  .doc = "The input that the error is about." },
};

const struct conf_section errors_on_section = {
	.name = "errors.on", .where = "errors.on, a list of groups",
	.size = sizeof(struct error_entry),
	.keys = errors_on_keys, .nkeys = ARRAY_LEN(errors_on_keys),
	.doc = "One entry: an error that has all the named marks.",
};

static void
error_fault(const struct conf_node *group, const char *key,
    struct conf_report *report, const char *message)
{
	const struct conf_node *node = conf_node_find(group, key);

	conf_fault(report, conf_node_pos(node == NULL ? group : node), "%s",
	    message);
}

static void
error_entry_code(struct error_entry *entry, const struct conf_node *group,
    struct conf_report *report)
{
	const char *words[ERROR_CODE_COUNT];
	unsigned n = 0;

	if (entry->code == NULL)
		return;
	entry->code_number = error_code_find(entry->code);
	if (entry->code_number != ERROR_NONE)
		return;
	for (unsigned i = ERROR_NONE + 1; i < ERROR_CODE_COUNT; i++)
		words[n++] = error_row((enum error_code)i)->word;
	words[n] = NULL;
	conf_fault_unknown(report,
	    conf_node_pos(conf_node_find(group, "code")), "error code",
	    entry->code, words);
}

static void
error_entry_check(struct error_entry *entry, const struct conf_node *group,
    struct conf_report *report)
{
	size_t length;

	error_entry_code(entry, group, report);
	if (entry->constraint == NULL && entry->sqlstate == NULL &&
	    entry->code == NULL)
		error_fault(group, "", report,
		    "one of constraint, sqlstate and code is required");
	if (entry->status == 0 && entry->detail == NULL)
		error_fault(group, "", report,
		    "this entry changes nothing; write status or detail");
	if (entry->status > 0 && entry->status < 400)
		error_fault(group, "status", report,
		    "the status of an error is 400 to 599");
	if (entry->detail != NULL &&
	    strlen(entry->detail) >= sizeof(((struct error *)0)->message))
		error_fault(group, "detail", report,
		    "a detail has at most 199 bytes");
	if (entry->sqlstate == NULL)
		return;
	length = strspn(entry->sqlstate,
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (entry->sqlstate[length] != '\0' || (length != 5 && length != 2))
		error_fault(group, "sqlstate", report, "an SQLSTATE has five "
		    "digits or capitals, a class two");
}

static void
error_entry_compile(struct error_entry *entry, const struct conf_node *group,
    struct conf_report *report)
{
	struct conf_into into = { &errors_on_section, entry };
	const struct conf_node *node;

	if (conf_node_kind(group) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(group),
		    "an entry is a group, { constraint = \"NAME\"; "
		    "status = 409; }");
		return;
	}
	if (conf_read(group, &into, 1, report) != 0)
		return;
	error_entry_check(entry, group, report);
	node = conf_node_find(group, "constraint");
	if (node != NULL)
		entry->constraint_pos = conf_node_pos(node);
}

struct error_map *
error_map_compile(const struct conf_node *group, struct arena *arena,
    struct conf_report *report)
{
	struct error_map *map = arena_alloc(arena, sizeof(*map));
	struct errors_conf conf = { NULL };
	struct conf_into into = { &errors_section, &conf };

	if (group == NULL || conf_read(group, &into, 1, report) != 0 ||
	    conf.on == NULL)
		return map;
	if (conf_node_kind(conf.on) != CONF_LIST) {
		conf_fault(report, conf_node_pos(conf.on),
		    "errors.on is a list of groups, ( { ... }, { ... } )");
		return map;
	}
	map->n = (unsigned)conf_node_count(conf.on);
	map->entries = arena_alloc(arena, map->n * sizeof(*map->entries));
	for (unsigned i = 0; i < map->n; i++)
		error_entry_compile(&map->entries[i],
		    conf_node_at(conf.on, i), report);
	return map;
}

void
error_map_link(const struct error_map *map,
    const struct pg_description *description, unsigned database,
    struct conf_report *report)
{
	const struct error_entry *entry;

	for (unsigned i = 0; i < map->n; i++) {
		entry = &map->entries[i];
		if (entry->constraint != NULL &&
		    pg_description_constraint(description, database,
		    entry->constraint) == NULL)
			conf_fault(report, entry->constraint_pos,
			    "the database has no constraint \"%s\"",
			    entry->constraint);
	}
}

static int
error_entry_matches(const struct error_entry *entry, const struct error *err)
{
	if (entry->constraint != NULL &&
	    strcmp(entry->constraint, err->constraint) != 0)
		return 0;
	if (entry->sqlstate != NULL && (err->sqlstate[0] == '\0' ||
	    strncmp(entry->sqlstate, err->sqlstate,
	    strlen(entry->sqlstate)) != 0))
		return 0;
	return entry->code == NULL || entry->code_number == err->code;
}

static void
error_entry_apply(const struct error_entry *entry, struct error *err)
{
	const char *text = entry->detail;

	if (entry->status > 0 && entry->status != err->status) {
		err->status = (int)entry->status;
		if (err->status != 503 && err->status != 429)
			err->retry_after_s = 0;
		if (text == NULL && err->list == NULL)
			text = error_reason(err->status);
	}
	if (entry->field != NULL)
		err->field = entry->field;
	if (text == NULL)
		return;
	snprintf(err->message, sizeof(err->message), "%s", text);
	err->list = NULL;
	err->list_len = 0;
}

int
error_map_apply(const struct error_map *map, struct error *err)
{
	for (unsigned i = 0; i < map->n; i++) {
		if (error_entry_matches(&map->entries[i], err)) {
			error_entry_apply(&map->entries[i], err);
			return 1;
		}
	}
	return 0;
}
