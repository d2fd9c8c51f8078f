/* calendar.h: days and dates of the Gregorian calendar; knows no clock and no time zone.
 *
 * A day is a number: 0 is 1970-01-01, the day before it is -1. A local time is milliseconds since
 * 1970-01-01T00:00 of a wall clock somewhere, so day * CALENDAR_DAY is its midnight. Exact for the
 * years 1 to 9999; the calendar of today is used for all of them.
 */
#ifndef LIB_MODEL_CALENDAR_H
#define LIB_MODEL_CALENDAR_H

#include <stdint.h>

/* Milliseconds; constants of 64 bits, since they multiply days. */
#define CALENDAR_MINUTE INT64_C(60000)
#define CALENDAR_HOUR INT64_C(3600000)
#define CALENDAR_DAY INT64_C(86400000)

struct calendar {
	int year;
	int month;      /* 1 to 12 */
	int day;        /* 1 to 31 */
	int weekday;    /* 0 to 6, Sunday is 0 */
};

/* The day of a date. A day beyond the month's end counts on: 31 April is 1 May. */
int64_t calendar_day(int year, int month, int day);

void calendar_of(struct calendar *out, int64_t day);

/* 28 to 31. */
int calendar_month_length(int year, int month);

/* "January". */
const char *calendar_month_name(int month);

/* n / by and what is left, towards minus infinity, so that times before 1970 are no exception. */
int64_t calendar_floor(int64_t n, int64_t by);
int64_t calendar_rest(int64_t n, int64_t by);

enum { CALENDAR_TEXT_SIZE = 24, CALENDAR_TIME_AT = 11 };
/* "2026-03-29T02:30" from a local time, whose hour begins at CALENDAR_TIME_AT; without seconds. */
void calendar_text(char out[CALENDAR_TEXT_SIZE], int64_t local);

#endif
