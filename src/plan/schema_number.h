#ifndef MUSTER_PLAN_SCHEMA_NUMBER_H
#define MUSTER_PLAN_SCHEMA_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct arena;

/*
 * Decimal numbers as clients and server.conf write them, compared and
 * narrowed without ever going through a double: numeric and int8 stay exact.
 */
struct number {
	bool negative, zero;
	struct text whole, fraction;	/* digits on both sides of the point */
	int64_t exponent;		/* cut to what no type can hold */
	size_t first, last;		/* of its digits that count, counted
					 * over whole and fraction */
};

/*
 * Takes apart a number of RFC 8259's grammar; text of a query may also begin
 * with zeros (zeros). -1: it is none.
 */
int number_scan(struct text, bool zeros, struct number *);

/* -1, 0 or 1, exact for any two numbers. */
int number_compare(const struct number *, const struct number *);

bool number_is_whole(const struct number *);	/* 1.0 and 15e1 are */

/* Where the first digit that counts stands: 1 for 5, 2 for 50, 0 for 0.5. */
int64_t number_magnitude(const struct number *);

/* Digits needed behind the point: 2 for 1.50 as for 150e-2. */
int64_t number_scale(const struct number *);

/* A whole number. 1 or -1: above or below what int64 can hold; else 0. */
int number_int64(const struct number *, int64_t *);

/*
 * As JSON, without the zeros that JSON forbids in front: borrowed where it
 * was right already, else in the arena.
 */
struct text number_json(const struct number *, struct text as_sent,
    struct arena *);

/*
 * The shortest text that reads back as this double, with at least ".0", as
 * PostgreSQL and Python write it. Into 32 bytes; returns the length.
 */
size_t number_print_double(double, char text[static 32]);

/* Decimal digits of text, with a minus in front: 0, or -1 when others. */
int number_parse_int(struct text, int64_t *, bool *canonical);

#endif
