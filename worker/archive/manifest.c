/* manifest.c: one line per path, in mtree(5) with a few words of ours. */
#include "worker/archive/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/base/utf8.h"

static const char first_line[] = "#mtree", second_line[] = "# lazarette manifest ";

static const char *const type_names[] = {
	[ENTRY_FILE] = "file",
	[ENTRY_DIR] = "dir",
	[ENTRY_LINK] = "link",
	[ENTRY_HARDLINK] = "file",
};

void
manifest_head(struct buf *out, int version)
{
	buf_printf(out, "%s\n%s%d\n", first_line, second_line, version);
}

static void
add_octal(struct buf *out, unsigned char c)
{
	const char digits[4] = { '\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
		(char)('0' + (c & 7)) };

	buf_add(out, digits, sizeof digits);
}

static bool
is_plain(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '#' && c != '=' && c != '\\';
}

static void
add_escaped(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0';) {
		size_t run = 0;

		while (is_plain((unsigned char)p[run]))
			run++;
		buf_add(out, p, run);
		p += run;
		if (*p != '\0')
			add_octal(out, (unsigned char)*p++);
	}
}

static void
add_word(struct buf *out, const char *key, const char *value)
{
	buf_char(out, ' ');
	buf_text(out, key);
	buf_char(out, '=');
	add_escaped(out, value);
}

/* For 200,000 lines and more this is several times as fast as a format. */
static void
add_number(struct buf *out, const char *key, int64_t n)
{
	buf_char(out, ' ');
	buf_text(out, key);
	buf_char(out, '=');
	buf_number(out, n, 0);
}

static void
add_time(struct buf *out, const char *key, int64_t s, long ns)
{
	add_number(out, key, s);
	buf_char(out, '.');
	buf_number(out, ns, 9);
}

void
manifest_line(struct buf *out, const struct entry *entry, bool with_place)
{
	bool content = entry->type == ENTRY_FILE || entry->type == ENTRY_HARDLINK;

	buf_text(out, entry->path[0] ? "./" : ".");
	add_escaped(out, entry->path);
	buf_printf(out, " type=%s mode=%04o", type_names[entry->type], entry->mode);
	add_number(out, "uid", entry->uid);
	add_number(out, "gid", entry->gid);
	if (entry->uname[0])
		add_word(out, "uname", entry->uname);
	if (entry->gname[0])
		add_word(out, "gname", entry->gname);
	if (content)
		add_number(out, "size", entry->size);
	add_time(out, "time", entry->mtime_s, entry->mtime_ns);
	if (content)
		add_word(out, "sha256", entry->sha256);
	if (entry->type == ENTRY_LINK)
		add_word(out, "link", entry->target);
	if (with_place && entry->type == ENTRY_HARDLINK)
		add_word(out, "x-hardlink", entry->target);
	if (with_place && entry->pack[0]) {
		add_word(out, "x-pack", entry->pack);
		add_number(out, "x-frame", entry->frame);
		add_number(out, "x-offset", entry->frame_offset);
		add_number(out, "x-at", entry->at);
	}
	if (with_place && entry->pack[0] && entry->inode > 0) {
		add_time(out, "x-ctime", entry->ctime_s, entry->ctime_ns);
		add_number(out, "x-inode", entry->inode);
	}
	buf_char(out, '\n');
}

void
manifest_show_path(struct buf *out, const char *path)
{
	bool valid = utf8_valid(path, strlen(path));

	for (const char *p = path; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f || (c > 0x7f && !valid))
			add_octal(out, c);
		else
			buf_char(out, *p);
	}
}

/* -- reading -- */

/* In place; false for a broken escape or \000, which no path has. */
static bool
unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; to++) {
		unsigned c = 0;

		if (*p != '\\') {
			*to = *p++;
			continue;
		}
		for (int i = 1; i <= 3; i++) {
			if (p[i] < '0' || p[i] > '7')
				return false;
			c = c * 8 + (unsigned)(p[i] - '0');
		}
		if (c == 0 || c > 255)
			return false;
		*to = (char)c;
		p += 4;
	}
	*to = '\0';
	return true;
}

