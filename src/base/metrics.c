/*
 * The table of metrics and their cells. A counter or gauge has the cell of
 * its number; histograms follow: one cell for each bucket (not yet summed
 * up), one for what is above, one for the sum in microseconds.
 */
#include "base/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/shm.h"

static const struct {
	int64_t us;
	const char *le;			/* the same in seconds */
} buckets[] = {
	{ 500, "0.0005" }, { 1000, "0.001" }, { 2500, "0.0025" },
	{ 5000, "0.005" }, { 10000, "0.01" }, { 25000, "0.025" },
	{ 50000, "0.05" }, { 100000, "0.1" }, { 250000, "0.25" },
	{ 500000, "0.5" }, { 1000000, "1" }, { 2500000, "2.5" },
	{ 5000000, "5" }, { 10000000, "10" },
};

#define ABOVE ARRAY_LEN(buckets)
#define SUM (ABOVE + 1)
#define HISTOGRAM_CELLS (SUM + 1)
#define HISTOGRAMS 3
#define CELLS_USED (METRIC_COUNT + HISTOGRAMS * HISTOGRAM_CELLS)

_Static_assert(CELLS_USED <= SHM_CELLS, "a slot has too few cells");

#define COUNTER(metric, name, help) \
	[metric] = { name, "", help, METRIC_COUNTER, metric }
#define GAUGE(metric, name, help) \
	[metric] = { name, "", help, METRIC_GAUGE, metric }
#define HISTOGRAM(metric, n, name, help) \
	[metric] = { name, "", help, METRIC_HISTOGRAM, \
	    METRIC_COUNT + (n) * HISTOGRAM_CELLS }
#define RESPONSES(metric, class) \
	[metric] = { "muster_responses_total", "class=\"" class "\"", \
	    "Responses sent, by class of status.", METRIC_COUNTER, metric }

/* Rows of one family stand together. */
static const struct metric_row metric_rows[METRIC_COUNT] = {
	COUNTER(METRIC_CONNECTIONS_ACCEPTED,
	    "muster_connections_accepted_total",
	    "Client connections accepted."),
	GAUGE(METRIC_CONNECTIONS_OPEN, "muster_connections_open",
	    "Client connections that are open now."),
	GAUGE(METRIC_REQUESTS_IN_FLIGHT, "muster_requests_in_flight",
	    "Requests that are being answered now."),
	RESPONSES(METRIC_RESPONSES_1XX, "1xx"),
	RESPONSES(METRIC_RESPONSES_2XX, "2xx"),
	RESPONSES(METRIC_RESPONSES_3XX, "3xx"),
	RESPONSES(METRIC_RESPONSES_4XX, "4xx"),
	RESPONSES(METRIC_RESPONSES_5XX, "5xx"),
	COUNTER(METRIC_CLIENTS_GONE, "muster_clients_gone_total",
	    "Requests whose client left before the answer."),
	COUNTER(METRIC_BYTES_RECEIVED, "muster_received_bytes_total",
	    "Bytes received from clients."),
	COUNTER(METRIC_BYTES_SENT, "muster_sent_bytes_total",
	    "Bytes sent to clients."),
	HISTOGRAM(METRIC_REQUEST_DURATION, 0, "muster_request_duration_seconds",
	    "Time from a request's last byte to its answer's last byte."),
	GAUGE(METRIC_POOL_OPEN, "muster_pool_open",
	    "Database connections that are logged in."),
	GAUGE(METRIC_POOL_IDLE, "muster_pool_idle",
	    "Database connections that nobody uses."),
	GAUGE(METRIC_POOL_BUSY, "muster_pool_busy",
	    "Database connections that run a statement or transaction."),
	GAUGE(METRIC_POOL_CONNECTING, "muster_pool_connecting",
	    "Database connections that are being opened."),
	GAUGE(METRIC_POOL_WAITING, "muster_pool_waiting",
	    "Operations that wait for a database connection."),
	COUNTER(METRIC_POOL_TIMEOUTS, "muster_pool_timeouts_total",
	    "Operations that waited longer than pool_timeout."),
	COUNTER(METRIC_POOL_CONNECTS, "muster_pool_connects_total",
	    "Database connections opened."),
	COUNTER(METRIC_POOL_CONNECT_FAILURES,
	    "muster_pool_connect_failures_total",
	    "Attempts to open a database connection that failed."),
	COUNTER(METRIC_POOL_LOSSES, "muster_pool_losses_total",
	    "Database connections lost while they were open."),
	COUNTER(METRIC_POOL_QUERIES, "muster_pool_queries_total",
	    "Statements sent to the database."),
	COUNTER(METRIC_POOL_QUERY_ERRORS, "muster_pool_query_errors_total",
	    "Statements that failed."),
	COUNTER(METRIC_POOL_CANCELS, "muster_pool_cancels_total",
	    "Statements that were cancelled at the server."),
	HISTOGRAM(METRIC_POOL_WAIT, 1, "muster_pool_wait_seconds",
	    "Time an operation waited for a database connection."),
	HISTOGRAM(METRIC_POOL_EXECUTE, 2, "muster_pool_execute_seconds",
	    "Time from sending a statement to its last result."),
	COUNTER(METRIC_WORKER_DEATHS, "muster_worker_deaths_total",
	    "Workers that ended without being asked to."),
	COUNTER(METRIC_WORKERS_STARTED, "muster_workers_started_total",
	    "Workers started."),
};

