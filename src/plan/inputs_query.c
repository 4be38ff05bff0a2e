/*
 * Queries and cookies: pairs of text behind one another. Each pair is read
 * once; what nobody declared or refers to is passed over.
 */
#include "plan/inputs_state.h"

#include "base/arena.h"
#include "plan/run.h"
#include "plan/schema_check.h"

/* What one input was sent: mostly once. */
struct query_value {
	struct text *texts;
	unsigned count, size;
};

static int
hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

static struct text
decode_bytes(struct text text, bool plus, char *out)
{
	static const struct text bad = { NULL, 0 };
	size_t n = 0, i;

	for (i = 0; i < text.len; i++) {
		char byte = text.at[i];

		if (byte == '+' && plus) {
			byte = ' ';
		} else if (byte == '%') {
			int high, low;

			if (text.len - i < 3)
				return bad;
			high = hex_digit(text.at[i + 1]);
			low = hex_digit(text.at[i + 2]);
			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return bad;
			byte = (char)(high << 4 | low);
			i += 2;
		}
		out[n++] = byte;
	}
	out[n] = '\0';
	return (struct text){ out, n };
}

struct text
inputs_decode(struct text text, bool plus, struct arena *arena)
{
	bool ascii = true, escaped = false;

	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];

		escaped |= byte == '%' || (byte == '+' && plus);
		ascii &= (unsigned char)byte < 0x80;
	}
	if (escaped) {
		text = decode_bytes(text, plus,
		    arena_bytes(arena, text.len + 1));
		ascii = false;
	}
	if (text.at != NULL && !ascii && !json_utf8_valid(text))
		text.at = NULL;
	return text;
}

/* ---- pairs --------------------------------------------------------------- */

/* Cuts the next "name=value" off rest; false when it is empty. */
static bool
query_pair(struct text *rest, char separator, struct text *name,
    struct text *value)
{
	const char *end, *equals;
	struct text pair;

	if (rest->len == 0)
		return false;
	end = memchr(rest->at, separator, rest->len);
	pair.at = rest->at;
	pair.len = end == NULL ? rest->len : (size_t)(end - rest->at);
	rest->at += pair.len + (end != NULL);
	rest->len -= pair.len + (end != NULL);
	equals = memchr(pair.at, '=', pair.len);
	*name = pair;
	*value = (struct text){ pair.at + pair.len, 0 };
	if (equals != NULL) {
		name->len = (size_t)(equals - pair.at);
		*value = (struct text){ equals + 1,
			pair.len - name->len - 1 };
	}
	return true;
}

static int
query_find(const struct inputs *inputs, enum input_place place,
    struct text name)
{
	for (unsigned i = 0; i < inputs->nplaced[place]; i++) {
		const struct input *input =
		    &inputs->list[inputs->placed[place][i]];

		if (text_equal(input->name, name))
			return (int)i;
	}
	return -1;
}

static void
query_add(struct query_value *value, struct text text, struct arena *arena)
{
	unsigned size = value->size == 0 ? 1 : value->size * 4;

	if (value->count == value->size) {
		value->texts = arena_grow(arena, value->texts,
		    value->size * sizeof(text), size * sizeof(text));
		value->size = size;
	}
	value->texts[value->count++] = text;
}

static void
query_extra(struct inputs_check *checking, struct text name, struct text value)
{
	struct fault_loc place = { NULL, TEXT("query"), 0 };
	struct fault_loc loc = { &place, name, 0 };
	struct fault fault = { .type = FAULT_EXTRA, .loc = &loc };

	fault.input = fault_quote(value, checking->check->arena);
	checking->check->failed = FAULT_EXTRA;
	faults_add(checking->check->faults, &fault);
}

static int
query_bad(struct inputs_check *checking)
{
	return error_set(checking->err, ERROR_BAD_REQUEST,
	    "There was an error parsing the query");
}

/* All values of all inputs; then unknown keys, whose faults come last. */
static int
query_read(struct inputs_check *checking, struct query_value *values,
    bool extras)
{
	const struct inputs *inputs = checking->inputs;
	struct arena *arena = checking->check->arena;
	struct text rest = checking->request->query, name, value;

	while (query_pair(&rest, '&', &name, &value)) {
		int i;

		if (name.len == 0 && value.len == 0)
			continue;
		name = inputs_decode(name, true, arena);
		value = inputs_decode(value, true, arena);
		if (name.at == NULL || value.at == NULL)
			return query_bad(checking);
		i = query_find(inputs, INPUT_QUERY, name);
		if (i >= 0 && !extras)
			query_add(&values[i], value, arena);
		else if (i < 0 && extras)
			query_extra(checking, name, value);
	}
	return 0;
}

