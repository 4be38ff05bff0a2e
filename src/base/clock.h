#ifndef MUSTER_BASE_CLOCK_H
#define MUSTER_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. Deadlines are points on this clock. */
int64_t clock_ms(void);
int64_t clock_us(void);

/* A deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

/* "Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110 5.6.7; made once a second. */
const char *clock_http_date(void);
#define CLOCK_HTTP_DATE_LEN 29

/* "2026-11-24T08:47:12.345Z" into 25 bytes: for log lines. */
void clock_iso(char text[static 25]);

#endif
