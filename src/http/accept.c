/*
 * The one file that knows libevhtp. Its own request path is not used: in
 * post_accept the connection is taken from it with public calls only, the
 * bufferevent is emptied of its descriptor and freed, and libevhtp frees its
 * structs because the hook answers EVHTP_RES_ERROR.
 */
#include "http/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <evhtp.h>

#include "base/log.h"
#include "base/memory.h"

#define ACCEPT_EMFILE_PAUSE_MS 100

struct accept {
	struct event_base *base;
	evhtp_t *htp;
	struct event *retry;		/* after EMFILE */
	accept_conn_fn *on_conn;
	void *arg;
	int fd;				/* our copy of the listening socket */
	bool paused;			/* asked for by our owner */
	bool starved;			/* out of descriptors */
};

static evhtp_res
accept_on_conn(evhtp_connection_t *conn, void *arg)
{
	struct accept *accept = arg;
	struct bufferevent *bev = evhtp_connection_take_ownership(conn);
	int fd = bufferevent_getfd(bev);

	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	bufferevent_setfd(bev, -1);
	bufferevent_free(bev);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		log_warn(NULL, "accept", "could not set close-on-exec: %s",
		    strerror(errno));
	accept->on_conn(accept->arg, fd, conn->saddr);
	return EVHTP_RES_ERROR;
}

static void
accept_apply(struct accept *accept)
{
	if (accept->paused || accept->starved)
		evconnlistener_disable(accept->htp->server);
	else
		evconnlistener_enable(accept->htp->server);
}

static void
accept_on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct accept *accept = arg;

	(void)fd;
	(void)what;
	accept->starved = false;
	accept_apply(accept);
}

/*
 * Without this libevent warns and tries again in a busy loop: the socket stays
 * readable (600 000 lines in 2.5 seconds were counted).
 */
static void
accept_on_error(struct evconnlistener *listener, void *arg)
{
	evhtp_t *htp = arg;	/* what libevhtp gave its listener */
	struct accept *accept = htp->arg;
	struct timeval pause = { .tv_usec = ACCEPT_EMFILE_PAUSE_MS * 1000 };
	int error = EVUTIL_SOCKET_ERROR();

	(void)listener;
	log_error(NULL, "accept", "could not accept a connection: %s; "
	    "trying again in %d ms", strerror(error), ACCEPT_EMFILE_PAUSE_MS);
	accept->starved = true;
	accept_apply(accept);
	event_add(accept->retry, &pause);
}

struct accept *
accept_new(struct event_base *base, int listen_fd, accept_conn_fn *on_conn,
    void *arg, struct error *err)
{
	struct accept *accept = memory_new(sizeof(*accept));

	accept->base = base;
	accept->on_conn = on_conn;
	accept->arg = arg;
	accept->fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
	accept->htp = evhtp_new(base, accept);
	accept->retry = evtimer_new(base, accept_on_retry, accept);
	evhtp_set_post_accept_cb(accept->htp, accept_on_conn, accept);
	if (accept->fd == -1 ||
	    evhtp_accept_socket(accept->htp, accept->fd, 0) == -1) {
		error_set(err, ERROR_INTERNAL,
		    "could not accept on descriptor %d: %s", listen_fd,
		    strerror(errno));
		accept_free(accept);
		return NULL;
	}
	evconnlistener_set_error_cb(accept->htp->server, accept_on_error);
	return accept;
}

void
accept_pause(struct accept *accept)
{
	accept->paused = true;
	accept_apply(accept);
}

void
accept_resume(struct accept *accept)
{
	accept->paused = false;
	accept_apply(accept);
}

bool
accept_is_paused(const struct accept *accept)
{
	return accept->paused;
}

void
accept_rest(struct accept *accept)
{
	for (;;) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int fd = accept4(accept->fd, (struct sockaddr *)&peer, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd == -1 && errno == EINTR)
			continue;
		if (fd == -1)
			return;
		accept->on_conn(accept->arg, fd, (struct sockaddr *)&peer);
	}
}

void
accept_free(struct accept *accept)
{
	if (accept == NULL)
		return;
	if (accept->htp->server != NULL)
		evhtp_unbind_socket(accept->htp);	/* closes our copy */
	else if (accept->fd != -1)
		close(accept->fd);
	evhtp_free(accept->htp);
	event_free(accept->retry);
	free(accept);
}
