/* sidecar_read.c: a sidecar read again, without a catalogue. */
#include "worker/job/sidecar_read.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/model/name.h"
#include "worker/job/sidecar.h"

static void
json_drop(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
#define CLEANUP_JSON CLEANUP(json_drop)

/* What is read, and the first thing that was not as it must be. */
struct reader {
	struct arena *arena;
	const char *missing;
};

static const char *
text_of(struct reader *r, const json_t *from, const char *name)
{
	const char *value = json_string_value(json_object_get(from, name));

	if (value == NULL && r->missing == NULL)
		r->missing = name;
	return arena_dup(r->arena, value ? value : "");
}

static const char *
optional(struct reader *r, const json_t *value)
{
	const char *text = json_string_value(value);

	return arena_dup(r->arena, text != NULL ? text : "");
}

static int64_t
number_of(struct reader *r, const json_t *from, const char *name)
{
	const json_t *value = json_object_get(from, name);

	if (!json_is_integer(value) && r->missing == NULL)
		r->missing = name;
	return json_integer_value(value);
}

/* Whether it must have a hash over its decoded bytes, is not for one alone to say: a pack need
 * not. */
static struct stored_object
object_of(struct reader *r, const json_t *j)
{
	const json_t *hash = json_object_get(j, "raw_sha256"),
	             *front = json_object_get(j, "front_sha256");

	return (struct stored_object){
		.key = text_of(r, j, "key"),
		.raw_bytes = number_of(r, j, "raw_bytes"),
		.stored_bytes = number_of(r, j, "stored_bytes"),
		.raw_sha256 = hash != NULL ? text_of(r, j, "raw_sha256") : "",
		.stored_sha256 = text_of(r, j, "stored_sha256"),
		.front_sha256 = front != NULL ? text_of(r, j, "front_sha256") : "",
	};
}

static void
read_packs(struct part *part, struct reader *r, const json_t *j)
{
	const json_t *list = json_object_get(j, "packs"), *one;

	part->pack_count = json_array_size(list);
	part->packs = arena_array(r->arena, part->pack_count + 1, sizeof *part->packs);
	for (size_t i = 0; i < part->pack_count; i++) {
		one = json_array_get(list, i);
		part->packs[i].object = object_of(r, one);
		part->packs[i].live_bytes = number_of(r, one, "live_bytes");
	}
	if (list != NULL)
		part->whole_bytes = number_of(r, j, "whole_bytes");
}

static void
read_part(struct part *ret, struct reader *r, const json_t *j)
{
	const json_t *service = json_object_get(j, "service");
	struct err why;

	*ret = (struct part){
		.uuid = text_of(r, j, "uuid"),
		.service_slug = text_of(r, service, "slug"),
		.service_name = text_of(r, service, "name"),
		.engine = text_of(r, service, "engine"),
		.state = "ready",
		.format = text_of(r, j, "format"),
		.engine_version = text_of(r, j, "engine_version"),
		.tool = text_of(r, j, "tool"),
		.items = number_of(r, j, "items"),
		.warnings = json_integer_value(json_object_get(j, "warnings")),
		.taken_at = number_of(r, j, "taken_at"),
		.finished_at = json_integer_value(json_object_get(j, "finished_at")),
		.data = object_of(r, json_object_get(j, "data")),
		.manifest = { "", 0, 0, "", "", "" },
	};
	if (json_object_get(j, "manifest") != NULL)
		ret->manifest = object_of(r, json_object_get(j, "manifest"));
	read_packs(ret, r, j);
	/* It becomes the name of a file, and anybody may have written it. */
	if (name_check_slug(ret->service_slug, &why) != 0 && r->missing == NULL)
		r->missing = "slug";
}

/* -- what only a catalogue needs -- */

static const char *
settings_of(struct reader *r, const json_t *service)
{
	char *text = json_dumps(json_object_get(service, "settings"), JSON_COMPACT);
	const char *ret = arena_dup(r->arena, text != NULL ? text : "");

	free(text);
	return ret;
}

static void
read_part_row(struct sidecar_part *ret, struct reader *r, const json_t *j)
{
	const json_t *service = json_object_get(j, "service"), *one,
	             *tables = json_object_get(j, "tables");

	ret->service_uuid = optional(r, json_object_get(service, "uuid"));
	ret->settings = settings_of(r, service);
	ret->table_count = json_array_size(tables);
	ret->tables = arena_array(r->arena, ret->table_count + 1, sizeof *ret->tables);
	for (size_t i = 0; i < ret->table_count; i++) {
		one = json_array_get(tables, i);
		ret->tables[i] =
		    (struct table_count){ text_of(r, one, "name"), number_of(r, one, "rows") };
	}
}

static const char *
recipients_of(struct reader *r, const json_t *list)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_array_size(list); i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "",
		    optional(r, json_array_get(list, i)));
	return arena_dup(r->arena, text.p);
}

