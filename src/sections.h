#ifndef MUSTER_SECTIONS_H
#define MUSTER_SECTIONS_H

struct conf_section;

/*
 * Every key table of every module, in the order of the manual, closed by
 * NULL: what --help-keys and server.conf(5) print, and tests compare.
 */
extern const struct conf_section *const sections[];

#endif
