/* num.c: numbers, sizes, durations and times as people read and write them. */
#include "lib/base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool
num_parse(int64_t *ret, const char *text, int64_t min, int64_t max)
{
	int64_t n = 0;

	if (text == NULL || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || n > (INT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (*text - '0');
	}
	if (n < min || n > max)
		return false;
	*ret = n;
	return true;
}

void
num_size(char out[NUM_TEXT], int64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes / 1000;
	size_t u = 0;

	if (bytes < 1000) {
		snprintf(out, NUM_TEXT, "%" PRId64 " B", bytes);
		return;
	}
	/* 999.5 would be printed as 1000: go to the next unit before that. */
	while (v >= 999.5 && u + 1 < sizeof units / sizeof *units) {
		v /= 1000;
		u++;
	}
	snprintf(out, NUM_TEXT, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[u]);
}

void
num_duration(char out[NUM_TEXT], int64_t ms)
{
	int64_t s = (ms + 500) / 1000;

	if (ms < 0)
		ms = s = 0;
	if (ms < 9950)
		snprintf(out, NUM_TEXT, "%.1f s", (double)ms / 1000);
	else if (s < 60)
		snprintf(out, NUM_TEXT, "%" PRId64 " s", s);
	else if (s < 3600)
		snprintf(out, NUM_TEXT, "%" PRId64 " m %02" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, NUM_TEXT, "%" PRId64 " h %02" PRId64 " m", s / 3600, s % 3600 / 60);
	else
		snprintf(out, NUM_TEXT, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
}

void
num_ago(char out[NUM_TEXT], int64_t then, int64_t now)
{
	static const struct { int64_t seconds; const char *one, *many; } units[] = {
		{ 31536000, "year", "years" },
		{ 2592000, "month", "months" },
		{ 86400, "day", "days" },
		{ 3600, "hour", "hours" },
		{ 60, "minute", "minutes" },
		{ 1, "second", "seconds" },
	};
	int64_t s = (now - then) / 1000;
	bool future = s < 0;
	size_t u = 0;
	int64_t n;

	if (future)
		s = -s;
	if (s < 5) {
		snprintf(out, NUM_TEXT, future ? "in a moment" : "just now");
		return;
	}
	while (s < units[u].seconds)
		u++;
	n = s / units[u].seconds;
	snprintf(out, NUM_TEXT, "%s%" PRId64 " %s%s", future ? "in " : "", n,
	    n == 1 ? units[u].one : units[u].many, future ? "" : " ago");
}

void
num_date(char out[NUM_TEXT], int64_t ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL) {
		out[0] = '\0';
		return;
	}
	snprintf(out, NUM_TEXT, "%d %.3s %d, %02d:%02d", tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

void
num_count(char out[NUM_TEXT], int64_t n)
{
	static const char gap[] = "\xe2\x80\xaf";
	char digits[24];
	size_t len, used = 0;

	snprintf(digits, sizeof digits, "%" PRId64, n);
	len = strlen(digits);
	for (size_t i = 0; i < len && used + 5 < NUM_TEXT; i++) {
		out[used++] = digits[i];
		if ((len - i) % 3 == 1 && i + 1 < len && digits[i] != '-') {
			memcpy(out + used, gap, 3);
			used += 3;
		}
	}
	out[used] = '\0';
}
