#ifndef MUSTER_CONF_SCANNER_H
#define MUSTER_CONF_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The tokens of server.conf with their exact places, which libconfig does not
 * tell. Pulled one by one; a copy of the struct looks ahead.
 */
enum token_kind {
	TOKEN_END,
	TOKEN_WORD,		/* a name, a number, true, or what is none */
	TOKEN_STRING,		/* with its quotes */
	TOKEN_OPEN,		/* { [ ( */
	TOKEN_CLOSE,		/* } ] ) */
	TOKEN_ASSIGN,		/* = : */
	TOKEN_SEPARATOR,	/* ; , */
	TOKEN_OPEN_STRING,	/* its quote is never closed; then END */
	TOKEN_OPEN_COMMENT	/* its slash-star is never closed; then END */
};

struct token {
	enum token_kind kind;
	const char *at;
	size_t length;
	size_t offset;
	unsigned line, column;	/* from 1; column counts bytes */
};

struct scanner {
	const char *text;
	size_t length, at;
	unsigned line;
	size_t line_start;	/* offset */
};

void scanner_init(struct scanner *, const char *text, size_t length);

/* Goes on at a place that a token of the same text told. */
void scanner_init_at(struct scanner *, const char *text, size_t length,
    size_t offset, unsigned line, unsigned column);

void scanner_next(struct scanner *, struct token *);

/*
 * Makes a word as long as its writer meant it: up to the next blank, bracket
 * or separator, for messages about values that want quotes (127.0.0.1:80).
 */
void scanner_extend(struct scanner *, struct token *);

enum word_kind {
	WORD_NAME, WORD_BOOLEAN, WORD_INTEGER, WORD_INTEGER64, WORD_FLOAT,
	WORD_OTHER
};

/* What libconfig makes of a word. */
enum word_kind word_classify(const char *at, size_t length);

/* The number of an INTEGER word; -1 when int64 cannot hold it. */
int word_integer(const char *at, size_t length, int64_t *);

/* A name without its leading star: length 0 for "*". */
struct token token_without_star(struct token);

/*
 * One unit of a string's source: a byte, or an escape. Returns the bytes read
 * (0 at its closing quote), and how many bytes of the value they make.
 */
size_t string_step(const char *at, size_t length, size_t *made);

/* Does the source of a string hold \x00? libconfig would cut it there. */
bool string_has_nul(const char *at, size_t length);

#endif
