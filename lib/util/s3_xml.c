/* s3_xml.c: what a storage answers, as far as S3 uses XML. */
#include "lib/util/s3_xml.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *p, *end, *begin;
	char path[S3_XML_PATH];
	size_t path_n, depth;
	char text[S3_XML_TEXT];
	size_t text_n;
	bool ended;                   /* the outermost element is closed */
	s3_xml_fn *fn;
	void *arg;
};

static int
bad(const struct reader *r, const char *what, struct err *e)
{
	return err_set(e, ERR_DAMAGED, "the answer is no proper XML at byte %zu: %s",
	    (size_t)(r->p - r->begin), what);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
begins(const struct reader *r, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(r->end - r->p) >= n && memcmp(r->p, with, n) == 0;
}

static int
add(struct reader *r, const char *p, size_t n, struct err *e)
{
	if (n >= sizeof r->text - r->text_n)
		return bad(r, "a text is too long", e);
	memcpy(r->text + r->text_n, p, n);
	r->text_n += n;
	return 0;
}

/* One code point as UTF-8. */
static int
add_point(struct reader *r, uint32_t c, struct err *e)
{
	char out[4];

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return bad(r, "there is no such character", e);
	if (c < 0x80) {
		out[0] = (char)c;
		return add(r, out, 1, e);
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return add(r, out, 2, e);
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return add(r, out, 3, e);
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return add(r, out, 4, e);
}

/* "#65" or "#x41", n bytes. */
static int
add_number(struct reader *r, const char *p, size_t n, struct err *e)
{
	bool hex = n > 1 && p[1] == 'x';
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	char number[12] = "";
	size_t skip = hex ? 2 : 1;

	if (n <= skip || n - skip > 8)
		return bad(r, "there is no such character", e);
	memcpy(number, p + skip, n - skip);
	if (strspn(number, digits) != n - skip)
		return bad(r, "there is no such character", e);
	return add_point(r, (uint32_t)strtoul(number, NULL, hex ? 16 : 10), e);
}

static int
read_entity(struct reader *r, struct err *e)
{
	static const struct {
		const char *name;
		char c;
	} known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
		{ "apos", '\'' } };
	const char *name = r->p + 1, *stop = memchr(name, ';', (size_t)(r->end - name));
	size_t n;

	if (stop == NULL || stop - name > 10 || stop == name)
		return bad(r, "a reference does not end", e);
	n = (size_t)(stop - name);
	if (*name == '#') {
		if (add_number(r, name, n, e) != 0)
			return -1;
		r->p = stop + 1;
		return 0;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].name) == n && memcmp(name, known[i].name, n) == 0) {
			r->p = stop + 1;
			return add(r, &known[i].c, 1, e);
		}
	return bad(r, "a reference is not known", e);
}

/* Goes behind the next `mark`. */
static int
skip_to(struct reader *r, const char *mark, struct err *e)
{
	const char *at = memmem(r->p, (size_t)(r->end - r->p), mark, strlen(mark));

	if (at == NULL)
		return bad(r, "something does not end", e);
	r->p = at + strlen(mark);
	return 0;
}

static int
open_element(struct reader *r, const char *name, size_t n, struct err *e)
{
	if (r->ended || r->depth == S3_XML_DEPTH)
		return bad(r, r->ended ? "something follows the end" : "it is too deep", e);
	if (n == 0 || n + 2 > sizeof r->path - r->path_n)
		return bad(r, "a name is empty or too long", e);
	if (r->depth > 0)
		r->path[r->path_n++] = '/';
	memcpy(r->path + r->path_n, name, n);
	r->path_n += n;
	r->path[r->path_n] = '\0';
	r->depth++;
	r->text_n = 0;
	return 0;
}

static int
close_element(struct reader *r, const char *name, size_t n, struct err *e)
{
	const char *last = strrchr(r->path, '/');

	last = last == NULL ? r->path : last + 1;
	if (r->depth == 0 || strlen(last) != n || memcmp(last, name, n) != 0)
		return bad(r, "an element is closed that is not open", e);
	r->text[r->text_n] = '\0';
	if (r->fn(r->arg, r->path, r->text, e) != 0)
		return -1;
	r->text_n = 0;
	r->path_n = last == r->path ? 0 : (size_t)(last - r->path) - 1;
	r->path[r->path_n] = '\0';
	r->ended = --r->depth == 0;
	return 0;
}

/* The end of a tag; a '>' inside an attribute's quotes is none. */
static const char *
tag_end(const char *p, const char *end)
{
	char quote = '\0';

	for (; p < end; p++) {
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '>')
			return p;
	}
	return NULL;
}

static int
read_tag(struct reader *r, struct err *e)
{
	const char *stop = tag_end(r->p, r->end), *name = r->p + 1;
	bool closes, empty;
	size_t n = 0;

	if (stop == NULL)
		return bad(r, "a tag does not end", e);
	closes = name < stop && *name == '/';
	name += closes;
	empty = !closes && stop > name && stop[-1] == '/';
	while (name + n < stop && !is_space(name[n]) && name[n] != '/')
		n++;
	if (memchr(name, '\0', n) != NULL)
		return bad(r, "a name is none", e);
	if (!closes && open_element(r, name, n, e) != 0)
		return -1;
	if ((closes || empty) && close_element(r, name, n, e) != 0)
		return -1;
	r->p = stop + 1;
	return 0;
}

static int
read_cdata(struct reader *r, struct err *e)
{
	const char *from = r->p + strlen("<![CDATA[");

	if (skip_to(r, "]]>", e) != 0)
		return -1;
	if (r->p - 3 < from)
		return bad(r, "something does not end", e);
	return add(r, from, (size_t)(r->p - 3 - from), e);
}

static int
read_mark(struct reader *r, struct err *e)
{
	if (begins(r, "<?"))
		return skip_to(r, "?>", e);
	if (begins(r, "<!--"))
		return skip_to(r, "-->", e);
	if (begins(r, "<![CDATA["))
		return read_cdata(r, e);
	if (begins(r, "<!"))
		return bad(r, "a document type", e);
	return read_tag(r, e);
}

/* Spaces between elements are text of nobody's; in a leaf they count. */
static int
read_text(struct reader *r, struct err *e)
{
	if (*r->p == '&')
		return r->depth == 0 ? bad(r, "text outside", e) : read_entity(r, e);
	if (*r->p == '\0' || (r->depth == 0 && !is_space(*r->p)))
		return bad(r, "text outside", e);
	if (r->depth > 0 && add(r, r->p, 1, e) != 0)
		return -1;
	r->p++;
	return 0;
}

int
s3_xml_read(const char *p, size_t n, s3_xml_fn *fn, void *arg, struct err *e)
{
	struct reader r = { .p = p, .begin = p, .end = p + n, .fn = fn, .arg = arg };

	if (begins(&r, "\xef\xbb\xbf"))
		r.p += 3;
	while (r.p < r.end)
		if ((*r.p == '<' ? read_mark(&r, e) : read_text(&r, e)) != 0)
			return -1;
	return r.ended ? 0 : bad(&r, "it ends too early", e);
}
