/* lookout.c: who is late, at risk or still held, and which storage will take no more. */
#include "worker/lookout.h"

#include <stdbool.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/store/alarms.h"
#include "lib/store/freezes.h"
#include "lib/store/projects.h"
#include "lib/store/stats.h"
#include "worker/thaws.h"

enum { LOOK_MS = 60 * 1000 };
/* An alarm opens below the first and closes above the second, so that it does not flicker. */
enum { FREE_PERCENT = 10, FREE_AGAIN_PERCENT = 12 };

struct round {
	struct db *db;
	struct arena *arena;
	struct alarm *open;
	size_t count;
	struct freeze_row *owed;
	size_t owed_count;
	bool leaving;                 /* nobody is there to let go of what is owed */
	int64_t now;
};

/* The text of what would be closed though it is not over: paused, or no schedule runs any more. */
static const char moot[] = "";

static bool
is_open(const struct round *r, const char *kind, int64_t environment, const char *subject)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->open[i].environment == environment && strcmp(r->open[i].kind, kind) == 0 &&
		    strcmp(r->open[i].subject, subject) == 0)
			return true;
	return false;
}

static int
set(const struct round *r, const struct alarm *what, bool wanted, struct err *e)
{
	if (is_open(r, what->kind, what->environment, what->subject) == wanted)
		return 0;
	/* It did not come: it is not waited for any more. */
	if (!wanted && what->text == moot)
		return alarms_forget(r->db, what, e);
	if (!wanted)
		return alarms_settle(NULL, r->db, what, e);
	log_line(LOG_WARN, "alarm", "%s: %s", what->kind, what->text);
	return alarms_raise(NULL, r->db, what, e);
}

/* What says so by an event or an alarm of its own (a failed backup, damage, a test) is not told
 * twice. An age over what was promised has no other alarm, so it is told whatever else is wrong,
 * and also of an environment that never had a backup; nor has the silence after a failure. An open
 * one stays until the backup is there: one that was asked for or is at work is none. */
static bool
tells_risk(const struct stats_row *row, bool was, int64_t now)
{
	const struct safety *s = &row->safety;

	if (s->state == SAFETY_PAUSED || s->cause == CAUSE_NO_SERVICES)
		return false;
	return safety_too_old(&row->facts, now) || safety_silent(&row->facts, now) ||
	    (s->state == SAFETY_AT_RISK && (was || s->cause == CAUSE_OVERDUE)) ||
	    (was && safety_unmet(&row->facts, now) > 0);
}

/* An environment that was held for a backup and whose thaw fails; NULL: it is not. One that was
 * told of is over only when it is let go. */
static const struct freeze_row *
held(const struct round *r, int64_t environment)
{
	bool was = is_open(r, "held", environment, "");

	for (size_t i = 0; i < r->owed_count; i++)
		if (r->owed[i].environment == environment &&
		    (was || r->leaving || r->owed[i].tries >= THAWS_FAILED))
			return &r->owed[i];
	return NULL;
}

static const char *
words_of_hold(const struct round *r, const struct environment *v, const struct freeze_row *f)
{
	if (*f->error == '\0')
		return arena_printf(r->arena, "%s/%s was held for a backup, and the worker that "
		    "was to let it go has stopped. It may stand still.", v->project_slug, v->slug);
	return arena_printf(r->arena, "%s/%s was held for a backup, and to let it go fails again "
	    "and again: %s. It may stand still.", v->project_slug, v->slug, f->error);
}

static int
look_at_hold(const struct round *r, const struct environment *v, struct err *e)
{
	const struct freeze_row *f = held(r, v->id);

	return set(r, &(struct alarm){ .kind = "held", .environment = v->id, .subject = "",
	    .text = f != NULL ? words_of_hold(r, v, f) : "" }, f != NULL, e);
}

int
lookout_held(bool *news, struct db *db, const struct thaws_leaving *who, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct round r = { .db = db, .arena = arena, .leaving = true };
	struct environment v;
	bool told = false;

	if (alarms_open(&r.open, &r.count, arena, db, 0, e) != 0 ||
	    freezes_owed(&r.owed, &r.owed_count, arena, db, e) != 0)
		return -1;
	for (size_t i = 0; i < r.owed_count; i++) {
		if (thaws_of_another(&r.owed[i], who))
			continue;
		if (environments_by_id(&v, arena, db, r.owed[i].environment, e) != 0 ||
		    look_at_hold(&r, &v, e) != 0)
			return -1;
		told |= !is_open(&r, "held", v.id, "");
	}
	*news = told;
	return 0;
}

