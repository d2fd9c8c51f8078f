/* export.c: a stored part becomes the file that a person downloads. */
#include "worker/archive/export.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "worker/archive/chain.h"
#include "worker/archive/extras.h"
#include "worker/archive/fetch.h"
#include "worker/archive/frame.h"
#include "worker/archive/gz.h"
#include "worker/archive/outfile.h"
#include "worker/archive/tar.h"
#include "worker/archive/untar.h"
#include "worker/archive/zip.h"

enum { THREADS_MAX = 4, COPY_STEP = 1 << 20, HEAD_LEVEL = 3 };

struct export {
	const struct export_part *part;
	const struct chain_pick *pick;   /* NULL: all of it */
	struct sink to_file;          /* into the outfile */
	struct sink to;               /* tar bytes, or for zip the contents of the pack */
	struct extras extras;
};

static void
told(const struct export_part *part, int64_t bytes)
{
	if (part->watch != NULL && part->watch->bytes != NULL)
		part->watch->bytes(part->watch->arg, bytes);
}

/* Without the hash over the decoded bytes: the one over the stored ones and each frame's own
 * checksum say as much. */
static struct frame_totals
promised(const struct stored_object *o)
{
	struct frame_totals t = { .raw_bytes = o->raw_bytes, .stored_bytes = o->stored_bytes };

	snprintf(t.stored_sha256, sizeof t.stored_sha256, "%s", o->stored_sha256);
	return t;
}

/* Decode a stored object to its end into a sink, comparing it with what was promised. By its hash:
 * whoever gets the sink's bytes has no manifest to compare them with. */
static int
decode(struct dest *d, const struct stored_object *stored, const struct sink *to, struct err *e)
{
	const struct frame_totals expect = promised(stored);
	CLEANUP_OBJECT struct object *o = NULL;
	struct frame_totals got;
	int64_t bytes;

	if (object_open(&o, &bytes, d, stored->key, e) != 0)
		return -1;
	if (frame_read(&got, o, to, &expect, e) != 0)
		return err_in(e, "%s", stored->key);
	return 0;
}

/* The archive of the whole part into a sink. */
static int
decode_whole(struct export *x, const struct sink *to, struct err *e)
{
	if (x->pick != NULL)
		return chain_pick(x->part, to, x->pick, e);
	return chain_is(x->part) ? chain_read(x->part, to, true, e)
	                         : decode(x->part->dest, x->part->data, to, e);
}

/* -- the manifest, once for each use -- */

static int
read_manifest_bytes(void *arg, const void *p, size_t n, struct err *e)
{
	return manifest_read(arg, p, n, e);
}

/* What the archive has of the manifest's entries, one after the other. */
struct wanted {
	const struct chain_pick *pick;
	struct extras *extras;
	int (*each)(void *arg, const struct entry *entry, struct err *e);
};

static int
pass_wanted(void *arg, const struct entry *entry, struct err *e)
{
	struct wanted *w = arg;

	if (w->pick != NULL && !w->pick->wants(w->pick->arg, entry))
		return 0;
	return w->each(w->extras, entry, e);
}

static int
each_entry(struct export *x, int (*each)(void *, const struct entry *, struct err *), struct err *e)
{
	struct wanted wanted = { x->pick, &x->extras, each };
	CLEANUP(manifest_reader_release) struct manifest_reader reader = {
		.each = pass_wanted, .arg = &wanted, .line = BUF_INIT,
	};
	const struct sink to = { read_manifest_bytes, &reader };

	if (decode(x->part->dest, x->part->manifest, &to, e) != 0)
		return -1;
	return manifest_read_end(&reader, e);
}

/* -- the two members in front -- */

/* `to` takes the content; the header and the padding are the caller's. */
static int
write_extra(struct export *x, enum extra which, const struct sink *to, struct err *e)
{
	CLEANUP_BUF struct buf head = BUF_INIT;

	extras_head(&head, which);
	if (head.n > 0 && sink_write(to, head.p, head.n, e) != 0)
		return -1;
	x->extras.which = which;
	x->extras.to = to;
	return each_entry(x, extras_write, e);
}

static int
extra_entry(struct entry *ret, char name[EXTRA_NAME_SIZE], const struct export *x, enum extra which,
    struct err *e)
{
	CLEANUP_BUF struct buf head = BUF_INIT;

	if (extras_name(name, &x->extras, which, e) != 0)
		return -1;
	extras_head(&head, which);
	*ret = (struct entry){ .path = name, .type = ENTRY_FILE, .mode = 0644, .uname = "root",
		.gname = "root", .target = "", .pack = "", .mtime_s = clock_now() / 1000,
		.size = x->extras.facts[which].bytes + (int64_t)head.n };
	return 0;
}

