/* show_environment.c: how safe an environment is, and the forms of projects and environments. */
#include "cgi/page/show_environment.h"

#include <inttypes.h>
#include <stdio.h>

#include "cgi/page/mark.h"
#include "lib/base/num.h"

enum { WORKER_SILENT_MS = 60 * 1000 };

/* How each state looks. */
static const struct {
	const char *icon, *tone;
} looks[SAFETY_STATES] = {
	[SAFETY_AT_RISK] = { "failed", "bad" },
	[SAFETY_SUSPICIOUS] = { "warning", "warn" },
	[SAFETY_LATE] = { "warning", "warn" },
	[SAFETY_NONE] = { "failed", "bad" },
	[SAFETY_UNSCHEDULED] = { "warning", "warn" },
	[SAFETY_PROTECTED] = { "ok", "good" },
	[SAFETY_PAUSED] = { "cancelled", "idle" },
};

static void
good_backup(struct node *n, const struct backup *b, int64_t now)
{
	mark_id(n, "good.id", NAME_BACKUP, b->id);
	node_setf(n, "good.href", "/b/b%" PRId64, b->id);
	page_time(n, "good.at", b->finished_at, now);
	page_size(n, "good.size", b->stored_bytes);
	mark_health(node_at(n, "good"), b, now);
}

bool
show_environment_attention(const struct stats_row *row)
{
	return row->safety.state <= SAFETY_NONE;
}

/* What to look at when something is on its way, or went wrong. */
static void
leads(struct node *n, const struct safety_facts *f)
{
	if (f->coming != 0) {
		mark_id(n, "coming.id", NAME_BACKUP, f->coming);
		node_setf(n, "coming.href", "/b/b%" PRId64, f->coming);
	}
	if (f->ended_failed) {
		mark_id(n, "failed.id", NAME_BACKUP, f->ended);
		node_setf(n, "failed.href", "/b/b%" PRId64, f->ended);
	}
}

void
show_environment_safety(struct node *n, struct arena *a, const struct stats_row *row,
    int64_t now)
{
	const struct safety *s = &row->safety;
	const struct safety_facts *f = &row->facts;

	if (f->good != 0)
		good_backup(n, &row->good, now);
	mark_state(n, "state", safety_word(s->state), looks[s->state].icon, looks[s->state].tone);
	node_set(n, "reason", safety_reason(a, s, f, now));
	if (safety_bad(s->state))
		page_time(n, "since", s->since, now);
	if (f->schedules_on > 0 && f->next_at > now)
		page_time(n, "next", f->next_at, now);
	/* Where the reason does not already name them. */
	if (f->schedules_on > 0 && f->uncovered_count > 0 && s->cause != CAUSE_GAP)
		node_set(n, "uncovered", f->uncovered);
	leads(n, f);
	node_flag(n, "no_services", f->services == 0);
	node_flag(n, "bad", show_environment_attention(row));
	node_flag(n, "paused", s->state == SAFETY_PAUSED);
}

void
show_environment_worker(struct page *p, int64_t seen, int64_t now)
{
	char silence[NUM_TEXT];

	if (seen == 0) {
		node_set(p->root, "worker.silent",
		    "The worker has never reported; queued jobs wait.");
		return;
	}
	if (now - seen <= WORKER_SILENT_MS)
		return;
	num_duration(silence, now - seen);
	node_setf(p->root, "worker.silent", "The worker has not reported for %s; queued jobs wait.",
	    silence);
}

void
show_environment_item(struct node *n, const struct environment *v)
{
	static const char *const kinds[] = {
		[ENV_LIVE] = "Live", [ENV_STAGING] = "Staging", [ENV_DEVELOPMENT] = "Development",
	};

	node_set(n, "name", v->name);
	node_setf(n, "label", "%s/%s", v->project_slug, v->slug);
	node_setf(n, "href", "/p/%s/%s/backups", v->project_slug, v->slug);
	node_setf(n, "base", "/p/%s/%s", v->project_slug, v->slug);
	node_set(n, "kind", kinds[v->kind]);
}

void
show_environment_form(struct page *p, const struct environment *v)
{
	static const char *const texts[] = {
		[ENV_LIVE] = "Live: what visitors use",
		[ENV_STAGING] = "Staging: where the next version is tried",
		[ENV_DEVELOPMENT] = "Development",
	};

	node_set(p->root, "name.value", v->name);
	node_set(p->root, "slug.value", v->slug);
	node_flag(p->root, "paused.on", v->paused);
	node_set(p->root, "hook_before.value", v->hook_before);
	node_set(p->root, "hook_after.value", v->hook_after);
	node_set(p->root, "hook_freeze.value", v->hook_freeze);
	node_set(p->root, "hook_thaw.value", v->hook_thaw);
	node_set(p->root, "hook_code.value", v->hook_code);
	node_set(p->root, "watchers.value", v->watchers);
	node_int(p->root, "hook_limit.value", v->hook_limit_s);
	for (int kind = 0; kind < ENV_KINDS; kind++) {
		struct node *n = node_add(p->root, "kinds");

		node_set(n, "value", environment_kind_name((enum environment_kind)kind));
		node_set(n, "text", texts[kind]);
		node_flag(n, "on", v->kind == (enum environment_kind)kind);
	}
}
