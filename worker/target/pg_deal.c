/* pg_deal.c: a dump as it is read, its rows dealt out to several files. */
#include "worker/target/pg_deal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/base/room.h"
#include "worker/target/pg_toc.h"

enum { HEAD_MAX = 16 << 20, SLICE = 1 << 20, CHUNK = 128 << 10, INT_BYTES = 5 };
enum block { BLOCK_DATA = 1, BLOCK_BLOBS = 3 };

/* Behind the last row of a block: a script needs it, the server does not. */
static const char mark[] = "\\.\n\n\n";

enum { MARK_BYTES = sizeof mark - 1 };

/* Where in the dump the next byte stands. A number has INT_BYTES bytes. */
enum state { HEAD, TYPE, NUMBER, LENGTH, OBJECT, BYTES, WHOLE, ODD };

struct file {
	int fd;
	struct buf held;              /* not written yet */
};

struct lane {
	struct file file;
	struct buf chunk;             /* of the rows, whose length goes before them */
	struct buf list;
	int64_t bytes;
	bool open;                    /* in the present block */
};

struct pg_deal {
	const struct pg_dealt *names;
	enum state state;
	struct buf head;
	size_t tried;                 /* so much of it was not enough */
	struct pg_toc toc;
	struct file rest;
	struct lane lanes[PG_LANES_MAX];
	struct lane *lane;            /* that takes the rows now */
	int64_t given;                /* in one go */
	unsigned char number[INT_BYTES];
	size_t number_n;
	int type, id;
	bool rows;                    /* the present block is of rows */
	char tail[MARK_BYTES];        /* of which the last bytes may be the mark, */
	size_t tail_n;
	char last[2];                 /* and the two bytes before them */
	int64_t left;                 /* of the present piece */
	struct buf done;              /* one character for each entry whose block was seen */
};

static int
number_in(int64_t *ret, const unsigned char *at)
{
	int64_t n = 0;

	for (int i = INT_BYTES - 1; i > 0; i--)
		n = n << 8 | at[i];
	*ret = n;
	/* Nothing negative stands in a block, but for large objects above 2^31. */
	return at[0] == 0 ? 0 : -1;
}

static void
put_number(struct buf *b, int64_t n)
{
	buf_char(b, 0);
	for (int i = 0; i < INT_BYTES - 1; i++)
		buf_char(b, (char)(n >> (8 * i)));
}

/* -- files -- */

static int
file_open(struct file *f, const char *path, struct err *e)
{
	f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return f->fd < 0 ? room_not_made(e, path) : 0;
}

static int
file_flush(struct file *f, struct err *e)
{
	if (f->held.n > 0 && fd_write_all(f->fd, f->held.p, f->held.n, e) != 0)
		return -1;
	buf_clear(&f->held);
	return 0;
}

static int
file_add(struct file *f, const void *p, size_t n, struct err *e)
{
	if (f->held.n + n > CHUNK && file_flush(f, e) != 0)
		return -1;
	if (n >= CHUNK)
		return fd_write_all(f->fd, p, n, e);
	buf_add(&f->held, p, n);
	return 0;
}

static int
put_list(const char **list, const char *path, const struct buf *text, struct err *e)
{
	CLEANUP_FD int fd = -1;

	*list = NULL;
	if (text->n == 0)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return room_not_made(e, path);
	*list = path;
	return fd_write_all(fd, text->p, text->n, e);
}

struct pg_dealt
pg_deal_names(struct arena *a, const char *path, int lanes)
{
	struct pg_dealt names = { .lanes = lanes };

	names.dump = arena_printf(a, "%s.dump", path);
	names.before = arena_printf(a, "%s.before", path);
	names.beside = arena_printf(a, "%s.beside", path);
	names.after = arena_printf(a, "%s.after", path);
	for (int i = 0; i < lanes; i++) {
		names.lane[i].dump = arena_printf(a, "%s.rows%d", path, i);
		names.lane[i].list = arena_printf(a, "%s.list%d", path, i);
	}
	return names;
}

void
pg_deal_remove(const struct pg_dealt *names)
{
	const char *const all[] = { names->dump, names->before, names->beside, names->after };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i] != NULL)
			unlink(all[i]);
	for (int i = 0; i < names->lanes; i++) {
		unlink(names->lane[i].dump);
		unlink(names->lane[i].list);
	}
}

/* -- rows -- */

