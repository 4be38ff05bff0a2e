/*
 * The grammar of libconfig by recursive descent, with messages for people. A
 * fault that leaves no doubt about what follows is told and passed over
 * (`unreadable` is set when libconfig could not pass it); one that leaves
 * doubt ends the reading: what would be told after it is noise.
 */
#include "conf/syntax.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "conf/report.h"
#include "conf/syntax_names.h"
#include "conf/syntax_words.h"

#define NO_COMMA SIZE_MAX

struct syntax {
	struct scanner scanner;
	struct token token;		/* the next one, not yet taken */
	char *text;
	const char *path;
	struct conf_report *report;
	struct syntax_names names;
	size_t taken_end;		/* offset behind the last taken token */
	unsigned long_string_line;	/* of the last taken token, when it is
					 * a string over lines; else 0 */
	unsigned depth;
	bool unreadable;
	struct { size_t from, to; } *blanks;
	size_t nblanks, blanks_room;
};

static int syntax_value(struct syntax *, const struct token *name);

static struct src_pos
token_pos(const struct syntax *syntax, const struct token *token)
{
	return (struct src_pos){ syntax->path, token->line, token->column };
}

static void
syntax_take(struct syntax *syntax)
{
	const struct token *token = &syntax->token;

	syntax->taken_end = token->offset + token->length;
	syntax->long_string_line = token->kind == TOKEN_STRING &&
	    memchr(token->at, '\n', token->length) != NULL ? token->line : 0;
	scanner_next(&syntax->scanner, &syntax->token);
}

static void
syntax_blank(struct syntax *syntax, size_t from, size_t to)
{
	if (syntax->nblanks == syntax->blanks_room) {
		syntax->blanks_room = syntax->blanks_room * 2 + 8;
		syntax->blanks = memory_grow(syntax->blanks,
		    syntax->blanks_room * sizeof(*syntax->blanks));
	}
	syntax->blanks[syntax->nblanks].from = from;
	syntax->blanks[syntax->nblanks++].to = to;
}

/* Leaves out the separator that comes next. */
static void
syntax_blank_separator(struct syntax *syntax)
{
	syntax_blank(syntax, syntax->token.offset, syntax->token.offset + 1);
	syntax_take(syntax);
}

/* An open string or comment reaches to the end: nothing else can be said. */
static bool
syntax_is_cut(struct syntax *syntax)
{
	const struct token *token = &syntax->token;

	if (token->kind == TOKEN_OPEN_STRING && syntax->long_string_line != 0)
		conf_fault(syntax->report, token_pos(syntax, token),
		    "the string that begins here is not closed, or the one "
		    "that begins at line %u", syntax->long_string_line);
	else if (token->kind == TOKEN_OPEN_STRING)
		conf_fault(syntax->report, token_pos(syntax, token),
		    "the string that begins here is not closed");
	else if (token->kind == TOKEN_OPEN_COMMENT)
		conf_fault(syntax->report, token_pos(syntax, token),
		    "the comment that begins here is not closed");
	else
		return false;
	return true;
}

/* The last resort, when no other rule has a better text. Returns -1. */
static int
syntax_expected(struct syntax *syntax, const char *what)
{
	const struct token *token = &syntax->token;

	if (syntax_is_cut(syntax))
		return -1;
	if (token->kind == TOKEN_END)
		conf_fault(syntax->report, token_pos(syntax, token),
		    "%s, but the file ends here", what);
	else if (syntax->long_string_line != 0)
		conf_fault(syntax->report, token_pos(syntax, token),
		    "%s before \"%.*s\"; is the string that begins at line %u "
		    "closed where it should be?", what,
		    syntax_shown(token), token->at, syntax->long_string_line);
	else if (token->kind == TOKEN_STRING)
		conf_fault(syntax->report, token_pos(syntax, token),
		    "%s before this string", what);
	else
		conf_fault(syntax->report, token_pos(syntax, token),
		    "%s before \"%.*s\"", what, syntax_shown(token),
		    token->at);
	return -1;
}

static char
closing_of(const struct token *open)
{
	return *open->at == '{' ? '}' : *open->at == '[' ? ']' : ')';
}

