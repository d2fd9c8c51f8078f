/* show_download.c: asking for a download, one download and its life, and lists of them. */
#include "cgi/page/show_download.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_job.h"
#include "lib/model/project.h"

enum { HOUR_MS = 3600 * 1000 };

static const struct {
	int64_t hours;
	const char *text;
} lives[] = {
	{ 1, "1 hour" }, { 4, "4 hours" }, { 24, "24 hours" }, { 72, "3 days" }, { 168, "7 days" },
};

static const struct {
	enum download_format format;
	const char *text;
} formats[] = {
	{ FORMAT_TAR_ZST, "tar.zst: small and quick" },
	{ FORMAT_TAR_GZ, "tar.gz: opens everywhere" },
	{ FORMAT_TAR, "tar: not compressed" },
	{ FORMAT_ZIP, "zip: for Windows and macOS" },
};

bool
show_download_life(int64_t valid_ms)
{
	for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
		if (lives[i].hours * HOUR_MS == valid_ms)
			return true;
	}
	return false;
}

static bool
is_media(const char *name)
{
	enum engine engine;

	return engine_parse(&engine, name) && engine_is_media(engine);
}

static void
choices(struct page *p, const struct download_form *form)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct node *n = node_add(p->root, "formats");

		node_set(n, "value", download_format_name(formats[i].format));
		node_set(n, "text", formats[i].text);
		node_flag(n, "on", formats[i].format == form->format);
	}
	for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
		struct node *n = node_add(p->root, "lives");

		node_int(n, "value", lives[i].hours);
		node_set(n, "text", lives[i].text);
		node_flag(n, "on", lives[i].hours * HOUR_MS == form->valid_ms);
	}
	/* A life that the configuration set and that is none of ours stays possible. */
	if (!show_download_life(form->valid_ms)) {
		struct node *n = node_add(p->root, "lives");

		node_int(n, "value", form->valid_ms / HOUR_MS);
		mark_duration(n, "text", form->valid_ms);
		node_flag(n, "on", true);
	}
	node_int(p->root, "uses.value", form->max_uses);
}

void
show_download_form(struct page *p, const struct download_form *form, int64_t now)
{
	bool media = false;

	for (size_t i = 0; i < form->count; i++) {
		const struct part *part = &form->parts[i];
		struct node *n = node_add(p->root, "choices");
		bool files = is_media(part->engine);

		media = media || files;
		node_int(n, "id", part->id);
		node_set(n, "slug", part->service_slug);
		node_set(n, "name", part->service_name);
		node_set(n, "icon", files ? "media" : "database");
		node_set(n, "gives",
		    files ? "an archive with a manifest of its contents"
		        : strcmp(part->format, "sqlite") == 0 ? "the SQLite file"
		                                              : "a pg_dump file for pg_restore");
		page_size(n, "size", backup_part_bytes(part));
		node_flag(n, "on", form->on[i]);
		for (size_t j = 0; form->part == part && j < form->entry_count; j++)
			node_set(node_add(n, "only"), "path", form->entries[j].path);
	}
	if (form->part != NULL)
		node_set(p->root, "of", form->part->service_slug);
	for (size_t i = 0; i < form->entry_count; i++)
		node_int(node_add(p->root, "entries"), "id", form->entries[i].id);
	choices(p, form);
	node_flag(p->root, "media", media);
	node_set(p->root, "mail.to", form->email);
	page_time(node_at(p->root, "backup"), "taken", form->backup->created_at, now);
}

void
show_download_file(struct node *n, const struct download_file *f)
{
	bool media = is_media(f->engine);

	node_int(n, "id", f->id);
	node_set(n, "name", f->name);
	node_set(n, "service", f->service_name);
	node_set(n, "icon", media ? "media" : "database");
	node_set(n, "what", media ? "media" : "database");
	node_set(n, "only", *f->choice != '\0' ? f->choice : NULL);
	if (*f->sha256 == '\0')
		return;
	page_size(n, "size", f->bytes);
	node_set(n, "sha256", f->sha256);
}

void
show_download_row(struct node *n, const struct download *d, int64_t now)
{
	bool alive = d->state == DOWNLOAD_READY && d->expires_at > now;

	mark_id(n, "id", NAME_DOWNLOAD, d->id);
	node_setf(n, "href", "/d/d%" PRId64, d->id);
	mark_id(n, "backup.id", NAME_BACKUP, d->backup);
	node_setf(n, "backup.href", "/b/b%" PRId64, d->backup);
	page_time(n, "backup.taken", d->taken_at, now);
	node_set(n, "note", *d->note == '\0' ? NULL : d->note);
	node_set(n, "contents", d->contents);
	node_set(n, "format", download_format_name(d->format));
	node_set(n, "by", d->requested_name);
	mark_download(n, d, now);
	page_time(n, "created", d->created_at, now);
	page_time(n, "ready_at", d->ready_at, now);
	page_time(n, "expires", d->expires_at, now);
	if (d->ready_at > 0)
		page_size(n, "size", d->bytes);
	node_int(n, "uses", d->uses);
	node_int(n, "max_uses", d->max_uses);
	node_flag(n, "used", d->uses > 0);
	node_flag(n, "alive", alive);
	node_flag(n, "preparing", d->state == DOWNLOAD_PREPARING);
	node_flag(n, "over",
	    d->state == DOWNLOAD_EXPIRED || (d->state == DOWNLOAD_READY && !alive));
	node_flag(n, "revoked", d->state == DOWNLOAD_REVOKED);
	node_flag(n, "failed", d->state == DOWNLOAD_FAILED);
	node_set(n, "error", d->error);
}

void
show_download_page(struct page *p, const struct download_view *view)
{
	struct node *n = node_at(p->root, "download");

	show_download_row(n, view->download, view->now);
	mark_mail(n, view->download->mail_state, view->download->mail_error);
	node_set(n, "uuid", view->download->uuid);
	node_setf(n, "env", "%s/%s", view->download->project_slug,
	    view->download->environment_slug);
	node_set(p->root, "page.mark", node_get(n, "state.word"));
	if (view->download->state == DOWNLOAD_PREPARING)
		node_set(p->root, "page.refresh", "10");
	for (size_t i = 0; i < view->count; i++)
		show_download_file(node_add(n, "files"), &view->files[i]);
	if (view->job != NULL)
		show_job_row(node_at(p->root, "job"), view->job, NULL, view->now);
}
