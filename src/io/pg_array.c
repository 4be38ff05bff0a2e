/*
 * The text of arrays. Only what the server prints is read here, never what a
 * client sent, so the grammar is array_out's (src/backend/utils/adt/
 * arrayfuncs.c): no blanks between tokens, and whatever could be mistaken is
 * quoted, so that a bare NULL is a null and "NULL" in quotes is a text.
 */
#include "io/pg_array.h"

#include <stdbool.h>

void
pg_array_start(struct pg_array *array, struct text text, char delimiter)
{
	const char *equals;

	*array = (struct pg_array){ .rest = text, .delimiter = delimiter };
	if (text.len == 0 || text.at[0] != '[')
		return;
	equals = memchr(text.at, '=', text.len);
	if (equals == NULL)
		return;
	array->rest.at = equals + 1;
	array->rest.len = (size_t)(text.at + text.len - array->rest.at);
}

static void
pg_array_skip(struct pg_array *array, size_t n)
{
	array->rest.at += n;
	array->rest.len -= n;
}

/* A quoted element; the opening quote is read. */
static enum pg_array_token
pg_array_quoted(struct pg_array *array, struct text *item)
{
	const char *at = array->rest.at, *end = at + array->rest.len;
	const char *start = at;
	bool escaped = false;

	array->unescaped.len = 0;
	while (at < end && *at != '"') {
		if (*at == '\\') {
			buf_add(&array->unescaped, start, (size_t)(at - start));
			start = ++at;
			escaped = true;
			if (at == end)
				return PG_ARRAY_BAD;
		}
		at++;
	}
	if (at == end)
		return PG_ARRAY_BAD;
	*item = (struct text){ start, (size_t)(at - start) };
	if (escaped) {
		buf_add_text(&array->unescaped, *item);
		*item = (struct text){ array->unescaped.data,
		    array->unescaped.len };
	}
	pg_array_skip(array, (size_t)(at + 1 - array->rest.at));
	return PG_ARRAY_ITEM;
}

static enum pg_array_token
pg_array_bare(struct pg_array *array, struct text *item)
{
	size_t len = 0;

	while (len < array->rest.len && array->rest.at[len] != '}' &&
	    array->rest.at[len] != array->delimiter)
		len++;
	if (len == 0 || len == array->rest.len)
		return PG_ARRAY_BAD;
	*item = (struct text){ array->rest.at, len };
	pg_array_skip(array, len);
	return text_equal(*item, TEXT("NULL")) ? PG_ARRAY_NULL : PG_ARRAY_ITEM;
}

enum pg_array_token
pg_array_next(struct pg_array *array, struct text *item)
{
	char byte;

	if (array->depth > 0 && array->rest.len > 0 &&
	    array->rest.at[0] == array->delimiter)
		pg_array_skip(array, 1);
	if (array->rest.len == 0)
		return array->depth == 0 ? PG_ARRAY_END : PG_ARRAY_BAD;
	byte = array->rest.at[0];
	if (byte == '{') {
		array->depth++;
		pg_array_skip(array, 1);
		return PG_ARRAY_OPEN;
	}
	if (array->depth == 0)
		return PG_ARRAY_BAD;
	if (byte == '}') {
		array->depth--;
		pg_array_skip(array, 1);
		return PG_ARRAY_CLOSE;
	}
	if (byte != '"')
		return pg_array_bare(array, item);
	pg_array_skip(array, 1);
	return pg_array_quoted(array, item);
}

void
pg_array_release(struct pg_array *array)
{
	buf_release(&array->unescaped);
}

uint32_t
pg_array_count(struct text text, char delimiter)
{
	struct pg_array array;
	enum pg_array_token token;
	struct text item;
	uint32_t count = 0;

	pg_array_start(&array, text, delimiter);
	do {
		token = pg_array_next(&array, &item);
		if (token == PG_ARRAY_OPEN)
			count += array.depth == 2;
		else if (token == PG_ARRAY_ITEM || token == PG_ARRAY_NULL)
			count += array.depth == 1;
	} while (token != PG_ARRAY_END && token != PG_ARRAY_BAD);
	pg_array_release(&array);
	return count;
}

/* Appends one token; comma says whether one must stand before the next. */
static void
pg_array_write_token(const struct pg_writer *element, struct buf *out,
    enum pg_array_token token, struct text item, bool *comma)
{
	if (*comma && token != PG_ARRAY_CLOSE)
		buf_add_byte(out, ',');
	*comma = token != PG_ARRAY_OPEN;
	switch (token) {
	case PG_ARRAY_OPEN:
		buf_add_byte(out, '[');
		break;
	case PG_ARRAY_CLOSE:
		buf_add_byte(out, ']');
		break;
	case PG_ARRAY_NULL:
		buf_add(out, "null", 4);
		break;
	case PG_ARRAY_ITEM:
		element->write(element, out, item);
		break;
	case PG_ARRAY_END:
	case PG_ARRAY_BAD:
		break;
	}
}

void
pg_array_write(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	struct pg_array array;
	enum pg_array_token token;
	struct text item = { NULL, 0 };
	size_t start = out->len;
	bool comma = false;

	pg_array_start(&array, text, writer->delimiter);
	token = pg_array_next(&array, &item);
	while (token != PG_ARRAY_END && token != PG_ARRAY_BAD) {
		pg_array_write_token(writer->element, out, token, item, &comma);
		token = pg_array_next(&array, &item);
	}
	pg_array_release(&array);
	if (token == PG_ARRAY_BAD || out->len == start) {
		out->len = start;
		buf_add_json(out, text);
	}
}