static int
look_at_environment(const struct round *r, const struct stats_row *row, struct err *e)
{
	const char *text = arena_printf(r->arena, "%s/%s: %s", row->environment.project_slug,
	    row->environment.slug, safety_reason(r->arena, &row->safety, &row->facts, r->now));
	bool was = is_open(r, "at-risk", row->environment.id, ""),
	     was_late = is_open(r, "late", row->environment.id, ""),
	     risk = tells_risk(row, was, r->now),
	     late = row->safety.state == SAFETY_LATE && !risk;

	if (row->safety.state == SAFETY_PAUSED || row->facts.schedules_on == 0)
		text = risk ? text : moot;
	late = late || (was_late && row->safety.state != SAFETY_PAUSED &&
	    (risk || safety_unmet(&row->facts, r->now) > 0));
	if (set(r, &(struct alarm){ .kind = "at-risk", .environment = row->environment.id,
	        .subject = "", .text = text }, risk, e) != 0)
		return -1;
	return set(r, &(struct alarm){ .kind = "late", .environment = row->environment.id,
	    .subject = "", .text = text }, late, e);
}

/* What its file system says now. A storage that is out of reach says nothing; its jobs will. */
static bool
measure(struct stats_storage *s, struct statvfs *fs)
{
	/* A bucket has no file system. */
	if (strcmp(s->storage.kind, "local") != 0)
		return false;
	if (statvfs(s->storage.path, fs) != 0 || fs->f_blocks == 0)
		return false;
	s->free_bytes = (int64_t)fs->f_bavail * (int64_t)fs->f_frsize;
	s->total_bytes = (int64_t)fs->f_blocks * (int64_t)fs->f_frsize;
	return true;
}

/* Why it takes nothing more, or soon will not; NULL when all is well. */
static const char *
short_of(struct arena *a, const struct stats_storage *s, const struct statvfs *fs, bool was)
{
	int64_t percent = was ? FREE_AGAIN_PERCENT : FREE_PERCENT;
	char left[NUM_TEXT], total[NUM_TEXT];

	if ((fs->f_flag & ST_RDONLY) != 0)
		return arena_printf(a, "The storage %s is read-only: nothing can be stored in it."
		    " Mount its file system writable.", s->storage.slug);
	/* A file system that makes inodes as it needs them says that it has none at all. */
	if (fs->f_files > 0 && fs->f_favail * 100 < fs->f_files * (fsfilcnt_t)percent) {
		num_count(left, (int64_t)fs->f_favail);
		num_count(total, (int64_t)fs->f_files);
		return arena_printf(a, "The storage %s has few inodes left: %s of %s are free, and"
		    " each file needs one.", s->storage.slug, left, total);
	}
	if (s->free_bytes >= s->total_bytes / 100 * percent && s->free_bytes >= 2 * s->largest)
		return NULL;
	num_size(left, s->free_bytes);
	num_size(total, s->total_bytes);
	return arena_printf(a, "The storage %s is nearly full: %s of %s are free.",
	    s->storage.slug, left, total);
}

static int
look_at_storage(const struct round *r, struct stats_storage *s, struct err *e)
{
	bool was = is_open(r, "storage", 0, s->storage.slug);
	struct statvfs fs;
	const char *why;

	if (r->now >= s->looked_at && r->now - s->looked_at < LOOK_MS)
		return 0;
	if (!measure(s, &fs))
		return 0;
	why = short_of(r->arena, s, &fs, was);
	if (set(r, &(struct alarm){ .kind = "storage", .subject = s->storage.slug, .text = why },
	        why != NULL, e) != 0)
		return -1;
	return stats_saw_storage(r->db, s, r->now, e);
}

int
lookout_step(struct db *db, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct stats_query q = { .now = now };
	struct round r = { .db = db, .arena = arena, .now = now };
	struct stats_list list;
	struct stats_storage *storages;
	size_t count;

	if (alarms_open(&r.open, &r.count, arena, db, 0, e) != 0 ||
	    stats_environments(&list, arena, db, &q, e) != 0 ||
	    stats_storages(&storages, &count, arena, db, e) != 0 ||
	    freezes_owed(&r.owed, &r.owed_count, arena, db, e) != 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (look_at_environment(&r, &list.rows[i], e) != 0 ||
		    look_at_hold(&r, &list.rows[i].environment, e) != 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		if (look_at_storage(&r, &storages[i], e) != 0)
			return -1;
	return 0;
}
