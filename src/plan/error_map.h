#ifndef MUSTER_PLAN_ERROR_MAP_H
#define MUSTER_PLAN_ERROR_MAP_H

#include "base/error.h"

struct arena;
struct conf_node;
struct conf_report;
struct conf_section;
struct pg_description;

/*
 * The section `errors`, at top level and in a route: what an error of the
 * database or of the server is told as.
 *
 *	errors = { on = ( { constraint = "users_username_key"; status = 409;
 *	    detail = "Username already registered"; } ); };
 */
struct error_map;

extern const struct conf_section errors_section, errors_on_section;

/* group NULL: an empty map. Faults to the report. Never NULL. */
struct error_map *error_map_compile(const struct conf_node *group,
    struct arena *, struct conf_report *);

/* Constraints that the database does not have are faults. */
void error_map_link(const struct error_map *, const struct pg_description *,
    unsigned database, struct conf_report *);

/*
 * Changes err by the first entry that matches it. Returns 1 when one did,
 * else 0.
 */
int error_map_apply(const struct error_map *, struct error *);

#endif
