/*
 * The life of a client connection: its events, deadlines and end. A deadline
 * that moves away costs nothing: the timer fires at the old time, looks, and
 * goes to sleep again. One registration for EV_READ holds from accept to end,
 * since pausing and registering again cost 6 microseconds a request; it sees
 * clients leave, too. Only one who sends far ahead is not read for a while.
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

#define CONN_HALF_CLOSE_MS 100

static void conn_on_timer(evutil_socket_t, short, void *);

static void
conn_on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_on_readable(arg);
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

/*
 * Not EV_CLOSED meanwhile: a reset would wake the loop without end, since
 * libevent reports it as readable and writable only.
 */
void
conn_want_read(struct conn *conn, bool read)
{
	if (read == conn->reading)
		return;
	conn->reading = read;
	if (read)
		event_add(&conn->event, NULL);
	else
		event_del(&conn->event);
}

static void
conn_arm(struct conn *conn)
{
	int64_t at_ms = conn->deadline_ms < conn->stall_ms ?
	    conn->deadline_ms : conn->stall_ms, wait_ms;
	struct timeval wait;

	if (at_ms == CLOCK_NEVER ||
	    (conn->timer_armed && conn->timer_at_ms <= at_ms))
		return;
	wait_ms = at_ms - clock_ms();
	if (wait_ms < 0)
		wait_ms = 0;
	wait.tv_sec = wait_ms / 1000;
	wait.tv_usec = wait_ms % 1000 * 1000;
	conn->timer_armed = true;
	conn->timer_at_ms = at_ms;
	event_add(&conn->timer, &wait);
}

void
conn_set_deadline(struct conn *conn, int64_t deadline_ms)
{
	conn->deadline_ms = deadline_ms;
	conn_arm(conn);
}

void
conn_set_stall(struct conn *conn, int64_t stall_ms)
{
	conn->stall_ms = stall_ms;
	conn_arm(conn);
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
	event_assign(&conn->event, base, fd, EV_READ | EV_PERSIST,
	    conn_on_event, conn);
	event_assign(&conn->writable, base, fd, EV_WRITE, conn_on_write_event,
	    conn);
	event_assign(&conn->timer, base, -1, 0, conn_on_timer, conn);
	LIST_INSERT_HEAD(&http->conns, conn, entry);
	if (!admin)
		http_count_conn(http, 1);
	conn_want_read(conn, true);
	conn->write_timeout_ms =
	    (unsigned)http->start.limits->write_timeout_ms;
	conn->stall_ms = CLOCK_NEVER;
	conn_set_deadline(conn,
	    clock_ms() + http->start.limits->header_timeout_ms);
	return conn;
}

/*
 * The client has shut its side, or is gone: that looks alike. A read gets 100
 * ms of grace, since a client that pipes a request in and closes wants its
 * answer; an effect is finished and answered in any case.
 */
static int64_t
conn_run_deadline(const struct conn *conn)
{
	if (!conn->eof || plan_has_effects(conn->request->plan))
		return CLOCK_NEVER;
	return clock_ms() + CONN_HALF_CLOSE_MS;
}

static void
conn_enter_linger(struct conn *conn)
{
	const struct limits_conf *limits = conn->http->start.limits;
	int64_t now_ms = clock_ms();

	shutdown(conn->fd, SHUT_WR);
	conn->in.len = conn->in_at = 0;
	conn_set_deadline(conn, now_ms + CONN_LINGER_MS);
	conn_set_stall(conn, now_ms + (conn->http->draining ?
	    CONN_LINGER_MS : limits->body_timeout_ms));
	conn_want_read(conn, true);
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
		    request_limits(conn->request)->body_timeout_ms);
		break;
	case CONN_RUNNING:
		conn_set_deadline(conn, conn_run_deadline(conn));
		break;
	case CONN_REPLYING:
		conn_set_deadline(conn, CLOCK_NEVER);
		break;
	case CONN_LINGER:
		conn_enter_linger(conn);
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
	int64_t now_ms = clock_ms();

	(void)fd;
	(void)what;
	conn->timer_armed = false;
	if (now_ms >= conn->stall_ms)
		conn_close(conn);
	else if (now_ms >= conn->deadline_ms)
		conn_on_deadline(conn);
	else
		conn_arm(conn);
}
