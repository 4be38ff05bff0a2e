/*
 * Cuts server.conf into tokens by libconfig's rules, and knows where each one
 * stands. A word is taken longer than libconfig would take it: "5s" is one
 * word here, while libconfig reads a 5 and the name s, which is never what
 * was meant. What libconfig 1.5 does with each kind of input was tried, not
 * read: t/unit/conf_syntax.c compares the two.
 */
#include "conf/scanner.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

void
scanner_init(struct scanner *scanner, const char *text, size_t length)
{
	scanner_init_at(scanner, text, length, 0, 1, 1);
}

void
scanner_init_at(struct scanner *scanner, const char *text, size_t length,
    size_t offset, unsigned line, unsigned column)
{
	*scanner = (struct scanner){
		.text = text, .length = length, .at = offset, .line = line,
		.line_start = offset + 1 - column
	};
}

static bool
scanner_sees(const struct scanner *scanner, const char *two)
{
	return scanner->length - scanner->at >= 2 &&
	    memcmp(scanner->text + scanner->at, two, 2) == 0;
}

/* Steps over n bytes, counting lines. */
static void
scanner_skip(struct scanner *scanner, size_t n)
{
	for (; n > 0; n--) {
		if (scanner->text[scanner->at++] == '\n') {
			scanner->line++;
			scanner->line_start = scanner->at;
		}
	}
}

static void
scanner_skip_line(struct scanner *scanner)
{
	const char *end = memchr(scanner->text + scanner->at, '\n',
	    scanner->length - scanner->at);

	scanner->at = end == NULL ? scanner->length :
	    (size_t)(end - scanner->text);
}

/* False when the comment that begins here is not closed. */
static bool
scanner_skip_comment(struct scanner *scanner)
{
	scanner_skip(scanner, 2);
	while (scanner->at < scanner->length && !scanner_sees(scanner, "*/"))
		scanner_skip(scanner, 1);
	if (scanner->at == scanner->length)
		return false;
	scanner_skip(scanner, 2);
	return true;
}

static bool
byte_is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' ||
	    byte == '\f';
}

/* Ends a word together with blanks and comments. */
static bool
byte_is_mark(char byte)
{
	return byte != '\0' && strchr("{}[]()=:;,\"#", byte) != NULL;
}

static void
token_begin(const struct scanner *scanner, struct token *token)
{
	*token = (struct token){
		.kind = TOKEN_END,
		.at = scanner->text + scanner->at,
		.offset = scanner->at,
		.line = scanner->line,
		.column = (unsigned)(scanner->at - scanner->line_start) + 1
	};
}

/* Blanks and comments. False, with the token told, at an unclosed one. */
static bool
scanner_skip_blanks(struct scanner *scanner, struct token *token)
{
	while (scanner->at < scanner->length) {
		if (byte_is_blank(scanner->text[scanner->at]))
			scanner_skip(scanner, 1);
		else if (scanner->text[scanner->at] == '#' ||
		    scanner_sees(scanner, "//"))
			scanner_skip_line(scanner);
		else if (!scanner_sees(scanner, "/*"))
			break;
		else {
			token_begin(scanner, token);
			if (!scanner_skip_comment(scanner)) {
				token->kind = TOKEN_OPEN_COMMENT;
				token->length = 2;
				return false;
			}
		}
	}
	return true;
}

static void
scan_string(struct scanner *scanner, struct token *token)
{
	const char *text = scanner->text;

	scanner_skip(scanner, 1);
	while (scanner->at < scanner->length && text[scanner->at] != '"') {
		if (text[scanner->at] == '\\' &&
		    scanner->length - scanner->at > 1)
			scanner_skip(scanner, 1);
		scanner_skip(scanner, 1);
	}
	if (scanner->at == scanner->length)
		token->kind = TOKEN_OPEN_STRING;
	else {
		token->kind = TOKEN_STRING;
		scanner_skip(scanner, 1);
	}
}

static void
scan_word(struct scanner *scanner, struct token *token)
{
	token->kind = TOKEN_WORD;
	while (scanner->at < scanner->length &&
	    !byte_is_blank(scanner->text[scanner->at]) &&
	    !byte_is_mark(scanner->text[scanner->at]) &&
	    !scanner_sees(scanner, "//") && !scanner_sees(scanner, "/*"))
		scanner->at++;
}

static enum token_kind
byte_kind(char byte)
{
	switch (byte) {
	case '{': case '[': case '(':
		return TOKEN_OPEN;
	case '}': case ']': case ')':
		return TOKEN_CLOSE;
	case '=': case ':':
		return TOKEN_ASSIGN;
	case ';': case ',':
		return TOKEN_SEPARATOR;
	case '"':
		return TOKEN_STRING;
	}
	return TOKEN_WORD;
}

void
scanner_next(struct scanner *scanner, struct token *token)
{
	if (!scanner_skip_blanks(scanner, token))
		return;
	token_begin(scanner, token);
	if (scanner->at == scanner->length)
		return;
	token->kind = byte_kind(scanner->text[scanner->at]);
	if (token->kind == TOKEN_STRING)
		scan_string(scanner, token);
	else if (token->kind == TOKEN_WORD)
		scan_word(scanner, token);
	else
		scanner->at++;
	token->length = scanner->at - token->offset;
}

