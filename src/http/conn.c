/*
 * The life of a client connection: its events, deadlines and end. A deadline
 * that moves away costs nothing: the timer fires at the old time, looks, and
 * goes to sleep again. One registration for EV_READ and EV_CLOSED holds from
 * accept to end, since pausing and registering again cost 6 microseconds a
 * request.
 */
#include "http/conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "http/http_state.h"
#include "http/request.h"
#include "plan/limits.h"
#include "plan/plan.h"

#define CONN_LINGER_MS 2000
#define CONN_HALF_CLOSE_MS 100

static void conn_on_timer(evutil_socket_t, short, void *);

static void
conn_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	if (what & EV_READ)
		conn_on_readable(conn);
	else
		conn_on_eof(conn);
}

static void
conn_on_write_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_on_writable(arg);
}

/*
 * The turn ends and replies of pipelined requests wait to leave together.
 * While each next request is answered within the turn, go on collecting; one
 * that takes longer must not hold back the replies before it.
 */
static void
conn_on_flush_item(void *arg)
{
	struct conn *conn = arg;

	if (conn->state == CONN_IDLE && conn->in.len > 0 &&
	    conn_backlog(conn) < HTTP_OUT_MARK) {
		conn_take(conn);
		if (conn->state == CONN_RUNNING) {
			turn_add(conn->http->start.turn, &conn->flush);
			return;
		}
	}
	if (conn->state != CONN_CLOSED)
		conn_on_writable(conn);
}

void
conn_want_read(struct conn *conn, bool read)
{
	short what = EV_CLOSED | EV_PERSIST;

	if (read == conn->reading)
		return;
	event_del(&conn->event);
	conn->reading = read;
	/* After the client's FIN EV_CLOSED would fire without end. */
	if (!read && conn->eof)
		return;
	event_assign(&conn->event, conn->http->start.base, conn->fd,
	    read ? what | EV_READ : what, conn_on_event, conn);
	event_add(&conn->event, NULL);
}

void
conn_set_deadline(struct conn *conn, int64_t deadline_ms)
{
	int64_t wait_ms;
	struct timeval wait;

	conn->deadline_ms = deadline_ms;
	if (deadline_ms == CLOCK_NEVER ||
	    (conn->timer_armed && conn->timer_at_ms <= deadline_ms))
		return;
	wait_ms = deadline_ms - clock_ms();
	if (wait_ms < 0)
		wait_ms = 0;
	wait.tv_sec = wait_ms / 1000;
	wait.tv_usec = wait_ms % 1000 * 1000;
	conn->timer_armed = true;
	conn->timer_at_ms = deadline_ms;
	event_add(&conn->timer, &wait);
}

struct conn *
conn_new(struct http *http, int fd, const char *ip, bool admin)
{
	struct conn *conn = memory_new(sizeof(*conn));
	struct event_base *base = http->start.base;

	conn->http = http;
	conn->fd = fd;
	conn->admin = admin;
	conn->flush = (struct turn_item){ .fn = conn_on_flush_item,
		.arg = conn };
	memcpy(conn->ip, ip, strlen(ip) + 1);
	event_assign(&conn->event, base, fd, EV_READ | EV_CLOSED | EV_PERSIST,
	    conn_on_event, conn);
	event_assign(&conn->writable, base, fd, EV_WRITE, conn_on_write_event,
	    conn);
	event_assign(&conn->timer, base, -1, 0, conn_on_timer, conn);
	LIST_INSERT_HEAD(&http->conns, conn, entry);
	if (!admin)
		http_count_conn(http, 1);
	conn->reading = true;
	event_add(&conn->event, NULL);
	conn_set_deadline(conn,
	    clock_ms() + http->start.limits->header_timeout_ms);
	return conn;
}

