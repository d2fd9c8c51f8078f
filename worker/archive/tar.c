/* tar.c: members of a pax tar. */
#include "worker/archive/tar.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"

/* The header's fields (POSIX.1-2001, "ustar Interchange Format"). */
struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[100], magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], unused[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

/* What a field of so many bytes can say in octal. */
enum { ID_LIMIT = 1 << 21 };
static const int64_t size_limit = (int64_t)1 << 33;

size_t
tar_padding(int64_t size)
{
	return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

size_t
tar_header_bound(size_t path_length, size_t target_length)
{
	size_t names = path_length + target_length;

	/* The header; a pax header and one block of short records. */
	if (path_length < 100 && target_length < 100)
		return TAR_BLOCK * 3;
	/* Long names: in those records, or each in a member of its own. */
	return TAR_BLOCK * 9 + names;
}

/* Octal digits and a NUL; what does not fit goes in GNU's base-256, whose first byte has its top
 * bit set. */
static void
put_number(char *field, size_t n, int64_t value)
{
	int64_t limit = (int64_t)1 << (n - 1) * 3;

	if (value >= 0 && value < limit) {
		for (size_t i = n - 1; i-- > 0; value >>= 3)
			field[i] = (char)('0' + (value & 7));
		return;
	}
	for (size_t i = n; i-- > 0; value >>= 8)
		field[i] = (char)(value & 255);
	field[0] = (char)(field[0] | 0x80);
}

static void
put_bytes(char *field, size_t n, const char *text)
{
	size_t length = strlen(text);

	memcpy(field, text, length < n ? length : n);
}

static void
add_block(struct buf *out, struct ustar *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;

	memcpy(h->magic, "ustar\00000", sizeof h->magic);
	memset(h->checksum, ' ', sizeof h->checksum);
	for (size_t i = 0; i < sizeof *h; i++)
		sum += bytes[i];
	put_number(h->checksum, 7, sum);
	h->checksum[6] = '\0';
	h->checksum[7] = ' ';
	buf_add(out, h, sizeof *h);
}

static void
add_padded(struct buf *out, const char *p, size_t n)
{
	static const char zeros[TAR_BLOCK];

	buf_add(out, p, n);
	buf_add(out, zeros, tar_padding((int64_t)n));
}

/* "<length> key=value\n", where the length counts its own digits. */
static void
add_record(struct buf *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, length = rest + 1, power = 10;

	while (length >= power) {
		power *= 10;
		length++;
	}
	buf_printf(records, "%zu %s=%s\n", length, key, value);
}

static void
add_number_record(struct buf *records, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	add_record(records, key, text);
}

/* A member that says more about the next one: pax ('x') or GNU's long name ('L') and long link
 * ('K'). */
static void
add_extra(struct buf *out, char type, const char *p, size_t n)
{
	struct ustar h = { .type = type };

	/* Always the same bytes, so that it costs nothing once compressed. */
	put_bytes(h.name, sizeof h.name, type == 'x' ? "././@PaxHeader" : "././@LongLink");
	put_number(h.mode, sizeof h.mode, 0644);
	put_number(h.uid, sizeof h.uid, 0);
	put_number(h.gid, sizeof h.gid, 0);
	put_number(h.size, sizeof h.size, (int64_t)n);
	put_number(h.mtime, sizeof h.mtime, 0);
	add_block(out, &h);
	add_padded(out, p, n);
}

/* Name and prefix when the path can be cut at a '/' so that both fit. */
static bool
split_path(struct ustar *h, const char *path, size_t n)
{
	const char *cut;

	if (n <= sizeof h->name) {
		memcpy(h->name, path, n);
		return true;
	}
	/* The first '/' that leaves a name short enough; never the last byte. */
	cut = memchr(path + n - 1 - sizeof h->name, '/', sizeof h->name);
	if (cut == NULL || cut == path || (size_t)(cut - path) > sizeof h->prefix)
		return false;
	memcpy(h->prefix, path, (size_t)(cut - path));
	memcpy(h->name, cut + 1, n - 1 - (size_t)(cut - path));
	return true;
}

/* A long text: as pax record when it may stand there, else as GNU's member. */
static void
add_long(struct buf *out, struct buf *records, const char *key, const char *text)
{
	size_t n = strlen(text);

	if (utf8_valid(text, n))
		add_record(records, key, text);
	else
		add_extra(out, key[0] == 'p' ? 'L' : 'K', text, n + 1);
}

static void
add_names(struct buf *out, struct buf *records, struct ustar *h, const struct entry *entry)
{
	CLEANUP_BUF struct buf path = BUF_INIT;

	buf_text(&path, entry->path[0] ? entry->path : ".");
	if (entry->type == ENTRY_DIR)
		buf_char(&path, '/');
	if (!split_path(h, path.p, path.n)) {
		put_bytes(h->name, sizeof h->name, path.p);
		add_long(out, records, "path", path.p);
	}
	if (entry->type != ENTRY_LINK && entry->type != ENTRY_HARDLINK)
		return;
	put_bytes(h->link, sizeof h->link, entry->target);
	if (strlen(entry->target) > sizeof h->link)
		add_long(out, records, "linkpath", entry->target);
}

static void
add_mtime(struct buf *records, const struct entry *entry)
{
	char text[48];

	if (entry->mtime_ns == 0 && entry->mtime_s >= 0 && entry->mtime_s < size_limit)
		return;
	if (entry->mtime_s < 0 && entry->mtime_ns > 0)
		/* -1.75 is second -2 and 250,000,000 ns. */
		snprintf(text, sizeof text, "-%lld.%09ld", -(long long)entry->mtime_s - 1,
		    1000000000 - entry->mtime_ns);
	else
		snprintf(text, sizeof text, "%lld.%09ld", (long long)entry->mtime_s,
		    entry->mtime_ns);
	add_record(records, "mtime", text);
}

void
tar_header(struct buf *out, const struct entry *entry)
{
	static const char types[] = { [ENTRY_FILE] = '0', [ENTRY_DIR] = '5', [ENTRY_LINK] = '2',
		[ENTRY_HARDLINK] = '1' };
	CLEANUP_BUF struct buf records = BUF_INIT;
	int64_t size = entry->type == ENTRY_FILE ? entry->size : 0;
	struct ustar h = { .type = types[entry->type] };

	put_number(h.mode, sizeof h.mode, entry->mode & 07777);
	put_number(h.uid, sizeof h.uid, entry->uid);
	put_number(h.gid, sizeof h.gid, entry->gid);
	put_number(h.size, sizeof h.size, size);
	put_number(h.mtime, sizeof h.mtime, entry->mtime_s);
	put_bytes(h.uname, sizeof h.uname - 1, entry->uname);
	put_bytes(h.gname, sizeof h.gname - 1, entry->gname);
	if (size >= size_limit)
		add_number_record(&records, "size", size);
	if (entry->uid >= ID_LIMIT)
		add_number_record(&records, "uid", entry->uid);
	if (entry->gid >= ID_LIMIT)
		add_number_record(&records, "gid", entry->gid);
	add_mtime(&records, entry);
	add_names(out, &records, &h, entry);
	if (records.n > 0)
		add_extra(out, 'x', records.p, records.n);
	add_block(out, &h);
}
