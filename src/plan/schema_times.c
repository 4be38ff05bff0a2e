/*
 * Dates, times and intervals as clients write them. PostgreSQL reads many
 * more forms, some by its settings; here one text has one meaning.
 */
#include "plan/schema_forms.h"

#include <stddef.h>

static bool
byte_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* What is left to read. */
struct form_reader {
	const char *at, *end;
};

/* n digits: -1 where one is missing. */
static int
form_digits(struct form_reader *reader, int n)
{
	int value = 0;

	while (n-- > 0) {
		if (reader->at == reader->end || !byte_is_digit(*reader->at))
			return -1;
		value = value * 10 + (*reader->at++ - '0');
	}
	return value;
}

static bool
form_byte(struct form_reader *reader, char byte)
{
	if (reader->at == reader->end || *reader->at != byte)
		return false;
	reader->at++;
	return true;
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static const char *
form_read_date(struct form_reader *reader)
{
	int year, month, day;

	if (reader->end - reader->at < 10)
		return "input is too short";
	year = form_digits(reader, 4);
	if (year < 0)
		return "invalid character in year";
	if (!form_byte(reader, '-'))
		return "invalid date separator, expected `-`";
	month = form_digits(reader, 2);
	if (month < 0)
		return "invalid character in month";
	if (!form_byte(reader, '-'))
		return "invalid date separator, expected `-`";
	day = form_digits(reader, 2);
	if (day < 0)
		return "invalid character in day";
	if (year == 0)
		return "year 0 is out of range";
	if (month < 1 || month > 12)
		return "month value is outside expected range of 1-12";
	if (day < 1 || day > month_days(year, month))
		return "day value is outside expected range";
	return NULL;
}

static const char *
form_read_seconds(struct form_reader *reader)
{
	const char *start;
	int second = form_digits(reader, 2);

	if (second < 0)
		return "invalid character in second";
	if (second > 59)
		return "second value is outside expected range of 0-59";
	if (!form_byte(reader, '.'))
		return NULL;
	start = reader->at;
	while (reader->at < reader->end && byte_is_digit(*reader->at))
		reader->at++;
	if (reader->at == start)
		return "second fraction value is missing";
	if (reader->at - start > 9)
		return "second fraction value is more than 9 digits long";
	return NULL;
}

static const char *
form_read_clock(struct form_reader *reader)
{
	int hour, minute;

	if (reader->end - reader->at < 5)
		return "input is too short";
	hour = form_digits(reader, 2);
	if (hour < 0)
		return "invalid character in hour";
	if (hour > 23)
		return "hour value is outside expected range of 0-23";
	if (!form_byte(reader, ':'))
		return "invalid time separator, expected `:`";
	minute = form_digits(reader, 2);
	if (minute < 0)
		return "invalid character in minute";
	if (minute > 59)
		return "minute value is outside expected range of 0-59";
	return form_byte(reader, ':') ? form_read_seconds(reader) : NULL;
}

/* Z, +hh:mm, +hhmm or +hh; PostgreSQL takes less than 16 hours. */
static const char *
form_read_zone(struct form_reader *reader)
{
	int hour, minute = 0;

	if (form_byte(reader, 'Z') || form_byte(reader, 'z'))
		return NULL;
	if (!form_byte(reader, '+') && !form_byte(reader, '-'))
		return "invalid timezone sign";
	hour = form_digits(reader, 2);
	if (hour < 0)
		return "invalid timezone hour";
	if (form_byte(reader, ':') || reader->at < reader->end)
		minute = form_digits(reader, 2);
	if (minute < 0)
		return "invalid timezone minute";
	if (minute > 59)
		return "timezone minute value is outside expected range of "
		    "0-59";
	return hour > 15 ? "timezone offset must be less than 16 hours" : NULL;
}

static const char *
form_read_end(const struct form_reader *reader)
{
	return reader->at == reader->end ? NULL :
	    "unexpected extra characters at the end of the input";
}

const char *
form_date(struct text text)
{
	struct form_reader reader = { text.at, text.at + text.len };
	const char *wrong = form_read_date(&reader);

	return wrong != NULL ? wrong : form_read_end(&reader);
}

const char *
form_time(struct text text, bool zone)
{
	struct form_reader reader = { text.at, text.at + text.len };
	const char *wrong = form_read_clock(&reader);

	if (wrong == NULL && zone && reader.at < reader.end)
		wrong = form_read_zone(&reader);
	return wrong != NULL ? wrong : form_read_end(&reader);
}

const char *
form_datetime(struct text text)
{
	struct form_reader reader = { text.at, text.at + text.len };
	const char *wrong = form_read_date(&reader);

	if (wrong != NULL || reader.at == reader.end)
		return wrong;
	if (!form_byte(&reader, 'T') && !form_byte(&reader, 't') &&
	    !form_byte(&reader, ' '))
		return "invalid datetime separator, expected `T`, `t` or "
		    "space";
	wrong = form_read_clock(&reader);
	if (wrong == NULL && reader.at < reader.end)
		wrong = form_read_zone(&reader);
	return wrong != NULL ? wrong : form_read_end(&reader);
}

/* ---- interval ------------------------------------------------------------ */

/* A number with a sign and a fraction: how long it is, 0: none. */
static size_t
interval_number(const char *at, const char *end)
{
	const char *start = at;
	size_t digits = 0;

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	for (; at < end && (byte_is_digit(*at) || *at == '.'); at++)
		digits += byte_is_digit(*at);
	return digits == 0 || digits > 9 ? 0 : (size_t)(at - start);
}

static const char *
interval_iso(const char *at, const char *end)
{
	const char *units = "YMWD";
	unsigned parts = 0;

	while (at < end) {
		size_t n;

		if (*at == 'T' && units[0] == 'Y') {
			units = "HMS";
			at++;
		}
		n = interval_number(at, end);
		at += n;
		if (n == 0 || at == end || strchr(units, *at) == NULL)
			return "invalid digit in duration";
		at++;
		parts++;
	}
	return parts == 0 ? "input is too short" : NULL;
}

static bool
interval_is_unit(struct text word)
{
	static const char *const units[] = { "year", "mon", "month", "week",
		"day", "hour", "minute", "min", "second", "sec",
		"millisecond", "microsecond" };
	size_t i;

	if (word.len > 1 && word.at[word.len - 1] == 's')
		word.len--;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text_equal_nocase(word, text_of(units[i])))
			return true;
	}
	return false;
}

