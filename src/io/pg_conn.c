/*
 * A connection: its states, its socket and its end.
 *
 * Any call of libpq may close the socket, so pg_conn_is_lost is asked after
 * each, before anything else can open a descriptor of the same number. Idle
 * connections keep their EV_READ: a server that shuts down is noticed at once
 * and not by the next request.
 */
#include "io/pg_conn.h"

#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "io/pg_cancel.h"
#include "io/pg_connect.h"
#include "io/pg_error.h"
#include "io/pg_pool_state.h"
#include "io/pg_statement.h"

/* A live server answers a Sync in no time. */
#define CHECK_TIMEOUT_MS 1000
#define CANCEL_AGAIN_MS 20

/* A loop in a function can say a million: so many of a statement are logged. */
#define NOTICES_LOGGED 10

/* From so many reads on, an answer is large, and its bytes are counted. */
#define LARGE_READS 4

static void pg_conn_on_login(void *, PGconn *, const char *);
static void pg_conn_on_readable(evutil_socket_t, short, void *);
static void pg_conn_on_writable(evutil_socket_t, short, void *);
static void pg_conn_on_timer(evutil_socket_t, short, void *);

static const char *const pg_conn_state_names[] = {
	[PG_CONN_CONNECTING] = "connecting", [PG_CONN_IDLE] = "idle",
	[PG_CONN_BUSY] = "busy", [PG_CONN_CHECKING] = "checking",
	[PG_CONN_CANCELLING] = "cancelling", [PG_CONN_CLOSED] = "closed",
};

/* Adds to the gauges that a connection in this state counts in. */
static void
pg_conn_count(enum pg_conn_state state, int n)
{
	switch (state) {
	case PG_CONN_CONNECTING:
		metric_add(METRIC_POOL_CONNECTING, n);
		break;
	case PG_CONN_IDLE:
		metric_add(METRIC_POOL_IDLE, n);
		metric_add(METRIC_POOL_OPEN, n);
		break;
	case PG_CONN_BUSY:
	case PG_CONN_CHECKING:
	case PG_CONN_CANCELLING:
		metric_add(METRIC_POOL_BUSY, n);
		metric_add(METRIC_POOL_OPEN, n);
		break;
	case PG_CONN_CLOSED:
	case PG_CONN_STATES:
		break;
	}
}

void
pg_conn_enter(struct pg_conn *conn, enum pg_conn_state state)
{
	struct pg_pool *pool = conn->pool;

	log_debug(NULL, "pg_conn", "pid=%d from=%s to=%s",
	    conn->pg == NULL ? 0 : PQbackendPID(conn->pg),
	    pg_conn_state_names[conn->state], pg_conn_state_names[state]);
	TAILQ_REMOVE(&pool->conns[conn->state], conn, entry);
	pg_conn_count(conn->state, -1);
	conn->state = state;
	pg_conn_count(state, 1);
	/* The last used is the next used: a few stay hot, others may go. */
	if (state == PG_CONN_IDLE)
		TAILQ_INSERT_HEAD(&pool->conns[state], conn, entry);
	else
		TAILQ_INSERT_TAIL(&pool->conns[state], conn, entry);
}

struct pg_conn *
pg_conn_open(struct pg_pool *pool, bool writes)
{
	struct pg_conn *conn = memory_new(sizeof(*conn));

	conn->pool = pool;
	conn->writes = writes;
	conn->epoch = pool->epoch;
	conn->state = PG_CONN_CONNECTING;
	conn->timer = evtimer_new(pool->base, pg_conn_on_timer, conn);
	if (conn->timer == NULL)
		log_fatal("could not make a timer");
	pool->nconns++;
	TAILQ_INSERT_TAIL(&pool->conns[conn->state], conn, entry);
	pg_conn_count(conn->state, 1);
	metric_add(METRIC_POOL_CONNECTS, 1);
	conn->login = pg_connect_start(&(struct pg_connect_start){
		.base = pool->base, .helpers = pool->helpers,
		.target = pool->target, .writes = writes,
		.timeout_ms = pool->conf->connect_timeout_ms,
	}, pg_conn_on_login, conn);
	return conn;
}

