/*
 * One route of server.conf becomes a plan. All that is wrong with it is said
 * in one go, so each step goes on after a fault in another.
 */
#include "plan/plan_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/condition.h"
#include "plan/error_map.h"
#include "plan/inputs.h"
#include "plan/plan_docs.h"

struct route_conf {
	const struct conf_node *on, *doing, *reply, *reply_headers;
	const struct conf_node *path, *query, *header, *cookie, *body;
	const struct conf_node *errors, *limits;
	int64_t status;
	bool strict;			/* read by inputs_compile */
};

#define AT(field) offsetof(struct route_conf, field)

static const struct conf_key route_keys[] = {
	{ .name = "on", .type = CONF_TYPE_NODE, .at = AT(on),
	  .syntax = "\"METHOD /path/{name}\"", .flags = CONF_REQUIRED,
	  .doc = "Method and path. {name} is a part of the path, {name*} as "
	      "the last one all the rest." },
	{ .name = "do", .type = CONF_TYPE_NODE, .at = AT(doing),
	  .syntax = "{ NAME = { VERB = ...; }; ... }",
	  .doc = "The operations by name. Reads run as soon as what they "
	      "refer to is there, effects in the order of the file." },
	{ .name = "reply", .type = CONF_TYPE_NODE, .at = AT(reply),
	  .syntax = "\"{NAME}\", a text, a group or a list",
	  .doc = "The body of the reply as JSON. A string that is one "
	      "reference keeps its type. Required but for status 204 and "
	      "304, which have none." },
	{ .name = "status", .type = CONF_TYPE_COUNT, .at = AT(status),
	  .dflt = "200", .min = 200, .max = 599,
	  .doc = "The status of the reply. A POST with an INSERT must say "
	      "it." },
	{ .name = "reply_headers", .type = CONF_TYPE_NODE,
	  .at = AT(reply_headers),
	  .syntax = "{ Location = \"/users/{user.id}\"; }",
	  .doc = "More header fields of the reply. One that is a single "
	      "reference to null is left out." },
	{ .name = "path", .type = CONF_TYPE_NODE, .at = AT(path),
	  .syntax = "{ NAME = { minimum = 1; }; ... }",
	  .doc = "What is declared of the parts of the path." },
	{ .name = "header", .type = CONF_TYPE_NODE, .at = AT(header),
	  .syntax = "{ NAME = { max_length = 100; }; ... }",
	  .doc = "What is declared of header fields." },
	{ .name = "cookie", .type = CONF_TYPE_NODE, .at = AT(cookie),
	  .syntax = "{ NAME = { format = \"uuid\"; }; ... }",
	  .doc = "What is declared of cookies." },
	{ .name = "query", .type = CONF_TYPE_NODE, .at = AT(query),
	  .syntax = "{ NAME = { minimum = 0; default = 1; }; ... }",
	  .doc = "What is declared of the values behind the question mark." },
	{ .name = "strict", .type = CONF_TYPE_BOOL, .at = AT(strict),
	  .doc = "Refuse keys of the query that are not declared or referred "
	      "to. Without it they are passed over." },
	{ .name = "body", .type = CONF_TYPE_NODE, .at = AT(body),
	  .syntax = "\"TYPE\" or a group like an entry of types",
	  .doc = "What is declared of the body." },
	{ .name = "errors", .type = CONF_TYPE_NODE, .at = AT(errors),
	  .syntax = "{ on = ( ... ); }",
	  .doc = "Errors of this route; looked up before those of the top "
	      "level." },
	{ .name = "limits", .type = CONF_TYPE_NODE, .at = AT(limits),
	  .syntax = "{ request_timeout = \"2s\"; ... }",
	  .doc = "Limits of this route; the others are inherited." },
};

const struct conf_section route_section = {
	.name = "route", .where = "routes.NAME",
	.size = sizeof(struct route_conf),
	.keys = route_keys, .nkeys = ARRAY_LEN(route_keys),
	.doc = "What is served at one method and path.",
};

/* ---- on ------------------------------------------------------------------ */

static void
plan_check_part(struct plan_build *build, struct src_pos pos, const char *part)
{
	char *name = arena_text(build->plans->arena,
	    (struct text){ part, strcspn(part, "*") });

	for (unsigned i = 0; i < build->plan->nops; i++) {
		if (strcmp(build->names[i], name) == 0)
			conf_fault(build->report, pos, "the part {%s} of the "
			    "path has the name of an operation", part);
	}
	if (scope_is_reserved(name))
		conf_fault(build->report, pos,
		    "the part {%s} of the path has a reserved name", part);
}

/*
 * Whether the path is a good one is for the router to say; here are the
 * names in it, with a star behind the one that takes the rest.
 */
static unsigned
plan_path_parts(struct plan_build *build, const struct conf_node *on,
    size_t start, const char **names)
{
	const char *text = conf_node_text(on);
	size_t length;
	unsigned n = 0;

	for (size_t i = start; text[i] != '\0'; i++) {
		if (text[i] != '/' || text[i + 1] != '{' ||
		    text[i + 2] == '{')
			continue;
		length = strcspn(text + i + 2, "/}");
		if (text[i + 2 + length] != '}' || length == 0)
			continue;
		names[n] = arena_text(build->plans->arena,
		    (struct text){ text + i + 2, length });
		plan_check_part(build, conf_node_text_pos(on, i + 1),
		    names[n++]);
	}
	return n;
}

