/* rebuild_read.c: what lies in a storage, and what its sidecars say. */
#include "worker/job/rebuild_read.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "lib/base/utf8.h"
#include "lib/model/name.h"
#include "lib/util/hash.h"
#include "worker/job/sidecar_read.h"
#include "worker/job/sign.h"

/* A number that is no number of a backup would leave none for the next. */
enum { SIDECAR_MAX = 16 << 20 };
#define NUMBER_MAX INT64_C(1000000000000)

/* -- what lies there -- */

static int
note_object(void *arg, const struct dest_entry *entry, struct err *e UNUSED)
{
	struct rebuild_read *r = arg;

	r->objects = arena_grow(r->arena, r->objects, r->object_count, &r->object_capacity,
	    sizeof *r->objects);
	r->objects[r->object_count++] =
	    (struct rebuild_object){ arena_dup(r->arena, entry->key), entry->bytes };
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct rebuild_object *)a)->key,
	    ((const struct rebuild_object *)b)->key);
}

/* NULL: it is not there. */
static const struct rebuild_object *
object_of(const struct rebuild_read *r, const char *key)
{
	const struct rebuild_object wanted = { key, 0 };

	return r->object_count == 0 ? NULL
	    : bsearch(&wanted, r->objects, r->object_count, sizeof *r->objects, by_key);
}

/* "shop/live/b101-<uuid>.json" */
static bool
is_sidecar(const char *key)
{
	const char *slash = strrchr(key, '/');
	size_t n = strlen(key);

	return slash != NULL && slash[1] == 'b' && isdigit((unsigned char)slash[2]) &&
	    strcmp(key + n - 5, ".json") == 0;
}

/* -- whether it is what an instance writes -- */

static bool
is_uuid(const char *text)
{
	return strlen(text) == UUID_SIZE - 1 && strspn(text, "0123456789abcdef-") == UUID_SIZE - 1;
}

static bool
is_hash(const char *text)
{
	return strlen(text) == HASH_HEX_SIZE - 1 &&
	    strspn(text, "0123456789abcdef") == HASH_HEX_SIZE - 1;
}

static bool
is_object(const struct stored_object *o)
{
	return *o->key != '\0' && o->raw_bytes >= 0 && o->stored_bytes >= 0 &&
	    is_hash(o->raw_sha256) && is_hash(o->stored_sha256) &&
	    (*o->front_sha256 == '\0' || is_hash(o->front_sha256));
}

/* Its files have their hashes in the manifest. */
static bool
is_pack(struct stored_object o)
{
	if (*o.raw_sha256 == '\0')
		o.raw_sha256 = o.stored_sha256;
	return is_object(&o);
}

static bool
is_whole(const struct part *p)
{
	return *p->manifest.key == '\0' ? is_object(&p->data)
	                                : is_pack(p->data) && is_object(&p->manifest);
}

/* It lies where its backup keeps it. */
static bool
is_in_place(const struct rebuild_read *r, const struct sidecar_read *s, const struct part *p,
    const char *key)
{
	const char *place = arena_printf(r->arena, "%s/%s/%s/%s.", s->project, s->environment,
	    p->service_slug, p->uuid);

	return strncmp(key, place, strlen(place)) == 0 && backup_is_object(key);
}

/* Who deletes a backup deletes what it names. */
static int
check_places(const struct rebuild_read *r, const struct sidecar_read *s, const struct part *p,
    struct err *e)
{
	const char *wrong = !is_in_place(r, s, p, p->data.key) ? p->data.key : NULL;

	if (*p->manifest.key != '\0' && !is_in_place(r, s, p, p->manifest.key))
		wrong = p->manifest.key;
	/* Those of older backups lie where they lay before a rename. */
	for (size_t i = 0; i < p->pack_count; i++)
		if (!backup_is_object(p->packs[i].object.key))
			wrong = p->packs[i].object.key;
	return wrong == NULL ? 0 : err_set(e, ERR_DAMAGED,
	    "%s names '%.300s', where no backup keeps anything of it", p->service_slug, wrong);
}

static int
check_part(const struct rebuild_read *r, const struct sidecar_read *s, size_t i, struct err *e)
{
	const struct part *p = &s->parts[i];
	const struct sidecar_part *row = &s->row.parts[i];

	if (!is_uuid(p->uuid) || !is_uuid(row->service_uuid))
		return err_set(e, ERR_DAMAGED, "%s has no UUID", p->service_slug);
	if (!is_whole(p))
		return err_set(e, ERR_DAMAGED, "%s does not say what is stored",
		    p->service_slug);
	for (size_t j = 0; j < i; j++)
		if (strcmp(s->row.parts[j].service_uuid, row->service_uuid) == 0)
			return err_set(e, ERR_DAMAGED, "%s is there twice", p->service_slug);
	for (size_t j = 0; j < p->pack_count; j++) {
		if (!is_pack(p->packs[j].object))
			return err_set(e, ERR_DAMAGED, "%s does not say which packs it needs",
			    p->service_slug);
		for (size_t k = 0; k < j; k++)
			if (strcmp(p->packs[j].object.key, p->packs[k].object.key) == 0)
				return err_set(e, ERR_DAMAGED, "%s names a pack twice",
				    p->service_slug);
	}
	return check_places(r, s, p, e) != 0 ? -1 : name_check_title("Name", p->service_name, e);
}