static bool
parse_octal(unsigned *ret, const char *text)
{
	unsigned mode = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p < '0' || *p > '7' || mode > 07777)
			return false;
		mode = mode * 8 + (unsigned)(*p - '0');
	}
	*ret = mode;
	return text[0] != '\0' && mode <= 07777;
}

static bool
parse_unsigned(unsigned *ret, const char *text)
{
	int64_t n;

	if (!num_parse(&n, text, 0, UINT32_MAX))
		return false;
	*ret = (unsigned)n;
	return true;
}

/* "-12.000000005": the fraction always counts forward, as in struct timespec. */
static bool
parse_time(int64_t *s, long *after, char *text)
{
	bool negative = text[0] == '-';
	char *dot = strchr(text, '.');
	int64_t ns;

	if (dot == NULL || strlen(dot + 1) != 9 || !num_parse(&ns, dot + 1, 0, 999999999))
		return false;
	*dot = '\0';
	if (!num_parse(s, text + negative, 0, INT64_MAX))
		return false;
	*s = negative ? -*s : *s;
	*after = (long)ns;
	return true;
}

static bool
parse_hash(struct entry *entry, const char *text)
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
		return false;
	memcpy(entry->sha256, text, 65);
	return true;
}

static bool
parse_type(struct entry *entry, const char *text)
{
	for (size_t i = ENTRY_FILE; i <= ENTRY_LINK; i++) {
		if (strcmp(text, type_names[i]) != 0)
			continue;
		/* x-hardlink may have come before. */
		if (entry->type != ENTRY_HARDLINK)
			entry->type = (enum entry_type)i;
		return true;
	}
	return false;
}

static bool
parse_text(const char **ret, char *text)
{
	*ret = text;
	return unescape(text);
}

static bool
parse_hardlink(struct entry *entry, char *text)
{
	entry->type = ENTRY_HARDLINK;
	return parse_text(&entry->target, text);
}

/* Words of others are passed over, so that an mtree with more in it can be read. */
static bool
parse_word(struct entry *entry, const char *key, char *value)
{
	const struct {
		const char *key;
		int64_t *number;
	} numbers[] = {
		{ "size", &entry->size }, { "x-frame", &entry->frame },
		{ "x-offset", &entry->frame_offset }, { "x-at", &entry->at },
		{ "x-inode", &entry->inode },
	};
	const struct {
		const char *key;
		const char **text;
	} texts[] = {
		{ "uname", &entry->uname }, { "gname", &entry->gname }, { "link", &entry->target },
		{ "x-pack", &entry->pack },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (strcmp(key, numbers[i].key) == 0)
			return num_parse(numbers[i].number, value, 0, INT64_MAX);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(key, texts[i].key) == 0)
			return parse_text(texts[i].text, value);
	if (strcmp(key, "type") == 0)
		return parse_type(entry, value);
	if (strcmp(key, "mode") == 0)
		return parse_octal(&entry->mode, value);
	if (strcmp(key, "uid") == 0)
		return parse_unsigned(&entry->uid, value);
	if (strcmp(key, "gid") == 0)
		return parse_unsigned(&entry->gid, value);
	if (strcmp(key, "time") == 0)
		return parse_time(&entry->mtime_s, &entry->mtime_ns, value);
	if (strcmp(key, "x-ctime") == 0)
		return parse_time(&entry->ctime_s, &entry->ctime_ns, value);
	if (strcmp(key, "sha256") == 0)
		return parse_hash(entry, value);
	if (strcmp(key, "x-hardlink") == 0)
		return parse_hardlink(entry, value);
	return true;
}

bool
manifest_path_ok(const char *path)
{
	const char *p = path;

	if (path[0] == '\0')
		return true;
	for (;;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		if (p[n] == '\0')
			return true;
		p += n + 1;
	}
}

