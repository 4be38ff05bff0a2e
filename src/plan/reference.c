/*
 * The lexer of {references}: by hand, for it runs over SQL, texts and
 * conditions alike and must say where each begins.
 */
#include "plan/reference.h"

#include <string.h>

static bool
reference_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
reference_is_inner(char c)
{
	return reference_is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

/* The end of a name at `at`, or `at` when there is none. */
static size_t
reference_name(struct text source, size_t at, bool digits)
{
	size_t end = at;

	if (at >= source.len || !(digits ? reference_is_inner(source.at[at]) :
	    reference_is_letter(source.at[at])))
		return at;
	while (end < source.len && reference_is_inner(source.at[end]))
		end++;
	return end;
}

static char
reference_char(struct text source, size_t at)
{
	return at < source.len ? source.at[at] : '\0';
}

static struct text
reference_slice(struct text source, size_t from, size_t to)
{
	return (struct text){ source.at + from, to - from };
}

size_t
reference_parse(struct text source, size_t offset, struct reference *ref)
{
	size_t start = offset + 1, at, end;

	*ref = (struct reference){ .offset = offset };
	at = reference_name(source, start, false);
	if (at == start)
		return 0;
	ref->name = reference_slice(source, start, at);
	ref->path = reference_slice(source, at, at);
	while (reference_char(source, at) == '.') {
		end = reference_name(source, at + 1, true);
		if (end == at + 1)
			return 0;
		at = end;
		ref->path = reference_slice(source,
		    start + ref->name.len + 1, at);
	}
	if (reference_char(source, at) == ':') {
		end = reference_name(source, at + 1, false);
		if (end == at + 1)
			return 0;
		ref->fact = reference_slice(source, at + 1, end);
		at = end;
	} else if (reference_char(source, at) == '?') {
		ref->asked = true;
		at++;
	}
	if (reference_char(source, at) != '}')
		return 0;
	ref->whole = reference_slice(source, start, at);
	return at + 1 - offset;
}

enum reference_kind
reference_next(struct reference_reader *reader, struct reference_piece *piece)
{
	struct text rest = { reader->source.at + reader->at,
		reader->source.len - reader->at };
	const char *brace;
	size_t length;

	if (rest.len == 0)
		return REFERENCE_END;
	if (rest.at[0] != '{') {
		brace = memchr(rest.at, '{', rest.len);
		if (brace != NULL)
			rest.len = (size_t)(brace - rest.at);
		piece->text = rest;
		reader->at += rest.len;
		return REFERENCE_TEXT;
	}
	if (rest.len > 1 && rest.at[1] == '{') {
		piece->text = (struct text){ rest.at, 1 };
		reader->at += 2;
		return REFERENCE_TEXT;
	}
	length = reference_parse(reader->source, reader->at,
	    &piece->reference);
	if (length == 0) {
		piece->offset = reader->at;
		reader->at++;
		return REFERENCE_BAD;
	}
	reader->at += length;
	return REFERENCE_NAME;
}

bool
reference_step(struct text *path, struct text *step)
{
	const char *dot;

	if (path->len == 0)
		return false;
	dot = memchr(path->at, '.', path->len);
	if (dot == NULL) {
		*step = *path;
		*path = (struct text){ path->at + path->len, 0 };
		return true;
	}
	*step = (struct text){ path->at, (size_t)(dot - path->at) };
	*path = (struct text){ dot + 1, path->len - step->len - 1 };
	return true;
}
