/* csv.c: lists as comma-separated values (RFC 4180), safe to open in a spreadsheet. */
#include "lib/util/csv.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"

/* Does a spreadsheet take a text that begins so for a formula? */
static bool
is_formula(const char *p, size_t n)
{
	static const char *const starts[] = { "=", "+", "-", "@", "\t", "\r", "\n",
		"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0" };

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		size_t len = strlen(starts[i]);

		if (n >= len && memcmp(p, starts[i], len) == 0)
			return true;
	}
	return false;
}

/* The text as far as the first of these, or all of it. */
static size_t
span(const char *p, size_t n, int stop)
{
	const char *found = memchr(p, stop, n);

	return found != NULL ? (size_t)(found - p) : n;
}

static void
add_quoted(struct buf *out, const char *p, size_t n)
{
	while (n > 0) {
		size_t plain = span(p, n, '"');

		buf_add(out, p, plain);
		if (plain < n) {
			buf_text(out, "\"\"");
			plain++;
		}
		p += plain;
		n -= plain;
	}
}

void
csv_field(struct csv *c, const char *p, size_t n)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	/* Without its NULs: what stands first then is what a reader sees first. */
	while (n > 0) {
		size_t plain = span(p, n, '\0');

		buf_add(&text, p, plain);
		plain += plain < n;
		p += plain;
		n -= plain;
	}
	buf_text(c->out, c->within ? ",\"" : "\"");
	c->within = true;
	if (is_formula(text.p, text.n))
		buf_char(c->out, '\'');
	add_quoted(c->out, text.p, text.n);
	buf_char(c->out, '"');
}

void
csv_text(struct csv *c, const char *text)
{
	csv_field(c, text, text != NULL ? strlen(text) : 0);
}

void
csv_number(struct csv *c, int64_t n)
{
	if (n < 0) {
		csv_text(c, "");
		return;
	}
	buf_printf(c->out, c->within ? ",\"%" PRId64 "\"" : "\"%" PRId64 "\"", n);
	c->within = true;
}

void
csv_time(struct csv *c, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE] = "";

	if (ms != 0)
		clock_iso(iso, ms);
	csv_text(c, iso);
}

void
csv_flag(struct csv *c, bool on)
{
	csv_text(c, on ? "yes" : "no");
}

void
csv_end(struct csv *c)
{
	buf_text(c->out, "\r\n");
	c->within = false;
}

void
csv_row(struct csv *c, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		csv_text(c, names[i]);
	csv_end(c);
}
