/* retaining.h: lists of backups for the tests of retention, and what they ask of every verdict. */
#ifndef TESTS_UNIT_RETAINING_H
#define TESTS_UNIT_RETAINING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/model/retain.h"
#include "lib/model/retain_note.h"
#include "lib/model/retain_preset.h"
#include "lib/model/retain_words.h"

#define HOURS(n) ((int64_t)(n) * 3600000)
#define DAYS(n)  ((int64_t)(n) * 86400000)
#define HAS(v, reason) (((v)->why & UINT32_C(1) << (reason)) != 0)

enum { LIST_ROOM = 800, HOME = 7, DATABASE = 1, MEDIA = 2, SEARCH = 3, LIST_KEEPS = 3 };

struct list {
	struct arena *arena;
	struct retain_rule rule;
	struct retain_ask ask;
	struct retain_item *items;
	struct retain_part *parts;   /* three for each backup */
	size_t room;
	/* Of schedules with keeps of their own; used as far as ask.keeps_count says. */
	struct retain_keeps keeps[LIST_KEEPS];
	struct retain_rule keep_rules[LIST_KEEPS];
	struct retain_result result;
};

/* The instant of a UTC date, by the C library: a second opinion beside period.c. */
static UNUSED int64_t
utc(int year, int month, int day, int hour, int minute)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
		.tm_hour = hour, .tm_min = minute };

	return (int64_t)timegm(&tm) * 1000;
}

/* Central Europe since 1996: summer time from 01:00 UTC on the last Sunday of March to the same
 * of October. */
static UNUSED int64_t
zurich(void *zone UNUSED, int64_t at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;
	int64_t begins, ends;

	gmtime_r(&seconds, &tm);
	begins = utc(tm.tm_year + 1900, 3, 31, 1, 0);
	ends = utc(tm.tm_year + 1900, 10, 31, 1, 0);
	begins -= DAYS((begins / DAYS(1) + 4) % 7);
	ends -= DAYS((ends / DAYS(1) + 4) % 7);
	return at + HOURS(at >= begins && at < ends ? 2 : 1);
}

static UNUSED int64_t
kathmandu(void *zone UNUSED, int64_t at)
{
	return at + HOURS(5) + 45 * 60000;
}

static UNUSED void
list_rule(struct list *l, const char *text)
{
	struct err e;

	if (retain_rule_parse(&l->rule, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
}

static UNUSED void
list_begin_room(struct list *l, const char *rule, int64_t now, size_t room)
{
	memset(l, 0, sizeof *l);
	l->arena = arena_new();
	l->room = room;
	l->items = arena_array(l->arena, room, sizeof *l->items);
	l->parts = arena_array(l->arena, room, 3 * sizeof *l->parts);
	if (rule != NULL)
		list_rule(l, rule);
	l->ask = (struct retain_ask) { .rule = &l->rule, .environment = HOME, .now = now,
		.items = l->items, .trash_ms = DAYS(7) };
}

static UNUSED void
list_begin(struct list *l, const char *rule, int64_t now)
{
	list_begin_room(l, rule, now, LIST_ROOM);
}

static UNUSED void
list_end(struct list *l)
{
	arena_free(l->arena);
}

/* A good scheduled backup of the database; its id is its number from 1. */
static UNUSED struct retain_item *
list_add(struct list *l, int64_t taken_at)
{
	size_t n = l->ask.count++;
	struct retain_part *parts = &l->parts[3 * n];

	assert_true(n < l->room);
	parts[0] = (struct retain_part) { DATABASE, "database", true };
	parts[1] = (struct retain_part) { MEDIA, "media", true };
	parts[2] = (struct retain_part) { SEARCH, "search", true };
	l->items[n] = (struct retain_item) { .id = (int64_t)n + 1, .environment = HOME,
		.taken_at = taken_at, .kind = BACKUP_SCHEDULED, .state = BACKUP_READY,
		.stored_bytes = 1000000, .parts = parts, .part_count = 1 };
	return &l->items[n];
}

/* A schedule with keeps of its own, by the name Hourly. */
static UNUSED struct retain_keeps *
list_keeps(struct list *l, int64_t schedule, const char *rule)
{
	size_t n = l->ask.keeps_count++;
	struct err e;

	assert_true(n < LIST_KEEPS);
	if (rule != NULL && retain_rule_parse_keeps(&l->keep_rules[n], rule, &e) != 0)
		fail_msg("%s: %s", rule, e.text);
	l->keeps[n] = (struct retain_keeps){ .schedule = schedule, .name = "Hourly" };
	return &l->keeps[n];
}

/* The question points to what is in the list, also of one that was copied. */
static UNUSED void
list_point(struct list *l)
{
	l->ask.rule = &l->rule;
	l->ask.keeps = l->keeps;
	for (size_t i = 0; i < l->ask.keeps_count; i++)
		l->keeps[i].rule = &l->keep_rules[i];
}

static UNUSED void
list_judge(struct list *l)
{
	list_point(l);
	retain_judge(&l->result, l->arena, &l->ask);
}

static UNUSED const struct retain_verdict *
verdict_of(const struct list *l, int64_t id)
{
	return &l->result.verdicts[id - 1];
}

static UNUSED size_t
stay_count(const struct list *l)
{
	return l->ask.count - l->result.go_count;
}

static UNUSED const char *
row_of(struct list *l, int64_t id)
{
	return retain_words_row(l->arena, &l->ask, (size_t)id - 1, verdict_of(l, id));
}

static UNUSED const char *
short_of(struct list *l, int64_t id)
{
	return retain_words_short(l->arena, &l->ask, (size_t)id - 1, verdict_of(l, id));
}

/* How many have this reason. */
static UNUSED size_t
count_why(const struct list *l, enum retain_why why)
{
	size_t n = 0;

	for (size_t i = 0; i < l->ask.count; i++)
		n += HAS(&l->result.verdicts[i], why);
	return n;
}

/* Do what the verdicts say: the list without those that go. */
static UNUSED void
list_delete(struct list *l)
{
	size_t used = 0;

	for (size_t i = 0; i < l->ask.count; i++)
		if (!l->result.verdicts[i].go)
			l->items[used++] = l->items[i];
	l->ask.count = used;
}

/* Saturday, 21 November 2026, 12:00 UTC. */
static UNUSED int64_t
noon(void)
{
	return utc(2026, 11, 21, 12, 0);
}

/* A backup each night at 02:00 for so many nights, the last this morning; id 1 is the newest. */
static UNUSED void
add_nights(struct list *l, int nights)
{
	for (int i = 0; i < nights; i++)
		list_add(l, utc(2026, 11, 21, 2, 0) - DAYS(i));
}

/* The ids that stay, "1 2 3". */
static UNUSED const char *
staying(struct list *l)
{
	char *text = arena_dup(l->arena, "");

	for (size_t i = 0; i < l->ask.count; i++)
		if (!l->result.verdicts[i].go)
			text = arena_printf(l->arena, "%s%s%lld", text, *text ? " " : "",
			    (long long)l->items[i].id);
	return text;
}

#endif
