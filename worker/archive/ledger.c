/* ledger.c: the files of a service's last backup, as a local file to look them up in.
 *
 *   head · records · the same by inode · by hash · names of packs · SHA-256 of all before
 */
#include "worker/archive/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/util/hash.h"
#include "worker/archive/ledger_file.h"

struct ledger {
	const unsigned char *map;
	size_t size;
	const struct ledger_head *head;
	const struct ledger_record *records;
	const struct ledger_key *by_inode, *by_hash;
	const char *packs;            /* LEDGER_NAME bytes each */
};

/* -- opening -- */

static bool
is_sound(const struct ledger *l, const char *manifest_sha256)
{
	const struct ledger_head *h = (const void *)l->map;
	size_t body = l->size - LEDGER_SUM;
	char sum[HASH_HEX_SIZE];

	if (memcmp(h->magic, LEDGER_MAGIC, sizeof h->magic) != 0
	    || memcmp(h->manifest_sha256, manifest_sha256, sizeof h->manifest_sha256) != 0
	    || h->count > UINT32_MAX || h->packs > UINT32_MAX
	    || ledger_file_size(h->count, h->packs) != l->size)
		return false;
	hash_of(sum, l->map, body);
	return memcmp(sum, l->map + body, LEDGER_SUM) == 0;
}

/* The checksum holds, so this can only be its writer's fault; a lookup must not run astray. */
static bool
is_in_bounds(const struct ledger *l)
{
	for (size_t i = 0; i < l->head->count; i++)
		if (l->by_inode[i].number >= l->head->count
		    || l->by_hash[i].number >= l->head->count
		    || l->records[i].pack >= l->head->packs)
			return false;
	for (size_t i = 0; i < l->head->packs; i++)
		if (memchr(l->packs + i * LEDGER_NAME, '\0', LEDGER_NAME) == NULL)
			return false;
	return true;
}

static void
find_pieces(struct ledger *l)
{
	l->head = (const void *)l->map;
	l->records = (const void *)(l->map + sizeof *l->head);
	l->by_inode = (const void *)(l->records + l->head->count);
	l->by_hash = l->by_inode + l->head->count;
	l->packs = (const void *)(l->by_hash + l->head->count);
}

int
ledger_open(struct ledger **ret, const char *path, const char *manifest_sha256, struct err *e)
{
	CLEANUP_LEDGER struct ledger *l = xmalloc(sizeof *l);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	*l = (struct ledger){ .map = NULL };
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "there is no ledger '%s'", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(e, "open '%s'", path);
	if (st.st_size < (off_t)(sizeof(struct ledger_head) + LEDGER_SUM))
		return err_set(e, ERR_DAMAGED, "'%s' is too short", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "map '%s'", path);
	l->map = map;
	l->size = (size_t)st.st_size;
	if (!is_sound(l, manifest_sha256))
		return err_set(e, ERR_DAMAGED, "'%s' is not of the last backup", path);
	find_pieces(l);
	if (!is_in_bounds(l))
		return err_set(e, ERR_DAMAGED, "'%s' points outside of itself", path);
	*ret = l;
	l = NULL;
	return 0;
}

void
ledger_closep(struct ledger **pl)
{
	struct ledger *l = *pl;

	*pl = NULL;
	if (l == NULL)
		return;
	if (l->map != NULL)
		munmap((void *)(uintptr_t)l->map, l->size);
	free(l);
}

size_t
ledger_count(const struct ledger *l)
{
	return (size_t)l->head->count;
}

const struct ledger_record *
ledger_at(const struct ledger *l, size_t i)
{
	return &l->records[i];
}

size_t
ledger_number(const struct ledger *l, const struct ledger_record *r)
{
	return (size_t)(r - l->records);
}

size_t
ledger_packs(const struct ledger *l)
{
	return (size_t)l->head->packs;
}

const char *
ledger_pack(const struct ledger *l, size_t i)
{
	return l->packs + i * LEDGER_NAME;
}

void
ledger_passed(const struct ledger *l, size_t i)
{
	enum { STEP = 1 << 20 };
	size_t n = (size_t)((const unsigned char *)&l->records[i] - l->map) / STEP * STEP;

	if (n > 0)
		madvise((void *)(uintptr_t)l->map, n, MADV_DONTNEED);
}

/* -- looking up -- */

/* Not against anybody who means harm: who makes two paths alike must also make inode, size and both
 * times alike, and then deceives himself only. */
uint64_t
ledger_path(const char *path)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *path != '\0'; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001b3u;
	return h;
}

/* Where in an order the first one lies that is not below the key. */
static size_t
first_of(const struct ledger *l, const struct ledger_key *order, uint64_t key)
{
	size_t from = 0, to = ledger_count(l);

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (order[mid].key < key)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

const struct ledger_record *
ledger_find(const struct ledger *l, const struct stat *st, uint64_t path)
{
	const struct ledger_record *found = NULL;

	for (size_t i = first_of(l, l->by_inode, st->st_ino);
	     i < ledger_count(l) && l->by_inode[i].key == st->st_ino; i++) {
		const struct ledger_record *r = &l->records[l->by_inode[i].number];

		if (r->inode == 0 || r->size != st->st_size || r->mtime_s != st->st_mtim.tv_sec
		    || r->mtime_ns != st->st_mtim.tv_nsec || r->ctime_s != st->st_ctim.tv_sec
		    || r->ctime_ns != st->st_ctim.tv_nsec)
			continue;
		if (r->path == path)
			return r;
		found = r;
	}
	return found;
}

bool
ledger_had(const struct ledger *l, const struct stat *st)
{
	for (size_t i = first_of(l, l->by_inode, st->st_ino);
	     i < ledger_count(l) && l->by_inode[i].key == st->st_ino; i++)
		if (l->records[l->by_inode[i].number].size == st->st_size)
			return true;
	return false;
}

void
ledger_find_content(size_t *from, size_t *to, const struct ledger *l, const char *sha256,
    int64_t size)
{
	unsigned char bytes[32];
	size_t at;

	ledger_file_bytes(bytes, sha256);
	for (at = first_of(l, l->by_hash, ledger_file_begin(bytes)); at < ledger_count(l); at++)
		if (memcmp(ledger_by_hash(l, at)->sha256, bytes, sizeof bytes) >= 0)
			break;
	for (*from = *to = at; *to < ledger_count(l); ++*to) {
		const struct ledger_record *r = ledger_by_hash(l, *to);

		if (memcmp(r->sha256, bytes, sizeof bytes) != 0 || r->size != size)
			break;
	}
}

const struct ledger_record *
ledger_by_hash(const struct ledger *l, size_t i)
{
	return &l->records[l->by_hash[i].number];
}

void
ledger_fill(struct entry *entry, const struct ledger *l, const struct ledger_record *r)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 64; i++)
		entry->sha256[i] = digits[r->sha256[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	entry->sha256[64] = '\0';
	entry->size = r->size;
	entry->pack = ledger_pack(l, r->pack);
	entry->frame = r->frame;
	entry->frame_offset = r->frame_offset;
	entry->at = r->at;
}
