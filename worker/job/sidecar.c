/* sidecar.c: all that the catalogue knows of one backup, as a JSON object beside its bytes. */
#include "worker/job/sidecar.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/store/backups.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "worker/job/sign.h"

enum { SIDECAR_MAX = 16 << 20 };

static void
json_drop(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
#define CLEANUP_JSON CLEANUP(json_drop)

static void
set_text(json_t *to, const char *name, const char *value)
{
	json_object_set_new(to, name, json_string(value ? value : ""));
}

static void
set_int(json_t *to, const char *name, int64_t value)
{
	json_object_set_new(to, name, json_integer(value));
}

static json_t *
object_json(const struct stored_object *o)
{
	json_t *j = json_object();

	set_text(j, "key", o->key);
	set_int(j, "stored_bytes", o->stored_bytes);
	set_text(j, "stored_sha256", o->stored_sha256);
	set_int(j, "raw_bytes", o->raw_bytes);
	if (*o->raw_sha256 != '\0')
		set_text(j, "raw_sha256", o->raw_sha256);
	if (*backup_front(o) != '\0')
		set_text(j, "front_sha256", backup_front(o));
	return j;
}

/* Its further packs, and those of older backups that it needs: enough to read it without theirs. */
static json_t *
packs_json(const struct part *part)
{
	json_t *list = json_array(), *j;

	for (size_t i = 0; i < part->pack_count; i++) {
		j = object_json(&part->packs[i].object);
		set_int(j, "live_bytes", part->packs[i].live_bytes);
		json_array_append_new(list, j);
	}
	return list;
}

/* The settings of the service as they are now: how to reach it, without its password. */
static int
service_json(json_t **ret, struct plan *p, const struct part *part, struct err *e)
{
	struct service s;
	json_t *settings, *j;

	if (services_by_id(&s, p->arena, p->db, part->service, e) != 0)
		return -1;
	settings = json_loads(service_settings_json(p->arena, s.engine, &s.settings), 0, NULL);
	if (settings == NULL)
		return err_set(e, ERR_INTERNAL, "settings of %s are not JSON", part->service_slug);
	j = json_object();
	set_text(j, "uuid", s.uuid);
	set_text(j, "slug", part->service_slug);
	set_text(j, "name", part->service_name);
	set_text(j, "engine", part->engine);
	json_object_set_new(j, "settings", settings);
	*ret = j;
	return 0;
}

/* Rows per table, as the dump shows them; no key when they were not counted. */
static int
tables_json(json_t *part, struct plan *p, int64_t id, struct err *e)
{
	struct table_count *tables;
	json_t *list, *j;
	size_t count;

	if (restores_part_tables(&tables, &count, p->arena, p->db, id, e) != 0)
		return -1;
	if (count == 0)
		return 0;
	list = json_array();
	for (size_t i = 0; i < count; i++) {
		j = json_object();
		set_text(j, "name", tables[i].name);
		set_int(j, "rows", tables[i].rows);
		json_array_append_new(list, j);
	}
	json_object_set_new(part, "tables", list);
	return 0;
}

static int
part_json(json_t **ret, struct plan *p, const struct part *part, struct err *e)
{
	json_t *service = NULL, *j;

	if (service_json(&service, p, part, e) != 0)
		return -1;
	j = json_object();
	set_text(j, "uuid", part->uuid);
	json_object_set_new(j, "service", service);
	set_text(j, "format", part->format);
	set_text(j, "engine_version", part->engine_version);
	set_text(j, "tool", part->tool);
	set_int(j, "taken_at", part->taken_at);
	set_int(j, "finished_at", part->finished_at);
	set_int(j, "items", part->items);
	set_int(j, "warnings", part->warnings);
	json_object_set_new(j, "data", object_json(&part->data));
	if (part->manifest.key[0] != '\0')
		json_object_set_new(j, "manifest", object_json(&part->manifest));
	if (backup_part_bytes(part) > part->data.raw_bytes) {
		set_int(j, "whole_bytes", part->whole_bytes);
		json_object_set_new(j, "packs", packs_json(part));
	}
	if (tables_json(j, p, part->id, e) != 0) {
		json_decref(j);
		return -1;
	}
	*ret = j;
	return 0;
}

static int
backup_json(json_t **ret, struct plan *p, struct err *e)
{
	const struct backup *b = &p->backup;
	char made[CLOCK_ISO_SIZE];
	struct backup now;
	json_t *j;

	/* When it began, and whether the application was held, has been written meanwhile. */
	if (backups_by_id(&now, p->arena, p->db, b->id, e) != 0)
		return -1;
	j = json_object();
	clock_iso(made, b->created_at);
	set_int(j, "number", b->id);
	set_text(j, "uuid", b->uuid);
	set_text(j, "kind", backup_kind_name(b->kind));
	if (now.mode != MODE_LIVE) {
		set_text(j, "mode", backup_mode_name(now.mode));
		set_int(j, "held_ms", now.frozen_ms);
	}
	set_text(j, "made", made);
	set_int(j, "created_at", b->created_at);
	set_int(j, "started_at", now.started_at);
	set_text(j, "note", b->note);
	if (*b->code != '\0')
		set_text(j, "code", b->code);
	set_text(j, "requested_by", b->requested_name);
	set_int(j, "job", p->job.id);
	set_int(j, "warnings", report_warnings(p->report));
	*ret = j;
	return 0;
}

static int
environment_json(json_t **ret, struct plan *p, struct err *e)
{
	const struct environment *v = &p->environment;
	struct project project;
	json_t *j;

	if (projects_by_slug(&project, p->arena, p->db, v->project_slug, e) != 0)
		return -1;
	j = json_object();

	set_text(j, "uuid", v->uuid);
	set_text(j, "slug", v->slug);
	set_text(j, "name", v->name);
	set_text(j, "kind", environment_kind_name(v->kind));
	set_text(j, "project", v->project_slug);
	set_text(j, "project_name", v->project_name);
	set_text(j, "project_uuid", project.uuid);
	*ret = j;
	return 0;
}

static bool
needs_others(const struct plan *p)
{
	for (size_t i = 0; i < p->part_count; i++)
		if (backup_part_bytes(&p->parts[i]) > p->parts[i].data.raw_bytes)
			return true;
	return false;
}

/* Whether some pack has no hash over its decoded bytes. */
static bool
is_unhashed(const struct plan *p)
{
	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];

		if (*part->data.raw_sha256 == '\0')
			return true;
		for (size_t j = 0; j < part->pack_count; j++)
			if (*part->packs[j].object.raw_sha256 == '\0')
				return true;
	}
	return false;
}

