#ifndef MUSTER_HTTP_PARSE_URI_H
#define MUSTER_HTTP_PARSE_URI_H

#include <stdbool.h>

#include "base/text.h"

struct parse_head;

/* What is inside a request target. Part of http/parse.h's parse_head. */

/*
 * Takes head->target (only BYTE_TARGET in it) apart: fills path and query,
 * and host when the target is absolute, otherwise host at is NULL. Returns
 * NULL, or what is wrong with it, for the log.
 */
const char *parse_uri_split(struct parse_head *);

/* uri-host [ ":" port ] of RFC 3986 3.2, not empty, port up to 65535. */
bool parse_uri_host_is_valid(struct text);

#endif
