#ifndef MUSTER_PROC_PRIVILEGES_H
#define MUSTER_PROC_PRIVILEGES_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

struct server_conf;

/*
 * Before anything else: does the user exist, may we run as we are? Root
 * without `user` is refused, except in the foreground, with a warning.
 */
int privileges_check(const struct server_conf *, bool foreground,
    struct error *) MUST_USE;

/*
 * In a child: becomes the service user for good. confine: no new privileges
 * by exec either (workers; hooks may need them).
 */
int privileges_drop(const struct server_conf *, bool confine,
    struct error *) MUST_USE;

/* Raises the soft limit of descriptors to the hard one; returns it. */
unsigned long privileges_raise_descriptors(void);

#endif
