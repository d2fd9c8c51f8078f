/* retain_rule_fuzz.c: the text of a keep rule, which a form or an API call brings. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/model/retain_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct retain_rule rule, again;
	struct err e;

	if (retain_rule_parse(&rule, arena_dupn(a, p, n), &e) != 0) {
		/* What is refused is refused in a sentence that can be shown. */
		if (e.kind != ERR_INPUT || e.text[0] == '\0' || !utf8_valid(e.text, strlen(e.text)))
			abort();
		return 0;
	}
	/* What is taken can be written, read again, and told; it keeps something. */
	if (retain_rule_parse(&again, retain_rule_text(a, &rule), &e) != 0 ||
	    !retain_rule_same(&rule, &again) || rule.min_good < 1 || rule.failed_days < 1 ||
	    strlen(retain_rule_words(a, &rule)) < sizeof "keeps" ||
	    retain_rule_small_print(a, &rule)[0] == '\0')
		abort();
	return 0;
}
