/* retain_note.h: what a page tells about a judged list as a whole. */
#ifndef LIB_MODEL_RETAIN_NOTE_H
#define LIB_MODEL_RETAIN_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/model/retain.h"

/* "Saving deletes 14 backups (31.0 GB) tonight"; NULL when nothing goes. */
char *retain_note_saving(struct arena *a, const struct retain_result *r);

/* The same of fewer days in the trash: "Saving deletes 2 backups (2.00 MB) for good within a day".
 * inherit: "Using what is inherited deletes ..." */
char *retain_note_purging(struct arena *a, size_t count, int64_t bytes, bool inherit);

/* What stands above a list: the clock jumped, the limit cannot be met; NULL when there is nothing
 * to tell. */
char *retain_note_warning(struct arena *a, const struct retain_ask *ask,
    const struct retain_result *r);

#endif
