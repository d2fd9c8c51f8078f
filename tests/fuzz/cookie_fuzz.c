/* cookie_fuzz.c: the Cookie header, which any program on the same host may fill. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/http/cookie.h"
#include "lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct params cookies;

	cookie_parse(&cookies, arena, arena_dupn(arena, p, n));
	if (cookies.count > COOKIES_MAX)
		abort();
	for (size_t i = 0; i < cookies.count; i++) {
		const struct param *c = &cookies.items[i];

		if (c->name[0] == '\0' || strchr(c->name, '=') != NULL ||
		    strchr(c->value, ';') != NULL || !utf8_valid(c->name, strlen(c->name)) ||
		    !utf8_valid(c->value, strlen(c->value)))
			abort();
	}
	return 0;
}
