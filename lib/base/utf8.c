/* utf8.c: text from outside is checked or cleaned before anybody sees it. */
#include "lib/base/utf8.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/buf.h"

/* Bytes of the well-formed character at p, or 0. */
static size_t
character(const unsigned char *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return len;
}

bool
utf8_valid(const char *p, size_t n)
{
	size_t len;

	for (; n > 0; p += len, n -= len)
		if ((len = character((const unsigned char *)p, n)) == 0)
			return false;
	return true;
}

size_t
utf8_length(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

size_t
utf8_cut(const char *text, size_t most)
{
	size_t n = strlen(text);

	if (n <= most)
		return n;
	for (n = most; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		continue;
	return n;
}

char *
utf8_clean(struct arena *a, const char *p, size_t n)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		unsigned char c = (unsigned char)*p;

		len = character((const unsigned char *)p, n);
		if (len == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
			buf_text(&out, "\xef\xbf\xbd");
			len = 1;
		} else {
			buf_add(&out, p, len);
		}
	}
	return arena_dupn(a, out.p, out.n);
}

void
utf8_show_path(struct buf *out, const char *path)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/") + (*path == '/');
		bool valid = utf8_valid(path, n);

		for (size_t i = 0; i < n; i++) {
			unsigned char c = (unsigned char)path[i];

			if (c < 0x20 || c == 0x7f || c == '\\' || (c > 0x7f && !valid))
				buf_printf(out, "\\%03o", c);
			else
				buf_char(out, path[i]);
		}
		path += n;
	}
}
