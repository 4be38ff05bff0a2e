/*
 * Patterns by PCRE2. The scratch memory of a match belongs to the pattern: a
 * worker is one thread and matches one text at a time.
 */
#include "plan/schema_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/arena.h"
#include "conf/node.h"
#include "conf/report.h"

/* Steps of backtracking: some 10 ms, where a sane pattern takes a hundred. */
#define PATTERN_MATCH_LIMIT 100000
#define PATTERN_HEAP_LIMIT_KIB 1024

/* What (a|b)* needs for a text of some 10 000 characters. */
#define PATTERN_STACK_FIRST 4096
#define PATTERN_STACK_MAX (1 << 20)

struct pattern {
	const char *text;
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
};

static void
pattern_release(void *arg)
{
	struct pattern *pattern = arg;

	pcre2_match_data_free(pattern->match);
	pcre2_match_context_free(pattern->limits);
	pcre2_jit_stack_free(pattern->stack);
	pcre2_code_free(pattern->code);
}

/* Without a JIT it is interpreted, and means the same. */
static void
pattern_prepare(struct pattern *pattern)
{
	if (pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) != 0)
		return;
	pattern->stack = pcre2_jit_stack_create(PATTERN_STACK_FIRST,
	    PATTERN_STACK_MAX, NULL);
	if (pattern->stack != NULL)
		pcre2_jit_stack_assign(pattern->limits, NULL, pattern->stack);
}

struct pattern *
pattern_compile(const struct conf_node *node, struct arena *arena,
    struct conf_report *report)
{
	struct pattern *pattern = arena_alloc(arena, sizeof(*pattern));
	PCRE2_SIZE offset;
	PCRE2_UCHAR message[128];
	int error;

	pattern->text = conf_node_text(node);
	pattern->code = pcre2_compile((PCRE2_SPTR)pattern->text,
	    PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_DOLLAR_ENDONLY |
	    PCRE2_NEVER_BACKSLASH_C, &error, &offset, NULL);
	if (pattern->code == NULL) {
		pcre2_get_error_message(error, message, sizeof(message));
		conf_fault(report, conf_node_text_pos(node, offset),
		    "pattern \"%s\": %s", pattern->text, (char *)message);
		return NULL;
	}
	arena_defer(arena, pattern_release, pattern);
	pattern->match = pcre2_match_data_create(1, NULL);
	pattern->limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(pattern->limits, PATTERN_MATCH_LIMIT);
	pcre2_set_heap_limit(pattern->limits, PATTERN_HEAP_LIMIT_KIB);
	pattern_prepare(pattern);
	return pattern;
}

bool
pattern_matches(const struct pattern *pattern, struct text text)
{
	return pcre2_match(pattern->code, (PCRE2_SPTR)text.at, text.len, 0,
	    PCRE2_NO_UTF_CHECK, pattern->match, pattern->limits) >= 0;
}

const char *
pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}
