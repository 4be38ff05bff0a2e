/*
 * From a conninfo to what PQconnectStartParams gets for one host. The url is
 * merged with environment and service file by libpq itself: a connection is
 * begun with a setting that libpq refuses before it touches the network, and
 * then asked for its options.
 */
#include "io/pg_target.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "io/pg_error.h"

struct pg_target {
	PQconninfoOption *options;	/* NULL with a fault */
	char fault[200];
	char *read_options, *write_options;
	char *hosts_text, *addresses_text, *ports_text;	/* cut at commas */
	struct pg_host *hosts;
	unsigned nhosts;
	const char **names, **values;
};

struct pg_default {
	const char *name, *value;
};

/* Given by us whatever the url says. */
static const struct pg_default pg_target_forced[] = {
	{ "client_encoding", "UTF8" },
	{ "gssencmode", "disable" },	/* it would look for Kerberos caches */
};

/* A dead network is noticed in a minute; a url may say otherwise. */
static const struct pg_default pg_target_defaults[] = {
	{ "keepalives_idle", "30" },
	{ "keepalives_interval", "10" },
	{ "keepalives_count", "3" },
	{ "tcp_user_timeout", "30000" },
};

/* Options of the url that are given for each attempt anew. */
static const char *const pg_target_own[] = {
	"host", "hostaddr", "port", "options", "application_name",
	"client_encoding", "gssencmode", "service", "connect_timeout",
	"replication",
};

/* What a url may change; stands before its own options. */
#define SOFT_SETTINGS "-c jit=off "

/* What the writers of columns rely on; stands after them. */
#define HARD_SETTINGS \
	" -c DateStyle=ISO -c IntervalStyle=iso_8601 -c extra_float_digits=1" \
	" -c bytea_output=hex -c default_transaction_read_only="

static const char *
pg_target_option(const struct pg_target *target, const char *name)
{
	const PQconninfoOption *option;

	for (option = target->options; option->keyword != NULL; option++) {
		if (strcmp(option->keyword, name) == 0)
			return option->val != NULL && option->val[0] != '\0' ?
			    option->val : NULL;
	}
	return NULL;
}

/* Parsed by libpq, which stops at the bad gssencmode: we set our own. */
static void
pg_target_read(struct pg_target *target, const char *url)
{
	const char *const names[] = { "dbname", "gssencmode", NULL };
	const char *const values[] = { url, "only parse", NULL };
	PQconninfoOption *parsed;
	char *message = NULL;
	PGconn *pg;

	parsed = PQconninfoParse(url, &message);
	if (parsed == NULL) {
		pg_error_line(message == NULL ? "no memory" : message,
		    target->fault, sizeof(target->fault));
		PQfreemem(message);
		return;
	}
	PQconninfoFree(parsed);

	pg = PQconnectStartParams(names, values, 1);
	target->options = PQconninfo(pg);
	/* A service that is not there leaves even the defaults unset. */
	if (target->options == NULL ||
	    pg_target_option(target, "sslmode") == NULL)
		pg_error_line(PQerrorMessage(pg), target->fault,
		    sizeof(target->fault));
	PQfinish(pg);
}

/* Cuts text at commas; the i-th piece, or the only one, NULL when empty. */
static const char *
pg_target_piece(char *text, unsigned i, unsigned n)
{
	if (text == NULL)
		return NULL;
	while (n > 1 && i-- > 0)
		text += strlen(text) + 1;
	return text[0] == '\0' ? NULL : text;
}

static unsigned
pg_target_cut(char *text)
{
	unsigned n = 1;

	if (text == NULL)
		return 0;
	for (; *text != '\0'; text++) {
		if (*text == ',') {
			*text = '\0';
			n++;
		}
	}
	return n;
}

static char *
pg_target_copy(const struct pg_target *target, const char *name)
{
	const char *text = pg_target_option(target, name);

	return text == NULL ? NULL : memory_strdup(text);
}

static bool
pg_host_needs_lookup(const struct pg_host *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (host->host == NULL || host->address != NULL ||
	    host->host[0] == '/' || host->host[0] == '@')
		return false;
	return inet_pton(AF_INET, host->host, address) != 1 &&
	    inet_pton(AF_INET6, host->host, address) != 1;
}

