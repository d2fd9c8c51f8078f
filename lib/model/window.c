/* window.c: the part of each day in which consistent backups may run, by a zone's wall clock. */
#include "lib/model/window.h"

#include <string.h>

#include "lib/model/calendar.h"

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* HH:MM or H:MM. */
static int
read_time(int *ret, const char *text, struct err *e)
{
	const char *p = text;
	int hour = 0, minute;
	size_t n = strlen(text);

	if (n > 5 || n < 4 || !digit(text[n - 1]) || !digit(text[n - 2]) || text[n - 3] != ':')
		return err_set(e, ERR_INPUT, "Enter a time like 01:00");
	for (; digit(*p); p++)
		hour = hour * 10 + (*p - '0');
	minute = (text[n - 2] - '0') * 10 + (text[n - 1] - '0');
	if (p != text + n - 3)
		return err_set(e, ERR_INPUT, "Enter a time like 01:00");
	if (minute > 59 || hour > 24 || (hour == 24 && minute > 0))
		return err_set(e, ERR_INPUT, "Enter a time like 01:00, you wrote %s", text);
	*ret = hour % 24 * 60 + minute;
	return 0;
}

int
window_read(struct window *ret, const char *from, const char *until, struct err *e)
{
	struct window w;

	if (read_time(&w.from, from, e) != 0 || read_time(&w.until, until, e) != 0)
		return -1;
	*ret = w;
	return 0;
}

bool
window_inside(const struct window *w, const struct zone *z, int64_t at)
{
	int64_t minute = calendar_rest(zone_local(z, at), CALENDAR_DAY) / CALENDAR_MINUTE;

	if (w->from == w->until)
		return true;
	if (w->from < w->until)
		return minute >= w->from && minute < w->until;
	return minute >= w->from || minute < w->until;
}

int64_t
window_opens(const struct window *w, const struct zone *z, int64_t at)
{
	while (at < ZONE_END && !window_inside(w, z, at)) {
		int64_t local, opens;
		struct zone_span s;

		zone_span(&s, z, at);
		local = at + s.offset * INT64_C(1000);
		opens = calendar_floor(local, CALENDAR_DAY) * CALENDAR_DAY +
		    w->from * CALENDAR_MINUTE;
		if (opens < local)
			opens += CALENDAR_DAY;
		opens -= s.offset * INT64_C(1000);
		at = opens < s.until ? opens : s.until;
	}
	return at < ZONE_END ? at : ZONE_END;
}
