/* chart_line.c: the size of an environment's backups over time. */
#include "cgi/page/chart_line.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/page.h"
#include "lib/base/buf.h"
#include "lib/base/num.h"

/* The drawing is 640 wide and 150 high; MEDIAN_OF are looked at for the band. */
enum { WIDTH = 640, HEIGHT = 150, MEDIAN_OF = 5, MARK = 5 };

struct line {
	const struct stats_size *sizes;   /* newest first */
	size_t count;
	int64_t from, until;          /* the times at both ends */
	int64_t most;                 /* the value at the top; 0 is at the bottom */
};

/* Oldest first. */
static const struct stats_size *
size_at(const struct line *l, size_t i)
{
	return &l->sizes[l->count - 1 - i];
}

static int
x_of(const struct line *l, size_t i)
{
	int64_t span = l->until - l->from;

	/* All within one moment: side by side. */
	if (span <= 0)
		return (int)(i * WIDTH / (l->count - 1));
	return (int)((double)(size_at(l, i)->at - l->from) / (double)span * WIDTH + 0.5);
}

static int
y_of(const struct line *l, double value)
{
	return HEIGHT - (int)(value / (double)l->most * HEIGHT + 0.5);
}

/* The median of the five before the i-th; 0 when there are none before it. */
static int64_t
median_before(const struct line *l, size_t i)
{
	int64_t v[MEDIAN_OF];
	size_t n = 0;

	for (size_t j = i < MEDIAN_OF ? 0 : i - MEDIAN_OF; j < i; j++) {
		int64_t value = size_at(l, j)->raw_bytes;
		size_t at = n++;

		for (; at > 0 && v[at - 1] > value; at--)
			v[at] = v[at - 1];
		v[at] = value;
	}
	return n > 0 ? v[n / 2] : 0;
}

/* The largest of what is drawn, with the band. */
static int64_t
top_of(const struct line *l)
{
	int64_t most = 1;

	for (size_t i = 0; i < l->count; i++) {
		int64_t median = median_before(l, i), high = median + median / 2;

		if (size_at(l, i)->raw_bytes > most)
			most = size_at(l, i)->raw_bytes;
		if (high > most)
			most = high;
	}
	return most;
}

static void
point(struct buf *path, int x, int y)
{
	buf_printf(path, "%c%d %d", path->n == 0 ? 'M' : 'L', x, y);
}

static void
draw(struct node *n, const struct line *l)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_BUF struct buf odd = BUF_INIT;
	CLEANUP_BUF struct buf high = BUF_INIT;
	CLEANUP_BUF struct buf low = BUF_INIT;

	for (size_t i = 0; i < l->count; i++) {
		const struct stats_size *s = size_at(l, i);
		int x = x_of(l, i), y = y_of(l, (double)s->raw_bytes);
		double median = (double)median_before(l, i);

		point(&line, x, y);
		if (s->suspicious)
			buf_printf(&odd, "M%d %dl%d %dl%d %dl-%d %dz", x, y - MARK, MARK, MARK,
			    -MARK, MARK, MARK, -MARK);
		if (i == 0)
			continue;
		point(&high, x, y_of(l, median * 1.5));
		point(&low, x, y_of(l, median / 2));
	}
	node_set(n, "line", line.p);
	node_set(n, "odd", odd.n > 0 ? odd.p : NULL);
	node_set(n, "high", high.p);
	node_set(n, "low", low.p);
}

static void
rows(struct node *n, const struct stats_size *sizes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(n, "rows");
		char at[NUM_TEXT];

		num_date(at, sizes[i].at);
		mark_id(row, "id", NAME_BACKUP, sizes[i].id);
		node_setf(row, "href", "/b/b%" PRId64, sizes[i].id);
		node_set(row, "at", at);
		page_size(row, "size", sizes[i].raw_bytes);
		node_flag(row, "odd", sizes[i].suspicious);
	}
}

void
chart_line_sizes(struct node *n, struct arena *a, const struct stats_size *sizes, size_t count)
{
	struct line l = { .sizes = sizes, .count = count };
	char least[NUM_TEXT], most[NUM_TEXT], from[NUM_TEXT], until[NUM_TEXT], last[NUM_TEXT];
	int64_t low, high;

	if (count < 2)
		return;
	l.until = sizes[0].at;
	l.from = sizes[count - 1].at;
	l.most = top_of(&l);
	low = high = sizes[0].raw_bytes;
	for (size_t i = 1; i < count; i++) {
		low = sizes[i].raw_bytes < low ? sizes[i].raw_bytes : low;
		high = sizes[i].raw_bytes > high ? sizes[i].raw_bytes : high;
	}
	num_size(least, low);
	num_size(most, high);
	num_size(last, sizes[0].raw_bytes);
	num_date(from, l.from);
	num_date(until, l.until);
	node_set(n, "text", arena_printf(a, "Size of the last %zu backups: from %s to %s, the"
	    " newest %s", count, least, most, last));
	node_set(n, "least", least);
	node_set(n, "most", most);
	node_set(n, "from", from);
	node_set(n, "until", until);
	draw(n, &l);
	rows(n, sizes, count);
}
