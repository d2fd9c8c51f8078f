/* clear.c: removing what a backup or download left in storage, when nobody will use it. */
#include "worker/job/clear.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/rand.h"
#include "lib/model/storage.h"
#include "lib/store/backups.h"
#include "lib/store/compare.h"
#include "lib/store/copies.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"
#include "lib/store/listing.h"
#include "lib/store/packs.h"
#include "lib/store/projects.h"
#include "worker/dest/wrap.h"
#include "worker/job/folder.h"
#include "worker/job/plan.h"
#include "worker/job/sign.h"

enum { PATH_SIZE = 4096, LIST_LIFE_S = 7 * 24 * 3600, LIST_BEGUN_S = 24 * 3600 };

static int
remove_object(struct dest *d, const char *key, struct err *e)
{
	return key != NULL && key[0] != '\0' ? dest_remove(d, key, e) : 0;
}

/* Its signature behind it: without it, it would be a thing that somebody forged. */
static int
remove_signed(struct dest *d, struct arena *a, const char *key, struct err *e)
{
	if (key == NULL || key[0] == '\0')
		return 0;
	return dest_remove(d, key, e) != 0 ? -1 : dest_remove(d, sign_key_for(a, key), e);
}

/* A header for other keys behind what it opens. */
static int
remove_wrapped(struct dest *d, struct arena *a, const char *key, struct err *e)
{
	if (remove_object(d, key, e) != 0)
		return -1;
	return dest_encrypts(key) ? dest_remove(d, wrap_key_for(a, key), e) : 0;
}

/* Unless another backup has use for it. */
static int
remove_pack(struct dest *d, const struct clear *c, const struct pack_place *at, struct err *e)
{
	bool needed;

	if (packs_needed(&needed, c->db, at, e) != 0)
		return -1;
	if (needed && !FAULT_CONTROL("clear.needed"))
		return 0;
	return remove_wrapped(d, c->arena, at->key, e) != 0 ? -1 : packs_gone(c->db, at, e);
}

/* What an older backup stored goes with the last one that needs it. */
static int
remove_part(struct dest *d, const struct clear *c, const struct part *part, int64_t storage,
    struct err *e)
{
	struct pack_place at = { storage, part->backup, part->data.key };

	if (remove_signed(d, c->arena, part->manifest.key, e) != 0 ||
	    remove_wrapped(d, c->arena, part->manifest.key, e) != 0 ||
	    remove_pack(d, c, &at, e) != 0)
		return -1;
	FAULT("clear.after_pack");
	for (size_t i = 0; i < part->pack_count; i++) {
		at.key = part->packs[i].object.key;
		if (remove_pack(d, c, &at, e) != 0)
			return -1;
	}
	return 0;
}

/* The sidecar first: what is not whole any more must not be found by a scan of the storage. */
static int
remove_all(struct dest *d, const struct clear *c, const struct backup *b, int64_t storage,
    struct err *e)
{
	struct part *parts;
	size_t count;

	if (backups_parts(&parts, &count, c->arena, c->db, b->id, e) != 0 ||
	    remove_signed(d, c->arena, b->sidecar_key, e) != 0)
		return -1;
	FAULT("clear.after_sidecar");
	for (size_t i = 0; i < count; i++)
		if (remove_part(d, c, &parts[i], storage, e) != 0)
			return -1;
	return 0;
}

/* Nothing counts as removed that was looked for on the wrong disk. */
static int
open_storage(struct dest **ret, const struct clear *c, int64_t id, struct err *e)
{
	struct plan p = { .conf = c->conf, .arena = c->arena, .db = c->db };
	struct storage storage;

	return plan_storage(ret, &storage, &p, id, e);
}

/* NULL: it was removed; what lies there is not ours to look after, and nobody has its key. */
static int
open_unless_removed(struct dest **ret, const struct clear *c, int64_t id, struct err *e)
{
	struct storage s;

	if (storages_by_id(&s, c->arena, c->db, id, e) != 0)
		return -1;
	return s.removed_at != 0 ? 0 : open_storage(ret, c, id, e);
}

