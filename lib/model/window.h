/* window.h: the part of each day in which consistent backups may run, by a zone's wall clock. */
#ifndef LIB_MODEL_WINDOW_H
#define LIB_MODEL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/zone.h"

/* Minutes of the day, 0 to 1439. From 23:00 until 05:00 reaches over midnight; from and until the
 * same is the whole day. */
struct window {
	int from;
	int until;                /* the first minute that is outside again */
};

/* "01:00" and "05:00"; 24:00 is 00:00. ERR_INPUT: "Enter a time like 01:00, you wrote 25:00"; valid
 * UTF-8 whatever was written. */
MUST_USE int window_read(struct window *ret, const char *from, const char *until, struct err *e);

bool window_inside(const struct window *w, const struct zone *z, int64_t at);

/*
 * The first instant at or after `at` that is inside: `at` itself if it is. When the clocks skip its
 * beginning it opens right after the change; when they skip all of it, not on that day; when they
 * repeat it, it is open both times. ZONE_END if it opens no more before then.
 */
int64_t window_opens(const struct window *w, const struct zone *z, int64_t at);

#endif
