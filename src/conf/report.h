#ifndef MUSTER_CONF_REPORT_H
#define MUSTER_CONF_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/error.h"

/*
 * All faults of a configuration, collected in one run: whoever checks a part
 * adds to it and goes on. Printed in the order of files, lines and columns:
 * "file:line:column: what is wrong; did you mean "x"?". Equal lines once.
 */
struct conf_report;

struct conf_report *conf_report_new(void);

/* Lines about this file stand after those of the files named before. */
void conf_report_file(struct conf_report *, const char *file);

/* An error: the configuration is refused. pos.line 0: about the file. */
void conf_fault(struct conf_report *, struct src_pos, const char *format, ...)
    PRINTF(3, 4);

/* Worth saying, but it serves. */
void conf_warn(struct conf_report *, struct src_pos, const char *format, ...)
    PRINTF(3, 4);

/*
 * A fault about an unknown name, with the nearest of names (closed by NULL):
 * conf_fault_unknown(r, pos, "key", "max_overflw", names) says
 * unknown key "max_overflw"; did you mean "max_overflow"? When none is near, a
 * short list of names is told whole.
 */
void conf_fault_unknown(struct conf_report *, struct src_pos,
    const char *what, const char *name, const char *const names[]);

unsigned conf_report_faults(const struct conf_report *);
unsigned conf_report_warnings(const struct conf_report *);

/* One line each, faults with no prefix, warnings with "warning: ". */
void conf_report_print(const struct conf_report *, FILE *);

/* Calls fn for each line, in order: for the log. */
void conf_report_each(const struct conf_report *,
    void (*fn)(void *arg, bool is_fault, struct src_pos, const char *text),
    void *arg);

void conf_report_free(struct conf_report *);

#endif
