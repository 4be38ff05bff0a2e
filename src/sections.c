/* The one place where all modules' settings meet. */
#include "sections.h"

#include <stddef.h>

#include "http/http.h"
#include "io/pg_pool.h"
#include "op/ops.h"
#include "plan/error_map.h"
#include "plan/limits.h"
#include "plan/plan_docs.h"
#include "plan/schema.h"
#include "proc/hooks.h"
#include "proc/listen_conf.h"
#include "proc/server_conf.h"

const struct conf_section *const sections[] = {
	&server_section, &http_section, &listen_section, &log_section,
	&http_log_section, &limits_section, &pg_section, &hook_section,
	&type_section, &input_section, &errors_section, &errors_on_section,
	&route_section, &operation_section,
	NULL
};
