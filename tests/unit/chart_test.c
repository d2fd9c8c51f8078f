/* chart_test.c: the pictures: what each day looks like, and every byte of what a page prints.
 *
 * LAZARETTE_GOLD=write writes the gold files of tests/data/charts anew: look at the diff.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/page/chart.h"
#include "cgi/page/chart_line.h"
#include "lib/base/fd.h"
#include "lib/model/calendar.h"
#include "lib/model/trend.h"

#define DATA "tests/data/charts"
#define TODAY INT64_C(20784)      /* Friday, 27 November 2026 */
enum { PAGE_MAX = 1 << 20, YEAR = 400 };

static size_t
count(const char *path, char what)
{
	size_t n = 0;

	for (; path != NULL && *path != '\0'; path++)
		n += *path == what;
	return n;
}

/* A year in which most days are good: each kind of day is there. */
static size_t
year(struct stats_day days[YEAR])
{
	size_t n = 0;

	for (int64_t day = TODAY - YEAR + 1; day <= TODAY; day++) {
		struct stats_day d = { .environment = 1, .day = day, .good = 1, .raw_bytes = 1000 };

		if (day % 29 == 0)
			continue;
		if (day % 17 == 0)
			d.failed = 2;
		if (day % 23 == 0)
			d = (struct stats_day){ .environment = 1, .day = day, .failed = 1 };
		if (day % 31 == 0)
			d = (struct stats_day){ .environment = 1, .day = day, .missed = 1 };
		days[n++] = d;
	}
	return n;
}

static void
PEER_26_a_strip_shows_each_of_30_days(void **state)
{
	const struct stats_day days[] = {
		{ .day = TODAY - 40, .good = 1 },           /* too old to be shown */
		{ .day = TODAY - 29, .good = 1 },
		{ .day = TODAY - 28, .good = 1, .failed = 1 },
		{ .day = TODAY - 27, .failed = 3 },
		{ .day = TODAY - 26, .missed = 1 },
		{ .day = TODAY - 25, .missed = 1, .good = 1 },
		{ .day = TODAY, .good = 2 },
		{ .day = TODAY + 1, .good = 1 },            /* not yet */
	};
	const struct chart_days d = { days, 8, TODAY };
	CLEANUP_TREE struct tree *t = tree_new();
	struct node *n = tree_root(t);

	(void)state;
	chart_strip(n, &d);
	assert_string_equal(node_get(n, "good"), "M4 0v22M44 0v22M294 0v22");
	assert_string_equal(node_get(n, "mixed"), "M14 0v9m0 4v9");
	assert_string_equal(node_get(n, "failed"), "M24 11v11");
	assert_string_equal(node_get(n, "missed"), "M34 17v5");
	assert_int_equal(count(node_get(n, "idle"), 'M'), 24);
	assert_string_equal(node_get(n, "text"), "The last 30 days: 4 days with a good backup, 1"
	    " with only failed ones, 1 missed, 24 without any");
}

static void
a_strip_of_nothing_is_30_dots(void **state)
{
	CLEANUP_TREE struct tree *t = tree_new();
	struct node *n = tree_root(t);

	(void)state;
	chart_strip(n, &(struct chart_days){ NULL, 0, TODAY });
	assert_int_equal(count(node_get(n, "idle"), 'M'), 30);
	assert_null(node_get(n, "good"));
}

/* A day that is over there already is drawn, even while it is still yesterday in UTC. */
static void
the_last_day_is_that_of_the_environments_calendar(void **state)
{
	const struct stats_day east[] = { { .day = TODAY + 1, .good = 1 } },
	                       odd[] = { { .day = TODAY + 2, .good = 1 } };
	int64_t now = TODAY * CALENDAR_DAY + 5;

	(void)state;
	assert_int_equal(chart_today(NULL, 0, now), TODAY);
	assert_int_equal(chart_today(east, 1, now), TODAY + 1);
	assert_int_equal(chart_today(odd, 1, now), TODAY);
}