static void
pg_conn_on_notice(void *arg, const PGresult *result)
{
	const char *severity = PQresultErrorField(result,
	    PG_DIAG_SEVERITY_NONLOCALIZED);
	enum log_level level = LOG_LEVEL_INFO;
	struct pg_conn *conn = arg;
	char line[200];

	if (conn->nnotices++ >= NOTICES_LOGGED)
		return;
	if (severity == NULL || strcmp(severity, "WARNING") == 0)
		level = LOG_LEVEL_WARN;
	else if (strcmp(severity, "NOTICE") != 0 &&
	    strcmp(severity, "INFO") != 0 && strcmp(severity, "LOG") != 0 &&
	    strcmp(severity, "DEBUG") != 0)
		level = LOG_LEVEL_WARN;
	pg_error_line(PQresultErrorMessage(result), line, sizeof(line));
	log_event(level, NULL, "pg_notice", "text=\"%s\"", line);
}

void
pg_conn_end_notices(struct pg_conn *conn)
{
	if (conn->nnotices > NOTICES_LOGGED)
		log_warn(NULL, "pg_notice", "text=\"and %u more\"",
		    conn->nnotices - NOTICES_LOGGED);
	conn->nnotices = 0;
}

/* Ten connections that were opened together do not all end together. */
static int64_t
pg_conn_recycle_ms(const struct pg_pool *pool)
{
	int64_t age_ms = pool->conf->pool_recycle_ms;
	uint32_t fifth = age_ms / 5 > INT32_MAX ? INT32_MAX : age_ms / 5;

	return clock_ms() + age_ms - age_ms / 10 + ids_random(fifth + 1);
}

static void
pg_conn_watch(struct pg_conn *conn)
{
	struct event_base *base = conn->pool->base;
	int fd = PQsocket(conn->pg), domain = AF_UNIX;
	socklen_t size = sizeof(domain);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	conn->can_cork = domain == AF_INET || domain == AF_INET6;
	conn->on_read = event_new(base, fd, EV_READ | EV_PERSIST,
	    pg_conn_on_readable, conn);
	conn->on_write = event_new(base, fd, EV_WRITE, pg_conn_on_writable,
	    conn);
	if (conn->on_read == NULL || conn->on_write == NULL ||
	    event_add(conn->on_read, NULL) == -1)
		log_fatal("could not watch a database connection");
}

static void
pg_conn_on_login(void *arg, PGconn *pg, const char *detail)
{
	struct pg_conn *conn = arg;
	struct pg_pool *pool = conn->pool;

	conn->login = NULL;
	if (pg == NULL) {
		pg_conn_close(conn);
		pg_tend_on_login_failed(pool, detail);
		return;
	}
	conn->pg = pg;
	pool->nlive++;
	PQsetNoticeReceiver(pg, pg_conn_on_notice, conn);
	conn->cancel = pg_cancel_new(pg);
	conn->recycle_ms = pg_conn_recycle_ms(pool);
	conn->heard_us = clock_us();
	if (PQsetnonblocking(pg, 1) == -1 || PQenterPipelineMode(pg) == 0) {
		pg_conn_close(conn);
		pg_tend_on_login_failed(pool, "libpq has no pipeline mode");
		return;
	}
	pg_conn_watch(conn);
	pg_conn_enter(conn, PG_CONN_BUSY);
	pg_tend_on_login(pool, conn);
	if (pg_flight_settle(conn) == -1)
		pg_conn_close(conn);
	else
		pg_conn_flush(conn);
}

/* It was closed by the other side, or by libpq. */
static void
pg_conn_lost(struct pg_conn *conn)
{
	struct pg_pool *pool = conn->pool;
	char line[200];

	pg_error_line(PQerrorMessage(conn->pg), line, sizeof(line));
	log_warn(NULL, "pg_lost", "pid=%d state=%s in_flight=%u detail=\"%s\"",
	    PQbackendPID(conn->pg), pg_conn_state_names[conn->state],
	    conn->nflights, line);
	metric_add(METRIC_POOL_LOSSES, 1);
	pg_conn_close(conn);
	pg_tend_on_lost(pool);
}

static bool
pg_conn_is_lost(const struct pg_conn *conn)
{
	return PQsocket(conn->pg) < 0 || PQstatus(conn->pg) == CONNECTION_BAD;
}

