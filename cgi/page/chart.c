/* chart.c: the days of an environment as a strip and as a calendar, and a storage as a bar. */
#include "cgi/page/chart.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/model/calendar.h"

enum { STRIP_PITCH = 10, STRIP_MIDDLE = 4, CELL_PITCH = 13, WEEK = 7 };

/* What a day was. */
enum kind { GOOD, MIXED, FAILED, MISSED, IDLE, KINDS };
static const char *const kind_names[KINDS] = {
	[GOOD] = "good", [MIXED] = "mixed", [FAILED] = "failed", [MISSED] = "missed",
	[IDLE] = "idle",
};
/* A strip is drawn with a pen of 8: a whole bar, a broken one, a half, a stub, a dot. */
static const char *const strip_shapes[KINDS] = {
	[GOOD] = "M%d 0v22", [MIXED] = "M%d 0v9m0 4v9", [FAILED] = "M%d 11v11",
	[MISSED] = "M%d 17v5", [IDLE] = "M%d 20v2",
};
/* A calendar is filled: a square, a corner, a cross, a frame, a dot. */
static const char *const cell_shapes[KINDS] = {
	[GOOD] = "M%d %dh11v11h-11z",
	[MIXED] = "M%d %dh11l-11 11z",
	[FAILED] = "M%d %dh3l8 8v3h-3l-8-8zm11 0v3l-8 8h-3v-3l8-8z",
	[MISSED] = "M%d %dh11v11h-11zm2 2v7h7v-7z",
	[IDLE] = "M%d %dm4 4h3v3h-3z",
};

int64_t
chart_today(const struct stats_day *days, size_t count, int64_t now)
{
	int64_t today = calendar_floor(now, CALENDAR_DAY);

	return count > 0 && days[count - 1].day == today + 1 ? today + 1 : today;
}

static enum kind
kind_of(const struct stats_day *d)
{
	if (d->good > 0)
		return d->failed > 0 ? MIXED : GOOD;
	return d->failed > 0 ? FAILED : d->missed > 0 ? MISSED : IDLE;
}

/* The day's kind; *at is where the search begins, and moves along. */
static enum kind
day_kind(const struct chart_days *d, int64_t day, size_t *at)
{
	while (*at < d->count && d->days[*at].day < day)
		(*at)++;
	return *at < d->count && d->days[*at].day == day ? kind_of(&d->days[*at]) : IDLE;
}

struct drawing {
	struct buf paths[KINDS];
	int sums[KINDS];
};

static void
begin(struct drawing *d)
{
	for (int k = 0; k < KINDS; k++)
		d->paths[k] = (struct buf)BUF_INIT;
	memset(d->sums, 0, sizeof d->sums);
}

static void
end(struct node *n, struct drawing *d)
{
	for (int k = 0; k < KINDS; k++) {
		if (d->paths[k].n > 0)
			node_set(n, kind_names[k], d->paths[k].p);
		buf_release(&d->paths[k]);
	}
}

static void
sentence(struct node *n, const char *span, const int sums[KINDS])
{
	node_setf(n, "text", "%s: %d day%s with a good backup, %d with only failed ones, %d missed,"
	    " %d without any", span, sums[GOOD] + sums[MIXED],
	    sums[GOOD] + sums[MIXED] == 1 ? "" : "s", sums[FAILED], sums[MISSED], sums[IDLE]);
}

/* The shape at its place. The formats are the constants above. */
static void
put(struct drawing *d, enum kind k, int x, int y)
{
	const char *shape = y < 0 ? strip_shapes[k] : cell_shapes[k];

	for (int numbers = 0; *shape != '\0'; shape++) {
		if (*shape == '%') {
			buf_printf(&d->paths[k], "%d", numbers++ == 0 ? x : y);
			shape++;
		} else {
			buf_char(&d->paths[k], *shape);
		}
	}
	d->sums[k]++;
}

void
chart_strip(struct node *n, const struct chart_days *days)
{
	struct drawing d;
	size_t at = 0;

	begin(&d);
	for (int i = 0; i < CHART_STRIP_DAYS; i++) {
		int64_t day = days->today - CHART_STRIP_DAYS + 1 + i;

		put(&d, day_kind(days, day, &at), i * STRIP_PITCH + STRIP_MIDDLE, -1);
	}
	sentence(n, "The last 30 days", d.sums);
	end(n, &d);
}

/* One row of the table: a month. */
struct month {
	int year, month;
	int sums[KINDS];
};

static void
month_row(struct node *n, const struct month *m)
{
	struct node *row = node_add(n, "rows");

	node_setf(row, "month", "%s %d", calendar_month_name(m->month), m->year);
	node_int(row, "good", m->sums[GOOD] + m->sums[MIXED]);
	node_int(row, "failed", m->sums[FAILED]);
	node_int(row, "missed", m->sums[MISSED]);
	node_int(row, "idle", m->sums[IDLE]);
}

/* The name of a month above the first whole week of it. */
static void
month_label(struct node *n, const struct calendar *c, int week)
{
	struct node *label;

	if (c->day > WEEK || week > CHART_CALENDAR_WEEKS - 3)
		return;
	label = node_add(n, "months");
	node_setf(label, "text", "%.3s", calendar_month_name(c->month));
	node_int(label, "x", week * CELL_PITCH);
}

void
chart_calendar(struct node *n, const struct chart_days *days)
{
	/* 1970-01-01, day 0, was a Thursday: three days after its Monday. */
	int64_t monday = days->today - calendar_rest(days->today + 3, WEEK),
	        first = monday - (CHART_CALENDAR_WEEKS - 1) * WEEK;
	struct month months[CHART_CALENDAR_WEEKS] = { { 0 } };
	struct drawing d;
	size_t at = 0, count = 0;

	begin(&d);
	for (int64_t day = first; day <= days->today; day++) {
		int week = (int)((day - first) / WEEK), weekday = (int)((day - first) % WEEK);
		enum kind k = day_kind(days, day, &at);
		struct calendar c;

		calendar_of(&c, day);
		if (weekday == 0)
			month_label(n, &c, week);
		if (count == 0 || months[count - 1].month != c.month)
			months[count++] = (struct month){ c.year, c.month, { 0 } };
		months[count - 1].sums[k]++;
		put(&d, k, week * CELL_PITCH, weekday * CELL_PITCH);
	}
	sentence(n, "The last year", d.sums);
	end(n, &d);
	while (count > 0)
		month_row(n, &months[--count]);
}

void
chart_bar(struct node *n, const struct stats_storage *s)
{
	int64_t used = s->storage.used_bytes, other;
	char backups[NUM_TEXT], rest[NUM_TEXT], free[NUM_TEXT], total[NUM_TEXT];

	if (s->looked_at == 0 || s->total_bytes <= 0)
		return;
	/* What is noted and what the disk says need not be of the same moment. */
	other = s->total_bytes - s->free_bytes - used;
	if (other < 0)
		other = 0;
	if (used > s->total_bytes)
		used = s->total_bytes;
	num_size(backups, s->storage.used_bytes);
	num_size(rest, other);
	num_size(free, s->free_bytes);
	num_size(total, s->total_bytes);
	node_setf(n, "text", "%s of backups, %s of other data, %s free of %s", backups, rest, free,
	    total);
	node_setf(n, "used", "%.1f", 100.0 * (double)used / (double)s->total_bytes);
	node_setf(n, "other", "%.1f",
	    100.0 * (double)(used + other) / (double)s->total_bytes);
}
