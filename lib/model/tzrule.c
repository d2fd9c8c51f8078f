/* tzrule.c: the rule at the end of a time zone file, for all years after its last change. */
#include "lib/model/tzrule.h"

#include <string.h>

#include "lib/model/calendar.h"

enum { HOUR = 3600, MINUTE = 60, DAY = 86400, DEFAULT_TIME = 2 * HOUR };
/* RFC 8536: offsets within a day, times of a change within a week. */
enum { OFFSET_HOURS = 24, TIME_HOURS = 167 };

/* What is left to read. */
struct rest {
	const char *p, *end;
};

static bool
took(struct rest *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* One to three digits, at most `max`. */
static bool
number(int *ret, struct rest *r, int min, int max)
{
	const char *began = r->p;
	int n = 0;

	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9' && r->p - began < 3; r->p++)
		n = n * 10 + (*r->p - '0');
	*ret = n;
	return r->p > began && n >= min && n <= max;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds. */
static bool
duration(int *ret, struct rest *r, int max_hours)
{
	bool negative = took(r, '-');
	int hours, minutes = 0, seconds = 0;

	if (!negative)
		(void)took(r, '+');
	if (!number(&hours, r, 0, max_hours))
		return false;
	if (took(r, ':') && (!number(&minutes, r, 0, 59) ||
	    (took(r, ':') && !number(&seconds, r, 0, 59))))
		return false;
	*ret = hours * HOUR + minutes * MINUTE + seconds;
	if (negative)
		*ret = -*ret;
	return true;
}

static bool
letter(char c, bool quoted)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-');
}

/* CEST or <+11>: at least three characters. */
static bool
name(char out[TZRULE_NAME_SIZE], struct rest *r)
{
	bool quoted = took(r, '<');
	size_t n = 0;

	for (; r->p < r->end && letter(*r->p, quoted); r->p++) {
		if (n == TZRULE_NAME_SIZE - 1)
			return false;
		out[n++] = *r->p;
	}
	out[n] = '\0';
	return n >= 3 && (!quoted || took(r, '>'));
}

static bool
day(struct tzrule_day *ret, struct rest *r)
{
	bool ok;

	memset(ret, 0, sizeof *ret);
	if (took(r, 'M')) {
		ret->form = TZRULE_MONTH;
		ok = number(&ret->month, r, 1, 12) && took(r, '.') &&
		    number(&ret->week, r, 1, 5) && took(r, '.') && number(&ret->weekday, r, 0, 6);
	} else if (took(r, 'J')) {
		ret->form = TZRULE_JULIAN;
		ok = number(&ret->number, r, 1, 365);
	} else {
		ret->form = TZRULE_NUMBER;
		ok = number(&ret->number, r, 0, 365);
	}
	ret->time = DEFAULT_TIME;
	return ok && (!took(r, '/') || duration(&ret->time, r, TIME_HOURS));
}

/* POSIX counts offsets to the west: UTC = local + offset. */
static bool
offset(int *ret, struct rest *r)
{
	int west;

	if (!duration(&west, r, OFFSET_HOURS))
		return false;
	*ret = -west;
	return true;
}

bool
tzrule_read(struct tzrule *ret, const char *text, size_t n)
{
	struct rest r = { text, text + n };

	memset(ret, 0, sizeof *ret);
	if (!name(ret->standard.name, &r) || !offset(&ret->standard.offset, &r))
		return false;
	if (r.p == r.end)
		return true;
	ret->changes = true;
	if (!name(ret->summer.name, &r))
		return false;
	ret->summer.offset = ret->standard.offset + HOUR;
	if (r.p < r.end && *r.p != ',' && !offset(&ret->summer.offset, &r))
		return false;
	return took(&r, ',') && day(&ret->begin, &r) && took(&r, ',') && day(&ret->end, &r) &&
	    r.p == r.end;
}

/* The day number of a rule's day in this year. */
static int64_t
day_in(const struct tzrule_day *d, int year)
{
	int64_t first = calendar_day(year, d->form == TZRULE_MONTH ? d->month : 1, 1);
	struct calendar date;
	int n;

	if (d->form == TZRULE_NUMBER)
		return first + d->number;
	/* J60 is 1 March in every year. */
	if (d->form == TZRULE_JULIAN)
		return first + d->number - 1 +
		    (d->number > 59 && calendar_month_length(year, 2) == 29 ? 1 : 0);
	calendar_of(&date, first);
	n = (d->weekday - date.weekday + 7) % 7 + (d->week - 1) * 7;
	if (n >= calendar_month_length(year, d->month))
		n -= 7;
	return first + n;
}

void
tzrule_year(int64_t *ret_begin, int64_t *ret_end, const struct tzrule *r, int year)
{
	*ret_begin = day_in(&r->begin, year) * DAY + r->begin.time - r->standard.offset;
	*ret_end = day_in(&r->end, year) * DAY + r->end.time - r->summer.offset;
}