static void
PEER_26_a_year_has_every_day_once_and_its_table_the_same(void **state)
{
	static const char *const kinds[] = { "good", "mixed", "failed", "missed", "idle" };
	struct stats_day days[YEAR];
	const struct chart_days d = { days, year(days), TODAY };
	CLEANUP_TREE struct tree *t = tree_new();
	struct node *n = tree_root(t);
	size_t drawn = 0, told = 0;

	(void)state;
	chart_calendar(n, &d);
	for (size_t i = 0; i < 5; i++)
		drawn += count(node_get(n, kinds[i]), 'M');
	/* 52 whole weeks, and Monday to Friday. */
	assert_int_equal(drawn, 52 * 7 + 5);
	for (int i = 0; i < 13; i++)
		for (size_t k = 0; k < 5; k++) {
			char name[40];
			const char *cell;

			snprintf(name, sizeof name, "rows.%d.%s", i, kinds[k]);
			cell = node_get(n, name);
			told += cell != NULL ? (size_t)strtol(cell, NULL, 10) : 0;
		}
	assert_int_equal(told, drawn);
	assert_string_equal(node_get(n, "rows.0.month"), "November 2026");
	assert_string_equal(node_get(n, "rows.12.month"), "November 2025");
	assert_null(node_get(n, "rows.13.month"));
	/* Friday of the last week. */
	assert_non_null(strstr(node_get(n, "good"), "M676 52h11v11h-11z"));
}

/* Control: two kinds of days never look the same, so no colour is needed to tell them. */
static void
every_kind_of_day_has_a_shape_of_its_own(void **state)
{
	const struct stats_day kinds[] = { { .day = TODAY, .good = 1 },
		{ .day = TODAY, .good = 1, .failed = 1 }, { .day = TODAY, .failed = 1 },
		{ .day = TODAY, .missed = 1 }, { .day = TODAY } };
	static const char *const names[] = { "good", "mixed", "failed", "missed", "idle" };
	char shapes[5][80];

	(void)state;
	for (int i = 0; i < 5; i++) {
		CLEANUP_TREE struct tree *t = tree_new();
		const char *path, *last;

		chart_calendar(tree_root(t), &(struct chart_days){ &kinds[i], 1, TODAY });
		path = node_get(tree_root(t), names[i]);
		assert_non_null(path);
		last = strrchr(path, 'M');
		snprintf(shapes[i], sizeof shapes[i], "%s", last);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(shapes[i], shapes[j]);
	}
}

static void
sizes_of(struct stats_size s[8])
{
	static const int64_t bytes[8] = { 1300, 400, 1100, 1080, 1060, 1040, 1020, 1000 };

	for (int i = 0; i < 8; i++)
		s[i] = (struct stats_size){ 108 - i, (TODAY - i) * CALENDAR_DAY, bytes[i],
			bytes[i] / 4, bytes[i] == 400 };
}

static void
PEER_26_the_line_of_sizes_has_its_band_and_its_ends(void **state)
{
	struct stats_size s[8];
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *t = tree_new();
	struct node *n = tree_root(t);

	(void)state;
	sizes_of(s);
	chart_line_sizes(n, a, s, 8);
	assert_string_equal(node_get(n, "text"), "Size of the last 8 backups: from 400 B to 1.30"
	    " kB, the newest 1.30 kB");
	assert_string_equal(node_get(n, "least"), "400 B");
	assert_string_equal(node_get(n, "most"), "1.30 kB");
	assert_string_equal(node_get(n, "from"), "20 Nov 2026, 00:00");
	assert_int_equal(count(node_get(n, "line"), 'L'), 7);
	assert_int_equal(strncmp(node_get(n, "line"), "M0 ", 3), 0);
	assert_non_null(strstr(node_get(n, "line"), "L640 "));
	/* The top is one and a half times the median of the last five: 1,590. */
	assert_string_equal(node_get(n, "odd"), "M549 107l5 5l-5 5l-5 -5z");
	assert_non_null(strstr(node_get(n, "high"), "L640 0"));
	assert_string_equal(node_get(n, "rows.0.href"), "/b/b108");
	assert_string_equal(node_get(n, "rows.1.odd"), "1");
	assert_null(node_get(n, "rows.8.id"));
}

static void
a_line_needs_two_and_stands_still_within_a_moment(void **state)
{
	struct stats_size same[3] = { { 3, 50, 0, 0, false }, { 2, 50, 0, 0, false },
		{ 1, 50, 0, 0, false } };
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *none = tree_new();
	CLEANUP_TREE struct tree *t = tree_new();

	(void)state;
	chart_line_sizes(tree_root(none), a, same, 1);
	assert_null(node_get(tree_root(none), "line"));
	chart_line_sizes(tree_root(t), a, same, 3);
	assert_string_equal(node_get(tree_root(t), "line"), "M0 150L320 150L640 150");
}

