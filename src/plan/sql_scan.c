/*
 * The part of PostgreSQL's scan.l that matters here. Braces stand nowhere in
 * its grammar outside of quotes, so finding the quotes is all there is to
 * finding references. standard_conforming_strings is taken to be on.
 */
#include "plan/sql_scan.h"

#include <stdbool.h>
#include <string.h>

static bool
sql_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
sql_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
sql_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (unsigned char)c >= 0x80;
}

static char
sql_char(struct text sql, size_t at)
{
	return at < sql.len ? sql.at[at] : '\0';
}

/* The offset behind the closing quote; 0: there is none. */
static size_t
sql_skip_quoted(struct text sql, size_t at, bool backslash)
{
	char quote = sql.at[at];

	for (at++; at < sql.len; at++) {
		if (backslash && sql.at[at] == '\\')
			at++;
		else if (sql.at[at] != quote)
			continue;
		else if (sql_char(sql, at + 1) == quote)
			at++;
		else
			return at + 1;
	}
	return 0;
}

static size_t
sql_skip_line(struct text sql, size_t at)
{
	while (at < sql.len && sql.at[at] != '\n' && sql.at[at] != '\r')
		at++;
	return at;
}

/* The quote that goes on with the string before it, a line down; 0: none. */
static size_t
sql_continuation(struct text sql, size_t at)
{
	bool is_below = false;

	while (at < sql.len) {
		if (sql_is_blank(sql.at[at])) {
			is_below |= sql.at[at] == '\n' || sql.at[at] == '\r';
			at++;
		} else if (sql.at[at] == '-' && sql_char(sql, at + 1) == '-') {
			at = sql_skip_line(sql, at);
		} else {
			return is_below && sql.at[at] == '\'' ? at : 0;
		}
	}
	return 0;
}

/* E'...' and what goes on with it: backslashes escape there too. */
static size_t
sql_skip_escaped(struct text sql, size_t at)
{
	size_t end = sql_skip_quoted(sql, at, true), next;

	while (end > 0 && (next = sql_continuation(sql, end)) > 0)
		end = sql_skip_quoted(sql, next, true);
	return end;
}

static size_t
sql_skip_comment(struct text sql, size_t at)
{
	unsigned depth = 0;

	while (at + 1 < sql.len) {
		if (sql.at[at] == '/' && sql.at[at + 1] == '*') {
			depth++;
			at += 2;
		} else if (sql.at[at] == '*' && sql.at[at + 1] == '/') {
			depth--;
			at += 2;
			if (depth == 0)
				return at;
		} else {
			at++;
		}
	}
	return 0;
}

/* The length of a $tag$ that begins at `at`; 0: it is none. */
static size_t
sql_dollar_tag(struct text sql, size_t at)
{
	size_t end = at + 1;

	if (sql_is_letter(sql_char(sql, end))) {
		while (sql_is_letter(sql_char(sql, end)) ||
		    sql_is_digit(sql_char(sql, end)))
			end++;
	}
	return sql_char(sql, end) == '$' ? end + 1 - at : 0;
}

static size_t
sql_skip_dollar(struct text sql, size_t at, size_t tag)
{
	const char *end;

	end = memmem(sql.at + at + tag, sql.len - at - tag, sql.at + at, tag);
	return end == NULL ? 0 : (size_t)(end - sql.at) + tag;
}

static size_t
sql_skip_word(struct text sql, size_t at)
{
	while (sql_is_letter(sql_char(sql, at)) ||
	    sql_is_digit(sql_char(sql, at)) || sql_char(sql, at) == '$')
		at++;
	return at;
}

static size_t
sql_skip_number(struct text sql, size_t at)
{
	while (sql_is_letter(sql_char(sql, at)) ||
	    sql_is_digit(sql_char(sql, at)) || sql_char(sql, at) == '.')
		at++;
	return at;
}

static size_t
sql_scan_dollar(struct text sql, size_t at, enum sql_token_kind *kind)
{
	size_t tag = sql_dollar_tag(sql, at);

	if (tag > 0) {
		*kind = SQL_QUOTED;
		return sql_skip_dollar(sql, at, tag);
	}
	*kind = SQL_OTHER;
	if (sql_is_digit(sql_char(sql, at + 1))) {
		*kind = SQL_PARAM;
		return sql_skip_number(sql, at + 1);
	}
	return at + 1;
}

/* Returns the offset behind the token; 0 when it is never closed. */
static size_t
sql_scan_token(struct text sql, size_t at, enum sql_token_kind *kind)
{
	char c = sql.at[at], next = sql_char(sql, at + 1);

	*kind = SQL_QUOTED;
	if (c == '\'' || c == '"')
		return sql_skip_quoted(sql, at, false);
	if ((c == 'e' || c == 'E') && next == '\'')
		return sql_skip_escaped(sql, at + 1);
	if (c == '$')
		return sql_scan_dollar(sql, at, kind);
	*kind = SQL_COMMENT;
	if (c == '-' && next == '-')
		return sql_skip_line(sql, at);
	if (c == '/' && next == '*')
		return sql_skip_comment(sql, at);
	*kind = SQL_WORD;
	if (sql_is_letter(c))
		return sql_skip_word(sql, at);
	*kind = SQL_NUMBER;
	if (sql_is_digit(c))
		return sql_skip_number(sql, at);
	*kind = SQL_OTHER;
	return at + 1;
}

size_t
sql_scan(struct text sql, size_t at, struct sql_token *token)
{
	size_t end;

	while (at < sql.len && sql_is_blank(sql.at[at]))
		at++;
	token->offset = at;
	token->kind = SQL_END;
	token->text = (struct text){ sql.at + at, 0 };
	if (at == sql.len)
		return at;
	end = sql_scan_token(sql, at, &token->kind);
	if (end == 0) {
		token->kind = SQL_OPEN;
		end = sql.len;
	}
	token->text.len = end - at;
	return end;
}
