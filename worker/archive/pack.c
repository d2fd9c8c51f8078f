/* pack.c: folders become packs and a manifest: what is delivered, and in which order. */
#include "worker/archive/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "worker/archive/pack_inner.h"
#include "worker/archive/tar.h"

/* Small frames keep a manifest's memory small. Its hashes compress to half by their digits alone: a
 * higher level looks for more in them in vain, is half as fast and 8 % larger. */
enum { MANIFEST_FRAME = 1 << 20, MANIFEST_LEVEL = 1 };

/* What is known of folders ahead of the walk, at most; what the ledgers of a large tree take. */
enum { WALK_AHEAD = 4 << 20, LEDGERS = 12 << 20 };

/* -- delivering -- */

static void
count_entry(struct pack *p, const struct entry *entry)
{
	p->entries++;
	p->files += entry->type == ENTRY_FILE;
	p->file_bytes += entry->type == ENTRY_FILE ? entry->size : 0;
}

/* What only the manifest tells of. */
static int
deliver_outside(struct pack *p, struct item *item, struct err *e)
{
	const struct watch *watch = p->spec->watch;

	if (item->record != NULL)
		reuse_fill(&item->entry, p->spec->reuse, item->record);
	count_entry(p, &item->entry);
	if (item->record != NULL && watch != NULL && watch->bytes != NULL)
		watch->bytes(watch->arg, item->entry.size);
	return reuse_line(p->spec->reuse, item->record, &item->entry, e);
}

static int
deliver_line(struct pack *p, const struct slot *s, struct item *item, const int64_t place[2],
    struct err *e)
{
	struct entry *entry = &item->entry;

	if (!item->stored)
		return 0;
	if (entry->type == ENTRY_HARDLINK) {
		entry->size = item->twin->size;
		memcpy(entry->sha256, item->twin->sha256, sizeof entry->sha256);
	}
	if (item->outside)
		return deliver_outside(p, item, e);
	/* A file that became empty has a member all the same, and older ones of ours have none. */
	if (entry->type == ENTRY_FILE && (entry->size > 0 || p->spec->reuse != NULL)) {
		entry->pack = p->name;
		entry->frame = s->stream ? p->stream_frame : place[0];
		entry->frame_offset = s->stream ? p->stream_offset : place[1];
		entry->at = (int64_t)item->at;
	}
	count_entry(p, entry);
	buf_clear(&p->line);
	manifest_line(&p->line, entry, true);
	if (frame_write(p->manifest, p->line.p, p->line.n, e) != 0)
		return -1;
	if (p->spec->ledger == NULL || entry->pack[0] == '\0')
		return 0;
	return ledger_write_add(p->spec->ledger, entry, e);
}

/* In the order of the members: the flat group was filled from its end. */
static int
deliver_group(struct pack *p, struct slot *s, enum slot_group group, const int64_t place[2],
    struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		struct item *item = &s->items[group == GROUP_FLAT ? s->count - 1 - i : i];

		if (item->group == group && deliver_line(p, s, item, place, e) != 0)
			return -1;
	}
	return 0;
}

static int
deliver_slot(void *arg, void *given, struct err *e)
{
	struct pack *p = arg;
	struct slot *s = given;
	int64_t offset, raw = (int64_t)(s->front + s->size - s->back + s->last.n);
	int frame = 0;

	FAULT("pack.mid");
	if (pack_parts_turn(p, s, e) != 0)
		return -1;
	offset = p->tally.stored_bytes;
	if (s->stream & STREAM_FIRST) {
		p->stream_frame = p->tally.frames;
		p->stream_offset = offset;
	}
	for (int group = 0; group < GROUPS; group++) {
		for (; frame < s->first_frame[group]; frame++)
			offset += (int64_t)s->squeezed.frame[frame].out_n;
		const int64_t place[2] = { p->tally.frames + s->first_frame[group], offset };

		if (deliver_group(p, s, (enum slot_group)group, place, e) != 0)
			return -1;
	}
	p->tally.frames += s->squeezed.frames;
	p->tally.raw_bytes += raw;
	if (tally_stored(&p->tally, s->squeezed.out, s->squeezed.n, e) != 0)
		return -1;
	if (p->spec->watch != NULL && p->spec->watch->bytes != NULL)
		p->spec->watch->bytes(p->spec->watch->arg, raw);
	return 0;
}

static int
fill_slot(void *arg, int thread, void *given, struct err *e)
{
	struct pack *p = arg;

	return slot_fill(given, &p->tools[thread], &p->shared, e);
}

/* -- the whole -- */