static int
put_tar_extras(struct export *x, const struct sink *to, struct err *e)
{
	static const char zeros[TAR_BLOCK];

	for (int which = 0; which < EXTRAS; which++) {
		CLEANUP_BUF struct buf head = BUF_INIT;
		char name[EXTRA_NAME_SIZE];
		struct entry entry;
		size_t padding;

		if (extra_entry(&entry, name, x, (enum extra)which, e) != 0)
			return -1;
		tar_header(&head, &entry);
		padding = tar_padding(entry.size);
		if (sink_write(to, head.p, head.n, e) != 0
		    || write_extra(x, (enum extra)which, to, e) != 0
		    || (padding > 0 && sink_write(to, zeros, padding, e) != 0))
			return -1;
	}
	return 0;
}

/* -- tar, tar.gz -- */

static int
pass_contents(void *arg, const void *p, size_t n, struct err *e)
{
	struct export *x = arg;

	told(x->part, (int64_t)n);
	return sink_write(&x->to, p, n, e);
}

static int
put_tar(struct export *x, struct err *e)
{
	const struct sink contents = { pass_contents, x };

	if (put_tar_extras(x, &x->to, e) != 0)
		return -1;
	return decode_whole(x, &contents, e);
}

static int
threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (int)cores;
}

static int
write_gz(void *arg, const void *p, size_t n, struct err *e)
{
	return gz_write(arg, p, n, e);
}

static int
put_tar_gz(struct export *x, struct err *e)
{
	CLEANUP_GZ struct gz *gz = NULL;

	if (gz_new(&gz, &x->to_file, threads(), e) != 0)
		return -1;
	x->to = (struct sink){ write_gz, gz };
	if (put_tar(x, e) != 0)
		return -1;
	return gz_finish(gz, e);
}

/* -- tar.zst: one new frame, then the stored ones -- */

static int
write_frames(void *arg, const void *p, size_t n, struct err *e)
{
	return frame_write(arg, p, n, e);
}

static int
put_head_frames(struct export *x, struct err *e)
{
	const struct frame_options options = { .level = HEAD_LEVEL,
		.threads = 1,
		.raw_max = 1 << 20 };
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct frame_totals totals;

	if (frame_writer_new(&w, &x->to_file, &options, e) != 0)
		return -1;
	const struct sink to = { write_frames, w };

	if (put_tar_extras(x, &to, e) != 0)
		return -1;
	return frame_finish(&totals, w, e);
}

/* Of a choice no stored frame can be taken as it is: others lie in it, too. */
static int
put_tar_anew(struct export *x, struct err *e)
{
	const struct frame_options options = { .level = HEAD_LEVEL, .threads = threads() };
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct frame_totals totals;

	if (frame_writer_new(&w, &x->to_file, &options, e) != 0)
		return -1;
	x->to = (struct sink){ write_frames, w };
	return put_tar(x, e) != 0 ? -1 : frame_finish(&totals, w, e);
}

static void
free_buffer(unsigned char **p)
{
	free(*p);
}

/* The part of the raw bytes that this part of the stored ones stands for, so that the sum comes out
 * right. */
static int64_t
raw_share(const struct stored_object *data, int64_t read, int64_t all)
{
	return all > 0 ? (int64_t)((double)data->raw_bytes * ((double)read / (double)all)) : 0;
}

static int
copy_object(int64_t *read, struct export *x, struct object *o, struct hash *hash, struct err *e)
{
	CLEANUP(free_buffer) unsigned char *buffer = xmalloc(COPY_STEP);
	const struct stored_object *data = x->part->data;
	int64_t at = 0, said = 0, all = object_bytes(o);

	for (;;) {
		ssize_t n = object_read(o, at, buffer, COPY_STEP, e);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (!object_is_encrypted(o))
			hash_add(hash, buffer, (size_t)n);
		if (sink_write(&x->to_file, buffer, (size_t)n, e) != 0)
			return -1;
		at += n;
		told(x->part, raw_share(data, at, all) - said);
		said = raw_share(data, at, all);
	}
	*read = at;
	return 0;
}

