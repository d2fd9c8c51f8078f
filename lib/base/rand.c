/* rand.c: randomness from the kernel, and ids that sort by time. */
#include "lib/base/rand.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lib/base/clock.h"

void
rand_bytes(void *p, size_t n)
{
	unsigned char *at = p;
	ssize_t got;

	while (n > 0) {
		got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		at += got;
		n -= (size_t)got;
	}
}

uint64_t
rand_below(uint64_t limit)
{
	uint64_t r, biased = UINT64_MAX - UINT64_MAX % limit;

	assert(limit > 0);
	do
		rand_bytes(&r, sizeof r);
	while (r >= biased);
	return r % limit;
}

void
rand_hex(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = p;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[at[i] >> 4];
		out[2 * i + 1] = digits[at[i] & 15];
	}
	out[2 * n] = '\0';
}

void
rand_uuid(char out[UUID_SIZE])
{
	uint64_t ms = (uint64_t)clock_now();
	unsigned char b[16];
	char hex[33];

	rand_bytes(b, sizeof b);
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)(ms >> (40 - 8 * i));
	b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	rand_hex(hex, b, sizeof b);
	snprintf(out, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
	    hex + 20);
}

void
rand_token(char out[TOKEN_SIZE])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char b[33] = { 0 };

	rand_bytes(b, 32);
	for (int i = 0; i < 43; i++) {
		int bit = i * 6, byte = bit / 8, shift = 10 - bit % 8;

		out[i] = digits[(((unsigned)b[byte] << 8 | b[byte + 1]) >> shift) & 63];
	}
	out[43] = '\0';
}
