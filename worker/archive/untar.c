/* untar.c: a tar stream, taken apart as its bytes come. */
#include "worker/archive/untar.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/num.h"
#include "worker/archive/tar.h"

/* pax records and long names; a path has at most 4096 bytes. */
enum { EXTRA_MAX = 64 << 10, ENDS = 2 };

enum untar_state { UNTAR_HEADER, UNTAR_EXTRA, UNTAR_CONTENT, UNTAR_PADDING };

struct untar {
	struct untar_to to;
	enum untar_state state;
	unsigned char block[TAR_BLOCK];
	size_t block_n;
	int ends;                     /* blocks of zeros seen */
	int64_t left;                 /* of an extra or content; then of padding */
	size_t padding;
	char extra_type;
	struct buf extra;
	/* What extras said about the next member. */
	struct buf path, target;
	bool has_size, has_mtime, has_uid, has_gid;
	int64_t size, mtime_s, uid, gid;
	long mtime_ns;
};

struct untar *
untar_new(const struct untar_to *to)
{
	struct untar *u = xmalloc(sizeof *u);

	*u = (struct untar){ .to = *to, .extra = BUF_INIT, .path = BUF_INIT, .target = BUF_INIT };
	return u;
}

void
untar_freep(struct untar **u)
{
	if (*u == NULL)
		return;
	buf_release(&(*u)->extra);
	buf_release(&(*u)->path);
	buf_release(&(*u)->target);
	free(*u);
	*u = NULL;
}

static int
bad(struct err *e, const char *what)
{
	return err_set(e, ERR_DAMAGED, "the archive is damaged: %s", what);
}

/* Octal, or GNU's base-256 when the first bit is set. */
static bool
get_number(int64_t *ret, const unsigned char *field, size_t n)
{
	uint64_t value = 0;
	size_t i = 0;

	if (field[0] & 0x80) {
		bool negative = (field[0] & 0x40) != 0;

		value = negative ? ~(uint64_t)0 : 0;
		value = value << 6 | (field[0] & 0x3f);
		for (i = 1; i < n; i++) {
			uint64_t top = value >> 55;

			if (top != 0 && top != 0x1ff)
				return false;
			value = value << 8 | field[i];
		}
		*ret = (int64_t)value;
		return (*ret < 0) == negative;
	}
	while (i < n && field[i] == ' ')
		i++;
	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		value = value * 8 + (uint64_t)(field[i] - '0');
	*ret = (int64_t)value;
	return i == n || field[i] == '\0' || field[i] == ' ';
}

static bool
checksum_ok(const unsigned char *block)
{
	int64_t want, sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	return get_number(&want, block + 148, 8) && want == sum;
}

static void
add_field(struct buf *to, const unsigned char *field, size_t n)
{
	buf_add(to, field, strnlen((const char *)field, n));
}

static void
forget_extras(struct untar *u)
{
	buf_clear(&u->path);
	buf_clear(&u->target);
	u->has_size = u->has_mtime = u->has_uid = u->has_gid = false;
}

/* "-1.75" is second -2 and 250,000,000 ns. */
static bool
parse_mtime(struct untar *u, char *text)
{
	bool negative = text[0] == '-';
	char *dot = strchr(text, '.');
	int64_t ns = 0;

	if (dot != NULL) {
		char digits[10] = "000000000";
		size_t n = strlen(dot + 1);

		memcpy(digits, dot + 1, n < 9 ? n : 9);
		*dot = '\0';
		if (!num_parse(&ns, digits, 0, 999999999))
			return false;
	}
	if (!num_parse(&u->mtime_s, text + negative, 0, INT64_MAX - 1))
		return false;
	u->mtime_ns = (long)ns;
	if (negative) {
		u->mtime_s = -u->mtime_s - (ns > 0);
		u->mtime_ns = ns > 0 ? 1000000000 - (long)ns : 0;
	}
	u->has_mtime = true;
	return true;
}