/* The part hh:mm:ss.f of an interval, signed; hours have no bound. */
static bool
interval_clock(const char *at, const char *end)
{
	struct form_reader reader = { at, end };

	if (*at == '-' || *at == '+')
		reader.at++;
	if (form_digits(&reader, 2) < 0)
		return false;
	while (reader.at < reader.end && byte_is_digit(*reader.at))
		reader.at++;
	if (reader.at - at > 10 || !form_byte(&reader, ':') ||
	    form_digits(&reader, 2) < 0)
		return false;
	if (form_byte(&reader, ':') && form_read_seconds(&reader) != NULL)
		return false;
	return reader.at == reader.end;
}

static struct text
interval_word(const char **at, const char *end)
{
	const char *start;

	while (*at < end && **at == ' ')
		(*at)++;
	start = *at;
	while (*at < end && **at != ' ')
		(*at)++;
	return (struct text){ start, (size_t)(*at - start) };
}

const char *
form_interval(struct text text)
{
	const char *at = text.at, *end = text.at + text.len;
	struct text word;

	if (text.len == 0)
		return "input is too short";
	if (*at == 'P')
		return interval_iso(at + 1, end);
	for (;;) {
		word = interval_word(&at, end);
		if (word.len == 0)
			return NULL;
		if (memchr(word.at, ':', word.len) != NULL) {
			if (!interval_clock(word.at, word.at + word.len))
				return "invalid time in duration";
			continue;
		}
		if (interval_number(word.at, word.at + word.len) != word.len)
			return "invalid digit in duration";
		if (!interval_is_unit(interval_word(&at, end)))
			return "invalid unit in duration";
	}
}
