/* series.c: the packs that one backup of files stores, one behind the other. */
#include "worker/job/series.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/store/packs.h"
#include "worker/archive/tar.h"
#include "worker/job/keep.h"
#include "worker/job/readback.h"

static int
to_upload(void *arg, const void *bytes, size_t n, struct err *e)
{
	return upload_write(arg, bytes, n, e);
}

static const char *
key_of(struct series *s, size_t number)
{
	const char *first = s->part->data.key;
	size_t stem = (size_t)(strchr(strrchr(first, '/'), '.') - first);

	return number == 1 ? first
	                   : arena_printf(s->plan->arena, "%.*s-%zu%s", (int)stem, first, number,
	                         first + stem);
}

static int
begin(struct series *s, struct err *e)
{
	struct plan *p = s->plan;

	s->key = key_of(s, s->count + 1);
	if (s->count > 0 && !FAULT_CONTROL("series.unknown") &&
	    packs_begin(p->db, &p->lease, s->part, s->key, e) != 0)
		return -1;
	if (dest_begin(&s->up, p->dest, s->key, p->lease.fence, e) != 0)
		return -1;
	s->to = (struct sink){ to_upload, s->up };
	return 0;
}

static int
publish(struct series *s, const struct frame_totals *t, struct err *e)
{
	struct part_pack *pack;

	s->packs = arena_grow(s->plan->arena, s->packs, s->count, &s->capacity, sizeof *s->packs);
	pack = &s->packs[s->count];
	*pack = (struct part_pack){ .object = { .key = s->key },
		.live_bytes = t->raw_bytes - TAR_END };
	if (keep_object(&pack->object, t, &s->up, s->plan, e) != 0)
		return -1;
	s->count++;
	return 0;
}

/* Comes from the thread that writes the pack, while the job's own one reads folders: nobody else
 * uses the catalogue or the arena meanwhile. */
static int
turn(struct pack_begun *ret, void *arg, const struct frame_totals *full, struct err *e)
{
	struct series *s = arg;

	if (publish(s, full, e) != 0)
		return -1;
	FAULT("series.published");
	if (begin(s, e) != 0)
		return -1;
	*ret = (struct pack_begun){ &s->to, strrchr(s->key, '/') + 1 };
	return 0;
}

int
series_open(struct series *s, struct part *part, struct plan *p, struct err *e)
{
	*s = (struct series){ .plan = p, .part = part,
		.next = { .limit = p->conf->pack_size, .next = turn, .arg = s } };
	return begin(s, e);
}

void
series_close(struct series *s)
{
	upload_abortp(&s->up);
}

int
series_finish(struct series *s, const struct frame_totals *last, struct err *e)
{
	if (publish(s, last, e) != 0)
		return -1;
	s->part->data = s->packs[0].object;
	return 0;
}

void
series_list(struct series *s)
{
	struct part *part = s->part;
	size_t further = s->count - 1;
	struct part_pack *all =
	    arena_array(s->plan->arena, further + part->pack_count + 1, sizeof *all);

	for (size_t i = 0; i < further; i++)
		all[i] = s->packs[i + 1];
	for (size_t i = 0; i < part->pack_count; i++)
		all[further + i] = part->packs[i];
	part->packs = all;
	part->pack_count += further;
}

int
series_read_back(struct part *part, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < part->pack_count; i++) {
		struct part_pack *pack = &part->packs[i];
		const struct readback what = { .object = &pack->object,
			.label = part->service_slug };

		if (backup_own_pack(part, pack->object.key) == 0)
			continue;
		if (readback_object(p, &what, e) != 0)
			return err_in(e, "%s", pack->object.key);
		pack->read_at = clock_now();
	}
	return 0;
}
