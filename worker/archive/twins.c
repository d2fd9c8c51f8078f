/* twins.c: files with several names: which of them came first. */
#include "worker/archive/twins.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

static size_t
slot_of(const struct twins *t, dev_t device, ino_t inode)
{
	uint64_t x = (uint64_t)inode * 0x9e3779b97f4a7c15u ^ (uint64_t)device;

	return (size_t)(x >> 20) & (t->slot_count - 1);
}

static void
grow(struct twins *t)
{
	struct twins bigger = { .slot_count = t->slot_count ? t->slot_count * 2 : 256,
		.count = t->count };

	bigger.slots = xmalloc(bigger.slot_count * sizeof(struct twin *));
	memset(bigger.slots, 0, bigger.slot_count * sizeof(struct twin *));
	for (size_t i = 0; i < t->slot_count; i++)
		for (struct twin *twin = t->slots[i], *next; twin != NULL; twin = next) {
			size_t slot = slot_of(&bigger, twin->device, twin->inode);

			next = twin->next;
			twin->next = bigger.slots[slot];
			bigger.slots[slot] = twin;
		}
	free(t->slots);
	*t = bigger;
}

struct twin *
twins_find(struct twins *t, const struct stat *st)
{
	if (t->slot_count == 0)
		return NULL;
	for (struct twin **at = &t->slots[slot_of(t, st->st_dev, st->st_ino)]; *at != NULL;
	    at = &(*at)->next) {
		struct twin *twin = *at;

		if (twin->device != st->st_dev || twin->inode != st->st_ino)
			continue;
		if (--twin->names_left == 0) {
			/* Its last name: what the table held is the caller's now. */
			*at = twin->next;
			t->count--;
		} else {
			atomic_fetch_add(&twin->holders, 1);
		}
		return twin;
	}
	return NULL;
}

struct twin *
twins_add(struct twins *t, const struct stat *st, const char *path)
{
	size_t n = strlen(path) + 1;
	struct twin *twin = xmalloc(sizeof *twin + n);

	if (t->count >= t->slot_count)
		grow(t);
	struct twin **slot = &t->slots[slot_of(t, st->st_dev, st->st_ino)];
	*twin = (struct twin){ .next = *slot, .device = st->st_dev, .inode = st->st_ino,
		.names_left = st->st_nlink - 1, .size = st->st_size };
	memcpy(twin->path, path, n);
	atomic_init(&twin->holders, 2);
	*slot = twin;
	t->count++;
	return twin;
}

void
twins_drop(struct twin *twin)
{
	if (twin != NULL && atomic_fetch_sub(&twin->holders, 1) == 1)
		free(twin);
}

void
twins_release(struct twins *t)
{
	for (size_t i = 0; i < t->slot_count; i++)
		for (struct twin *twin = t->slots[i], *next; twin != NULL; twin = next) {
			next = twin->next;
			twins_drop(twin);
		}
	free(t->slots);
	*t = (struct twins){ 0 };
}
