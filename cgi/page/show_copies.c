/* show_copies.c: where a backup lies, and where it could be copied to. */
#include "cgi/page/show_copies.h"

#include <inttypes.h>

#include "cgi/page/mark.h"

static void
state(struct node *n, const struct copy *c)
{
	if (c->job != 0 && c->state != COPY_READY)
		mark_state(n, "state", "Being copied", "running", "busy");
	else if (c->job != 0)
		mark_state(n, "state", "Being made whole", "running", "busy");
	else if (c->state == COPY_FAILED)
		mark_state(n, "state", "Not copied", "failed", "bad");
	else if (c->state == COPY_LEAVING)
		mark_state(n, "state", "Being removed", "trash", "idle");
	else if (c->health == HEALTH_DAMAGED)
		mark_state(n, "state", "Damaged", "failed", "bad");
	else if (c->health == HEALTH_MISSING)
		mark_state(n, "state", "Missing", "failed", "bad");
	else
		mark_state(n, "state", "Whole", "ok", "good");
}

static void
place(struct node *n, const struct copy *c, const struct backup_view *view)
{
	bool whole = copy_usable(c);

	node_set(n, "name", c->slug);
	node_setf(n, "href", "/storage/%s", c->slug);
	node_setf(n, "act", "/b/b%" PRId64 "/copies/%s", c->backup, c->slug);
	node_flag(n, "first", c->first);
	state(n, c);
	node_set(n, "error", c->error);
	if (c->state == COPY_READY) {
		page_time(n, "verified", c->verified_at, view->now);
		page_size(n, "size", c->stored_bytes);
	}
	if (c->job != 0) {
		mark_id(n, "job.id", NAME_JOB, c->job);
		node_setf(n, "job.href", "/j/j%" PRId64, c->job);
	}
	if (view->backup->state != BACKUP_READY || c->job != 0)
		return;
	node_flag(n, "can.verify", c->state == COPY_READY);
	node_flag(n, "can.heal", c->state == COPY_READY && !whole);
	node_flag(n, "can.retry", c->state == COPY_FAILED);
	node_flag(n, "can.remove", !c->first && c->state != COPY_LEAVING);
}

static bool
lies_in(const struct backup_view *view, int64_t storage)
{
	for (size_t i = 0; i < view->place_count; i++)
		if (view->places[i].storage == storage)
			return true;
	return false;
}

void
show_copies(struct page *p, const struct backup_view *view)
{
	const struct backup *b = view->backup;

	if (b->state != BACKUP_READY && b->state != BACKUP_TRASHED)
		return;
	if (view->place_count == 1 && view->storage_count < 2)
		return;
	for (size_t i = 0; i < view->place_count; i++)
		place(node_add(p->root, "places"), &view->places[i], view);
	for (size_t i = 0; i < view->storage_count && b->state == BACKUP_READY; i++) {
		const struct storage *s = &view->storages[i];
		struct node *n;

		if (lies_in(view, s->id))
			continue;
		n = node_add(p->root, "others");
		node_setf(n, "label", "Copy to %s", s->slug);
		node_setf(n, "act", "/b/b%" PRId64 "/copies/%s", b->id, s->slug);
	}
}
