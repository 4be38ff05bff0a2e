#ifndef MUSTER_PROC_LISTEN_CONF_H
#define MUSTER_PROC_LISTEN_CONF_H

#include <stdint.h>

struct conf_node;
struct conf_report;
struct conf_section;

#define LISTEN_BACKLOG 4096

/* One address of `listen`: a string, or a group with more to say. */
struct listen_conf {
	const char *address;
	int64_t backlog;
	const char *mode_text;
	unsigned mode;			/* of a unix socket's file */
};

extern const struct conf_section listen_section;

/* Returns 0, or -1 after a fault. */
int listen_conf_read(const struct conf_node *, struct listen_conf *,
    struct conf_report *);

#endif
