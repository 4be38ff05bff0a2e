#ifndef MUSTER_PROC_GENERATION_H
#define MUSTER_PROC_GENERATION_H

#include <stdio.h>

#include "http/http.h"
#include "io/pg_pool.h"
#include "plan/limits.h"
#include "proc/server_conf.h"

struct conf;
struct conf_report;
struct pg_description;
struct plans;
struct router;

/*
 * A configuration and, when the database was there to tell, a description:
 * all a worker needs. Complete and checked before anything serves from it,
 * never changed afterwards.
 */
struct generation {
	unsigned number;
	struct conf *conf;
	struct server_conf server;
	struct log_conf log;
	struct http_conf http;
	struct limits_conf limits;
	struct pg_conf database;
	struct plans *plans;
	struct router *router;
	int description_fd;		/* sealed memfd; -1: not described */
	struct pg_description *description;
};

/*
 * Reads and compiles everything that needs no database. Faults of all parts
 * go to the report; NULL (with *unreadable) when the file cannot be read.
 */
struct generation *generation_load(const char *path, struct conf_report *,
    int *unreadable);

/* Effective settings of all sections, secrets masked: -T. */
void generation_dump(const struct generation *, FILE *);

/*
 * Maps the description in fd and links it to the plans. Faults to the
 * report. 0 or -1.
 */
int generation_link(struct generation *, int fd, struct conf_report *);

void generation_free(struct generation *);

#endif
