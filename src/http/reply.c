/*
 * Replies as bytes. Every reply leaves through reply_write_head, so that what
 * each must carry (Date, X-Request-ID, a length) cannot be forgotten.
 */
#include "http/reply.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "http/router.h"
#include "plan/run.h"

static void
reply_status_line(struct buf *out, int status)
{
	if (status == 200) {
		buf_add_text(out, TEXT("HTTP/1.1 200 OK\r\n"));
		return;
	}
	buf_add_text(out, TEXT("HTTP/1.1 "));
	buf_add_uint(out, (uint64_t)status);
	buf_add_byte(out, ' ');
	buf_add_text(out, text_of(error_reason(status)));
	buf_add_text(out, TEXT("\r\n"));
}

static void
reply_field(struct buf *out, struct text name, struct text value)
{
	buf_add_text(out, name);
	buf_add_text(out, TEXT(": "));
	buf_add_text(out, value);
	buf_add_text(out, TEXT("\r\n"));
}

static void
reply_number_field(struct buf *out, struct text name, uint64_t number)
{
	buf_add_text(out, name);
	buf_add_text(out, TEXT(": "));
	buf_add_uint(out, number);
	buf_add_text(out, TEXT("\r\n"));
}

static void
reply_framing(struct buf *out, const struct reply *reply)
{
	if (reply->length >= 0)
		reply_number_field(out, TEXT("Content-Length"),
		    (uint64_t)reply->length);
	else if (reply->length == REPLY_CHUNKED)
		buf_add_text(out, TEXT("Transfer-Encoding: chunked\r\n"));
	if (!reply->keep_alive)
		buf_add_text(out, TEXT("Connection: close\r\n"));
	else if (reply->http10)
		buf_add_text(out, TEXT("Connection: keep-alive\r\n"));
}

void
reply_write_head(struct buf *out, const struct reply *reply)
{
	buf_reserve(out, 512);
	reply_status_line(out, reply->status);
	if (reply->server)
		buf_add_text(out, TEXT("Server: muster\r\n"));
	buf_add_text(out, TEXT("Date: "));
	buf_add(out, clock_http_date(), CLOCK_HTTP_DATE_LEN);
	buf_add_text(out, TEXT("\r\n"));
	if (reply->content_type.len > 0 && reply->length != REPLY_NO_BODY)
		reply_field(out, TEXT("Content-Type"), reply->content_type);
	reply_framing(out, reply);
	if (reply->allowed != 0) {
		buf_add_text(out, TEXT("Allow: "));
		router_allow(reply->allowed, out);
		buf_add_text(out, TEXT("\r\n"));
	}
	if (reply->retry_after_s > 0)
		reply_number_field(out, TEXT("Retry-After"),
		    (uint64_t)reply->retry_after_s);
	for (unsigned i = 0; i < reply->nheaders; i++)
		reply_field(out, reply->headers[i].name,
		    reply->headers[i].value);
	reply_field(out, TEXT("X-Request-ID"), reply->request_id);
	buf_add_text(out, TEXT("\r\n"));
}

/* RFC 9110 15: a status that nobody knows is read as its class's x00. */
static const char *
reply_reason(int status)
{
	const char *reason = error_reason(status);

	return *reason != '\0' ? reason : error_reason(status / 100 * 100);
}

void
reply_write_error(struct buf *out, const struct error *err)
{
	buf_add_text(out, TEXT("{\"detail\":"));
	if (err->list != NULL)
		buf_add(out, err->list, err->list_len);
	else if (err->message[0] != '\0')
		buf_add_json(out, text_of(err->message));
	else
		buf_add_json(out, text_of(reply_reason(err->status)));
	buf_add_byte(out, '}');
}

void
reply_write_chunk(struct buf *out, const char *bytes, size_t n)
{
	buf_printf(out, "%zx\r\n", n);
	buf_add(out, bytes, n);
	buf_add_text(out, TEXT("\r\n"));
}

void
reply_write_last_chunk(struct buf *out)
{
	buf_add_text(out, TEXT("0\r\n\r\n"));
}
