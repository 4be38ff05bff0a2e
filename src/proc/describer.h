#ifndef MUSTER_PROC_DESCRIBER_H
#define MUSTER_PROC_DESCRIBER_H

#include <stdint.h>
#include <stdio.h>

struct generation;

/*
 * In a child, as the service user: has PostgreSQL describe every statement
 * of the generation into fd (a memfd), then links it to the plans to find
 * what does not fit. Faults go to the log, or to `out` when it is not NULL.
 * Returns an exit code: 0; 69 when no connection was had until deadline_ms;
 * 78 when there are faults.
 */
int describer_run(struct generation *, int fd, int64_t deadline_ms,
    FILE *out);

#endif
