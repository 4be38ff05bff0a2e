#ifndef MUSTER_IO_PG_CATALOG_H
#define MUSTER_IO_PG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/compiler.h"
#include "base/error.h"

struct buf;
struct pg_image;
struct pg_image_database;
struct pg_image_type;

/*
 * What a description needs of one database's catalog: fetched whole first, so
 * that a connection that breaks leaves nothing half done, then stored.
 * Blocking: for the describer.
 */
struct pg_catalog {
	PGresult *types, *not_null, *constraints, *limits;
};

/* Types and columns to ask for, in bufs that hold arrays as SQL text. */
struct pg_catalog_ask {
	struct buf *types;		/* {23,25}: oids; repeats are fine */
	struct buf *tables, *attributes;	/* of columns, side by side */
};

int pg_catalog_fetch(struct pg_catalog *, PGconn *,
    const struct pg_catalog_ask *, int64_t deadline_ms, struct error *)
    MUST_USE;
void pg_catalog_store(const struct pg_catalog *, struct pg_image *,
    struct pg_image_database *);

/*
 * The asked columns that refuse null, by place in the lists from 0, rising.
 * i from 0 to pg_catalog_not_null_count - 1.
 */
uint32_t pg_catalog_not_null_count(const struct pg_catalog *);
uint32_t pg_catalog_not_null(const struct pg_catalog *, uint32_t i);

void pg_catalog_release(struct pg_catalog *);

/* A stored type; NULL: unknown. Valid until the next type is stored. */
const struct pg_image_type *pg_catalog_type(struct pg_image *,
    const struct pg_image_database *, uint32_t oid);

#endif