static int
version_of(const struct plan *p)
{
	if (is_unhashed(p))
		return SIDECAR_VERSION;
	return *p->backup.recipients != '\0' || needs_others(p) ? SIDECAR_SEALED : SIDECAR_FULL;
}

/* Who can open it, and what signed it. */
static void
seal_json(json_t *root, const struct backup *b)
{
	json_t *j, *list;

	if (*b->signed_by != '\0')
		set_text(root, "signed_by", b->signed_by);
	if (*b->recipients == '\0')
		return;
	j = json_object();
	list = json_array();
	set_text(j, "format", "age");
	for (const char *at = b->recipients; *at != '\0';) {
		size_t n = strcspn(at, " ");

		json_array_append_new(list, json_stringn(at, n));
		at += n + strspn(at + n, " ");
	}
	json_object_set_new(j, "recipients", list);
	json_object_set_new(root, "encryption", j);
}

int
sidecar_build(struct buf *out, struct plan *p, struct err *e)
{
	CLEANUP_JSON json_t *root = json_object();
	json_t *parts, *part = NULL;
	char *instance, *text;

	set_text(root, "type", "lazarette-backup");
	set_int(root, "version", version_of(p));
	set_text(root, "made_by", "lazarette " LAZARETTE_VERSION);
	if (settings_get(&instance, p->arena, p->db, "instance_id", e) != 0)
		return -1;
	set_text(root, "instance", instance);
	if (environment_json(&part, p, e) != 0)
		return -1;
	json_object_set_new(root, "environment", part);
	if (backup_json(&part, p, e) != 0)
		return -1;
	json_object_set_new(root, "backup", part);
	seal_json(root, &p->backup);
	parts = json_array();
	json_object_set_new(root, "parts", parts);
	for (size_t i = 0; i < p->part_count; i++) {
		if (part_json(&part, p, &p->parts[i], e) != 0)
			return -1;
		json_array_append_new(parts, part);
	}
	text = json_dumps(root, JSON_INDENT(2));
	if (text == NULL)
		return err_set(e, ERR_INTERNAL,
		    "the description of backup b%" PRId64 " is not valid text", p->backup.id);
	buf_text(out, text);
	buf_char(out, '\n');
	free(text);
	return 0;
}

int
sidecar_publish(struct plan *p, struct err *e)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;

	/* Its signature first: a sidecar is seen only with it. */
	if (sidecar_build(&text, p, e) != 0 ||
	    (sign_wanted(p) && sign_bytes(p, p->backup.sidecar_key, &text, e) != 0) ||
	    dest_begin(&up, p->dest, p->backup.sidecar_key, p->lease.fence, e) != 0 ||
	    upload_write(up, text.p, text.n, e) != 0)
		return err_in(e, "sidecar");
	if (plan_still_ours(p, e) != 0)
		return -1;
	FAULT("sidecar.before_commit");
	if (upload_commit(&up, e) != 0)
		return err_in(e, "sidecar");
	hash_of(p->sidecar_sha256, text.p, text.n);
	return 0;
}

int
sidecar_check(struct plan *p, const char *sha256, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *key = p->backup.sidecar_key;
	char hash[HASH_HEX_SIZE];
	int64_t bytes;
	ssize_t n;

	if (object_open(&o, &bytes, p->dest, key, e) != 0)
		return -1;
	if (bytes > SIDECAR_MAX)
		return err_set(e, ERR_DAMAGED, "'%s' has grown to %" PRId64 " bytes", key, bytes);
	n = object_read(o, 0, buf_room(&text, (size_t)bytes), (size_t)bytes, e);
	if (n < 0)
		return -1;
	buf_took(&text, (size_t)n);
	hash_of(hash, text.p, text.n);
	if (strcmp(hash, sha256) != 0)
		return err_set(e, ERR_DAMAGED, "'%s' differs from what was written", key);
	return 0;
}