static int
chunk_flush(struct lane *lane, struct err *e)
{
	CLEANUP_BUF struct buf length = BUF_INIT;

	if (lane->chunk.n == 0)
		return 0;
	put_number(&length, (int64_t)lane->chunk.n);
	if (file_add(&lane->file, length.p, length.n, e) != 0 ||
	    file_add(&lane->file, lane->chunk.p, lane->chunk.n, e) != 0)
		return -1;
	buf_clear(&lane->chunk);
	return 0;
}

static void
choose_lane(struct pg_deal *d)
{
	d->lane = &d->lanes[0];
	for (int i = 1; i < d->names->lanes; i++)
		if (d->lanes[i].bytes < d->lane->bytes)
			d->lane = &d->lanes[i];
	d->given = 0;
}

/* The block of the present table begins in this lane; a lane's first block, its file. */
static int
lane_begin(struct pg_deal *d, struct lane *lane, struct err *e)
{
	CLEANUP_BUF struct buf begin = BUF_INIT;
	const char *path = d->names->lane[lane - d->lanes].dump;

	if (lane->file.fd < 0 && (file_open(&lane->file, path, e) != 0 ||
	                             file_add(&lane->file, d->head.p, d->toc.bytes, e) != 0))
		return -1;
	buf_char(&begin, BLOCK_DATA);
	put_number(&begin, d->id);
	buf_printf(&lane->list, "%d;\n", d->id);
	lane->open = true;
	return file_add(&lane->file, begin.p, begin.n, e);
}

static int
lane_add(struct pg_deal *d, const char *p, size_t n, struct err *e)
{
	struct lane *lane = d->lane;

	if (!lane->open && lane_begin(d, lane, e) != 0)
		return -1;
	lane->bytes += (int64_t)n;
	d->given += (int64_t)n;
	while (n > 0) {
		size_t room = CHUNK - lane->chunk.n, some = n < room ? n : room;

		buf_add(&lane->chunk, p, some);
		if (lane->chunk.n == CHUNK && chunk_flush(lane, e) != 0)
			return -1;
		p += some;
		n -= some;
	}
	return 0;
}

/* Another lane is only taken behind a row's end, which in COPY's text is a line's. */
static int
deal_rows(struct pg_deal *d, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		size_t some = n;
		const char *end = NULL;

		if (d->given < SLICE) {
			some = n < (size_t)(SLICE - d->given) ? n : (size_t)(SLICE - d->given);
		} else if ((end = memchr(p, '\n', n)) != NULL) {
			some = (size_t)(end - p) + 1;
		}
		if (lane_add(d, p, some, e) != 0)
			return -1;
		if (end != NULL)
			choose_lane(d);
		p += some;
		n -= some;
	}
	return 0;
}

/* The server takes no row behind such a line, and pg_dump never writes it among rows: the fence is
 * to see what stands there. */
static bool
has_mark(const struct pg_deal *d, const char *p, size_t n)
{
	const char *end = p + n;

	if (p[0] == '.' && d->last[1] == '\\' && d->last[0] == '\n')
		return true;
	for (const char *at = p; (at = memchr(at, '\\', (size_t)(end - at))) != NULL; at++)
		if (at + 1 < end && at[1] == '.' && (at == p ? d->last[1] : at[-1]) == '\n')
			return true;
	return false;
}

static int
rows_add(struct pg_deal *d, const char *p, size_t n, struct err *e)
{
	if (n == 0 || d->state == ODD)
		return 0;
	if (has_mark(d, p, n)) {
		d->state = ODD;
		return 0;
	}
	d->last[0] = n > 1 ? p[n - 2] : d->last[1];
	d->last[1] = p[n - 1];
	return deal_rows(d, p, n, e);
}

/* The last bytes are kept back until it is known what they are. */
static int
rows_write(struct pg_deal *d, const char *p, size_t n, struct err *e)
{
	size_t all = d->tail_n + n, out = all > MARK_BYTES ? all - MARK_BYTES : 0;
	size_t of_tail = out < d->tail_n ? out : d->tail_n;

	if (rows_add(d, d->tail, of_tail, e) != 0 || rows_add(d, p, out - of_tail, e) != 0)
		return -1;
	memmove(d->tail, d->tail + of_tail, d->tail_n - of_tail);
	d->tail_n -= of_tail;
	memcpy(d->tail + d->tail_n, p + (out - of_tail), n - (out - of_tail));
	d->tail_n += n - (out - of_tail);
	return 0;
}

