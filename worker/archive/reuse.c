/* reuse.c: what the last backup of a service has in storage, so that it is not stored again. */
#include "worker/archive/reuse.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "worker/archive/manifest.h"
#include "worker/archive/scroll.h"
#include "worker/archive/spill.h"
#include "worker/archive/tar.h"

/* More small packs than PACKS_MAX: all but the largest PACKS_KEPT of them are stored anew. */
enum { PACKS_MAX = 64, PACKS_KEPT = 32, REST_EVERY = 16384, READ_SIZE = 256 << 10 };

/* A line that is not the old one, but points where a record does. */
struct pointing {
	uint32_t record, length;
	int64_t at;                   /* in the spill */
};

struct reuse {
	const struct reuse_spec *spec;
	struct ledger *ledger;
	const struct part_pack **packs;   /* of each name in the ledger; NULL: not to be used */
	struct part_pack own;         /* the base's own pack */
	int64_t *live;
	unsigned char *kept;          /* a bit for each record */
	struct spill *names, *pointers;
	struct pointing *pointing;
	size_t pointing_count, pointing_capacity;
	struct buf line;
	size_t looked;

	/* While the rest is written. */
	struct frame_writer *manifest;
	struct ledger_writer *made;
	struct buf old;               /* a line of the old manifest that is not whole yet */
	size_t next, next_pointing;
	struct reuse_totals totals;
};

/* -- opening -- */

/* The old manifest will be read again in the end, when nothing can be done about it. */
static int
check_manifest(const struct reuse_spec *spec, struct err *e)
{
	const struct stored_object *m = &spec->base->manifest;
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_HASH struct hash *hash = hash_new();
	CLEANUP_BUF struct buf piece = BUF_INIT;
	int64_t bytes, at = 0;
	ssize_t n;

	if (object_open(&o, &bytes, spec->dest, m->key, e) != 0)
		return -1;
	while ((n = object_read(o, at, buf_room(&piece, READ_SIZE), READ_SIZE, e)) > 0) {
		if (!object_is_encrypted(o))
			hash_add(hash, piece.p, (size_t)n);
		at += n;
	}
	if (n < 0)
		return -1;
	return object_compare(o, hash, at, m, e) == 0 ? 0 : err_in(e, "%s", m->key);
}

static int
make_ledger(const struct reuse_spec *spec, struct err *e)
{
	CLEANUP_LEDGER_WRITER struct ledger_writer *w = NULL;
	CLEANUP_SCROLL struct scroll *scroll = NULL;
	const struct entry *entry = NULL;

	if (ledger_write_new(&w, spec->ledger, e) != 0
	    || scroll_open(&scroll, spec->dest, &spec->base->manifest, e) != 0)
		return -1;
	do {
		if (scroll_next(&entry, scroll, e) != 0
		    || (entry != NULL && entry->pack[0] && ledger_write_add(w, entry, e) != 0))
			return -1;
	} while (entry != NULL);
	return ledger_write_finish(w, spec->base->manifest.stored_sha256, e);
}

static int
get_ledger(struct reuse *r, struct err *e)
{
	const char *sha256 = r->spec->base->manifest.stored_sha256;

	if (ledger_open(&r->ledger, r->spec->ledger, sha256, e) == 0)
		return 0;
	if (e->kind != ERR_NOT_FOUND && e->kind != ERR_DAMAGED)
		return -1;
	return make_ledger(r->spec, e) != 0 ? -1
	                                    : ledger_open(&r->ledger, r->spec->ledger, sha256, e);
}

static const char *
name_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash ? slash + 1 : key;
}

static const struct part_pack *
pack_named(const struct reuse *r, const char *name)
{
	const struct part *base = r->spec->base;

	if (strcmp(name_of(r->own.object.key), name) == 0)
		return &r->own;
	for (size_t i = 0; i < base->pack_count; i++)
		if (strcmp(name_of(base->packs[i].object.key), name) == 0)
			return &base->packs[i];
	return NULL;
}

static bool
is_there(const struct reuse *r, const struct stored_object *o)
{
	CLEANUP_OBJECT struct object *opened = NULL;
	struct err e;
	int64_t bytes;

	return object_open_as_is(&opened, &bytes, r->spec->dest, o->key, &e) == 0
	    && bytes == o->stored_bytes;
}

/* A large service has many that are full: to store those anew would win nothing. */
static bool
is_small(const struct reuse *r, const struct part_pack *pack)
{
	return r->spec->pack_size == 0 || pack->object.stored_bytes < r->spec->pack_size / 2;
}

static size_t
count_small(const struct reuse *r)
{
	const struct part *base = r->spec->base;
	size_t n = 0;

	for (size_t i = 0; i < base->pack_count; i++)
		n += is_small(r, &base->packs[i]);
	return n;
}

/* How many small packs have more that lives. */
static size_t
rank(const struct reuse *r, const struct part_pack *pack)
{
	const struct part *base = r->spec->base;
	size_t larger = 0;

	for (size_t i = 0; i < base->pack_count; i++) {
		const struct part_pack *other = &base->packs[i];

		if (!is_small(r, other))
			continue;
		larger += other->live_bytes > pack->live_bytes
		    || (other->live_bytes == pack->live_bytes && other < pack);
	}
	return larger;
}

