/*
 * The client's side of a worker: its listening sockets, the list of its
 * connections, the gate that keeps workers even, and the graceful end.
 */
#include "http/http.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/shm.h"
#include "http/accept.h"
#include "http/conn.h"
#include "http/http_state.h"
#include "plan/limits.h"

/*
 * One shared listening socket is unfair: 64 clients were seen to split 64 to
 * 1, since whoever wakes first accepts until the queue is empty. A worker with
 * more than the mean of the serving ones plus one leaves the rest to others,
 * and looks again soon, then less often.
 */
#define GATE_FIRST_MS 1
#define GATE_LAST_MS 100

/* Descriptors that clients leave to pools, logs and the admin socket. */
#define HTTP_FILES_KEPT 200

/* For handshakes that had begun when new ones were stopped. */
#define HTTP_LAST_MS 100

void
http_buf_lend(struct http *http, struct buf *buf)
{
	if (http->nspares > 0)
		*buf = http->spares[--http->nspares];
	else
		buf_reserve(buf, HTTP_IN_BYTES);
}

void
http_buf_return(struct http *http, struct buf *buf)
{
	if (buf->size == 0)
		return;
	if (http->nspares < HTTP_SPARES && buf->size <= 2 * HTTP_IN_BYTES) {
		buf->len = 0;
		http->spares[http->nspares++] = *buf;
		*buf = (struct buf){ 0 };
	} else {
		buf_release(buf);
	}
}

unsigned
http_max_connections(const struct limits_conf *limits)
{
	struct rlimit files;
	uint64_t room;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1 ||
	    files.rlim_cur == RLIM_INFINITY)
		return (unsigned)limits->max_connections;
	room = files.rlim_cur < 2 * HTTP_FILES_KEPT ? files.rlim_cur / 2 :
	    files.rlim_cur - HTTP_FILES_KEPT;
	return room < (uint64_t)limits->max_connections ? (unsigned)room :
	    (unsigned)limits->max_connections;
}

static bool
http_has_too_many(const struct http *http)
{
	unsigned connections, workers;

	if (http->nconns >= http->max_conns)
		return true;
	shm_connections(http->start.shm, &connections, &workers);
	return workers > 1 &&
	    http->nconns * workers > connections + workers;
}

static void
http_pause(struct http *http, bool pause)
{
	for (unsigned i = 0; i < http->nlisteners; i++) {
		struct http_listener *listener = &http->listeners[i];

		if (listener->admin || listener->accept == NULL)
			continue;
		if (pause)
			accept_pause(listener->accept);
		else
			accept_resume(listener->accept);
	}
}

static void
http_wait_at_gate(struct http *http)
{
	struct timeval wait = { .tv_sec = http->gate_wait_ms / 1000,
	    .tv_usec = http->gate_wait_ms % 1000 * 1000 };

	event_add(http->gate, &wait);
}

static void
http_check_gate(struct http *http)
{
	bool shut = http_has_too_many(http);

	if (http->draining || shut == http->gate_shut)
		return;
	http->gate_shut = shut;
	http_pause(http, shut);
	if (shut) {
		http->gate_wait_ms = GATE_FIRST_MS;
		http_wait_at_gate(http);
	} else {
		event_del(http->gate);
	}
}

static void
http_on_gate(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	(void)fd;
	(void)what;
	http_check_gate(http);
	if (!http->gate_shut || http->draining)
		return;
	http->gate_wait_ms *= 2;
	if (http->gate_wait_ms > GATE_LAST_MS)
		http->gate_wait_ms = GATE_LAST_MS;
	http_wait_at_gate(http);
}

static void
http_check_drained(struct http *http)
{
	if (http->draining && !http->accepting && http->nconns == 0 &&
	    http->drained != NULL)
		turn_add(http->start.turn, &http->drained_item);
}

void
http_count_conn(struct http *http, int change)
{
	struct shm_slot *slot = shm_slot(http->start.shm, http->start.slot);

	http->nconns += (unsigned)change;
	atomic_store_explicit(&slot->connections, http->nconns,
	    memory_order_relaxed);
	metric_set(METRIC_CONNECTIONS_OPEN, http->nconns);
	if (change > 0)
		metric_add(METRIC_CONNECTIONS_ACCEPTED, 1);
	http_check_gate(http);
	http_check_drained(http);
}

static void
http_peer_text(const struct sockaddr *peer, char ip[CONN_IP_LEN])
{
	ip[0] = '\0';
	if (peer == NULL)
		return;
	if (peer->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)
		    (const void *)peer)->sin_addr, ip, CONN_IP_LEN);
	else if (peer->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)
		    (const void *)peer)->sin6_addr, ip, CONN_IP_LEN);
}

/* What a listening socket uses to refuse must not hold for its children. */
static void
http_admit(int fd)
{
	int least = 0;

	setsockopt(fd, IPPROTO_IP, IP_MINTTL, &least, sizeof(least));
	setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &least, sizeof(least));
}

static void
http_on_conn(void *arg, int fd, const struct sockaddr *peer)
{
	struct http_listener *listener = arg;
	char ip[CONN_IP_LEN];

	if (listener->http->draining)
		http_admit(fd);
	http_peer_text(peer, ip);
	conn_new(listener->http, fd, ip, listener->admin);
}

