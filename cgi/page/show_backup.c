/* show_backup.c: one backup: its facts, its parts, and how to get it back without this console. */
#include "cgi/page/show_backup.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_copies.h"
#include "cgi/page/show_log.h"
#include "cgi/page/show_restore.h"
#include "lib/base/buf.h"
#include "lib/model/download.h"
#include "lib/util/agekey.h"
#include "lib/model/storage.h"

void
show_backup_short(struct node *n, const struct backup *b, int64_t now)
{
	mark_id(n, "id", NAME_BACKUP, b->id);
	node_setf(n, "href", "/b/b%" PRId64, b->id);
	page_time(n, "created", b->created_at, now);
	mark_backup(n, b);
	node_set(n, "note", *b->note == '\0' ? NULL : b->note);
	node_set(n, "contents", b->contents);
	page_size(n, "size", b->stored_bytes);
}

/* The text in quotes for a shell, whatever stands in it. */
static PRINTF(2, 3) char *
quoted(struct arena *a, const char *fmt, ...)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_char(&out, '\'');
	for (const char *at = arena_vprintf(a, fmt, ap); *at != '\0'; at++) {
		if (*at == '\'')
			buf_text(&out, "'\\''");
		else
			buf_char(&out, *at);
	}
	buf_char(&out, '\'');
	va_end(ap);
	return arena_dupn(a, out.p, out.n);
}

/* Where an object is once it can be read: in its folder, or fetched to here. */
static const char *
place_of(struct arena *a, const struct storage *s, const char *key)
{
	const char *slash = strrchr(key, '/');

	if (storage_is_remote(s))
		return slash != NULL ? slash + 1 : key;
	return arena_printf(a, "%s/%s", s->path, key);
}

/* The command that fetches it, and a newline; "": it need not be fetched. */
static const char *
fetch_line(struct arena *a, const struct storage *s, const char *key)
{
	const struct storage_bucket *b = &s->bucket;
	const struct storage_server *v = &s->server;

	if (storage_is_server(s))
		return arena_printf(a, "scp -P %" PRId64 " %s .\n", v->port,
		    quoted(a, "%s@%s%s%s:%s/%s", v->login, strchr(v->host, ':') != NULL ? "[" : "",
		        v->host, strchr(v->host, ':') != NULL ? "]" : "", v->folder, key));
	if (!storage_is_bucket(s))
		return "";
	return arena_printf(a, "aws --endpoint-url %s s3 cp %s .\n", quoted(a, "%s", b->endpoint),
	    quoted(a, "s3://%s/%s%s%s", b->bucket, b->prefix, *b->prefix != '\0' ? "/" : "", key));
}

static char *
sum_line(struct arena *a, const struct storage *s, const struct stored_object *o)
{
	return quoted(a, "%s  %s", o->stored_sha256, place_of(a, s, o->key));
}

/* The file with the secret key, quoted; "": it is not encrypted. */
static const char *
key_file(struct arena *a, const struct backup_view *view)
{
	char id[AGEKEY_SHORT];

	if (*view->backup->recipients == '\0')
		return "";
	agekey_short(id, view->backup->recipients);
	return quoted(a, "%s/%s.identity", view->keys, id);
}

/* Every pack is fetched, behind what comes before it, and compared. */
static void
check_packs(struct node *n, struct arena *a, const struct backup_view *view,
    const struct part *part, const char *before)
{
	const struct storage *s = view->storage;
	CLEANUP_BUF struct buf sums = BUF_INIT;
	CLEANUP_BUF struct buf fetch = BUF_INIT;

	buf_printf(&fetch, "%s%s", before, fetch_line(a, s, part->data.key));
	buf_text(&sums, sum_line(a, s, &part->data));
	for (size_t i = 0; i < part->pack_count; i++) {
		buf_text(&fetch, fetch_line(a, s, part->packs[i].object.key));
		buf_printf(&sums, " %s", sum_line(a, s, &part->packs[i].object));
	}
	node_setf(n, "restore.check", "%sprintf '%%s\\n' %s | sha256sum -c", fetch.p, sums.p);
}

