/* storage.h: what a storage's settings must be. */
#ifndef LIB_MODEL_STORAGE_H
#define LIB_MODEL_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/model/project.h"

enum { STORAGE_ERRORS_MAX = 12, STORAGE_RATE_TEXT = 24 };

bool storage_is_bucket(const struct storage *s);
bool storage_is_server(const struct storage *s);
/* Whether it is reached over a network, by the worker alone. */
bool storage_is_remote(const struct storage *s);
/* "Folder", "S3 bucket", "SFTP server": for people. */
const char *storage_kind_title(const struct storage *s);

/* Settings as a person typed them: checks the fields of the kind, empties the others, takes slashes
 * off the ends and says in `path` where it is. Returns how many faults were written to `out`. The
 * secret is not looked at. */
size_t storage_check(struct field_error out[STORAGE_ERRORS_MAX], struct arena *a,
    struct storage *s);

/* "10 MiB/s", "800 kB/s", also without "/s" and without spaces; "" is 0, no limit. False when it is
 * none, or less than 64 KiB/s. */
bool storage_parse_rate(int64_t *ret, const char *text);
/* The same back; "" for 0. */
void storage_rate_text(char out[STORAGE_RATE_TEXT], int64_t rate);

#endif
