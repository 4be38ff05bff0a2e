#ifndef MUSTER_IO_PG_BLOCKING_H
#define MUSTER_IO_PG_BLOCKING_H

#include <stdint.h>

#include <libpq-fe.h>

#include "base/compiler.h"
#include "base/error.h"

struct buf;
struct pg_conf;

/*
 * libpq for processes that have nothing else to do: the describer, hooks and
 * --check-db. Never for a worker. Every wait ends at deadline_ms.
 */

/*
 * Tries until a connection stands, with back-off; each new reason for failing
 * goes to the log. NULL with err (ERROR_DB_UNAVAILABLE) after the deadline.
 * libpq tells no SQLSTATE of a failed login, so that a wrong password is
 * tried again as well. Notices of the server go to the log.
 */
PGconn *pg_blocking_connect(const struct pg_conf *, const char *name,
    int64_t deadline_ms, struct error *) MUST_USE;

/* PQgetResult when it will not block. Returns 0, or -1 after the deadline. */
int pg_blocking_result(PGconn *, int64_t deadline_ms, PGresult **) MUST_USE;

/*
 * One statement with parameters in text form. NULL with err when it fails:
 * ERROR_DB_UNAVAILABLE when the connection or the time was lost.
 */
PGresult *pg_blocking_query(PGconn *, const char *sql, int nparams,
    const char *const params[], int64_t deadline_ms, struct error *) MUST_USE;

/*
 * What PostgreSQL says of a failure as one sentence without a full stop:
 * message, detail, hint. Of a connection when result is NULL.
 */
void pg_blocking_message(const PGconn *, const PGresult *, struct buf *);

/* Sets err's sqlstate; result may be NULL. */
void pg_blocking_sqlstate(struct error *, const PGresult *);

/* Byte of sql where the failure is, (size_t)-1 when it does not say. */
size_t pg_blocking_offset(const PGresult *, const char *sql);

#endif
