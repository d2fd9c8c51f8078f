/* window.c: the hours of a day in which an application may be held. */
#include "lib/model/window.h"

#include <stdbool.h>

#include "lib/model/calendar.h"

static bool
is_open(const struct window *w, int64_t local)
{
	int64_t minute = calendar_rest(local, CALENDAR_DAY) / CALENDAR_MINUTE;

	if (w->from < w->until)
		return minute >= w->from && minute < w->until;
	return minute >= w->from || minute < w->until;
}

/* A local time that does not exist is passed in the moment of the change. */
static int64_t
instant(const struct zone *z, int64_t local)
{
	struct zone_span span;
	int64_t at[2];

	if (zone_instants(at, z, local) > 0)
		return at[0];
	/* With the offset from before the change the instant lies behind it. */
	zone_span(&span, z, local);
	zone_span(&span, z, local - span.offset * INT64_C(1000) + CALENDAR_DAY / 2);
	return span.from;
}

int64_t
window_opens(const struct window *w, const struct zone *z, int64_t at)
{
	int64_t local = zone_local(z, at), day = calendar_floor(local, CALENDAR_DAY), opens;

	if (is_open(w, local))
		return at;
	for (;; day++) {
		opens = instant(z, day * CALENDAR_DAY + w->from * CALENDAR_MINUTE);
		if (opens > at)
			return opens;
	}
}
