/* Settings of the wire, and the router made from a configuration's plans. */
#include "http/http.h"

#include <stddef.h>

#include "conf/key.h"
#include "conf/report.h"
#include "http/parse.h"
#include "http/router.h"
#include "plan/plan.h"

static const struct conf_key http_keys[] = {
	{ .name = "server_header", .type = CONF_TYPE_BOOL,
	  .at = offsetof(struct http_conf, server_header), .dflt = "true",
	  .doc = "Whether replies carry \"Server: muster\"." },
	{ .name = "strict_slash", .type = CONF_TYPE_BOOL,
	  .at = offsetof(struct http_conf, strict_slash), .dflt = "false",
	  .doc = "Whether /users and /users/ are two paths. Otherwise a route "
	      "answers both." },
	{ .name = "trust_request_id", .type = CONF_TYPE_BOOL,
	  .at = offsetof(struct http_conf, trust_request_id),
	  .dflt = "false",
	  .doc = "Whether the X-Request-ID of a request is taken over, for "
	      "use behind a proxy that sets it. Otherwise every request gets "
	      "an id of its own. An id of more than 128 bytes, or with bytes "
	      "other than letters, digits and -_.:/+=, is replaced." },
};

const struct conf_section http_section = {
	.name = "http", .where = "top level",
	.size = sizeof(struct http_conf),
	.keys = http_keys, .nkeys = ARRAY_LEN(http_keys),
	.doc = "What replies say and how paths are compared.",
};

static const char *const http_access_names[] = {
	[HTTP_ACCESS_OFF] = "off", [HTTP_ACCESS_TEXT] = "text",
	[HTTP_ACCESS_JSON] = "json", NULL
};

static const struct conf_key http_log_keys[] = {
	{ .name = "access", .type = CONF_TYPE_ENUM,
	  .at = offsetof(struct http_conf, access), .dflt = "text",
	  .choices = http_access_names,
	  .doc = "One line for each request: client, method, target, route, "
	      "status, bytes of the body, milliseconds, request id. Status "
	      "499: the client left before its answer." },
};

const struct conf_section http_log_section = {
	.name = "log", .where = "top level",
	.size = sizeof(struct http_conf),
	.keys = http_log_keys, .nkeys = ARRAY_LEN(http_log_keys),
	.doc = "The access log.",
};

static void
http_add_route(struct router *router, struct plan *plan,
    struct conf_report *report)
{
	struct text name = text_of(plan_method(plan));
	enum parse_method method;

	if (!parse_method_find(name, &method)) {
		conf_fault(report, plan_pos(plan),
		    "route \"%s\": \"%s\" is no method that can be served",
		    plan_name(plan), plan_method(plan));
		return;
	}
	router_add(router, method, plan_pattern(plan), plan_pos(plan), plan,
	    report);
}

struct router *
http_routes(const struct plans *plans, bool strict_slash,
    struct conf_report *report)
{
	struct router *router = router_new(strict_slash);

	for (unsigned i = 0; i < plans_count(plans); i++)
		http_add_route(router, plans_at(plans, i), report);
	return router;
}
