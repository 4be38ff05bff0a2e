#ifndef MUSTER_IO_PG_ARRAY_H
#define MUSTER_IO_PG_ARRAY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"
#include "io/pg_write.h"

/*
 * PostgreSQL's text of an array, as array_out prints it, token by token:
 * {1,NULL,"a\"b"}, nested for more dimensions, or [0:1]={..} when it does not
 * begin at 1 (those bounds are dropped).
 */
enum pg_array_token {
	PG_ARRAY_OPEN, PG_ARRAY_CLOSE, PG_ARRAY_NULL, PG_ARRAY_ITEM,
	PG_ARRAY_END,
	PG_ARRAY_BAD			/* not an array's text */
};

struct pg_array {
	struct text rest;
	char delimiter;
	unsigned depth;
	struct buf unescaped;
};

void pg_array_start(struct pg_array *, struct text, char delimiter);

/* item is the text or array->unescaped's: it holds until the next call. */
enum pg_array_token pg_array_next(struct pg_array *, struct text *item);
void pg_array_release(struct pg_array *);

/* Elements of the outermost dimension. */
uint32_t pg_array_count(struct text, char delimiter);

/* As a JSON array; what is not an array's text as a JSON string. */
void pg_array_write(const struct pg_writer *, struct buf *, struct text);

#endif
