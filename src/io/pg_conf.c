/*
 * The section `database`: a row for each setting of a pool, and the faults
 * that rows cannot say. The numbers are those of one worker: each worker has
 * its own connections.
 */
#include "io/pg_pool.h"

#include <stddef.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/compiler.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"

#define ROW(name_, type_, field, dflt_) \
	.name = (name_), .type = (type_), \
	.at = offsetof(struct pg_conf, field), .dflt = (dflt_)
#define HOUR_MS (3600 * 1000LL)
#define DAY_MS (24 * HOUR_MS)

static const struct conf_key pg_keys[] = {
	{ ROW("url", CONF_TYPE_STRING, url, NULL), .flags = CONF_SECRET,
	  .doc = "Where the database is: a connection URI "
	    "(postgresql://user@host/name) or key=value words, as libpq takes "
	    "them. Several hosts are tried in the order written. What is not "
	    "said, and the whole when absent, comes from libpq's environment "
	    "(PGHOST, PGDATABASE, ...)." },
	{ ROW("pool_size", CONF_TYPE_COUNT, pool_size, "5"),
	  .min = 1, .max = 1000, .unit = "connections",
	  .doc = "Connections each worker keeps. They are opened when first "
	    "needed." },
	{ ROW("max_overflow", CONF_TYPE_COUNT, max_overflow, "5"),
	  .min = 0, .max = 1000, .unit = "connections",
	  .doc = "Connections each worker may open beyond pool_size while "
	    "requests wait. They are closed when no request needs them." },
	{ ROW("min_idle", CONF_TYPE_COUNT, min_idle, "0"),
	  .min = 0, .max = 1000, .unit = "connections",
	  .doc = "Connections each worker opens before they are needed, and "
	    "does not close for being idle." },
	{ ROW("pool_queue", CONF_TYPE_COUNT, pool_queue, "1000"),
	  .min = 0, .max = 1000000, .unit = "requests",
	  .doc = "Statements that may wait for a connection in each worker. "
	    "Beyond, a request is answered 503 at once." },
	{ ROW("pool_timeout", CONF_TYPE_TIME, pool_timeout_ms, "5s"),
	  .min = 1, .max = HOUR_MS,
	  .doc = "How long a statement waits for a connection before its "
	    "request is answered 503." },
	{ ROW("pool_recycle", CONF_TYPE_TIME, pool_recycle_ms, "30m"),
	  .min = 100, .max = 365 * DAY_MS,
	  .doc = "Age, give or take a tenth, at which a connection is closed "
	    "when it is not in use." },
	{ ROW("pool_idle", CONF_TYPE_TIME, pool_idle_ms, "10m"),
	  .min = 100, .max = 365 * DAY_MS,
	  .doc = "Connections idle for so long are closed, but for min_idle "
	    "of them." },
	{ ROW("connect_timeout", CONF_TYPE_TIME, connect_timeout_ms, "5s"),
	  .min = 1, .max = HOUR_MS,
	  .doc = "Time for finding, reaching and logging in to one host." },
	{ ROW("retry_min", CONF_TYPE_TIME, retry_min_ms, "50ms"),
	  .min = 1, .max = HOUR_MS,
	  .doc = "After a failed connect: the shortest wait before the "
	    "next." },
	{ ROW("retry_max", CONF_TYPE_TIME, retry_max_ms, "5s"),
	  .min = 1, .max = HOUR_MS,
	  .doc = "The longest wait before the next connect: waits double from "
	    "retry_min to it, with jitter." },
	{ ROW("cancel_grace", CONF_TYPE_TIME, cancel_grace_ms, "5s"),
	  .min = 1, .max = HOUR_MS,
	  .doc = "How long a cancelled statement may take to end before its "
	    "connection is closed." },
	{ ROW("echo", CONF_TYPE_BOOL, echo, "false"),
	  .doc = "Log each statement sent, its parameters masked." },
};

static void
pg_conf_check_url(const struct pg_conf *conf, const struct conf_node *group,
    struct conf_report *report)
{
	const struct conf_node *node = conf_node_find(group, "url");
	PQconninfoOption *options;
	char *message = NULL;

	if (node == NULL || conf->url == NULL)
		return;
	options = PQconninfoParse(conf->url, &message);
	if (options == NULL) {
		size_t len = message == NULL ? 0 : strcspn(message, "\n");

		conf_fault(report, conf_node_pos(node),
		    "\"url\" is not a connection string: %.*s", (int)len,
		    message == NULL ? "" : message);
	}
	PQconninfoFree(options);
	PQfreemem(message);
}

static void
pg_conf_check(const void *settings, const struct conf_node *group,
    struct conf_report *report)
{
	const struct pg_conf *conf = settings;

	if (group == NULL)
		return;
	pg_conf_check_url(conf, group, report);
	if (conf->min_idle > conf->pool_size)
		conf_fault(report, conf_node_pos(group),
		    "min_idle (%lld) is above pool_size (%lld)",
		    (long long)conf->min_idle, (long long)conf->pool_size);
	if (conf->retry_min_ms > conf->retry_max_ms)
		conf_fault(report, conf_node_pos(group),
		    "retry_min is above retry_max");
}

const struct conf_section pg_section = {
	.name = "database",
	.where = "top level",
	.size = sizeof(struct pg_conf),
	.keys = pg_keys,
	.nkeys = ARRAY_LEN(pg_keys),
	.doc = "How the workers reach PostgreSQL.",
	.check = pg_conf_check,
};
