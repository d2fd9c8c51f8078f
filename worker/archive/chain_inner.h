/* chain_inner.h: what walking a manifest and making an archive of it share; only chain*.c includes
 * it. */
#ifndef WORKER_ARCHIVE_CHAIN_INNER_H
#define WORKER_ARCHIVE_CHAIN_INNER_H

#include <zstd.h>

#include "lib/base/arena.h"
#include "worker/archive/chain.h"
#include "worker/archive/frame.h"
#include "worker/archive/press.h"
#include "worker/archive/scroll.h"
#include "worker/archive/squeeze.h"

enum { CHAIN_THREADS = 4, CHAIN_LEVEL = 3 };
/* A frame as it is stored, at most; it may also be pressed anew to there. */
#define CHAIN_STORED ZSTD_COMPRESSBOUND(FRAME_RAW_MAX)

/* What is wanted of a frame: a file, or a part of one that goes on in the next frame. */
struct piece {
	const struct entry *entry;
	size_t at, n;
	size_t made_at;               /* where it is when the frame was made anew */
	bool first, last;
};

/* One frame on its way; without stored bytes: headers of what has no content. */
struct lot {
	unsigned char *stored, *raw;
	size_t stored_n, raw_n;
	size_t wanted;                /* bytes of all pieces; one of them may be wanted often */
	size_t made_n;                /* of the archive, when frames are wanted */
	const unsigned char *frame;   /* then this is what holds them */
	size_t frame_n;
	int64_t offset;
	const char *key;
	struct piece *pieces;
	size_t count, capacity;
	struct arena *arena;          /* of the entries */
};

struct chain {
	const struct export_part *part;
	const struct sink *to;
	const struct chain_pick *pick;   /* NULL: everything */
	bool check;
	bool frames;                  /* the sink gets zstd frames, old ones where they are whole */
	struct squeezer *squeezers[CHAIN_THREADS];
	struct scroll *scroll;
	struct press *press;
	int threads, slots;
	ZSTD_DCtx *contexts[CHAIN_THREADS];
	struct hash *hashes[CHAIN_THREADS + 1];   /* the last one is of who delivers */
	struct lot lots[CHAIN_THREADS + 2];

	/* The pack that is gone through, and what of it was read and not yet used. */
	const struct stored_object *pack;
	struct object *object;
	int64_t size, window_at;
	unsigned char *window;
	size_t window_n, window_size;
	struct lot *open;

	const struct stored_object *own;   /* one of its own packs, which a line has named */

	struct buf head;              /* of who delivers */
	int64_t sent;
	int64_t own_left;             /* of an own pack's tar, without its end */
};

/* Memory, and the manifest from its beginning; the caller has zeroed it and filled in the part, and
 * releases it, also after a failure. */
MUST_USE int chain_set_up(struct chain *c, struct err *e);
/* The lots go through it: `ways` says how they are worked on and delivered. */
MUST_USE int chain_press(struct chain *c, const struct press_spec *ways, struct err *e);
void chain_release(struct chain *c);

/* The pack that is gone through from now on; what was stored of it must all be there. */
MUST_USE int chain_open_pack(struct chain *c, const struct stored_object *pack, struct err *e);
/* c->open becomes a lot with the frame that begins there; the last one is given away. */
MUST_USE int chain_load(struct chain *c, int64_t offset, struct err *e);
/* The open lot has the next bytes of the file, of which so many are left: all before its first. */
MUST_USE int chain_add_piece(struct chain *c, const struct entry *entry, int64_t *left,
    struct err *e);
void chain_give(struct chain *c);   /* the open lot, if there is one */
const char *chain_name_of(const char *key);   /* as the manifest names a pack */

/* For press_new(); `arg` is the chain. */
MUST_USE int chain_lot_work(void *arg, int thread, void *item, struct err *e);
MUST_USE int chain_lot_deliver(void *arg, void *item, struct err *e);

/* Of a file in several frames: its bytes one after the other, by who delivers. */
MUST_USE int chain_lot_hash(struct chain *c, const struct lot *l, const struct piece *p,
    const unsigned char *bytes, struct err *e);
MUST_USE int chain_lot_send(struct chain *c, const void *p, size_t n, struct err *e);
/* ERR_DAMAGED: "<key>: the stored copy is damaged at byte 4711: <how>". */
int chain_lot_damaged(const struct lot *l, const char *how, struct err *e);

#endif
