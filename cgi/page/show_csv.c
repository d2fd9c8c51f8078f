/* show_csv.c: lists as CSV: one row of names, then a row each. */
#include "cgi/page/show_csv.h"

#include "cgi/page/show_schedule.h"
#include "lib/base/clock.h"
#include "lib/model/name.h"
#include "lib/util/csv.h"

#define HEAD(rp, ...) do { \
	static const char *const names_[] = { __VA_ARGS__ }; \
	struct csv c_ = { .out = &(rp)->body }; \
	csv_row(&c_, names_, sizeof names_ / sizeof *names_); \
} while (0)

void
show_csv_begin(struct reply *rp, const char *name, int64_t now)
{
	char at[CLOCK_ISO_SIZE];

	clock_compact(at, now);
	rp->content_type = "text/csv; charset=utf-8";
	buf_clear(&rp->body);
	reply_header(rp, "Content-Disposition", "attachment; filename=\"%s-%s.csv\"", name, at);
}

bool
show_csv_room(struct reply *rp)
{
	struct csv c = { .out = &rp->body };

	if (rp->body.n < SHOW_CSV_MAX)
		return true;
	csv_text(&c, "This list is cut here: there are more rows than one file holds. Filter the"
	    " page, then fetch the parts one by one.");
	csv_end(&c);
	return false;
}

static void
id(struct csv *c, enum name_kind kind, int64_t number)
{
	char text[NAME_ID_SIZE];

	name_id(text, kind, number);
	csv_text(c, text);
}

/* -- backups -- */

void
show_csv_backups_head(struct reply *rp)
{
	HEAD(rp, "Backup", "Project", "Environment", "Kind", "Status", "Contents", "Created (UTC)",
	    "Started (UTC)", "Finished (UTC)", "Size in bytes", "Stored bytes", "Health",
	    "Verified (UTC)", "Warnings", "Note", "Requested by", "Storage", "Keep",
	    "Keep until (UTC)", "Stays", "Suspicion", "Error", "Tested (UTC)", "Test",
	    "Test found");
}

void
show_csv_backup(struct reply *rp, struct arena *a, const struct backup *b,
    const struct retention *retention)
{
	struct csv c = { .out = &rp->body };

	id(&c, NAME_BACKUP, b->id);
	csv_text(&c, b->project_slug);
	csv_text(&c, b->environment_slug);
	csv_text(&c, backup_kind_name(b->kind));
	csv_text(&c, backup_state_name(b->state));
	csv_text(&c, b->contents);
	csv_time(&c, b->created_at);
	csv_time(&c, b->started_at);
	csv_time(&c, b->finished_at);
	csv_number(&c, b->raw_bytes);
	csv_number(&c, b->stored_bytes);
	csv_text(&c, backup_health_name(b->health));
	csv_time(&c, b->verified_at);
	csv_number(&c, b->warnings);
	csv_text(&c, b->note);
	csv_text(&c, b->requested_name);
	csv_text(&c, b->storage_slug);
	csv_flag(&c, b->keep);
	csv_time(&c, b->keep_until);
	csv_text(&c, retention_short(a, retention, b->id));
	csv_text(&c, b->suspicion);
	csv_text(&c, b->error);
	csv_time(&c, b->tested_at);
	csv_text(&c, b->test_state);
	csv_text(&c, b->test_text);
	csv_end(&c);
}

/* -- plans -- */

void
show_csv_plans_head(struct reply *rp)
{
	HEAD(rp, "Plan", "Name", "Project", "Environment", "When", "Cron", "Time zone",
	    "Spread in minutes", "Contents", "Storage", "Mode", "On", "Paused until (UTC)",
	    "Environment paused", "Last run (UTC)", "Last backup", "Status", "Size in bytes",
	    "Error", "Next run (UTC)");
}

/* What became of the newest run: as on the page, a refused one is newer than the last backup. */
static void
outcome(struct csv *c, const struct schedule_plan *p)
{
	if (plans_refused(p)) {
		csv_time(c, p->run_at);
		csv_text(c, "");
		csv_text(c, "refused");
		csv_text(c, "");
		csv_text(c, plans_error(p));
		return;
	}
	csv_time(c, p->backup_at);
	if (p->backup == 0) {
		for (int i = 0; i < 4; i++)
			csv_text(c, "");
		return;
	}
	id(c, NAME_BACKUP, p->backup);
	csv_text(c, backup_state_name(p->backup_state));
	csv_number(c, p->backup_bytes);
	csv_text(c, plans_error(p));
}

void
show_csv_plan(struct reply *rp, struct zoneset *set, const struct schedule_plan *p, int64_t now)
{
	const struct schedule *s = &p->schedule;
	struct csv c = { .out = &rp->body };

	id(&c, NAME_SCHEDULE, s->id);
	csv_text(&c, s->name);
	csv_text(&c, p->project_slug);
	csv_text(&c, p->environment_slug);
	csv_text(&c, show_schedule_words(set->arena, s->cron));
	csv_text(&c, s->cron);
	csv_text(&c, p->zone);
	csv_number(&c, s->spread_min);
	csv_text(&c, p->contents);
	csv_text(&c, p->storage_slug);
	csv_text(&c, backup_mode_name(s->mode));
	csv_flag(&c, s->enabled);
	csv_time(&c, s->paused_until > now ? s->paused_until : 0);
	csv_flag(&c, p->environment_paused);
	outcome(&c, p);
	csv_time(&c, show_schedule_next(set, p, now));
	csv_end(&c);
}

/* -- environments -- */

void
show_csv_environments_head(struct reply *rp)
{
	HEAD(rp, "Project", "Environment", "Name", "Kind", "State", "Reason", "Since (UTC)",
	    "Not backed up", "Last good backup", "Finished (UTC)", "Size in bytes", "Stored bytes",
	    "Health", "Verified (UTC)", "Next run (UTC)");
}

void
show_csv_environment(struct reply *rp, struct arena *a, const struct stats_row *r, int64_t now)
{
	const struct safety_facts *f = &r->facts;
	const struct backup *good = &r->good;
	struct csv c = { .out = &rp->body };

	csv_text(&c, r->environment.project_slug);
	csv_text(&c, r->environment.slug);
	csv_text(&c, r->environment.name);
	csv_text(&c, environment_kind_name(r->environment.kind));
	csv_text(&c, safety_name(r->safety.state));
	csv_text(&c, safety_reason(a, &r->safety, f, now));
	csv_time(&c, r->safety.since);
	csv_text(&c, f->schedules_on > 0 ? f->uncovered : "");
	if (f->good != 0) {
		id(&c, NAME_BACKUP, f->good);
		csv_time(&c, f->good_at);
		csv_number(&c, good->raw_bytes);
		csv_number(&c, good->stored_bytes);
		csv_text(&c, backup_health_name(good->health));
		csv_time(&c, good->verified_at);
	} else {
		for (int i = 0; i < 6; i++)
			csv_text(&c, "");
	}
	csv_time(&c, f->schedules_on > 0 && f->next_at > now ? f->next_at : 0);
	csv_end(&c);
}