/* What is signed was written by an instance; what is not, by anybody. */
static int
check_sidecar(const struct rebuild_read *r, const char *key, const struct sidecar_read *s,
    struct err *e)
{
	const struct sidecar_row *row = &s->row;
	const char *place = arena_printf(r->arena, "%s/%s/b%" PRId64 "-%s.json", s->project,
	    s->environment, s->number, s->uuid);

	if (strcmp(place, key) != 0)
		return err_set(e, ERR_DAMAGED, "it describes %s: it was moved or renamed", place);
	if (*s->instance != '\0' && strcmp(s->instance, r->vouch->owner.instance) != 0)
		return err_set(e, ERR_CONFLICT, "another Lazarette (%.60s) has made that backup",
		    s->instance);
	if (s->number < 1 || s->number > NUMBER_MAX || s->created_at <= 0)
		return err_set(e, ERR_DAMAGED, "its number or its time is none");
	if (!is_uuid(s->uuid) || !is_uuid(row->environment_uuid) ||
	    (*row->project_uuid != '\0' && !is_uuid(row->project_uuid)))
		return err_set(e, ERR_DAMAGED, "its UUIDs are none");
	if (name_check_slug(s->project, e) != 0 || name_check_slug(s->environment, e) != 0 ||
	    name_check_title("Name", row->project_name, e) != 0 ||
	    name_check_title("Name", row->environment_name, e) != 0 ||
	    name_check_note(s->note, e) != 0)
		return -1;
	for (size_t i = 0; i < s->part_count; i++)
		if (check_part(r, s, i, e) != 0)
			return -1;
	return 0;
}

/* -- from a sidecar to rows -- */

static int
fill_services(struct regain_backup *b, struct arena *a, const struct sidecar_read *s,
    struct err *e)
{
	struct regain_service *services = arena_array(a, s->part_count, sizeof *services);

	for (size_t i = 0; i < s->part_count; i++) {
		const struct sidecar_part *row = &s->row.parts[i];
		struct regain_service *to = &services[i];

		if (!engine_parse(&to->engine, s->parts[i].engine))
			return err_set(e, ERR_INPUT, "%s is of a kind that this version does not"
			    " know", s->parts[i].service_slug);
		if (service_settings_parse(&to->settings, a, to->engine, row->settings, e) != 0)
			return err_in(e, "the settings of %s", s->parts[i].service_slug);
		to->uuid = row->service_uuid;
		to->tables = row->tables;
		to->table_count = row->table_count;
	}
	b->services = services;
	return 0;
}

static const char *
asker(const struct sidecar_row *row)
{
	struct err why;

	return name_check_email(row->requested_by, &why) == 0 ? row->requested_by : "system";
}

static int
fill(struct regain_backup *b, struct arena *a, const struct sidecar_read *s, struct err *e)
{
	const struct sidecar_row *row = &s->row;

	*b = (struct regain_backup){
		.row = { .id = s->number, .uuid = s->uuid, .note = s->note,
		    .created_at = s->created_at, .started_at = row->started_at,
		    .requested_name = asker(row), .code = row->code, .frozen_ms = row->held_ms,
		    .recipients = row->recipients, .signed_by = row->signed_by,
		    .project_slug = s->project, .environment_slug = s->environment },
		.project_uuid = row->project_uuid, .project_name = row->project_name,
		.environment_uuid = row->environment_uuid,
		.environment_name = row->environment_name,
		.parts = s->parts, .part_count = s->part_count,
	};
	if (!backup_kind_parse(&b->row.kind, row->kind) ||
	    !environment_kind_parse(&b->kind, row->environment_kind) ||
	    (*row->mode != '\0' && !backup_mode_parse(&b->row.mode, row->mode)))
		return err_set(e, ERR_INPUT, "its kind is one that this version does not know");
	return fill_services(b, a, s, e);
}

/* -- whether what it names is there, as the look through a storage says it -- */

struct judge {
	struct rebuild_read *r;
	struct regain_backup *b;
	struct finding *items;
	size_t count, capacity;
	const char *owner;
};

