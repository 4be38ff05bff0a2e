/*
 * A number is a sign, digits and an exponent. Two of them compare by sign,
 * then by where their first digit stands, then digit by digit: no width and
 * no double is in the way, whatever the client wrote.
 */
#include "plan/schema_number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

/* Beyond any type of PostgreSQL, and far from overflow in sums. */
#define EXPONENT_MAX 1000000000

static size_t
digits_span(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return (size_t)(at - start);
}

static const char *
number_scan_exponent(const char *at, const char *end, int64_t *exponent)
{
	bool negative;
	size_t n;

	if (at == end || (*at != 'e' && *at != 'E'))
		return at;
	at++;
	negative = at < end && *at == '-';
	if (at < end && (*at == '-' || *at == '+'))
		at++;
	n = digits_span(at, end);
	if (n == 0)
		return NULL;
	for (; n > 0; n--, at++) {
		*exponent = *exponent * 10 + (*at - '0');
		if (*exponent > EXPONENT_MAX)
			*exponent = EXPONENT_MAX;
	}
	if (negative)
		*exponent = -*exponent;
	return at;
}

static char
number_digit(const struct number *number, size_t i)
{
	return i < number->whole.len ? number->whole.at[i] :
	    number->fraction.at[i - number->whole.len];
}

/* Which digits are left without the zeros in front and behind. */
static void
number_trim(struct number *number)
{
	size_t end = number->whole.len + number->fraction.len, at = 0;

	while (at < end && number_digit(number, at) == '0')
		at++;
	while (end > at && number_digit(number, end - 1) == '0')
		end--;
	number->zero = at == end;
	number->first = at;
	number->last = end;
}

int
number_scan(struct text text, bool zeros, struct number *number)
{
	const char *at = text.at, *end = text.at + text.len;

	*number = (struct number){ .negative = false };
	if (at < end && *at == '-') {
		number->negative = true;
		at++;
	}
	number->whole = (struct text){ at, digits_span(at, end) };
	if (number->whole.len == 0 ||
	    (number->whole.len > 1 && *at == '0' && !zeros))
		return -1;
	at += number->whole.len;
	if (at < end && *at == '.') {
		at++;
		number->fraction = (struct text){ at, digits_span(at, end) };
		if (number->fraction.len == 0)
			return -1;
		at += number->fraction.len;
	}
	at = number_scan_exponent(at, end, &number->exponent);
	if (at != end)
		return -1;
	number_trim(number);
	return 0;
}

int64_t
number_magnitude(const struct number *number)
{
	if (number->zero)
		return 0;
	return (int64_t)number->whole.len - (int64_t)number->first +
	    number->exponent;
}

int64_t
number_scale(const struct number *number)
{
	int64_t behind = (int64_t)number->fraction.len - number->exponent;

	return behind < 0 ? 0 : behind;
}

bool
number_is_whole(const struct number *number)
{
	return number->zero || number_magnitude(number) >=
	    (int64_t)(number->last - number->first);
}

/* Without their signs. */
static int
number_compare_sizes(const struct number *a, const struct number *b)
{
	int64_t high = number_magnitude(a), other = number_magnitude(b);
	size_t i, na = a->last - a->first, nb = b->last - b->first;

	if (high != other)
		return high < other ? -1 : 1;
	for (i = 0; i < na && i < nb; i++) {
		char x = number_digit(a, a->first + i);
		char y = number_digit(b, b->first + i);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return na == nb ? 0 : na < nb ? -1 : 1;
}

int
number_compare(const struct number *a, const struct number *b)
{
	int sign_a = a->zero ? 0 : a->negative ? -1 : 1;
	int sign_b = b->zero ? 0 : b->negative ? -1 : 1;

	if (sign_a != sign_b)
		return sign_a < sign_b ? -1 : 1;
	return sign_a * (sign_a == 0 ? 0 : number_compare_sizes(a, b));
}

int
number_int64(const struct number *number, int64_t *value)
{
	int64_t high = number_magnitude(number), i;
	int64_t n = (int64_t)(number->last - number->first), made = 0;

	*value = 0;
	if (number->zero)
		return 0;
	if (high > 19)
		return number->negative ? -1 : 1;
	for (i = 0; i < high; i++) {
		int digit = i < n ? number_digit(number,
		    number->first + (size_t)i) - '0' : 0;

		/* Counted downwards: the lowest int64 has no opposite. */
		if (__builtin_mul_overflow(made, 10, &made) ||
		    __builtin_sub_overflow(made, digit, &made))
			return number->negative ? -1 : 1;
	}
	if (!number->negative && __builtin_sub_overflow(0, made, &made))
		return 1;
	*value = made;
	return 0;
}

struct text
number_json(const struct number *number, struct text sent, struct arena *arena)
{
	size_t skip = 0, len;
	char *copy;

	while (skip + 1 < number->whole.len && number->whole.at[skip] == '0')
		skip++;
	if (skip == 0)
		return sent;
	len = sent.len - skip;
	copy = arena_bytes(arena, len + 1);
	if (number->negative)
		copy[0] = '-';
	memcpy(copy + number->negative, number->whole.at + skip,
	    len - number->negative);
	copy[len] = '\0';
	return (struct text){ copy, len };
}

size_t
number_print_double(double value, char text[static 32])
{
	int precision, len = 0;

	/* Below the smallest normal one a double has fewer digits. */
	for (precision = fabs(value) < DBL_MIN ? 1 : 15;
	    precision <= 17; precision++) {
		len = snprintf(text, 32, "%.*g", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}

	if (strpbrk(text, ".e") == NULL)
		len += snprintf(text + len, 32 - (size_t)len, ".0");
	return (size_t)len;
}

int
number_parse_int(struct text text, int64_t *value, bool *canonical)
{
	const char *at = text.at, *end = text.at + text.len;
	bool negative = at < end && *at == '-';
	int64_t made = 0;

	at += negative;
	if (at == end || end - at > 18)
		return -1;
	*canonical = *at != '0' || (end - at == 1 && !negative);
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return -1;
		made = made * 10 + (*at - '0');
	}
	*value = negative ? -made : made;
	return 0;
}
