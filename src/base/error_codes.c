/*
 * The stable code words, a row each: what programs and log searches may rely
 * on. The manual prints this table.
 */
#include <string.h>

#include "base/error.h"

/* How long a client should stay away where nothing better is known. */
#define SOON_S 1

static const struct error_row error_rows[ERROR_CODE_COUNT] = {
	[ERROR_NONE] = { "none", 0, "", "No error.", 0 },
	[ERROR_BAD_REQUEST] = { "bad_request", 400, NULL,
	    "The request breaks the rules of HTTP, of its encoding or of "
	    "UTF-8.", 0 },
	[ERROR_INVALID] = { "invalid", 422, NULL,
	    "Inputs do not fit what is declared; the reply lists each fault.",
	    0 },
	[ERROR_NOT_FOUND] = { "not_found", 404, NULL,
	    "No route has this path.", 0 },
	[ERROR_NO_ROW] = { "no_row", 404, NULL,
	    "A row or value operation found none.", 0 },
	[ERROR_METHOD_NOT_ALLOWED] = { "method_not_allowed", 405, NULL,
	    "Routes with this path serve other methods; Allow names them.",
	    0 },
	[ERROR_REQUEST_TIMEOUT] = { "request_timeout", 408, NULL,
	    "The client took too long to send its request.", 0 },
	[ERROR_BODY_TOO_LARGE] = { "body_too_large", 413, NULL,
	    "The body is larger than max_body.", 0 },
	[ERROR_URI_TOO_LONG] = { "uri_too_long", 414, NULL,
	    "The request line is longer than max_line.", 0 },
	[ERROR_MEDIA_TYPE] = { "media_type", 415, NULL,
	    "The body's media type or encoding is not one this route reads.",
	    0 },
	[ERROR_EXPECTATION] = { "expectation", 417, NULL,
	    "The Expect header asks for something other than 100-continue.",
	    0 },
	[ERROR_HEAD_TOO_LARGE] = { "head_too_large", 431, NULL,
	    "The header is larger than max_head or has more fields than "
	    "max_headers.", 0 },
	[ERROR_FORBIDDEN] = { "forbidden", 403, NULL,
	    "A require operation was false or null.", 0 },
	[ERROR_CONFLICT] = { "conflict", 409, NULL,
	    "A unique, foreign key or exclusion constraint refused the "
	    "change.", 0 },
	[ERROR_CONSTRAINT] = { "constraint", 422, NULL,
	    "The database refused a value.", 0 },
	[ERROR_RAISED] = { "raised", 400, NULL,
	    "A function in the database raised an error; SQLSTATE PTxyz "
	    "chooses status xyz.", 0 },
	[ERROR_INTERNAL] = { "internal", 500, NULL,
	    "The fault is ours or the configuration's; the log says more.",
	    0 },
	[ERROR_NOT_IMPLEMENTED] = { "not_implemented", 501, NULL,
	    "The method or transfer coding is not known here.", 0 },
	[ERROR_DB_UNAVAILABLE] = { "db_unavailable", 503, NULL,
	    "The database could not be reached or refused the connection.",
	    SOON_S },
	[ERROR_POOL_TIMEOUT] = { "pool_timeout", 503, NULL,
	    "No database connection became free within pool_timeout.",
	    SOON_S },
	[ERROR_POOL_QUEUE_FULL] = { "pool_queue_full", 503, NULL,
	    "More than pool_queue operations wait for a database connection.",
	    SOON_S },
	[ERROR_OUTCOME_UNKNOWN] = { "outcome_unknown", 503,
	    "It is not known whether the change was made",
	    "The connection was lost while a write was under way; it may or "
	    "may not have been done.", 0 },
	[ERROR_SERIALIZATION] = { "serialization", 503, NULL,
	    "The transaction met another one (SQLSTATE 40001, 40P01) and was "
	    "undone.", SOON_S },
	[ERROR_OVERLOADED] = { "overloaded", 503, NULL,
	    "A limit on what runs at the same time was reached, or one of the "
	    "database on how long a lock or a statement may take.", SOON_S },
	[ERROR_DRAINING] = { "draining", 503, NULL,
	    "The server is about to stop.", SOON_S },
	[ERROR_DEADLINE] = { "deadline", 504, NULL,
	    "The request did not end within request_timeout, or an operation "
	    "within its timeout.", 0 },
	[ERROR_HTTP_VERSION] = { "http_version", 505, NULL,
	    "The request's HTTP version is neither 1.0 nor 1.1.", 0 },
};

const struct error_row *
error_row(enum error_code code)
{
	return &error_rows[code];
}

enum error_code
error_code_find(const char *word)
{
	int code;

	for (code = ERROR_NONE + 1; code < ERROR_CODE_COUNT; code++) {
		if (strcmp(error_rows[code].word, word) == 0)
			return (enum error_code)code;
	}
	return ERROR_NONE;
}