static bool
use_record(struct untar *u, const char *key, char *value)
{
	if (strcmp(key, "path") == 0 || strcmp(key, "linkpath") == 0) {
		struct buf *to = key[0] == 'p' ? &u->path : &u->target;

		buf_clear(to);
		buf_text(to, value);
		return value[0] != '\0';
	}
	if (strcmp(key, "size") == 0)
		return u->has_size = num_parse(&u->size, value, 0, INT64_MAX);
	if (strcmp(key, "uid") == 0)
		return u->has_uid = num_parse(&u->uid, value, 0, UINT32_MAX);
	if (strcmp(key, "gid") == 0)
		return u->has_gid = num_parse(&u->gid, value, 0, UINT32_MAX);
	if (strcmp(key, "mtime") == 0)
		return parse_mtime(u, value);
	return true;
}

/* "<length> key=value\n", one after the other; the length counts the whole record. */
static int
use_pax(struct untar *u, struct err *e)
{
	char *at = u->extra.p, *end = at + u->extra.n;

	while (at < end) {
		char *space = memchr(at, ' ', (size_t)(end - at)), *equals;
		int64_t length;

		if (space == NULL)
			return bad(e, "a pax record has no length");
		*space = '\0';
		if (!num_parse(&length, at, 5, end - at) || at + length <= space + 2
		    || at[length - 1] != '\n')
			return bad(e, "a pax record has a wrong length");
		at[length - 1] = '\0';
		equals = memchr(space + 1, '=', (size_t)(at + length - space - 1));
		if (equals == NULL || strlen(equals) != (size_t)(at + length - 1 - equals))
			return bad(e, "a pax record has no value");
		*equals = '\0';
		if (!use_record(u, space + 1, equals + 1))
			return bad(e, "a pax record has a value that is not valid");
		at += length;
	}
	return 0;
}

static int
use_extra(struct untar *u, struct err *e)
{
	struct buf *to = u->extra_type == 'L' ? &u->path : &u->target;

	if (u->extra_type == 'x')
		return use_pax(u, e);
	if (u->extra_type == 'g')
		return 0;
	buf_clear(to);
	buf_add(to, u->extra.p, strlen(u->extra.p));
	return to->n > 0 ? 0 : bad(e, "a long name is empty");
}

static int
entry_type(enum entry_type *ret, unsigned char flag, struct err *e)
{
	switch (flag) {
	case '0':
	case '\0':
		*ret = ENTRY_FILE;
		return 0;
	case '1':
		*ret = ENTRY_HARDLINK;
		return 0;
	case '2':
		*ret = ENTRY_LINK;
		return 0;
	case '5':
		*ret = ENTRY_DIR;
		return 0;
	default:
		return err_set(e, ERR_DAMAGED, "the archive has a member of kind %d", flag);
	}
}

/* Leading "./" and trailing "/" are how tar writes; what is left must stay below the root. */
static const char *
clean_path(struct buf *path)
{
	char *p = path->p;

	while (path->n > 0 && path->p[path->n - 1] == '/')
		buf_cut(path, path->n - 1);
	p = path->p;
	while (strncmp(p, "./", 2) == 0)
		p += 2;
	return strcmp(p, ".") == 0 ? p + 1 : p;
}

