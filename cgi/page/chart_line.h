/* chart_line.h: the size of an environment's backups over time as a line, as chart.h has it. */
#ifndef CGI_PAGE_CHART_LINE_H
#define CGI_PAGE_CHART_LINE_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/store/stats.h"
#include "lib/util/render.h"

enum { CHART_LINE_POINTS = 90 };

/*
 * `sizes` newest first, at most CHART_LINE_POINTS. Into n: text; line, odd (suspicious ones), high
 * and low (the band of half to one and a half times the median of the five before: what lies
 * outside is suspicious) as path data; least, most, from, until (words at the axes); rows.N.id,
 * href, at, size: the same as a table, the newest first. Nothing for fewer than two.
 */
void chart_line_sizes(struct node *n, struct arena *a, const struct stats_size *sizes,
    size_t count);

#endif
