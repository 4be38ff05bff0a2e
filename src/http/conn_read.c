/*
 * From bytes to requests. Requests on a connection are taken one at a time:
 * the next one's bytes wait in `in` until the reply before has been made, so
 * answers leave in order, whatever was pipelined.
 */
#include "http/conn.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "http/http_state.h"
#include "http/request.h"
#include "plan/limits.h"

static struct text
conn_pending(const struct conn *conn)
{
	return (struct text){ conn->in.data + conn->in_at,
	    conn->in.len - conn->in_at };
}

static void
conn_eat(struct conn *conn, size_t n)
{
	conn->in_at += n;
	if (conn->in_at == conn->in.len) {
		conn->in.len = conn->in_at = 0;
		http_buf_return(conn->http, &conn->in);
	}
}

/* Bytes that are no request: answered once, then nothing is read any more. */
static void
conn_refuse(struct conn *conn, const struct error *err)
{
	conn->linger = true;
	conn_reply_error(conn, err);
}

static void
conn_body_done(struct conn *conn)
{
	conn_enter(conn, CONN_RUNNING);
	request_go(conn->request);
}

static void
conn_begin(struct conn *conn, size_t used)
{
	struct request *request = request_new(conn, &conn->http->head,
	    conn_pending(conn).at, used);

	conn->request = request;
	conn->requests++;
	conn->in_seen = 0;
	conn_eat(conn, used);
	if (!request->has_body) {
		conn_body_done(conn);
		return;
	}
	/* What must not be read at all, and what nobody has sent yet. */
	if (request->error != NULL && (request->expects ||
	    request->error->code == ERROR_BODY_TOO_LARGE ||
	    request->error->code == ERROR_EXPECTATION)) {
		conn->linger = true;
		request->keep_alive = false;
		conn_reply_error(conn, request->error);
		return;
	}
	conn_enter(conn, CONN_BODY);
	if (request->expects && conn->in.len == 0)
		conn_continue(conn);
}

/* Empty lines before a request (RFC 9112 2.2) do not begin one. */
static bool
conn_is_blank(struct text bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] != '\r' && bytes.at[i] != '\n')
			return false;
	return true;
}

/* True: there may be more to take. */
static bool
conn_take_head(struct conn *conn)
{
	struct text bytes = conn_pending(conn);
	struct http *http = conn->http;
	struct error err;
	size_t used = 0;

	if (bytes.len == 0)
		return false;
	switch (parse_head(bytes.at, bytes.len, &conn->in_seen,
	    &http->parse_limits, &http->head, &used, &err)) {
	case PARSE_MORE:
		if (conn->state == CONN_IDLE && !conn_is_blank(bytes))
			conn_enter(conn, CONN_HEAD);
		return false;
	case PARSE_FAILED:
		conn_refuse(conn, &err);
		return false;
	case PARSE_DONE:
		conn_begin(conn, used);
		return true;
	}
	return false;
}

static bool
conn_take_length(struct conn *conn)
{
	struct request *request = conn->request;
	struct text bytes = conn_pending(conn);
	size_t n = bytes.len < request->body_left ? bytes.len :
	    (size_t)request->body_left;

	if (request->keep_body)
		buf_add(&request->body, bytes.at, n);
	request->body_left -= n;
	conn_eat(conn, n);
	if (request->body_left > 0)
		return false;
	conn_body_done(conn);
	return true;
}

static bool
conn_take_chunks(struct conn *conn)
{
	struct request *request = conn->request;
	struct text bytes = conn_pending(conn);
	char *at = conn->in.data + conn->in_at;
	size_t data = 0, used = 0;
	struct error err;
	enum parse_result result = parse_chunked(&request->chunks, bytes.at,
	    bytes.len, (uint64_t)request_limits(request)->max_body, at, &data,
	    &used, &err);

	if (result == PARSE_FAILED) {
		request->keep_alive = false;
		conn_refuse(conn, &err);
		return false;
	}
	if (request->keep_body)
		buf_add(&request->body, at, data);
	conn_eat(conn, used);
	if (result == PARSE_MORE)
		return false;
	conn_body_done(conn);
	return true;
}

static bool
conn_take_one(struct conn *conn)
{
	switch (conn->state) {
	case CONN_IDLE:
	case CONN_HEAD:
		/* A client that asks and does not read waits for itself. */
		return conn_backlog(conn) < HTTP_OUT_MARK &&
		    conn_take_head(conn);
	case CONN_BODY:
		if (conn->in.len == 0)
			return false;
		return conn->request->chunked ? conn_take_chunks(conn) :
		    conn_take_length(conn);
	case CONN_RUNNING:
	case CONN_REPLYING:
	case CONN_LINGER:
	case CONN_CLOSED:
		return false;
	}
	return false;
}

/* No more comes, and what stands in `in` is no whole request: never will be. */
static void
conn_end_input(struct conn *conn)
{
	if (conn->request != NULL) {
		request_cancel(conn->request);
		conn->request = NULL;
	}
	conn->in.len = conn->in_at = 0;
	conn->close_after = true;
	conn_enter(conn, CONN_REPLYING);
	conn_flush(conn);
}

/* The parser limits heads and bodies; here, what waits for its turn. */
static bool
conn_has_room(const struct conn *conn)
{
	return conn->state == CONN_HEAD || conn->state == CONN_BODY ||
	    conn->in.len < HTTP_IN_MAX;
}

void
conn_take(struct conn *conn)
{
	bool between;

	while (conn_take_one(conn))
		;
	if (conn->state == CONN_CLOSED || conn->state == CONN_LINGER)
		return;
	if (conn->in_at > 0) {
		buf_take(&conn->in, conn->in_at);
		conn->in_at = 0;
	}
	if (!conn->eof) {
		conn_want_read(conn, conn_has_room(conn));
		return;
	}
	between = conn->state == CONN_IDLE || conn->state == CONN_HEAD;
	if (conn->state == CONN_BODY ||
	    (between && conn_backlog(conn) < HTTP_OUT_MARK))
		conn_end_input(conn);
}

static void
conn_on_eof(struct conn *conn)
{
	conn->eof = true;
	conn_want_read(conn, false);
	if (conn->in.len == 0)
		http_buf_return(conn->http, &conn->in);
	if (conn->state == CONN_LINGER)
		conn_close(conn);
	else if (conn->state == CONN_RUNNING)
		conn_enter(conn, CONN_RUNNING);	/* its deadline is another */
	else
		conn_take(conn);
}

/* Nobody wants it. Who goes on sending is listened to for a while. */
static void
conn_drop_input(struct conn *conn)
{
	http_buf_return(conn->http, &conn->in);
	conn_set_deadline(conn, clock_ms() + CONN_LINGER_MS);
}

void
conn_on_readable(struct conn *conn)
{
	size_t room = conn->state == CONN_BODY ? HTTP_IN_MAX : HTTP_IN_BYTES;
	ssize_t n;

	if (conn->in.size == 0)
		http_buf_lend(conn->http, &conn->in);
	do
		n = read(conn->fd, buf_reserve(&conn->in, room), room);
	while (n == -1 && errno == EINTR);
	if (n == -1) {
		if (errno != EAGAIN)
			conn_close(conn);
		else if (conn->in.len == 0)
			http_buf_return(conn->http, &conn->in);
		return;
	}
	if (n == 0) {
		conn_on_eof(conn);
		return;
	}
	metric_add(METRIC_BYTES_RECEIVED, n);
	if (conn->state == CONN_LINGER) {
		conn_drop_input(conn);
		return;
	}
	conn->in.len += (size_t)n;
	conn_take(conn);
}
