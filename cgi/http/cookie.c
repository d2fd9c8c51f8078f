/* cookie.c: the Cookie header (RFC 6265). */
#include "cgi/http/cookie.h"

#include <string.h>

#include "lib/base/utf8.h"

static void
trim(const char **p, size_t *n)
{
	while (*n > 0 && ((*p)[0] == ' ' || (*p)[0] == '\t')) {
		(*p)++;
		(*n)--;
	}
	while (*n > 0 && ((*p)[*n - 1] == ' ' || (*p)[*n - 1] == '\t'))
		(*n)--;
}

static void
add_pair(struct params *to, size_t *capacity, struct arena *a, const char *p, size_t n)
{
	const char *equals = memchr(p, '=', n), *value;
	size_t name, size;

	if (equals == NULL || !utf8_valid(p, n))
		return;
	value = equals + 1;
	name = (size_t)(equals - p);
	size = n - name - 1;
	trim(&p, &name);
	trim(&value, &size);
	if (name == 0)
		return;
	to->items = arena_grow(a, to->items, to->count, capacity, sizeof *to->items);
	to->items[to->count].name = arena_dupn(a, p, name);
	to->items[to->count].value = arena_dupn(a, value, size);
	to->count++;
}

void
cookie_parse(struct params *ret, struct arena *a, const char *header)
{
	struct params found = { NULL, 0 };
	size_t capacity = 0;

	while (*header != '\0' && found.count < COOKIES_MAX) {
		size_t n = strcspn(header, ";");

		add_pair(&found, &capacity, a, header, n);
		header += n;
		if (*header == ';')
			header++;
	}
	*ret = found;
}
