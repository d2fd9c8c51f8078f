/* do_download.c: chosen parts of a backup become files that nginx can send, each compared. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/room.h"
#include "lib/store/downloads.h"
#include "lib/store/listing.h"
#include "worker/archive/choice.h"
#include "worker/archive/export.h"
#include "worker/job/act.h"
#include "worker/job/clear.h"
#include "worker/job/elsewhere.h"

enum { SPARE = 1 << 20, NAME_SIZE = 256, TEMP_SIZE = NAME_SIZE + 32, PATH_SIZE = 4096 };

/* Our own files for our own group: nginx is in it and serves them. */
enum { FOLDER_MODE = 0750, FILE_MODE = 0640 };

/* A backup may hold things that were never made public: nobody but nginx reads the folder. */
static int
open_folder(int *ret, struct plan *p, struct err *e)
{
	CLEANUP_FD int fd = -1;
	char path[PATH_SIZE];

	if (snprintf(path, sizeof path, "%s/%s", p->conf->downloads, p->download.uuid) >=
	    (int)sizeof path)
		return err_set(e, ERR_INPUT, "the path of the downloads folder is too long");
	if (fd_make_path(path, e) != 0) {
		room_tell_folder(e, p->conf->downloads);
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, FOLDER_MODE) != 0)
		return err_sys(e, "open the folder '%s'", path);
	*ret = fd;
	fd = -1;
	return 0;
}

/* As dest_sweep(): the holder before us can publish nothing after this. */
static int
sweep_folder(int folder, int64_t fence, struct err *e)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int64_t found;

	if (dir == NULL)
		return err_sys(e, "list the download's folder");
	while ((d = readdir(dir)) != NULL)
		if (sscanf(d->d_name, ".%" SCNd64 ".", &found) == 1 && found < fence)
			unlinkat(folder, d->d_name, 0);
	closedir(dir);
	return 0;
}

/* What is written is at most what was read: raw bytes, a little more for the members in front. */
static int
check_space(struct plan *p, int64_t need, struct err *e)
{
	char needs[NUM_TEXT], has[NUM_TEXT];
	struct statvfs v;

	if (statvfs(p->conf->downloads, &v) != 0)
		return errno == ENOENT
		    ? 0
		    : err_sys(e, "ask for free room in '%s'", p->conf->downloads);
	if ((int64_t)v.f_bavail * (int64_t)v.f_frsize >= need)
		return 0;
	num_size(needs, need);
	num_size(has, (int64_t)v.f_bavail * (int64_t)v.f_frsize);
	return err_set(e, ERR_FULL, "the downloads folder is full: needs about %s, has %s", needs,
	    has);
}

static struct export_part
export_of(struct plan *p, const struct part *part)
{
	return (struct export_part){ p->dest, &part->data, &part->manifest,
		report_watch(p->report), part };
}

/* A list that is here says where the content of one file lies: nothing else of the manifest is read
 * then. NULL: more than a file was chosen, or the manifest has to be asked. */
static const struct entry *
find_file(struct plan *p, const struct part *part, const char *choice)
{
	const char *path = listing_file(p->arena, p->conf->run, part->uuid);
	CLEANUP_DB struct db *list = NULL;
	struct listing_entry found;
	struct entry *only;
	struct err e;

	if (*choice == '\0' || strchr(choice, '\n') != NULL ||
	    listing_open(&list, path, &e) != 0 ||
	    listing_by_path(&found, p->arena, list, choice, &e) != 0)
		return NULL;
	/* A further name, or a path that is shown otherwise than it is. */
	if (found.type != LISTING_FILE || *found.target != '\0' || !found.plain)
		return NULL;
	only = arena_alloc(p->arena, sizeof *only);
	*only = (struct entry){ .path = found.path, .type = ENTRY_FILE, .size = found.size,
		.uname = "", .gname = "", .target = "", .pack = found.pack,
		.frame_offset = found.frame_offset, .at = found.at };
	snprintf(only->sha256, sizeof only->sha256, "%s", found.sha256);
	return only;
}

static int
open_choice(struct choice **ret, struct plan *p, const struct export_part *from,
    const struct download_file *file, struct err *e)
{
	const char *const *paths;
	size_t count = source_lines(&paths, p->arena, file->choice);

	return choice_open(ret, from, paths, count, e);
}

static int
write_export(struct export_file *made, int fd, struct plan *p, const struct download_file *file,
    struct err *e)
{
	const struct part *part = plan_part(p, file->part);
	const struct export_part what = export_of(p, part);
	CLEANUP_CHOICE struct choice *choice = NULL;
	const struct entry *only;