void
scanner_extend(struct scanner *scanner, struct token *token)
{
	while (scanner->at < scanner->length &&
	    !byte_is_blank(scanner->text[scanner->at]) &&
	    strchr("{}[]();,\"", scanner->text[scanner->at]) == NULL)
		scanner->at++;
	token->length = scanner->at - token->offset;
}

static bool
word_equals(const char *at, size_t length, const char *word)
{
	return length == strlen(word) && strncasecmp(at, word, length) == 0;
}

static size_t
word_digits(const char *at, size_t length)
{
	size_t n;

	for (n = 0; n < length && isdigit((unsigned char)at[n]); n++)
		continue;
	return n;
}

/* A decimal or 0x number, its suffix cut off; 0 when it is none. */
static size_t
word_integer_length(const char *at, size_t length, bool *is_hex)
{
	size_t n;

	*is_hex = length > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
	if (*is_hex) {
		for (n = 2; n < length && isxdigit((unsigned char)at[n]); n++)
			continue;
		return n == 2 ? 0 : n;
	}
	n = length > 0 && (at[0] == '-' || at[0] == '+') ? 1 : 0;
	length = word_digits(at + n, length - n);
	return length == 0 ? 0 : n + length;
}

/* libconfig's: digits with a point, an exponent, or both. */
static bool
word_is_float(const char *at, size_t length)
{
	size_t n = length > 0 && (at[0] == '-' || at[0] == '+') ? 1 : 0;
	size_t digits, exponent;

	digits = word_digits(at + n, length - n);
	n += digits;
	if (n < length && at[n] == '.') {
		n++;
		exponent = word_digits(at + n, length - n);
		digits += exponent;
		n += exponent;
	}
	if (digits == 0)
		return false;
	if (n < length && (at[n] == 'e' || at[n] == 'E')) {
		n++;
		if (n < length && (at[n] == '-' || at[n] == '+'))
			n++;
		exponent = word_digits(at + n, length - n);
		if (exponent == 0)
			return false;
		n += exponent;
	}
	return n == length;
}

static bool
word_is_name(const char *at, size_t length)
{
	size_t n;

	if (length == 0 || (!isalpha((unsigned char)at[0]) && at[0] != '*'))
		return false;
	for (n = 1; n < length; n++)
		if (!isalnum((unsigned char)at[n]) && at[n] != '-' &&
		    at[n] != '_' && at[n] != '*')
			return false;
	return true;
}

enum word_kind
word_classify(const char *at, size_t length)
{
	bool is_hex;
	size_t n;

	if (word_equals(at, length, "true") || word_equals(at, length, "false"))
		return WORD_BOOLEAN;
	if (word_is_name(at, length))
		return WORD_NAME;
	n = word_integer_length(at, length, &is_hex);
	if (n > 0 && n == length)
		return WORD_INTEGER;
	if (n > 0 && n + 2 >= length && at[n] == 'L' && at[length - 1] == 'L')
		return WORD_INTEGER64;
	return word_is_float(at, length) ? WORD_FLOAT : WORD_OTHER;
}

static unsigned
hex_digit(char byte)
{
	if (isdigit((unsigned char)byte))
		return (unsigned)(byte - '0');
	return (unsigned)(tolower((unsigned char)byte) - 'a') + 10;
}

int
word_integer(const char *at, size_t length, int64_t *number)
{
	bool is_hex, negative = length > 0 && at[0] == '-';
	size_t n = word_integer_length(at, length, &is_hex), i;
	uint64_t value = 0, base, limit;

	if (n == 0)
		return -1;
	base = is_hex ? 16 : 10;
	limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	i = is_hex ? 2 : at[0] == '-' || at[0] == '+' ? 1 : 0;
	for (; i < n; i++) {
		unsigned digit = hex_digit(at[i]);

		if (value > (limit - digit) / base)
			return -1;
		value = value * base + digit;
	}
	*number = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

struct token
token_without_star(struct token token)
{
	if (token.length > 0 && token.at[0] == '*') {
		token.at++;
		token.offset++;
		token.column++;
		token.length--;
	}
	return token;
}

/*
 * \" \\ \n \r \t \f and \xHH are escapes; before any other byte libconfig
 * keeps the backslash.
 */
size_t
string_step(const char *at, size_t length, size_t *made)
{
	*made = 1;
	if (length == 0 || at[0] == '"')
		return 0;
	if (at[0] != '\\' || length == 1)
		return 1;
	if (strchr("\"\\nrtf", at[1]) != NULL && at[1] != '\0')
		return 2;
	if (length >= 4 && (at[1] == 'x' || at[1] == 'X') &&
	    isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3]))
		return 4;
	return 1;
}

bool
string_has_nul(const char *at, size_t length)
{
	size_t i, n, made;

	for (i = 1; (n = string_step(at + i, length - i, &made)) > 0; i += n)
		if (n == 4 && at[i + 2] == '0' && at[i + 3] == '0')
			return true;
	return false;
}
