/* restore.c: words and legal moves of restores. */
#include "lib/model/restore.h"

#include <string.h>

#include "lib/model/word.h"

static const char *const modes[RESTORE_MODES] = {
	[RESTORE_REPLACE] = "replace", [RESTORE_ADD] = "add", [RESTORE_NEW] = "new",
};
static const char *const states[RESTORE_STATES] = {
	[RESTORE_DRAFT] = "draft",   [RESTORE_PENDING] = "pending", [RESTORE_DONE] = "done",
	[RESTORE_FAILED] = "failed", [RESTORE_UNDONE] = "undone",
};
static const char *const previews[PREVIEWS] = {
	[PREVIEW_LOOKING] = "looking", [PREVIEW_OK] = "ok", [PREVIEW_REFUSED] = "refused",
};
static const char *const landings[LANDINGS] = {
	[LANDING_WAITING] = "waiting",   [LANDING_BUILT] = "built",
	[LANDING_SWAPPING] = "swapping", [LANDING_SWAPPED] = "swapped", [LANDING_GONE] = "gone",
};
static const char *const turns[TURNS] = {
	[TURN_NONE] = "", [TURN_IN] = "in", [TURN_OUT] = "out",
};

static const bool moves[RESTORE_STATES][RESTORE_STATES] = {
	[RESTORE_DRAFT] = { [RESTORE_PENDING] = true },
	[RESTORE_PENDING] = { [RESTORE_DONE] = true, [RESTORE_FAILED] = true },
	[RESTORE_DONE] = { [RESTORE_UNDONE] = true },
};

const char *
restore_mode_name(enum restore_mode mode)
{
	return word_of(modes, RESTORE_MODES, (int)mode);
}

const char *
restore_state_name(enum restore_state state)
{
	return word_of(states, RESTORE_STATES, (int)state);
}

const char *
restore_preview_name(enum restore_preview preview)
{
	return word_of(previews, PREVIEWS, (int)preview);
}

const char *
restore_landing_name(enum landing landing)
{
	return word_of(landings, LANDINGS, (int)landing);
}

const char *
restore_turn_name(enum restore_turn turn)
{
	return word_of(turns, TURNS, (int)turn);
}

bool
restore_mode_parse(enum restore_mode *ret, const char *name)
{
	int found = word_find(modes, RESTORE_MODES, name);

	if (found < 0)
		return false;
	*ret = (enum restore_mode)found;
	return true;
}

bool
restore_state_parse(enum restore_state *ret, const char *name)
{
	int found = word_find(states, RESTORE_STATES, name);

	if (found < 0)
		return false;
	*ret = (enum restore_state)found;
	return true;
}

bool
restore_preview_parse(enum restore_preview *ret, const char *name)
{
	int found = word_find(previews, PREVIEWS, name);

	if (found < 0)
		return false;
	*ret = (enum restore_preview)found;
	return true;
}

bool
restore_landing_parse(enum landing *ret, const char *name)
{
	int found = word_find(landings, LANDINGS, name);

	if (found < 0)
		return false;
	*ret = (enum landing)found;
	return true;
}

bool
restore_turn_parse(enum restore_turn *ret, const char *name)
{
	int found = word_find(turns, TURNS, name);

	if (found < 0)
		return false;
	*ret = (enum restore_turn)found;
	return true;
}

bool
restore_may_go(enum restore_state from, enum restore_state to)
{
	return from < RESTORE_STATES && to < RESTORE_STATES && moves[from][to];
}

bool
restore_part_undoing(const struct restore_part *part)
{
	const char *last = strrchr(part->tag, RESTORE_UNDO_TAG[0]);

	return last != NULL && last[1] == '\0';
}

char *
restore_part_undo_tag(struct arena *a, const struct restore_part *part)
{
	return arena_printf(a, "%s" RESTORE_UNDO_TAG, restore_part_own_tag(a, part));
}

char *
restore_part_own_tag(struct arena *a, const struct restore_part *part)
{
	size_t n = strlen(part->tag);

	return arena_dupn(a, part->tag, restore_part_undoing(part) ? n - 1 : n);
}

bool
restore_part_is_absent(const struct restore_part *part)
{
	return part->target_bytes < 0;
}

enum restore_turn
restore_turn_of(const struct restore_part *parts, size_t count)
{
	size_t in = 0, out = 0;

	for (size_t i = 0; i < count; i++) {
		in += parts[i].state == LANDING_SWAPPED;
		out += parts[i].state == LANDING_BUILT;
	}
	return count == 0 ? TURN_NONE : in == count ? TURN_IN : out == count ? TURN_OUT : TURN_NONE;
}
