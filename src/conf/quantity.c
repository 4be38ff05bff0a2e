/*
 * Times and sizes as people write them: a number and its unit.
 */
#include <inttypes.h>
#include <string.h>

#include "base/compiler.h"
#include "conf/key.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* The smallest first. */
static const struct unit time_units[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "k", 1024 },
	{ "M", 1024 * 1024 },
	{ "G", 1024 * 1024 * 1024 },
};

static int
quantity_parse(const char *text, const struct unit *units, size_t nunits,
    int64_t *value)
{
	int64_t number = 0;
	const char *at;
	size_t i;

	for (at = text; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *at - '0', &number))
			return -1;
	if (at == text)
		return -1;
	for (i = 0; i < nunits; i++)
		if (strcmp(at, units[i].name) == 0)
			break;
	if (i == nunits && (number != 0 || *at != '\0'))
		return -1;
	/* A bare "0" has the same meaning in all units. */
	if (i < nunits &&
	    __builtin_mul_overflow(number, units[i].factor, &number))
		return -1;
	*value = number;
	return 0;
}

static void
quantity_print(int64_t value, const struct unit *units, size_t nunits,
    char *text)
{
	size_t i = nunits - 1;

	while (i > 0 && (value == 0 || value % units[i].factor != 0))
		i--;
	snprintf(text, CONF_QUANTITY_LEN, "%" PRId64 "%s",
	    value / units[i].factor, units[i].name);
}

int
conf_time_parse(const char *text, int64_t *ms)
{
	return quantity_parse(text, time_units, ARRAY_LEN(time_units), ms);
}

int
conf_size_parse(const char *text, int64_t *bytes)
{
	return quantity_parse(text, size_units, ARRAY_LEN(size_units), bytes);
}

void
conf_time_print(int64_t ms, char text[static CONF_QUANTITY_LEN])
{
	if (ms == 0)
		snprintf(text, CONF_QUANTITY_LEN, "0s");
	else
		quantity_print(ms, time_units, ARRAY_LEN(time_units), text);
}

void
conf_size_print(int64_t bytes, char text[static CONF_QUANTITY_LEN])
{
	quantity_print(bytes, size_units, ARRAY_LEN(size_units), text);
}
