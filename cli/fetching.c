/* fetching.c: a backup's files into the folder where somebody works, or links to them. */
#include "cli/fetching.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"
#include "lib/util/url.h"

/* What is written here is not needed any longer then. */
enum { HOUR_MS = 3600 * 1000, SILENT_MS = 60 * 1000, LOOK_MS = 200, CHUNK = 1 << 16 };

int
fetching_find(struct backup *ret, struct cmd_desk *d, const char *word, struct err *e)
{
	int64_t id;

	if (name_id_parse(&id, NAME_BACKUP, word))
		return backups_by_id(ret, d->arena, d->db, id, e);
	return backups_by_uuid(ret, d->arena, d->db, word, e);
}

/* -- what is wanted -- */

struct wish {
	const struct fetching_order *order;
	const struct part **parts;
	int64_t *ids;
	size_t count;
};

static const struct part *
part_named(const struct part *parts, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(parts[i].service_slug, name) == 0)
			return &parts[i];
	return NULL;
}

static bool
is_wished(const struct fetching_order *o, const char *slug)
{
	for (size_t i = 0; i < o->part_count; i++)
		if (strcmp(o->parts[i], slug) == 0)
			return true;
	return o->part_count == 0;
}

static int
read_wish(struct wish *w, struct cmd_desk *d, const struct backup *b, struct err *e)
{
	const struct fetching_order *o = w->order;
	struct part *parts;
	size_t count;

	if (backups_parts(&parts, &count, d->arena, d->db, b->id, e) != 0)
		return -1;
	for (size_t i = 0; i < o->part_count; i++)
		if (part_named(parts, count, o->parts[i]) == NULL)
			return err_set(e, ERR_NOT_FOUND, "backup b%" PRId64 " has no part %.80s; it"
			    " has %s", b->id, o->parts[i], b->contents);
	w->parts = arena_array(d->arena, count + 1, sizeof *w->parts);
	w->ids = arena_array(d->arena, count + 1, sizeof *w->ids);
	for (size_t i = 0; i < count; i++)
		if (is_wished(o, parts[i].service_slug)) {
			w->ids[w->count] = parts[i].id;
			w->parts[w->count++] = &parts[i];
		}
	return 0;
}

static void
name_files(struct fetching_result *ret, struct cmd_desk *d, const struct wish *w)
{
	ret->files = arena_array(d->arena, w->count + 1, sizeof *ret->files);
	ret->count = w->count;
	for (size_t i = 0; i < w->count; i++) {
		const char *ending = downloads_ending(w->parts[i]->engine, w->order->format);

		ret->files[i] = (struct fetching_file){
			.name = w->count == 1
			    ? arena_printf(d->arena, "b%" PRId64 ".%s", ret->backup.id, ending)
			    : arena_printf(d->arena, "b%" PRId64 "-%s.%s", ret->backup.id,
			          w->parts[i]->service_slug, ending) };
	}
}

static int
check_free(const char *name, struct err *e)
{
	struct stat st;

	if (lstat(name, &st) == 0)
		return err_set(e, ERR_CONFLICT,
		    "%s is there already; -f replaces it", name);
	return errno == ENOENT ? 0 : err_sys(e, "look for '%s'", name);
}

/* -- prepared by the worker -- */

static int
check_worker(struct cmd_desk *d, struct err *e)
{
	int64_t seen;

	if (settings_worker_seen(&seen, d->db, e) != 0)
		return -1;
	if (seen == 0 || clock_now() - seen > SILENT_MS)
		return err_set(e, ERR_BUSY, "no worker has reported for a minute, and it is the"
		    " worker that reads the storage; start lazarette-worker, then try again");
	return 0;
}

static int
request(struct download_ids *ids, struct cmd_desk *d, const struct backup *b,
    const struct wish *w, struct err *e)
{
	const struct download_request rq = {
		.job = { .environment = b->environment },
		.backup = b->id, .parts = w->ids, .part_count = w->count,
		.format = w->order->format,
		.valid_ms = w->order->print_url ? d->conf.download_valid_ms : HOUR_MS,
		.max_uses = w->order->print_url ? 1 : d->conf.download_uses,
	};
	char id[NAME_ID_SIZE];

	if (downloads_request(ids, d->db, &rq, e) != 0)
		return -1;
	name_id(id, NAME_DOWNLOAD, ids->download);
	return cmd_note(d, (struct event){ .action = "download.requested",
	    .environment = b->environment, .target = id }, e);
}

static void
tell(const struct job *job, int64_t download, bool *told)
{
	bool live = isatty(STDERR_FILENO) != 0;

	if (*told && !live)
		return;
	fprintf(stderr, "%sPreparing d%" PRId64, live ? "\r\033[K" : "", download);
	if (live && job->bytes_total > 0)
		fprintf(stderr, ": %" PRId64 " %%", job->bytes_done >= job->bytes_total
		    ? 100 : job->bytes_done * 100 / job->bytes_total);
	fputs(live ? "" : "\n", stderr);
	*told = true;
}

