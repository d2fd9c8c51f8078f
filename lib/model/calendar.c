/* calendar.c: days and dates of the Gregorian calendar; knows no clock and no time zone. */
#include "lib/model/calendar.h"

#include <stdbool.h>
#include <stdio.h>

/* Days of 400, 100 and 4 years, beginning on a 1 March. */
enum { DAYS_400 = 146097, DAYS_100 = 36524, DAYS_4 = 1461, DAYS_1 = 365 };
/* Days from 1 March of the year 0 to 1 January 1970. */
enum { DAYS_TO_1970 = 719468 };

int64_t
calendar_floor(int64_t n, int64_t by)
{
	return n / by - (n % by < 0 ? 1 : 0);
}

int64_t
calendar_rest(int64_t n, int64_t by)
{
	int64_t rest = n % by;

	return rest < 0 ? rest + by : rest;
}

static bool
leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
calendar_month_length(int year, int month)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return lengths[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

const char *
calendar_month_name(int month)
{
	static const char *const names[] = { "January", "February", "March", "April", "May",
		"June", "July", "August", "September", "October", "November", "December" };

	return names[month - 1];
}

/*
 * A year that begins in March has its leap day at its end, and its months begin on the days
 * 0, 31, 61, 92 …, which (153 * month + 2) / 5 gives for month 0 (March) to 11 (February).
 */
int64_t
calendar_day(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = (month + 9) % 12;

	return y * DAYS_1 + calendar_floor(y, 4) - calendar_floor(y, 100) +
	    calendar_floor(y, 400) + (153 * m + 2) / 5 + day - 1 - DAYS_TO_1970;
}

void
calendar_of(struct calendar *out, int64_t day)
{
	int64_t n = day + DAYS_TO_1970;
	int64_t year = 400 * calendar_floor(n, DAYS_400);
	int64_t hundreds, years, month;

	n = calendar_rest(n, DAYS_400);
	/* The last day of 400 and that of 4 years is a leap day: it makes no fifth part. */
	hundreds = n / DAYS_100 < 4 ? n / DAYS_100 : 3;
	n -= hundreds * DAYS_100;
	year += hundreds * 100 + n / DAYS_4 * 4;
	n %= DAYS_4;
	years = n / DAYS_1 < 4 ? n / DAYS_1 : 3;
	n -= years * DAYS_1;
	year += years;
	month = (5 * n + 2) / 153;
	out->day = (int)(n - (153 * month + 2) / 5 + 1);
	out->month = (int)(month < 10 ? month + 3 : month - 9);
	out->year = (int)(month < 10 ? year : year + 1);
	/* 1970-01-01 was a Thursday. */
	out->weekday = (int)calendar_rest(day + 4, 7);
}

void
calendar_text(char out[CALENDAR_TEXT_SIZE], int64_t local)
{
	int64_t minute = calendar_rest(local, CALENDAR_DAY) / CALENDAR_MINUTE;
	struct calendar date;

	calendar_of(&date, calendar_floor(local, CALENDAR_DAY));
	snprintf(out, CALENDAR_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u", (unsigned)date.year % 10000,
	    (unsigned)date.month % 100, (unsigned)date.day % 100, (unsigned)(minute / 60) % 100,
	    (unsigned)(minute % 60));
}
