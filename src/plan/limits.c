/*
 * The table of limits. Each has a default, so that nothing an outsider can
 * fill is without a bound. A route inherits what it does not write; what must
 * be known before a route is found stands at top level only.
 */
#include "plan/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"

#define AT(field) offsetof(struct limits_conf, field)

static const struct conf_key limits_keys[] = {
	{ .name = "request_timeout", .type = CONF_TYPE_TIME,
	  .at = AT(request_timeout_ms), .dflt = "10s", .min = 1,
	  .max = 86400000,
	  .doc = "How long a request may take, from its complete head to its "
	      "answer. After that it is answered 504 and what it still reads "
	      "is cancelled." },
	{ .name = "header_timeout", .type = CONF_TYPE_TIME,
	  .at = AT(header_timeout_ms), .dflt = "5s", .min = 1,
	  .max = 3600000,
	  .doc = "How long a client may take to send the head of a request, "
	      "then 408." },
	{ .name = "body_timeout", .type = CONF_TYPE_TIME,
	  .at = AT(body_timeout_ms), .dflt = "30s", .min = 1,
	  .max = 86400000,
	  .doc = "How long a client may take to send the body of a request, "
	      "then 408." },
	{ .name = "write_timeout", .type = CONF_TYPE_TIME,
	  .at = AT(write_timeout_ms), .dflt = "30s", .min = 1,
	  .max = 86400000,
	  .doc = "How long a client may take no byte of its answer before the "
	      "connection is closed." },
	{ .name = "keepalive_timeout", .type = CONF_TYPE_TIME,
	  .at = AT(keepalive_timeout_ms), .dflt = "15s", .min = 1,
	  .max = 86400000,
	  .doc = "How long a connection may be idle between two requests." },
	{ .name = "max_body", .type = CONF_TYPE_SIZE,
	  .at = AT(max_body), .dflt = "1M", .min = 0, .max = 1LL << 31,
	  .doc = "The largest body of a request, beyond it 413." },
	{ .name = "max_line", .type = CONF_TYPE_SIZE,
	  .at = AT(max_line), .dflt = "8k", .min = 64, .max = 1 << 20,
	  .doc = "The longest request line, beyond it 414." },
	{ .name = "max_head", .type = CONF_TYPE_SIZE,
	  .at = AT(max_head), .dflt = "16k", .min = 128, .max = 1 << 20,
	  .doc = "The largest head of a request with all its fields, beyond "
	      "it 431." },
	{ .name = "max_headers", .type = CONF_TYPE_COUNT,
	  .at = AT(max_headers), .dflt = "100", .min = 1, .max = 1000,
	  .unit = "fields",
	  .doc = "The most header fields of a request, beyond it 431." },
	{ .name = "max_json_depth", .type = CONF_TYPE_COUNT,
	  .at = AT(max_json_depth), .dflt = "32", .min = 1, .max = 512,
	  .unit = "levels",
	  .doc = "How deep the JSON of a body may nest, beyond it 422." },
	{ .name = "max_rows", .type = CONF_TYPE_COUNT,
	  .at = AT(max_rows), .dflt = "10000", .min = 1, .max = 100000000,
	  .unit = "rows",
	  .doc = "The most rows one statement may return, beyond it 500." },
	{ .name = "max_result", .type = CONF_TYPE_SIZE,
	  .at = AT(max_result), .dflt = "16M", .min = 1024, .max = 1LL << 31,
	  .doc = "The most memory the rows of one statement may take, beyond "
	      "it 500." },
	{ .name = "max_connections", .type = CONF_TYPE_COUNT,
	  .at = AT(max_connections), .dflt = "10240", .min = 1,
	  .max = 1000000, .unit = "connections",
	  .doc = "The most clients of one worker; while it has so many it "
	      "accepts no more." },
};

const struct conf_section limits_section = {
	.name = "limits", .where = "top level, routes.NAME",
	.size = sizeof(struct limits_conf),
	.keys = limits_keys, .nkeys = ARRAY_LEN(limits_keys),
	.doc = "Bounds for all that an outsider can fill. A route inherits "
	    "what it does not write; header_timeout, keepalive_timeout, "
	    "max_line, max_head, max_headers and max_connections concern the "
	    "connection and stand at top level only.",
};

/* Needed before it is known which route a request goes to. */
static bool
limits_of_connection(const struct conf_key *key)
{
	return key->at == AT(header_timeout_ms) ||
	    key->at == AT(keepalive_timeout_ms) || key->at == AT(max_line) ||
	    key->at == AT(max_head) || key->at == AT(max_headers) ||
	    key->at == AT(max_connections);
}

static const struct conf_key *
limits_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(limits_keys); i++) {
		if (strcmp(limits_keys[i].name, name) == 0)
			return &limits_keys[i];
	}
	return NULL;
}

static void
limits_fault_unknown(const struct conf_node *node, struct conf_report *report)
{
	const char *names[ARRAY_LEN(limits_keys) + 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(limits_keys); i++) {
		if (!limits_of_connection(&limits_keys[i]))
			names[n++] = limits_keys[i].name;
	}
	names[n] = NULL;
	conf_fault_unknown(report, conf_node_name_pos(node), "key",
	    conf_node_name(node), names);
}

int
limits_inherit(const struct conf_node *group, const struct limits_conf *outer,
    struct limits_conf *limits, struct conf_report *report)
{
	const struct conf_key *key;
	const struct conf_node *node;
	int status = 0;

	*limits = *outer;
	if (group == NULL)
		return 0;
	if (conf_node_kind(group) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(group),
		    "limits is a group, { request_timeout = \"2s\"; }");
		return -1;
	}
	for (size_t i = 0; i < conf_node_count(group); i++) {
		node = conf_node_at(group, i);
		key = limits_key(conf_node_name(node));
		if (key == NULL) {
			limits_fault_unknown(node, report);
			status = -1;
		} else if (limits_of_connection(key)) {
			conf_fault(report, conf_node_name_pos(node),
			    "%s concerns the connection and stands at top "
			    "level only", key->name);
			status = -1;
		} else if (conf_read_value(node, key, limits, report) != 0) {
			status = -1;
		}
	}
	return status;
}
