/*
 * A generation: read, compiled and checked as a whole, so that a server is
 * either right or says everything that is wrong at once.
 */
#include "proc/generation.h"

#include <stdlib.h>

#include "base/memory.h"
#include "conf/conf.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "http/router.h"
#include "io/pg_description.h"
#include "op/ops.h"
#include "plan/plan.h"
#include "proc/hooks.h"
#include "proc/listen.h"

static void
generation_read(struct generation *generation, struct conf_report *report)
{
	const struct conf_node *root = conf_root(generation->conf);
	struct conf_into top[] = {
		{ &server_section, &generation->server },
		{ &http_section, &generation->http },
	};
	struct conf_into limits = { &limits_section, &generation->limits };
	struct conf_into database = { &pg_section, &generation->database };
	struct conf_into log[] = {
		{ &log_section, &generation->log },
		{ &http_log_section, &generation->http },
	};

	conf_read(root, top, ARRAY_LEN(top), report);
	conf_read(generation->server.limits, &limits, 1, report);
	conf_read(generation->server.database, &database, 1, report);
	conf_read(generation->server.log, log, ARRAY_LEN(log), report);
	listen_check(&generation->server, report);
	hooks_check(generation->server.startup, report);
	hooks_check(generation->server.shutdown, report);
}

struct generation *
generation_load(const char *path, struct conf_report *report, int *unreadable)
{
	struct conf *conf = conf_load(path, report, unreadable);
	struct generation *generation;

	if (conf == NULL)
		return NULL;
	generation = memory_new(sizeof(*generation));
	generation->number = 1;
	generation->conf = conf;
	generation->description_fd = -1;
	generation_read(generation, report);
	generation->plans = plans_compile(conf_root(conf), op_types,
	    &generation->limits, report);
	if (generation->plans != NULL)
		generation->router = http_routes(generation->plans,
		    generation->http.strict_slash, report);
	return generation;
}

/* Groups that are shown as they were written. */
static void
generation_dump_nodes(const struct server_conf *server, FILE *out)
{
	const struct conf_node *const nodes[] = {
		server->startup, server->shutdown, server->types,
		server->errors, server->routes
	};

	if (server->listen != NULL && conf_node_kind(server->listen) ==
	    CONF_GROUP)
		conf_node_dump(server->listen, 0, out);
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		if (nodes[i] != NULL)
			conf_node_dump(nodes[i], 0, out);
}

void
generation_dump(const struct generation *generation, FILE *out)
{
	struct generation copy = *generation;
	struct conf_into top[] = {
		{ &server_section, &copy.server },
		{ &http_section, &copy.http },
	};
	struct conf_into limits = { &limits_section, &copy.limits };
	struct conf_into database = { &pg_section, &copy.database };
	struct conf_into log[] = {
		{ &log_section, &copy.log },
		{ &http_log_section, &copy.http },
	};

	conf_section_dump(top, ARRAY_LEN(top), 0, out);
	conf_group_dump("limits", &limits, 1, 0, out);
	conf_group_dump("database", &database, 1, 0, out);
	conf_group_dump("log", log, ARRAY_LEN(log), 0, out);
	generation_dump_nodes(&generation->server, out);
}

int
generation_link(struct generation *generation, int fd,
    struct conf_report *report)
{
	struct error err;
	struct src_pos nowhere = { 0 };
	struct pg_description *description = pg_description_map(fd, &err);
	struct pg_statement *const *statements;
	unsigned n;

	if (description == NULL) {
		conf_fault(report, nowhere, "%s", err.detail);
		return -1;
	}
	pg_description_free(generation->description);
	generation->description = description;
	statements = plans_statements(generation->plans, &n);
	if (pg_description_link(description, statements, n, &err) == -1) {
		conf_fault(report, nowhere, "%s", err.detail);
		return -1;
	}
	return plans_link(generation->plans, description, report);
}

void
generation_free(struct generation *generation)
{
	if (generation == NULL)
		return;
	router_free(generation->router);
	plans_free(generation->plans);
	pg_description_free(generation->description);
	conf_free(generation->conf);
	free(generation);
}