static void
pg_conn_set_cork(struct pg_conn *conn, int on)
{
	conn->corked = on != 0;
	setsockopt(PQsocket(conn->pg), IPPROTO_TCP, TCP_CORK, &on,
	    sizeof(on));
}

void
pg_conn_cork(struct pg_conn *conn)
{
	if (conn->can_cork && !conn->corked)
		pg_conn_set_cork(conn, 1);
}

void
pg_conn_flush(struct pg_conn *conn)
{
	int left;

	conn->unflushed = false;
	left = PQflush(conn->pg);
	if (conn->corked)
		pg_conn_set_cork(conn, 0);
	if (left == -1 || pg_conn_is_lost(conn))
		pg_conn_lost(conn);
	else if (left == 1)
		event_add(conn->on_write, NULL);
}

static void
pg_conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pg_conn_flush(arg);
}

/* Nothing flies and nothing cancels: it can serve, or must go. */
static void
pg_conn_rest(struct pg_conn *conn)
{
	if (PQtransactionStatus(conn->pg) != PQTRANS_IDLE) {
		log_warn(NULL, "pg_transaction_left_open",
		    "pid=%d: its connection is closed",
		    PQbackendPID(conn->pg));
		pg_conn_close(conn);
		return;
	}
	event_del(conn->timer);
	conn->idle_since_ms = clock_ms();
	pg_conn_enter(conn, PG_CONN_IDLE);
	pg_tend_on_idle(conn->pool, conn);
}

/* After answers: what is next for this connection? */
static void
pg_conn_advance(struct pg_conn *conn)
{
	const struct pg_flight *head = &conn->flights[conn->first];

	if (conn->nflights == 0) {
		if (conn->state != PG_CONN_IDLE && !conn->cancel_runs)
			pg_conn_rest(conn);
	} else if (conn->state == PG_CONN_BUSY && head->request == NULL &&
	    head->statement != NULL && !head->statement->writes) {
		/* Dropped while it stood behind another; now it runs. */
		pg_conn_cancel(conn);
	}
}

/*
 * libpq takes what one read gives. OpenSSL may have decrypted more than that,
 * which no event will tell of (libpq before 15.19 forgets it).
 */
static int
pg_conn_consume(struct pg_conn *conn)
{
	int consumed, waiting = 0;
	SSL *ssl;

	if (conn->nflights > 0 && conn->head_reads++ >= LARGE_READS &&
	    ioctl(PQsocket(conn->pg), FIONREAD, &waiting) == 0)
		conn->head_bytes += waiting < 16384 ? waiting : 16384;
	consumed = PQconsumeInput(conn->pg);
	if (consumed == 0 || PQsslInUse(conn->pg) == 0)
		return consumed;
	ssl = PQsslStruct(conn->pg, "OpenSSL");
	while (consumed == 1 && ssl != NULL && !pg_conn_is_lost(conn) &&
	    PQisBusy(conn->pg) == 1 && SSL_pending(ssl) > 0)
		consumed = PQconsumeInput(conn->pg);
	return consumed;
}

/* A read whose answer is larger than its limit need not come to its end. */
static void
pg_conn_check_size(struct pg_conn *conn)
{
	struct pg_flight *head = &conn->flights[conn->first];
	struct pg_request *request = head->request;

	if (conn->nflights == 0 || request == NULL ||
	    head->statement->writes || request->max_bytes == 0 ||
	    conn->head_bytes <= request->max_bytes)
		return;
	head->request = NULL;
	pg_pool_on_too_large(conn->pool, request);
}

static void
pg_conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pg_conn *conn = arg;
	PGnotify *notify;
	int consumed, received;

	(void)fd;
	(void)what;
	/* What came before the connection broke is still to be had. */
	consumed = pg_conn_consume(conn);
	received = pg_flight_receive(conn);
	if (conn->state == PG_CONN_CLOSED)
		return;
	while ((notify = PQnotifies(conn->pg)) != NULL)
		PQfreemem(notify);
	pg_conn_check_size(conn);
	if (conn->state == PG_CONN_CLOSED)
		return;
	if (consumed == 0 || received == -1 || pg_conn_is_lost(conn))
		pg_conn_lost(conn);
	else
		pg_conn_advance(conn);
}

