/*
 * The clocks: a monotonic one for deadlines, and the texts of the wall clock.
 * Texts are made by hand, as strftime follows the locale.
 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

static int64_t
clock_read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

/* The last `width` decimal digits of number. */
static void
clock_put(char *at, int width, unsigned number)
{
	while (width-- > 0) {
		at[width] = (char)('0' + number % 10);
		number /= 10;
	}
}

static void
clock_write_http_date(char *text, time_t now)
{
	static const char days[7][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
	};
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
	};
	struct tm tm;

	gmtime_r(&now, &tm);
	memcpy(text, "DDD, dd MMM yyyy hh:mm:ss GMT", 30);
	memcpy(text, days[tm.tm_wday], 3);
	clock_put(text + 5, 2, (unsigned)tm.tm_mday);
	memcpy(text + 8, months[tm.tm_mon], 3);
	clock_put(text + 12, 4, (unsigned)tm.tm_year + 1900);
	clock_put(text + 17, 2, (unsigned)tm.tm_hour);
	clock_put(text + 20, 2, (unsigned)tm.tm_min);
	clock_put(text + 23, 2, (unsigned)tm.tm_sec);
}

const char *
clock_http_date(void)
{
	static _Thread_local struct {
		time_t made;
		char text[CLOCK_HTTP_DATE_LEN + 1];
	} date;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != date.made || date.text[0] == '\0') {
		clock_write_http_date(date.text, now.tv_sec);
		date.made = now.tv_sec;
	}
	return date.text;
}

void
clock_iso(char text[static 25])
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	memcpy(text, "yyyy-mm-ddThh:mm:ss.mmmZ", 25);
	clock_put(text, 4, (unsigned)tm.tm_year + 1900);
	clock_put(text + 5, 2, (unsigned)tm.tm_mon + 1);
	clock_put(text + 8, 2, (unsigned)tm.tm_mday);
	clock_put(text + 11, 2, (unsigned)tm.tm_hour);
	clock_put(text + 14, 2, (unsigned)tm.tm_min);
	clock_put(text + 17, 2, (unsigned)tm.tm_sec);
	clock_put(text + 20, 3, (unsigned)(now.tv_nsec / 1000000));
}