static void
PEER_26_the_bar_of_a_storage_adds_up(void **state)
{
	struct stats_storage s = { .storage = { .used_bytes = 10000 }, .free_bytes = 60000,
		.total_bytes = 100000, .looked_at = 1 };
	CLEANUP_TREE struct tree *t = tree_new();
	struct node *n = tree_root(t);

	(void)state;
	chart_bar(node_at(n, "a"), &s);
	assert_string_equal(node_get(n, "a.text"),
	    "10.0 kB of backups, 30.0 kB of other data, 60.0 kB free of 100 kB");
	assert_string_equal(node_get(n, "a.used"), "10.0");
	assert_string_equal(node_get(n, "a.other"), "40.0");
	/* Noted at different moments: never more than all. */
	s.storage.used_bytes = 500000;
	chart_bar(node_at(n, "b"), &s);
	assert_string_equal(node_get(n, "b.used"), "100.0");
	assert_string_equal(node_get(n, "b.other"), "100.0");
	s.looked_at = 0;
	chart_bar(node_at(n, "c"), &s);
	assert_null(node_get(n, "c.text"));
}

static void
PEER_26_the_day_a_storage_is_full_follows_from_a_month(void **state)
{
	struct trend_point p[30];
	struct trend line;
	int64_t days = -1;

	(void)state;
	for (int i = 0; i < 30; i++)
		p[i] = (struct trend_point){ TODAY - 29 + i, 1000 + 10 * i };
	assert_true(trend_days_left(&days, p, 30, 410));
	assert_int_equal(days, 41);
	assert_true(trend_days_left(&days, p, 30, 0));
	assert_int_equal(days, 1);
	assert_false(trend_days_left(&days, p, 30, 100000));       /* in 27 years */
	assert_false(trend_days_left(&days, p, 4, 410));
	assert_true(trend_fit(&line, p, 30));
	assert_true(line.r2 > 0.999 && line.slope > 9.99 && line.slope < 10.01);
	/* Days that nobody noted are no steps. */
	p[1].day = p[0].day;
	assert_true(trend_fit(&line, p, 30));
	for (int i = 0; i < 30; i++)
		p[i].value = 1000 - 10 * i;
	assert_false(trend_days_left(&days, p, 30, 410));
	/* Up and down: no line explains it. */
	for (int i = 0; i < 30; i++)
		p[i].value = 1000 + (i % 2) * 500 + i;
	assert_true(trend_fit(&line, p, 30));
	assert_true(line.r2 < 0.5 && line.slope > 0);
	assert_false(trend_days_left(&days, p, 30, 410));
	for (int i = 0; i < 30; i++)
		p[i] = (struct trend_point){ TODAY, i };
	assert_false(trend_fit(&line, p, 30));
}

static void
PEER_26_the_printed_pictures_are_these_bytes(void **state)
{
	struct stats_day days[YEAR];
	const struct chart_days d = { days, year(days), TODAY };
	struct stats_size s[8];
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf page = BUF_INIT, gold = BUF_INIT;
	struct err e;

	(void)state;
	sizes_of(s);
	chart_calendar(node_at(tree_root(t), "year"), &d);
	chart_line_sizes(node_at(tree_root(t), "sizes"), a, s, 8);
	if (render_html(&page, "templates", "environment.cs", t, &e) != 0)
		fail_msg("%s", e.text);
	if (getenv("LAZARETTE_GOLD") != NULL &&
	    fd_put_file(DATA "/environment.gold", page.p, page.n, 0644, &e) != 0)
		fail_msg("%s", e.text);
	if (fd_read_file(&gold, DATA "/environment.gold", PAGE_MAX, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(page.p, gold.p);
	assert_null(strstr(page.p, "style="));
	assert_int_equal(strstr(page.p, "<svg class=\"calendar\" role=\"img\"") != NULL, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(PEER_26_a_strip_shows_each_of_30_days),
		cmocka_unit_test(a_strip_of_nothing_is_30_dots),
		cmocka_unit_test(the_last_day_is_that_of_the_environments_calendar),
		cmocka_unit_test(PEER_26_a_year_has_every_day_once_and_its_table_the_same),
		cmocka_unit_test(every_kind_of_day_has_a_shape_of_its_own),
		cmocka_unit_test(PEER_26_the_line_of_sizes_has_its_band_and_its_ends),
		cmocka_unit_test(a_line_needs_two_and_stands_still_within_a_moment),
		cmocka_unit_test(PEER_26_the_bar_of_a_storage_adds_up),
		cmocka_unit_test(PEER_26_the_day_a_storage_is_full_follows_from_a_month),
		cmocka_unit_test(PEER_26_the_printed_pictures_are_these_bytes),
	};

	return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
