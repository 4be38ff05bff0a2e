/*
 * A small expression language, parsed by recursive descent into a tree that
 * is evaluated for each request. It knows nothing else on purpose: what needs
 * more belongs into SQL.
 */
#include "plan/condition.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/binding.h"
#include "plan/reference.h"
#include "plan/schema_number.h"
#include "plan/scope.h"

#define CONDITION_DEPTH 50

enum condition_kind {
	CONDITION_CONSTANT, CONDITION_REFERENCE, CONDITION_NOT,
	CONDITION_AND, CONDITION_OR,
	CONDITION_EQUAL, CONDITION_UNEQUAL, CONDITION_BELOW,
	CONDITION_AT_MOST, CONDITION_ABOVE, CONDITION_AT_LEAST
};

struct condition {
	enum condition_kind kind;
	const struct condition *left, *right;
	struct value constant;
	const struct binding *binding;
};

struct condition_parser {
	const struct conf_node *node;
	struct scope *scope;
	struct text source;
	size_t at;
	unsigned depth;
	bool failed;		/* the first fault ends the reading */
};

/* Longer ones first, so that "<=" is not read as "<". */
static const struct {
	const char *word;
	enum condition_kind kind;
} condition_operators[] = {
	{ "<=", CONDITION_AT_MOST }, { ">=", CONDITION_AT_LEAST },
	{ "!=", CONDITION_UNEQUAL }, { "=", CONDITION_EQUAL },
	{ "<", CONDITION_BELOW }, { ">", CONDITION_ABOVE },
};

/* ---- parsing ------------------------------------------------------------- */

static struct condition *
condition_fault(struct condition_parser *parser, const char *message)
{
	if (!parser->failed)
		conf_fault(parser->scope->report,
		    conf_node_text_pos(parser->node, parser->at), "%s",
		    message);
	parser->failed = true;
	return NULL;
}

static struct condition *
condition_new(struct condition_parser *parser, enum condition_kind kind,
    const struct condition *left, const struct condition *right)
{
	struct condition *condition;

	condition = arena_alloc(parser->scope->arena, sizeof(*condition));
	condition->kind = kind;
	condition->left = left;
	condition->right = right;
	return condition;
}

static struct condition *
condition_constant(struct condition_parser *parser, struct value value)
{
	struct condition *condition;

	condition = condition_new(parser, CONDITION_CONSTANT, NULL, NULL);
	condition->constant = value;
	return condition;
}

static char
condition_char(const struct condition_parser *parser, size_t ahead)
{
	size_t at = parser->at + ahead;

	return at < parser->source.len ? parser->source.at[at] : '\0';
}

static void
condition_blanks(struct condition_parser *parser)
{
	while (condition_char(parser, 0) == ' ' ||
	    (condition_char(parser, 0) >= '\t' &&
	    condition_char(parser, 0) <= '\r'))
		parser->at++;
}

static bool
condition_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
condition_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct text
condition_word(const struct condition_parser *parser)
{
	struct text word = { parser->source.at + parser->at, 0 };

	while (condition_is_letter(condition_char(parser, word.len)) ||
	    (word.len > 0 &&
	    condition_is_digit(condition_char(parser, word.len))))
		word.len++;
	return word;
}

/* Takes this word when it is the next. */
static bool
condition_take(struct condition_parser *parser, const char *word)
{
	struct text next;

	condition_blanks(parser);
	next = condition_word(parser);
	if (!text_equal_nocase(next, text_of(word)))
		return false;
	parser->at += next.len;
	return true;
}

static bool
condition_take_byte(struct condition_parser *parser, char byte)
{
	condition_blanks(parser);
	if (condition_char(parser, 0) != byte)
		return false;
	parser->at++;
	return true;
}

/* 'it''s' */
static struct condition *
condition_text(struct condition_parser *parser)
{
	char *text = arena_bytes(parser->scope->arena, parser->source.len);
	size_t start = parser->at, length = 0;

	for (parser->at++; parser->at < parser->source.len; parser->at++) {
		if (condition_char(parser, 0) == '\'') {
			if (condition_char(parser, 1) != '\'') {
				parser->at++;
				return condition_constant(parser,
				    value_text((struct text){ text, length }));
			}
			parser->at++;
		}
		text[length++] = condition_char(parser, 0);
	}
	parser->at = start;
	return condition_fault(parser, "this quote is never closed");
}

static size_t
condition_digits(const struct condition_parser *parser, size_t ahead)
{
	while (condition_is_digit(condition_char(parser, ahead)))
		ahead++;
	return ahead;
}

