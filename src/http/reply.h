#ifndef MUSTER_HTTP_REPLY_H
#define MUSTER_HTTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct buf;
struct error;
struct run_header;

/* How the end of a reply's body is found, RFC 9112 6.3; else its length. */
#define REPLY_NO_BODY (-1)	/* 204, 304: not even a length (RFC 9110 8.6) */
#define REPLY_CHUNKED (-2)
#define REPLY_UNTIL_CLOSE (-3)	/* HTTP/1.0 */

struct reply {
	int status;
	int64_t length;			/* or one of the above */
	struct text content_type;
	struct text request_id;
	const struct run_header *headers;
	unsigned nheaders;
	unsigned allowed;		/* not 0: Allow, bits of methods */
	int retry_after_s;		/* above 0: Retry-After */
	bool keep_alive;
	bool http10;			/* keep-alive must be said */
	bool server;			/* Server: muster */
};

/* Appends status line, fields and the empty line. */
void reply_write_head(struct buf *, const struct reply *);

/* {"detail":"text"}, or the list of a 422. */
void reply_write_error(struct buf *, const struct error *);

/* Data of a chunked body, and its end. n is not 0. */
void reply_write_chunk(struct buf *, const char *bytes, size_t n);
void reply_write_last_chunk(struct buf *);

#endif
