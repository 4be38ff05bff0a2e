/* One address of `listen`, read from server.conf. */
#include "proc/listen_conf.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"

static const struct conf_key listen_keys[] = {
	{ .name = "address", .type = CONF_TYPE_STRING,
	  .at = offsetof(struct listen_conf, address),
	  .flags = CONF_REQUIRED | CONF_RESTART,
	  .doc = "\"HOST:PORT\", \"[::1]:80\", \"*:80\" (all of IPv4) or "
	      "\"unix:/path\"." },
	{ .name = "backlog", .type = CONF_TYPE_COUNT,
	  .at = offsetof(struct listen_conf, backlog), .dflt = "4096",
	  .min = 1, .max = 65535, .unit = "connections",
	  .flags = CONF_RESTART,
	  .doc = "How many connections may wait in the kernel's queue." },
	{ .name = "mode", .type = CONF_TYPE_STRING,
	  .at = offsetof(struct listen_conf, mode_text), .dflt = "0666",
	  .flags = CONF_RESTART,
	  .doc = "The mode of a unix socket's file, in octal." },
};

const struct conf_section listen_section = {
	.name = "listen", .where = "listen",
	.size = sizeof(struct listen_conf),
	.keys = listen_keys, .nkeys = ARRAY_LEN(listen_keys),
	.doc = "One address, as a group.",
};

int
listen_conf_read(const struct conf_node *node, struct listen_conf *conf,
    struct conf_report *report)
{
	struct conf_into into = { &listen_section, conf };
	char *end;

	if (conf_node_kind(node) == CONF_STRING) {
		*conf = (struct listen_conf){ .backlog = LISTEN_BACKLOG,
		    .address = conf_node_text(node), .mode = 0666 };
		return 0;
	}
	if (conf_node_kind(node) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(node), "listen takes a "
		    "string, a group or a list of these, not %s",
		    conf_node_kind_name(node));
		return -1;
	}
	if (conf_read(node, &into, 1, report) == -1)
		return -1;
	conf->mode = (unsigned)strtoul(conf->mode_text, &end, 8);
	if (*end != '\0' || conf->mode_text[0] == '\0' ||
	    conf->mode > 0777) {
		conf_fault(report, conf_node_pos(node),
		    "mode: \"%s\" is no mode such as \"0660\"",
		    conf->mode_text);
		return -1;
	}
	return 0;
}
