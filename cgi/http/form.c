/* form.c: application/x-www-form-urlencoded, of bodies and of query strings. */
#include "cgi/http/form.h"

#include <string.h>

#include "lib/base/utf8.h"
#include "lib/util/url.h"

static char *
normal_lines(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from != '\r')
			*to++ = *from;
		else if (from[1] != '\n')
			*to++ = '\n';
	}
	*to = '\0';
	return text;
}

/* NULL when the bytes are not a text. */
static const char *
read_text(struct arena *a, const char *p, size_t n)
{
	char *text = url_decode(a, p, n, true);

	if (text == NULL || !utf8_valid(text, strlen(text)))
		return NULL;
	return normal_lines(text);
}

static int
read_pair(struct param *ret, struct arena *a, const char *p, size_t n)
{
	const char *equals = memchr(p, '=', n);
	size_t name = equals != NULL ? (size_t)(equals - p) : n;

	ret->name = read_text(a, p, name);
	ret->value = equals != NULL ? read_text(a, equals + 1, n - name - 1) : "";
	return ret->name != NULL && ret->value != NULL ? 0 : -1;
}

int
form_parse(struct params *ret, struct arena *a, const char *p, size_t n, struct err *e)
{
	struct params found = { NULL, 0 };
	size_t capacity = 0;

	while (n > 0) {
		const char *end = memchr(p, '&', n);
		size_t size = end != NULL ? (size_t)(end - p) : n;

		if (size > 0) {
			if (found.count == REQUEST_FIELDS_MAX) {
				err_set(e, ERR_INPUT, "The form has more than %d fields.",
				    REQUEST_FIELDS_MAX);
				return 413;
			}
			found.items =
			    arena_grow(a, found.items, found.count, &capacity, sizeof *found.items);
			if (read_pair(&found.items[found.count], a, p, size) != 0) {
				err_set(e, ERR_INPUT,
				    "The form is not encoded as the browser should have done it.");
				return 400;
			}
			found.count++;
		}
		if (end == NULL)
			break;
		n -= size + 1;
		p = end + 1;
	}
	*ret = found;
	return 0;
}