/* Files that lie in the packs of several backups: a script in the storage goes by the manifest. */
static void
chain_lines(struct node *n, struct arena *a, const struct backup_view *view,
    const struct part *part)
{
	static const char script[] = "restore-files.sh";
	const struct storage *s = view->storage;
	const char *key = key_file(a, view);

	check_packs(n, a, view, part, arena_printf(a, "%s%s", fetch_line(a, s, script),
	        fetch_line(a, s, part->manifest.key)));
	node_setf(n, "restore.run", "sh %s %s restored-%s%s%s",
	    quoted(a, "%s", place_of(a, s, script)),
	    quoted(a, "%s", place_of(a, s, part->manifest.key)), part->service_slug,
	    *key != '\0' ? " " : "", key);
	node_set(n, "restore.what", "into a new folder");
}

/* Its content, decoded; that of several packs is one archive. */
static const char *
content_line(struct arena *a, const struct backup_view *view, const struct part *part)
{
	const char *key = key_file(a, view);
	CLEANUP_BUF struct buf text = BUF_INIT;
	const struct stored_object *own;

	for (int64_t i = 1; (own = backup_own(part, i)) != NULL; i++) {
		const char *path = quoted(a, "%s", place_of(a, view->storage, own->key));

		if (*key != '\0')
			buf_printf(&text, "%sage -d -i %s %s", i > 1 ? "; " : "", key, path);
		else
			buf_printf(&text, " %s", path);
	}
	if (*key == '\0')
		return arena_printf(a, "zstd -dc%s", text.p);
	return arena_printf(a, part->pack_count > 0 ? "(%s) | zstd -dc" : "%s | zstd -dc", text.p);
}

/* The commands that turn the stored object back into the service, with nothing of ours in them. */
static void
restore_lines(struct node *n, struct arena *a, const struct backup_view *view,
    const struct part *part)
{
	const struct storage *s = view->storage;
	const char *content = content_line(a, view, part);
	const char *how = part->pack_count > 0 ? "-xpif" : "-xpf";

	if (!backup_is_plain(part)) {
		chain_lines(n, a, view, part);
		return;
	}
	if (part->pack_count > 0)
		check_packs(n, a, view, part, "");
	else
		node_setf(n, "restore.check", "%secho %s | sha256sum -c",
		    fetch_line(a, s, part->data.key), sum_line(a, s, &part->data));
	if (strcmp(part->format, "pg-custom") == 0) {
		node_setf(n, "restore.run",
		    "createdb restored_%s\n%s | pg_restore --no-owner -d restored_%s",
		    part->service_slug, content, part->service_slug);
		node_set(n, "restore.what", "into a new database, beside the present one");
	} else if (strcmp(part->format, "sqlite") == 0) {
		node_setf(n, "restore.run", "%s > restored-%s.sqlite", content,
		    part->service_slug);
		node_set(n, "restore.what",
		    "into a new file; put it in place while the application is stopped");
	} else {
		node_setf(n, "restore.run",
		    "mkdir restored-%s\n%s | tar %s - -C restored-%s",
		    part->service_slug, content, how, part->service_slug);
		node_set(n, "restore.what", "into a new folder");
	}
}

static void
count_packs(struct node *n, const struct part *part)
{
	int64_t own = 1;

	for (size_t i = 0; i < part->pack_count; i++)
		own += backup_own_pack(part, part->packs[i].object.key) != 0;
	mark_count(n, "packs", (int64_t)part->pack_count + 1);
	mark_count(n, "own", own);
}

static const char *
format_words(const char *format)
{
	if (strcmp(format, "pg-custom") == 0)
		return "pg_dump custom format";
	if (strcmp(format, "sqlite") == 0)
		return "SQLite database file";
	return strcmp(format, "tar") == 0 ? "tar with manifest" : format;
}