static int
rows_end(struct pg_deal *d, struct err *e)
{
	CLEANUP_BUF struct buf end = BUF_INIT;

	if (d->last[1] != '\n' || d->tail_n != MARK_BYTES || memcmp(d->tail, mark, MARK_BYTES) != 0)
		d->state = ODD;
	put_number(&end, 0);
	for (int i = 0; i < d->names->lanes; i++) {
		struct lane *lane = &d->lanes[i];

		if (!lane->open)
			continue;
		lane->open = false;
		if (chunk_flush(lane, e) != 0 || file_add(&lane->file, end.p, end.n, e) != 0)
			return -1;
	}
	return 0;
}

/* -- blocks -- */

/* A block of rows is empty in the file that the fence reads; any other is there as it is. */
static int
block_begin(struct pg_deal *d, int64_t id, struct err *e)
{
	const struct pg_toc_entry *entry = id > INT32_MAX ? NULL : pg_toc_find(&d->toc, (int)id);
	CLEANUP_BUF struct buf begin = BUF_INIT;
	size_t at = entry ? (size_t)(entry - d->toc.by_id) : 0;

	d->state = d->type == BLOCK_DATA ? LENGTH : OBJECT;
	if (entry == NULL || d->done.p[at] != '0' ||
	    (entry->step == PG_TOC_ROWS && d->type != BLOCK_DATA)) {
		d->state = ODD;
		return 0;
	}
	d->done.p[at] = '1';
	d->id = entry->id;
	d->rows = entry->step == PG_TOC_ROWS;
	buf_char(&begin, (char)d->type);
	put_number(&begin, id);
	if (d->rows) {
		put_number(&begin, MARK_BYTES);
		buf_add(&begin, mark, MARK_BYTES);
		put_number(&begin, 0);
		choose_lane(d);
		d->last[0] = d->last[1] = '\n';
		d->tail_n = 0;
	}
	return file_add(&d->rest, begin.p, begin.n, e);
}

static int
number_read(struct pg_deal *d, struct err *e)
{
	int64_t n;

	if (number_in(&n, d->number) != 0) {
		d->state = ODD;
		return 0;
	}
	if (d->state == NUMBER)
		return block_begin(d, n, e);
	if (!d->rows && file_add(&d->rest, d->number, sizeof d->number, e) != 0)
		return -1;
	if (d->state == OBJECT) {
		d->state = n == 0 ? TYPE : LENGTH;
		return 0;
	}
	d->left = n;
	if (n > 0) {
		d->state = BYTES;
		return 0;
	}
	d->state = d->type == BLOCK_DATA ? TYPE : OBJECT;
	return d->rows ? rows_end(d, e) : 0;
}

static int
piece(size_t *taken, struct pg_deal *d, const char *p, size_t n, struct err *e)
{
	size_t some = (int64_t)n < d->left ? n : (size_t)d->left;

	*taken = some;
	d->left -= (int64_t)some;
	if (d->left == 0)
		d->state = LENGTH;
	/* Which may find that it is odd. */
	return d->rows ? rows_write(d, p, some, e) : file_add(&d->rest, p, some, e);
}

static int
deal(struct pg_deal *d, const char *p, size_t n, struct err *e)
{
	while (n > 0 && d->state != ODD) {
		size_t some = 1;

		if (d->state == BYTES) {
			if (piece(&some, d, p, n, e) != 0)
				return -1;
		} else if (d->state == TYPE) {
			d->type = *p;
			d->state = *p == BLOCK_DATA || *p == BLOCK_BLOBS ? NUMBER : ODD;
		} else {
			d->number[d->number_n++] = (unsigned char)*p;
			if (d->number_n == sizeof d->number) {
				d->number_n = 0;
				if (number_read(d, e) != 0)
					return -1;
			}
		}
		p += some;
		n -= some;
	}
	return 0;
}

/* -- the head -- */