static struct condition *
condition_number(struct condition_parser *parser)
{
	struct text digits = { parser->source.at + parser->at, 0 };
	size_t end = condition_char(parser, 0) == '-' ? 1 : 0, start = end;

	end = condition_digits(parser, end);
	if (end == start)
		return condition_fault(parser, "a number is due here");
	if (condition_char(parser, end) == '.')
		end = condition_digits(parser, end + 1);
	digits.len = end;
	parser->at += end;
	return condition_constant(parser, value_number(digits));
}

static struct condition *
condition_reference(struct condition_parser *parser)
{
	struct condition *condition;
	const struct binding *binding;
	struct reference ref;
	size_t length;

	length = reference_parse(parser->source, parser->at, &ref);
	if (length == 0)
		return condition_fault(parser,
		    "\"{\" begins a reference such as {name}");
	binding = scope_bind(parser->scope, &ref,
	    conf_node_text_pos(parser->node, parser->at));
	parser->at += length;
	if (binding == NULL) {
		parser->failed = true;
		return NULL;
	}
	condition = condition_new(parser, CONDITION_REFERENCE, NULL, NULL);
	condition->binding = binding;
	return condition;
}

static struct condition *condition_or(struct condition_parser *);

static struct condition *
condition_operand(struct condition_parser *parser)
{
	struct condition *inner;
	char next;

	if (condition_take(parser, "true"))
		return condition_constant(parser, value_bool(true));
	if (condition_take(parser, "false"))
		return condition_constant(parser, value_bool(false));
	if (condition_take(parser, "null"))
		return condition_constant(parser, VALUE_NULL);
	if (condition_take_byte(parser, '(')) {
		inner = condition_or(parser);
		if (inner != NULL && !condition_take_byte(parser, ')'))
			return condition_fault(parser, "\")\" is due here");
		return inner;
	}
	next = condition_char(parser, 0);
	if (next == '{')
		return condition_reference(parser);
	if (next == '\'')
		return condition_text(parser);
	if (next == '-' || condition_is_digit(next))
		return condition_number(parser);
	return condition_fault(parser, "a value is due here: {name}, a "
	    "number, 'text', true, false, null or a parenthesis");
}

static bool
condition_operator(struct condition_parser *parser, enum condition_kind *kind)
{
	size_t length;

	condition_blanks(parser);
	for (size_t i = 0; i < ARRAY_LEN(condition_operators); i++) {
		length = strlen(condition_operators[i].word);
		if (length > parser->source.len - parser->at ||
		    memcmp(parser->source.at + parser->at,
		    condition_operators[i].word, length) != 0)
			continue;
		*kind = condition_operators[i].kind;
		parser->at += length;
		return true;
	}
	return false;
}

static struct condition *
condition_comparison(struct condition_parser *parser)
{
	struct condition *left = condition_operand(parser), *right;
	enum condition_kind kind;

	if (left == NULL || !condition_operator(parser, &kind))
		return left;
	right = condition_operand(parser);
	if (right == NULL)
		return NULL;
	return condition_new(parser, kind, left, right);
}

static struct condition *
condition_not(struct condition_parser *parser)
{
	struct condition *inner;

	if (parser->depth == CONDITION_DEPTH)
		return condition_fault(parser, "nested too deeply");
	parser->depth++;
	if (condition_take(parser, "not")) {
		inner = condition_not(parser);
		if (inner != NULL)
			inner = condition_new(parser, CONDITION_NOT, inner,
			    NULL);
	} else {
		inner = condition_comparison(parser);
	}
	parser->depth--;
	return inner;
}

static struct condition *
condition_and(struct condition_parser *parser)
{
	struct condition *left = condition_not(parser), *right;

	while (left != NULL && condition_take(parser, "and")) {
		right = condition_not(parser);
		if (right == NULL)
			return NULL;
		left = condition_new(parser, CONDITION_AND, left, right);
	}
	return left;
}

static struct condition *
condition_or(struct condition_parser *parser)
{
	struct condition *left = condition_and(parser), *right;

	while (left != NULL && condition_take(parser, "or")) {
		right = condition_and(parser);
		if (right == NULL)
			return NULL;
		left = condition_new(parser, CONDITION_OR, left, right);
	}
	return left;
}

