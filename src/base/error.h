#ifndef MUSTER_BASE_ERROR_H
#define MUSTER_BASE_ERROR_H

#include <stddef.h>

#include "base/compiler.h"

/*
 * What went wrong, from where it happened to the reply and the log line. An
 * error is returned or logged, never both: see ARCHITECTURE.md, "Errors".
 */

/* A place in server.conf or a file it includes. line 0: nowhere. */
struct src_pos {
	const char *file;	/* generation lifetime */
	unsigned line, column;	/* from 1; column counts bytes */
};

/* Stable words for programs. One row each in error_codes.c. */
enum error_code {
	ERROR_NONE,
	ERROR_BAD_REQUEST,		/* 400 framing, syntax, encoding */
	ERROR_INVALID,			/* 422 with a list of faults */
	ERROR_NOT_FOUND,		/* 404 no such route */
	ERROR_NO_ROW,			/* 404 row or value found none */
	ERROR_METHOD_NOT_ALLOWED,	/* 405 */
	ERROR_REQUEST_TIMEOUT,		/* 408 the client was too slow */
	ERROR_BODY_TOO_LARGE,		/* 413 */
	ERROR_URI_TOO_LONG,		/* 414 */
	ERROR_MEDIA_TYPE,		/* 415 */
	ERROR_EXPECTATION,		/* 417 */
	ERROR_HEAD_TOO_LARGE,		/* 431 */
	ERROR_FORBIDDEN,		/* 403 require was false */
	ERROR_CONFLICT,			/* 409 unique or foreign key */
	ERROR_CONSTRAINT,		/* 422 the database refused a value */
	ERROR_RAISED,			/* 400 RAISE in SQL, or PTxyz */
	ERROR_INTERNAL,			/* 500 our fault or server.conf's */
	ERROR_NOT_IMPLEMENTED,		/* 501 */
	ERROR_DB_UNAVAILABLE,		/* 503 */
	ERROR_POOL_TIMEOUT,		/* 503 */
	ERROR_POOL_QUEUE_FULL,		/* 503 */
	ERROR_OUTCOME_UNKNOWN,		/* 503 a write was lost in flight */
	ERROR_SERIALIZATION,		/* 503 40001, 40P01 */
	ERROR_OVERLOADED,		/* 503 */
	ERROR_DRAINING,			/* 503 */
	ERROR_DEADLINE,			/* 504 the request's time is over */
	ERROR_HTTP_VERSION,		/* 505 */
	ERROR_CODE_COUNT
};

struct error_row {
	const char *word;	/* "pool_timeout" */
	int status;
	const char *message;	/* the default text; NULL: the reason phrase */
	const char *doc;	/* a sentence for the manual */
	int retry_after_s;	/* what error_set proposes; 0: nothing */
};

struct error {
	int status;		/* HTTP status; 0: no error */
	enum error_code code;
	int retry_after_s;	/* above 0: a Retry-After header */
	char message[200];	/* for the client */
	char detail[300];	/* for the log only */
	struct src_pos pos;	/* the place in server.conf that asked for it */
	const char *op;		/* the operation's name, or NULL; generation */
	const char *field;	/* for error.fields, or NULL; generation */
	char sqlstate[6];	/* "" when not from the database */
	char constraint[64];	/* as PostgreSQL names it, or "" */
	char column[64];	/* as PostgreSQL names it, or "" */
	const char *list;	/* JSON array of 422 faults, request arena */
	size_t list_len;
};

const struct error_row *error_row(enum error_code);

/* The row's code for a word of server.conf; ERROR_NONE when unknown. */
enum error_code error_code_find(const char *word);

/*
 * Clears and fills an error: status and retry_after_s from the code's row,
 * message from the format. NULL format: the row's default text. A text that
 * does not fit is cut between characters. Returns -1, for `return`.
 */
int error_set(struct error *, enum error_code, const char *format, ...)
    PRINTF(3, 4);

/* What only the log may see. Cuts what does not fit. */
void error_detail(struct error *, const char *format, ...) PRINTF(2, 3);

/* The reason phrase of an HTTP status, RFC 9110 15; "" when unknown. */
const char *error_reason(int status);

#endif