static int
parse_path(struct entry *entry, char *text, struct err *e)
{
	bool root = strcmp(text, ".") == 0;

	if (!root && strncmp(text, "./", 2) != 0)
		return err_set(e, ERR_DAMAGED, "the path does not begin with './'");
	entry->path = root ? "" : text + 2;
	if (!unescape(text) || (!root && entry->path[0] == '\0') || !manifest_path_ok(entry->path))
		return err_set(e, ERR_DAMAGED, "the path is not valid");
	return 0;
}

int
manifest_parse(struct entry *ret, bool *skip, struct arena *a, const char *line, struct err *e)
{
	struct entry entry = { .uname = "", .gname = "", .target = "", .pack = "", .size = -1,
		.mtime_s = INT64_MIN, .type = ENTRY_DIR };
	char *rest, *text = arena_dup(a, line);
	bool typed = false;

	*skip = line[0] == '#' || line[0] == '\0';
	if (*skip)
		return 0;
	char *path = strtok_r(text, " ", &rest);
	if (path == NULL)
		return err_set(e, ERR_DAMAGED, "the line has no path");
	if (parse_path(&entry, path, e) != 0)
		return -1;
	for (char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
		char *equals = strchr(word, '=');

		if (equals == NULL)
			continue;
		*equals = '\0';
		typed = typed || strcmp(word, "type") == 0;
		if (!parse_word(&entry, word, equals + 1))
			return err_set(e, ERR_DAMAGED, "the value of '%.40s' is not valid", word);
	}
	if (!typed || entry.mtime_s == INT64_MIN)
		return err_set(e, ERR_DAMAGED, "the type or the time is missing");
	if ((entry.type == ENTRY_FILE || entry.type == ENTRY_HARDLINK)
	    && (entry.size < 0 || entry.sha256[0] == '\0'))
		return err_set(e, ERR_DAMAGED, "the size or the SHA-256 is missing");
	entry.size = entry.size < 0 ? 0 : entry.size;
	*ret = entry;
	return 0;
}

/* One that nobody can know yet. */
static bool
is_newer(const char *version)
{
	int64_t n;

	return !num_parse(&n, version, 1, MANIFEST_CHAIN);
}

static int
take_line(struct manifest_reader *r, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct entry entry;
	bool skip;

	r->number++;
	if (r->number == 1 && strcmp(r->line.p, first_line) != 0)
		return err_set(e, ERR_DAMAGED, "the manifest does not begin with '#mtree'");
	if (r->number == 2 && strncmp(r->line.p, second_line, sizeof second_line - 1) == 0
	    && is_newer(r->line.p + sizeof second_line - 1))
		return err_set(e, ERR_INPUT, "the manifest has version %.20s, this Lazarette knows"
		    " %d: install a newer one", r->line.p + sizeof second_line - 1, MANIFEST_CHAIN);
	if (strlen(r->line.p) != r->line.n)
		return err_set(e, ERR_DAMAGED, "line %lld of the manifest has a NUL in it",
		    (long long)r->number);
	if (manifest_parse(&entry, &skip, a, r->line.p, e) != 0)
		return err_in(e, "line %lld of the manifest", (long long)r->number);
	buf_clear(&r->line);
	return skip ? 0 : r->each(r->arg, &entry, e);
}

int
manifest_read(struct manifest_reader *r, const void *p, size_t n, struct err *e)
{
	const char *at = p, *end = at + n;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t take = (size_t)((stop != NULL ? stop : end) - at);

		if (r->line.n + take > MANIFEST_LINE_MAX)
			return err_set(e, ERR_DAMAGED, "line %lld of the manifest is too long",
			    (long long)r->number + 1);
		buf_add(&r->line, at, take);
		if (stop == NULL)
			return 0;
		if (take_line(r, e) != 0)
			return -1;
		at = stop + 1;
	}
	return 0;
}

int
manifest_read_end(struct manifest_reader *r, struct err *e)
{
	bool whole = r->line.n == 0 && r->number > 0;

	manifest_reader_release(r);
	return whole ? 0 : err_set(e, ERR_DAMAGED, "the manifest does not end with a whole line");
}

void
manifest_reader_release(struct manifest_reader *r)
{
	buf_release(&r->line);
}
