/* url.c: percent-encoding (RFC 3986) and form encoding. */
#include "lib/util/url.h"

#include <string.h>

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_' || c == '~';
}

static char *
encode(struct arena *a, const char *text, char kept)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_array(a, strlen(text) + 1, 3);
	char *to = out;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_unreserved(c) || (kept != '\0' && *text == kept)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	*to = '\0';
	return out;
}

char *
url_encode(struct arena *a, const char *text)
{
	return encode(a, text, '\0');
}

char *
url_encode_path(struct arena *a, const char *path)
{
	return encode(a, path, '/');
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
url_decode(struct arena *a, const char *p, size_t n, bool form)
{
	char *out = arena_alloc(a, n + 1);
	char *to = out;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)p[i];

		if (c == '+' && form)
			c = ' ';
		if (c == '%') {
			if (n - i < 3 || digit(p[i + 1]) < 0 || digit(p[i + 2]) < 0)
				return NULL;
			c = digit(p[i + 1]) << 4 | digit(p[i + 2]);
			i += 2;
		}
		if (c == '\0')
			return NULL;
		*to++ = (char)c;
	}
	*to = '\0';
	return out;
}