/* Of a storage that was removed only failed backups and copies are left, and nobody has its key. */
static int
clear_place(const struct clear *c, const struct backup *b, int64_t storage, struct err *e)
{
	CLEANUP_DEST struct dest *dest = NULL;
	struct storage s;

	if (storages_by_id(&s, c->arena, c->db, storage, e) != 0)
		return -1;
	if (s.removed_at != 0 || (open_storage(&dest, c, storage, e) == 0 &&
	                             remove_all(dest, c, b, storage, e) == 0))
		return 0;
	if (c->failed_in != NULL)
		*c->failed_in = storage;
	return err_in(e, "remove what backup b%" PRId64 " left", b->id);
}

static int
clear_one_copy(const struct clear *c, const struct backup *b, int64_t storage, struct err *e)
{
	return clear_place(c, b, storage, e) != 0 ? -1
	                                          : copies_gone(c->db, b->id, storage, e);
}

int
clear_backup(const struct clear *c, int64_t id, struct err *e)
{
	struct copy *places;
	struct backup b;
	size_t count;
	struct err later;
	int rc;

	if (backups_by_id(&b, c->arena, c->db, id, e) != 0)
		return -1;
	if (b.state == BACKUP_READY || b.state == BACKUP_BUILDING)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s: its objects stay", id,
		    backup_state_name(b.state));
	if (copies_list(&places, &count, c->arena, c->db, id, e) != 0)
		return -1;
	rc = clear_place(c, &b, b.storage, e);
	for (size_t i = 0; i < count; i++)
		if (!places[i].first &&
		    clear_one_copy(c, &b, places[i].storage, rc == 0 ? e : &later) != 0)
			rc = -1;
	return rc;
}

