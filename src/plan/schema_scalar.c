/*
 * Single values: numbers within their ranges, texts of their forms. The order
 * of the tests is that of the reference framework, so that a value that is
 * wrong in two ways gets the same fault here as there.
 */
#include "plan/schema_scalar.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "plan/schema_check.h"
#include "plan/schema_forms.h"
#include "plan/schema_node.h"
#include "plan/schema_pattern.h"

/* What numeric holds without a modifier. */
#define NUMERIC_WHOLE_MAX 131072
#define NUMERIC_SCALE_MAX 16383

bool
scalar_fault(struct check *check, const struct schema *schema,
    const struct place *place, enum fault_type type, const char *message,
    const char *ctx)
{
	struct fault fault = { .type = type, .loc = place->loc, .ctx = ctx };

	check->failed = (int)type;
	check->message = message != NULL ? message : fault_type_message(type);
	if (check->silent)
		return false;
	fault.message = schema->message != NULL ? schema->message : message;
	fault.own_message = schema->message != NULL;
	if (!schema->holds_secret)
		fault.input = place->is_text ?
		    fault_quote(place->input, check->arena) : place->input;
	faults_add(check->faults, &fault);
	return false;
}

enum fault_type
scalar_kind_fault(const struct schema *schema)
{
	switch (schema->type.family) {
	case TYPE_INT:
		return FAULT_INT_TYPE;
	case TYPE_FLOAT:
	case TYPE_NUMERIC:
		return FAULT_FLOAT_TYPE;
	case TYPE_BOOL:
		return FAULT_BOOL_TYPE;
	case TYPE_UUID:
		return FAULT_UUID_TYPE;
	case TYPE_DATE:
		return FAULT_DATE_TYPE;
	case TYPE_TIME:
	case TYPE_TIMETZ:
		return FAULT_TIME_TYPE;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMPTZ:
		return FAULT_DATETIME_TYPE;
	case TYPE_INTERVAL:
		return FAULT_DELTA_TYPE;
	case TYPE_UNKNOWN:
	case TYPE_TEXT:
	case TYPE_BYTEA:
	case TYPE_ENUM:
	case TYPE_JSON:
	case TYPE_OPAQUE:
		break;
	}
	return FAULT_STRING_TYPE;
}

/* ---- numbers ------------------------------------------------------------- */

struct bound_row {
	enum fault_type type;
	const char *key, *words;
};

enum bound { BOUND_GE, BOUND_GT, BOUND_LE, BOUND_LT };

static const struct bound_row bound_rows[] = {
	[BOUND_GE] = { FAULT_GE, "ge", "greater than or equal to" },
	[BOUND_GT] = { FAULT_GT, "gt", "greater than" },
	[BOUND_LE] = { FAULT_LE, "le", "less than or equal to" },
	[BOUND_LT] = { FAULT_LT, "lt", "less than" },
};

static bool
scalar_fault_bound(struct check *check, const struct schema *schema,
    const struct place *place, enum bound bound, struct text digits)
{
	const struct bound_row *row = &bound_rows[bound];

	return scalar_fault(check, schema, place, row->type,
	    arena_printf(check->arena, "Input should be %s %.*s", row->words,
	    (int)digits.len, digits.at),
	    arena_printf(check->arena, "{\"%s\":%.*s}", row->key,
	    (int)digits.len, digits.at));
}

