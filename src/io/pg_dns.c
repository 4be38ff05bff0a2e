/*
 * Looking up a database's host. getaddrinfo(3) blocks, without a limit of
 * ours: whoever waits has a timer and lets go (pg_dns_free); the thread's
 * answer is then dropped.
 */
#include "io/pg_dns.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "io/helpers.h"

#define ADDRESSES_MAX 16
#define ADDRESS_LEN 64			/* IPv6 with a scope */

struct pg_dns {
	struct helpers_job *job;	/* NULL once done */
	char *host;
	pg_dns_done_fn *done;
	void *arg;
	int error;			/* of getaddrinfo */
	unsigned naddresses;
	char addresses[ADDRESSES_MAX][ADDRESS_LEN];
};

static void
pg_dns_release(void *arg)
{
	struct pg_dns *dns = arg;

	free(dns->host);
	free(dns);
}

/* In a helper thread. */
static void
pg_dns_work(void *arg)
{
	struct pg_dns *dns = arg;
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list = NULL, *info;

	dns->error = getaddrinfo(dns->host, NULL, &hints, &list);
	if (dns->error != 0)
		return;
	for (info = list; info != NULL && dns->naddresses < ADDRESSES_MAX;
	    info = info->ai_next) {
		if (getnameinfo(info->ai_addr, info->ai_addrlen,
		    dns->addresses[dns->naddresses], ADDRESS_LEN, NULL, 0,
		    NI_NUMERICHOST) == 0)
			dns->naddresses++;
	}
	freeaddrinfo(list);
}

static void
pg_dns_on_done(void *arg)
{
	struct pg_dns *dns = arg;

	dns->job = NULL;
	dns->done(dns->arg);
}

struct pg_dns *
pg_dns_start(struct helpers *helpers, const char *host, pg_dns_done_fn *done,
    void *arg)
{
	struct pg_dns *dns = memory_new(sizeof(*dns));

	dns->host = memory_strdup(host);
	dns->done = done;
	dns->arg = arg;
	dns->job = helpers_start(helpers, pg_dns_work, pg_dns_on_done, dns);
	if (dns->job == NULL) {
		pg_dns_release(dns);
		return NULL;
	}
	return dns;
}

const char *
pg_dns_address(const struct pg_dns *dns, unsigned i)
{
	return i < dns->naddresses ? dns->addresses[i] : NULL;
}

const char *
pg_dns_fault(const struct pg_dns *dns)
{
	if (dns->error != 0)
		return gai_strerror(dns->error);
	return dns->naddresses == 0 ? "no address" : NULL;
}

void
pg_dns_free(struct pg_dns *dns)
{
	if (dns == NULL)
		return;
	if (dns->job != NULL)
		helpers_abandon(dns->job, pg_dns_release);
	else
		pg_dns_release(dns);
}
