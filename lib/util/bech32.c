/* bech32.c: bytes as text that tells of a typing mistake. */
#include "lib/util/bech32.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { DATA = 52, CHECK = 6, FIVE = 31 };
static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t
step(uint32_t sum, unsigned value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
		0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if ((top >> i & 1) != 0)
			sum ^= generator[i];
	return sum;
}

/* The prefix goes into the checksum in lower case: the high bits of each character, 0, the low. */
static uint32_t
begin(const char *prefix)
{
	uint32_t sum = 1;

	for (const char *p = prefix; *p != '\0'; p++)
		sum = step(sum, (unsigned)tolower((unsigned char)*p) >> 5);
	sum = step(sum, 0);
	for (const char *p = prefix; *p != '\0'; p++)
		sum = step(sum, (unsigned)tolower((unsigned char)*p) & FIVE);
	return sum;
}

void
bech32_write(char out[BECH32_SIZE], const char *prefix, const unsigned char bytes[BECH32_BYTES])
{
	size_t n = strlen(prefix), at = n + 1;
	bool upper = isupper((unsigned char)prefix[0]) != 0;
	uint32_t sum = begin(prefix);
	unsigned bits = 0, have = 0;

	assert(n <= BECH32_PREFIX_MAX);
	snprintf(out, BECH32_SIZE, "%s1", prefix);
	for (size_t i = 0; i < DATA; i++) {
		unsigned value;

		if (have < 5) {
			size_t next = (i * 5 + 4) / 8;

			bits = bits << 8 | (next < BECH32_BYTES ? bytes[next] : 0u);
			have += 8;
		}
		have -= 5;
		value = bits >> have & FIVE;
		sum = step(sum, value);
		out[at++] = alphabet[value];
	}
	for (size_t i = 0; i < CHECK; i++)
		sum = step(sum, 0);
	sum ^= 1;
	for (unsigned i = 0; i < CHECK; i++)
		out[at++] = alphabet[sum >> 5 * (CHECK - 1 - i) & FIVE];
	out[at] = '\0';
	for (size_t i = n; upper && i < at; i++)
		out[i] = (char)toupper((unsigned char)out[i]);
}

static int
value_of(char c, bool upper)
{
	const char *found;

	if (isalpha((unsigned char)c) && (isupper((unsigned char)c) != 0) != upper)
		return -1;
	found = c != '\0' ? strchr(alphabet, tolower((unsigned char)c)) : NULL;
	return found != NULL ? (int)(found - alphabet) : -1;
}

bool
bech32_read(unsigned char ret[BECH32_BYTES], const char *prefix, const char *text)
{
	unsigned char bytes[BECH32_BYTES];
	size_t n = strlen(prefix), made = 0;
	bool upper = isupper((unsigned char)prefix[0]) != 0;
	uint32_t sum = begin(prefix);
	unsigned bits = 0, have = 0;

	if (strlen(text) != n + 1 + DATA + CHECK || memcmp(text, prefix, n) != 0 || text[n] != '1')
		return false;
	for (size_t i = 0; i < DATA + CHECK; i++) {
		int value = value_of(text[n + 1 + i], upper);

		if (value < 0)
			return false;
		sum = step(sum, (unsigned)value);
		if (i >= DATA)
			continue;
		bits = (bits << 5 | (unsigned)value) & 0xfff;
		have += 5;
		if (have >= 8) {
			have -= 8;
			bytes[made++] = (unsigned char)(bits >> have);
		}
	}
	/* 52 characters are 260 bits: the last four say nothing and are zero. */
	if (sum != 1 || made != BECH32_BYTES)
		return false;
	if ((value_of(text[n + DATA], upper) & 0xf) != 0)
		return false;
	memcpy(ret, bytes, sizeof bytes);
	return true;
}
