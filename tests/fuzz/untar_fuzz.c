/* untar_fuzz.c: any bytes as a tar: no path leaves the root, and what our writer makes of a member
 * is read as that member again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "worker/archive/tar.h"
#include "worker/archive/untar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct twice {
	struct entry first;
	int members;
};

static int
no_content(void *arg, const void *p, size_t n, struct err *e)
{
	(void)arg;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

static int
same_member(void *arg, const struct entry *entry, struct err *e)
{
	struct twice *t = arg;

	(void)e;
	t->members++;
	assert(strcmp(entry->path, t->first.path) == 0 && entry->type == t->first.type);
	assert(entry->size == t->first.size && entry->mtime_s == t->first.mtime_s);
	assert(entry->mtime_ns == t->first.mtime_ns && entry->mode == t->first.mode);
	assert(entry->uid == t->first.uid && entry->gid == t->first.gid);
	return 0;
}

static int
again(void *arg, const struct entry *entry, struct err *e)
{
	CLEANUP_BUF struct buf header = BUF_INIT;
	CLEANUP_UNTAR struct untar *u = NULL;
	struct twice t = { *entry, 0 };
	const struct untar_to to = { same_member, no_content, &t };

	(void)arg;
	assert(manifest_path_ok(entry->path));
	/* An empty target is no link; our writer never has one. */
	if ((entry->type == ENTRY_LINK || entry->type == ENTRY_HARDLINK) &&
	    entry->target[0] == '\0')
		return 0;
	tar_header(&header, entry);
	assert(header.n <= tar_header_bound(strlen(entry->path), strlen(entry->target)));
	u = untar_new(&to);
	assert(untar_write(u, header.p, header.n, e) == 0);
	assert(t.members == 1);
	return 0;
}

/* Chance never finds a checksum: each block that says "ustar" gets the right one. */
static void
mend(char *bytes, size_t n)
{
	for (size_t at = 0; at + TAR_BLOCK <= n; at += TAR_BLOCK) {
		char *block = bytes + at;
		unsigned sum = 0;

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		memset(block + 148, ' ', 8);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += (unsigned char)block[i];
		for (size_t i = 6; i-- > 0; sum >>= 3)
			block[148 + i] = (char)('0' + (sum & 7));
		block[154] = '\0';
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *given, size_t n)
{
	const struct untar_to to = { again, no_content, NULL };
	CLEANUP_UNTAR struct untar *u = untar_new(&to);
	CLEANUP_BUF struct buf mended = BUF_INIT;
	const char *data;
	size_t third = n / 3;
	struct err e;

	buf_add(&mended, given, n);
	if (n > 0)
		mend(mended.p, mended.n);
	data = mended.p;

	if (untar_write(u, data, third, &e) == 0 && untar_write(u, data + third, n - third, &e) == 0
	    && untar_end(u, &e) != 0)
		assert(e.kind == ERR_DAMAGED);
	return 0;
}
