/* ledger_write.c: a new ledger, beside the old one until it is finished. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/util/hash.h"
#include "worker/archive/ledger_file.h"
#include "worker/archive/tar.h"

enum { BUFFER = 256 << 10 };

struct ledger_writer {
	char *path, *temporary;
	int fd;
	uint64_t count;
	struct buf records;           /* not yet written */
	struct buf packs;             /* names, LEDGER_NAME bytes each */
	uint32_t last;                /* the one that came last */
};

int
ledger_write_new(struct ledger_writer **ret, const char *path, struct err *e)
{
	CLEANUP_LEDGER_WRITER struct ledger_writer *w = xmalloc(sizeof *w);
	const struct ledger_head none = { .count = 0 };
	size_t n = strlen(path) + sizeof ".new";

	*w = (struct ledger_writer){ .fd = -1, .records = BUF_INIT, .packs = BUF_INIT };
	w->path = xstrdup(path);
	w->temporary = xmalloc(n);
	snprintf(w->temporary, n, "%s.new", path);
	w->fd = open(w->temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return err_sys(e, "create '%s'", w->temporary);
	if (fd_write_all(w->fd, &none, sizeof none, e) != 0)
		return -1;
	*ret = w;
	w = NULL;
	return 0;
}

void
ledger_write_freep(struct ledger_writer **pw)
{
	struct ledger_writer *w = *pw;

	*pw = NULL;
	if (w == NULL)
		return;
	if (w->fd >= 0)
		unlink(w->temporary);
	fd_close(&w->fd);
	free(w->path);
	free(w->temporary);
	buf_release(&w->records);
	buf_release(&w->packs);
	free(w);
}

static int
flush(struct ledger_writer *w, struct err *e)
{
	int rc = fd_write_all(w->fd, w->records.p, w->records.n, e);

	buf_clear(&w->records);
	return rc;
}

static const char *
pack_at(const struct ledger_writer *w, uint32_t i)
{
	return w->packs.p + (size_t)i * LEDGER_NAME;
}

static int
pack_number(uint32_t *ret, struct ledger_writer *w, const char *name, struct err *e)
{
	uint32_t count = (uint32_t)(w->packs.n / LEDGER_NAME), i = w->last;
	char field[LEDGER_NAME] = "";

	if (i >= count || strcmp(pack_at(w, i), name) != 0)
		for (i = 0; i < count && strcmp(pack_at(w, i), name) != 0; i++)
			;
	if (i == count) {
		if (strlen(name) >= sizeof field)
			return err_set(e, ERR_INTERNAL, "a pack has a name of %zu bytes",
			    strlen(name));
		memcpy(field, name, strlen(name));
		buf_add(&w->packs, field, sizeof field);
	}
	*ret = w->last = i;
	return 0;
}

static int
add(struct ledger_writer *w, struct ledger_record *r, const char *pack, struct err *e)
{
	if (pack_number(&r->pack, w, pack, e) != 0)
		return -1;
	if (w->count == UINT32_MAX)
		return err_set(e, ERR_INPUT, "there are too many files for a ledger");
	buf_add(&w->records, r, sizeof *r);
	w->count++;
	return w->records.n < BUFFER ? 0 : flush(w, e);
}

int
ledger_write_add(struct ledger_writer *w, const struct entry *entry, struct err *e)
{
	CLEANUP_BUF struct buf head = BUF_INIT;
	struct ledger_record r = {
		.inode = entry->inode, .size = entry->size,
		.mtime_s = entry->mtime_s, .mtime_ns = (uint32_t)entry->mtime_ns,
		.ctime_s = entry->ctime_s, .ctime_ns = (uint32_t)entry->ctime_ns,
		.path = ledger_path(entry->path), .frame_offset = entry->frame_offset,
		.frame = (uint32_t)entry->frame, .at = (uint32_t)entry->at,
	};

	tar_header(&head, entry);
	r.head = (uint32_t)head.n;
	ledger_file_bytes(r.sha256, entry->sha256);
	return add(w, &r, entry->pack, e);
}

int
ledger_write_copy(struct ledger_writer *w, const struct ledger *from, const struct ledger_record *r,
    struct err *e)
{
	struct ledger_record copy = *r;

	return add(w, &copy, ledger_pack(from, r->pack), e);
}

/* A radix sort, the last digit first, so that equal keys stay in the order of their numbers: it is
 * several times as fast as comparing them. */
static void
sort_by_key(struct ledger_key *keys, size_t count)
{
	enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };
	struct ledger_key *from = keys, *room = xmalloc((count + 1) * sizeof *room), *to = room;

	for (int shift = 0; shift < 64; shift += DIGIT_BITS) {
		size_t begin[DIGITS + 1] = { 0 };

		for (size_t i = 0; i < count; i++)
			begin[(from[i].key >> shift) % DIGITS + 1]++;
		for (int d = 0; d < DIGITS; d++)
			begin[d + 1] += begin[d];
		for (size_t i = 0; i < count; i++)
			to[begin[(from[i].key >> shift) % DIGITS]++] = from[i];
		struct ledger_key *was = from;
		from = to;
		to = was;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof *keys);
	free(room);
}

