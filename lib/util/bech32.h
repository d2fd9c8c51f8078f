/* bech32.h: bytes as text that tells of a typing mistake (BIP 173, without its limit of length).
 *
 * age writes its keys so. The checksum finds up to four wrong characters for certain.
 */
#ifndef LIB_UTIL_BECH32_H
#define LIB_UTIL_BECH32_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attr.h"

enum { BECH32_BYTES = 32, BECH32_PREFIX_MAX = 16 };
/* Prefix, "1", 52 characters of data, 6 of checksum, NUL. */
enum { BECH32_SIZE = BECH32_PREFIX_MAX + 1 + 52 + 6 + 1 };

/* Upper case when the prefix is. */
void bech32_write(char out[BECH32_SIZE], const char *prefix,
    const unsigned char bytes[BECH32_BYTES]);
/* False unless it is 32 bytes behind exactly this prefix, in its case, with a right checksum. */
MUST_USE bool bech32_read(unsigned char ret[BECH32_BYTES], const char *prefix, const char *text);

#endif