/* bytes -1: any size is right. */
static void
judge_object(struct judge *j, const char *key, int64_t bytes)
{
	const struct rebuild_object *o = object_of(j->r, key);
	struct arena *a = j->r->arena;
	struct finding f = { .path = utf8_clean(a, key, strlen(key)), .backup = j->b->row.id };

	if (o != NULL && (bytes < 0 || o->bytes == bytes))
		return;
	f.kind = o == NULL ? FINDING_MISSING : FINDING_DAMAGED;
	f.text = o == NULL ? findings_gone(a, j->owner)
	                   : findings_resized(a, j->owner, o->bytes, bytes);
	if (f.kind == FINDING_MISSING)
		j->b->row.health = HEALTH_MISSING;
	else if (j->b->row.health != HEALTH_MISSING)
		j->b->row.health = HEALTH_DAMAGED;
	j->items = arena_grow(a, j->items, j->count, &j->capacity, sizeof *j->items);
	j->items[j->count++] = f;
}

static void
judge_objects(struct rebuild_read *r, struct regain_backup *b)
{
	struct judge j = { .r = r, .b = b };

	j.owner = arena_printf(r->arena, "b%" PRId64, b->row.id);
	for (size_t i = 0; i < b->part_count; i++) {
		const struct part *p = &b->parts[i];

		judge_object(&j, p->data.key, p->data.stored_bytes);
		if (*p->manifest.key != '\0')
			judge_object(&j, p->manifest.key, p->manifest.stored_bytes);
		if (*p->manifest.key != '\0' && *b->row.signed_by != '\0')
			judge_object(&j, sign_key_for(r->arena, p->manifest.key), -1);
		for (size_t k = 0; k < p->pack_count; k++)
			judge_object(&j, p->packs[k].object.key, p->packs[k].object.stored_bytes);
	}
	if (*b->row.signed_by != '\0')
		judge_object(&j, sign_key_for(r->arena, b->row.sidecar_key), -1);
	b->findings = j.items;
	b->finding_count = j.count;
}

/* -- all sidecars -- */

static int
read_text(struct buf *ret, struct rebuild_read *r, const struct rebuild_object *from,
    struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;
	ssize_t n;

	if (object_open(&o, &bytes, r->vouch->dest, from->key, e) != 0)
		return -1;
	if (bytes > SIDECAR_MAX)
		return err_set(e, ERR_DAMAGED, "it has %" PRId64 " bytes", bytes);
	n = object_read(o, 0, buf_room(ret, (size_t)bytes + 1), (size_t)bytes, e);
	if (n < 0)
		return -1;
	buf_took(ret, (size_t)n);
	return 0;
}

static int
read_one(struct regain_backup *b, struct rebuild_read *r, const struct rebuild_object *from,
    struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char sha256[HASH_HEX_SIZE];
	struct sidecar_read s;
	const char *said;

	/* Nothing of it is believed before it is known who wrote it. */
	if (read_text(&text, r, from, e) != 0 ||
	    vouch_sidecar(&said, r->vouch, from->key, &text, e) != 0 ||
	    sidecar_read(&s, r->arena, text.p, text.n, e) != 0 ||
	    check_sidecar(r, from->key, &s, e) != 0 || fill(b, r->arena, &s, e) != 0)
		return -1;
	hash_of(sha256, text.p, text.n);
	b->row.sidecar_key = from->key;
	b->row.sidecar_sha256 = arena_dup(r->arena, sha256);
	judge_objects(r, b);
	return 0;
}

/* What speaks against one sidecar does not speak against the others. */
static bool
is_its_own(const struct err *e)
{
	return e->kind == ERR_DAMAGED || e->kind == ERR_CONFLICT || e->kind == ERR_INPUT ||
	    e->kind == ERR_NOT_FOUND;
}

static int
by_number(const void *a, const void *b)
{
	const struct regain_backup *x = a, *y = b;

	return x->row.id != y->row.id ? (x->row.id > y->row.id) - (x->row.id < y->row.id)
	                              : strcmp(x->row.uuid, y->row.uuid);
}

int
rebuild_read(struct rebuild_read *r, struct err *e)
{
	struct regain_backup b;

	if (dest_each_object(r->vouch->dest, "", note_object, r, e) != 0)
		return -1;
	if (r->object_count > 0)
		qsort(r->objects, r->object_count, sizeof *r->objects, by_key);
	for (size_t i = 0; i < r->object_count; i++) {
		const struct rebuild_object *o = &r->objects[i];

		if (!is_sidecar(o->key))
			continue;
		if (read_one(&b, r, o, e) != 0) {
			if (!is_its_own(e))
				return -1;
			regain_tell(&r->refused, r->arena, "%s: %s",
			    utf8_clean(r->arena, o->key, strlen(o->key)),
			    utf8_clean(r->arena, e->text, strlen(e->text)));
			continue;
		}
		r->backups =
		    arena_grow(r->arena, r->backups, r->count, &r->capacity, sizeof *r->backups);
		r->backups[r->count++] = b;
	}
	if (r->count > 0)
		qsort(r->backups, r->count, sizeof *r->backups, by_number);
	return 0;
}