int
clear_copy(const struct clear *c, int64_t backup, int64_t storage, struct err *e)
{
	struct copy *places;
	struct backup b;
	size_t count;

	if (backups_by_id(&b, c->arena, c->db, backup, e) != 0 ||
	    copies_list(&places, &count, c->arena, c->db, backup, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (places[i].storage == storage && places[i].state == COPY_LEAVING)
			return clear_one_copy(c, &b, storage, e);
	return err_set(e, ERR_CONFLICT, "that copy of backup b%" PRId64 " stays", backup);
}

static int
sweep_signed(struct dest *d, struct arena *a, const char *key, int64_t below, struct err *e)
{
	return dest_sweep(d, key, below, e) != 0
	    ? -1 : dest_sweep(d, sign_key_for(a, key), below, e);
}

int
clear_is_near(bool *ret, const struct clear *c, int64_t backup, struct err *e)
{
	struct storage s;
	struct backup b;

	if (backups_by_id(&b, c->arena, c->db, backup, e) != 0 ||
	    storages_by_id(&s, c->arena, c->db, b.storage, e) != 0)
		return -1;
	*ret = !storage_is_remote(&s);
	return 0;
}

/* Those of its own pack that was begun last, and of any before it. */
static int
sweep_own(struct dest *d, const struct part *part, int64_t below, struct err *e)
{
	for (size_t i = 0; i < part->pack_count; i++)
		if (backup_own_pack(part, part->packs[i].object.key) != 0 &&
		    dest_sweep(d, part->packs[i].object.key, below, e) != 0)
			return -1;
	return dest_sweep(d, part->data.key, below, e);
}

int
clear_uploads(const struct clear *c, int64_t backup, int64_t below, struct err *e)
{
	CLEANUP_DEST struct dest *dest = NULL;
	struct backup b;
	struct part *parts;
	size_t count;

	if (backups_by_id(&b, c->arena, c->db, backup, e) != 0 ||
	    backups_parts(&parts, &count, c->arena, c->db, b.id, e) != 0 ||
	    open_unless_removed(&dest, c, b.storage, e) != 0 ||
	    (dest != NULL && sweep_signed(dest, c->arena, b.sidecar_key, below, e) != 0))
		return -1;
	for (size_t i = 0; dest != NULL && i < count; i++) {
		if (sweep_own(dest, &parts[i], below, e) != 0)
			return -1;
		if (parts[i].manifest.key[0] != '\0' &&
		    sweep_signed(dest, c->arena, parts[i].manifest.key, below, e) != 0)
			return -1;
	}
	return 0;
}

/* What a copy brings: the object, and the header for other keys beside it. */
static int
sweep_wrapped(struct dest *d, struct arena *a, const char *key, int64_t below, struct err *e)
{
	if (dest_sweep(d, key, below, e) != 0)
		return -1;
	return dest_encrypts(key) ? dest_sweep(d, wrap_key_for(a, key), below, e) : 0;
}

static int
sweep_part(struct dest *d, const struct clear *c, const struct part *part, int64_t below,
    struct err *e)
{
	for (size_t i = 0; i < part->pack_count; i++)
		if (sweep_wrapped(d, c->arena, part->packs[i].object.key, below, e) != 0)
			return -1;
	if (sweep_wrapped(d, c->arena, part->data.key, below, e) != 0)
		return -1;
	if (part->manifest.key[0] == '\0')
		return 0;
	return sweep_wrapped(d, c->arena, part->manifest.key, below, e) != 0
	    ? -1 : sweep_signed(d, c->arena, part->manifest.key, below, e);
}

int
clear_copy_uploads(const struct clear *c, const struct job *job, struct err *e)
{
	int64_t below = copy_fence(job->id, job->fence + (job->state != JOB_RUNNING));
	CLEANUP_DEST struct dest *dest = NULL;
	struct backup b;
	struct part *parts;
	size_t count;

	if (backups_by_id(&b, c->arena, c->db, job->backup, e) != 0 ||
	    backups_parts(&parts, &count, c->arena, c->db, b.id, e) != 0 ||
	    open_unless_removed(&dest, c, job->storage, e) != 0 ||
	    (dest != NULL && sweep_signed(dest, c->arena, b.sidecar_key, below, e) != 0))
		return -1;
	for (size_t i = 0; dest != NULL && i < count; i++)
		if (sweep_part(dest, c, &parts[i], below, e) != 0)
			return -1;
	return 0;
}

struct unfinished {
	struct arena *arena;
	int64_t job;
	const char **keys;
	size_t count, capacity;
};

/* ".<uuid>.tar.zst.age.header.<fence>.tmp" beside its place; the fence says whose it is. */
static int
note_unfinished(void *arg, const struct dest_entry *entry, struct err *e UNUSED)
{
	static const char middle[] = WRAP_ENDING ".";
	struct unfinished *u = arg;
	const char *slash = strrchr(entry->key, '/'), *name = slash ? slash + 1 : entry->key;
	const char *at = strstr(name, middle);
	int64_t fence;

	if (name[0] != '.' || at == NULL ||
	    sscanf(at + sizeof middle - 1, "%" SCNd64 ".tmp", &fence) != 1 ||
	    fence < copy_fence(u->job, 0) || fence >= copy_fence(u->job + 1, 0))
		return 0;
	u->keys = arena_grow(u->arena, u->keys, u->count, &u->capacity, sizeof *u->keys);
	u->keys[u->count++] = arena_printf(u->arena, "%.*s%.*s", (int)(name - entry->key),
	    entry->key, (int)(at - name - 1) + (int)sizeof WRAP_ENDING - 1, name + 1);
	return 0;
}

int
clear_wrap_uploads(const struct clear *c, const struct job *job, struct err *e)
{
	struct unfinished found = { .arena = c->arena, .job = job->id };
	CLEANUP_DEST struct dest *dest = NULL;

	if (open_unless_removed(&dest, c, job->storage, e) != 0 || (dest != NULL &&
	    dest_each_object(dest, "", note_unfinished, &found, e) != 0))
		return -1;
	for (size_t i = 0; i < found.count; i++)
		if (dest_sweep(dest, found.keys[i], copy_fence(job->id + 1, 0), e) != 0)
			return -1;
	return 0;
}

int
clear_uploads_of(const struct clear *c, const struct job *job, struct err *e)
{
	/* Once a job has ended, not even its last holder has anything to finish. */
	int64_t below = job->state == JOB_RUNNING ? job->fence : job->fence + 1;

	return clear_uploads(c, job->backup, below, e);
}

int
clear_download(const struct clear *c, int64_t id, struct err *e)
{
	struct download d;
	char path[PATH_SIZE];

	if (downloads_by_id(&d, c->arena, c->db, id, e) != 0)
		return -1;
	if (d.state == DOWNLOAD_READY || d.state == DOWNLOAD_PREPARING)
		return err_set(e, ERR_CONFLICT, "download d%" PRId64 " is %s: its files stay", id,
		    download_state_name(d.state));
	if (snprintf(path, sizeof path, "%s/%s", c->conf->downloads, d.uuid) >= (int)sizeof path)
		return err_set(e, ERR_INPUT, "the path of the downloads folder is too long");
	return folder_remove(path, e);
}

/* ERR_NOT_FOUND (a job that is gone) counts as not running. */
static int
clear_one_scratch(const struct clear *c, const char *name, struct err *e)
{
	int64_t id, fence;
	struct job job;
	char path[PATH_SIZE];

	if (sscanf(name, "job-%" SCNd64 "-%" SCNd64, &id, &fence) != 2)
		return 0;
	if (jobs_by_id(&job, c->arena, c->db, id, e) == 0) {
		if (job.state == JOB_RUNNING && job.fence == fence)
			return 0;
	} else if (e->kind != ERR_NOT_FOUND) {
		return -1;
	}
	if (snprintf(path, sizeof path, "%s/%s", c->conf->run, name) >= (int)sizeof path)
		return err_set(e, ERR_INPUT, "the path of the run folder is too long");
	return folder_remove(path, e);
}

static int
clear_one_download(const struct clear *c, const char *name, struct err *e)
{
	char path[PATH_SIZE];
	bool needed;

	/* Only what is named like ours is ours. */
	if (strlen(name) != UUID_SIZE - 1 || strspn(name, "0123456789abcdef-") != UUID_SIZE - 1)
		return 0;
	if (downloads_needs_folder(&needed, c->db, name, e) != 0)
		return -1;
	if (needed)
		return 0;
	if (snprintf(path, sizeof path, "%s/%s", c->conf->downloads, name) >= (int)sizeof path)
		return err_set(e, ERR_INPUT, "the path of the downloads folder is too long");
	return folder_remove(path, e);
}

static int
each_name(const char *folder, int (*fn)(const struct clear *c, const char *name, struct err *e),
    const struct clear *c, struct err *e)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	int rc = 0;

	if (dir == NULL)
		return err_sys(e, "list '%s'", folder);
	while (rc == 0 && (d = readdir(dir)) != NULL)
		rc = fn(c, d->d_name, e);
	closedir(dir);
	return rc;
}

int
clear_scratch(const struct clear *c, struct err *e)
{
	return each_name(c->conf->run, clear_one_scratch, c, e);
}

/* Made again within a second or two when somebody looks. */
static int
clear_one_list(const struct clear *c, const char *name, struct err *e)
{
	const char *part = listing_part_of(c->arena, name), *both[2] = { part, part };
	const char *path = arena_printf(c->arena, "%s/%s", listing_folder(c->arena, c->conf->run),
	    name);
	bool whole = part != NULL || compare_parts_of(both, c->arena, name);
	int64_t most = whole ? LIST_LIFE_S : LIST_BEGUN_S;
	bool wanted = true;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	for (size_t i = 0; whole && wanted && i < 2; i++)
		if (listing_wanted(&wanted, c->db, both[i], e) != 0)
			return -1;
	if (wanted && clock_now() / 1000 - st.st_mtim.tv_sec < most)
		return 0;
	return unlink(path) == 0 || errno == ENOENT ? 0 : err_sys(e, "remove '%s'", path);
}

int
clear_lists(const struct clear *c, struct err *e)
{
	const char *folder = listing_folder(c->arena, c->conf->run);

	return access(folder, F_OK) != 0 ? 0 : each_name(folder, clear_one_list, c, e);
}

/* One costs a reading of the last manifest to make again, so it stays as long as its service. */
static int
clear_one_ledger(const struct clear *c, const char *name, struct err *e)
{
	struct service service;
	int64_t id;
	char path[PATH_SIZE];

	if (sscanf(name, "service-%" SCNd64, &id) != 1)
		return 0;
	if (services_by_id(&service, c->arena, c->db, id, e) == 0) {
		if (service.removed_at == 0)
			return 0;
	} else if (e->kind != ERR_NOT_FOUND) {
		return -1;
	}
	if (snprintf(path, sizeof path, "%s/ledgers/%s", c->conf->run, name) >= (int)sizeof path)
		return err_set(e, ERR_INPUT, "the path of the run folder is too long");
	return unlink(path) == 0 || errno == ENOENT ? 0 : err_sys(e, "remove '%s'", path);
}

int
clear_ledgers(const struct clear *c, struct err *e)
{
	const char *folder = arena_printf(c->arena, "%s/ledgers", c->conf->run);

	return access(folder, F_OK) != 0 ? 0 : each_name(folder, clear_one_ledger, c, e);
}

int
clear_downloads(const struct clear *c, struct err *e)
{
	return each_name(c->conf->downloads, clear_one_download, c, e);
}
