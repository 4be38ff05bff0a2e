/*
 * From replies to bytes. A reply that fits is one write(2); a longer one is
 * made up to a mark and goes on when the client has read.
 */
#include "http/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "http/http_state.h"
#include "http/reply.h"
#include "http/request.h"
#include "plan/limits.h"
#include "plan/plan.h"

#define CONN_STREAM_PIECES 4	/* of HTTP_OUT_MARK, in one go */

/* Closing with bytes unread would reset what the client has not read yet. */
static bool
conn_may_be_heard(const struct conn *conn)
{
	char byte;

	return conn->linger ||
	    recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The last reply has gone. */
static void
conn_end(struct conn *conn)
{
	if (!conn->eof && conn_may_be_heard(conn))
		conn_enter(conn, CONN_LINGER);
	else
		conn_close(conn);
}

/* Goes on when the socket takes more; the client must see to that in time. */
static void
conn_wait_writable(struct conn *conn, bool moved)
{
	event_add(&conn->writable, NULL);
	if (moved || conn->stall_ms == CLOCK_NEVER)
		conn_set_stall(conn, clock_ms() + conn->write_timeout_ms);
	if (conn->out_sent >= HTTP_OUT_MARK) {
		buf_take(&conn->out, conn->out_sent);
		conn->out_sent = 0;
	}
}

/*
 * Sends what can be sent. Afterwards the connection may be closed, or wait
 * for the client to read.
 */
void
conn_flush(struct conn *conn)
{
	bool moved = false;

	while (conn_backlog(conn) > 0) {
		ssize_t n = send(conn->fd, conn->out.data + conn->out_sent,
		    conn_backlog(conn), MSG_NOSIGNAL);

		if (n >= 0) {
			moved = true;
			conn->out_sent += (size_t)n;
			metric_add(METRIC_BYTES_SENT, n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN)
			conn_wait_writable(conn, moved);
		else
			conn_close(conn);
		return;
	}
	conn->out.len = conn->out_sent = 0;
	conn->stall_ms = CLOCK_NEVER;
	if (conn->close_after && conn->state == CONN_REPLYING &&
	    conn->request == NULL)
		conn_end(conn);
}

/*
 * The reply's last byte stands in `out`. More requests may already be there:
 * their replies leave together at the end of the turn.
 */
static void
conn_request_end(struct conn *conn)
{
	struct request *request = conn->request;

	if (request != NULL) {
		request_account(request);
		conn->request = NULL;
		request_free(request);
	}
	if (conn->http->body.size > HTTP_BODY_KEPT)
		buf_release(&conn->http->body);
	if (conn->close_after || (conn->eof && conn->in.len == 0)) {
		conn->close_after = true;
		conn->linger |= conn->in.len > 0;
		conn_enter(conn, CONN_REPLYING);
		conn_flush(conn);
		return;
	}
	conn->state = CONN_IDLE;
	if (conn->in.len > 0 && conn_backlog(conn) < HTTP_OUT_MARK) {
		turn_add(conn->http->start.turn, &conn->flush);
		return;
	}
	conn_flush(conn);
	if (conn->state == CONN_IDLE && conn_backlog(conn) == 0)
		conn_enter(conn, CONN_IDLE);
}

/* What every reply says of the connection; decides whether it stays open. */
static void
conn_fill_reply(struct conn *conn, struct reply *reply)
{
	struct request *request = conn->request;
	struct http *http = conn->http;

	reply->server = http->start.conf->server_header;
	conn->write_timeout_ms = (unsigned)(request == NULL ?
	    http->start.limits : request_limits(request))->write_timeout_ms;
	if (request == NULL) {
		ids_make(http->id);
		reply->request_id = (struct text){ http->id, IDS_LEN };
		conn->close_after = true;
		return;
	}
	request->status = reply->status;
	reply->request_id = text_of(request->input.request_id);
	reply->http10 = request->http10;
	reply->keep_alive = request->keep_alive && !http->draining &&
	    !(conn->eof && conn->in.len == 0) &&
	    reply->length != REPLY_UNTIL_CLOSE;
	if (!reply->keep_alive) {
		conn->close_after = true;
		/* One that we close, not the client, may have sent more. */
		conn->linger |= request->keep_alive;
	}
}

static bool
conn_head_only(const struct conn *conn)
{
	return conn->request != NULL &&
	    conn->request->method == METHOD_HEAD;
}

static void
conn_put(struct conn *conn, struct reply *reply, struct text body)
{
	if (conn->out.size == 0)
		http_buf_lend(conn->http, &conn->out);
	conn_fill_reply(conn, reply);
	reply_write_head(&conn->out, reply);
	if (body.len > 0 && reply->length >= 0 && !conn_head_only(conn)) {
		buf_add_text(&conn->out, body);
		if (conn->request != NULL)
			conn->request->reply_bytes += body.len;
	}
}

void
conn_reply_bytes(struct conn *conn, int status, struct text content_type,
    struct text body, unsigned allowed)
{
	struct reply reply = { .status = status, .length = (int64_t)body.len,
	    .content_type = content_type, .allowed = allowed };

	if (status == 204)
		reply.length = REPLY_NO_BODY;
	conn_put(conn, &reply, body);
	conn_request_end(conn);
}

/* As server.conf wants it told; a run has done that with its own. */
static struct error
conn_told(const struct conn *conn, const struct error *err)
{
	const struct request *request = conn->request;
	struct error told = *err;

	if (!conn->admin && (request == NULL || !request->replied))
		plans_tell_error(conn->http->start.plans,
		    request == NULL ? NULL : request->plan, &told);
	return told;
}

static void
conn_reply_told(struct conn *conn, const struct error *err)
{
	struct buf *body = &conn->http->body;
	struct reply reply = { .status = err->status,
	    .content_type = TEXT("application/json"),
	    .retry_after_s = err->retry_after_s };

	body->len = 0;
	reply_write_error(body, err);
	reply.length = (int64_t)body->len;
	if (err->status == 405 && conn->request != NULL)
		reply.allowed = conn->request->match.allowed;
	if (conn->linger && conn->request != NULL)
		conn->request->keep_alive = false;
	conn_put(conn, &reply, (struct text){ body->data, body->len });
	if (conn->request == NULL)
		request_account_refused(conn, &reply);
	conn_request_end(conn);
}

void
conn_reply_error(struct conn *conn, const struct error *err)
{
	struct error told = conn_told(conn, err);

	conn_reply_told(conn, &told);
}

/* More of a reply that did not fit at once. True: it is complete. */
static bool
conn_stream_piece(struct conn *conn)
{
	struct request *request = conn->request;
	struct buf *body = &conn->http->body;
	bool complete;

	body->len = 0;
	complete = run_write(request->run, body, HTTP_OUT_MARK);
	request->reply_bytes += body->len;
	if (!request->stream_chunked)
		buf_add(&conn->out, body->data, body->len);
	else if (body->len > 0)
		reply_write_chunk(&conn->out, body->data, body->len);
	if (complete && request->stream_chunked)
		reply_write_last_chunk(&conn->out);
	return complete;
}

/* Goes on when the client has read all before; others have a turn between. */
static void
conn_stream(struct conn *conn)
{
	for (unsigned n = 0; n < CONN_STREAM_PIECES; n++) {
		if (conn_backlog(conn) > 0)
			return;		/* waits for the socket already */
		if (conn_stream_piece(conn)) {
			conn_request_end(conn);
			return;
		}
		conn_flush(conn);
		if (conn->state == CONN_CLOSED)
			return;
	}
	conn_wait_writable(conn, true);
}

/* The body is longer than one buffer: its length is not known yet. */
static void
conn_begin_stream(struct conn *conn, struct reply *reply)
{
	struct request *request = conn->request;
	struct buf *body = &conn->http->body;

	request->stream_chunked = !request->http10;
	reply->length = request->http10 ? REPLY_UNTIL_CLOSE : REPLY_CHUNKED;
	conn_put(conn, reply, (struct text){ NULL, 0 });
	if (conn_head_only(conn)) {
		conn_request_end(conn);
		return;
	}
	request->reply_bytes += body->len;
	if (request->stream_chunked)
		reply_write_chunk(&conn->out, body->data, body->len);
	else
		buf_add(&conn->out, body->data, body->len);
	conn_enter(conn, CONN_REPLYING);
	conn_flush(conn);
	if (conn->state == CONN_REPLYING)
		conn_stream(conn);
}

void
conn_reply_run(struct conn *conn, const struct run_reply *from)
{
	struct request *request = conn->request;
	struct buf *body = &conn->http->body;
	struct reply reply = { .status = from->status,
	    .content_type = from->content_type, .headers = from->headers,
	    .nheaders = from->nheaders };

	body->len = 0;
	if (!from->has_body) {
		reply.length = from->status == 204 || from->status == 304 ?
		    REPLY_NO_BODY : 0;
		conn_put(conn, &reply, (struct text){ NULL, 0 });
		conn_request_end(conn);
		return;
	}
	if (!run_write(request->run, body, HTTP_OUT_MARK)) {
		conn_begin_stream(conn, &reply);
		return;
	}
	reply.length = (int64_t)body->len;
	conn_put(conn, &reply, (struct text){ body->data, body->len });
	conn_request_end(conn);
}

void
conn_continue(struct conn *conn)
{
	metric_add(METRIC_RESPONSES_1XX, 1);
	buf_add_text(&conn->out, TEXT("HTTP/1.1 100 Continue\r\n\r\n"));
	conn_flush(conn);
}

/* The client has read something, or the turn ends. */
void
conn_on_writable(struct conn *conn)
{
	conn_flush(conn);
	if (conn->state == CONN_CLOSED || conn_backlog(conn) > 0)
		return;
	if (conn->state == CONN_REPLYING && conn->request != NULL)
		conn_stream(conn);
	if (conn->state != CONN_IDLE || conn_backlog(conn) > 0)
		return;
	conn_enter(conn, CONN_IDLE);
	if (conn->in.len > 0 || conn->eof)
		conn_take(conn);
	else if (conn->http->grace_over)
		conn_close(conn);
}
