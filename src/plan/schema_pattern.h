#ifndef MUSTER_PLAN_SCHEMA_PATTERN_H
#define MUSTER_PLAN_SCHEMA_PATTERN_H

#include <stdbool.h>

#include "base/text.h"

struct arena;
struct conf_node;
struct conf_report;

/*
 * The regular expressions of `pattern`: PCRE2, compiled once, with a bound on
 * the work that one match may cost. A match anywhere in the text counts; $ is
 * its very end.
 */
struct pattern;

/* NULL after a fault at the place in the string. Freed with the arena. */
struct pattern *pattern_compile(const struct conf_node *, struct arena *,
    struct conf_report *);

/* Text that costs more than the bound does not match. */
bool pattern_matches(const struct pattern *, struct text);
const char *pattern_text(const struct pattern *);

#endif