static int
put_tar_zst(struct export *x, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_HASH struct hash *hash = hash_new();
	const struct stored_object *data = x->part->data;
	int64_t bytes;

	if (x->pick != NULL)
		return put_tar_anew(x, e);
	if (put_head_frames(x, e) != 0)
		return -1;
	if (chain_is(x->part))
		return chain_frames(x->part, &x->to_file, e);
	if (object_open(&o, &bytes, x->part->dest, data->key, e) != 0
	    || copy_object(&bytes, x, o, hash, e) != 0)
		return -1;
	return object_compare(o, hash, bytes, data, e) == 0 ? 0 : err_in(e, "%s", data->key);
}

/* -- zip -- */

static int
zip_one(void *arg, const struct entry *entry, struct err *e)
{
	return zip_member(arg, entry, e);
}

static int
zip_bytes(void *arg, const void *p, size_t n, struct err *e)
{
	return zip_content(arg, p, n, e);
}

static int
write_untar(void *arg, const void *p, size_t n, struct err *e)
{
	return untar_write(arg, p, n, e);
}

static int
put_zip_extras(struct export *x, struct zip *zip, struct err *e)
{
	const struct sink to = { zip_bytes, zip };

	for (int which = 0; which < EXTRAS; which++) {
		char name[EXTRA_NAME_SIZE];
		struct entry entry;

		if (extra_entry(&entry, name, x, (enum extra)which, e) != 0
		    || zip_member(zip, &entry, e) != 0
		    || write_extra(x, (enum extra)which, &to, e) != 0)
			return -1;
	}
	return 0;
}

static int
put_zip(struct export *x, struct err *e)
{
	const struct sink contents = { pass_contents, x };
	CLEANUP_ZIP struct zip *zip = NULL;
	CLEANUP_UNTAR struct untar *untar = NULL;

	if (zip_new(&zip, &x->to_file, e) != 0 || put_zip_extras(x, zip, e) != 0)
		return -1;
	const struct untar_to to = { zip_one, zip_bytes, zip };
	untar = untar_new(&to);
	x->to = (struct sink){ write_untar, untar };
	if (decode_whole(x, &contents, e) != 0 || untar_end(untar, e) != 0)
		return -1;
	return zip_finish(zip, e);
}

int
export_picked(struct export_file *ret, int fd, const struct export_picked *what,
    enum download_format format, struct err *e)
{
	static int (*const put[DOWNLOAD_FORMATS])(struct export *, struct err *) = {
		[FORMAT_TAR] = put_tar,
		[FORMAT_TAR_GZ] = put_tar_gz,
		[FORMAT_TAR_ZST] = put_tar_zst,
		[FORMAT_ZIP] = put_zip,
	};
	CLEANUP_OUTFILE struct outfile *out = NULL;
	struct export x = { .part = what->part, .pick = what->pick };

	if (outfile_new(&out, fd, e) != 0)
		return -1;
	x.to = x.to_file = (struct sink){ outfile_write, out };
	if (each_entry(&x, extras_learn, e) != 0 || put[format](&x, e) != 0)
		return -1;
	return outfile_finish(&ret->bytes, ret->sha256, out, e);
}

int
export_media(struct export_file *ret, int fd, const struct export_part *part,
    enum download_format format, struct err *e)
{
	return export_picked(ret, fd, &(struct export_picked){ part, NULL }, format, e);
}

int
export_one(struct export_file *ret, int fd, const struct export_part *part,
    const struct entry *entry, struct err *e)
{
	CLEANUP_OUTFILE struct outfile *out = NULL;
	struct export x = { .part = part };
	const struct sink contents = { pass_contents, &x };
	CLEANUP_FETCH struct fetch *f = NULL;

	if (outfile_new(&out, fd, e) != 0)
		return -1;
	x.to = (struct sink){ outfile_write, out };
	if (fetch_open(&f, part, e) != 0 || fetch_file(&contents, f, entry, e) != 0)
		return -1;
	return outfile_finish(&ret->bytes, ret->sha256, out, e);
}

int
export_database(struct export_file *ret, int fd, const struct export_part *part, struct err *e)
{
	CLEANUP_OUTFILE struct outfile *out = NULL;
	struct export x = { .part = part };
	const struct sink contents = { pass_contents, &x };

	if (outfile_new(&out, fd, e) != 0)
		return -1;
	x.to = (struct sink){ outfile_write, out };
	if (decode(part->dest, part->data, &contents, e) != 0)
		return -1;
	return outfile_finish(&ret->bytes, ret->sha256, out, e);
}

int
export_bytes(const struct sink *to, const struct export_part *part, struct err *e)
{
	struct export x = { .part = part, .to = *to };
	const struct sink contents = { pass_contents, &x };

	return decode(part->dest, part->data, &contents, e);
}
