/* inspect.c: a folder compared with what the catalogue says lies in it. */
#include "cli/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "lib/util/hash.h"

void
inspect_add(struct inspect *in, enum inspect_level level, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vprintf(in->arena, fmt, ap);
	va_end(ap);
	in->items = arena_grow(in->arena, in->items, in->count, &in->capacity, sizeof *in->items);
	in->items[in->count++] =
	    (struct inspect_finding){ level, utf8_clean(in->arena, text, strlen(text)) };
}

/* -- what the catalogue names -- */

static int
hash_file(char out[HASH_HEX_SIZE], int fd, struct err *e)
{
	enum { PIECE = 256 * 1024 };
	CLEANUP_HASH struct hash *h = hash_new();
	char *p = xmalloc(PIECE);
	ssize_t n;

	while ((n = fd_read_full(fd, p, PIECE, e)) > 0)
		hash_add(h, p, (size_t)n);
	free(p);
	hash_hex(h, out);
	return n < 0 ? -1 : 0;
}

/* The words for what is wrong with this file, or NULL. */
static const char *
file_fault(struct inspect *in, int dirfd, const struct invariants_file *row)
{
	CLEANUP_FD int fd =
	    openat(dirfd, row->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char hash[HASH_HEX_SIZE];
	struct stat st;
	struct err e;

	if (fd < 0)
		return errno == ENOENT
		    ? "is missing"
		    : arena_printf(in->arena, "cannot be opened (%s)", strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "is not a file";
	in->files++;
	in->bytes += st.st_size;
	if (row->bytes >= 0 && st.st_size != row->bytes)
		return arena_printf(in->arena, "has %" PRId64 " bytes instead of %" PRId64,
		    (int64_t)st.st_size, row->bytes);
	if (*row->sha256 == '\0' || (row->bytes >= 0 && !in->deep))
		return NULL;
	if (hash_file(hash, fd, &e) != 0)
		return arena_printf(in->arena, "cannot be read (%s)", e.text);
	return strcmp(hash, row->sha256) == 0
	    ? NULL
	    : "has other bytes than were written (its SHA-256 differs)";
}

static void
check_rows(struct inspect *in, int dirfd, const struct inspect_folder *folder)
{
	for (size_t i = 0; i < folder->count; i++) {
		const struct invariants_file *row = &folder->rows[i];
		const char *fault = row->wish == INVARIANTS_MAY ? NULL : file_fault(in, dirfd, row);

		if (fault != NULL)
			inspect_add(in, row->wish == INVARIANTS_LOST ? INSPECT_NOTE : INSPECT_ERROR,
			    "%s: %s of %s %s%s", folder->what, row->path, row->owner, fault,
			    row->wish == INVARIANTS_LOST ? ", as its last verification found" : "");
	}
}

/* -- what lies there -- */

static int
by_path(const void *key, const void *row)
{
	return strcmp(key, ((const struct invariants_file *)row)->path);
}

/* ".b101-….json.7.tmp" and ".7.12.tmp" belong to whoever holds the fence 7 in this folder. */
static bool
is_temporary_of_a_running_job(const struct inspect_folder *folder, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t in = (size_t)(name - path), n = strlen(name);
	char fence[NUM_TEXT];

	if (name[0] != '.' || n < 5 || strcmp(name + n - 4, ".tmp") != 0)
		return false;
	for (size_t i = 0; i < folder->count; i++) {
		const struct invariants_file *row = &folder->rows[i];

		snprintf(fence, sizeof fence, ".%" PRId64 ".", row->fence);
		if (row->fence != 0 && strncmp(row->path, path, in) == 0 &&
		    strchr(row->path + in, '/') == NULL && strstr(name, fence) != NULL)
			return true;
	}
	return false;
}

static bool
is_named(const struct inspect_folder *folder, const char *path)
{
	for (const char *const *p = folder->ours; *p != NULL; p++)
		if (strcmp(*p, path) == 0)
			return true;
	return (folder->count > 0 &&
	    bsearch(path, folder->rows, folder->count, sizeof *folder->rows, by_path) != NULL) ||
	    is_temporary_of_a_running_job(folder, path);
}

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

/* Takes fd over. `at` is the folder's own path, "" at the top, else with a slash at the end. */
static int
walk(struct inspect *in, int fd, const char *at, const struct inspect_folder *folder, struct err *e)
{
	CLEANUP(dir_closep) DIR *dir = fdopendir(fd);
	struct dirent *d;
	struct stat st;

	if (dir == NULL) {
		close(fd);
		return err_sys(e, "list '%s/%s'", folder->path, at);
	}
	while ((d = readdir(dir)) != NULL) {
		const char *path = arena_printf(in->arena, "%s%s", at, d->d_name);
		int below;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			if (!S_ISREG(st.st_mode) || !is_named(folder, path))
				inspect_add(in, INSPECT_STRANGER, "%s: nothing names %s",
				    folder->what, path);
			continue;
		}
		below =
		    openat(dirfd(dir), d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			return err_sys(e, "open '%s/%s'", folder->path, path);
		if (walk(in, below, arena_printf(in->arena, "%s/", path), folder, e) != 0)
			return -1;
	}
	return 0;
}

int
inspect_folder(struct inspect *in, const struct inspect_folder *folder, struct err *e)
{
	CLEANUP_FD int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int again;

	if (fd < 0 && errno == ENOENT) {
		inspect_add(in, INSPECT_ERROR, "%s: its folder '%s' does not exist", folder->what,
		    folder->path);
		return 0;
	}
	if (fd < 0 || (again = dup(fd)) < 0)
		return err_sys(e, "open '%s'", folder->path);
	check_rows(in, fd, folder);
	return walk(in, again, "", folder, e);
}
