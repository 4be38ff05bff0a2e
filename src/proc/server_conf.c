/* Settings of the top level that concern processes, and of the log. */
#include "proc/server_conf.h"

#include <stddef.h>

#include "base/compiler.h"
#include "base/log.h"
#include "conf/key.h"

#define ROW(field) .at = offsetof(struct server_conf, field)

static const struct conf_key server_keys[] = {
	{ .name = "listen", .type = CONF_TYPE_NODE, ROW(listen),
	  .flags = CONF_RESTART,
	  .syntax = "\"HOST:PORT\" | \"[::1]:80\" | \"*:80\" | \"unix:/path\", "
	      "one or a list",
	  .doc = "Where clients connect. Default: \"127.0.0.1:8000\". A group "
	      "{ address; backlog; mode; } says more of one address: the "
	      "length of the kernel's queue (4096), and the mode of a unix "
	      "socket's file (\"0666\")." },
	{ .name = "workers", .type = CONF_TYPE_COUNT, ROW(workers),
	  .dflt = "0", .min = 0, .max = 120, .unit = "processes",
	  .doc = "How many processes serve. 0: one for each CPU." },
	{ .name = "user", .type = CONF_TYPE_STRING, ROW(user),
	  .flags = CONF_RESTART,
	  .doc = "Whom workers, hooks and the describer run as, when musterd "
	      "is started by root." },
	{ .name = "group", .type = CONF_TYPE_STRING, ROW(group),
	  .flags = CONF_RESTART,
	  .doc = "Their group. Default: the user's." },
	{ .name = "pid_file", .type = CONF_TYPE_STRING, ROW(pid_file),
	  .flags = CONF_RESTART,
	  .doc = "Where the master writes its process id. It is locked: a "
	      "second musterd with the same file does not start." },
	{ .name = "admin", .type = CONF_TYPE_STRING, ROW(admin),
	  .flags = CONF_RESTART,
	  .doc = "A unix socket, \"unix:/run/muster/admin.sock\", that answers "
	      "GET /live, /ready and /metrics. Default: none." },
	{ .name = "startup_timeout", .type = CONF_TYPE_TIME,
	  ROW(startup_timeout_ms), .dflt = "30s", .min = 100,
	  .max = 3600000,
	  .doc = "How long a worker may take until it can serve." },
	{ .name = "shutdown_timeout", .type = CONF_TYPE_TIME,
	  ROW(shutdown_timeout_ms), .dflt = "30s", .min = 0,
	  .max = 86400000,
	  .doc = "How long requests in flight may take after SIGTERM or "
	      "SIGQUIT, before they are cancelled." },
	{ .name = "shutdown_delay", .type = CONF_TYPE_TIME,
	  ROW(shutdown_delay_ms), .dflt = "0s", .min = 0, .max = 3600000,
	  .doc = "How long to go on serving after SIGTERM while /ready "
	      "answers 503, so that load balancers look away first." },
	{ .name = "keepalive_grace", .type = CONF_TYPE_TIME,
	  ROW(keepalive_grace_ms), .dflt = "2s", .min = 0, .max = 60000,
	  .doc = "How long an idle connection stays open when its worker "
	      "ends, for a request that is already on its way." },
	{ .name = "startup", .type = CONF_TYPE_NODE, ROW(startup),
	  .syntax = "{ NAME = { exec | sql_file | run; timeout; }; ... }",
	  .doc = "What runs, in this order, before the first request is "
	      "taken. See HOOKS." },
	{ .name = "shutdown", .type = CONF_TYPE_NODE, ROW(shutdown),
	  .syntax = "{ NAME = { exec | sql_file | run; timeout; }; ... }",
	  .doc = "What runs after the last worker has ended. See HOOKS." },
	{ .name = "include", .type = CONF_TYPE_STRINGS, ROW(include),
	  .doc = "Files to read in this place, with globs, relative to this "
	      "file. See INCLUDING FILES." },
	{ .name = "limits", .type = CONF_TYPE_NODE, ROW(limits),
	  .syntax = "{ ... }", .doc = "See limits." },
	{ .name = "database", .type = CONF_TYPE_NODE, ROW(database),
	  .syntax = "{ ... }", .doc = "See database." },
	{ .name = "log", .type = CONF_TYPE_NODE, ROW(log),
	  .syntax = "{ ... }", .doc = "See log." },
	{ .name = "types", .type = CONF_TYPE_NODE, ROW(types),
	  .syntax = "{ NAME = { fields = { ... }; }; ... }",
	  .doc = "Named bodies and their fields. See type." },
	{ .name = "errors", .type = CONF_TYPE_NODE, ROW(errors),
	  .syntax = "{ on = ( { constraint; status; detail; }, ... ); }",
	  .doc = "What failures become, for all routes. See errors." },
	{ .name = "routes", .type = CONF_TYPE_NODE, ROW(routes),
	  .syntax = "{ NAME = { on = \"GET /path\"; ... }; ... }",
	  .doc = "What is served. See route." },
};

#undef ROW

const struct conf_section server_section = {
	.name = "server", .where = "top level",
	.size = sizeof(struct server_conf),
	.keys = server_keys, .nkeys = ARRAY_LEN(server_keys),
	.doc = "Processes, sockets and hooks.",
};

static const char *const log_level_names[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug", NULL
};

static const struct conf_key log_keys[] = {
	{ .name = "level", .type = CONF_TYPE_ENUM,
	  .at = offsetof(struct log_conf, level), .dflt = "info",
	  .choices = log_level_names,
	  .doc = "What is logged: this level and those before it." },
	{ .name = "file", .type = CONF_TYPE_STRING,
	  .at = offsetof(struct log_conf, file), .flags = CONF_RESTART,
	  .doc = "Where to. Default: standard error. The master opens it, "
	      "before it gives up privileges." },
};

const struct conf_section log_section = {
	.name = "log", .where = "top level",
	.size = sizeof(struct log_conf),
	.keys = log_keys, .nkeys = ARRAY_LEN(log_keys),
	.doc = "What the server says of itself, one line an event.",
};