/* Until a slot is used, numbers go where nobody looks. */
static _Atomic int64_t private_cells[SHM_CELLS];

static struct {
	_Atomic int64_t *cells;
} metrics = { .cells = private_cells };

const struct metric_row *
metrics_row(enum metric metric)
{
	return &metric_rows[metric];
}

bool
metrics_cell_is_gauge(unsigned cell)
{
	return cell < METRIC_COUNT && metric_rows[cell].kind == METRIC_GAUGE;
}

static void
metrics_name_cells(char (*names)[SHM_NAME_LEN])
{
	const struct metric_row *row;
	unsigned metric, i;

	for (metric = 0; metric < METRIC_COUNT; metric++) {
		row = &metric_rows[metric];
		if (row->kind != METRIC_HISTOGRAM) {
			snprintf(names[row->cell], SHM_NAME_LEN, "%s%s%s%s",
			    row->name, row->labels[0] == '\0' ? "" : "{",
			    row->labels, row->labels[0] == '\0' ? "" : "}");
			continue;
		}
		for (i = 0; i < HISTOGRAM_CELLS; i++)
			snprintf(names[row->cell + i], SHM_NAME_LEN, "%s#%u",
			    row->name, i);
	}
}

void
metrics_use(struct shm *shm, unsigned slot)
{
	char (*names)[SHM_NAME_LEN] = shm_cell_names(shm);

	if (names[0][0] == '\0')
		metrics_name_cells(names);
	metrics.cells = shm_slot(shm, slot)->cells;
}

/* The owner is the only writer, so that no locked instruction is needed. */
static inline void
metric_raise(unsigned cell, int64_t n)
{
	_Atomic int64_t *at = &metrics.cells[cell];

	atomic_store_explicit(at,
	    atomic_load_explicit(at, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

void
metric_add(enum metric metric, int64_t n)
{
	metric_raise(metric, n);
}

void
metric_set(enum metric metric, int64_t n)
{
	atomic_store_explicit(&metrics.cells[metric], n, memory_order_relaxed);
}

void
metric_observe_us(enum metric metric, int64_t us)
{
	unsigned first = metric_rows[metric].cell, i = 0;

	while (i < ABOVE && us > buckets[i].us)
		i++;
	metric_raise(first + i, 1);
	metric_raise(first + SUM, us);
}

static void
metrics_add_cells(int64_t *sums, const _Atomic int64_t *cells)
{
	unsigned i;

	for (i = 0; i < CELLS_USED; i++)
		sums[i] += atomic_load_explicit(&cells[i],
		    memory_order_relaxed);
}

/*
 * The master moves a dead worker's counters in a few microseconds. If it is
 * caught in the act a few times in a row, it died there: take what is.
 */
static void
metrics_sum(struct shm *shm, int64_t *sums)
{
	unsigned folds, i, tries = 0;

	do {
		folds = shm_folds(shm);
		memset(sums, 0, CELLS_USED * sizeof(*sums));
		metrics_add_cells(sums, shm_base_cells(shm));
		for (i = 0; i < shm_slots_used(shm); i++)
			metrics_add_cells(sums, shm_slot(shm, i)->cells);
		atomic_thread_fence(memory_order_acquire);
	} while ((folds % 2 != 0 || shm_folds(shm) != folds) && ++tries < 100);
}

static void
metrics_print_histogram(const struct metric_row *row, const int64_t *sums,
    struct buf *out)
{
	const int64_t *cells = sums + row->cell;
	int64_t count = 0;
	unsigned i;

	for (i = 0; i < ABOVE; i++) {
		count += cells[i];
		buf_printf(out, "%s_bucket{le=\"%s\"} %" PRId64 "\n",
		    row->name, buckets[i].le, count);
	}
	count += cells[ABOVE];
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", row->name,
	    count);
	buf_printf(out, "%s_sum %" PRId64 ".%06" PRId64 "\n", row->name,
	    cells[SUM] / 1000000, cells[SUM] % 1000000);
	buf_printf(out, "%s_count %" PRId64 "\n", row->name, count);
}

static void
metrics_print_row(const struct metric_row *row, const int64_t *sums,
    struct buf *out)
{
	if (row->kind == METRIC_HISTOGRAM)
		metrics_print_histogram(row, sums, out);
	else if (row->labels[0] != '\0')
		buf_printf(out, "%s{%s} %" PRId64 "\n", row->name,
		    row->labels, sums[row->cell]);
	else
		buf_printf(out, "%s %" PRId64 "\n", row->name,
		    sums[row->cell]);
}

void
metrics_print(struct shm *shm, struct buf *out)
{
	static const char *const kinds[] = {
		[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	const struct metric_row *row;
	int64_t sums[CELLS_USED];
	const char *family = "";
	unsigned metric;

	metrics_sum(shm, sums);
	for (metric = 0; metric < METRIC_COUNT; metric++) {
		row = &metric_rows[metric];
		if (strcmp(row->name, family) != 0)
			buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n",
			    row->name, row->help, row->name, kinds[row->kind]);
		family = row->name;
		metrics_print_row(row, sums, out);
	}
}
