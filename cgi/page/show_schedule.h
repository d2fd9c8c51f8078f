/* show_schedule.h: schedules on pages: their rows, their form, their next runs. */
#ifndef CGI_PAGE_SHOW_SCHEDULE_H
#define CGI_PAGE_SHOW_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/cron_simple.h"
#include "lib/model/schedule.h"
#include "lib/model/zoneset.h"
#include "lib/store/plans.h"

/* What a schedule says, by itself: id, name, href, words ("Every day at 02:00"), cron, zone,
 * spread, consistent, own_keeps ("keeps 7 daily"), tells, only (as many services), on, off.at,
 * off.by, paused. zone: by which it runs, "" where that differs by environment. */
void show_schedule_item(struct node *n, struct arena *a, const struct schedule *s,
    const char *zone, int64_t now);

/* A cron expression in words; as it is when it is none. */
const char *show_schedule_words(struct arena *a, const char *text);

/* A schedule in an environment: the item; env.label, env.href; next (a moment), state, last.at,
 * last.id, last.href, last.size, error, contents, storage, run (where to post to run it now). */
void show_schedule_plan(struct node *n, struct zoneset *set, const struct schedule_plan *p,
    int64_t now);
/* When it runs next, 0: never or not at present. */
int64_t show_schedule_next(struct zoneset *set, const struct schedule_plan *p, int64_t now);

/* A moment of the future by the wall clock of a zone: <name>.text "29 Mar 2026, 03:00", .offset
 * "+02:00", .iso, .ago "in 5 hours"; nothing when at is 0. */
void show_schedule_moment(struct node *n, const char *name, const struct zone *z, int64_t at,
    int64_t now);

/* The form, as it was typed. */
struct schedule_form {
	const char *name, *every, *minute, *time, *weekday, *day, *cron, *zone, *spread;
	/* keep: the radio button: inherit, a preset (retain_preset.h) or own. */
	const char *keep, *keep_n, *keep_line, *notify;
	const char *inherited;        /* what the environment's rule keeps; NULL: it differs */
	bool consistent, all_kinds;
	const struct service *services;
	const bool *chosen;           /* one per service */
	size_t service_count;
	bool of_environment;
};
void show_schedule_form(struct page *p, const struct schedule_form *f);
/* The fields as they stand in `s`; the services are the caller's. */
void show_schedule_fill(struct schedule_form *f, struct arena *a, const struct schedule *s);

/* preview: words, zone, spread, and runs, each with text, offset, note, change; clash, a sentence
 * on what else begins then. */
struct schedule_preview {
	const struct cron *cron;
	const struct zone *zone;
	int spread_min;
	size_t others;                /* that begin within five minutes of the first */
	int64_t now;
};
void show_schedule_preview(struct page *p, struct arena *a, const struct schedule_preview *v);

#endif
