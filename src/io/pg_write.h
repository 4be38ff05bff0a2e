#ifndef MUSTER_IO_PG_WRITE_H
#define MUSTER_IO_PG_WRITE_H

#include <stdint.h>

#include "base/text.h"

struct buf;
struct pg_writer;

/*
 * From PostgreSQL's text of a value (ISO dates, hex bytea) to JSON, one writer
 * a type, chosen when a generation is linked. What is written is what to_json
 * gives, but for void, which is null. A writer is never called for SQL NULL.
 */
enum pg_form {
	PG_FORM_NULL,		/* void */
	PG_FORM_NUMBER,		/* digits only */
	PG_FORM_FLOAT,		/* digits, or NaN, Infinity as strings */
	PG_FORM_BOOL,
	PG_FORM_TEXT,
	PG_FORM_PLAIN,		/* text that never needs an escape */
	PG_FORM_TIMESTAMP,
	PG_FORM_TIMESTAMPTZ,
	PG_FORM_JSON,
	PG_FORM_VECTOR,		/* int2vector: numbers parted by blanks */
	PG_FORM_OID_VECTOR,	/* oidvector: the same, as strings */
	PG_FORM_ARRAY
};

typedef void pg_write_fn(const struct pg_writer *, struct buf *, struct text);

struct pg_writer {
	pg_write_fn *write;
	enum pg_form form;
	char delimiter;			/* of an array: between elements */
	const struct pg_writer *element;
};

/* What every type without a writer of its own gets: a JSON string. */
extern const struct pg_writer pg_writer_text;

/* Of a type that each PostgreSQL has, arrays too; NULL: not one of these. */
const struct pg_writer *pg_writer_find(uint32_t oid);

/* element must live as long as the writer. */
void pg_writer_init_array(struct pg_writer *, const struct pg_writer *element,
    char delimiter);

#endif
