/*
 * From SQL with references to SQL with parameters, in one pass over the
 * tokens, which also finds out whether the statement writes and what is
 * better said before it serves than after.
 */
#include "plan/sql_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "plan/sql_scan.h"

/* Parentheses deeper than this are not looked into for LIMIT. */
#define SQL_DEPTH_MAX 64

struct sql_level {
	size_t limit;		/* offset of LIMIT; SIZE_MAX: none */
	bool ordered;
};

struct sql_parser {
	struct text source;
	const struct sql_sink *sink;
	struct sql_text *text;
	struct buf out;
	size_t copied;		/* of the source into out */
	struct buf params, pieces;	/* arrays that grow */
	struct sql_token last;	/* before this one, comments left out */
	unsigned ntokens;
	bool ended;		/* by a semicolon */
	unsigned depth;
	struct sql_level levels[SQL_DEPTH_MAX];
	unsigned faults;
};

/* A statement that begins with one of these changes its connection. */
static const char *const sql_refused[] = {
	"abort", "analyze", "begin", "checkpoint", "close", "commit", "copy",
	"deallocate", "declare", "discard", "end", "execute", "fetch",
	"listen", "load", "lock", "move", "prepare", "release", "reset",
	"rollback", "savepoint", "set", "start", "unlisten", "vacuum",
};

static const char *const sql_reading[] = {
	"explain", "select", "show", "table", "values", "with",
};

static const char *const sql_writing[] = {
	"call", "delete", "insert", "merge", "update",
};

/* What else a statement may begin with; all of it changes something. */
static const char *const sql_changing[] = {
	"alter", "cluster", "comment", "create", "do", "drop", "grant",
	"import", "notify", "reassign", "refresh", "reindex", "revoke",
	"security", "truncate",
};

static bool
sql_word_is(const struct sql_token *token, const char *word)
{
	return token->kind == SQL_WORD &&
	    text_equal_nocase(token->text, text_of(word));
}

static bool
sql_word_among(const struct sql_token *token, const char *const words[],
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (sql_word_is(token, words[i]))
			return true;
	}
	return false;
}

static bool
sql_byte_is(const struct sql_token *token, char byte)
{
	return token->kind == SQL_OTHER && token->text.at[0] == byte;
}

static void
sql_fault(struct sql_parser *parser, size_t offset, const char *message)
{
	parser->faults++;
	parser->sink->fault(parser->sink->arg, offset, message);
}

/* ---- parameters ---------------------------------------------------------- */

static void
sql_piece_add(struct sql_parser *parser, size_t source, bool param)
{
	struct sql_piece piece = { parser->out.len, source, param };

	buf_add(&parser->pieces, &piece, sizeof(piece));
	parser->text->npieces++;
}

static void
sql_copy(struct sql_parser *parser, size_t to)
{
	if (to <= parser->copied)
		return;
	sql_piece_add(parser, parser->copied, false);
	buf_add(&parser->out, parser->source.at + parser->copied,
	    to - parser->copied);
	parser->copied = to;
}

static bool
sql_is_inner(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '{' ||
	    (unsigned char)c >= 0x80;
}

static unsigned
sql_param(struct sql_parser *parser, const struct reference *ref)
{
	const struct reference *params = (const void *)parser->params.data;
	unsigned i;

	for (i = 0; i < parser->text->nparams; i++) {
		if (text_equal(params[i].whole, ref->whole))
			return i + 1;
	}
	if (i == SQL_PARAMS_MAX) {
		sql_fault(parser, ref->offset,
		    "more than 1000 references in one statement");
		return 1;
	}
	buf_add(&parser->params, ref, sizeof(*ref));
	return ++parser->text->nparams;
}

/* Blanks keep "LIMIT{n}OFFSET" from becoming one word. */
static size_t
sql_reference(struct sql_parser *parser, size_t at)
{
	struct text source = parser->source;
	struct reference ref;
	size_t length;

	if (at + 1 < source.len && source.at[at + 1] == '{') {
		sql_copy(parser, at);
		parser->copied = at + 1;
		return at + 2;
	}
	length = reference_parse(source, at, &ref);
	if (length == 0) {
		sql_fault(parser, at, REFERENCE_BAD_MESSAGE);
		return at + 1;
	}
	sql_copy(parser, at);
	sql_piece_add(parser, at, true);
	if (parser->out.len > 0 &&
	    sql_is_inner(parser->out.data[parser->out.len - 1]))
		buf_add_byte(&parser->out, ' ');
	buf_printf(&parser->out, "$%u", sql_param(parser, &ref));
	at += length;
	if (at < source.len && sql_is_inner(source.at[at]))
		buf_add_byte(&parser->out, ' ');
	parser->copied = at;
	return at;
}