/* Takes the bracket that closes `open`. NULL: the file itself is open. */
static int
syntax_close(struct syntax *syntax, const struct token *open)
{
	const struct token *token = &syntax->token;

	if (open == NULL) {
		conf_fault(syntax->report, token_pos(syntax, token),
		    "nothing is open here that \"%c\" could close", *token->at);
		return -1;
	}
	if (*token->at != closing_of(open)) {
		conf_fault(syntax->report, token_pos(syntax, token),
		    "\"%c\" cannot close the \"%c\" at line %u, column %u; "
		    "\"%c\" is missing", *token->at, *open->at, open->line,
		    open->column, closing_of(open));
		return -1;
	}
	syntax_take(syntax);
	return 0;
}

static int
syntax_unclosed(struct syntax *syntax, const struct token *open)
{
	conf_fault(syntax->report, token_pos(syntax, open),
	    "the \"%c\" here is not closed; a \"%c\" is missing before the "
	    "end of the file", *open->at, closing_of(open));
	return -1;
}

static bool
syntax_next_is_assign(const struct syntax *syntax)
{
	struct scanner ahead = syntax->scanner;
	struct token token;

	scanner_next(&ahead, &token);
	return token.kind == TOKEN_ASSIGN;
}

static int
syntax_enter(struct syntax *syntax, const struct token *open)
{
	if (++syntax->depth > SYNTAX_MAX_DEPTH) {
		conf_fault(syntax->report, token_pos(syntax, open),
		    "groups and lists nest deeper than %d", SYNTAX_MAX_DEPTH);
		return -1;
	}
	syntax_take(syntax);
	return 0;
}

/* A word as a value. */
static void
syntax_word(struct syntax *syntax)
{
	struct token *token = &syntax->token;
	enum word_kind kind = word_classify(token->at, token->length);
	int64_t number;

	if (kind == WORD_NAME || kind == WORD_OTHER) {
		scanner_extend(&syntax->scanner, token);
		syntax_fault_word(syntax->report, token_pos(syntax, token),
		    token);
		syntax->unreadable = true;
	} else if ((kind == WORD_INTEGER || kind == WORD_INTEGER64) &&
	    word_integer(token->at, token->length, &number) < 0)
		conf_fault(syntax->report, token_pos(syntax, token),
		    "%.*s is outside %" PRId64 "..%" PRId64,
		    syntax_shown(token), token->at, INT64_MIN, INT64_MAX);
	syntax_take(syntax);
}

/* One string, or in a group several that become one. */
static void
syntax_strings(struct syntax *syntax, bool in_group)
{
	const struct token *token = &syntax->token;
	unsigned n;

	for (n = 0; token->kind == TOKEN_STRING; n++) {
		if (n > 0 && !in_group)
			conf_fault(syntax->report, token_pos(syntax, token),
			    "a \",\" is missing before this string; strings "
			    "in a list are not joined");
		if (string_has_nul(token->at, token->length)) {
			conf_fault(syntax->report, token_pos(syntax, token),
			    "a string cannot hold \\x00");
			syntax->unreadable = true;
		}
		syntax_take(syntax);
	}
}

/*
 * The separator after an element, whose place goes to *comma, or what stands
 * instead of it.
 */
static int
syntax_after_element(struct syntax *syntax, const struct token *open,
    size_t *comma)
{
	const struct token *token = &syntax->token;

	*comma = NO_COMMA;
	if (token->kind == TOKEN_CLOSE || token->kind == TOKEN_END)
		return 0;
	if (token->kind == TOKEN_SEPARATOR && *token->at == ';') {
		conf_fault(syntax->report, token_pos(syntax, token),
		    "elements of \"%c %c\" are separated by \",\", not \";\"",
		    *open->at, closing_of(open));
		syntax->unreadable = true;
	} else if (token->kind == TOKEN_ASSIGN)
		return syntax_expected(syntax, "a name is missing");
	else if (token->kind != TOKEN_SEPARATOR) {
		syntax->unreadable = true;
		syntax_expected(syntax, "a \",\" is missing");
		return syntax_is_cut(syntax) ? -1 : 0;
	}
	*comma = token->offset;
	syntax_take(syntax);
	return 0;
}

/* The comma that stands before a closing bracket, though nothing follows. */
static void
syntax_last_comma(struct syntax *syntax, size_t comma)
{
	const struct token *token = &syntax->token;

	if (comma == NO_COMMA)
		return;
	conf_fault(syntax->report, token_pos(syntax, token),
	    "a list cannot end with a \",\"; leave out the one before this "
	    "\"%c\"", *token->at);
	syntax_blank(syntax, comma, comma + 1);
}

