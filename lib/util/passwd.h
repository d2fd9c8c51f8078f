/* passwd.h: password hashes (argon2id, 64 MiB, t=2, libsodium's text form). */
#ifndef LIB_UTIL_PASSWD_H
#define LIB_UTIL_PASSWD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { PASSWD_MIN = 12, PASSWD_MAX = 256, PASSWD_HASH_SIZE = 128 };

MUST_USE int passwd_hash(char out[PASSWD_HASH_SIZE], const char *password, struct err *e);
/* With hash NULL the same time is spent and the answer is false: an unknown account is as slow as a
 * known one. */
bool passwd_matches(const char *hash, const char *password);
/* 12 to 256 characters and not among the common ones; the sentence for the form in e. */
MUST_USE int passwd_check(const char *password, struct err *e);

#endif
