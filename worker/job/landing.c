/* landing.c: one part of a restore on its way from the storage to its target. */
#include "worker/job/landing.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/restores.h"
#include "worker/job/address.h"

int
landing_place(struct landing_place *ret, struct plan *p, struct restore_part *row, struct err *e)
{
	struct landing_place at = { .row = row, .part = plan_part(p, row->part) };
	struct table_count *counted;
	size_t count;

	if (at.part == NULL)
		return err_set(e, ERR_INTERNAL,
		    "restore r%" PRId64 " names a part that its backup has not", row->restore);
	if (plan_source(&at.src, p, row->service, e) != 0)
		return err_in(e, "%s", row->target_slug);
	at.driver = target_driver(at.src.service->engine);
	if (restores_part_tables(&counted, &count, p->arena, p->db, row->part, e) != 0)
		return -1;
	*ret = at;
	ret->target = (struct target){ .src = &ret->src, .tag = row->tag, .mode = p->restore.mode,
		.owners = p->restore.owners, .part = ret->part };
	/* What comes from the safety backup is all of the service, whatever was restored of it. */
	if (restore_part_undoing(row))
		ret->target.mode = RESTORE_REPLACE;
	else
		ret->target.choice_count =
		    source_lines(&ret->target.choice, p->arena, row->choice);
	ret->target.counted = counted;
	ret->target.counted_count = count;
	ret->from = (struct export_part){ p->dest, &ret->part->data, &ret->part->manifest,
		report_watch(p->report), ret->part };
	return 0;
}

int
landing_write(const struct landing_place *at, struct plan *p, struct err *e)
{
	if (plan_still_ours(p, e) != 0)
		return -1;
	return restores_part_moved(p->db, &p->lease, at->row, e);
}

static int
move_to(struct landing_place *at, struct plan *p, enum landing state, struct err *e)
{
	enum landing was = at->row->state;

	at->row->state = state;
	if (landing_write(at, p, e) == 0)
		return 0;
	at->row->state = was;
	return -1;
}

/* -- counting -- */

static int64_t
rows_of(const struct table_count *tables, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(tables[i].name, name) == 0)
			return tables[i].rows;
	return -1;
}

/* The first table whose rows differ, as a sentence; NULL when there is none. */
static char *
difference(struct arena *a, const struct table_count *want, size_t want_count,
    const struct target_built *built)
{
	for (size_t i = 0; i < want_count; i++) {
		int64_t rows = rows_of(built->tables, built->table_count, want[i].name);

		if (rows == want[i].rows)
			continue;
		return rows < 0
		    ? arena_printf(a,
		          "table %s is not there; the backup has %" PRId64 " rows of it",
		          want[i].name, want[i].rows)
		    : arena_printf(a, "table %s has %" PRId64 " rows where the backup has %" PRId64,
		          want[i].name, rows, want[i].rows);
	}
	return NULL;
}

static char *
words(struct arena *a, const struct target_built *built, bool media)
{
	char first[NUM_TEXT], second[NUM_TEXT];
	int64_t rows = 0;

	if (media) {
		num_count(first, built->files);
		num_size(second, built->bytes);
		return arena_printf(a, "%s file%s, %s", first, built->files == 1 ? "" : "s",
		    second);
	}
	for (size_t i = 0; i < built->table_count; i++)
		rows += built->tables[i].rows > 0 ? built->tables[i].rows : 0;
	num_count(first, (int64_t)built->table_count);
	num_count(second, rows);
	return arena_printf(a, "%s table%s, %s row%s", first, built->table_count == 1 ? "" : "s",
	    second, rows == 1 ? "" : "s");
}

int
landing_compare(char **text, bool *equal, const struct landing_place *at,
    const struct target_built *built, struct plan *p, struct err *e)
{
	bool media = engine_is_media(at->src.service->engine);
	struct table_count *want;
	char *differs = NULL;
	size_t count;

	if (restores_part_tables(&want, &count, p->arena, p->db, at->part->id, e) != 0)
		return -1;
	if (!media)
		differs = difference(p->arena, want, count, built);
	else if (built->files != at->part->items)
		differs = arena_printf(p->arena, "%" PRId64 " files where the backup has %" PRId64,
		    built->files, at->part->items);
	*equal = differs == NULL;
	*text = differs ? differs : words(p->arena, built, media);
	return 0;
}

/* -- the ways of a part -- */

/* Only what stands there whole and alone can be compared with all that the backup has. */
static bool
is_whole(const struct landing_place *at)
{
	return at->driver->side_is_part ||
	    (at->target.choice_count == 0 && at->target.mode != RESTORE_ADD);
}

static int
check_counts(struct landing_place *at, struct plan *p, const struct target_built *built,
    struct err *e)
{
	char *text;
	bool equal;

	if (landing_compare(&text, &equal, at, built, p, e) != 0)
		return -1;
	if (is_whole(at) && !equal && !FAULT_CONTROL("counts.unchecked"))
		return err_set(e, ERR_DAMAGED, "what was restored is not what was backed up: %s",
		    text);
	report_say(p->report, "note", "%s: built and checked beside the target: %s",
	    at->row->target_slug, text);
	return 0;
}

int
landing_still_same(const struct landing_place *at, struct err *e)
{
	if (at->src.service->revision == at->row->revision)
		return 0;
	return err_set(e, ERR_GONE,
	    "%s: the settings of %s have changed since the restore was confirmed, so it may lead "
	    "elsewhere by now. Nothing was touched", at->row->target_slug, at->src.service->name);
}

