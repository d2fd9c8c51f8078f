/* cron_words.c: a schedule as an English sentence. */
#include "lib/model/cron_words.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/model/calendar.h"

/* So many times of a day are listed; so many values in even steps are said as steps. */
enum { TIMES_LISTED = 4, STEPS_SAID = 5 };
enum { ALL_WEEKDAYS = 0x7f, WORKING_DAYS = 0x3e, ALL_MONTHS = 0x1ffe };
#define ALL_DAYS UINT32_C(0xfffffffe)
#define ALL_HOURS UINT32_C(0xffffff)

static const char *const weekday_words[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday" };

/* Values in rising order. */
struct values {
	int n;
	int step;                 /* between each two of them; 0 when it differs or n < 2 */
	int v[1440];
};

static void
add_value(struct values *s, int value)
{
	if (s->n == 1)
		s->step = value - s->v[0];
	else if (s->n > 1 && value - s->v[s->n - 1] != s->step)
		s->step = 0;
	s->v[s->n++] = value;
}

static void
bits(struct values *s, uint64_t set, int first, int last)
{
	s->n = s->step = 0;
	for (int i = first; i <= last; i++)
		if ((set >> i & 1) != 0)
			add_value(s, i);
}

/* What stands before item i of n: nothing, a comma or "and". */
static const char *
between(int i, int n)
{
	return i == 0 ? "" : i < n - 1 ? ", " : " and ";
}

static void
add_time(struct buf *b, int minute)
{
	buf_printf(b, "%02d:%02d", minute / 60, minute % 60);
}

/* "1st" */
static void
add_ordinal(struct buf *b, int n)
{
	static const char *const endings[] = { "th", "st", "nd", "rd" };
	bool teen = n % 100 > 10 && n % 100 < 14;

	buf_printf(b, "%d%s", n, !teen && n % 10 < 4 ? endings[n % 10] : "th");
}

static void
times_of(struct values *s, const struct cron *c)
{
	s->n = s->step = 0;
	for (int time = 0; time < 1440; time++)
		if ((c->hours >> time / 60 & 1) != 0 && (c->minutes >> time % 60 & 1) != 0)
			add_value(s, time);
}

static void
add_step(struct buf *b, int step, const char *unit)
{
	if (step == 1)
		buf_printf(b, "Every %s", unit);
	else
		buf_printf(b, "Every %d %ss", step, unit);
}

/* "At 5 and 20 minutes past" or "Every 7 minutes from 0 to 56 minutes past" */
static void
add_minutes(struct buf *b, uint64_t minutes)
{
	struct values s;

	bits(&s, minutes, 0, 59);
	if (s.n >= STEPS_SAID && s.step > 0) {
		add_step(b, s.step, "minute");
		buf_printf(b, " from %d to %d minutes past", s.v[0], s.v[s.n - 1]);
		return;
	}
	buf_text(b, "At ");
	for (int i = 0; i < s.n; i++)
		buf_printf(b, "%s%d", between(i, s.n), s.v[i]);
	buf_printf(b, " minute%s past", s.n == 1 && s.v[0] == 1 ? "" : "s");
}

/* " every hour from 08:00 to 18:00" or " 01:00, 05:00 and 07:00" */
static void
add_hours(struct buf *b, uint32_t hours)
{
	struct values s;

	bits(&s, hours, 0, 23);
	if (s.n > 2 && s.step > 0 && (s.step == 1 || s.n >= STEPS_SAID)) {
		buf_text(b, " every ");
		if (s.step > 1) {
			add_ordinal(b, s.step);
			buf_char(b, ' ');
		}
		buf_text(b, "hour from ");
		add_time(b, s.v[0] * 60);
		buf_text(b, " to ");
		add_time(b, s.v[s.n - 1] * 60);
		return;
	}
	buf_char(b, ' ');
	for (int i = 0; i < s.n; i++) {
		buf_text(b, between(i, s.n));
		add_time(b, s.v[i] * 60);
	}
}

/* The times of a schedule with more of them than are listed. Returns whether they fill the day. */
static bool
add_repeat(struct buf *b, const struct cron *c, const struct values *times)
{
	int step = times->step, first = times->v[0];

	if (step > 0 && step < 60 && step * times->n == 1440 && first == 0) {
		add_step(b, step, "minute");
		return true;
	}
	if (step == 60 && times->n == 24 && first == 0) {
		buf_text(b, "Every hour on the hour");
		return true;
	}
	if (c->hours == ALL_HOURS) {
		add_minutes(b, c->minutes);
		buf_text(b, " every hour");
		return true;
	}
	if (step > 0) {
		add_step(b, step % 60 == 0 ? step / 60 : step, step % 60 == 0 ? "hour" : "minute");
		buf_text(b, " from ");
		add_time(b, first);
		buf_text(b, " to ");
		add_time(b, times->v[times->n - 1]);
		return false;
	}
	add_minutes(b, c->minutes);
	add_hours(b, c->hours);
	return false;
}

/* " of every month", " of June to August"; `in` for weekdays: "" or " in January" */
static void
add_months(struct buf *b, uint32_t months, bool in)
{
	struct values s;

	bits(&s, months, 1, 12);
	if (s.n == 12) {
		buf_text(b, in ? "" : " of every month");
		return;
	}
	buf_text(b, in ? " in " : " of ");
	if (s.n > 2 && s.step == 1) {
		buf_printf(b, "%s to %s", calendar_month_name(s.v[0]),
		    calendar_month_name(s.v[s.n - 1]));
		return;
	}
	for (int i = 0; i < s.n; i++)
		buf_printf(b, "%s%s", between(i, s.n), calendar_month_name(s.v[i]));
}

/* "the 1st and 15th", "the 1st to 7th", "the 15th and the last day", "every 2nd day from the 1st to
 * the 31st" */
static void
add_days(struct buf *b, uint32_t days)
{
	bool last = (days >> CRON_LAST_DAY & 1) != 0;
	struct values s;

	bits(&s, days, 1, 31);
	if (s.n >= STEPS_SAID && s.step > 1) {
		buf_text(b, "every ");
		add_ordinal(b, s.step);
		buf_text(b, " day from the ");
		add_ordinal(b, s.v[0]);
		buf_text(b, " to the ");
		add_ordinal(b, s.v[s.n - 1]);
	} else if (s.n > 2 && s.step == 1) {
		buf_text(b, "the ");
		add_ordinal(b, s.v[0]);
		buf_text(b, " to ");
		add_ordinal(b, s.v[s.n - 1]);
	} else {
		for (int i = 0; i < s.n; i++) {
			buf_text(b, i == 0 ? "the " : between(i, s.n + (last ? 1 : 0)));
			add_ordinal(b, s.v[i]);
		}
	}
	if (last)
		buf_text(b, s.n > 0 ? " and the last day" : "the last day");
}

/* Monday begins the week; Sunday is 7 here. */
static uint32_t
from_monday(uint32_t weekdays)
{
	return weekdays | (weekdays & 1) << 7;
}

/* "every Monday and Thursday" or "on Monday and Thursday", with " in January"; "on weekdays"; "on
 * the last Friday of every month". `every` is for the beginning of a sentence. */
static void
add_weekdays(struct buf *b, const struct cron *c, bool every)
{
	struct values s;

	bits(&s, from_monday(c->weekdays), 1, 7);
	if (c->weekdays == WORKING_DAYS)
		buf_text(b, "on weekdays");
	else if (s.n > 2 && s.step == 1)
		buf_printf(b, "%s%s to %s", every ? "every day from " : "on ",
		    weekday_words[s.v[0]], weekday_words[s.v[s.n - 1] % 7]);
	else
		for (int i = 0; i < s.n; i++)
			buf_printf(b, "%s%s", i > 0 ? between(i, s.n) : every ? "every " : "on ",
			    weekday_words[s.v[i] % 7]);
	if (s.n > 0)
		add_months(b, c->months, true);
	if (c->last_weekdays == 0)
		return;
	if (s.n > 0)
		buf_text(b, " and ");
	bits(&s, from_monday(c->last_weekdays), 1, 7);
	for (int i = 0; i < s.n; i++)
		buf_printf(b, "%s%s%s", i == 0 ? "on the " : between(i, s.n), "last ",
		    weekday_words[s.v[i] % 7]);
	add_months(b, c->months, false);
}

/* 1 to 4 when the days are the first, second … seven of a month, else 0: seven days in a row hold
 * each weekday once. */
static int
week_of(uint32_t days)
{
	for (int week = 1; week <= 4; week++)
		if (days == UINT32_C(0x7f) << ((week - 1) * 7 + 1))
			return week;
	return 0;
}

/* Days of the month that are also such weekdays. */
static void
add_both(struct buf *b, const struct cron *c, bool every)
{
	static const char *const weeks[] = { "", "first", "second", "third", "fourth" };
	int week = c->last_weekdays == 0 ? week_of(c->days) : 0;
	struct values s;

	bits(&s, from_monday(c->weekdays), 1, 7);
	if (week > 0 && s.n == 1) {
		buf_printf(b, "on the %s %s", weeks[week], weekday_words[s.v[0] % 7]);
		add_months(b, c->months, false);
		return;
	}
	add_weekdays(b, c, every);
	buf_text(b, ", but only on ");
	add_days(b, c->days);
	buf_text(b, " of the month,");
}

/* The days of the year, beginning in lower case. Returns whether days of the month are named. */
static bool
add_when(struct buf *b, const struct cron *c, bool every)
{
	bool all_days = (c->days & ALL_DAYS) == ALL_DAYS;
	bool all_weekdays = c->weekdays == ALL_WEEKDAYS;

	if (c->either ? all_days || all_weekdays : all_days && all_weekdays) {
		buf_text(b, "every day");
		add_months(b, c->months, true);
		return false;
	}
	if (!c->either && all_days) {
		add_weekdays(b, c, every);
		return false;
	}
	if (!c->either && !all_weekdays) {
		add_both(b, c, every);
		return true;
	}
	buf_text(b, "on ");
	add_days(b, c->days);
	add_months(b, c->months, false);
	if (c->either) {
		buf_text(b, " and also ");
		add_weekdays(b, c, true);
	}
	return true;
}

/* " (the 31st only in months that have one)": what people forget when they choose such a day. */
static void
add_short_months(struct buf *b, const struct cron *c)
{
	uint32_t missed = 0;
	struct values s;

	if (c->months == 1u << 2 && (c->days & ALL_DAYS) == UINT32_C(1) << 29) {
		buf_text(b, " (only in leap years)");
		return;
	}
	for (int month = 1; month <= 12; month++)
		if ((c->months >> month & 1) != 0)
			missed |= c->days & ALL_DAYS << (calendar_month_length(2001, month));
	bits(&s, missed, 29, 31);
	if (s.n == 0)
		return;
	buf_text(b, " (the ");
	for (int i = 0; i < s.n; i++) {
		buf_text(b, between(i, s.n));
		add_ordinal(b, s.v[i]);
	}
	buf_text(b, " only in months that have one)");
}

const char *
cron_words(struct arena *a, const struct cron *c)
{
	CLEANUP_BUF struct buf b = BUF_INIT, when = BUF_INIT;
	struct values times;
	bool listed, of_month;

	times_of(&times, c);
	listed = times.n <= TIMES_LISTED;
	of_month = add_when(&when, c, listed);
	if (listed) {
		buf_add(&b, when.p, when.n);
		buf_text(&b, " at ");
		for (int i = 0; i < times.n; i++) {
			buf_text(&b, between(i, times.n));
			add_time(&b, times.v[i]);
		}
	} else {
		bool whole = add_repeat(&b, c, &times);
		bool daily = strncmp(when.p, "every day", 9) == 0;

		/* "Every 15 minutes" needs no "every day". */
		if (!whole || strcmp(when.p, "every day") != 0)
			buf_printf(&b, "%s%s", daily ? ", " : " ", when.p);
		if (b.p[b.n - 1] == ',')
			buf_cut(&b, b.n - 1);
	}
	if (of_month)
		add_short_months(&b, c);
	if (b.p[0] >= 'a')
		b.p[0] = (char)(b.p[0] - 'a' + 'A');
	return arena_dup(a, b.p);
}
