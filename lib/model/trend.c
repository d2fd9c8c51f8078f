/* trend.c: a straight line through daily numbers, and the day it meets a limit. */
#include "lib/model/trend.h"

enum { POINTS_MIN = 5, FAR_DAYS = 3650 };

bool
trend_fit(struct trend *ret, const struct trend_point *points, size_t count)
{
	double n = (double)count, mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;

	if (count < POINTS_MIN)
		return false;
	for (size_t i = 0; i < count; i++) {
		mean_x += (double)(points[i].day - points[0].day) / n;
		mean_y += (double)points[i].value / n;
	}
	for (size_t i = 0; i < count; i++) {
		double x = (double)(points[i].day - points[0].day) - mean_x,
		       y = (double)points[i].value - mean_y;

		xx += x * x;
		xy += x * y;
		yy += y * y;
	}
	if (xx <= 0)
		return false;
	ret->slope = xy / xx;
	ret->at_first = mean_y - ret->slope * mean_x;
	/* A level line explains all of nothing. */
	ret->r2 = yy > 0 ? xy * xy / (xx * yy) : 1;
	return true;
}

bool
trend_days_left(int64_t *ret, const struct trend_point *points, size_t count, int64_t room)
{
	struct trend t;
	double days;

	if (!trend_fit(&t, points, count) || t.r2 < 0.5 || t.slope <= 0)
		return false;
	days = (double)room / t.slope;
	if (days > FAR_DAYS)
		return false;
	*ret = days < 1 ? 1 : (int64_t)(days + 0.5);
	return true;
}
