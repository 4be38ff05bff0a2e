/*
 * PQcancel in a helper thread. The PGcancel is a copy made at login that
 * nothing changes, so the thread shares nothing with the connection. It is
 * sent in clear even where the connection has TLS (libpq before 17).
 */
#include "io/pg_cancel.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "io/helpers.h"
#include "io/pg_error.h"

struct pg_cancel {
	PGcancel *key;
	struct helpers_job *job;	/* while it runs */
	pg_cancel_done_fn *done;
	void *arg;
	int sent;			/* what PQcancel returned */
	char text[256];			/* why it failed */
};

struct pg_cancel *
pg_cancel_new(PGconn *pg)
{
	PGcancel *key = PQgetCancel(pg);
	struct pg_cancel *cancel;

	if (key == NULL)
		return NULL;
	cancel = memory_new(sizeof(*cancel));
	cancel->key = key;
	return cancel;
}

static void
pg_cancel_release(void *arg)
{
	struct pg_cancel *cancel = arg;

	PQfreeCancel(cancel->key);
	free(cancel);
}

/* In a helper thread. */
static void
pg_cancel_work(void *arg)
{
	struct pg_cancel *cancel = arg;

	cancel->sent = PQcancel(cancel->key, cancel->text,
	    sizeof(cancel->text));
}

static void
pg_cancel_on_done(void *arg)
{
	struct pg_cancel *cancel = arg;
	char line[sizeof(cancel->text)];

	cancel->job = NULL;
	if (cancel->sent == 0) {
		pg_error_line(cancel->text, line, sizeof(line));
		log_warn(NULL, "pg_cancel_failed", "detail=\"%s\"", line);
	}
	cancel->done(cancel->arg);
}

int
pg_cancel_start(struct pg_cancel *cancel, struct helpers *helpers,
    pg_cancel_done_fn *done, void *arg)
{
	cancel->done = done;
	cancel->arg = arg;
	cancel->job = helpers_start(helpers, pg_cancel_work,
	    pg_cancel_on_done, cancel);
	return cancel->job == NULL ? -1 : 0;
}

void
pg_cancel_free(struct pg_cancel *cancel)
{
	if (cancel == NULL)
		return;
	if (cancel->job != NULL)
		helpers_abandon(cancel->job, pg_cancel_release);
	else
		pg_cancel_release(cancel);
}
