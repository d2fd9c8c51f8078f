/* extras.c: the two members in front of a media download, made from the stored manifest. */
#include "worker/archive/extras.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/num.h"

static const char
    *const names[EXTRAS] = { [EXTRA_MANIFEST] = "MANIFEST", [EXTRA_SUMS] = "SHA256SUMS" };
enum { NUMBER_MAX = 63 };

static void
learn_name(struct extra_facts *facts, const char *name, const char *path)
{
	size_t n = strlen(name), length = strcspn(path, "/");
	char number[4] = "1";
	int64_t i;

	if (length < n || memcmp(path, name, n) != 0)
		return;
	if (length > n) {
		if (path[n] != '-' || length - n - 1 >= sizeof number)
			return;
		snprintf(number, sizeof number, "%.*s", (int)(length - n - 1), path + n + 1);
	}
	if (num_parse(&i, number, 1, NUMBER_MAX))
		facts->taken |= (uint64_t)1 << i;
}

/* `sha256sum -c` reads it: a line with a newline, return or backslash in its name begins with a
 * backslash. */
static void
sum_line(struct buf *out, const struct entry *entry)
{
	const char *path = entry->path;
	bool escaped = strpbrk(path, "\n\r\\") != NULL;

	if (entry->type != ENTRY_FILE && entry->type != ENTRY_HARDLINK)
		return;
	/* "-" alone would be the standard input. */
	buf_printf(out, "%s%s  %s", escaped ? "\\" : "", entry->sha256,
	    strcmp(path, "-") == 0 ? "./" : "");
	for (const char *p = path; *p != '\0'; p++) {
		if (*p == '\n')
			buf_text(out, "\\n");
		else if (*p == '\r')
			buf_text(out, "\\r");
		else if (*p == '\\')
			buf_text(out, "\\\\");
		else
			buf_char(out, *p);
	}
	buf_char(out, '\n');
}

static void
line(struct buf *out, enum extra which, const struct entry *entry)
{
	if (which == EXTRA_MANIFEST)
		manifest_line(out, entry, false);
	else
		sum_line(out, entry);
}

void
extras_head(struct buf *out, enum extra which)
{
	if (which == EXTRA_MANIFEST)
		manifest_head(out, MANIFEST_FULL);
}

int
extras_learn(void *arg, const struct entry *entry, struct err *e)
{
	struct extras *x = arg;

	(void)e;
	for (int which = 0; which < EXTRAS; which++) {
		CLEANUP_BUF struct buf text = BUF_INIT;

		line(&text, (enum extra)which, entry);
		x->facts[which].bytes += (int64_t)text.n;
		learn_name(&x->facts[which], names[which], entry->path);
	}
	return 0;
}

int
extras_write(void *arg, const struct entry *entry, struct err *e)
{
	struct extras *x = arg;
	CLEANUP_BUF struct buf text = BUF_INIT;

	line(&text, x->which, entry);
	return text.n > 0 ? sink_write(x->to, text.p, text.n, e) : 0;
}

int
extras_name(char ret[EXTRA_NAME_SIZE], const struct extras *x, enum extra which, struct err *e)
{
	for (int i = 1; i <= NUMBER_MAX; i++) {
		if (x->facts[which].taken & (uint64_t)1 << i)
			continue;
		if (i == 1)
			snprintf(ret, EXTRA_NAME_SIZE, "%s", names[which]);
		else
			snprintf(ret, EXTRA_NAME_SIZE, "%s-%d", names[which], i);
		return 0;
	}
	return err_set(e, ERR_INPUT, "the contents have all names from %s to %s-%d", names[which],
	    names[which], NUMBER_MAX);
}
