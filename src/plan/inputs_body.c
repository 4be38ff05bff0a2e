/*
 * Bodies: JSON and nothing else. What is not JSON by its Content-Type is no
 * object, whatever its bytes are.
 */
#include "plan/inputs_state.h"

#include "base/arena.h"
#include "plan/limits.h"
#include "plan/run.h"
#include "plan/schema_check.h"

static const struct fault_loc body_loc = { NULL, { "body", 4 }, 0 };

/* application/json and application/NAME+json, with any parameters. */
static bool
body_is_json(struct text type)
{
	static const struct text front = { "application/", 12 };
	static const struct text back = { "+json", 5 };
	const char *end;

	if (type.at == NULL)
		return false;
	end = memchr(type.at, ';', type.len);
	if (end != NULL)
		type.len = (size_t)(end - type.at);
	while (type.len > 0 && (type.at[type.len - 1] == ' ' ||
	    type.at[type.len - 1] == '\t'))
		type.len--;
	if (type.len <= front.len || !text_equal_nocase(front,
	    (struct text){ type.at, front.len }))
		return false;
	type.at += front.len;
	type.len -= front.len;
	if (text_equal_nocase(type, TEXT("json")))
		return true;
	return type.len > back.len && text_equal_nocase(back,
	    (struct text){ type.at + type.len - back.len, back.len });
}

static void
body_fault(struct inputs_check *checking, enum fault_type type,
    struct text input)
{
	struct fault fault = { .type = type, .loc = &body_loc,
		.input = input };

	checking->check->failed = (int)type;
	faults_add(checking->check->faults, &fault);
}

static int
body_is_broken(struct inputs_check *checking)
{
	return error_set(checking->err, ERROR_BAD_REQUEST,
	    "There was an error parsing the body");
}

/* Text that is no JSON, or not said to be. */
static int
body_is_text(struct inputs_check *checking)
{
	struct text body = checking->request->body, input = { NULL, 0 };
	const struct schema *schema = checking->inputs->body;

	if (!json_utf8_valid(body))
		return body_is_broken(checking);
	if (body.len <= FAULTS_ECHO &&
	    (schema == NULL || !schema->holds_secret))
		input = fault_quote(body, checking->check->arena);
	body_fault(checking, FAULT_OBJECT, input);
	return 0;
}

static void
body_is_invalid(struct inputs_check *checking, const struct json_error *error)
{
	struct fault_loc loc = { .up = &body_loc,
		.index = (uint32_t)error->offset };
	struct fault fault = { .type = FAULT_JSON, .loc = &loc,
		.input = TEXT("{}") };
	struct arena *arena = checking->check->arena;

	fault.ctx = arena_printf(arena, "{\"error\":%s}",
	    fault_quote(text_of(error->message), arena).at);
	checking->check->failed = FAULT_JSON;
	faults_add(checking->check->faults, &fault);
}

int
inputs_check_body(struct inputs_check *checking,
    const struct limits_conf *limits)
{
	const struct run_input *request = checking->request;
	const struct schema *schema = checking->inputs->body;
	struct check *check = checking->check;
	struct json_doc *doc;
	struct json_error error;

	if (schema == NULL)
		return 0;
	if (request->body.at == NULL || request->body.len == 0) {
		body_fault(checking, FAULT_MISSING, TEXT("null"));
		return 0;
	}
	if (!body_is_json(request->content_type))
		return body_is_text(checking);
	doc = arena_alloc(check->arena, sizeof(*doc));
	if (json_scan(request->body.at, request->body.len,
	    (unsigned)limits->max_json_depth, check->arena, doc,
	    &error) != 0) {
		if (error.fault == JSON_BAD_UTF8)
			return body_is_broken(checking);
		body_is_invalid(checking, &error);
		return 0;
	}
	check->doc = doc;
	if (doc->nodes[0].kind == JSON_NULL && !schema->nullable)
		body_fault(checking, FAULT_MISSING, TEXT("null"));
	else
		schema_check_json(check, schema, 0, &body_loc);
	return 0;
}
