#ifndef MUSTER_HTTP_PARSE_H
#define MUSTER_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/*
 * HTTP/1 requests as bytes, RFC 9112 2-7 without mercy: what two parties
 * could read differently is refused, never repaired. Pure functions: no
 * memory is taken, nothing is kept but the caller's structs. After an error
 * the connection must be closed behind the answer.
 */
enum parse_method {
	METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_PATCH,
	METHOD_DELETE, METHOD_OPTIONS,
	METHOD_COUNT
};

struct parse_limits {
	size_t max_line;	/* request line, 8k: over it 414 */
	size_t max_head;	/* request line and fields, 16k: over it 431 */
	unsigned max_headers;	/* fields, 100: over it 431 */
};

struct parse_header {
	struct text name, value;	/* value without surrounding OWS */
};

#define PARSE_HEADERS_MAX 256		/* what max_headers can be raised to */

/* A whole and valid head. Texts point into the bytes it was parsed from. */
struct parse_head {
	enum parse_method method;
	struct text target;		/* as sent */
	struct text path;		/* raw, from '/' on, its escapes are
					 * sound; "*" for OPTIONS * */
	struct text query;		/* raw, without '?'; at NULL: none */
	struct text host;		/* of the Host field, or the target's */
	unsigned minor;			/* HTTP/1.x; above 1 counts as 1 */
	bool keep_alive;		/* may the connection stay open */
	bool chunked;
	bool has_length;		/* Content-Length was there */
	uint64_t length;
	bool expect_continue;		/* HTTP/1.1 and exactly 100-continue */
	bool expect_other;		/* any other expectation: 417 */
	unsigned nheaders;
	struct parse_header headers[PARSE_HEADERS_MAX];
};

enum parse_result { PARSE_DONE, PARSE_MORE, PARSE_FAILED };

/*
 * Looks for a whole head at the front of bytes. DONE: head is filled and
 * *used says how long it was (leading empty lines included). MORE: come back
 * with the same bytes and some behind; *seen (0 at first) is where the search
 * goes on, so that a head that trickles in costs no quadratic time. FAILED:
 * err has the status (400, 414, 431, 501, 505; 417 is left to the caller).
 * What is wrong already in an incomplete head is refused at once, so how the
 * bytes were cut changes neither the outcome nor the error. *used and head
 * mean something after DONE only.
 */
enum parse_result parse_head(const char *bytes, size_t len, size_t *seen,
    const struct parse_limits *, struct parse_head *, size_t *used,
    struct error *);

/* The first field of this name (any case), or at NULL. */
struct text parse_header_find(const struct parse_head *, struct text name);

/* Zeroed to begin. */
struct parse_chunks {
	unsigned state;
	unsigned line_len;		/* of the size line or the trailers */
	unsigned digits;
	uint64_t left;			/* of the chunk's data */
	uint64_t total;			/* data so far */
};

/*
 * Takes bytes of a chunked body. Data is moved to the front of `out` (which
 * may be `bytes` itself): *data bytes of it. *used of the bytes were eaten.
 * DONE after the last trailer. max_body is checked before data is taken: 413.
 */
enum parse_result parse_chunked(struct parse_chunks *, const char *bytes,
    size_t len, uint64_t max_body, char *out, size_t *data, size_t *used,
    struct error *);

const char *parse_method_name(enum parse_method);

/* Is it one of ours? Exact, case-sensitive (RFC 9110 9.1). */
bool parse_method_find(struct text name, enum parse_method *);

/*
 * Decodes %XX once. Refused (-1): bad escapes, %00, and for a path segment
 * "." and "..". plus: '+' is a blank (queries). Writes at most in.len bytes
 * to out and returns how many.
 */
long parse_decode(struct text in, bool plus, char *out);

#endif
