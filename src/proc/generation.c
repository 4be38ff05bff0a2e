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
	fputs("limits = {\n", out);
	conf_section_dump(&limits, 1, 1, out);
	fputs("};\ndatabase = {\n", out);
	conf_section_dump(&database, 1, 1, out);
	fputs("};\nlog = {\n", out);
	conf_section_dump(log, ARRAY_LEN(log), 1, out);
	fputs("};\n", out);
	for (unsigned i = 0; i < plans_count(generation->plans); i++)
		plan_print(plans_at(generation->plans, i), out);
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