static void
pg_conn_set_timer(struct pg_conn *conn, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(conn->timer, &tv);
}

static void
pg_conn_on_cancelled(void *arg)
{
	struct pg_conn *conn = arg;
	int64_t left_ms = conn->cancel_until_ms - clock_ms();

	conn->cancel_runs = false;
	if (conn->nflights == 0)
		pg_conn_rest(conn);
	else if (left_ms > CANCEL_AGAIN_MS)
		pg_conn_set_timer(conn, CANCEL_AGAIN_MS);
}

/* False: nothing that could do it. */
static bool
pg_conn_start_cancel(struct pg_conn *conn)
{
	int64_t left_ms = conn->cancel_until_ms - clock_ms();

	if (conn->cancel == NULL || pg_cancel_start(conn->cancel,
	    conn->pool->helpers, pg_conn_on_cancelled, conn) == -1)
		return false;
	conn->cancel_runs = true;
	pg_conn_set_timer(conn, left_ms < 1 ? 1 : left_ms);
	return true;
}

/*
 * A cancel that reaches the server before it has read the statement hits
 * nothing, and the statement runs on: then another is sent, while what runs
 * is still what nobody wants.
 */
static bool
pg_conn_cancel_again(struct pg_conn *conn)
{
	const struct pg_flight *head = &conn->flights[conn->first];
	int64_t left_ms = conn->cancel_until_ms - clock_ms();

	if (conn->state != PG_CONN_CANCELLING || conn->cancel_runs ||
	    left_ms <= 0)
		return false;
	if (conn->nflights > 0 && head->request == NULL &&
	    head->statement != NULL && !head->statement->writes)
		return pg_conn_start_cancel(conn);
	pg_conn_set_timer(conn, left_ms);
	return true;
}

/* A check or a cancel did not come to its end. */
static void
pg_conn_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pg_conn *conn = arg;
	struct pg_pool *pool = conn->pool;

	(void)fd;
	(void)what;
	if (pg_conn_cancel_again(conn))
		return;
	log_warn(NULL, conn->state == PG_CONN_CHECKING ? "pg_silent" :
	    "pg_cancel_grace", "pid=%d: its connection is closed",
	    PQbackendPID(conn->pg));
	metric_add(METRIC_POOL_LOSSES, 1);
	pg_conn_close(conn);
	pg_tend_on_lost(pool);
}

void
pg_conn_check(struct pg_conn *conn)
{
	pg_conn_enter(conn, PG_CONN_CHECKING);
	pg_conn_set_timer(conn, CHECK_TIMEOUT_MS);
	if (pg_flight_check(conn) == -1)
		pg_conn_lost(conn);
	else
		pg_conn_flush(conn);
}

void
pg_conn_cancel(struct pg_conn *conn)
{
	metric_add(METRIC_POOL_CANCELS, 1);
	conn->cancel_until_ms = clock_ms() +
	    conn->pool->conf->cancel_grace_ms;
	if (pg_conn_start_cancel(conn))
		pg_conn_enter(conn, PG_CONN_CANCELLING);
	else	/* The server notices the closed socket, later. */
		pg_conn_close(conn);
}

static void
pg_conn_free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

void
pg_conn_close(struct pg_conn *conn)
{
	struct pg_pool *pool = conn->pool;

	pg_conn_free_event(&conn->on_read);
	pg_conn_free_event(&conn->on_write);
	pg_conn_free_event(&conn->timer);
	pg_connect_cancel(conn->login);
	pg_cancel_free(conn->cancel);
	conn->login = NULL;
	conn->cancel = NULL;
	conn->cancel_runs = false;
	pool->nconns--;
	if (conn->pg != NULL)
		pool->nlive--;
	PQfinish(conn->pg);
	conn->pg = NULL;
	pg_conn_enter(conn, PG_CONN_CLOSED);
	pg_flight_lose_all(conn);
	pg_dispatch_soon(pool);
}

void
pg_conn_free(struct pg_conn *conn)
{
	TAILQ_REMOVE(&conn->pool->conns[PG_CONN_CLOSED], conn, entry);
	free(conn->prepared);
	free(conn);
}