void
conn_enter(struct conn *conn, enum conn_state state)
{
	const struct limits_conf *limits = conn->http->start.limits;

	conn->state = state;
	switch (state) {
	case CONN_IDLE:
		http_buf_return(conn->http, &conn->out);
		conn_set_deadline(conn, clock_ms() +
		    limits->keepalive_timeout_ms);
		break;
	case CONN_HEAD:
		conn_set_deadline(conn, clock_ms() +
		    limits->header_timeout_ms);
		break;
	case CONN_BODY:
		conn_set_deadline(conn, clock_ms() +
		    limits->body_timeout_ms);
		break;
	case CONN_RUNNING:
		conn_set_deadline(conn, CLOCK_NEVER);
		break;
	case CONN_REPLYING:
		conn_set_deadline(conn, clock_ms() +
		    limits->write_timeout_ms);
		break;
	case CONN_LINGER:
		shutdown(conn->fd, SHUT_WR);
		conn->in.len = conn->in_at = 0;
		conn_set_deadline(conn, clock_ms() + CONN_LINGER_MS);
		conn_want_read(conn, true);
		break;
	case CONN_CLOSED:
		break;
	}
}

void
conn_close(struct conn *conn)
{
	struct http *http = conn->http;

	if (conn->state == CONN_CLOSED)
		return;
	conn_enter(conn, CONN_CLOSED);
	event_del(&conn->event);
	event_del(&conn->writable);
	event_del(&conn->timer);
	turn_remove(http->start.turn, &conn->flush);
	close(conn->fd);
	conn->fd = -1;
	if (conn->request != NULL) {
		request_cancel(conn->request);
		conn->request = NULL;
	}
	buf_release(&conn->in);
	buf_release(&conn->out);
	/* Others on the stack still look at it: freed when the turn ends. */
	LIST_REMOVE(conn, entry);
	LIST_INSERT_HEAD(&http->dead, conn, entry);
	turn_add(http->start.turn, &http->bury);
	if (!conn->admin)
		http_count_conn(http, -1);
}

/*
 * The client has shut its side, or is gone: that looks alike. A read gets 100
 * ms of grace, since a client that pipes a request in and closes wants its
 * answer; an effect is finished and answered in any case.
 */
void
conn_on_eof(struct conn *conn)
{
	conn->eof = true;
	switch (conn->state) {
	case CONN_IDLE:
		if (conn_backlog(conn) == 0) {
			conn_close(conn);
			return;
		}
		break;
	case CONN_HEAD:
	case CONN_BODY:
	case CONN_LINGER:
		conn_close(conn);
		return;
	case CONN_RUNNING:
		if (!plan_has_effects(conn->request->plan))
			conn_set_deadline(conn,
			    clock_ms() + CONN_HALF_CLOSE_MS);
		break;
	case CONN_REPLYING:
	case CONN_CLOSED:
		break;
	}
	conn->reading = true;	/* or EV_CLOSED would stay registered */
	conn_want_read(conn, false);
}

static void
conn_too_slow(struct conn *conn, const char *what)
{
	struct error err;

	error_set(&err, ERROR_REQUEST_TIMEOUT, NULL);
	error_detail(&err, "the client was too slow with its %s", what);
	conn->linger = true;
	conn_reply_error(conn, &err);
}

static void
conn_on_deadline(struct conn *conn)
{
	switch (conn->state) {
	case CONN_HEAD:
		conn_too_slow(conn, "head");
		return;
	case CONN_BODY:
		conn_too_slow(conn, "body");
		return;
	case CONN_IDLE:
	case CONN_RUNNING:
	case CONN_REPLYING:
	case CONN_LINGER:
		conn_close(conn);
		return;
	case CONN_CLOSED:
		return;
	}
}

static void
conn_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	conn->timer_armed = false;
	if (conn->deadline_ms == CLOCK_NEVER)
		return;
	if (clock_ms() < conn->deadline_ms)
		conn_set_deadline(conn, conn->deadline_ms);
	else
		conn_on_deadline(conn);
}
