/*
 * What people write where a value or a name is due, and what they meant: most
 * come from YAML, JSON, nginx.conf or an earlier libconfig file.
 */
#include "conf/syntax_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "conf/report.h"

/* A message that shows more than this of one token is not read. */
enum { SHOWN_MAX = 60 };

static const struct {
	const char *word, *hint;
} word_hints[] = {
	{ "yes", "write true" },
	{ "on", "write true" },
	{ "no", "write false" },
	{ "off", "write false" },
	{ "null", "leave the setting out, or write \"{null}\" in a reply" },
	{ "none", "leave the setting out, or write \"{null}\" in a reply" },
	{ "nil", "leave the setting out, or write \"{null}\" in a reply" },
};

int
syntax_shown(const struct token *token)
{
	size_t n;

	for (n = 0; n < token->length && n < SHOWN_MAX; n++)
		if ((unsigned char)token->at[n] < ' ')
			break;
	return (int)n;
}

static bool
word_is_quantity(const struct token *word)
{
	size_t n;

	for (n = 0; n < word->length; n++)
		if (!isdigit((unsigned char)word->at[n]))
			break;
	if (n == 0 || word->length - n > 2)
		return false;
	for (; n < word->length; n++)
		if (!isalpha((unsigned char)word->at[n]))
			return false;
	return true;
}

void
syntax_fault_word(struct conf_report *report, struct src_pos pos,
    const struct token *word)
{
	int shown = syntax_shown(word);
	size_t i;

	for (i = 0; i < ARRAY_LEN(word_hints); i++)
		if (word->length == strlen(word_hints[i].word) &&
		    strncasecmp(word->at, word_hints[i].word,
		    word->length) == 0) {
			conf_fault(report, pos, "%.*s is not a value; %s",
			    shown, word->at, word_hints[i].hint);
			return;
		}
	if (shown == 0 || (size_t)shown < word->length)
		conf_fault(report, pos, "no value can begin here; strings "
		    "stand in double quotes");
	else if (word->at[0] == '\'' || word->at[0] == '`' ||
	    (unsigned char)word->at[0] >= 0x80)
		conf_fault(report, pos, "%.*s is not a value; strings stand "
		    "in plain double quotes", shown, word->at);
	else if (word_is_quantity(word))
		conf_fault(report, pos, "%.*s is not a value; a number with a "
		    "unit stands in quotes: \"%.*s\"", shown, word->at, shown,
		    word->at);
	else
		conf_fault(report, pos, "%.*s is not a value; did you mean "
		    "the string \"%.*s\"?", shown, word->at, shown, word->at);
}

static void
name_fault_include(struct conf_report *report, struct src_pos pos,
    const struct scanner *after)
{
	struct scanner ahead = *after;
	struct token token;

	scanner_next(&ahead, &token);
	if (token.kind == TOKEN_STRING && token.length < SHOWN_MAX)
		conf_fault(report, pos, "@include is not used here; write "
		    "include = [ %.*s ];", (int)token.length, token.at);
	else
		conf_fault(report, pos, "@include is not used here; write "
		    "include = [ \"routes.d/*.conf\" ];");
}

/* Of a name that libconfig takes. */
static enum syntax_name_verdict
name_fault_stars(struct conf_report *report, struct src_pos pos,
    const struct token *word)
{
	struct token bare = token_without_star(*word);
	int shown = syntax_shown(word);

	if (bare.length == 0) {
		conf_fault(report, pos, "a \"*\" needs a name behind it");
		return SYNTAX_NAME_LEFT_OUT;
	}
	if (memchr(bare.at, '*', bare.length) != NULL) {
		conf_fault(report, pos, "\"%.*s\" cannot be a name: one \"*\" "
		    "may stand before a name, and nowhere else", shown,
		    word->at);
		return SYNTAX_NAME_LEFT_OUT;
	}
	return SYNTAX_NAME_GOOD;
}

/* A word that could be one with a star before it: 404, _links. */
static bool
name_wants_star(const struct token *word)
{
	size_t n;

	for (n = 0; n < word->length; n++)
		if (!isalnum((unsigned char)word->at[n]) &&
		    word->at[n] != '-' && word->at[n] != '_')
			return false;
	return true;
}

enum syntax_name_verdict
syntax_fault_name(struct conf_report *report, struct src_pos pos,
    const struct token *word, const struct scanner *after)
{
	enum word_kind kind = word_classify(word->at, word->length);
	int shown = syntax_shown(word);

	if (kind == WORD_NAME)
		return name_fault_stars(report, pos, word);
	if (word->length >= 8 && memcmp(word->at, "@include", 8) == 0) {
		name_fault_include(report, pos, after);
		return SYNTAX_NAME_END;
	}
	if (shown == 0 || (size_t)shown < word->length) {
		conf_fault(report, pos, "no name can begin here");
		return SYNTAX_NAME_END;
	}
	if (kind == WORD_BOOLEAN || name_wants_star(word))
		conf_fault(report, pos, "\"%.*s\" cannot be a name as it "
		    "stands; write \"*%.*s\", the star is dropped", shown,
		    word->at, shown, word->at);
	else
		conf_fault(report, pos, "\"%.*s\" cannot be a name: a name is "
		    "a letter, then letters, digits, \"-\" and \"_\"", shown,
		    word->at);
	return SYNTAX_NAME_UNREADABLE;
}