static int
set_up(struct pack *p, const struct sink *data, const struct sink *manifest, struct err *e)
{
	const struct frame_options small = { .level = MANIFEST_LEVEL,
		.threads = p->spec->reuse != NULL ? p->spec->frames.threads : 1,
		.raw_max = MANIFEST_FRAME, .encrypted = p->spec->frames.encrypted };
	void *items[PRESS_SLOTS_MAX];

	p->threads = p->spec->frames.threads;
	p->slot_count = p->threads + 3;
	/* The job has more in memory than this. The manifest is an upload of its own, of which two
	 * parts may be in memory. */
	p->slot_size = squeeze_piece(p->slot_count + p->threads,
	    p->spec->frames.held * 3 / 2 + WALK_AHEAD + (p->spec->reuse != NULL ? LEDGERS : 0)
	    + 2 * MANIFEST_FRAME * (size_t)(small.threads + 2));
	if (p->spec->frames.raw_max != 0 && p->spec->frames.raw_max < p->slot_size)
		p->slot_size = p->spec->frames.raw_max;
	pthread_mutex_init(&p->shared.lock, NULL);
	p->shared.watch = p->spec->watch;
	p->stream_hash = hash_new();
	for (int i = 0; i < p->slot_count; i++) {
		slot_init(&p->slots[i], p->slot_size);
		items[i] = &p->slots[i];
	}
	for (int i = 0; i < p->threads; i++) {
		if (squeeze_new(&p->tools[i].squeezer, p->spec->frames.level, e) != 0)
			return -1;
		p->tools[i].hash = hash_new();
		p->tools[i].spare = xmalloc(squeeze_room(p->slot_size));
	}
	const struct press_spec press = {
		.threads = p->threads, .slots = p->slot_count, .items = items, .work = fill_slot,
		.deliver = { deliver_slot }, .arg = p,
	};
	p->shared.reuse = p->spec->reuse;
	manifest_head(&p->line, p->spec->reuse != NULL ? MANIFEST_CHAIN : MANIFEST_FULL);
	if (pack_parts_begin(p, data, e) != 0
	    || frame_writer_new(&p->manifest, manifest, &small, e) != 0
	    || frame_write(p->manifest, p->line.p, p->line.n, e) != 0)
		return -1;
	return press_new(&p->press, &press, e);
}

static void
pack_release(struct pack **pp)
{
	struct pack *p = *pp;

	press_freep(&p->press);
	frame_writer_freep(&p->manifest);
	for (int i = 0; i < p->slot_count; i++)
		slot_release(&p->slots[i]);
	for (int i = 0; i < p->threads; i++) {
		squeeze_freep(&p->tools[i].squeezer);
		hash_freep(&p->tools[i].hash);
		free(p->tools[i].spare);
	}
	for (struct slot_again *at = p->shared.again, *next; at != NULL; at = next) {
		next = at->next;
		free(at->path);
		free(at->below);
		free(at);
	}
	pthread_mutex_destroy(&p->shared.lock);
	twins_release(&p->twins);
	pack_parts_release(p);
	hash_freep(&p->stream_hash);
	buf_release(&p->line);
	walk_close(&p->roots);
	free(p);
}

/* All slots are done by now, so nobody else touches the list. */
static int
read_again(struct pack *p, struct err *e)
{
	for (const struct slot_again *at = p->shared.again; at != NULL; at = at->next) {
		struct stat st;
		CLEANUP_FD int fd = slot_open(at->root, at->below, &st);

		if (fd < 0)
			slot_warn(&p->shared, at->path,
			    "vanished while it was read; it is not in the backup");
		else if (pack_plan_stream(p, at->path, fd, NULL, e) != 0)
			return -1;
	}
	return 0;
}

static int
add_end(struct pack *p, struct err *e)
{
	const struct watch *watch = p->spec->watch;

	if (press_finish(p->press, e) != 0 || pack_parts_end(p, e) != 0)
		return -1;
	if (watch != NULL && watch->bytes != NULL)
		watch->bytes(watch->arg, TAR_END);
	return 0;
}

/* What lies outside of this pack. */
static int
write_rest(struct pack_totals *totals, struct pack *p, struct err *e)
{
	struct reuse_totals rest;

	if (reuse_write(&rest, p->spec->reuse, p->manifest, p->spec->ledger, e) != 0)
		return -1;
	totals->entries = rest.entries;
	totals->files = rest.files;
	totals->file_bytes = rest.file_bytes;
	totals->whole_bytes += rest.whole_bytes;
	return 0;
}

int
pack_write(struct pack_totals *ret, const struct sink *data, const struct sink *manifest,
    const struct pack_spec *spec, struct err *e)
{
	CLEANUP(pack_release) struct pack *p = xmalloc(sizeof *p);
	const struct walk walk = {
		.excludes = spec->excludes, .exclude_count = spec->exclude_count,
		.found = pack_plan_found, .trouble = pack_plan_trouble, .arg = p,
	};
	struct pack_totals totals = { .entries = 0 };

	*p = (struct pack){ .spec = spec, .line = BUF_INIT };
	if (walk_open(&p->roots, spec->roots, spec->root_count, e) != 0
	    || set_up(p, data, manifest, e) != 0 || walk_all(&p->roots, &walk, e) != 0)
		return -1;
	pack_plan_give(p);
	if (press_finish(p->press, e) != 0 || read_again(p, e) != 0 || add_end(p, e) != 0)
		return -1;
	tally_totals(&totals.data, &p->tally);
	totals.whole_bytes = p->before + totals.data.raw_bytes;
	if (spec->reuse != NULL && write_rest(&totals, p, e) != 0)
		return err_in(e, "manifest");
	if (frame_finish(&totals.manifest, p->manifest, e) != 0)
		return err_in(e, "manifest");
	totals.entries += p->entries;
	totals.files += p->files;
	totals.file_bytes += p->file_bytes;
	totals.warnings = atomic_load(&p->shared.warnings);
	*ret = totals;
	return 0;
}
