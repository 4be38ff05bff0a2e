#ifndef MUSTER_CONF_SYNTAX_H
#define MUSTER_CONF_SYNTAX_H

#include <stddef.h>

struct conf_report;

/* Groups and lists nest no deeper: our readers go down by recursion. */
enum { SYNTAX_MAX_DEPTH = 64 };

/*
 * Judges a file before libconfig reads it, for libconfig stops at the first
 * fault, names its line only, and takes some faults for good. Faults go to
 * the report. What can be left out (a name set twice, a comma too many) is
 * overwritten with blanks, so that the rest is still read in place.
 * Returns 0 when libconfig can read the text now, else -1.
 */
int syntax_check(char *text, size_t length, const char *path,
    struct conf_report *);

#endif
