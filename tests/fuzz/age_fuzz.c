/* age_fuzz.c: headers of encrypted files from a storage that anybody may have written to. */
#include <stdlib.h>
#include <string.h>

#include "worker/crypt/age.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const unsigned char known[AGE_KEY] = { 7 };
	static struct agekey one = { .secret = { 9 } };
	const struct agering ring = { &one, 1 };
	CLEANUP_BUF struct buf front = BUF_INIT;
	unsigned char file_key[AGE_KEY];
	size_t length = 0;
	struct err e;

	buf_add(&front, data, size);
	for (int i = 0; i < 2; i++) {
		const struct age_openers by = { &ring, i == 1 ? &known : NULL };

		/* What is taken was sealed with its key, and lies within what was given. */
		if (age_header_read(&length, file_key, &front, &by, &e) == 0 &&
		    (length == 0 || length > size))
			abort();
	}
	CLEANUP_BUF struct buf names = BUF_INIT;

	if (age_header_look(&length, &names, &front, &e) == 0 &&
	    (length == 0 || length + names.n > 2 * size))
		abort();
	return 0;
}
