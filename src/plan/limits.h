#ifndef MUSTER_PLAN_LIMITS_H
#define MUSTER_PLAN_LIMITS_H

#include <stdint.h>

struct conf_node;
struct conf_report;
struct conf_section;

/*
 * The section `limits`: at top level, in a group and in a route, where what
 * is not written is inherited. Nothing an outsider fills is without one.
 */
struct limits_conf {
	int64_t request_timeout_ms;	/* 10s */
	int64_t header_timeout_ms;	/* 5s */
	int64_t body_timeout_ms;	/* 30s */
	int64_t write_timeout_ms;	/* 30s */
	int64_t keepalive_timeout_ms;	/* 15s */
	int64_t max_body;		/* 1M */
	int64_t max_line;		/* 8k */
	int64_t max_head;		/* 16k */
	int64_t max_headers;		/* 100 */
	int64_t max_json_depth;		/* 32 */
	int64_t max_rows;		/* 10000 */
	int64_t max_result;		/* 16M */
	int64_t max_connections;	/* per worker, 10000 and some */
};

extern const struct conf_section limits_section;

/*
 * limits: as outer, but for what a route's group `limits` (NULL: none) says.
 * Returns 0, or -1 after a fault.
 */
int limits_inherit(const struct conf_node *group,
    const struct limits_conf *outer, struct limits_conf *limits,
    struct conf_report *);

#endif
