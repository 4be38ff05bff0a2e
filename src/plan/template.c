/*
 * A template is a flat program of three kinds of steps: constant bytes, a
 * value written as JSON, a value written into a text. Neighbouring constants
 * are one step, so a reply without references is one copy.
 */
#include "plan/template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/binding.h"
#include "plan/reference.h"
#include "plan/scope.h"

enum template_kind { STEP_BYTES, STEP_VALUE, STEP_PIECE };

struct template_step {
	enum template_kind kind;
	struct text bytes;
	const struct binding *binding;
};

struct template {
	unsigned nsteps;
	struct template_step *steps;
	bool json;
};

struct template_build {
	struct scope *scope;
	bool json;
	struct buf bytes;	/* the constant that is growing */
	struct buf steps;
	unsigned faults;
};

/* ---- compiling ----------------------------------------------------------- */

static void
template_flush(struct template_build *build)
{
	struct template_step step = { .kind = STEP_BYTES };

	if (build->bytes.len == 0)
		return;
	step.bytes.len = build->bytes.len;
	step.bytes.at = arena_text(build->scope->arena,
	    (struct text){ build->bytes.data, build->bytes.len });
	buf_add(&build->steps, &step, sizeof(step));
	build->bytes.len = 0;
}

static void
template_add(struct template_build *build, enum template_kind kind,
    const struct binding *binding)
{
	struct template_step step = { .kind = kind, .binding = binding };

	if (binding == NULL) {
		build->faults++;
		return;
	}
	if (binding->kind == BINDING_NULL) {
		if (kind == STEP_VALUE)
			buf_add_text(&build->bytes, TEXT("null"));
		return;
	}
	template_flush(build);
	buf_add(&build->steps, &step, sizeof(step));
}

/* buf_add_json without its quotes. */
static void
template_escape(struct buf *out, struct text text)
{
	size_t start = out->len;

	buf_add_json(out, text);
	memmove(out->data + start, out->data + start + 1,
	    out->len - start - 2);
	out->len -= 2;
}

static void
template_mixed(struct template_build *build, const struct conf_node *node)
{
	struct reference_reader reader = {
		{ conf_node_text(node), conf_node_length(node) }, 0
	};
	struct reference_piece piece;
	enum reference_kind kind;

	while ((kind = reference_next(&reader, &piece)) != REFERENCE_END) {
		if (kind == REFERENCE_TEXT && build->json) {
			template_escape(&build->bytes, piece.text);
		} else if (kind == REFERENCE_TEXT) {
			buf_add_text(&build->bytes, piece.text);
		} else if (kind == REFERENCE_NAME) {
			template_add(build, STEP_PIECE, scope_bind(
			    build->scope, &piece.reference,
			    conf_node_text_pos(node,
			    piece.reference.offset)));
		} else {
			conf_fault(build->scope->report,
			    conf_node_text_pos(node, piece.offset),
			    "%s", REFERENCE_BAD_MESSAGE);
			build->faults++;
		}
	}
}

static void
template_string(struct template_build *build, const struct conf_node *node)
{
	const struct binding *binding;

	if (scope_bind_exact(build->scope, node, &binding)) {
		template_add(build, STEP_VALUE, binding);
		return;
	}
	buf_add_byte(&build->bytes, '"');
	template_mixed(build, node);
	buf_add_byte(&build->bytes, '"');
}

/* libconfig's numbers: 0x1F, 10L, 1., .5 are none of JSON's. */
static void
template_number(struct template_build *build, const struct conf_node *node)
{
	const char *text = conf_node_text(node);
	size_t digits = strspn(text, "-0123456789");
	int64_t number;

	if (conf_node_kind(node) == CONF_INTEGER) {
		if (conf_node_integer(node, &number) != 0)
			build->faults++;
		else
			buf_printf(&build->bytes, "%lld", (long long)number);
		return;
	}
	if (*text == '+')
		digits = strspn(++text, "0123456789");
	if (digits == 0 || text[digits - 1] == '-') {
		buf_add(&build->bytes, text, digits);
		buf_add_byte(&build->bytes, '0');
	} else {
		buf_add(&build->bytes, text, digits);
	}
	text += digits;
	if (*text == '.') {
		digits = strspn(text + 1, "0123456789");
		buf_add(&build->bytes, text, digits + 1);
		if (digits == 0)
			buf_add_byte(&build->bytes, '0');
		text += digits + 1;
	}
	buf_add(&build->bytes, text, strlen(text));
}

static void template_node(struct template_build *, const struct conf_node *);

