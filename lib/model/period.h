/* period.h: hours, days, ISO weeks, months and years as numbers that follow each other.
 *
 * Pure arithmetic of the Gregorian calendar on local time: milliseconds that the clock on the wall
 * shows, counted as if it stood at UTC. Whoever knows the time zone gives them.
 */
#ifndef LIB_MODEL_PERIOD_H
#define LIB_MODEL_PERIOD_H

#include <stdint.h>

#include "lib/base/num.h"

enum period { PERIOD_HOUR, PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR, PERIODS };

enum { PERIOD_MS_HOUR = 3600000, PERIOD_MS_DAY = 86400000 };

/* The number of the period that holds `local`; the next period has the next number. */
int64_t period_key(enum period p, int64_t local);

/* Its first moment, in local time. */
int64_t period_start(enum period p, int64_t key);

/* How long the shortest of its kind is, in ms: a month has 28 days. */
int64_t period_shortest(enum period p);

/* The ISO 8601 week (1 to 53; Monday begins it) and the year that week belongs to. */
int period_week(int *ret_year, int64_t local);

/* "19 Dec 2026" */
void period_date(char out[NUM_TEXT], int64_t local);

/* "19 Dec": where the year is known. */
void period_short_date(char out[NUM_TEXT], int64_t local);

/* "14:00 on 19 Dec 2026", "19 Dec 2026", "week 47", "November 2026", "2026". The year of a week is
 * told when it is not the one of `now`: "week 53 of 2026". */
void period_words(char out[NUM_TEXT], enum period p, int64_t local, int64_t now);

#endif
