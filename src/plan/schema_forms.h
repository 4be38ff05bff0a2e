#ifndef MUSTER_PLAN_SCHEMA_FORMS_H
#define MUSTER_PLAN_SCHEMA_FORMS_H

#include <stdbool.h>

#include "base/text.h"

struct arena;

/*
 * Forms of text: of UUIDs, times, addresses. Each returns NULL when the text
 * is right, else what is wrong with it, for people.
 */
const char *form_uuid(struct text, struct arena *);
const char *form_email(struct text);
const char *form_uri(struct text);
const char *form_bytea(struct text);

/*
 * ISO 8601 as RFC 3339 narrows it: 2026-11-24, 08:47:12.5 (zone: with +01:00
 * or Z behind, or without), a date alone where a time is wanted too. Nothing
 * that PostgreSQL reads by its settings ("11/24/26"), and no "yesterday".
 */
const char *form_date(struct text);
const char *form_time(struct text, bool zone);
const char *form_datetime(struct text);

/* P1DT2H, and what PostgreSQL writes: 1 year 2 mons -3 days 04:05:06.7. */
const char *form_interval(struct text);

bool form_ipv4(struct text);
bool form_ipv6(struct text);

#endif
