/* chart.h: pictures of numbers, drawn here as inline SVG that part_chart.cs prints.
 *
 * A state is a shape and a colour, never a colour alone. Every picture has its sentence in <text>,
 * and a table of the same numbers beside it. Nothing here writes markup: a template gets path data
 * (digits and letters of ours) and texts, one path per state, so that a page of many stays small.
 */
#ifndef CGI_PAGE_CHART_H
#define CGI_PAGE_CHART_H

#include <stddef.h>
#include <stdint.h>

#include "lib/store/stats.h"
#include "lib/util/render.h"

enum { CHART_STRIP_DAYS = 30, CHART_CALENDAR_WEEKS = 53 };

/* The days of one environment, ascending. */
struct chart_days {
	const struct stats_day *days;
	size_t count;
	int64_t today;                /* the last day that is drawn */
};

/* The last day to draw: today in UTC, or tomorrow when the environment's calendar is there. */
int64_t chart_today(const struct stats_day *days, size_t count, int64_t now);

/* 30 cells of 8 x 22, oldest first. Into n: text; good, mixed, failed, missed, idle (path data). */
void chart_strip(struct node *n, const struct chart_days *d);

/*
 * A year as 53 columns of weeks, Monday on top. Into n: text; good, mixed, failed, missed, idle
 * (path data); months.N.x and .text above the columns; rows.N.month, good, failed, missed, idle:
 * the same as a table, the newest month first.
 */
void chart_calendar(struct node *n, const struct chart_days *d);

/*
 * What a storage's disk is taken up by. Into n: text; used, other (widths of 100); nothing when
 * nobody has looked at it yet.
 */
void chart_bar(struct node *n, const struct stats_storage *s);

#endif
