/* squeeze.h: bytes become zstd frames; what does not compress is not compressed.
 *
 * A sample decides: bytes that look random (pictures, films, archives) go into frames made at the
 * fastest setting, which stores them as they are. Every frame has its content size and checksum.
 */
#ifndef WORKER_ARCHIVE_SQUEEZE_H
#define WORKER_ARCHIVE_SQUEEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { SQUEEZE_FRAMES = 40, SQUEEZE_UNIT = 256 << 10, SQUEEZE_MAX = 3 << 20 };

/* How large a piece may be when so many buffers have room for one, or for what it is pressed to:
 * all together, with what is `held` beside them, at most 36 MiB; one at most SQUEEZE_MAX, for who
 * reads has several of them, too, and at least SQUEEZE_UNIT, even if that is more together. */
size_t squeeze_piece(int buffers, size_t held);

/* The frames made of one piece of at most `raw_max` bytes. */
struct squeezed {
	unsigned char *out;
	size_t capacity, n;
	int frames;
	struct {
		size_t raw_n, out_n;
	} frame[SQUEEZE_FRAMES];
};
size_t squeeze_room(size_t raw_max);     /* what all frames of so many bytes may take */
void squeeze_out_init(struct squeezed *to, size_t raw_max);
void squeeze_out_clear(struct squeezed *to);
void squeeze_out_release(struct squeezed *to);

/* Whether a sample of the bytes looks random. */
bool squeeze_is_flat(const void *p, size_t n);

struct squeezer;   /* for one thread */
MUST_USE int squeeze_new(struct squeezer **ret, int level, struct err *e);
void squeeze_freep(struct squeezer **s);

/* One frame, its kind known. */
MUST_USE int squeeze_frame(struct squeezed *to, struct squeezer *s, bool flat,
    const struct iovec *raw, struct err *e);
/* As many frames as the bytes have runs of one kind, each of whole SQUEEZE_UNITs. */
MUST_USE int squeeze_runs(struct squeezed *to, struct squeezer *s, const struct iovec *raw,
    struct err *e);

#endif