/* Braces in quotes are text, but who writes '{user_id}' meant something. */
static void
sql_look_into_quotes(struct sql_parser *parser, const struct sql_token *token)
{
	char message[300];
	struct reference ref;

	for (size_t i = 0; i < token->text.len; i++) {
		if (token->text.at[i] != '{' ||
		    reference_parse(token->text, i, &ref) == 0 ||
		    !parser->sink->known(parser->sink->arg, &ref))
			continue;
		snprintf(message, sizeof(message),
		    "{%.*s} stands in quotes, where it is text; write it "
		    "outside, as in '%%' || {%.*s} || '%%'",
		    (int)(ref.whole.len < 64 ? ref.whole.len : 64),
		    ref.whole.at,
		    (int)(ref.whole.len < 64 ? ref.whole.len : 64),
		    ref.whole.at);
		sql_fault(parser, token->offset + i, message);
	}
}

/* ---- what the words say -------------------------------------------------- */

static void
sql_fault_first(struct sql_parser *parser, const struct sql_token *token)
{
	char message[160], word[32];
	const char *const names[] = {
		"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES",
		"MERGE", "CALL", NULL
	};
	const char *nearest;

	snprintf(word, sizeof(word), "%.*s",
	    (int)(token->text.len < 30 ? token->text.len : 30),
	    token->text.at);
	for (char *c = word; *c != '\0'; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
	}
	nearest = text_nearest(word, names);
	snprintf(message, sizeof(message),
	    "\"%.*s\" begins no statement%s%s%s", (int)strlen(word),
	    token->text.at, nearest == NULL ? "" : "; did you mean \"",
	    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
	sql_fault(parser, token->offset, message);
}

static void
sql_first_word(struct sql_parser *parser, const struct sql_token *token)
{
	char message[120];

	if (sql_byte_is(token, '(') ||
	    sql_word_among(token, sql_reading, ARRAY_LEN(sql_reading)))
		return;
	if (sql_word_among(token, sql_refused, ARRAY_LEN(sql_refused))) {
		snprintf(message, sizeof(message),
		    "\"%.*s\" cannot be the statement of a route",
		    (int)token->text.len, token->text.at);
		sql_fault(parser, token->offset, message);
		return;
	}
	if (!sql_word_among(token, sql_writing, ARRAY_LEN(sql_writing)) &&
	    !sql_word_among(token, sql_changing, ARRAY_LEN(sql_changing)))
		sql_fault_first(parser, token);
	parser->text->writes = true;
}

/* A word behind a dot is a column, one behind AS a new name. */
static void
sql_word(struct sql_parser *parser, const struct sql_token *token)
{
	const struct sql_token *last = &parser->last;
	struct sql_level *level = parser->depth < SQL_DEPTH_MAX
	    ? &parser->levels[parser->depth] : NULL;

	if (sql_byte_is(last, '.') || sql_word_is(last, "as"))
		return;
	if (sql_word_among(token, sql_writing, ARRAY_LEN(sql_writing)))
		parser->text->writes = true;
	if (sql_word_is(token, "insert"))
		parser->text->inserts = true;
	if (sql_word_is(token, "share") &&
	    (sql_word_is(last, "for") || sql_word_is(last, "key")))
		parser->text->writes = true;
	if (level == NULL)
		return;
	if (sql_word_is(token, "limit") && level->limit == SIZE_MAX)
		level->limit = token->offset;
	if (sql_word_is(token, "by") && sql_word_is(last, "order"))
		level->ordered = true;
}

/* "SELECT *" at the top, not count(*), nor a product. */
static void
sql_star(struct sql_parser *parser, const struct sql_token *token)
{
	static const char *const before[] = {
		"all", "distinct", "returning", "select",
	};
	const struct sql_token *last = &parser->last;

	if (parser->depth > 0)
		return;
	if (sql_word_among(last, before, ARRAY_LEN(before)) ||
	    sql_byte_is(last, ',') || sql_byte_is(last, '.'))
		parser->sink->warn(parser->sink->arg, token->offset,
		    "\"*\" changes the reply when the table gets a column; "
		    "name the columns");
}

static void
sql_level_open(struct sql_parser *parser)
{
	if (parser->depth < SQL_DEPTH_MAX)
		parser->levels[parser->depth] =
		    (struct sql_level){ .limit = SIZE_MAX };
}

static void
sql_level_close(struct sql_parser *parser)
{
	const struct sql_level *level;

	if (parser->depth >= SQL_DEPTH_MAX)
		return;
	level = &parser->levels[parser->depth];
	if (level->limit != SIZE_MAX && !level->ordered)
		parser->sink->warn(parser->sink->arg, level->limit,
		    "LIMIT without ORDER BY takes any rows");
}

static void
sql_parenthesis(struct sql_parser *parser, bool opens)
{
	if (opens) {
		parser->depth++;
		sql_level_open(parser);
	} else if (parser->depth > 0) {
		sql_level_close(parser);
		parser->depth--;
	}
}

/* Joined strings have no line ends between them: the comment takes all. */
static void
sql_comment(struct sql_parser *parser, const struct sql_token *token,
    size_t end)
{
	if (token->text.at[0] == '-' && end == parser->source.len)
		parser->sink->warn(parser->sink->arg, token->offset,
		    "this comment goes to the end of the statement; "
		    "write /* */");
}

/* Returns the offset to go on at. */
static size_t
sql_other(struct sql_parser *parser, const struct sql_token *token, size_t end)
{
	switch (token->text.at[0]) {
	case '{':
		return sql_reference(parser, token->offset);
	case ';':
		parser->ended = parser->ntokens > 0;
		break;
	case '(':
	case ')':
		sql_parenthesis(parser, token->text.at[0] == '(');
		break;
	case '*':
		sql_star(parser, token);
		break;
	}
	return end;
}

static size_t
sql_token(struct sql_parser *parser, const struct sql_token *token, size_t end)
{
	if (token->kind == SQL_OPEN) {
		sql_fault(parser, token->offset,
		    "this quote or comment is never closed");
		return end;
	}
	if (token->kind == SQL_COMMENT) {
		sql_comment(parser, token, end);
		return end;
	}
	if (parser->ended && !sql_byte_is(token, ';')) {
		sql_fault(parser, token->offset, "a second command; "
		    "each operation takes one");
		return parser->source.len;
	}
	if (parser->ntokens == 0 && !sql_byte_is(token, ';'))
		sql_first_word(parser, token);
	if (token->kind == SQL_WORD)
		sql_word(parser, token);
	else if (token->kind == SQL_QUOTED)
		sql_look_into_quotes(parser, token);
	else if (token->kind == SQL_PARAM)
		sql_fault(parser, token->offset,
		    "parameters are written as references, {name}");
	else if (token->kind == SQL_OTHER)
		end = sql_other(parser, token, end);
	if (!sql_byte_is(token, ';'))
		parser->ntokens++;
	parser->last = *token;
	return end;
}

static const void *
sql_array(struct buf *array, struct arena *arena)
{
	void *copy = arena_bytes(arena, array->len);

	if (array->len > 0)
		memcpy(copy, array->data, array->len);
	buf_release(array);
	return copy;
}

static void
sql_text_finish(struct sql_parser *parser, struct arena *arena)
{
	struct sql_text *text = parser->text;

	sql_copy(parser, parser->source.len);
	text->sql = arena_text(arena,
	    (struct text){ parser->out.data, parser->out.len });
	text->params = sql_array(&parser->params, arena);
	text->pieces = sql_array(&parser->pieces, arena);
	buf_release(&parser->out);
}

int
sql_text_parse(struct text source, struct arena *arena,
    const struct sql_sink *sink, struct sql_text *text)
{
	struct sql_parser parser = {
		.source = source, .sink = sink, .text = text,
	};
	struct sql_token token;
	size_t at = 0;

	*text = (struct sql_text){ .sql = NULL };
	sql_level_open(&parser);
	do {
		at = sql_scan(source, at, &token);
		if (token.kind == SQL_END)
			break;
		at = sql_token(&parser, &token, at);
	} while (at < source.len);
	while (parser.depth > 0)
		sql_parenthesis(&parser, false);
	sql_level_close(&parser);
	if (parser.ntokens == 0)
		sql_fault(&parser, 0, "no statement stands here");
	sql_text_finish(&parser, arena);
	return parser.faults == 0 ? 0 : -1;
}

size_t
sql_text_source(const struct sql_text *text, size_t offset)
{
	const struct sql_piece *piece = NULL;

	for (unsigned i = 0; i < text->npieces; i++) {
		if (text->pieces[i].at > offset)
			break;
		piece = &text->pieces[i];
	}
	if (piece == NULL)
		return offset;
	return piece->param ? piece->source
	    : piece->source + (offset - piece->at);
}
