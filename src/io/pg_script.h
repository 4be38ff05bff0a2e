#ifndef MUSTER_IO_PG_SCRIPT_H
#define MUSTER_IO_PG_SCRIPT_H

#include <stdint.h>

#include "base/error.h"

struct pg_conf;

/*
 * Runs SQL text (several commands allowed, one implicit transaction each
 * as the simple protocol does), blocking: for hook children only. While the
 * database is not reachable it tries again until deadline_ms, then fails with
 * ERROR_DB_UNAVAILABLE. Another failure: ERROR_INTERNAL with PostgreSQL's
 * message in detail, and *offset (a byte of sql, or (size_t)-1). Notices go
 * to the log.
 */
int pg_script_run(const struct pg_conf *, const char *sql,
    int64_t deadline_ms, size_t *offset, struct error *);

#endif