static int
compare_hashes(const void *a, const void *b, void *records)
{
	const struct ledger_key *one = a, *two = b;
	const struct ledger_record *r = records;
	int order = memcmp(r[one->number].sha256, r[two->number].sha256, sizeof r->sha256);

	return order != 0 ? order : (one->number > two->number) - (one->number < two->number);
}

static void
put_orders(struct ledger_key *orders, struct ledger_record *records, size_t count)
{
	struct ledger_key *hashes = orders + count;

	for (size_t i = 0; i < count; i++) {
		orders[i] = (struct ledger_key){ (uint64_t)records[i].inode, (uint32_t)i, 0 };
		hashes[i] = (struct ledger_key){ ledger_file_begin(records[i].sha256), (uint32_t)i,
			0 };
	}
	sort_by_key(orders, count);
	sort_by_key(hashes, count);
	/* Two hashes begin alike only when they are the same, or once in a long while. */
	for (size_t i = 0, n; i < count; i += n) {
		for (n = 1; i + n < count && hashes[i + n].key == hashes[i].key; n++)
			continue;
		if (n > 1)
			qsort_r(hashes + i, n, sizeof *hashes, compare_hashes, records);
	}
}

/* All but the sum, in the mapped file. */
static void
complete(unsigned char *map, const struct ledger_writer *w, const char *manifest_sha256)
{
	struct ledger_head head = { .magic = LEDGER_MAGIC, .count = w->count,
		.packs = w->packs.n / LEDGER_NAME };
	struct ledger_record *records = (void *)(map + sizeof head);
	struct ledger_key *orders = (void *)(records + w->count);

	memcpy(head.manifest_sha256, manifest_sha256, sizeof head.manifest_sha256);
	memcpy(map, &head, sizeof head);
	put_orders(orders, records, (size_t)w->count);
	memcpy(orders + 2 * w->count, w->packs.p, w->packs.n);
}

int
ledger_write_finish(struct ledger_writer *w, const char *manifest_sha256, struct err *e)
{
	size_t size = ledger_file_size(w->count, w->packs.n / LEDGER_NAME);
	char sum[HASH_HEX_SIZE];
	unsigned char *map;
	int rc;

	if (flush(w, e) != 0)
		return -1;
	/* A full disk must be an error here and not a signal at the first write into the map. */
	rc = posix_fallocate(w->fd, 0, (off_t)size);
	if (rc != 0)
		return errno = rc, err_sys(e, "make room for '%s'", w->temporary);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "map '%s'", w->temporary);
	complete(map, w, manifest_sha256);
	hash_of(sum, map, size - LEDGER_SUM);
	memcpy(map + size - LEDGER_SUM, sum, LEDGER_SUM);
	munmap(map, size);
	if (rename(w->temporary, w->path) != 0)
		return err_sys(e, "publish '%s'", w->path);
	fd_close(&w->fd);
	return 0;
}