bool
landing_same_place(const struct landing_place *at)
{
	const struct service *s = at->src.service;

	if (address_size(at->row->mark) == 0)
		return s->revision == at->row->revision;
	return address_same(at->src.arena, s, at->row->mark);
}

static int
check_place(const struct landing_place *at, struct err *e)
{
	if (landing_same_place(at))
		return 0;
	return err_set(e, ERR_GONE,
	    "%s: %s leads elsewhere since this was built, so it was left alone",
	    at->row->target_slug, at->src.service->name);
}

static const char *
drivers_mark(const struct landing_place *at)
{
	return at->row->mark + address_size(at->row->mark);
}

/* Before anything is made there, so that whoever removes it knows where it is. */
static int
keep_address(struct landing_place *at, struct plan *p, struct err *e)
{
	at->row->mark = address_line(p->arena, at->src.service);
	return landing_write(at, p, e);
}

int
landing_build(struct landing_place *at, struct plan *p, struct err *e)
{
	int64_t began = clock_mono();
	struct target_built built = { .mark = "" };

	if (at->row->state != LANDING_WAITING)
		return 0;
	/* The safety backup took its time. */
	if (landing_still_same(at, e) != 0 || keep_address(at, p, e) != 0)
		return -1;
	report_phase(p->report, "%s: restoring beside the target", at->row->target_slug);
	if (at->driver->build(&built, &at->target, &at->from, e) != 0 ||
	    check_counts(at, p, &built, e) != 0)
		return err_in(e, "%s", at->row->target_slug);
	at->row->mark =
	    arena_printf(p->arena, "%s%s", at->row->mark, built.mark ? built.mark : "");
	if (at->target.mode == RESTORE_NEW)
		at->row->kept_bytes = built.bytes;
	at->row->duration_ms = clock_mono() - began;
	return 0;
}

int
landing_make(struct landing_place *at, struct plan *p, struct err *e)
{
	const struct service *beside = at->src.service;
	bool in = at->row->state == LANDING_SWAPPED;
	struct service made = *beside;

	if (at->driver->beside(&made.settings, &at->target, in, e) != 0)
		return err_in(e, "%s", at->row->target_slug);
	made.slug = arena_printf(p->arena, "%s-r%" PRId64, beside->slug, at->row->restore);
	made.name = arena_printf(p->arena, "%s (%s r%" PRId64 ")", beside->name,
	    in ? "before" : "from", at->row->restore);
	return restores_made(p->db, &p->lease, at->row, &made, e);
}

/* Twice would be wrong where the first was done. */
static int
unknown(const struct landing_place *at, const struct plan *p, struct err *e)
{
	const char *back = p->restore.safety_backup == 0 ? ""
	    : arena_printf(p->arena, ", or restore the safety backup b%" PRId64 " to be as before",
	          p->restore.safety_backup);

	return err_set(e, ERR_CONFLICT,
	    "%s: the worker was stopped while it added the backup's content, and it is not known "
	    "whether that was done. Look at %s, and restore once more if it is not there%s",
	    at->row->target_slug, at->src.service->name, back);
}

/* A swap that failed is made undone, whatever part of it came about; where that fails too, the row
 * stays `swapping` and the tidy job tries again. */
static void
give_up(struct landing_place *at, struct plan *p, const struct err *why)
{
	struct err e;

	if (why->kind == ERR_FENCED || at->target.mode == RESTORE_ADD)
		return;
	if (landing_unswap(at, p, &e) != 0 && e.kind != ERR_FENCED)
		report_say(p->report, "err", "%s", e.text);
}

int
landing_swap(struct landing_place *at, struct plan *p, struct err *e)
{
	if (at->row->state == LANDING_SWAPPED)
		return 0;
	if (at->row->state == LANDING_SWAPPING && at->target.mode == RESTORE_ADD &&
	    !at->driver->adds_once)
		return unknown(at, p, e);
	if (check_place(at, e) != 0)
		return -1;
	report_phase(p->report, "%s: switching", at->row->target_slug);
	if (move_to(at, p, LANDING_SWAPPING, e) != 0)
		return -1;
	FAULT("restore.before_swap");
	if (at->driver->swap(&at->row->kept_bytes, &at->target, drivers_mark(at), e) != 0) {
		give_up(at, p, e);
		return err_in(e, "%s", at->row->target_slug);
	}
	FAULT("restore.swapped");
	report_say(p->report, "note", "%s: %s", at->row->target_slug,
	    at->target.mode == RESTORE_ADD ? "added on top of what is there"
	                                   : "switched in; what it took the place of is kept");
	return move_to(at, p, LANDING_SWAPPED, e);
}

int
landing_unswap(struct landing_place *at, struct plan *p, struct err *e)
{
	if (at->row->state != LANDING_SWAPPED && at->row->state != LANDING_SWAPPING)
		return 0;
	if (check_place(at, e) != 0)
		return -1;
	report_phase(p->report, "%s: switching back", at->row->target_slug);
	/* Where that cannot be told, the row stays as it is, and what is kept beside it with it.
	 * Only where nothing of ours is there, neither in its place nor beside, nothing is left. */
	if (at->driver->unswap(&at->target, drivers_mark(at), e) != 0 &&
	    (at->row->state != LANDING_SWAPPING || e->kind != ERR_NOT_FOUND))
		return err_in(e, "%s", at->row->target_slug);
	if (at->target.mode == RESTORE_NEW)
		at->row->kept_bytes = at->row->raw_bytes;
	return move_to(at, p, LANDING_BUILT, e);
}
