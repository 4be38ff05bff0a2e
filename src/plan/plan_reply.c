/*
 * `reply` and `reply_headers` of a route. What is constant in them is made
 * into bytes here, once.
 */
#include "plan/plan_state.h"

#include <string.h>

#include "base/arena.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/template.h"

/* The connection's own: a route cannot set them. */
static const char *const reply_own_headers[] = {
	"Connection", "Content-Length", "Date", "Keep-Alive", "Server",
	"Trailer", "Transfer-Encoding", "Upgrade", "X-Request-ID",
};

static bool
header_name_is_valid(const char *name)
{
	return *name != '\0' && name[strspn(name, "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* Returns -1 after a fault. */
static int
header_check_name(struct plan_build *build, const struct conf_node *node)
{
	struct text name = text_of(conf_node_name(node));

	if (!header_name_is_valid(name.at)) {
		conf_fault(build->report, conf_node_name_pos(node),
		    "\"%s\" cannot be the name of a header field", name.at);
		return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(reply_own_headers); i++) {
		if (text_equal_nocase(name, text_of(reply_own_headers[i]))) {
			conf_fault(build->report, conf_node_name_pos(node),
			    "the header field %s is the server's own",
			    reply_own_headers[i]);
			return -1;
		}
	}
	return 0;
}

static void
header_check_constant(struct plan_build *build, const struct conf_node *node,
    const struct template *value)
{
	struct text text = template_constant(value);

	for (size_t i = 0; text.at != NULL && i < text.len; i++) {
		if ((unsigned char)text.at[i] < 0x20 && text.at[i] != '\t') {
			conf_fault(build->report, conf_node_text_pos(node, i),
			    "a header field has no control bytes");
			return;
		}
	}
}

static void
plan_compile_header(struct plan_build *build, const struct conf_node *node,
    struct plan_header *headers)
{
	struct plan *plan = build->plan;
	const struct template *value;
	struct text constant;

	if (header_check_name(build, node) != 0)
		return;
	value = template_compile_text(node, &build->scope);
	if (value == NULL)
		return;
	header_check_constant(build, node, value);
	constant = template_constant(value);
	if (text_equal_nocase(text_of(conf_node_name(node)),
	    TEXT("Content-Type"))) {
		if (constant.at == NULL)
			conf_fault(build->report, conf_node_pos(node),
			    "Content-Type must be a constant");
		plan->content_type = constant;
		return;
	}
	headers[plan->nheaders].name = text_of(
	    arena_strdup(build->plans->arena, conf_node_name(node)));
	headers[plan->nheaders++].value = value;
}

/* When none refers to anything, all requests share one list. */
static void
plan_prepare_headers(struct plan_build *build)
{
	struct plan *plan = build->plan;
	struct run_header *prepared;
	struct text constant;

	prepared = arena_alloc(build->plans->arena,
	    plan->nheaders * sizeof(*prepared));
	for (unsigned i = 0; i < plan->nheaders; i++) {
		constant = template_constant(plan->headers[i].value);
		if (constant.at == NULL)
			return;
		prepared[i].name = plan->headers[i].name;
		prepared[i].value = constant;
	}
	plan->constant_headers = prepared;
}

void
plan_compile_reply(struct plan_build *build, const struct conf_node *reply,
    const struct conf_node *group)
{
	struct plan *plan = build->plan;
	struct plan_header *headers;
	size_t n = 0;

	build->scope.user = BINDING_NOBODY;
	plan->content_type = TEXT("application/json");
	if (reply != NULL)
		plan->reply = template_compile(reply, &build->scope);
	if (group != NULL && conf_node_kind(group) == CONF_GROUP)
		n = conf_node_count(group);
	else if (group != NULL)
		conf_fault(build->report, conf_node_pos(group),
		    "reply_headers is a group, "
		    "{ Location = \"/users/{user.id}\"; }");
	headers = arena_alloc(build->plans->arena, n * sizeof(*headers));
	plan->headers = headers;
	for (size_t i = 0; i < n; i++)
		plan_compile_header(build, conf_node_at(group, i), headers);
	plan_prepare_headers(build);
}