/* Until the job has ended: then the files are there, or its error is ours. */
static int
await(struct cmd_desk *d, const struct download_ids *ids, struct err *e)
{
	bool told = false;

	while (ids->job != 0) {
		CLEANUP_ARENA struct arena *a = arena_new();
		struct job job;

		if (jobs_by_id(&job, a, d->db, ids->job, e) != 0 || check_worker(d, e) != 0)
			return -1;
		if (job.state == JOB_SUCCEEDED)
			break;
		if (job_ended(job.state))
			return err_set(e, ERR_CONFLICT, "d%" PRId64 " could not be prepared: %s",
			    ids->download, job.error != NULL ? job.error : "it was cancelled");
		tell(&job, ids->download, &told);
		clock_sleep(LOOK_MS);
	}
	if (told && isatty(STDERR_FILENO) != 0)
		fputs("\r\033[K", stderr);
	return 0;
}

/* -- into this folder -- */

static int
copy_bytes(int from, int to, const struct download_file *f, struct err *e)
{
	CLEANUP_HASH struct hash *h = hash_new();
	char sum[HASH_HEX_SIZE], chunk[CHUNK];
	int64_t bytes = 0;
	ssize_t n;

	while ((n = fd_read_full(from, chunk, sizeof chunk, e)) > 0) {
		hash_add(h, chunk, (size_t)n);
		if (fd_write_all(to, chunk, (size_t)n, e) != 0)
			return -1;
		bytes += n;
		FAULT("fetching.after_chunk");
	}
	if (n < 0)
		return -1;
	hash_hex(h, sum);
	if (bytes != f->bytes || strcmp(sum, f->sha256) != 0)
		return err_set(e, ERR_DAMAGED, "the prepared file '%s' is not what the catalogue"
		    " says of it: revoke d%" PRId64 " on its page, then ask again", f->path,
		    f->download);
	return 0;
}

/* What lies under <name>.part is what an interrupted one left: it is written anew. */
static int
write_here(const char *name, struct cmd_desk *d, const struct download_file *f, bool force,
    struct err *e)
{
	const char *from_path = arena_printf(d->arena, "%s/%s", d->conf.downloads, f->path);
	const char *partial = FAULT_CONTROL("fetching.no_part")
	    ? name : arena_printf(d->arena, "%s.part", name);
	CLEANUP_FD int from = open(from_path, O_RDONLY | O_CLOEXEC), to = -1;

	if (from < 0)
		return err_sys(e, "open '%s'", from_path);
	to = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(e, "create '%s'", partial);
	if (copy_bytes(from, to, f, e) != 0 || (!force && check_free(name, e) != 0)) {
		unlink(partial);
		return err_in(e, "%s", name);
	}
	FAULT("fetching.before_publish");
	return fd_publish(to, AT_FDCWD, partial, name, e);
}

/* The token is only in what is printed. */
static int
make_link(char token[TOKEN_SIZE], struct cmd_desk *d, const struct download *dl, struct err *e)
{
	struct link link = { .download = dl->id, .recipient = "the command line", .max_uses = 1 };
	char hash[HASH_HEX_SIZE];

	rand_token(token);
	hash_of(hash, token, strlen(token));
	return links_add(&link, d->db, hash, e);
}

static const struct download_file *
file_of(const struct download_file *files, size_t count, const struct part *part)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].part == part->id)
			return &files[i];
	return NULL;
}

static int
hand_out(struct fetching_result *ret, struct cmd_desk *d, const struct wish *w, int64_t download,
    struct err *e)
{
	struct download_file *files;
	char token[TOKEN_SIZE];
	struct download dl;
	size_t count;

	if (downloads_by_id(&dl, d->arena, d->db, download, e) != 0 ||
	    downloads_files(&files, &count, d->arena, d->db, download, e) != 0 ||
	    (w->order->print_url && make_link(token, d, &dl, e) != 0))
		return -1;
	for (size_t i = 0; i < ret->count; i++) {
		const struct download_file *f = file_of(files, count, w->parts[i]);

		if (f == NULL)
			return err_set(e, ERR_INTERNAL, "d%" PRId64 " has no file of %s", download,
			    w->parts[i]->service_slug);
		if (w->order->print_url)
			ret->files[i].url = arena_printf(d->arena, "%s/dl/%s/f%" PRId64 "/%s",
			    d->conf.public_url, token, f->id, url_encode(d->arena, f->name));
		else if (write_here(ret->files[i].name, d, f, w->order->force, e) != 0)
			return -1;
		ret->files[i].bytes = f->bytes;
		ret->files[i].sha256 = f->sha256;
	}
	return 0;
}

int
fetching_get(struct fetching_result *ret, struct cmd_desk *d, const struct fetching_order *o,
    struct err *e)
{
	struct wish w = { .order = o };
	struct download_ids ids;

	memset(ret, 0, sizeof *ret);
	if (fetching_find(&ret->backup, d, o->backup, e) != 0 ||
	    read_wish(&w, d, &ret->backup, e) != 0)
		return -1;
	name_files(ret, d, &w);
	for (size_t i = 0; !o->print_url && !o->force && i < ret->count; i++)
		if (check_free(ret->files[i].name, e) != 0)
			return -1;
	if (check_worker(d, e) != 0 || request(&ids, d, &ret->backup, &w, e) != 0 ||
	    await(d, &ids, e) != 0)
		return -1;
	return hand_out(ret, d, &w, ids.download, e);
}
