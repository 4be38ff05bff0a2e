/*
 * Listening sockets. One shared nonblocking socket an address: a worker that
 * dies strands no queue, and the next generation takes over without a reset
 * (a closed SO_REUSEPORT socket was seen to reset 100 of 200 clients).
 */
#include "proc/listen.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "proc/listen_conf.h"
#include "proc/server_conf.h"

#define LISTEN_MAX 15	/* and the admin socket */
#define LISTEN_DEFAULT "127.0.0.1:8000"

struct listener {
	struct listen_conf conf;
	int fd;
	ino_t inode;		/* of a unix socket's file; 0: none */
	bool admin;
};

struct listeners {
	unsigned n;
	struct listener list[LISTEN_MAX + 1];
	pid_t owner;		/* who may unlink */
};

/* "HOST:PORT" and "[v6]:PORT" in two; false: it is neither. */
static bool
listen_split(const char *address, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(address, ':');
	const char *end = colon;
	size_t len;

	if (colon == NULL || colon[1] == '\0' ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    atol(colon + 1) < 1 || atol(colon + 1) > 65535)
		return false;
	if (address[0] == '[') {
		address++;
		end--;
		if (*end != ']')
			return false;
	} else if (memchr(address, ':', (size_t)(colon - address)) != NULL) {
		return false;
	}
	len = (size_t)(end - address);
	if (len == 0 || len >= size)
		return false;
	memcpy(host, address, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

static void
listen_check_address(const char *address, struct src_pos pos,
    struct conf_report *report)
{
	struct sockaddr_un un;
	char host[256];
	const char *port;

	if (strncmp(address, "unix:", 5) == 0) {
		if (address[5] != '/')
			conf_fault(report, pos, "\"%s\": the path of a unix "
			    "socket begins with a slash", address);
		else if (strlen(address + 5) >= sizeof(un.sun_path))
			conf_fault(report, pos, "\"%s\": the path of a unix "
			    "socket has at most %zu bytes", address,
			    sizeof(un.sun_path) - 1);
	} else if (!listen_split(address, host, sizeof(host), &port)) {
		conf_fault(report, pos, "\"%s\" is no address to listen on; "
		    "write \"HOST:PORT\", \"[::1]:80\", \"*:80\" or "
		    "\"unix:/path\"", address);
	}
}

static void
listen_check_one(const struct conf_node *node, struct conf_report *report)
{
	struct listen_conf conf = { 0 };

	if (listen_conf_read(node, &conf, report) == 0)
		listen_check_address(conf.address, conf_node_pos(node),
		    report);
}

static bool
listen_is_list(const struct conf_node *node)
{
	return conf_node_kind(node) == CONF_LIST ||
	    conf_node_kind(node) == CONF_ARRAY;
}

void
listen_check(const struct server_conf *conf, struct conf_report *report)
{
	const struct conf_node *node = conf->listen;
	struct src_pos nowhere = { 0 };

	if (node != NULL && listen_is_list(node)) {
		for (size_t i = 0; i < conf_node_count(node); i++)
			listen_check_one(conf_node_at(node, i), report);
		if (conf_node_count(node) == 0 ||
		    conf_node_count(node) > LISTEN_MAX)
			conf_fault(report, conf_node_pos(node),
			    "listen takes 1 to %d addresses, not %zu",
			    LISTEN_MAX, conf_node_count(node));
	} else if (node != NULL) {
		listen_check_one(node, report);
	}
	if (conf->admin == NULL)
		return;
	if (strncmp(conf->admin, "unix:", 5) == 0)
		listen_check_address(conf->admin, nowhere, report);
	else
		conf_fault(report, nowhere,
		    "admin: \"%s\" is no unix socket; write \"unix:/path\"",
		    conf->admin);
}

static int
listen_fail(struct error *err, const char *address, const char *what)
{
	return error_set(err, ERROR_INTERNAL, "could not %s \"%s\": %s", what,
	    address, strerror(errno));
}

static void
listen_set_options(int fd, int family)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_UNIX)
		return;
	/* Accepted sockets inherit both. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
}

/*
 * A socket left behind by a process that was killed answers nobody. Another
 * kind of file refuses in the same way, and is nothing to remove.
 */
static bool
listen_unix_is_stale(const struct sockaddr_un *un)
{
	struct stat file;
	int fd;
	bool stale;

	if (lstat(un->sun_path, &file) == -1 || !S_ISSOCK(file.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	stale = connect(fd, (const struct sockaddr *)un,
	    sizeof(*un)) == -1 && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int
listen_bind_unix(struct listener *listener, struct error *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *address = listener->conf.address;
	struct stat file;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", address + 5);
	listener->fd = socket(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->fd == -1)
		return listen_fail(err, address, "make a socket for");
	if (listen_unix_is_stale(&un))
		unlink(un.sun_path);
	if (bind(listener->fd, (struct sockaddr *)&un, sizeof(un)) == -1)
		return listen_fail(err, address, "listen on");
	if (lstat(un.sun_path, &file) == 0)
		listener->inode = file.st_ino;
	if (chmod(un.sun_path, (mode_t)listener->conf.mode) == -1)
		return listen_fail(err, address, "set the mode of");
	return 0;
}

/* The file of a unix socket, unless somebody has put another in its place. */
static void
listen_unlink(const struct listener *listener)
{
	const char *path = listener->conf.address + 5;
	struct stat file;

	if (listener->inode != 0 && lstat(path, &file) == 0 &&
	    file.st_ino == listener->inode)
		unlink(path);
}

static int
listen_bind_found(struct listener *listener, const struct addrinfo *found)
{
	int fd = socket(found->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	listen_set_options(fd, found->ai_family);
	if (bind(fd, found->ai_addr, found->ai_addrlen) == -1) {
		int saved_errno = errno;

		close(fd);
		errno = saved_errno;
		return -1;
	}
	listener->fd = fd;
	return 0;
}

/* May an address be left out, since the machine does not have its kind? */
static bool
listen_is_absent(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

/* A name may have several addresses ("localhost"): each gets a socket. */
static int
listen_bind_all(struct listeners *listeners, const struct listen_conf *conf,
    const struct addrinfo *found, struct error *err)
{
	unsigned bound = 0;

	for (; found != NULL; found = found->ai_next) {
		struct listener *listener = &listeners->list[listeners->n];

		if (listeners->n > LISTEN_MAX)
			return error_set(err, ERROR_INTERNAL, "cannot listen "
			    "on more than %d addresses", LISTEN_MAX);
		*listener = (struct listener){ .conf = *conf };
		if (listen_bind_found(listener, found) == 0) {
			listeners->n++;
			bound++;
		} else if (!listen_is_absent(errno) ||
		    (found->ai_next == NULL && bound == 0)) {
			return listen_fail(err, conf->address, "listen on");
		}
	}
	return 0;
}

static int
listen_bind_tcp(struct listeners *listeners, const struct listen_conf *conf,
    struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found;
	const char *port;
	char host[256];
	int result;

	listen_split(conf->address, host, sizeof(host), &port);
	if (strcmp(host, "*") == 0)
		hints.ai_family = AF_INET;
	result = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port,
	    &hints, &found);
	if (result != 0)
		return error_set(err, ERROR_INTERNAL,
		    "could not find the address \"%s\": %s", conf->address,
		    gai_strerror(result));
	result = listen_bind_all(listeners, conf, found, err);
	freeaddrinfo(found);
	return result;
}

static int
listeners_add(struct listeners *listeners, const struct listen_conf *conf,
    bool admin, struct error *err)
{
	struct listener *listener = &listeners->list[listeners->n];

	if (strncmp(conf->address, "unix:", 5) != 0)
		return listen_bind_tcp(listeners, conf, err);
	if (listeners->n > LISTEN_MAX)
		return error_set(err, ERROR_INTERNAL, "cannot listen on more "
		    "than %d addresses", LISTEN_MAX);
	*listener = (struct listener){ .conf = *conf, .admin = admin,
	    .fd = -1 };
	listeners->n++;
	return listen_bind_unix(listener, err);
}

static int
listeners_add_node(struct listeners *listeners, const struct conf_node *node,
    struct error *err)
{
	struct conf_report *report = conf_report_new();
	struct listen_conf conf = { 0 };
	int result = listen_conf_read(node, &conf, report);

	conf_report_free(report);	/* was checked before */
	return result == -1 ? -1 : listeners_add(listeners, &conf, false, err);
}

static int
listeners_add_all(struct listeners *listeners, const struct server_conf *conf,
    struct error *err)
{
	struct listen_conf dflt = { .address = LISTEN_DEFAULT,
	    .backlog = LISTEN_BACKLOG };
	struct listen_conf admin = { .address = conf->admin,
	    .backlog = LISTEN_BACKLOG, .mode = 0660 };
	int result = 0;

	if (conf->listen == NULL)
		result = listeners_add(listeners, &dflt, false, err);
	else if (!listen_is_list(conf->listen))
		result = listeners_add_node(listeners, conf->listen, err);
	else
		for (size_t i = 0; i < conf_node_count(conf->listen) &&
		    result == 0; i++)
			result = listeners_add_node(listeners,
			    conf_node_at(conf->listen, i), err);
	if (result == 0 && conf->admin != NULL)
		result = listeners_add(listeners, &admin, true, err);
	return result;
}

struct listeners *
listeners_bind(const struct server_conf *conf, struct error *err)
{
	struct listeners *listeners = memory_new(sizeof(*listeners));

	listeners->owner = getpid();
	if (listeners_add_all(listeners, conf, err) == 0)
		return listeners;
	listeners_close(listeners, true);
	return NULL;
}

int
listeners_listen(struct listeners *listeners, struct error *err)
{
	for (unsigned i = 0; i < listeners->n; i++) {
		struct listener *listener = &listeners->list[i];

		if (listen(listener->fd, (int)listener->conf.backlog) == -1)
			return listen_fail(err, listener->conf.address,
			    "listen on");
	}
	return 0;
}

/*
 * Closing a listening socket resets what waits in its queue, and between the
 * last accept and the close one more may come. So SYNs are dropped first: a
 * client tries again a second later and is refused, which loses nothing; what
 * had been begun before is completed and served.
 */
static int
listen_drop_syn(int fd)
{
	static const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),	/* TCP's flags */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),		/* SYN, no ACK */
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	};
	struct sock_filter copy[ARRAY_LEN(code)];
	struct sock_fprog program = { ARRAY_LEN(copy), copy };

	memcpy(copy, code, sizeof(code));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
	    sizeof(program));
}

/*
 * Some kernels give filters to root only. The least number of hops does the
 * same for all peers but those that send with the greatest, and connections
 * that come of a handshake which had begun inherit it: http_drain undoes that.
 */
static void
listen_drop_by_hops(int fd)
{
	int most = 255;

	setsockopt(fd, IPPROTO_IP, IP_MINTTL, &most, sizeof(most));
	setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &most, sizeof(most));
}

void
listeners_refuse(const struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->n; i++) {
		const struct listener *listener = &listeners->list[i];

		if (listener->admin)
			continue;
		if (strncmp(listener->conf.address, "unix:", 5) == 0)
			listen_unlink(listener);
		else if (listen_drop_syn(listener->fd) == -1)
			listen_drop_by_hops(listener->fd);
	}
}

unsigned
listeners_count(const struct listeners *listeners)
{
	return listeners->n;
}

int
listeners_fd(const struct listeners *listeners, unsigned i)
{
	return listeners->list[i].fd;
}

bool
listeners_is_admin(const struct listeners *listeners, unsigned i)
{
	return listeners->list[i].admin;
}

const char *
listeners_name(const struct listeners *listeners, unsigned i)
{
	return listeners->list[i].conf.address;
}

void
listeners_close(struct listeners *listeners, bool unlink_files)
{
	if (listeners == NULL)
		return;
	for (unsigned i = 0; i < listeners->n; i++) {
		struct listener *listener = &listeners->list[i];

		if (listener->fd == -1)
			continue;
		close(listener->fd);
		if (unlink_files && listeners->owner == getpid())
			listen_unlink(listener);
	}
	free(listeners);
}