	if (part->manifest.key[0] == '\0')
		return export_database(made, fd, &what, e);
	if (file->choice[0] == '\0')
		return export_media(made, fd, &what, p->download.format, e);
	if ((only = find_file(p, part, file->choice)) != NULL)
		return export_one(made, fd, &what, only, e);
	if (open_choice(&choice, p, &what, file, e) != 0)
		return -1;
	if (choice_file(choice) != NULL)
		return export_one(made, fd, &what, choice_file(choice), e);
	return export_picked(made, fd, &(struct export_picked){ &what, choice_pick(choice) },
	    p->download.format, e);
}

/* How many raw bytes one file of the download takes. */
static int
bytes_of(int64_t *ret, struct plan *p, const struct download_file *file, struct err *e)
{
	const struct part *part = plan_part(p, file->part);
	CLEANUP_CHOICE struct choice *choice = NULL;
	const struct entry *only;

	*ret = part != NULL ? backup_part_bytes(part) : 0;
	if (part == NULL || file->choice[0] == '\0')
		return 0;
	if ((only = find_file(p, part, file->choice)) != NULL) {
		*ret = only->size;
		return 0;
	}
	const struct export_part what = export_of(p, part);

	if (open_choice(&choice, p, &what, file, e) != 0)
		return err_in(e, "%s", file->service_slug);
	*ret = choice_bytes(choice);
	return 0;
}

/* A file appears under its name only whole, compared and synced. */
static int
prepare(struct export_file *made, int folder, struct plan *p, const struct download_file *file,
    struct err *e)
{
	const struct part *part = plan_part(p, file->part);
	CLEANUP_FD int fd = -1;
	char temporary[TEMP_SIZE];

	if (part == NULL || strlen(file->name) >= NAME_SIZE || strchr(file->name, '/') != NULL)
		return err_set(e, ERR_INTERNAL,
		    "download d%" PRId64 " names what its backup has not", p->download.id);
	snprintf(temporary, sizeof temporary, ".%" PRId64 ".%" PRId64 ".tmp", p->lease.fence,
	    file->id);
	report_phase(p->report, "%s: preparing %s", file->service_slug, file->name);
	fd = openat(folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return err_sys(e, "create '%s'", temporary);
	if (fchmod(fd, FILE_MODE) != 0 || write_export(made, fd, p, file, e) != 0 ||
	    plan_still_ours(p, e) != 0) {
		unlinkat(folder, temporary, 0);
		return -1;
	}
	FAULT("download.before_publish");
	return fd_publish(fd, folder, temporary, file->name, e);
}

static int
prepare_one(struct plan *p, int folder, struct download_file *file, struct err *e)
{
	struct export_file made;
	char size[NUM_TEXT];

	while (prepare(&made, folder, p, file, e) != 0)
		if (!elsewhere_open(p, e))
			return err_in(e, "%s", file->service_slug);
	file->path = arena_printf(p->arena, "%s/%s", p->download.uuid, file->name);
	file->bytes = made.bytes;
	file->sha256 = arena_dup(p->arena, made.sha256);
	if (downloads_file_ready(p->db, &p->lease, file, e) != 0)
		return -1;
	num_size(size, made.bytes);
	report_say(p->report, "note", "%s: %s is ready (%s)", file->service_slug, file->name, size);
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	CLEANUP_FD int folder = -1;
	int64_t total = 0;

	/* Asked for once more: the files are there, only a new link is wanted. */
	if (p->download.state == DOWNLOAD_READY)
		return 0;
	/* Its end came while the job waited: nobody will fetch what would be made now. */
	if (p->download.state != DOWNLOAD_PREPARING)
		return err_set(e, ERR_GONE,
		    "download d%" PRId64 " is %s and is not prepared any more: ask for it again",
		    p->download.id, download_state_name(p->download.state));
	if (p->backup.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s", p->backup.id,
		    backup_state_name(p->backup.state));
	for (size_t i = 0; i < p->file_count; i++) {
		int64_t bytes;

		while (bytes_of(&bytes, p, &p->files[i], e) != 0)
			if (!elsewhere_open(p, e))
				return -1;
		total += bytes;
	}
	report_expect(p->report, total);
	if (check_space(p, total + SPARE, e) != 0 || open_folder(&folder, p, e) != 0 ||
	    sweep_folder(folder, p->lease.fence, e) != 0)
		return -1;
	for (size_t i = 0; i < p->file_count; i++) {
		if (prepare_one(p, folder, &p->files[i], e) != 0)
			return -1;
		FAULT("download.after_file");
	}
	FAULT("download.before_finish");
	return 0;
}

static int
finish(struct plan *p, struct err *e)
{
	if (p->download.state == DOWNLOAD_READY)
		return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
	return downloads_finish(p->db, &p->lease, e);
}

/* A job on a download that is ready already leaves nothing of its own. */
static int
clear(struct plan *p, struct err *e)
{
	const struct clear c = { p->conf, p->arena, p->db, NULL };

	if (p->download.state == DOWNLOAD_READY)
		return 0;
	return clear_download(&c, p->job.download, e);
}

const struct act do_download = { .work = work, .finish = finish, .clear = clear };
