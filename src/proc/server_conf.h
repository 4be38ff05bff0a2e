#ifndef MUSTER_PROC_SERVER_CONF_H
#define MUSTER_PROC_SERVER_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct conf_node;
struct conf_section;

/* Keys of the top level that concern processes. Generation lifetime. */
struct server_conf {
	const struct conf_node *listen;	/* string, list, or groups */
	int64_t workers;		/* 0: one for each CPU */
	const char *user, *group;
	const char *pid_file;
	const char *admin;		/* "unix:/run/muster/admin.sock" */
	int64_t shutdown_timeout_ms, shutdown_delay_ms, startup_timeout_ms;
	int64_t keepalive_grace_ms;
	const struct conf_node *startup, *shutdown;	/* hooks */
	const struct conf_node *limits, *database, *log;
	const struct conf_node *include, *types, *routes, *groups, *errors;
};

struct log_conf {
	int level;			/* enum log_level */
	const char *file;		/* NULL: standard error */
};

extern const struct conf_section server_section, log_section;

#endif