/* An array holds plain values of one kind. */
static void
syntax_array_element(struct syntax *syntax, int *kind_before)
{
	const struct token *token = &syntax->token;
	int kind = token->kind == TOKEN_WORD ?
	    (int)word_classify(token->at, token->length) : -1;

	if (token->kind == TOKEN_OPEN) {
		conf_fault(syntax->report, token_pos(syntax, token),
		    "\"[ ]\" holds plain values only; use \"( )\" for groups "
		    "and lists");
		syntax->unreadable = true;
	} else if (*kind_before != -2 && kind != *kind_before) {
		conf_fault(syntax->report, token_pos(syntax, token),
		    "\"[ ]\" holds values of one kind; use \"( )\" for "
		    "different ones");
		syntax->unreadable = true;
	}
	*kind_before = kind;
}

static int
syntax_setting_in_list(struct syntax *syntax, const struct token *open)
{
	const struct token *token = &syntax->token;

	conf_fault(syntax->report, token_pos(syntax, token),
	    "only values can stand between \"%c\" and \"%c\"; is a \"%c\" "
	    "missing before \"%.*s\"?", *open->at, closing_of(open),
	    *open->at == '(' ? '{' : closing_of(open), syntax_shown(token),
	    token->at);
	return -1;
}

static int
syntax_elements(struct syntax *syntax)
{
	const struct token *token = &syntax->token, open = syntax->token;
	size_t comma = NO_COMMA;
	int kind = -2;

	if (syntax_enter(syntax, &open) < 0)
		return -1;
	while (token->kind != TOKEN_CLOSE) {
		if (token->kind == TOKEN_END)
			return syntax_unclosed(syntax, &open);
		if (token->kind == TOKEN_SEPARATOR) {
			conf_fault(syntax->report, token_pos(syntax, token),
			    "a value is missing before \"%c\"", *token->at);
			syntax_blank_separator(syntax);
			continue;
		}
		if (token->kind == TOKEN_WORD && syntax_next_is_assign(syntax))
			return syntax_setting_in_list(syntax, &open);
		if (*open.at == '[')
			syntax_array_element(syntax, &kind);
		if (syntax_value(syntax, NULL) < 0 ||
		    syntax_after_element(syntax, &open, &comma) < 0)
			return -1;
	}
	syntax_last_comma(syntax, comma);
	syntax->depth--;
	return syntax_close(syntax, &open);
}

static int syntax_settings(struct syntax *, const struct token *open);

static int
syntax_group(struct syntax *syntax)
{
	const struct token open = syntax->token;

	if (syntax_enter(syntax, &open) < 0 ||
	    syntax_settings(syntax, &open) < 0)
		return -1;
	syntax->depth--;
	return 0;
}

/* name NULL: an element of a list. */
static int
syntax_value(struct syntax *syntax, const struct token *name)
{
	const struct token *token = &syntax->token;

	if (token->kind == TOKEN_STRING)
		syntax_strings(syntax, name != NULL);
	else if (token->kind == TOKEN_OPEN)
		return *token->at == '{' ? syntax_group(syntax) :
		    syntax_elements(syntax);
	else if (token->kind == TOKEN_WORD && name != NULL &&
	    token->line > name->line && syntax_next_is_assign(syntax)) {
		conf_fault(syntax->report, token_pos(syntax, name),
		    "the value of \"%.*s\" is missing", syntax_shown(name),
		    name->at);
		syntax->unreadable = true;
	} else if (token->kind == TOKEN_WORD)
		syntax_word(syntax);
	else if (name != NULL && (token->kind == TOKEN_SEPARATOR ||
	    (token->kind == TOKEN_CLOSE && *token->at == '}'))) {
		conf_fault(syntax->report, token_pos(syntax, name),
		    "the value of \"%.*s\" is missing", syntax_shown(name),
		    name->at);
		syntax->unreadable = true;
	} else
		return syntax_expected(syntax, "a value is missing");
	return 0;
}

/*
 * A name that libconfig takes. Returns 1 when it and its value must be left
 * out, -1 when the reading ends here.
 */