static void
part_row(struct node *n, struct arena *a, const struct backup_view *view, const struct part *part)
{
	enum engine engine;
	bool known = engine_parse(&engine, part->engine);
	bool media = known && engine_is_media(engine);

	node_set(n, "name", part->service_name);
	node_set(n, "slug", part->service_slug);
	node_set(n, "engine", known ? engine_title(engine) : part->engine);
	node_set(n, "version", *part->engine_version == '\0' ? NULL : part->engine_version);
	node_set(n, "tool", *part->tool == '\0' ? NULL : part->tool);
	node_set(n, "icon", media ? "media" : "database");
	node_set(n, "format", format_words(part->format));
	if (strcmp(part->state, "building") == 0 && view->backup->state == BACKUP_BUILDING)
		mark_state(n, "state", "Not finished", "running", "busy");
	else if (strcmp(part->state, "ready") != 0)
		mark_state(n, "state", "Failed", "failed", "bad");
	else if (part->warnings > 0)
		mark_state(n, "state", "Ready, with warnings", "warning", "warn");
	else
		mark_state(n, "state", "Ready", "ok", "good");
	if (part->warnings > 0)
		mark_count(n, "warnings", part->warnings);
	if (strcmp(part->state, "ready") != 0)
		return;
	page_time(n, "taken", part->taken_at, view->now);
	mark_duration(n, "duration", part->finished_at - part->taken_at);
	page_size(n, "raw", backup_part_bytes(part));
	page_size(n, "stored", backup_own_stored(part));
	if (*part->data.raw_sha256 != '\0')
		node_set(n, "raw_sha256", part->data.raw_sha256);
	node_set(n, "stored_sha256", part->data.stored_sha256);
	node_set(n, "key", part->data.key);
	node_set(n, "manifest", *part->manifest.key == '\0' ? NULL : part->manifest.key);
	if (media)
		mark_count(n, "items", part->items);
	if (part->pack_count > 0)
		count_packs(n, part);
	page_time(n, "verified", part->verified_at, view->now);
	if (view->storage != NULL && view->backup->state == BACKUP_READY)
		restore_lines(n, a, view, part);
}

/* What can be done with it now; a template shows a button only for what is allowed. */
static void
acts(struct node *n, const struct backup_view *view)
{
	const struct backup *b = view->backup;

	node_flag(n, "can.download", mark_obstacle(b) == NULL);
	node_flag(n, "can.verify", b->state == BACKUP_READY);
	node_flag(n, "can.keep", b->state == BACKUP_READY && !b->keep);
	node_flag(n, "can.keep_for", b->state == BACKUP_READY || b->state == BACKUP_BUILDING);
	node_flag(n, "can.unkeep", b->keep);
	node_flag(n, "can.delete",
	    (b->state == BACKUP_READY || b->state == BACKUP_FAILED) && !b->keep);
	node_flag(n, "can.undelete", b->state == BACKUP_TRASHED);
	node_flag(n, "can.note", b->state != BACKUP_DELETED);
	node_flag(n, "can.trust", b->state == BACKUP_READY && *b->suspicion != '\0');
	node_flag(n, "can.retry", b->state == BACKUP_FAILED && view->job != NULL);
}

