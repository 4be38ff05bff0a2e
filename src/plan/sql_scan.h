#ifndef MUSTER_PLAN_SQL_SCAN_H
#define MUSTER_PLAN_SQL_SCAN_H

#include <stddef.h>

#include "base/text.h"

/*
 * PostgreSQL's tokens as far as it takes to know what is quoted and what is
 * not: '…' E'…' "…" $tag$…$tag$, -- and nested comments. Blanks are passed
 * over.
 */
enum sql_token_kind {
	SQL_END,
	SQL_WORD,		/* a keyword or a name without quotes */
	SQL_NUMBER,
	SQL_QUOTED,		/* with its quotes and prefix */
	SQL_COMMENT,
	SQL_PARAM,		/* $1, which only we may write */
	SQL_OTHER,		/* one byte */
	SQL_OPEN		/* a quote or comment that is never closed */
};

struct sql_token {
	enum sql_token_kind kind;
	struct text text;
	size_t offset;
};

/* Returns the offset behind the token. */
size_t sql_scan(struct text sql, size_t at, struct sql_token *);

#endif
