#ifndef MUSTER_BASE_METRICS_H
#define MUSTER_BASE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct shm;

/*
 * Counters, gauges and histograms, one row each in metrics.c, kept in the
 * cells of a process's shared slot; any worker prints the sums of all. Only
 * the owner writes a cell: relaxed loads and stores, no locked instructions.
 * Names follow Prometheus: muster_<noun>_<unit>_total.
 */
enum metric {
	METRIC_CONNECTIONS_ACCEPTED,
	METRIC_CONNECTIONS_OPEN,		/* gauge */
	METRIC_REQUESTS_IN_FLIGHT,		/* gauge */
	METRIC_RESPONSES_1XX,			/* label class */
	METRIC_RESPONSES_2XX,
	METRIC_RESPONSES_3XX,
	METRIC_RESPONSES_4XX,
	METRIC_RESPONSES_5XX,
	METRIC_CLIENTS_GONE,			/* left before the answer */
	METRIC_BYTES_RECEIVED,
	METRIC_BYTES_SENT,
	METRIC_REQUEST_DURATION,		/* histogram, seconds */
	METRIC_POOL_OPEN,			/* gauges */
	METRIC_POOL_IDLE,
	METRIC_POOL_BUSY,
	METRIC_POOL_CONNECTING,
	METRIC_POOL_WAITING,
	METRIC_POOL_TIMEOUTS,
	METRIC_POOL_CONNECTS,
	METRIC_POOL_CONNECT_FAILURES,
	METRIC_POOL_LOSSES,
	METRIC_POOL_QUERIES,
	METRIC_POOL_QUERY_ERRORS,
	METRIC_POOL_CANCELS,
	METRIC_POOL_WAIT,			/* histograms, seconds */
	METRIC_POOL_EXECUTE,
	METRIC_WORKER_DEATHS,			/* written by the master */
	METRIC_WORKERS_STARTED,
	METRIC_COUNT
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_row {
	const char *name;		/* the family's name */
	const char *labels;		/* "class=\"2xx\"", or "" */
	const char *help;		/* a sentence, also for the manual */
	enum metric_kind kind;
	unsigned cell;			/* its first, or only, cell */
};

const struct metric_row *metrics_row(enum metric);

/*
 * The calling process writes into this slot of shm from now on. Before that
 * its numbers go nowhere. The master calls first, before it forks: that names
 * the cells.
 */
void metrics_use(struct shm *, unsigned slot);

void metric_add(enum metric, int64_t);		/* counter or gauge */
void metric_set(enum metric, int64_t);		/* gauge */
void metric_observe_us(enum metric, int64_t us);	/* histogram */

/* Is this cell a gauge, which is dropped when its process ends? */
bool metrics_cell_is_gauge(unsigned cell);

/* Prometheus text format 0.0.4, all slots and the base summed. */
void metrics_print(struct shm *, struct buf *);

#endif
