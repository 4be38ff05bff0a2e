#ifndef MUSTER_HTTP_ACCESS_H
#define MUSTER_HTTP_ACCESS_H

#include <stdint.h>

#include "base/text.h"

struct http;

/*
 * What one line says. Of a head that was refused, method, path and route are
 * not known: at NULL, which is written as "-".
 */
struct access_entry {
	struct text client, method, path, query, route, request_id;
	int status;
	uint64_t bytes;		/* of the reply's body */
	int64_t us;		/* from the end of the head to now */
};

/* One line, unless the log is off. */
void access_log(struct http *, const struct access_entry *);

#endif
