/* choice.h: chosen paths of a part: one archive of them, or the one file itself.
 *
 * A chosen folder is meant with all that is below it; the folders above come along, empty. Of a
 * file with several names the first one comes along when another is chosen: it has the content.
 */
#ifndef WORKER_ARCHIVE_CHOICE_H
#define WORKER_ARCHIVE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/chain.h"
#include "worker/archive/export.h"

struct choice;
/* Reads the manifest. ERR_INPUT names a path that the part has not. `part` and the paths outlive
 * it. */
MUST_USE int choice_open(struct choice **ret, const struct export_part *part,
    const char *const *paths, size_t count, struct err *e);
void choice_closep(struct choice **c);
#define CLEANUP_CHOICE CLEANUP(choice_closep)

/* All that the part is asked for, for export_picked(). */
const struct chain_pick *choice_pick(const struct choice *c);
/* About as many bytes as the archive of it has; of one file, what it has. */
int64_t choice_bytes(const struct choice *c);
/* The line with the content, when one file was chosen and nothing else; else NULL. */
const struct entry *choice_file(const struct choice *c);

#endif
