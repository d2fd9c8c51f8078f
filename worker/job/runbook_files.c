/* runbook_files.c: the files a runbook opens with, and those it took out. */
#include "worker/job/runbook_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/util/hash.h"
#include "worker/archive/manifest.h"

enum { STEP = 256 << 10, IDENTITIES = 16, TARGET_MAX = 4096 };

void
runbook_files_free(unsigned char **buffer)
{
	free(*buffer);
}

/* -- keys -- */

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

int
runbook_files_identities(const char *const **ret, struct arena *a, const char *folder,
    struct err *e)
{
	static const char ending[] = ".identity";
	const char **list = arena_array(a, 2 * IDENTITIES + 1, sizeof *list);
	CLEANUP(dir_closep) DIR *dir = opendir(folder);
	size_t n = 0, tail = sizeof ending - 1;

	if (dir == NULL && errno != ENOENT)
		return err_sys(e, "list '%s'", folder);
	for (struct dirent *d; dir != NULL && n < 2 * IDENTITIES && (d = readdir(dir)) != NULL;) {
		size_t len = strlen(d->d_name);

		if (d->d_name[0] == '.' || len <= tail ||
		    strcmp(d->d_name + len - tail, ending) != 0)
			continue;
		list[n++] = "-i";
		list[n++] = arena_printf(a, "%s/%s", folder, d->d_name);
	}
	*ret = list;
	return 0;
}

/* -- comparing -- */

struct comparing {
	int folder;
	unsigned char *buffer;
	struct hash *hash;
};

static int
differs(const struct entry *entry, const char *how, struct err *e)
{
	CLEANUP_BUF struct buf path = BUF_INIT;

	manifest_show_path(&path, entry->path);
	return err_set(e, ERR_DAMAGED, "'%.300s' %s", path.p, how);
}

/* What its owner may not read is opened up: it is a copy of ours. */
static int
open_copy(int folder, const char *path)
{
	int fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && fchmodat(folder, path, 0600, 0) == 0)
		fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int
compare_file(const struct comparing *c, const struct entry *entry, struct err *e)
{
	CLEANUP_FD int fd = open_copy(c->folder, entry->path);
	char sha256[HASH_HEX_SIZE];
	int64_t bytes = 0;
	ssize_t n;

	if (fd < 0)
		return differs(entry, "was not taken out", e);
	while ((n = fd_read_full(fd, c->buffer, STEP, e)) > 0) {
		hash_add(c->hash, c->buffer, (size_t)n);
		bytes += n;
	}
	if (n < 0)
		return -1;
	hash_hex(c->hash, sha256);
	return bytes == entry->size && strcmp(sha256, entry->sha256) == 0
	    ? 0 : differs(entry, "came out with another content than the manifest has", e);
}

static int
compare_link(const struct comparing *c, const struct entry *entry, struct err *e)
{
	char target[TARGET_MAX + 1];
	ssize_t n = readlinkat(c->folder, entry->path, target, TARGET_MAX);

	if (n < 0)
		return differs(entry, "was not taken out", e);
	target[n] = '\0';
	return strcmp(target, entry->target) == 0
	    ? 0 : differs(entry, "came out with another target than the manifest has", e);
}

static int
compare_entry(void *arg, const struct entry *entry, struct err *e)
{
	const struct comparing *c = arg;
	const char *path = *entry->path != '\0' ? entry->path : ".";
	struct stat st;

	switch (entry->type) {
	case ENTRY_FILE:
	case ENTRY_HARDLINK:
		return compare_file(c, entry, e);
	case ENTRY_LINK:
		return compare_link(c, entry, e);
	case ENTRY_DIR:
		break;
	}
	return fstatat(c->folder, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)
	    ? 0 : differs(entry, "was not taken out", e);
}

int
runbook_files_compare(const char *manifest, const char *folder, struct err *e)
{
	CLEANUP(runbook_files_free) unsigned char *buffer = xmalloc(STEP);
	CLEANUP(runbook_files_free) unsigned char *text = xmalloc(STEP);
	CLEANUP_HASH struct hash *hash = hash_new();
	CLEANUP_FD int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int fd = open(manifest, O_RDONLY | O_CLOEXEC);
	struct comparing c = { root, buffer, hash };
	CLEANUP(manifest_reader_release) struct manifest_reader reader = {
		.each = compare_entry, .arg = &c, .line = BUF_INIT };
	ssize_t n;

	if (root < 0 || fd < 0)
		return err_sys(e, "open '%s'", root < 0 ? folder : manifest);
	while ((n = fd_read_full(fd, text, STEP, e)) > 0)
		if (manifest_read(&reader, text, (size_t)n, e) != 0)
			return -1;
	return n < 0 ? -1 : manifest_read_end(&reader, e);
}
