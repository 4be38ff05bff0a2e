/*
 * The key tables as text: --help-keys for a terminal, mdoc for the manual.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "conf/key.h"

enum { DOCS_WIDTH = 76, DOCS_INDENT = 8 };

/* Words of a kind of value, as the manual shows them. */
static const char *
key_value_name(const struct conf_key *key)
{
	static const char *const names[] = {
		[CONF_TYPE_BOOL] = "true or false",
		[CONF_TYPE_COUNT] = "number",
		[CONF_TYPE_TIME] = "time",
		[CONF_TYPE_SIZE] = "size",
		[CONF_TYPE_STRING] = "string",
		[CONF_TYPE_ENUM] = "word",
		[CONF_TYPE_STRINGS] = "string or list of strings",
		[CONF_TYPE_NODE] = "group",
	};

	if (key->syntax != NULL)
		return key->syntax;
	return names[key->type];
}

static void
key_add_number(const struct conf_key *key, int64_t value, struct buf *buf)
{
	char text[CONF_QUANTITY_LEN];

	if (key->type == CONF_TYPE_TIME)
		conf_time_print(value, text);
	else if (key->type == CONF_TYPE_SIZE)
		conf_size_print(value, text);
	else
		snprintf(text, sizeof(text), "%" PRId64, value);
	buf_printf(buf, "%s", text);
}

static void
key_add_choices(const struct conf_key *key, struct buf *buf)
{
	size_t i;

	buf_printf(buf, "one of");
	for (i = 0; key->choices[i] != NULL; i++)
		buf_printf(buf, "%s \"%s\"", i == 0 ? "" : ",",
		    key->choices[i]);
}

static void
key_add_default(const struct conf_key *key, struct buf *buf)
{
	const char *quote = "\"";

	if (key->dflt == NULL)
		return;
	if (key->type == CONF_TYPE_BOOL || key->type == CONF_TYPE_COUNT ||
	    key->type == CONF_TYPE_NODE)
		quote = "";
	buf_printf(buf, "; default %s%s%s", quote, key->dflt, quote);
}

/* "number of connections, 1..1000; default 10; secret; ..." */
static void
key_add_facts(const struct conf_key *key, struct buf *buf)
{
	if (key->type == CONF_TYPE_ENUM)
		key_add_choices(key, buf);
	else
		buf_printf(buf, "%s", key_value_name(key));
	if (key->unit != NULL)
		buf_printf(buf, " of %s", key->unit);
	if (key->min != 0 || key->max != 0) {
		buf_printf(buf, ", ");
		key_add_number(key, key->min, buf);
		if (key->max == INT64_MAX)
			buf_printf(buf, " or more");
		else {
			buf_printf(buf, "..");
			key_add_number(key, key->max, buf);
		}
	}
	key_add_default(key, buf);
	if (key->flags & CONF_REQUIRED)
		buf_printf(buf, "; required");
	if (key->flags & CONF_SECRET)
		buf_printf(buf, "; secret");
	if (key->flags & CONF_RESTART)
		buf_printf(buf, "; a change needs a restart");
	buf_add_byte(buf, '\0');
}

/* The next word of a text; len 0 at its end. */
static struct text
next_word(const char **text)
{
	struct text word;

	while (isspace((unsigned char)**text))
		++*text;
	word.at = *text;
	while (**text != '\0' && !isspace((unsigned char)**text))
		++*text;
	word.len = (size_t)(*text - word.at);
	return word;
}

static void
help_print_text(const char *text, unsigned indent, FILE *out)
{
	size_t column = 0;
	struct text word;

	while ((word = next_word(&text)).len > 0) {
		if (column > 0 && column + 1 + word.len > DOCS_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (column == 0)
			column = (size_t)fprintf(out, "%*s", (int)indent, "");
		else
			column += (size_t)fprintf(out, " ");
		column += fwrite(word.at, 1, word.len, out);
	}
	if (column > 0)
		fputc('\n', out);
}

void
conf_section_help(const struct conf_section *section, FILE *out)
{
	size_t i;

	fprintf(out, "%s (%s)\n", section->name, section->where);
	if (section->doc != NULL)
		help_print_text(section->doc, 2, out);
	for (i = 0; i < section->nkeys; i++) {
		const struct conf_key *key = &section->keys[i];
		struct buf facts = { 0 };

		key_add_facts(key, &facts);
		fprintf(out, "\n    %s: %s\n", key->name, facts.data);
		if (key->doc != NULL)
			help_print_text(key->doc, DOCS_INDENT, out);
		buf_release(&facts);
	}
	fputc('\n', out);
}

/* One word with what roff would read as its own escaped. */
static size_t
mdoc_print_word(struct text word, bool line_begins, FILE *out)
{
	size_t i;

	if (line_begins && (word.at[0] == '.' || word.at[0] == '\''))
		fputs("\\&", out);
	for (i = 0; i < word.len; i++) {
		if (word.at[i] == '\\')
			fputs("\\e", out);
		else
			fputc(word.at[i], out);
	}
	return word.len;
}

/* A sentence ends at a mark, but not in "e.g. this", nor at "...". */
static bool
sentence_ends(struct text word, const char *rest)
{
	while (isspace((unsigned char)*rest))
		rest++;
	if (word.len >= 3 && memcmp(word.at + word.len - 3, "...", 3) == 0)
		return false;
	return word.len > 1 && strchr(".!?", word.at[word.len - 1]) != NULL &&
	    (*rest == '\0' || !islower((unsigned char)*rest));
}

/* Text lines; a new sentence begins a new line, as mdoc wants it. */
void
conf_mdoc_text(const char *text, FILE *out)
{
	size_t column = 0;
	struct text word;

	while ((word = next_word(&text)).len > 0) {
		if (column > 0 && column + 1 + word.len > DOCS_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (column > 0)
			column += (size_t)fprintf(out, " ");
		column += mdoc_print_word(word, column == 0, out);
		if (sentence_ends(word, text)) {
			fputc('\n', out);
			column = 0;
		}
	}
	if (column > 0)
		fputc('\n', out);
}

static void
mdoc_print_key(const struct conf_key *key, FILE *out)
{
	struct buf facts = { 0 };

	fprintf(out, ".It Ic %s\n", key->name);
	key_add_facts(key, &facts);
	facts.data[0] = (char)toupper((unsigned char)facts.data[0]);
	facts.data[facts.len - 1] = '.';
	buf_add_byte(&facts, '\0');
	conf_mdoc_text(facts.data, out);
	if (key->doc != NULL) {
		fputs(".Pp\n", out);
		conf_mdoc_text(key->doc, out);
	}
	buf_release(&facts);
}

void
conf_section_mdoc(const struct conf_section *section, FILE *out)
{
	size_t i;

	fprintf(out, ".Ss %s\nStands in: %s.\n", section->name,
	    section->where);
	if (section->doc != NULL)
		conf_mdoc_text(section->doc, out);
	if (section->nkeys == 0)
		return;
	fputs(".Bl -tag -width Ds\n", out);
	for (i = 0; i < section->nkeys; i++)
		mdoc_print_key(&section->keys[i], out);
	fputs(".El\n", out);
}