struct condition *
condition_compile(const struct conf_node *node, struct scope *scope)
{
	struct condition_parser parser = { .node = node, .scope = scope };
	struct condition *condition;

	if (conf_node_kind(node) != CONF_STRING) {
		conf_fault(scope->report, conf_node_pos(node),
		    "a condition is a string such as \"{count} > 0\", not %s",
		    conf_node_kind_name(node));
		return NULL;
	}
	parser.source = (struct text){ conf_node_text(node),
		conf_node_length(node) };
	condition = condition_or(&parser);
	condition_blanks(&parser);
	if (condition != NULL && parser.at < parser.source.len)
		return condition_fault(&parser, "\"and\", \"or\" or the end "
		    "is due here");
	return condition;
}

/* ---- testing ------------------------------------------------------------- */

/* What is JSON in the database counts as what it holds: 5, 'text', true. */
static struct value
condition_value(const struct condition *condition,
    const struct binding_source *source)
{
	if (condition->kind == CONDITION_CONSTANT)
		return condition->constant;
	if (condition->kind == CONDITION_REFERENCE)
		return value_parse(binding_value(condition->binding, source),
		    source->arena);
	switch (condition_test(condition, source)) {
	case CONDITION_FALSE:
		return value_bool(false);
	case CONDITION_TRUE:
		return value_bool(true);
	case CONDITION_NULL:
		break;
	}
	return VALUE_NULL;
}

static bool
condition_order_numbers(struct text left, struct text right, int *order)
{
	struct number a, b;

	if (number_scan(left, true, &a) != 0 ||
	    number_scan(right, true, &b) != 0)
		return false;
	*order = number_compare(&a, &b);
	return true;
}

/* False: these two have no order. */
static bool
condition_order(struct value left, struct value right,
    const struct binding_source *source, int *order)
{
	struct text a, b;

	if (left.type != right.type)
		return false;
	if (left.type == &value_type_bool) {
		*order = left.truth - right.truth;
		return true;
	}
	a = value_to_text(&left, source->arena);
	b = value_to_text(&right, source->arena);
	if (left.type == &value_type_number)
		return condition_order_numbers(a, b, order);
	if (left.type != &value_type_text)
		return false;
	*order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
	if (*order == 0)
		*order = (a.len > b.len) - (a.len < b.len);
	return true;
}

static enum condition_result
condition_truth(bool truth)
{
	return truth ? CONDITION_TRUE : CONDITION_FALSE;
}

static enum condition_result
condition_compare(const struct condition *condition,
    const struct binding_source *source)
{
	struct value left = condition_value(condition->left, source);
	struct value right = condition_value(condition->right, source);
	int order = 0;

	if (!condition_order(left, right, source, &order))
		return CONDITION_NULL;
	switch (condition->kind) {
	case CONDITION_EQUAL:
		return condition_truth(order == 0);
	case CONDITION_UNEQUAL:
		return condition_truth(order != 0);
	case CONDITION_BELOW:
		return condition_truth(order < 0);
	case CONDITION_AT_MOST:
		return condition_truth(order <= 0);
	case CONDITION_ABOVE:
		return condition_truth(order > 0);
	case CONDITION_AT_LEAST:
		return condition_truth(order >= 0);
	case CONDITION_CONSTANT:
	case CONDITION_REFERENCE:
	case CONDITION_NOT:
	case CONDITION_AND:
	case CONDITION_OR:
		break;
	}
	return CONDITION_NULL;
}

/* decides: the value of one side that settles it, false for AND. */
static enum condition_result
condition_join(const struct condition *condition,
    const struct binding_source *source, enum condition_result decides)
{
	enum condition_result left, right;

	left = condition_test(condition->left, source);
	if (left == decides)
		return decides;
	right = condition_test(condition->right, source);
	if (right == decides)
		return decides;
	return left == CONDITION_NULL ? left : right;
}

enum condition_result
condition_test(const struct condition *condition,
    const struct binding_source *source)
{
	struct value value;
	enum condition_result result;

	switch (condition->kind) {
	case CONDITION_CONSTANT:
	case CONDITION_REFERENCE:
		value = condition_value(condition, source);
		if (value.type != &value_type_bool)
			return CONDITION_NULL;
		return condition_truth(value.truth);
	case CONDITION_NOT:
		result = condition_test(condition->left, source);
		if (result == CONDITION_NULL)
			return result;
		return condition_truth(result == CONDITION_FALSE);
	case CONDITION_AND:
		return condition_join(condition, source, CONDITION_FALSE);
	case CONDITION_OR:
		return condition_join(condition, source, CONDITION_TRUE);
	case CONDITION_EQUAL:
	case CONDITION_UNEQUAL:
	case CONDITION_BELOW:
	case CONDITION_AT_MOST:
	case CONDITION_ABOVE:
	case CONDITION_AT_LEAST:
		break;
	}
	return condition_compare(condition, source);
}