static void
http_bury(void *arg)
{
	struct http *http = arg;
	struct conn *conn;

	while ((conn = LIST_FIRST(&http->dead)) != NULL) {
		LIST_REMOVE(conn, entry);
		free(conn);
	}
}

static void
http_on_drained(void *arg)
{
	struct http *http = arg;
	void (*drained)(void *) = http->drained;

	http->drained = NULL;
	if (drained != NULL)
		drained(http->drained_arg);
}

struct http *
http_new(const struct http_start *start)
{
	struct http *http = memory_new(sizeof(*http));

	http->start = *start;
	http->parse_limits = (struct parse_limits){
		.max_line = (size_t)start->limits->max_line,
		.max_head = (size_t)start->limits->max_head,
		.max_headers = (unsigned)start->limits->max_headers,
	};
	http->max_conns = http_max_connections(start->limits);
	http->accepting = true;
	LIST_INIT(&http->conns);
	LIST_INIT(&http->dead);
	http->bury = (struct turn_item){ .fn = http_bury, .arg = http };
	http->drained_item = (struct turn_item){ .fn = http_on_drained,
	    .arg = http };
	http->gate = evtimer_new(start->base, http_on_gate, http);
	return http;
}

int
http_listen(struct http *http, int fd, bool admin, struct error *err)
{
	struct http_listener *listener;

	if (http->nlisteners == HTTP_LISTENERS)
		return error_set(err, ERROR_INTERNAL,
		    "cannot listen on more than %d addresses",
		    HTTP_LISTENERS);
	listener = &http->listeners[http->nlisteners];
	listener->http = http;
	listener->admin = admin;
	listener->accept = accept_new(http->start.base, fd, http_on_conn,
	    listener, err);
	if (listener->accept == NULL)
		return -1;
	http->nlisteners++;
	return 0;
}

/* Between two requests, or behind the last. */
static bool
http_conn_is_idle(const struct conn *conn)
{
	return conn->state == CONN_LINGER || (conn->state == CONN_IDLE &&
	    conn->in.len == 0 && conn_backlog(conn) == 0);
}

static void
http_close_idle(struct http *http)
{
	struct conn *conn, *next;

	for (conn = LIST_FIRST(&http->conns); conn != NULL; conn = next) {
		next = LIST_NEXT(conn, entry);
		if (!conn->admin && http_conn_is_idle(conn))
			conn_close(conn);
	}
}

static void
http_on_grace(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	(void)fd;
	(void)what;
	http->grace_over = true;
	http_close_idle(http);
	http_check_drained(http);
}

static void
http_stop_accepting(struct http *http, bool take_rest)
{
	http->accepting = false;
	for (unsigned i = 0; i < http->nlisteners; i++) {
		struct http_listener *listener = &http->listeners[i];

		if (listener->admin)
			continue;
		if (take_rest)
			accept_rest(listener->accept);
		accept_free(listener->accept);
		listener->accept = NULL;
	}
	http_check_drained(http);
}

static void
http_on_last(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	http_stop_accepting(arg, true);
}

void
http_drain(struct http *http, int64_t grace_ms, bool last,
    void (*drained)(void *arg), void *arg)
{
	struct timeval moment = { .tv_usec = HTTP_LAST_MS * 1000 };
	struct timeval grace;
	struct conn *conn;

	if (http->draining)
		return;
	LIST_FOREACH(conn, &http->conns, entry)
		http_admit(conn->fd);
	/* Who is accepted at the last moment has some for a request, too. */
	if (last && grace_ms < 2 * HTTP_LAST_MS)
		grace_ms = 2 * HTTP_LAST_MS;
	grace.tv_sec = grace_ms / 1000;
	grace.tv_usec = grace_ms % 1000 * 1000;
	http->draining = true;
	http->drained = drained;
	http->drained_arg = arg;
	event_del(http->gate);
	http->grace = evtimer_new(http->start.base, http_on_grace, http);
	event_add(http->grace, &grace);
	if (!last) {
		http_stop_accepting(http, false);
		return;
	}
	http_pause(http, false);
	http->last = evtimer_new(http->start.base, http_on_last, http);
	event_add(http->last, &moment);
}

void
http_leave(struct http *http)
{
	http->leaving = true;
}

unsigned
http_connections(const struct http *http)
{
	return http->nconns;
}

void
http_abort(struct http *http)
{
	struct conn *conn;

	http_pause(http, true);
	http->draining = true;
	http->drained = NULL;
	while ((conn = LIST_FIRST(&http->conns)) != NULL)
		conn_close(conn);
}

void
http_free(struct http *http)
{
	if (http == NULL)
		return;
	http_abort(http);
	turn_remove(http->start.turn, &http->bury);
	turn_remove(http->start.turn, &http->drained_item);
	http_bury(http);
	for (unsigned i = 0; i < http->nlisteners; i++)
		accept_free(http->listeners[i].accept);
	event_free(http->gate);
	if (http->grace != NULL)
		event_free(http->grace);
	if (http->last != NULL)
		event_free(http->last);
	while (http->nspares > 0)
		buf_release(&http->spares[--http->nspares]);
	buf_release(&http->body);
	buf_release(&http->line);
	free(http);
}
