/* zip.c: a zip file, member by member. */
#include "worker/archive/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/utf8.h"
#include "worker/archive/squeeze.h"

struct zip {
	const struct sink *out;
	struct archive *archive;
	struct archive_entry *entry;
	locale_t utf8, bytes;
	bool waiting;                 /* `entry` is not written yet: its first bytes decide how */
	struct err error;             /* of the sink */
	bool sink_failed;
	bool given_up;                /* nothing more may reach the sink */
};

static la_ssize_t
write_out(struct archive *a, void *arg, const void *p, size_t n)
{
	struct zip *z = arg;

	(void)a;
	if (z->given_up)
		return (la_ssize_t)n;
	if (sink_write(z->out, p, n, &z->error) == 0)
		return (la_ssize_t)n;
	z->sink_failed = true;
	return -1;
}

static int
failed(struct zip *z, struct err *e)
{
	const char *why = archive_error_string(z->archive);

	if (!z->sink_failed)
		return err_set(e, ERR_INTERNAL, "zip: %s",
		    why != NULL ? why : "it cannot be written");
	*e = z->error;
	return -1;
}

int
zip_new(struct zip **ret, const struct sink *out, struct err *e)
{
	CLEANUP_ZIP struct zip *z = xmalloc(sizeof *z);

	*z = (struct zip){ .out = out, .archive = archive_write_new(), .entry = archive_entry_new(),
		.utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0),
		.bytes = newlocale(LC_CTYPE_MASK, "C", (locale_t)0) };
	if (z->archive == NULL || z->entry == NULL || z->utf8 == (locale_t)0
	    || z->bytes == (locale_t)0)
		return err_set(e, ERR_INTERNAL, "zip: it cannot be set up");
	if (archive_write_set_format_zip(z->archive) != ARCHIVE_OK
	    || archive_write_set_bytes_per_block(z->archive, 1 << 20) != ARCHIVE_OK
	    || archive_write_set_bytes_in_last_block(z->archive, 1) != ARCHIVE_OK
	    || archive_write_open(z->archive, z, NULL, write_out, NULL) != ARCHIVE_OK)
		return failed(z, e);
	*ret = z;
	z = NULL;
	return 0;
}

/* The locale decides whether libarchive marks a name as UTF-8; a name that is none stays bytes. */
static int
write_header(struct zip *z, bool flat, struct err *e)
{
	const char *path = archive_entry_pathname(z->entry);
	locale_t before = uselocale(utf8_valid(path, strlen(path)) ? z->utf8 : z->bytes);
	int rc;

	if (flat)
		archive_write_zip_set_compression_store(z->archive);
	else
		archive_write_zip_set_compression_deflate(z->archive);
	rc = archive_write_header(z->archive, z->entry);
	uselocale(before);
	z->waiting = false;
	return rc >= ARCHIVE_WARN ? 0 : failed(z, e);
}

static int
flush(struct zip *z, struct err *e)
{
	return z->waiting ? write_header(z, false, e) : 0;
}

/* From the folder of `path`: "../" for each level, then the target. */
static void
set_link_between(struct archive_entry *entry, const char *path, const char *target)
{
	CLEANUP_BUF struct buf link = BUF_INIT;

	for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/'))
		buf_text(&link, "../");
	buf_text(&link, target);
	archive_entry_copy_symlink(entry, link.p);
}

int
zip_member(struct zip *z, const struct entry *entry, struct err *e)
{
	static const unsigned types[] = { [ENTRY_FILE] = S_IFREG, [ENTRY_DIR] = S_IFDIR,
		[ENTRY_LINK] = S_IFLNK, [ENTRY_HARDLINK] = S_IFLNK };

	if (flush(z, e) != 0)
		return -1;
	/* The root itself needs no member. */
	if (entry->path[0] == '\0')
		return 0;
	archive_entry_clear(z->entry);
	archive_entry_copy_pathname(z->entry, entry->path);
	archive_entry_set_filetype(z->entry, types[entry->type]);
	archive_entry_set_perm(z->entry,
	    entry->type == ENTRY_HARDLINK ? 0777 : entry->mode & 07777);
	archive_entry_set_uid(z->entry, entry->uid);
	archive_entry_set_gid(z->entry, entry->gid);
	archive_entry_set_mtime(z->entry, entry->mtime_s, entry->mtime_ns);
	archive_entry_set_size(z->entry, entry->type == ENTRY_FILE ? entry->size : 0);
	if (entry->type == ENTRY_LINK)
		archive_entry_copy_symlink(z->entry, entry->target);
	if (entry->type == ENTRY_HARDLINK)
		set_link_between(z->entry, entry->path, entry->target);
	z->waiting = true;
	return 0;
}

int
zip_content(struct zip *z, const void *p, size_t n, struct err *e)
{
	const char *at = p;

	if (z->waiting && write_header(z, squeeze_is_flat(p, n), e) != 0)
		return -1;
	while (n > 0) {
		la_ssize_t put = archive_write_data(z->archive, at, n);

		if (put <= 0)
			return failed(z, e);
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

int
zip_finish(struct zip *z, struct err *e)
{
	if (flush(z, e) != 0)
		return -1;
	return archive_write_close(z->archive) == ARCHIVE_OK ? 0 : failed(z, e);
}

void
zip_freep(struct zip **zz)
{
	struct zip *z = *zz;

	*zz = NULL;
	if (z == NULL)
		return;
	if (z->archive != NULL) {
		/* Not closed means given up. archive_write_fail() would leak what libarchive's
		 * own close frees: let it close into nothing. */
		z->given_up = true;
		archive_write_free(z->archive);
	}
	archive_entry_free(z->entry);
	if (z->utf8 != (locale_t)0)
		freelocale(z->utf8);
	if (z->bytes != (locale_t)0)
		freelocale(z->bytes);
	free(z);
}
