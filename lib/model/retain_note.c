/* retain_note.c: what a page tells about a judged list as a whole. */
#include "lib/model/retain_note.h"

#include "lib/base/num.h"

char *
retain_note_saving(struct arena *a, const struct retain_result *r)
{
	char size[NUM_TEXT];

	if (r->go_count == 0)
		return NULL;
	num_size(size, r->go_bytes);
	return arena_printf(a, "Saving deletes %zu backup%s (%s) tonight", r->go_count,
	    r->go_count == 1 ? "" : "s", size);
}

char *
retain_note_purging(struct arena *a, size_t count, int64_t bytes, bool inherit)
{
	char size[NUM_TEXT];

	if (count == 0)
		return NULL;
	num_size(size, bytes);
	return arena_printf(a, "%s deletes %zu backup%s (%s) for good within a day",
	    inherit ? "Using what is inherited" : "Saving", count, count == 1 ? "" : "s", size);
}

char *
retain_note_warning(struct arena *a, const struct retain_ask *ask, const struct retain_result *r)
{
	char size[NUM_TEXT], limit[NUM_TEXT];
	int64_t jump = ask->now - ask->last_now;

	if (r->stopped) {
		num_duration(size, jump < 0 ? -jump : jump);
		return arena_printf(a,
		    "The clock went %s %s since the last look: nothing is deleted this time", size,
		    jump < 0 ? "back" : "forward");
	}
	if (!r->over_limit)
		return NULL;
	num_size(size, r->stay_bytes);
	num_size(limit, ask->rule->max_total);
	return arena_printf(a,
	    "What must stay is %s, more than the limit of %s: nothing else can go", size, limit);
}
