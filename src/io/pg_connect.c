/*
 * Logging in without waiting:
 *
 *	host --> (look up its name) --> address --> PQconnectPoll ... --> done
 *	 ^                                 ^             |
 *	 |                                 +-- next -----+ failed, or too late
 *	 +---------- no address left ------+
 *
 * libpq may close the socket within PQconnectPoll and open another one that
 * gets the same number. A persistent event would then never fire again, and
 * comparing numbers cannot tell. So events here are one-shot, and none is
 * pending when libpq is called.
 */
#include "io/pg_connect.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"
#include "io/pg_dns.h"
#include "io/pg_error.h"
#include "io/pg_target.h"

struct pg_connect {
	struct pg_connect_start start;
	unsigned host, address;		/* which one is tried */
	struct pg_dns *dns;		/* of this host, or NULL */
	PGconn *pg;
	struct event *event;		/* one-shot, of pg's socket */
	struct event *timer;		/* of this host or address */
	pg_connect_done_fn *done;
	void *arg;
	char detail[256];
};

static void pg_connect_next_host(struct pg_connect *);
static void pg_connect_next_address(struct pg_connect *);

static void
pg_connect_on_notice(void *arg, const PGresult *result)
{
	char line[200];

	(void)arg;
	pg_error_line(PQresultErrorMessage(result), line, sizeof(line));
	log_info(NULL, "pg_notice", "when=login text=\"%s\"", line);
}

static void
pg_connect_arm(struct pg_connect *login)
{
	int64_t ms = login->start.timeout_ms;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(login->timer, &tv);
}

/* Lets go of what belongs to the address tried. */
static void
pg_connect_drop(struct pg_connect *login)
{
	if (login->event != NULL)
		event_free(login->event);
	login->event = NULL;
	PQfinish(login->pg);
	login->pg = NULL;
	event_del(login->timer);
}

static void
pg_connect_free(struct pg_connect *login)
{
	pg_connect_drop(login);
	pg_dns_free(login->dns);
	event_free(login->timer);
	free(login);
}

static void
pg_connect_end(struct pg_connect *login)
{
	PGconn *pg = login->pg;
	pg_connect_done_fn *done = login->done;
	void *arg = login->arg;
	char detail[sizeof(login->detail)];

	login->pg = NULL;
	memcpy(detail, login->detail, sizeof(detail));
	pg_connect_free(login);
	done(arg, pg, detail);
}

static void
pg_connect_failed(struct pg_connect *login, const char *why)
{
	const struct pg_host *host = pg_target_host(login->start.target,
	    login->host);
	char line[160];

	pg_error_line(why, line, sizeof(line));
	snprintf(login->detail, sizeof(login->detail), "%.80s: %s",
	    host->host == NULL ? "default host" : host->host, line);
	/* Nothing was tried: the name was not found, or not in time. */
	if (login->pg == NULL) {
		pg_dns_free(login->dns);
		login->dns = NULL;
	}
	pg_connect_drop(login);
	login->address++;
	pg_connect_next_address(login);
}

static void
pg_connect_on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct pg_connect *login = arg;
	PostgresPollingStatusType status;
	short wanted;

	(void)fd;
	(void)what;
	event_free(login->event);
	login->event = NULL;
	status = PQconnectPoll(login->pg);
	if (status == PGRES_POLLING_OK) {
		event_del(login->timer);
		pg_connect_end(login);
		return;
	}
	if (status != PGRES_POLLING_READING &&
	    status != PGRES_POLLING_WRITING) {
		pg_connect_failed(login, PQerrorMessage(login->pg));
		return;
	}
	wanted = status == PGRES_POLLING_READING ? EV_READ : EV_WRITE;
	login->event = event_new(login->start.base, PQsocket(login->pg),
	    wanted, pg_connect_on_socket, login);
	event_add(login->event, NULL);
}

static void
pg_connect_try(struct pg_connect *login, const char *address)
{
	struct pg_target *target = login->start.target;
	struct pg_params params = pg_target_params(target,
	    pg_target_host(target, login->host), address,
	    login->start.writes);

	pg_connect_arm(login);
	login->pg = PQconnectStartParams(params.names, params.values, 0);
	if (login->pg == NULL || PQstatus(login->pg) == CONNECTION_BAD) {
		pg_connect_failed(login, PQerrorMessage(login->pg));
		return;
	}
	PQsetNoticeReceiver(login->pg, pg_connect_on_notice, NULL);
	login->event = event_new(login->start.base, PQsocket(login->pg),
	    EV_WRITE, pg_connect_on_socket, login);
	event_add(login->event, NULL);
}

static void
pg_connect_next_address(struct pg_connect *login)
{
	const char *address = NULL;

	if (login->dns != NULL)
		address = pg_dns_address(login->dns, login->address);
	if (address != NULL || (login->dns == NULL && login->address == 0)) {
		pg_connect_try(login, address);
		return;
	}
	pg_dns_free(login->dns);
	login->dns = NULL;
	login->host++;
	pg_connect_next_host(login);
}

static void
pg_connect_on_address(void *arg)
{
	struct pg_connect *login = arg;
	const char *fault = pg_dns_fault(login->dns);

	event_del(login->timer);
	if (fault != NULL)
		pg_connect_failed(login, fault);
	else
		pg_connect_next_address(login);
}

static void
pg_connect_next_host(struct pg_connect *login)
{
	struct pg_target *target = login->start.target;
	const struct pg_host *host;

	if (login->host >= pg_target_count(target)) {
		pg_connect_end(login);
		return;
	}
	host = pg_target_host(target, login->host);
	login->address = 0;
	if (!host->needs_lookup) {
		pg_connect_next_address(login);
		return;
	}
	pg_connect_arm(login);
	login->dns = pg_dns_start(login->start.helpers, host->host,
	    pg_connect_on_address, login);
	if (login->dns == NULL)
		pg_connect_failed(login, "too many look-ups wait");
}

/* The first step, and later a host or an address that was too slow. */
static void
pg_connect_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pg_connect *login = arg;

	(void)fd;
	(void)what;
	if (login->pg == NULL && login->dns == NULL)
		pg_connect_next_host(login);
	else
		pg_connect_failed(login, "no answer within connect_timeout");
}

struct pg_connect *
pg_connect_start(const struct pg_connect_start *start,
    pg_connect_done_fn *done, void *arg)
{
	struct pg_connect *login = memory_new(sizeof(*login));
	const struct timeval now = { 0, 0 };

	login->start = *start;
	login->done = done;
	login->arg = arg;
	login->timer = evtimer_new(start->base, pg_connect_on_timer, login);
	if (login->timer == NULL)
		log_fatal("could not make a timer");
	if (pg_target_fault(start->target) != NULL) {
		snprintf(login->detail, sizeof(login->detail), "%s",
		    pg_target_fault(start->target));
		login->host = pg_target_count(start->target);
	}
	event_add(login->timer, &now);
	return login;
}

void
pg_connect_cancel(struct pg_connect *login)
{
	if (login != NULL)
		pg_connect_free(login);
}