static void
template_group(struct template_build *build, const struct conf_node *node)
{
	const struct conf_node *member;

	buf_add_byte(&build->bytes, '{');
	for (size_t i = 0; i < conf_node_count(node); i++) {
		member = conf_node_at(node, i);
		if (i > 0)
			buf_add_byte(&build->bytes, ',');
		buf_add_json(&build->bytes, text_of(conf_node_name(member)));
		buf_add_byte(&build->bytes, ':');
		template_node(build, member);
	}
	buf_add_byte(&build->bytes, '}');
}

static void
template_list(struct template_build *build, const struct conf_node *node)
{
	buf_add_byte(&build->bytes, '[');
	for (size_t i = 0; i < conf_node_count(node); i++) {
		if (i > 0)
			buf_add_byte(&build->bytes, ',');
		template_node(build, conf_node_at(node, i));
	}
	buf_add_byte(&build->bytes, ']');
}

static void
template_node(struct template_build *build, const struct conf_node *node)
{
	switch (conf_node_kind(node)) {
	case CONF_GROUP:
		template_group(build, node);
		break;
	case CONF_LIST:
	case CONF_ARRAY:
		template_list(build, node);
		break;
	case CONF_STRING:
		template_string(build, node);
		break;
	case CONF_INTEGER:
	case CONF_FLOAT:
		template_number(build, node);
		break;
	case CONF_BOOLEAN:
		buf_add_text(&build->bytes, conf_node_bool(node)
		    ? TEXT("true") : TEXT("false"));
		break;
	}
}

static struct template *
template_finish(struct template_build *build)
{
	struct template *template = NULL;

	template_flush(build);
	if (build->faults == 0) {
		template = arena_alloc(build->scope->arena,
		    sizeof(*template));
		template->json = build->json;
		template->nsteps = (unsigned)(build->steps.len /
		    sizeof(*template->steps));
		template->steps = arena_bytes(build->scope->arena,
		    build->steps.len);
		if (build->steps.len > 0)
			memcpy(template->steps, build->steps.data,
			    build->steps.len);
	}
	buf_release(&build->bytes);
	buf_release(&build->steps);
	return template;
}

struct template *
template_compile(const struct conf_node *node, struct scope *scope)
{
	struct template_build build = { .scope = scope, .json = true };

	template_node(&build, node);
	return template_finish(&build);
}

struct template *
template_compile_text(const struct conf_node *node, struct scope *scope)
{
	struct template_build build = { .scope = scope };

	if (conf_node_kind(node) == CONF_STRING) {
		template_mixed(&build, node);
	} else if (conf_node_text(node) != NULL) {
		template_node(&build, node);
	} else {
		conf_fault(scope->report, conf_node_pos(node),
		    "a text is due here, not %s", conf_node_kind_name(node));
		build.faults++;
	}
	return template_finish(&build);
}

/* ---- writing ------------------------------------------------------------- */

struct text
template_constant(const struct template *template)
{
	if (template->nsteps == 0)
		return TEXT("");
	if (template->nsteps == 1 && template->steps[0].kind == STEP_BYTES)
		return template->steps[0].bytes;
	return (struct text){ NULL, 0 };
}

const struct binding *
template_exact(const struct template *template)
{
	const struct template_step *step = template->steps;

	if (template->nsteps != 1 || (template->json &&
	    step->kind != STEP_VALUE))
		return NULL;
	return step->binding;
}

static bool
template_step_write(const struct template_step *step,
    const struct binding_source *source, struct buf *out, size_t mark,
    struct template_at *at)
{
	switch (step->kind) {
	case STEP_BYTES:
		buf_add_text(out, step->bytes);
		return true;
	case STEP_PIECE:
		template_escape(out, binding_text(step->binding, source));
		return true;
	case STEP_VALUE:
		if (!at->begun) {
			at->value = binding_value(step->binding, source);
			at->begun = true;
			at->at = 0;
		}
		return value_write(&at->value, out, mark, &at->at);
	}
	return true;
}

bool
template_write(const struct template *template,
    const struct binding_source *source, struct buf *out, size_t mark,
    struct template_at *at)
{
	while (at->step < template->nsteps) {
		if (!template_step_write(&template->steps[at->step], source,
		    out, mark, at))
			return false;
		at->step++;
		at->begun = false;
		if (out->len >= mark && at->step < template->nsteps)
			return false;
	}
	return true;
}

struct text
template_text(const struct template *template,
    const struct binding_source *source)
{
	const struct template_step *step;
	struct buf out = { NULL, 0, 0 };
	struct text text = template_constant(template);

	if (text.at != NULL)
		return text;
	for (unsigned i = 0; i < template->nsteps; i++) {
		step = &template->steps[i];
		buf_add_text(&out, step->kind == STEP_BYTES ? step->bytes
		    : binding_text(step->binding, source));
	}
	text.at = arena_text(source->arena, (struct text){ out.data, out.len });
	text.len = out.len;
	buf_release(&out);
	return text;
}