static bool
scalar_check_bounds(struct check *check, const struct schema *schema,
    const struct place *place, const struct number *number)
{
	const struct {
		enum bound bound;
		const struct schema_bound *at;
		int low, high;		/* what comparing may give */
	} rows[] = {
		{ BOUND_LE, &schema->maximum, -1, 0 },
		{ BOUND_LT, &schema->below, -1, -1 },
		{ BOUND_GE, &schema->minimum, 0, 1 },
		{ BOUND_GT, &schema->above, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int order;

		if (rows[i].at->digits.at == NULL)
			continue;
		order = number_compare(number, &rows[i].at->number);
		if (order < rows[i].low || order > rows[i].high)
			return scalar_fault_bound(check, schema, place,
			    rows[i].bound, rows[i].at->digits);
	}
	return true;
}

static bool
scalar_check_int(struct check *check, const struct schema *schema,
    const struct place *place, const struct number *number,
    struct input_value *out)
{
	int64_t value, edge;
	int beyond;

	if (place->is_text && (number->fraction.len > 0 ||
	    number->whole.at + number->whole.len !=
	    place->input.at + place->input.len))
		return scalar_fault(check, schema, place, FAULT_INT_PARSING,
		    NULL, NULL);
	if (!number_is_whole(number))
		return scalar_fault(check, schema, place,
		    FAULT_INT_FROM_FLOAT, NULL, NULL);
	if (!scalar_check_bounds(check, schema, place, number))
		return false;
	beyond = number_int64(number, &value);
	if (beyond == 0 && value < schema->type.low)
		beyond = -1;
	if (beyond == 0 && value > schema->type.high)
		beyond = 1;
	if (beyond != 0) {
		edge = beyond > 0 ? schema->type.high : schema->type.low;
		return scalar_fault_bound(check, schema, place,
		    beyond > 0 ? BOUND_LE : BOUND_GE,
		    text_of(arena_printf(check->arena, "%lld",
		    (long long)edge)));
	}
	out->value = value_number(text_of(arena_printf(check->arena, "%lld",
	    (long long)value)));
	return true;
}

static bool
scalar_check_float(struct check *check, const struct schema *schema,
    const struct place *place, const struct number *number, struct text digits,
    struct input_value *out)
{
	char *printed = arena_bytes(check->arena, 32);
	double value = strtod(arena_text(check->arena, digits), NULL);
	double size = fabs(value);

	if (!scalar_check_bounds(check, schema, place, number))
		return false;
	if (isinf(value) || (schema->type.single && size > (double)FLT_MAX))
		return scalar_fault(check, schema, place, FAULT_FINITE, NULL,
		    NULL);
	out->value = value_number((struct text){ printed,
	    number_print_double(value, printed) });
	out->param = digits;
	/* What rounds to 0 does so here: PostgreSQL would refuse it. */
	if (!number->zero && (value == 0 || (schema->type.single &&
	    (float)value == 0)))
		out->param = TEXT("0");
	return true;
}

static bool
scalar_check_numeric(struct check *check, const struct schema *schema,
    const struct place *place, const struct number *number, struct text digits,
    struct input_value *out)
{
	long long whole = NUMERIC_WHOLE_MAX;

	if (!scalar_check_bounds(check, schema, place, number))
		return false;
	if (schema->type.precision > 0)
		whole = schema->type.precision - schema->type.scale;
	if (number_magnitude(number) > whole)
		return scalar_fault(check, schema, place, FAULT_DECIMAL_WHOLE,
		    arena_printf(check->arena, "Decimal input should have no "
		    "more than %lld digit%s before the decimal point", whole,
		    whole == 1 ? "" : "s"), arena_printf(check->arena,
		    "{\"whole_digits\":%lld}", whole));
	if (number_scale(number) > NUMERIC_SCALE_MAX)
		return scalar_fault(check, schema, place, FAULT_DECIMAL_PLACES,
		    arena_printf(check->arena, "Decimal input should have no "
		    "more than %d decimal places", NUMERIC_SCALE_MAX),
		    arena_printf(check->arena, "{\"decimal_places\":%d}",
		    NUMERIC_SCALE_MAX));
	out->value = value_number(digits);
	return true;
}

static bool
scalar_choose_number(struct check *check, const struct schema *schema,
    const struct place *place, const struct number *number)
{
	if (schema->nchoices == 0)
		return true;
	for (unsigned i = 0; i < schema->nchoices; i++) {
		if (schema->choices[i].is_number &&
		    number_compare(number, &schema->choices[i].number) == 0)
			return true;
	}
	return scalar_fault(check, schema, place, FAULT_ENUM,
	    schema->expected, schema->expected_ctx);
}

bool
scalar_number(struct check *check, const struct schema *schema,
    const struct place *place, struct text digits, struct input_value *out)
{
	enum type_family family = schema->type.family;
	struct number number;

	if (number_scan(digits, place->is_text, &number) != 0)
		return scalar_fault(check, schema, place,
		    family == TYPE_INT ? FAULT_INT_PARSING :
		    family == TYPE_FLOAT ? FAULT_FLOAT_PARSING :
		    FAULT_DECIMAL_PARSING, NULL, NULL);
	if (family == TYPE_INT) {
		if (!scalar_check_int(check, schema, place, &number, out))
			return false;
	} else {
		digits = number_json(&number, digits, check->arena);
		if (family == TYPE_FLOAT ? !scalar_check_float(check, schema,
		    place, &number, digits, out) : !scalar_check_numeric(check,
		    schema, place, &number, digits, out))
			return false;
	}
	return scalar_choose_number(check, schema, place, &number);
}

bool
scalar_bool_text(struct check *check, const struct schema *schema,
    const struct place *place, struct text text, struct input_value *out)
{
	static const struct {
		struct text word;
		bool truth;
	} words[] = {
		{ { "true", 4 }, true }, { { "false", 5 }, false },
		{ { "1", 1 }, true }, { { "0", 1 }, false },
		{ { "yes", 3 }, true }, { { "no", 2 }, false },
		{ { "on", 2 }, true }, { { "off", 3 }, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (text_equal_nocase(text, words[i].word)) {
			out->value = value_bool(words[i].truth);
			return true;
		}
	}
	return scalar_fault(check, schema, place, FAULT_BOOL_PARSING, NULL,
	    NULL);
}

/* ---- strings ------------------------------------------------------------- */

/* type: what people are told before the reason, which is in ctx too. */
static bool
scalar_fault_reason(struct check *check, const struct schema *schema,
    const struct place *place, enum fault_type type, const char *format,
    const char *reason)
{
	const char *key = type == FAULT_VALUE ? "reason" : "error";
	struct text quoted = fault_quote(text_of(reason), check->arena);

	return scalar_fault(check, schema, place, type,
	    arena_printf(check->arena, "%s%s", format, reason),
	    arena_printf(check->arena, "{\"%s\":%s}", key, quoted.at));
}

static bool
scalar_check_length(struct check *check, const struct schema *schema,
    const struct place *place, struct text text)
{
	int64_t length, low = schema->min_length, high = schema->max_length;
	long long bound;

	if (schema->type.max_length > 0 &&
	    (high < 0 || schema->type.max_length < high))
		high = schema->type.max_length;
	if (low < 0 && high < 0)
		return true;
	length = (int64_t)json_utf8_length(text);
	if (length >= low && (high < 0 || length <= high))
		return true;
	bound = length < low ? low : high;
	return scalar_fault(check, schema, place,
	    length < low ? FAULT_TOO_SHORT : FAULT_TOO_LONG,
	    arena_printf(check->arena,
	    "String should have at %s %lld character%s",
	    length < low ? "least" : "most", bound, bound == 1 ? "" : "s"),
	    arena_printf(check->arena, "{\"%s\":%lld}",
	    length < low ? "min_length" : "max_length", bound));
}

static bool
scalar_check_pattern(struct check *check, const struct schema *schema,
    const struct place *place, struct text text)
{
	const char *pattern;
	struct text quoted;

	if (schema->pattern == NULL || pattern_matches(schema->pattern, text))
		return true;
	pattern = pattern_text(schema->pattern);
	quoted = fault_quote(text_of(pattern), check->arena);
	return scalar_fault(check, schema, place, FAULT_PATTERN,
	    arena_printf(check->arena, "String should match pattern '%s'",
	    pattern), arena_printf(check->arena, "{\"pattern\":%s}",
	    quoted.at));
}

static bool
scalar_choose_string(struct check *check, const struct schema *schema,
    const struct place *place, struct text text)
{
	if (schema->nchoices == 0)
		return true;
	for (unsigned i = 0; i < schema->nchoices; i++) {
		if (!schema->choices[i].is_number &&
		    text_equal(text, schema->choices[i].text))
			return true;
	}
	return scalar_fault(check, schema, place, FAULT_ENUM,
	    schema->expected, schema->expected_ctx);
}

/* The forms that the type itself asks for. */
static bool
scalar_check_form(struct check *check, const struct schema *schema,
    const struct place *place, struct text text, enum type_family family)
{
	const char *wrong = NULL, *says = "";
	enum fault_type type = FAULT_VALUE;

	switch (family) {
	case TYPE_UUID:
		wrong = form_uuid(text, check->arena);
		type = FAULT_UUID_PARSING;
		says = "Input should be a valid UUID, ";
		break;
	case TYPE_DATE:
		wrong = form_date(text);
		type = FAULT_DATE_PARSING;
		says = "Input should be a valid date or datetime, ";
		break;
	case TYPE_TIME:
	case TYPE_TIMETZ:
		wrong = form_time(text, family == TYPE_TIMETZ);
		type = FAULT_TIME_PARSING;
		says = "Input should be in a valid time format, ";
		break;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMPTZ:
		wrong = form_datetime(text);
		type = FAULT_DATETIME_PARSING;
		says = "Input should be a valid datetime or date, ";
		break;
	case TYPE_INTERVAL:
		wrong = form_interval(text);
		type = FAULT_DELTA_PARSING;
		says = "Input should be a valid timedelta, ";
		break;
	case TYPE_UNKNOWN:
	case TYPE_TEXT:
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_NUMERIC:
	case TYPE_BOOL:
	case TYPE_BYTEA:
	case TYPE_ENUM:
	case TYPE_JSON:
	case TYPE_OPAQUE:
		break;
	}
	return wrong == NULL ? true : scalar_fault_reason(check, schema, place,
	    type, says, wrong);
}

static bool
scalar_check_bytea(struct check *check, const struct schema *schema,
    const struct place *place, struct text text)
{
	const char *wrong = form_bytea(text);

	if (wrong == NULL)
		return true;
	return scalar_fault(check, schema, place, FAULT_BYTES,
	    arena_printf(check->arena, "Data should be valid hex: %s", wrong),
	    arena_printf(check->arena, "{\"encoding\":\"hex\","
	    "\"encoding_error\":%s}", fault_quote(text_of(wrong),
	    check->arena).at));
}

static bool
scalar_check_format(struct check *check, const struct schema *schema,
    const struct place *place, struct text text)
{
	const char *wrong;

	switch (schema->format) {
	case FORMAT_ANY:
		return true;
	case FORMAT_EMAIL:
		wrong = form_email(text);
		return wrong == NULL || scalar_fault_reason(check, schema,
		    place, FAULT_VALUE, "value is not a valid email address: ",
		    wrong);
	case FORMAT_URI:
		wrong = form_uri(text);
		return wrong == NULL || scalar_fault_reason(check, schema,
		    place, FAULT_URL, "Input should be a valid URL, ", wrong);
	case FORMAT_IPV4:
		return form_ipv4(text) || scalar_fault(check, schema, place,
		    FAULT_IPV4, NULL, NULL);
	case FORMAT_IPV6:
		return form_ipv6(text) || scalar_fault(check, schema, place,
		    FAULT_IPV6, NULL, NULL);
	case FORMAT_UUID:
		return scalar_check_form(check, schema, place, text,
		    TYPE_UUID);
	case FORMAT_DATE:
		return scalar_check_form(check, schema, place, text,
		    TYPE_DATE);
	case FORMAT_TIME:
		return scalar_check_form(check, schema, place, text,
		    TYPE_TIMETZ);
	case FORMAT_DATE_TIME:
		return scalar_check_form(check, schema, place, text,
		    TYPE_TIMESTAMPTZ);
	}
	return true;
}

bool
scalar_string(struct check *check, const struct schema *schema,
    const struct place *place, struct text text, struct input_value *out)
{
	if (memchr(text.at, '\0', text.len) != NULL)
		return scalar_fault(check, schema, place, FAULT_VALUE,
		    "Value error, text cannot hold the character NUL",
		    "{\"error\":{}}");
	if (!scalar_check_form(check, schema, place, text,
	    schema->type.family) ||
	    !scalar_check_length(check, schema, place, text) ||
	    !scalar_check_pattern(check, schema, place, text) ||
	    !scalar_choose_string(check, schema, place, text) ||
	    !scalar_check_format(check, schema, place, text))
		return false;
	if (schema->type.family == TYPE_BYTEA &&
	    !scalar_check_bytea(check, schema, place, text))
		return false;
	out->value = value_text(text);
	return true;
}
