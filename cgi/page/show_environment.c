/* show_environment.c: how safe an environment is, and the forms of projects and environments. */
#include "cgi/page/show_environment.h"

#include <inttypes.h>
#include <stdio.h>

#include "cgi/page/mark.h"
#include "lib/base/num.h"

enum { WORKER_SILENT_MS = 60 * 1000 };

static void
good_backup(struct node *n, const struct backup *b, int64_t now)
{
	mark_id(n, "good.id", NAME_BACKUP, b->id);
	node_setf(n, "good.href", "/b/b%" PRId64, b->id);
	page_time(n, "good.at", b->finished_at, now);
	page_size(n, "good.size", b->stored_bytes);
	mark_health(node_at(n, "good"), b, now);
}

/* Why there is no backup, and what is on its way. */
static void
first_backup(struct node *n, const struct safety *s)
{
	char id[NAME_ID_SIZE];

	node_flag(n, "no_services", s->no_services);
	if (s->coming != 0) {
		name_id(id, NAME_BACKUP, s->coming);
		node_setf(n, "reason", "The %s backup is on its way (%s).",
		    s->has_ended ? "next" : "first", id);
		node_set(n, "coming.id", id);
		node_setf(n, "coming.href", "/b/%s", id);
	} else if (s->has_ended) {
		node_set(n, "reason", "The last backup failed, and there is no good one.");
	} else if (s->no_services) {
		node_set(n, "reason", "Nothing has been backed up yet: it has no services.");
	} else {
		node_set(n, "reason", "Nothing has been backed up yet.");
	}
}

bool
show_environment_at_risk(const struct safety *s)
{
	return s->state == SAFETY_FAILED || s->state == SAFETY_DAMAGED ||
	    (s->state == SAFETY_NONE && s->has_ended);
}

void
show_environment_safety(struct node *n, const struct safety *s, int64_t now)
{
	char id[NAME_ID_SIZE];

	if (s->has_good)
		good_backup(n, &s->good, now);
	switch (s->state) {
	case SAFETY_NONE:
		mark_state(n, "state", "No backup yet", "failed", "bad");
		first_backup(n, s);
		break;
	case SAFETY_FAILED:
		name_id(id, NAME_BACKUP, s->ended.id);
		mark_state(n, "state", "At risk", "failed", "bad");
		node_setf(n, "reason", "The last backup, %s, failed.", id);
		break;
	case SAFETY_DAMAGED:
		name_id(id, NAME_BACKUP, s->good.id);
		mark_state(n, "state", "At risk", "failed", "bad");
		node_setf(n, "reason", "The stored bytes of the last backup, %s, are %s.", id,
		    s->good.health == HEALTH_DAMAGED ? "damaged" : "missing");
		break;
	case SAFETY_UNSCHEDULED:
		mark_state(n, "state", "At risk", "warning", "warn");
		node_set(n, "reason", "No schedule: backups are made on demand.");
		break;
	case SAFETY_PAUSED:
		mark_state(n, "state", "Paused", "cancelled", "idle");
		node_set(n, "reason", "Paused: no backups can be made.");
		break;
	}
	node_flag(n, "bad", s->state <= SAFETY_DAMAGED);
	node_flag(n, "paused", s->state == SAFETY_PAUSED);
	if (s->has_ended && s->ended.state == BACKUP_FAILED) {
		node_setf(n, "failed.href", "/b/b%" PRId64, s->ended.id);
		mark_id(n, "failed.id", NAME_BACKUP, s->ended.id);
	}
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
	node_set(p->root, "watchers.value", v->watchers);
	node_int(p->root, "hook_limit.value", v->hook_limit_s);
	for (int kind = 0; kind < ENV_KINDS; kind++) {
		struct node *n = node_add(p->root, "kinds");

		node_set(n, "value", environment_kind_name((enum environment_kind)kind));
		node_set(n, "text", texts[kind]);
		node_flag(n, "on", v->kind == (enum environment_kind)kind);
	}
}
