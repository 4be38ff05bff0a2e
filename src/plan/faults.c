/*
 * Writes the list of a 422. A fault is printed when it is found: there is no
 * tree of faults, for what is found first stands first.
 */
#include "plan/faults.h"

#include "base/arena.h"
#include "base/compiler.h"

struct fault_row {
	const char *word;
	const char *message;	/* NULL: made where it is found */
};

static const struct fault_row fault_rows[FAULT_TYPE_COUNT] = {
	[FAULT_MISSING] = { "missing", "Field required" },
	[FAULT_EXTRA] = { "extra_forbidden",
	    "Extra inputs are not permitted" },
	[FAULT_JSON] = { "json_invalid", "JSON decode error" },
	[FAULT_INT_PARSING] = { "int_parsing", "Input should be a valid "
	    "integer, unable to parse string as an integer" },
	[FAULT_INT_TYPE] = { "int_type", "Input should be a valid integer" },
	[FAULT_INT_FROM_FLOAT] = { "int_from_float", "Input should be a valid "
	    "integer, got a number with a fractional part" },
	[FAULT_FLOAT_PARSING] = { "float_parsing", "Input should be a valid "
	    "number, unable to parse string as a number" },
	[FAULT_FLOAT_TYPE] = { "float_type", "Input should be a valid number" },
	[FAULT_FINITE] = { "finite_number",
	    "Input should be a finite number" },
	[FAULT_DECIMAL_PARSING] = { "decimal_parsing",
	    "Input should be a valid decimal" },
	[FAULT_DECIMAL_WHOLE] = { "decimal_whole_digits", NULL },
	[FAULT_DECIMAL_PLACES] = { "decimal_max_places", NULL },
	[FAULT_BOOL_PARSING] = { "bool_parsing", "Input should be a valid "
	    "boolean, unable to interpret input" },
	[FAULT_BOOL_TYPE] = { "bool_type", "Input should be a valid boolean" },
	[FAULT_STRING_TYPE] = { "string_type",
	    "Input should be a valid string" },
	[FAULT_TOO_SHORT] = { "string_too_short", NULL },
	[FAULT_TOO_LONG] = { "string_too_long", NULL },
	[FAULT_PATTERN] = { "string_pattern_mismatch", NULL },
	[FAULT_GE] = { "greater_than_equal", NULL },
	[FAULT_GT] = { "greater_than", NULL },
	[FAULT_LE] = { "less_than_equal", NULL },
	[FAULT_LT] = { "less_than", NULL },
	[FAULT_ENUM] = { "enum", NULL },
	[FAULT_UUID_TYPE] = { "uuid_type",
	    "UUID input should be a string, bytes or UUID object" },
	[FAULT_UUID_PARSING] = { "uuid_parsing", NULL },
	[FAULT_DATE_TYPE] = { "date_type", "Input should be a valid date" },
	[FAULT_DATE_PARSING] = { "date_from_datetime_parsing", NULL },
	[FAULT_TIME_TYPE] = { "time_type", "Input should be a valid time" },
	[FAULT_TIME_PARSING] = { "time_parsing", NULL },
	[FAULT_DATETIME_TYPE] = { "datetime_type",
	    "Input should be a valid datetime" },
	[FAULT_DATETIME_PARSING] = { "datetime_from_date_parsing", NULL },
	[FAULT_DELTA_TYPE] = { "time_delta_type",
	    "Input should be a valid timedelta" },
	[FAULT_DELTA_PARSING] = { "time_delta_parsing", NULL },
	[FAULT_BYTES] = { "bytes_invalid_encoding", NULL },
	[FAULT_URL] = { "url_parsing", NULL },
	[FAULT_IPV4] = { "ip_v4_address",
	    "Input is not a valid IPv4 address" },
	[FAULT_IPV6] = { "ip_v6_address",
	    "Input is not a valid IPv6 address" },
	[FAULT_VALUE] = { "value_error", NULL },
	[FAULT_LIST_TYPE] = { "list_type", "Input should be a valid list" },
	[FAULT_LIST_SHORT] = { "too_short", NULL },
	[FAULT_LIST_LONG] = { "too_long", NULL },
	[FAULT_OBJECT] = { "model_attributes_type", "Input should be a valid "
	    "dictionary or object to extract fields from" },
};

const char *
fault_type_word(enum fault_type type)
{
	return fault_rows[type].word;
}

const char *
fault_type_message(enum fault_type type)
{
	const char *message = fault_rows[type].message;

	return message == NULL ? "" : message;
}

enum fault_type
fault_type_find(const char *word)
{
	unsigned i;

	for (i = 0; i < FAULT_TYPE_COUNT; i++) {
		if (strcmp(fault_rows[i].word, word) == 0)
			break;
	}
	return (enum fault_type)i;
}

static void
faults_add_loc(struct buf *list, const struct fault_loc *loc)
{
	if (loc->up != NULL) {
		faults_add_loc(list, loc->up);
		buf_add_byte(list, ',');
	}
	if (loc->name.at != NULL)
		buf_add_json(list, loc->name);
	else
		buf_add_uint(list, loc->index);
}

void
faults_add(struct faults *faults, const struct fault *fault)
{
	const struct fault_row *row = &fault_rows[fault->type];
	const char *message = fault->message;
	struct buf *list = &faults->list;

	if (faults->count == FAULTS_MAX)
		return;
	if (faults->messages != NULL && !fault->own_message &&
	    faults->messages[fault->type] != NULL)
		message = faults->messages[fault->type];
	if (message == NULL)
		message = fault_type_message(fault->type);
	buf_add_byte(list, faults->count++ == 0 ? '[' : ',');
	buf_add_text(list, TEXT("{\"type\":"));
	buf_add_json(list, text_of(row->word));
	buf_add_text(list, TEXT(",\"loc\":["));
	faults_add_loc(list, fault->loc);
	buf_add_text(list, TEXT("],\"msg\":"));
	buf_add_json(list, text_of(message));
	if (fault->input.at != NULL &&
	    list->len + fault->input.len <= FAULTS_ECHO) {
		buf_add_text(list, TEXT(",\"input\":"));
		buf_add_text(list, fault->input);
	}
	if (fault->ctx != NULL) {
		buf_add_text(list, TEXT(",\"ctx\":"));
		buf_add_text(list, text_of(fault->ctx));
	}
	buf_add_byte(list, '}');
}

struct text
faults_take(struct faults *faults, struct arena *arena)
{
	struct text list;

	buf_add(&faults->list, faults->count == 0 ? "[]" : "]",
	    faults->count == 0 ? 2 : 1);
	list.len = faults->list.len;
	list.at = arena_text(arena,
	    (struct text){ faults->list.data, faults->list.len });
	faults_release(faults);
	return list;
}

void
faults_release(struct faults *faults)
{
	buf_release(&faults->list);
	faults->count = 0;
}

struct text
fault_quote(struct text text, struct arena *arena)
{
	struct buf quoted = { .data = NULL };
	struct text copy;

	buf_add_json(&quoted, text);
	copy.len = quoted.len;
	copy.at = arena_text(arena, (struct text){ quoted.data, quoted.len });
	buf_release(&quoted);
	return copy;
}
