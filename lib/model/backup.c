/* backup.c: words and legal moves of backups. */
#include "lib/model/backup.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/model/name.h"
#include "lib/model/word.h"

static const char *const states[BACKUP_STATES] = {
	[BACKUP_BUILDING] = "building", [BACKUP_READY] = "ready",     [BACKUP_FAILED] = "failed",
	[BACKUP_TRASHED] = "trashed",   [BACKUP_DELETED] = "deleted",
};
static const char *const kinds[BACKUP_KINDS] = {
	[BACKUP_SCHEDULED] = "scheduled", [BACKUP_ON_DEMAND] = "on-demand",
	[BACKUP_SAFETY] = "safety",       [BACKUP_UPLOADED] = "uploaded",
};
static const char *const healths[HEALTHS] = {
	[HEALTH_UNKNOWN] = "unknown", [HEALTH_GOOD] = "good",
	[HEALTH_DAMAGED] = "damaged", [HEALTH_MISSING] = "missing",
};

/* Out of the trash a backup goes back to what it was before. */
static const bool moves[BACKUP_STATES][BACKUP_STATES] = {
	[BACKUP_BUILDING] = { [BACKUP_READY] = true, [BACKUP_FAILED] = true },
	[BACKUP_READY] = { [BACKUP_TRASHED] = true },
	[BACKUP_FAILED] = { [BACKUP_TRASHED] = true },
	[BACKUP_TRASHED] = { [BACKUP_READY] = true,
	    [BACKUP_FAILED] = true,
	    [BACKUP_DELETED] = true },
};

static const char *const mode_names[BACKUP_MODES] = {
	[MODE_LIVE] = "live", [MODE_CONSISTENT] = "consistent",
};

const char *
backup_mode_name(enum backup_mode mode)
{
	return word_of(mode_names, BACKUP_MODES, (int)mode);
}

bool
backup_mode_parse(enum backup_mode *ret, const char *name)
{
	int found = word_find(mode_names, BACKUP_MODES, name);

	if (found < 0)
		return false;
	*ret = (enum backup_mode)found;
	return true;
}

const char *
backup_state_name(enum backup_state state)
{
	return word_of(states, BACKUP_STATES, (int)state);
}

const char *
backup_kind_name(enum backup_kind kind)
{
	return word_of(kinds, BACKUP_KINDS, (int)kind);
}

const char *
backup_health_name(enum backup_health health)
{
	return word_of(healths, HEALTHS, (int)health);
}

bool
backup_state_parse(enum backup_state *ret, const char *name)
{
	int found = word_find(states, BACKUP_STATES, name);

	if (found < 0)
		return false;
	*ret = (enum backup_state)found;
	return true;
}

bool
backup_kind_parse(enum backup_kind *ret, const char *name)
{
	int found = word_find(kinds, BACKUP_KINDS, name);

	if (found < 0)
		return false;
	*ret = (enum backup_kind)found;
	return true;
}

bool
backup_health_parse(enum backup_health *ret, const char *name)
{
	int found = word_find(healths, HEALTHS, name);

	if (found < 0)
		return false;
	*ret = (enum backup_health)found;
	return true;
}

bool
backup_may_go(enum backup_state from, enum backup_state to)
{
	return from < BACKUP_STATES && to < BACKUP_STATES && moves[from][to];
}

const char *
backup_front(const struct stored_object *o)
{
	return o->front_sha256 != NULL ? o->front_sha256 : "";
}

int64_t
backup_part_bytes(const struct part *p)
{
	return p->whole_bytes > p->data.raw_bytes ? p->whole_bytes : p->data.raw_bytes;
}

/* The end of what a folder of a key has for a name; NULL: it is none. */
static const char *
skip_folder(const char *at)
{
	char slug[NAME_SLUG_MAX + 1];
	size_t n = strcspn(at, "/");
	struct err why;

	if (n > NAME_SLUG_MAX || at[n] != '/')
		return NULL;
	memcpy(slug, at, n);
	slug[n] = '\0';
	return name_check_slug(slug, &why) == 0 ? at + n + 1 : NULL;
}

bool
backup_is_object(const char *key)
{
	enum { PROJECT_ENVIRONMENT_SERVICE = 3 };
	const char *at = key, *end;

	for (int i = 0; at != NULL && i < PROJECT_ENVIRONMENT_SERVICE; i++)
		at = skip_folder(at);
	if (at == NULL || strspn(at, "0123456789abcdef-") < UUID_SIZE - 1)
		return false;
	at += UUID_SIZE - 1;
	if (*at == '-' && isdigit((unsigned char)at[1]))
		at += 1 + strspn(at + 1, "0123456789");
	if (*at != '.' || at[strspn(at, "abcdefghijklmnopqrstuvwxyz.")] != '\0')
		return false;
	end = strstr(at, ".zst");
	return end != NULL && (strcmp(end, ".zst") == 0 || strcmp(end, ".zst.age") == 0);
}

int64_t
backup_own_pack(const struct part *p, const char *key)
{
	const char *data = p->data.key, *slash = strrchr(data, '/');
	const char *ending = strchr(slash != NULL ? slash : data, '.');
	size_t stem = ending != NULL ? (size_t)(ending - data) : strlen(data), digits;
	char number[NUM_TEXT];
	int64_t n;

	if (strcmp(key, data) == 0)
		return 1;
	if (strncmp(key, data, stem) != 0 || key[stem] != '-')
		return 0;
	key += stem + 1;
	digits = strspn(key, "0123456789");
	if (*key == '0' || digits >= sizeof number || strcmp(key + digits, data + stem) != 0)
		return 0;
	memcpy(number, key, digits);
	number[digits] = '\0';
	return num_parse(&n, number, 2, INT32_MAX) ? n : 0;
}

const struct stored_object *
backup_own(const struct part *p, int64_t number)
{
	if (number == 1)
		return &p->data;
	for (size_t i = 0; i < p->pack_count; i++)
		if (backup_own_pack(p, p->packs[i].object.key) == number)
			return &p->packs[i].object;
	return NULL;
}

int64_t
backup_own_raw(const struct part *p)
{
	enum { END_OF_TAR = 1024 };
	int64_t sum = p->data.raw_bytes;

	for (size_t i = 0; i < p->pack_count; i++)
		if (backup_own_pack(p, p->packs[i].object.key) != 0)
			sum += p->packs[i].object.raw_bytes - END_OF_TAR;
	return sum;
}

int64_t
backup_own_stored(const struct part *p)
{
	int64_t sum = p->data.stored_bytes;

	for (size_t i = 0; i < p->pack_count; i++)
		if (backup_own_pack(p, p->packs[i].object.key) != 0)
			sum += p->packs[i].object.stored_bytes;
	return sum;
}

bool
backup_is_plain(const struct part *p)
{
	for (size_t i = 0; i < p->pack_count; i++)
		if (backup_own_pack(p, p->packs[i].object.key) == 0)
			return false;
	return backup_part_bytes(p) == backup_own_raw(p);
}

bool
backup_is_lost(const struct backup *b)
{
	return (b->health == HEALTH_DAMAGED || b->health == HEALTH_MISSING) && b->copies_good == 0;
}