static bool
is_worth_it(const struct reuse *r, const struct part_pack *pack)
{
	if (pack == NULL || !is_there(r, &pack->object))
		return false;
	if (pack == &r->own)
		return true;
	if (pack->live_bytes < pack->object.raw_bytes / 2)
		return false;
	return !is_small(r, pack) || count_small(r) < PACKS_MAX || rank(r, pack) < PACKS_KEPT;
}

int
reuse_open(struct reuse **ret, const struct reuse_spec *spec, struct err *e)
{
	CLEANUP_REUSE struct reuse *r = xmalloc(sizeof *r);
	size_t packs, bits;

	*r = (struct reuse){ .spec = spec, .line = BUF_INIT, .old = BUF_INIT };
	r->own = (struct part_pack){ .object = spec->base->data,
		.read_at = spec->base->verified_at };
	if (check_manifest(spec, e) != 0 || get_ledger(r, e) != 0
	    || spill_new(&r->names, spec->scratch, e) != 0
	    || spill_new(&r->pointers, spec->scratch, e) != 0)
		return -1;
	packs = ledger_packs(r->ledger);
	bits = ledger_count(r->ledger) / 8 + 1;
	r->packs = xmalloc((packs + 1) * sizeof(const struct part_pack *));
	r->live = xmalloc((packs + 1) * sizeof *r->live);
	r->kept = xmalloc(bits);
	memset(r->live, 0, (packs + 1) * sizeof *r->live);
	memset(r->kept, 0, bits);
	for (size_t i = 0; i < packs; i++) {
		const struct part_pack *pack = pack_named(r, ledger_pack(r->ledger, i));

		r->packs[i] = is_worth_it(r, pack) ? pack : NULL;
	}
	*ret = r;
	r = NULL;
	return 0;
}

void
reuse_closep(struct reuse **pr)
{
	struct reuse *r = *pr;

	*pr = NULL;
	if (r == NULL)
		return;
	ledger_closep(&r->ledger);
	spill_freep(&r->names);
	spill_freep(&r->pointers);
	free(r->packs);
	free(r->live);
	free(r->kept);
	free(r->pointing);
	buf_release(&r->line);
	buf_release(&r->old);
	free(r);
}

/* -- looking up -- */

/* Files come about in the order of the last time: what was looked up a while ago is over. */
static void
rest(struct reuse *r)
{
	if (++r->looked % REST_EVERY == 0)
		ledger_rest(r->ledger);
}

const struct ledger_record *
reuse_find(bool *same, struct reuse *r, const struct stat *st, const char *path)
{
	uint64_t hash = ledger_path(path);
	const struct ledger_record *found = ledger_find(r->ledger, st, hash);

	rest(r);
	if (found == NULL || r->packs[found->pack] == NULL)
		return NULL;
	*same = found->path == hash;
	return found;
}

void
reuse_keep(struct reuse *r, const struct ledger_record *record)
{
	size_t i = ledger_number(r->ledger, record);

	r->kept[i / 8] |= (unsigned char)(1 << i % 8);
}

bool
reuse_maybe(const struct reuse *r, const struct stat *st)
{
	return ledger_had(r->ledger, st);
}

const struct ledger_record *
reuse_content(const struct reuse *r, const char *sha256, int64_t size)
{
	size_t from, to;

	ledger_find_content(&from, &to, r->ledger, sha256, size);
	for (; from < to; from++) {
		const struct ledger_record *record = ledger_by_hash(r->ledger, from);

		if (r->packs[record->pack] != NULL)
			return record;
	}
	return NULL;
}

void
reuse_fill(struct entry *entry, const struct reuse *r, const struct ledger_record *record)
{
	ledger_fill(entry, r->ledger, record);
}

int
reuse_line(struct reuse *r, const struct ledger_record *record, const struct entry *entry,
    struct err *e)
{
	struct spill *to = record != NULL ? r->pointers : r->names;
	struct pointing *p;

	buf_clear(&r->line);
	tar_header(&r->line, entry);
	r->totals.whole_bytes += (int64_t)r->line.n;
	buf_clear(&r->line);
	manifest_line(&r->line, entry, true);
	if (record == NULL)
		return spill_add(to, r->line.p, r->line.n, e);
	if (r->pointing_count == r->pointing_capacity) {
		r->pointing_capacity = r->pointing_capacity ? r->pointing_capacity * 2 : 256;
		r->pointing =
		    xrealloc(r->pointing, r->pointing_capacity * sizeof *r->pointing);
	}
	p = &r->pointing[r->pointing_count++];
	*p = (struct pointing){ (uint32_t)ledger_number(r->ledger, record),
		(uint32_t)r->line.n, spill_bytes(to) };
	r->totals.whole_bytes += entry->size + (int64_t)tar_padding(entry->size);
	r->live[record->pack] +=
	    (int64_t)record->head + entry->size + (int64_t)tar_padding(entry->size);
	return spill_add(to, r->line.p, r->line.n, e);
}