static int
head_read(struct pg_deal *d, bool at_end, struct err *e)
{
	int known = pg_toc_read(&d->toc, d->head.p, d->head.n);

	d->tried = d->head.n;
	if (known == 0 && !at_end && d->head.n < HEAD_MAX)
		return 0;
	if (known <= 0) {
		d->state = WHOLE;
		if (file_add(&d->rest, d->head.p, d->head.n, e) != 0)
			return -1;
		buf_release(&d->head);
		return 0;
	}
	d->state = TYPE;
	for (size_t i = 0; i < d->toc.count; i++)
		buf_char(&d->done, '0');
	if (file_add(&d->rest, d->head.p, d->toc.bytes, e) != 0)
		return -1;
	return deal(d, d->head.p + d->toc.bytes, d->head.n - d->toc.bytes, e);
}

int
pg_deal_new(struct pg_deal **ret, const struct pg_dealt *names, struct err *e)
{
	CLEANUP_PG_DEAL struct pg_deal *d = xmalloc(sizeof *d);

	*d = (struct pg_deal){ .names = names, .state = names->lanes > 0 ? HEAD : WHOLE,
		.head = BUF_INIT, .done = BUF_INIT, .rest = { -1, BUF_INIT } };
	for (int i = 0; i < PG_LANES_MAX; i++)
		d->lanes[i] = (struct lane){ .file = { -1, BUF_INIT }, .chunk = BUF_INIT,
			.list = BUF_INIT };
	if (file_open(&d->rest, names->dump, e) != 0)
		return -1;
	*ret = d;
	d = NULL;
	return 0;
}

int
pg_deal_write(struct pg_deal *d, const void *p, size_t n, struct err *e)
{
	if (d->state == WHOLE)
		return file_add(&d->rest, p, n, e);
	if (d->state != HEAD)
		return deal(d, p, n, e);
	buf_add(&d->head, p, n);
	return d->head.n >= 2 * d->tried ? head_read(d, false, e) : 0;
}

static int
put_lists(struct pg_dealt *ret, const struct pg_deal *d, struct err *e)
{
	const char *const paths[PG_TOC_STEPS] = { [PG_TOC_BEFORE] = d->names->before,
		[PG_TOC_BESIDE] = d->names->beside, [PG_TOC_AFTER] = d->names->after };
	const char **const lists[PG_TOC_STEPS] = { [PG_TOC_BEFORE] = &ret->before,
		[PG_TOC_BESIDE] = &ret->beside, [PG_TOC_AFTER] = &ret->after };

	for (int step = 0; step < PG_TOC_STEPS; step++) {
		CLEANUP_BUF struct buf text = BUF_INIT;

		if (step == PG_TOC_ROWS)
			continue;
		for (size_t i = 0; i < d->toc.count; i++)
			if ((int)d->toc.entries[i].step == step)
				buf_printf(&text, "%d;\n", d->toc.entries[i].id);
		if (put_list(lists[step], paths[step], &text, e) != 0)
			return -1;
	}
	return 0;
}

int
pg_deal_end(struct pg_dealt *ret, bool *odd, struct pg_deal *d, struct err *e)
{
	struct pg_dealt made = { .dump = d->names->dump };

	if (d->state == HEAD && head_read(d, true, e) != 0)
		return -1;
	*odd = d->state != WHOLE && (d->state != TYPE || d->number_n > 0);
	if (file_flush(&d->rest, e) != 0)
		return -1;
	if (*odd || d->state == WHOLE) {
		*ret = made;
		return 0;
	}
	if (put_lists(&made, d, e) != 0)
		return -1;
	for (int i = 0; i < d->names->lanes; i++) {
		struct lane *lane = &d->lanes[i];

		if (lane->file.fd < 0)
			continue;
		made.lane[made.lanes].dump = d->names->lane[i].dump;
		if (file_flush(&lane->file, e) != 0 ||
		    put_list(&made.lane[made.lanes].list, d->names->lane[i].list, &lane->list,
		        e) != 0)
			return -1;
		made.lanes++;
	}
	*ret = made;
	return 0;
}

static void
file_release(struct file *f)
{
	fd_close(&f->fd);
	buf_release(&f->held);
}

void
pg_deal_freep(struct pg_deal **deal_)
{
	struct pg_deal *d = *deal_;

	if (d == NULL)
		return;
	file_release(&d->rest);
	for (int i = 0; i < PG_LANES_MAX; i++) {
		file_release(&d->lanes[i].file);
		buf_release(&d->lanes[i].chunk);
		buf_release(&d->lanes[i].list);
	}
	pg_toc_release(&d->toc);
	buf_release(&d->head);
	buf_release(&d->done);
	free(d);
	*deal_ = NULL;
}
