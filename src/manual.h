#ifndef MUSTER_MANUAL_H
#define MUSTER_MANUAL_H

#include <stdio.h>

/*
 * The parts of the manual that are tables of the program. Sections that share
 * a name are shown as one.
 */
void manual_print_help(FILE *);		/* --help-keys */
void manual_print_keys(FILE *);		/* mdoc from here on */
void manual_print_errors(FILE *);
void manual_print_metrics(FILE *);

#endif
