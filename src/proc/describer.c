/*
 * The describer: the one process that asks PostgreSQL what the statements of
 * a configuration mean. It may block, and it ends when it knows.
 */
#include "proc/describer.h"

#include "base/log.h"
#include "conf/report.h"
#include "io/pg_description.h"
#include "io/pg_statement.h"
#include "plan/plan.h"
#include "proc/generation.h"
#include "proc/master.h"

static void
describer_on_fault(void *arg, const struct pg_statement *statement,
    size_t offset, const char *message)
{
	struct conf_report *report = arg;
	struct src_pos pos = statement->pos;

	if (offset != (size_t)-1)
		pos = plan_statement_pos(statement, offset);
	conf_fault(report, pos, "route \"%s\", operation \"%s\": %s",
	    statement->route, statement->op, message);
}

static void
describer_log_line(void *arg, bool is_fault, struct src_pos pos,
    const char *text)
{
	(void)arg;
	if (is_fault)
		log_error(NULL, "config", "at=%s:%u:%u %s", pos.file,
		    pos.line, pos.column, text);
	else
		log_warn(NULL, "config", "at=%s:%u:%u %s", pos.file,
		    pos.line, pos.column, text);
}

int
describer_run(struct generation *generation, int fd, int64_t deadline_ms,
    FILE *out)
{
	const struct pg_conf *databases[] = { &generation->database };
	struct conf_report *report = conf_report_new();
	struct error err = { 0 };
	unsigned n;
	struct pg_statement *const *statements =
	    plans_statements(generation->plans, &n);
	int result = pg_describe(databases, 1, statements, n, fd, deadline_ms,
	    describer_on_fault, report, &err);

	/* Also where SQL was refused: the faults of the rest in the same go. */
	if (result >= 0)
		generation_link(generation, fd, report);
	if (out != NULL)
		conf_report_print(report, out);
	else
		conf_report_each(report, describer_log_line, NULL);
	if (result == -1 && out != NULL)
		fprintf(out, "%s: %s\n", err.message, err.detail);
	else if (result == -1)
		log_problem(LOG_LEVEL_WARN, NULL, &err);
	n = conf_report_faults(report);
	conf_report_free(report);
	if (result == -1)
		return EXIT_CODE_NO_DATABASE;
	return n > 0 ? EXIT_CODE_CONFIG : EXIT_CODE_OK;
}
