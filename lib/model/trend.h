/* trend.h: where a row of daily numbers leads: a straight line through them, and the day it meets
 * a limit. */
#ifndef LIB_MODEL_TREND_H
#define LIB_MODEL_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"

struct trend_point {
	int64_t day, value;
};
/* The line that fits best (least squares): value = at_first + slope * (day - first day). */
struct trend {
	double slope, at_first;
	double r2;                    /* how much of the change the line explains, 0 to 1 */
};
/* Fewer than five points, or all of one day, are no trend: false. Days ascend. */
MUST_USE bool trend_fit(struct trend *ret, const struct trend_point *points, size_t count);

/*
 * In how many days `room` more will have been used up, rounded to whole days, at least 1. False
 * when the points show no clear growth: r2 below one half, or a line that falls or would take more
 * than ten years.
 */
MUST_USE bool trend_days_left(int64_t *ret, const struct trend_point *points, size_t count,
    int64_t room);

#endif
