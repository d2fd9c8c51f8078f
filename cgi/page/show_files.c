/* show_files.c: what a backup holds, folder by folder and table by table. */
#include "cgi/page/show_files.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_backup.h"
#include "lib/util/url.h"

enum { TABLES_SHOWN = 500 };

char *
show_files_address(struct arena *a, const struct files_view *view, const char *base,
    const char *folder)
{
	return arena_printf(a, "/b/b%" PRId64 "/%s?part=%s&path=%s&order=%s", view->backup->id,
	    base, url_encode(a, view->part->service_slug), url_encode(a, folder),
	    listing_order_name(view->at->order));
}

/* The way down to the folder that is shown: the last one has no link. */
static void
way(struct node *n, struct arena *a, const struct files_view *view)
{
	const char *path = view->at->folder;
	struct node *step = node_add(n, "way");
	size_t end = 0;

	node_set(step, "name", view->part->service_name);
	while (path[end] != '\0') {
		size_t from = end + (path[end] == '/');

		node_set(step, "href", show_files_address(a, view, "files",
		    arena_dupn(a, path, end)));
		end = from + strcspn(path + from, "/");
		step = node_add(n, "way");
		node_set(step, "name", arena_dupn(a, path + from, end - from));
	}
	if (*view->at->search != '\0')
		node_set(step, "href", show_files_address(a, view, "files", path));
}

static void
entry_row(struct node *n, struct arena *a, const struct files_view *view,
    const struct listing_entry *entry)
{
	node_int(n, "id", entry->id);
	node_set(n, "name", *view->at->search != '\0' ? entry->path : entry->name);
	node_flag(n, "folder", entry->type == LISTING_FOLDER);
	node_flag(n, "link", entry->type == LISTING_LINK);
	node_set(n, "target", *entry->target != '\0' ? entry->target : NULL);
	node_flag(n, "plain", entry->plain);
	page_time(n, "changed", entry->mtime, view->now);
	node_setf(n, "mode", "%04o", entry->mode);
	node_set(n, "sha256", *entry->sha256 != '\0' ? entry->sha256 : NULL);
	if (entry->type == LISTING_FOLDER)
		node_set(n, "href", show_files_address(a, view, "files", entry->path));
	if (entry->type == LISTING_FILE)
		page_size(n, "size", entry->size);
}

static void
order_choice(struct node *n, const struct files_view *view)
{
	static const char *const words[LISTING_ORDERS] = {
		[LISTING_BY_NAME] = "Name", [LISTING_BY_SIZE] = "Largest first",
		[LISTING_BY_TIME] = "Newest first",
	};

	for (int i = 0; i < LISTING_ORDERS; i++) {
		struct node *option = node_add(n, "orders");

		node_set(option, "value", listing_order_name((enum listing_order)i));
		node_set(option, "text", words[i]);
		node_flag(option, "on", view->at->order == (enum listing_order)i);
	}
}

/* The state of the reading: waiting, at work, or why it failed. */
static void
reading(struct node *n, struct arena *a, const struct files_view *view)
{
	mark_id(n, "job.id", NAME_JOB, view->job->id);
	node_setf(n, "job.href", "/j/j%" PRId64, view->job->id);
	node_flag(n, "failed", job_ended(view->job->state));
	node_set(n, "error", view->job->state == JOB_CANCELLED ? "it was cancelled"
	                                                    : view->job->error);
	node_flag(n, "reading", !job_ended(view->job->state));
	node_set(n, "poll", show_files_address(a, view, "files/fragment", view->at->folder));
}

static void
listed(struct node *n, struct arena *a, const struct files_view *view)
{
	const char *here = node_get(n, "here");
	const char *search = *view->at->search != '\0'
	    ? arena_printf(a, "&q=%s", url_encode(a, view->at->search)) : "";

	order_choice(n, view);
	node_set(n, "search", view->at->search);
	node_flag(n, "searched", *view->at->search != '\0');
	node_set(n, "path", view->at->folder);
	for (size_t i = 0; i < view->count; i++)
		entry_row(node_add(n, "entries"), a, view, &view->entries[i]);
	if (view->at->after != 0)
		node_setf(n, "first", "%s%s", here, search);
	if (view->more)
		node_setf(n, "next", "%s%s&after=%" PRId64, here, search,
		    view->entries[view->count - 1].id);
}

static void
database_table(struct node *n, const struct files_database *d)
{
	node_set(n, "name", d->part->service_name);
	page_size(n, "size", backup_part_bytes(d->part));
	for (size_t i = 0; i < d->count && i < TABLES_SHOWN; i++) {
		struct node *row = node_add(n, "tables");

		node_set(row, "name", d->tables[i].name);
		mark_count(row, "rows", d->tables[i].rows);
	}
	if (d->count > TABLES_SHOWN)
		mark_count(n, "more", (int64_t)d->count - TABLES_SHOWN);
}

void
show_files_page(struct page *p, struct arena *a, const struct files_view *view)
{
	struct node *n = node_at(p->root, "files");

	show_backup_short(node_at(p->root, "backup"), view->backup, view->now);
	if (view->backup->state != BACKUP_READY)
		node_set(p->root, "obstacle", mark_obstacle(view->backup));
	for (size_t i = 0; i < view->database_count; i++)
		database_table(node_add(p->root, "databases"), &view->databases[i]);
	if (view->part == NULL)
		return;
	node_set(n, "part", view->part->service_slug);
	node_set(n, "name", view->part->service_name);
	for (size_t i = 0; i < view->part_count; i++) {
		struct node *tab;

		if (view->parts[i].manifest.key[0] == '\0')
			continue;
		tab = node_add(n, "parts");
		node_set(tab, "name", view->parts[i].service_name);
		node_setf(tab, "href", "/b/b%" PRId64 "/files?part=%s", view->backup->id,
		    url_encode(a, view->parts[i].service_slug));
		node_flag(tab, "current", &view->parts[i] == view->part);
	}
	node_flag(n, "several", node_get(n, "parts.1.name") != NULL);
	way(n, a, view);
	node_set(n, "here", show_files_address(a, view, "files", view->at->folder));
	if (view->job != NULL)
		reading(n, a, view);
	else
		listed(n, a, view);
}