static int
syntax_name(struct syntax *syntax, const struct token *open)
{
	const struct token *token = &syntax->token;
	struct token first;

	switch (syntax_fault_name(syntax->report, token_pos(syntax, token),
	    token, &syntax->scanner)) {
	case SYNTAX_NAME_GOOD:
		break;
	case SYNTAX_NAME_LEFT_OUT:
		return 1;
	case SYNTAX_NAME_UNREADABLE:
		syntax->unreadable = true;
		return 0;
	case SYNTAX_NAME_END:
		return -1;
	}
	if (syntax_names_add(&syntax->names,
	    open == NULL ? 0 : open->offset + 1, token, &first) == 0)
		return 0;
	conf_fault(syntax->report, token_pos(syntax, token),
	    "\"%.*s\" is set twice; first at %s:%u:%u", syntax_shown(token),
	    token->at, syntax->path, first.line, first.column);
	return 1;
}

/* A name without "=" behind it. Returns -1. */
static int
syntax_no_assign(struct syntax *syntax)
{
	const struct token name = syntax->token;
	unsigned long_string_line = syntax->long_string_line;

	syntax_take(syntax);
	if (long_string_line != 0)
		conf_fault(syntax->report, token_pos(syntax, &name),
		    "\"%.*s\" is neither a value nor followed by \"=\"; is "
		    "the string that begins at line %u closed where it should "
		    "be?", syntax_shown(&name), name.at, long_string_line);
	else if (!syntax_is_cut(syntax))
		conf_fault(syntax->report, token_pos(syntax, &name),
		    syntax->token.kind == TOKEN_OPEN ?
		    "a \"=\" is missing after the name \"%.*s\"" :
		    "\"%.*s\" is neither a value nor followed by \"=\"",
		    syntax_shown(&name), name.at);
	return -1;
}

static int
syntax_setting(struct syntax *syntax, const struct token *open)
{
	const struct token name = syntax->token;
	bool assigns = syntax_next_is_assign(syntax);
	int left_out = 0;

	/* @include has no "=", and a text of its own. */
	if (assigns || *name.at == '@')
		left_out = syntax_name(syntax, open);
	if (left_out < 0)
		return -1;
	if (!assigns)
		return syntax_no_assign(syntax);
	syntax_take(syntax);
	syntax_take(syntax);
	if (syntax_value(syntax, &name) < 0)
		return -1;
	if (syntax->token.kind == TOKEN_SEPARATOR)
		syntax_take(syntax);
	if (left_out)
		syntax_blank(syntax, name.offset, syntax->taken_end);
	return 0;
}

static int
syntax_settings(struct syntax *syntax, const struct token *open)
{
	const struct token *token = &syntax->token;

	for (;;) {
		if (syntax_is_cut(syntax))
			return -1;
		switch (token->kind) {
		case TOKEN_END:
			return open == NULL ? 0 :
			    syntax_unclosed(syntax, open);
		case TOKEN_CLOSE:
			return syntax_close(syntax, open);
		case TOKEN_SEPARATOR:
			conf_fault(syntax->report, token_pos(syntax, token),
			    "nothing stands before this \"%c\"; leave it out",
			    *token->at);
			syntax_blank_separator(syntax);
			break;
		case TOKEN_WORD:
			if (syntax_setting(syntax, open) < 0)
				return -1;
			break;
		case TOKEN_STRING:
			conf_fault(syntax->report, token_pos(syntax, token),
			    "a name is expected here, and names stand without "
			    "quotes");
			return -1;
		case TOKEN_OPEN:
		case TOKEN_ASSIGN:
		case TOKEN_OPEN_STRING:
		case TOKEN_OPEN_COMMENT:
			return syntax_expected(syntax, "a name is missing");
		}
	}
}

/* Line ends stay, so that lines do. */
static void
syntax_overwrite(struct syntax *syntax)
{
	size_t i, at;

	for (i = 0; i < syntax->nblanks; i++)
		for (at = syntax->blanks[i].from; at < syntax->blanks[i].to;
		    at++)
			if (syntax->text[at] != '\n')
				syntax->text[at] = ' ';
}

int
syntax_check(char *text, size_t length, const char *path,
    struct conf_report *report)
{
	struct syntax syntax = {
		.text = text, .path = path, .report = report
	};
	int status;

	scanner_init(&syntax.scanner, text, length);
	scanner_next(&syntax.scanner, &syntax.token);
	status = syntax_settings(&syntax, NULL);
	if (status == 0)
		syntax_overwrite(&syntax);
	free(syntax.blanks);
	syntax_names_release(&syntax.names);
	return status < 0 || syntax.unreadable ? -1 : 0;
}