static void
read_row(struct sidecar_row *ret, struct reader *r, const json_t *root)
{
	const json_t *b = json_object_get(root, "backup"),
	             *v = json_object_get(root, "environment"),
	             *parts = json_object_get(root, "parts");
	size_t count = json_array_size(parts);

	*ret = (struct sidecar_row){
		.kind = optional(r, json_object_get(b, "kind")),
		.mode = optional(r, json_object_get(b, "mode")),
		.code = optional(r, json_object_get(b, "code")),
		.requested_by = optional(r, json_object_get(b, "requested_by")),
		.started_at = json_integer_value(json_object_get(b, "started_at")),
		.held_ms = json_integer_value(json_object_get(b, "held_ms")),
		.recipients = recipients_of(r,
		    json_object_get(json_object_get(root, "encryption"), "recipients")),
		.signed_by = optional(r, json_object_get(root, "signed_by")),
		.project_uuid = optional(r, json_object_get(v, "project_uuid")),
		.project_name = optional(r, json_object_get(v, "project_name")),
		.environment_uuid = optional(r, json_object_get(v, "uuid")),
		.environment_name = optional(r, json_object_get(v, "name")),
		.environment_kind = optional(r, json_object_get(v, "kind")),
		.parts = arena_array(r->arena, count + 1, sizeof *ret->parts),
	};
	for (size_t i = 0; i < count; i++)
		read_part_row(&ret->parts[i], r, json_array_get(parts, i));
}

static int
check_head(const json_t *root, struct err *e)
{
	const char *type = json_string_value(json_object_get(root, "type"));
	json_int_t version = json_integer_value(json_object_get(root, "version"));

	if (type == NULL || strcmp(type, "lazarette-backup") != 0)
		return err_set(e, ERR_DAMAGED, "this is no description of a backup");
	if (version > SIDECAR_VERSION)
		return err_set(e, ERR_INPUT,
		    "it was written in version %" JSON_INTEGER_FORMAT
		    " of the format; this is Lazarette %s, which reads version %d: install a newer "
		    "one", version, LAZARETTE_VERSION, SIDECAR_VERSION);
	return 0;
}

int
sidecar_read(struct sidecar_read *ret, struct arena *a, const char *text, size_t n, struct err *e)
{
	struct reader r = { a, NULL };
	struct sidecar_read found = { 0 };
	json_error_t why;
	CLEANUP_JSON json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	const json_t *backup = json_object_get(root, "backup"),
	             *environment = json_object_get(root, "environment"),
	             *parts = json_object_get(root, "parts");

	if (root == NULL)
		return err_set(e, ERR_DAMAGED, "line %d: %s", why.line, why.text);
	if (check_head(root, e) != 0)
		return -1;
	found.number = number_of(&r, backup, "number");
	found.created_at = number_of(&r, backup, "created_at");
	found.uuid = text_of(&r, backup, "uuid");
	found.note = text_of(&r, backup, "note");
	found.project = text_of(&r, environment, "project");
	found.environment = text_of(&r, environment, "slug");
	found.instance = optional(&r, json_object_get(root, "instance"));
	found.recipient = optional(&r, json_array_get(
	    json_object_get(json_object_get(root, "encryption"), "recipients"), 0));
	found.part_count = json_array_size(parts);
	found.parts = arena_array(a, found.part_count + 1, sizeof *found.parts);
	for (size_t i = 0; i < found.part_count; i++)
		read_part(&found.parts[i], &r, json_array_get(parts, i));
	read_row(&found.row, &r, root);
	if (r.missing != NULL || found.part_count == 0)
		return err_set(e, ERR_DAMAGED, "\"%s\" is missing or of the wrong kind",
		    r.missing ? r.missing : "parts");
	*ret = found;
	return 0;
}
