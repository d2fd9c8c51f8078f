/* pack_inner.h: what planning and delivering share; only worker/archive/pack*.c includes it. */
#ifndef WORKER_ARCHIVE_PACK_INNER_H
#define WORKER_ARCHIVE_PACK_INNER_H

#include "worker/archive/owners.h"
#include "worker/archive/pack.h"
#include "worker/archive/press.h"
#include "worker/archive/slot.h"
#include "worker/archive/tally.h"
#include "worker/archive/twins.h"
#include "worker/archive/walk.h"

struct pack {
	const struct pack_spec *spec;
	struct walk_roots roots;
	struct slot_shared shared;
	struct press *press;
	int threads, slot_count;
	size_t slot_size;
	struct slot slots[PRESS_SLOTS_MAX];
	struct slot_tools tools[PRESS_THREADS_MAX];

	/* The planner's. */
	struct slot *open;
	struct twins twins;
	struct owners owners;
	struct hash *stream_hash;

	/* The delivering thread's. */
	struct squeezed end;          /* one frame: the end of a tar */
	const char *name;             /* of the pack that is being written */
	struct tally tally;
	int64_t before;               /* raw bytes in the packs before it, without their ends */
	struct frame_writer *manifest;
	struct buf line;
	int64_t stream_frame, stream_offset;
	int64_t entries, files, file_bytes;
};

/* For walk_all(): the planner's; `arg` is the pack. */
MUST_USE int pack_plan_found(void *arg, const struct walk_found *f, struct err *e);
void pack_plan_trouble(void *arg, enum walk_trouble kind, const char *path, const char *why);

/* A slot to fill, if none is open; the open one, to those who fill. */
MUST_USE int pack_plan_slot(struct pack *p, struct err *e);
void pack_plan_give(struct pack *p);
/* A file of any size. Takes over nothing: fd stays the caller's; the twin's holder becomes the
 * item's on success. */
MUST_USE int pack_plan_stream(struct pack *p, const char *path, int fd, struct twin *twin,
    struct err *e);

/* The packs; the delivering thread's. The first one begins. */
MUST_USE int pack_parts_begin(struct pack *p, const struct sink *to, struct err *e);
/* The next one begins, if there is no room left for the slot. */
MUST_USE int pack_parts_turn(struct pack *p, const struct slot *s, struct err *e);
/* The one that is being written ends. */
MUST_USE int pack_parts_end(struct pack *p, struct err *e);
void pack_parts_release(struct pack *p);

#endif
