/* period.c: hours, days, ISO weeks, months and years as numbers that follow each other. */
#include "lib/model/period.h"

#include <inttypes.h>
#include <stdio.h>

/* 1 January 1970 was a Thursday: the week that holds it began three days before. */
enum { DAYS_TO_MONDAY = 3 };

static const char short_months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char *const months[12] = { "January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December" };

struct date {
	int64_t year;
	int month, day;   /* 1 to 12, 1 to 31 */
};

/* Division that rounds down, also below zero. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Both ways count years from March, so that the leap day is the last one of its year, and in groups
 * of 400 years, which all have 146 097 days. 719 468 days lie between 1 March of year 0 and 1970.
 */
static struct date
date_of(int64_t day)
{
	int64_t shifted = day + 719468;
	int64_t era = floor_div(shifted, 146097), in_era = shifted - era * 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int from_march = (int)((5 * in_year + 2) / 153);
	int month = from_march < 10 ? from_march + 3 : from_march - 9;

	return (struct date) {
		.year = era * 400 + year + (month <= 2),
		.month = month,
		.day = (int)(in_year - (153 * from_march + 2) / 5) + 1,
	};
}

static int64_t
first_of_month(int64_t year, int month)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400), of_era = y - era * 400;
	int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + in_year - 719468;
}

int64_t
period_key(enum period p, int64_t local)
{
	int64_t day = floor_div(local, PERIOD_MS_DAY);
	struct date d;

	switch (p) {
	case PERIOD_HOUR:
		return floor_div(local, PERIOD_MS_HOUR);
	case PERIOD_WEEK:
		return floor_div(day + DAYS_TO_MONDAY, 7);
	case PERIOD_MONTH:
		d = date_of(day);
		return d.year * 12 + d.month - 1;
	case PERIOD_YEAR:
		return date_of(day).year;
	case PERIOD_DAY:
	case PERIODS:
		break;
	}
	return day;
}

int64_t
period_start(enum period p, int64_t key)
{
	int64_t year;

	switch (p) {
	case PERIOD_HOUR:
		return key * PERIOD_MS_HOUR;
	case PERIOD_WEEK:
		return (key * 7 - DAYS_TO_MONDAY) * PERIOD_MS_DAY;
	case PERIOD_MONTH:
		year = floor_div(key, 12);
		return first_of_month(year, (int)(key - year * 12) + 1) * PERIOD_MS_DAY;
	case PERIOD_YEAR:
		return first_of_month(key, 1) * PERIOD_MS_DAY;
	case PERIOD_DAY:
	case PERIODS:
		break;
	}
	return key * PERIOD_MS_DAY;
}

int64_t
period_shortest(enum period p)
{
	static const int64_t days[PERIODS] = {
		[PERIOD_DAY] = 1, [PERIOD_WEEK] = 7, [PERIOD_MONTH] = 28, [PERIOD_YEAR] = 365
	};

	return p == PERIOD_HOUR ? PERIOD_MS_HOUR : days[p] * PERIOD_MS_DAY;
}

int
period_week(int *ret_year, int64_t local)
{
	int64_t week = period_key(PERIOD_WEEK, local);
	/* A week belongs to the year that holds its Thursday; day 0 was one. */
	int64_t year = date_of(week * 7).year;

	*ret_year = (int)year;
	return (int)((week * 7 - first_of_month(year, 1)) / 7) + 1;
}

void
period_date(char out[NUM_TEXT], int64_t local)
{
	struct date d = date_of(floor_div(local, PERIOD_MS_DAY));

	snprintf(out, NUM_TEXT, "%d %.3s %" PRId64, d.day, short_months + 3 * (d.month - 1),
	    d.year);
}

void
period_short_date(char out[NUM_TEXT], int64_t local)
{
	struct date d = date_of(floor_div(local, PERIOD_MS_DAY));

	snprintf(out, NUM_TEXT, "%d %.3s", d.day, short_months + 3 * (d.month - 1));
}

static void
week_words(char out[NUM_TEXT], int64_t local, int64_t now)
{
	int year, this_year, week = period_week(&year, local);

	(void)period_week(&this_year, now);
	if (year == this_year)
		snprintf(out, NUM_TEXT, "week %d", week);
	else
		snprintf(out, NUM_TEXT, "week %d of %d", week, year);
}

void
period_words(char out[NUM_TEXT], enum period p, int64_t local, int64_t now)
{
	struct date d = date_of(floor_div(local, PERIOD_MS_DAY));

	switch (p) {
	case PERIOD_HOUR:
		snprintf(out, NUM_TEXT, "%02d:00 on %d %.3s %" PRId64,
		    (int)(floor_div(local, PERIOD_MS_HOUR) - floor_div(local, PERIOD_MS_DAY) * 24),
		    d.day, short_months + 3 * (d.month - 1), d.year);
		return;
	case PERIOD_WEEK:
		week_words(out, local, now);
		return;
	case PERIOD_MONTH:
		snprintf(out, NUM_TEXT, "%s %" PRId64, months[d.month - 1], d.year);
		return;
	case PERIOD_YEAR:
		snprintf(out, NUM_TEXT, "%" PRId64, d.year);
		return;
	case PERIOD_DAY:
	case PERIODS:
		break;
	}
	period_date(out, local);
}
