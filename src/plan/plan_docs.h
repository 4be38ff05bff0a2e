#ifndef MUSTER_PLAN_PLAN_DOCS_H
#define MUSTER_PLAN_PLAN_DOCS_H

struct conf_section;

/* Key tables of routes, for --help-keys and the manual. */
extern const struct conf_section route_section;		/* routes.NAME */
extern const struct conf_section operation_section;	/* what any has */

#endif