/* A key twice where one value is wanted: which one was meant? */
static void
query_repeated(struct inputs_check *checking, const struct schema *schema,
    const struct query_value *value, const struct fault_loc *loc)
{
	struct arena *arena = checking->check->arena;
	struct buf list = { NULL, 0, 0 };
	struct fault fault = { .type = FAULT_VALUE, .loc = loc,
		.message = "Value error, sent more than once",
		.ctx = "{\"error\":{}}" };

	if (schema->message != NULL) {
		fault.message = schema->message;
		fault.own_message = true;
	}
	for (unsigned i = 0; i < value->count; i++) {
		buf_add_byte(&list, i == 0 ? '[' : ',');
		buf_add_json(&list, value->texts[i]);
	}
	buf_add_byte(&list, ']');
	if (!schema->holds_secret)
		fault.input = (struct text){ arena_text(arena,
		    (struct text){ list.data, list.len }), list.len };
	buf_release(&list);
	checking->check->failed = FAULT_VALUE;
	faults_add(checking->check->faults, &fault);
}

static void
query_check(struct inputs_check *checking, unsigned at,
    const struct query_value *value)
{
	struct check *check = checking->check;
	const struct input *input = &checking->inputs->list[at];
	const struct schema *schema = input->schema;
	struct fault_loc place = { NULL, TEXT("query"), 0 };
	struct fault_loc loc = { &place, input->name, 0 };

	if (value->count == 0)
		inputs_check_text(checking, at, (struct text){ NULL, 0 });
	else if (schema->kind == SCHEMA_LIST)
		schema_check_texts(check, schema, value->texts, value->count,
		    &loc, &check->values[at]);
	else if (value->count > 1 && !schema->lenient)
		query_repeated(checking, schema, value, &loc);
	else
		inputs_check_text(checking, at, value->texts[0]);
}

int
inputs_check_query(struct inputs_check *checking)
{
	const struct inputs *inputs = checking->inputs;
	unsigned n = inputs->nplaced[INPUT_QUERY];
	struct query_value *values;

	if (n == 0 && !inputs->is_strict)
		return 0;
	values = arena_alloc(checking->check->arena,
	    (n + 1) * sizeof(*values));
	if (query_read(checking, values, false) != 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		query_check(checking, inputs->placed[INPUT_QUERY][i],
		    &values[i]);
	return inputs->is_strict ? query_read(checking, values, true) : 0;
}

/* ---- cookies ------------------------------------------------------------- */

static struct text
cookie_trim(struct text text)
{
	while (text.len > 0 && (*text.at == ' ' || *text.at == '\t')) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && (text.at[text.len - 1] == ' ' ||
	    text.at[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* RFC 6265 5.4 sends the most exact one first: that one counts. */
static struct text
cookie_find(struct text rest, struct text wanted)
{
	struct text name, value;

	while (query_pair(&rest, ';', &name, &value)) {
		if (!text_equal(cookie_trim(name), wanted))
			continue;
		value = cookie_trim(value);
		if (value.len >= 2 && value.at[0] == '"' &&
		    value.at[value.len - 1] == '"') {
			value.at++;
			value.len -= 2;
		}
		return value;
	}
	return (struct text){ NULL, 0 };
}

int
inputs_check_cookies(struct inputs_check *checking)
{
	const struct inputs *inputs = checking->inputs;
	const struct run_input *request = checking->request;
	struct text all = { NULL, 0 };

	if (inputs->nplaced[INPUT_COOKIE] == 0)
		return 0;
	if (request->header != NULL)
		all = request->header(request->headers, TEXT("cookie"));
	if (all.at != NULL && !json_utf8_valid(all))
		return error_set(checking->err, ERROR_BAD_REQUEST,
		    "There was an error parsing the cookies");
	for (unsigned i = 0; i < inputs->nplaced[INPUT_COOKIE]; i++) {
		unsigned at = inputs->placed[INPUT_COOKIE][i];

		inputs_check_text(checking, at,
		    cookie_find(all, inputs->list[at].name));
	}
	return 0;
}
