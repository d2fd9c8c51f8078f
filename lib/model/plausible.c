/* plausible.c: does what a backup has of a service look like what the ones before had? */
#include "lib/model/plausible.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/num.h"

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t
plausible_median(const int64_t *values, size_t count)
{
	int64_t sorted[PLAUSIBLE_PAST];
	size_t n = count < PLAUSIBLE_PAST ? count : PLAUSIBLE_PAST;

	if (n == 0)
		return 0;
	memcpy(sorted, values, n * sizeof *values);
	qsort(sorted, n, sizeof *sorted, by_value);
	return sorted[(n - 1) / 2];
}

/* -- tables and files: the last one is the measure -- */

static int
by_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct table_count *)row)->name);
}

/* Rows of the table of that name; -1: it is not there. */
static int64_t
rows_of(const struct plausible_part *p, const char *name)
{
	const struct table_count *found = p->table_count == 0
	    ? NULL
	    : bsearch(name, p->tables, p->table_count, sizeof *p->tables, by_name);

	return found == NULL ? -1 : found->rows;
}

/* Of tables that lost all they had, the biggest stands for the others. */
static char *
judge_rows(struct arena *a, const struct plausible_part *now, const struct plausible_part *last)
{
	const struct table_count *worst = NULL;
	char rows[NUM_TEXT];
	size_t lost = 0;

	for (size_t i = 0; i < last->table_count; i++) {
		const struct table_count *t = &last->tables[i];

		if (t->rows <= PLAUSIBLE_ROWS || rows_of(now, t->name) > 0)
			continue;
		lost++;
		if (worst == NULL || t->rows > worst->rows)
			worst = t;
	}
	if (worst == NULL)
		return NULL;
	num_count(rows, worst->rows);
	return arena_printf(a, "table %s %s where the last one had %s rows%s", worst->name,
	    rows_of(now, worst->name) < 0 ? "is gone" : "is empty", rows,
	    lost == 1 ? "" : arena_printf(a, ", and %zu more tables like it", lost - 1));
}

static char *
judge_tables(struct arena *a, const struct plausible_part *now, const struct plausible_part *last)
{
	if (!now->counted || last->table_count == 0)
		return NULL;
	if (now->table_count == 0)
		return arena_printf(a, "no tables where the last one had %zu", last->table_count);
	return judge_rows(a, now, last);
}

static char *
judge_files(struct arena *a, const struct plausible_part *now, const struct plausible_part *last)
{
	char files[NUM_TEXT];

	if (now->files > 0 || last->files == 0)
		return NULL;
	num_count(files, last->files);
	return arena_printf(a, "no files where the last one had %s", files);
}

/* -- sizes -- */

static char *
judge_size(struct arena *a, int64_t bytes, const struct plausible_history *past)
{
	static const char *const numbers[PLAUSIBLE_PAST + 1] = {
		[3] = "three", [4] = "four", [5] = "five",
	};
	size_t n = past->count < PLAUSIBLE_PAST ? past->count : PLAUSIBLE_PAST;
	int64_t median = plausible_median(past->bytes, past->count);
	char has[NUM_TEXT], had[NUM_TEXT];
	double percent;

	if (n < PLAUSIBLE_PAST_MIN || median == 0 || llabs(bytes - median) < PLAUSIBLE_NOISE)
		return NULL;
	percent = (double)bytes / (double)median * 100;
	if (percent > PLAUSIBLE_LEAST_PERCENT && percent <= PLAUSIBLE_MOST_PERCENT)
		return NULL;
	num_size(has, bytes);
	num_size(had, median);
	return arena_printf(a, "%s where the last %s had about %s", has, numbers[n], had);
}

char *
plausible_judge(struct arena *a, const struct plausible_part *now,
    const struct plausible_history *past)
{
	char *odd;

	if (past->last == NULL)
		return NULL;
	odd = now->media ? judge_files(a, now, past->last) : judge_tables(a, now, past->last);
	return odd != NULL ? odd : judge_size(a, now->bytes, past);
}
