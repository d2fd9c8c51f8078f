/* extras.h: the two members in front of a media download, made from the stored manifest.
 *
 * The manifest is read once to learn their sizes and free names, and once more for each; nothing is
 * kept.
 */
#ifndef WORKER_ARCHIVE_EXTRAS_H
#define WORKER_ARCHIVE_EXTRAS_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/manifest.h"
#include "worker/archive/sink.h"

enum extra { EXTRA_MANIFEST, EXTRA_SUMS, EXTRAS };
struct extra_facts {
	int64_t bytes;
	uint64_t taken; /* bit n: the contents have "<name>-n" at the top; bit 1: "<name>" */
};
struct extras {
	struct extra_facts facts[EXTRAS];
	/* While one is written. */
	const struct sink *to;
	enum extra which;
};

/* For manifest_reader.each: learn from an entry; write its line to `to`. */
MUST_USE int extras_learn(void *arg, const struct entry *entry, struct err *e);
MUST_USE int extras_write(void *arg, const struct entry *entry, struct err *e);
/* What stands in front of the first line, for EXTRA_MANIFEST. */
void extras_head(struct buf *out, enum extra which);
/* "MANIFEST", or "MANIFEST-2" … when the contents have that at the top. ERR_INPUT when all are
 * taken. */
enum { EXTRA_NAME_SIZE = 24 };
MUST_USE int extras_name(char ret[EXTRA_NAME_SIZE], const struct extras *x, enum extra which,
    struct err *e);

#endif