/* Returns -1 when there is no path to go on with. */
static int
plan_read_on(struct plan_build *build, const struct conf_node *on,
    const char ***parts, unsigned *nparts)
{
	struct arena *arena = build->plans->arena;
	const char *text;
	size_t method;

	build->plan->pos = conf_node_pos(on);
	text = conf_node_kind(on) == CONF_STRING ? conf_node_text(on) : "";
	method = strcspn(text, " ");
	if (method == 0 || text[method] == '\0' || text[method + 1] != '/' ||
	    strpbrk(text + method + 1, " \t") != NULL) {
		conf_fault(build->report, conf_node_pos(on),
		    "on is a method and a path, \"GET /users/{user_id}\"");
		return -1;
	}
	build->plan->method = arena_text(arena,
	    (struct text){ text, method });
	build->plan->pattern = arena_strdup(arena, text + method + 1);
	*parts = arena_alloc(arena,
	    (strlen(text) / 2 + 1) * sizeof(**parts));
	*nparts = plan_path_parts(build, on, method + 1, *parts);
	return 0;
}

/* ---- the whole ----------------------------------------------------------- */

static bool
plan_holds_insert(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->nops; i++) {
		if (plan->ops[i].sql.statement != NULL &&
		    plan->ops[i].sql.inserts)
			return true;
	}
	return false;
}

static void
plan_check_status(struct plan_build *build, const struct route_conf *conf)
{
	const struct conf_node *status = conf_node_find(build->node, "status");
	struct plan *plan = build->plan;

	plan->status = (int)conf->status;
	plan->has_body = plan->status != 204 && plan->status != 304;
	if (status == NULL && strcmp(plan->method, "POST") == 0 &&
	    plan_holds_insert(plan))
		conf_fault(build->report, plan->pos, "a POST that inserts "
		    "says its status; write status = 201;");
	if (plan->has_body && conf->reply == NULL &&
	    !conf_node_holed(build->node))
		conf_fault(build->report, conf_node_name_pos(build->node),
		    "reply is missing; status 204 has none");
	if (!plan->has_body && conf->reply != NULL)
		conf_fault(build->report, conf_node_name_pos(conf->reply),
		    "status %d has no body, so reply cannot stand here",
		    plan->status);
}

static void
plan_compile_parts(struct plan_build *build, const struct route_conf *conf)
{
	struct plan *plan = build->plan;
	struct arena *arena = build->plans->arena;
	const char **parts;
	unsigned nparts;

	if (plan_read_on(build, conf->on, &parts, &nparts) != 0)
		return;
	limits_inherit(conf->limits, build->limits, &plan->limits,
	    build->report);
	plan->errors = error_map_compile(conf->errors, arena, build->report);
	plan->inputs = inputs_compile(build->node, parts, nparts,
	    build->plans->schemas, build->report);
	build->scope.inputs = plan->inputs;
	plan_compile_ops(build, conf->doing);
	plan_compile_reply(build, conf->reply, conf->reply_headers);
	plan->bindings = build->scope.bindings;
	plan_graph(build);
	plan_check_status(build, conf);
}

static void
plan_start_build(struct plan_build *build, const struct conf_node *group)
{
	struct arena *arena = build->plans->arena;
	unsigned n = 0;

	if (group != NULL && conf_node_kind(group) == CONF_GROUP)
		n = (unsigned)conf_node_count(group);
	else if (group != NULL)
		conf_fault(build->report, conf_node_pos(group),
		    "do is a group of operations, "
		    "{ NAME = { row = \"SELECT ...\"; }; }");
	build->names = arena_alloc(arena, (n + 1) * sizeof(*build->names));
	build->plan->ops = arena_alloc(arena, n * sizeof(*build->plan->ops));
	build->plan->nops = n;
	for (unsigned i = 0; i < n; i++)
		build->names[i] = arena_strdup(arena,
		    conf_node_name(conf_node_at(group, i)));
	build->scope = (struct scope){
		.arena = arena, .report = build->report, .ops = build->names,
		.nops = n, .user = BINDING_NOBODY,
	};
}

struct plan *
plan_compile(struct plans *plans, const struct conf_node *route,
    const struct limits_conf *limits, struct conf_report *report)
{
	struct plan_build build = {
		.plans = plans, .node = route, .report = report,
		.limits = limits,
	};
	struct route_conf conf = { NULL };
	struct conf_into into = { &route_section, &conf };

	if (conf_node_kind(route) != CONF_GROUP) {
		conf_fault(report, conf_node_name_pos(route),
		    "a route is a group, NAME = { on = \"GET /\"; ... };");
		return NULL;
	}
	conf_read(route, &into, 1, report);
	if (conf.on == NULL)
		return NULL;
	build.plan = arena_alloc(plans->arena, sizeof(*build.plan));
	build.plan->plans = plans;
	build.plan->name = arena_strdup(plans->arena, conf_node_name(route));
	build.plan->limits = *limits;
	plan_start_build(&build, conf.doing);
	plan_compile_parts(&build, &conf);
	return build.plan->pattern == NULL ? NULL : build.plan;
}