/* -- the rest of the manifest -- */

static int
keep_line(struct reuse *r, const struct ledger_record *record, const char *line, size_t n,
    struct err *e)
{
	int64_t bytes = (int64_t)record->head + record->size + (int64_t)tar_padding(record->size);

	r->totals.entries++;
	r->totals.files++;
	r->totals.file_bytes += record->size;
	r->totals.whole_bytes += bytes;
	r->live[record->pack] += bytes;
	if (frame_write(r->manifest, line, n, e) != 0)
		return -1;
	return r->made == NULL ? 0 : ledger_write_copy(r->made, r->ledger, record, e);
}

static int
note_line(struct reuse *r, const char *line, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct entry entry;
	bool skip;

	if (r->made == NULL)
		return 0;
	if (manifest_parse(&entry, &skip, a, line, e) != 0)
		return -1;
	return ledger_write_add(r->made, &entry, e);
}

static int
write_pointing(struct reuse *r, const struct pointing *p, struct err *e)
{
	buf_clear(&r->line);
	if (spill_get(r->pointers, p->at, buf_room(&r->line, p->length), p->length, e) != 0)
		return -1;
	buf_took(&r->line, p->length);
	if (frame_write(r->manifest, r->line.p, r->line.n, e) != 0)
		return -1;
	buf_cut(&r->line, r->line.n - 1);
	return note_line(r, r->line.p, e);
}

/* A line of the old manifest, with its newline. Only such with a place have a record. */
static int
take_old(struct reuse *r, const char *line, size_t n, struct err *e)
{
	static const char place[] = " x-pack=";
	const struct ledger_record *record;
	size_t i = r->next;

	if (memmem(line, n, place, sizeof place - 1) == NULL || line[0] == '#')
		return 0;
	if (i == ledger_count(r->ledger))
		return err_set(e, ERR_INTERNAL, "the ledger is not of the last backup's manifest");
	record = ledger_at(r->ledger, i);
	r->next++;
	rest(r);
	if ((r->kept[i / 8] >> i % 8 & 1) != 0 && keep_line(r, record, line, n, e) != 0)
		return -1;
	for (; r->next_pointing < r->pointing_count
	     && r->pointing[r->next_pointing].record == i; r->next_pointing++)
		if (write_pointing(r, &r->pointing[r->next_pointing], e) != 0)
			return -1;
	return 0;
}

static int
take_bytes(void *arg, const void *bytes, size_t n, struct err *e)
{
	struct reuse *r = arg;
	const char *at = bytes, *end = at + n;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t take = stop != NULL ? (size_t)(stop + 1 - at) : (size_t)(end - at);

		if (stop == NULL || r->old.n > 0)
			buf_add(&r->old, at, take);
		if (stop == NULL)
			return 0;
		if ((r->old.n > 0 ? take_old(r, r->old.p, r->old.n, e)
		                  : take_old(r, at, take, e)) != 0)
			return -1;
		buf_clear(&r->old);
		at += take;
	}
	return 0;
}

static int
by_record(const void *a, const void *b)
{
	const struct pointing *one = a, *two = b;

	if (one->record != two->record)
		return one->record < two->record ? -1 : 1;
	return (one->at > two->at) - (one->at < two->at);
}

static int
write_old(struct reuse *r, struct err *e)
{
	const struct stored_object *m = &r->spec->base->manifest;
	struct frame_totals got,
	    expect = { .raw_bytes = m->raw_bytes, .stored_bytes = m->stored_bytes };
	const struct sink to = { take_bytes, r };
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	if (r->pointing_count > 0)
		qsort(r->pointing, r->pointing_count, sizeof *r->pointing, by_record);
	memcpy(expect.stored_sha256, m->stored_sha256, sizeof expect.stored_sha256);
	if (object_open(&o, &bytes, r->spec->dest, m->key, e) != 0
	    || frame_read(&got, o, &to, &expect, e) != 0)
		return err_in(e, "%s", m->key);
	if (r->next != ledger_count(r->ledger))
		return err_set(e, ERR_INTERNAL, "the ledger is not of the last backup's manifest");
	return 0;
}

static int
write_name(void *arg, const void *p, size_t n, struct err *e)
{
	return frame_write(arg, p, n, e);
}

int
reuse_write(struct reuse_totals *ret, struct reuse *r, struct frame_writer *manifest,
    struct ledger_writer *ledger, struct err *e)
{
	const struct sink to = { write_name, manifest };

	r->manifest = manifest;
	r->made = ledger;
	if (write_old(r, e) != 0 || spill_all(r->names, &to, e) != 0)
		return -1;
	*ret = r->totals;
	return 0;
}

void
reuse_packs(struct part_pack **ret, size_t *count, const struct reuse *r, struct arena *a)
{
	size_t n = ledger_packs(r->ledger);

	*ret = arena_array(a, n + 1, sizeof **ret);
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		if (r->live[i] == 0)
			continue;
		(*ret)[*count] = *r->packs[i];
		(*ret)[(*count)++].live_bytes = r->live[i];
	}
}