static bool
read_numbers(struct entry *entry, const struct untar *u)
{
	int64_t mode, uid, gid, size, mtime;

	if (!get_number(&mode, u->block + 100, 8) || !get_number(&uid, u->block + 108, 8)
	    || !get_number(&gid, u->block + 116, 8) || !get_number(&size, u->block + 124, 12)
	    || !get_number(&mtime, u->block + 136, 12))
		return false;
	size = u->has_size ? u->size : size;
	uid = u->has_uid ? u->uid : uid;
	gid = u->has_gid ? u->gid : gid;
	if (size < 0 || uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return false;
	entry->mode = (unsigned)mode & 07777;
	entry->uid = (unsigned)uid;
	entry->gid = (unsigned)gid;
	entry->size = entry->type == ENTRY_FILE ? size : 0;
	entry->mtime_s = u->has_mtime ? u->mtime_s : mtime;
	entry->mtime_ns = u->has_mtime ? u->mtime_ns : 0;
	return true;
}

static int
use_member(struct untar *u, struct err *e)
{
	CLEANUP_BUF struct buf uname = BUF_INIT, gname = BUF_INIT;
	struct entry entry = { .pack = "" };

	if (entry_type(&entry.type, u->block[156], e) != 0)
		return -1;
	if (!read_numbers(&entry, u))
		return bad(e, "a header has a number that is not valid");
	if (u->path.n == 0 && u->block[345] != '\0' && memcmp(u->block + 257, "ustar\0", 6) == 0) {
		add_field(&u->path, u->block + 345, 155);
		buf_char(&u->path, '/');
		add_field(&u->path, u->block, 100);
	} else if (u->path.n == 0) {
		add_field(&u->path, u->block, 100);
	}
	if (u->target.n == 0)
		add_field(&u->target, u->block + 157, 100);
	add_field(&uname, u->block + 265, 32);
	add_field(&gname, u->block + 297, 32);
	entry.path = clean_path(&u->path);
	entry.target = entry.type == ENTRY_HARDLINK ? clean_path(&u->target) : u->target.p;
	entry.uname = uname.p;
	entry.gname = gname.p;
	if (!manifest_path_ok(entry.path) || (entry.path[0] == '\0' && entry.type != ENTRY_DIR)
	    || (entry.type == ENTRY_HARDLINK && !manifest_path_ok(entry.target)))
		return bad(e, "a path leaves its root");
	u->left = entry.size;
	u->padding = tar_padding(entry.size);
	u->state = u->left > 0 ? UNTAR_CONTENT : UNTAR_HEADER;
	if (u->to.member(u->to.arg, &entry, e) != 0)
		return -1;
	forget_extras(u);
	return 0;
}

static int
use_header(struct untar *u, struct err *e)
{
	static const unsigned char zeros[TAR_BLOCK];
	char type = (char)u->block[156];

	u->block_n = 0;
	if (memcmp(u->block, zeros, sizeof zeros) == 0) {
		u->ends++;
		return 0;
	}
	if (u->ends > 0)
		return bad(e, "it goes on behind its end");
	if (!checksum_ok(u->block))
		return bad(e, "a header has a wrong checksum");
	if (type != 'x' && type != 'g' && type != 'L' && type != 'K')
		return use_member(u, e);
	if (!get_number(&u->left, u->block + 124, 12) || u->left <= 0 || u->left > EXTRA_MAX)
		return bad(e, "an extra header has a size that is not valid");
	u->extra_type = type;
	u->padding = tar_padding(u->left);
	u->state = UNTAR_EXTRA;
	buf_clear(&u->extra);
	return 0;
}

static int
use_bytes(struct untar *u, const void *p, size_t n, struct err *e)
{
	if (u->state == UNTAR_CONTENT && u->to.content(u->to.arg, p, n, e) != 0)
		return -1;
	if (u->state == UNTAR_EXTRA)
		buf_add(&u->extra, p, n);
	u->left -= (int64_t)n;
	if (u->left > 0)
		return 0;
	if (u->state == UNTAR_EXTRA && use_extra(u, e) != 0)
		return -1;
	u->left = u->state == UNTAR_PADDING ? 0 : (int64_t)u->padding;
	u->state = u->left > 0 ? UNTAR_PADDING : UNTAR_HEADER;
	return 0;
}

int
untar_write(struct untar *u, const void *p, size_t n, struct err *e)
{
	const char *at = p;

	while (n > 0) {
		size_t take;

		if (u->state == UNTAR_HEADER) {
			take = TAR_BLOCK - u->block_n < n ? TAR_BLOCK - u->block_n : n;
			memcpy(u->block + u->block_n, at, take);
			u->block_n += take;
			if (u->block_n == TAR_BLOCK && use_header(u, e) != 0)
				return -1;
		} else {
			take = u->left < (int64_t)n ? (size_t)u->left : n;
			if (use_bytes(u, at, take, e) != 0)
				return -1;
		}
		at += take;
		n -= take;
	}
	return 0;
}

int
untar_end(struct untar *u, struct err *e)
{
	if (u->state != UNTAR_HEADER || u->block_n > 0 || u->ends < ENDS)
		return bad(e, "its end is missing");
	return 0;
}