static void
facts(struct node *n, const struct backup_view *view)
{
	const struct backup *b = view->backup;

	show_backup_short(n, b, view->now);
	node_set(n, "uuid", b->uuid);
	node_set(n, "kind", mark_kind(b->kind));
	node_set(n, "by", b->requested_name);
	page_time(n, "started", b->started_at, view->now);
	page_time(n, "finished", b->finished_at, view->now);
	node_set(n, "stays", view->stays);
	page_time(n, "keep_until", b->keep_until, view->now);
	node_set(n, "trashed_why", *b->trashed_why == '\0' ? NULL : b->trashed_why);
	page_time(n, "trashed", b->trashed_at, view->now);
	if (b->trashed_at > 0)
		page_time(n, "gone", b->trashed_at + view->trash_ms, view->now);
	if (b->started_at > 0 && b->finished_at > 0)
		mark_duration(n, "duration", b->finished_at - b->started_at);
	page_size(n, "raw", b->raw_bytes);
	mark_health(n, b, view->now);
	mark_tested(n, b, view->now);
	node_set(n, "obstacle", mark_obstacle(b));
	node_set(n, "forecast", mark_obstacle(b) == NULL ? view->forecast : NULL);
	node_set(n, "age", mark_obstacle(b) == NULL ? view->age : NULL);
	node_set(n, "suspicion", *b->suspicion == '\0' ? NULL : b->suspicion);
	page_time(n, "verified_at", b->verified_at, view->now);
	page_time(n, "rebuilt", b->rebuilt_at, view->now);
	mark_frozen(n, b);
	node_set(n, "code", *b->code == '\0' ? NULL : b->code);
	node_flag(n, "keep", b->keep);
	node_flag(n, "ready", b->state == BACKUP_READY);
	node_flag(n, "building", b->state == BACKUP_BUILDING);
	node_flag(n, "failed", b->state == BACKUP_FAILED);
	node_flag(n, "in_trash", b->state == BACKUP_TRASHED);
	if (b->warnings > 0)
		mark_count(n, "warnings", b->warnings);
	node_set(n, "error", b->error);
	if (b->state == BACKUP_READY) {
		node_set(n, "sidecar.key", b->sidecar_key);
		node_set(n, "sidecar.sha256", b->sidecar_sha256);
	}
	node_set(n, "storage", b->storage_slug);
	node_set(n, "signed_by", *b->signed_by == '\0' ? NULL : b->signed_by);
	node_flag(n, "older_key", *b->recipients != '\0' && *view->recipient != '\0' &&
	    strstr(b->recipients, view->recipient) == NULL);
	for (const char *at = b->recipients; *at != '\0';) {
		size_t length = strcspn(at, " ");

		node_setf(node_add(n, "recipients"), "key", "%.*s", (int)length, at);
		at += length + strspn(at + length, " ");
	}
}

static void
downloads(struct page *p, const struct backup_view *view)
{
	for (size_t i = 0; i < view->download_count; i++) {
		const struct download *d = &view->downloads[i];
		struct node *n = node_add(p->root, "downloads");

		mark_id(n, "id", NAME_DOWNLOAD, d->id);
		node_setf(n, "href", "/d/d%" PRId64, d->id);
		page_time(n, "created", d->created_at, view->now);
		node_set(n, "by", d->requested_name);
		node_set(n, "contents", d->contents);
		mark_download(n, d, view->now);
	}
}

void
show_backup_page(struct page *p, struct arena *a, const struct backup_view *view)
{
	struct node *n = node_at(p->root, "backup");
	const struct job *job = view->job;

	facts(n, view);
	acts(n, view);
	show_copies(p, view);
	for (size_t i = 0; i < view->part_count; i++)
		part_row(node_add(n, "parts"), a, view, &view->parts[i]);
	show_log_lines(p->root, view->lines, view->line_count);
	downloads(p, view);
	for (size_t i = 0; i < view->restore_count; i++)
		show_restore_row(node_add(p->root, "restores"), &view->restores[i], view->now);
	if (job != NULL) {
		mark_id(p->root, "job.id", NAME_JOB, job->id);
		node_setf(p->root, "job.href", "/j/j%" PRId64, job->id);
		if (job->exit_code != 0)
			node_int(p->root, "job.exit_code", job->exit_code);
	}
	if (view->active != NULL) {
		struct node *active = node_at(p->root, "active");

		mark_id(active, "id", NAME_JOB, view->active->id);
		node_setf(active, "href", "/j/j%" PRId64, view->active->id);
		node_set(active, "title", mark_job_title(view->active->kind));
		mark_job(active, view->active);
	}
}
