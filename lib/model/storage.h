/* storage.h: what a storage's settings must be. */
#ifndef LIB_MODEL_STORAGE_H
#define LIB_MODEL_STORAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/model/project.h"

enum { STORAGE_ERRORS_MAX = 12 };

bool storage_is_bucket(const struct storage *s);
/* "Folder", "S3 bucket": for people. */
const char *storage_kind_title(const struct storage *s);

/* Settings as a person typed them: checks the fields of the kind, empties the others, takes slashes
 * off the ends and says in `path` where it is. Returns how many faults were written to `out`. The
 * secret is not looked at. */
size_t storage_check(struct field_error out[STORAGE_ERRORS_MAX], struct arena *a,
    struct storage *s);

#endif
