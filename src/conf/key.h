#ifndef MUSTER_CONF_KEY_H
#define MUSTER_CONF_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct conf_node;
struct conf_report;

/*
 * A setting is one row in the module that uses it. Parsing, default, range
 * errors, --help-keys, -T, the manual's reference and the sample file's test
 * all come from the row.
 */
enum conf_type {
	CONF_TYPE_BOOL,		/* bool */
	CONF_TYPE_COUNT,	/* int64_t; a bare integer */
	CONF_TYPE_TIME,		/* int64_t, milliseconds; "250ms" "5s" "2m"
				 * "1h" "7d"; a bare number is an error that
				 * proposes the unit */
	CONF_TYPE_SIZE,		/* int64_t, bytes; "16k" "1M" "5G", 1024 */
	CONF_TYPE_STRING,	/* const char *, generation lifetime; a secret
				 * "@/path" reads a file, "$NAME" the
				 * environment */
	CONF_TYPE_ENUM,		/* int, index into choices */
	CONF_TYPE_STRINGS,	/* const struct conf_node *: one string, or an
				 * array or list of strings; checked */
	CONF_TYPE_NODE		/* const struct conf_node *: the module reads
				 * it by itself. A node type is NULL when
				 * absent: its default is for the manual, and
				 * the module's to apply */
};

enum conf_flag {
	CONF_RESTART = 1 << 0,	/* a change needs a restart, not a reload */
	CONF_SECRET = 1 << 1,	/* -T and logs show *** */
	CONF_REQUIRED = 1 << 2
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t at;			/* offset of the field */
	const char *dflt;		/* as a user would write it, without
					 * quotes; NULL: 0, false, NULL */
	int64_t min, max;		/* both 0: none but >= 0 */
	const char *const *choices;	/* ENUM; closed by NULL */
	const char *unit;		/* of a COUNT: "connections" */
	unsigned flags;
	const char *syntax;		/* NODE: how its value looks */
	const char *doc;		/* sentences, for the manual */
};

struct conf_section {
	const char *name;	/* as in the manual: "database", "route" */
	const char *where;	/* "top level", "routes.NAME", "operation" */
	size_t size;		/* of the struct its keys fill */
	const struct conf_key *keys;
	size_t nkeys;
	const char *doc;
	/* What rows cannot say; has no effect but faults. May be NULL. */
	void (*check)(const void *settings, const struct conf_node *,
	    struct conf_report *);
};

/* One struct to fill, by the keys of one section. */
struct conf_into {
	const struct conf_section *section;
	void *settings;
};

/*
 * Fills the structs from a group (NULL: all defaults): defaults first, by the
 * same path as the user's text. A key must be known to one of the sections;
 * others are faults with the nearest name. Faults do not stop the reading; a
 * section's check runs when there was none, and not on NULL. Returns 0, or -1
 * when there was a fault in it.
 */
int conf_read(const struct conf_node *group, const struct conf_into *,
    size_t n, struct conf_report *);

/*
 * Only what the group writes: the structs hold what is inherited already, and
 * keep it. CONF_REQUIRED does not count here.
 */
int conf_read_over(const struct conf_node *group, const struct conf_into *,
    size_t n, struct conf_report *);

/* One value by the rules of a row, for lists that modules walk themselves. */
int conf_read_value(const struct conf_node *, const struct conf_key *,
    void *settings, struct conf_report *);

/* "5s" and "16k" outside of a file (tests, references): 0 or -1. */
int conf_time_parse(const char *text, int64_t *ms);
int conf_size_parse(const char *text, int64_t *bytes);

/* The other way, in the largest unit that is exact: "90s", "16k". */
#define CONF_QUANTITY_LEN 24
void conf_time_print(int64_t ms, char text[static CONF_QUANTITY_LEN]);
void conf_size_print(int64_t bytes, char text[static CONF_QUANTITY_LEN]);

/* --help-keys (plain), and the manual's reference (mdoc). */
void conf_section_help(const struct conf_section *, FILE *);
void conf_section_mdoc(const struct conf_section *, FILE *);
void conf_mdoc_text(const char *sentences, FILE *);

/*
 * -T: the effective settings of a group, secrets masked, as server.conf. A
 * NODE key whose value is a group is left out, for its reader knows the
 * effective values: name it with conf_group_dump when it was read into
 * structs, with conf_node_dump as it was written.
 */
void conf_section_dump(const struct conf_into *, size_t n, unsigned indent,
    FILE *);
void conf_group_dump(const char *name, const struct conf_into *, size_t n,
    unsigned indent, FILE *);		/* name = { ... }; */
void conf_node_dump(const struct conf_node *, unsigned indent, FILE *);

#endif