static void
pg_target_list_hosts(struct pg_target *target)
{
	unsigned nhosts, naddresses, nports, i;

	target->hosts_text = pg_target_copy(target, "host");
	target->addresses_text = pg_target_copy(target, "hostaddr");
	target->ports_text = pg_target_copy(target, "port");
	nhosts = pg_target_cut(target->hosts_text);
	naddresses = pg_target_cut(target->addresses_text);
	nports = pg_target_cut(target->ports_text);

	target->nhosts = naddresses > 0 ? naddresses : nhosts > 0 ? nhosts : 1;
	if ((nhosts > 0 && nhosts != target->nhosts) ||
	    (nports > 1 && nports != target->nhosts)) {
		snprintf(target->fault, sizeof(target->fault),
		    "as many hosts, addresses and ports are needed");
		target->nhosts = 1;
	}
	target->hosts = memory_new(target->nhosts * sizeof(*target->hosts));
	for (i = 0; i < target->nhosts && target->fault[0] == '\0'; i++) {
		struct pg_host *host = &target->hosts[i];

		host->host = pg_target_piece(target->hosts_text, i, nhosts);
		host->address = pg_target_piece(target->addresses_text, i,
		    naddresses);
		host->port = pg_target_piece(target->ports_text, i, nports);
		host->needs_lookup = pg_host_needs_lookup(host);
	}
}

static char *
pg_target_session(const struct pg_target *target, const char *read_only)
{
	const char *own = pg_target_option(target, "options");
	struct buf text = { 0 };

	buf_add_text(&text, TEXT(SOFT_SETTINGS));
	if (own != NULL)
		buf_add_text(&text, text_of(own));
	buf_add_text(&text, TEXT(HARD_SETTINGS));
	buf_add_text(&text, text_of(read_only));
	buf_add_byte(&text, '\0');
	return text.data;
}

static bool
pg_target_is_own(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(pg_target_own); i++) {
		if (strcmp(pg_target_own[i], name) == 0)
			return true;
	}
	return false;
}

static unsigned
pg_target_add(struct pg_target *target, unsigned n, const char *name,
    const char *value)
{
	target->names[n] = name;
	target->values[n] = value;
	return value == NULL ? n : n + 1;
}

/*
 * What is the same for each attempt comes first, then the rooms for those of
 * the attempt: host, hostaddr, port, options.
 */
#define PER_ATTEMPT 4

static void
pg_target_list_params(struct pg_target *target, const char *application_name)
{
	const PQconninfoOption *option = target->options;
	const char *name = pg_target_option(target, "application_name");
	unsigned n = PER_ATTEMPT, room, i;

	for (room = 0; option[room].keyword != NULL; room++)
		continue;
	room += PER_ATTEMPT + 1 + ARRAY_LEN(pg_target_forced) +
	    ARRAY_LEN(pg_target_defaults) + 1;
	target->names = memory_new(room * sizeof(*target->names));
	target->values = memory_new(room * sizeof(*target->values));

	for (; option->keyword != NULL; option++) {
		if (!pg_target_is_own(option->keyword))
			n = pg_target_add(target, n, option->keyword,
			    pg_target_option(target, option->keyword));
	}
	n = pg_target_add(target, n, "application_name",
	    name == NULL ? application_name : name);
	for (i = 0; i < ARRAY_LEN(pg_target_forced); i++)
		n = pg_target_add(target, n, pg_target_forced[i].name,
		    pg_target_forced[i].value);
	for (i = 0; i < ARRAY_LEN(pg_target_defaults); i++) {
		name = pg_target_defaults[i].name;
		if (pg_target_option(target, name) == NULL)
			n = pg_target_add(target, n, name,
			    pg_target_defaults[i].value);
	}
	target->names[n] = NULL;
}

struct pg_target *
pg_target_new(const char *url, const char *application_name)
{
	struct pg_target *target = memory_new(sizeof(*target));

	pg_target_read(target, url == NULL ? "" : url);
	if (target->fault[0] != '\0')
		return target;
	pg_target_list_hosts(target);
	pg_target_list_params(target, application_name);
	target->read_options = pg_target_session(target, "on");
	target->write_options = pg_target_session(target, "off");
	return target;
}

const char *
pg_target_fault(const struct pg_target *target)
{
	return target->fault[0] == '\0' ? NULL : target->fault;
}

unsigned
pg_target_count(const struct pg_target *target)
{
	return target->nhosts;
}

const struct pg_host *
pg_target_host(const struct pg_target *target, unsigned i)
{
	return &target->hosts[i];
}

struct pg_params
pg_target_params(struct pg_target *target, const struct pg_host *host,
    const char *address, bool writes)
{
	const struct pg_default attempt[PER_ATTEMPT] = {
		{ "host", host->host },
		{ "hostaddr", address == NULL ? host->address : address },
		{ "port", host->port },
		{ "options", writes ? target->write_options :
		    target->read_options },
	};
	unsigned i;

	/* To libpq a NULL value is a parameter that is not given. */
	for (i = 0; i < PER_ATTEMPT; i++) {
		target->names[i] = attempt[i].name;
		target->values[i] = attempt[i].value;
	}
	return (struct pg_params){ target->names, target->values };
}

void
pg_target_free(struct pg_target *target)
{
	if (target == NULL)
		return;
	PQconninfoFree(target->options);
	free(target->read_options);
	free(target->write_options);
	free(target->hosts_text);
	free(target->addresses_text);
	free(target->ports_text);
	free(target->hosts);
	free(target->names);
	free(target->values);
	free(target);
}
