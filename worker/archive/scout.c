/* scout.c: folders are listed, and what is in them looked at, ahead of who walks through them. */
#include "worker/archive/scout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/fd.h"

enum { THREADS = 3, AHEAD_MAX = 32, BATCH = 128 };
enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

enum batch_state { BATCH_EMPTY, BATCH_BUSY, BATCH_FULL };
struct batch {
	enum batch_state state;
	struct scout_entry entries[BATCH];
	size_t count;
	struct buf names;
};

struct scout_folder {
	struct scout_folder *above;   /* the one that was opened before it */
	DIR *dir;                     /* NULL: could not be opened */
	int error;                    /* why not, or why its listing ended too early; errno */
	struct batch batch[2];        /* the walker's, and the one behind it */
	int now;                      /* which is the walker's */
	bool chosen;                  /* what is wanted of it is known */
	size_t sent;                  /* so many of it were looked through for sub-folders */
	bool ended;                   /* nothing comes behind the batches */
};

struct scout {
	pthread_mutex_t lock;
	pthread_cond_t wanted, done;  /* for the threads; for the walker */
	pthread_t threads[THREADS];
	int running;
	bool stop;
	struct scout_folder *open;    /* the walker's deepest */
	int ahead;                    /* folders that nobody has entered yet */
};

/* -- listing; without the lock: a batch that is BUSY is nobody else's, and so is its folder -- */

static void
look_at(struct batch *b, DIR *dir)
{
	size_t at = 0;

	for (size_t i = 0; i < b->count; i++) {
		struct scout_entry *entry = &b->entries[i];

		*entry = (struct scout_entry){ .name = b->names.p + at };
		if (fstatat(dirfd(dir), entry->name, &entry->st, AT_SYMLINK_NOFOLLOW) != 0)
			entry->error = errno;
		at += strlen(entry->name) + 1;
	}
}

static void
fill(struct scout_folder *f, struct batch *b)
{
	struct dirent *entry = NULL;

	b->count = 0;
	buf_clear(&b->names);
	while (b->count < BATCH && (errno = 0, (entry = readdir(f->dir)) != NULL)) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		buf_add(&b->names, entry->d_name, strlen(entry->d_name) + 1);
		b->count++;
	}
	if (entry == NULL) {
		f->error = errno;
		f->ended = true;
	}
	look_at(b, f->dir);
}

static struct scout_folder *
folder_new(void)
{
	struct scout_folder *f = xmalloc(sizeof *f);

	/* The entries stay as they are, so that a small folder takes little memory. */
	f->above = NULL;
	f->dir = NULL;
	f->error = 0;
	f->now = 1;
	f->sent = 0;
	f->chosen = f->ended = false;
	for (int i = 0; i < 2; i++) {
		f->batch[i].state = BATCH_EMPTY;
		f->batch[i].count = 0;
		f->batch[i].names = (struct buf)BUF_INIT;
	}
	return f;
}

static void
list(struct scout_folder *f, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, FOLDER_FLAGS);

	f->dir = fd < 0 ? NULL : fdopendir(fd);
	if (f->dir == NULL) {
		f->error = errno;
		fd_close(&fd);
	} else
		fill(f, &f->batch[0]);
}

static void
folder_free(struct scout_folder *f)
{
	if (f == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < f->batch[i].count; j++)
			folder_free(f->batch[i].entries[j].child);
		buf_release(&f->batch[i].names);
	}
	if (f->dir != NULL)
		closedir(f->dir);
	free(f);
}

/* -- ahead; with the lock, but for the listing itself -- */

/* The first folder that is wanted and that nobody has begun. */
static struct scout_entry *
wanted_of(struct scout_folder *f)
{
	struct batch *b = &f->batch[f->now];

	for (; f->chosen && f->sent < b->count; f->sent++)
		if (b->entries[f->sent].wanted && b->entries[f->sent].child == NULL)
			return &b->entries[f->sent];
	return NULL;
}

static void
list_ahead(struct scout *s, struct scout_folder *in, struct scout_entry *entry)
{
	struct scout_folder *f = folder_new();

	f->batch[0].state = BATCH_BUSY;
	entry->child = f;
	s->ahead++;
	pthread_mutex_unlock(&s->lock);
	list(f, dirfd(in->dir), entry->name);
	pthread_mutex_lock(&s->lock);
	f->batch[0].state = BATCH_FULL;
}

static void
fill_behind(struct scout *s, struct scout_folder *f)
{
	struct batch *b = &f->batch[!f->now];

	b->state = BATCH_BUSY;
	pthread_mutex_unlock(&s->lock);
	fill(f, b);
	pthread_mutex_lock(&s->lock);
	b->state = BATCH_FULL;
}

/* One piece of work, the one that is wanted first; false: there is none. */
static bool
work(struct scout *s)
{
	struct scout_entry *entry;

	for (struct scout_folder *f = s->open; f != NULL; f = f->above) {
		entry = s->ahead < AHEAD_MAX ? wanted_of(f) : NULL;
		if (entry != NULL) {
			list_ahead(s, f, entry);
			return true;
		}
		if (f->batch[!f->now].state == BATCH_EMPTY
		    && f->batch[f->now].state == BATCH_FULL && !f->ended) {
			fill_behind(s, f);
			return true;
		}
	}
	return false;
}

static void *
work_loop(void *arg)
{
	struct scout *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->stop)
		if (work(s))
			pthread_cond_signal(&s->done);
		else
			pthread_cond_wait(&s->wanted, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int
scout_new(struct scout **ret, struct err *e)
{
	struct scout *s = xmalloc(sizeof *s);
	sigset_t all, before;

	memset(s, 0, sizeof *s);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wanted, NULL);
	pthread_cond_init(&s->done, NULL);
	/* Signals belong to the thread that started us. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (s->running < THREADS
	    && pthread_create(&s->threads[s->running], NULL, work_loop, s) == 0)
		s->running++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	*ret = s;
	if (s->running > 0)
		return 0;
	scout_freep(ret);
	return err_set(e, ERR_BUSY, "no thread for reading folders: the system has too many");
}

void
scout_freep(struct scout **ps)
{
	struct scout *s = *ps;

	*ps = NULL;
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->wanted);
	pthread_mutex_unlock(&s->lock);
	for (int i = 0; i < s->running; i++)
		pthread_join(s->threads[i], NULL);
	while (s->open != NULL)
		scout_close(s);
	pthread_cond_destroy(&s->wanted);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* -- the walker's -- */

/* To be woken takes longer than to list a folder. */
static void
wait_for(struct scout *s, const struct batch *b)
{
	while (b->state == BATCH_BUSY)
		if (!work(s))
			pthread_cond_wait(&s->done, &s->lock);
}

static struct scout_folder *
entered(struct scout *s, struct scout_folder *f)
{
	int error = f->error;

	if (f->dir == NULL) {
		folder_free(f);
		errno = error;
		return NULL;
	}
	pthread_mutex_lock(&s->lock);
	f->batch[0].state = BATCH_FULL;
	f->above = s->open;
	s->open = f;
	pthread_mutex_unlock(&s->lock);
	return f;
}

struct scout_folder *
scout_open(struct scout *s, int dirfd, const char *name)
{
	struct scout_folder *f = folder_new();

	list(f, dirfd, name);
	return entered(s, f);
}

struct scout_folder *
scout_enter(struct scout *s, struct scout_folder *in, struct scout_entry *entry)
{
	struct scout_folder *f;

	pthread_mutex_lock(&s->lock);
	f = entry->child;
	entry->wanted = false;
	entry->child = NULL;
	if (f != NULL) {
		wait_for(s, &f->batch[0]);
		if (--s->ahead == AHEAD_MAX / 2)
			pthread_cond_broadcast(&s->wanted);
	}
	pthread_mutex_unlock(&s->lock);
	return f != NULL ? entered(s, f) : scout_open(s, dirfd(in->dir), entry->name);
}

void
scout_close(struct scout *s)
{
	struct scout_folder *f = s->open;

	pthread_mutex_lock(&s->lock);
	s->open = f->above;
	wait_for(s, &f->batch[!f->now]);
	pthread_mutex_unlock(&s->lock);
	folder_free(f);
}

int
scout_fd(const struct scout_folder *f)
{
	return dirfd(f->dir);
}

/* The batch behind becomes the walker's; whether there is one. */
static bool
turn(struct scout *s, struct scout_folder *f)
{
	struct batch *behind = &f->batch[!f->now];

	wait_for(s, behind);
	if (behind->state == BATCH_EMPTY && f->ended)
		return false;
	if (behind->state == BATCH_EMPTY)
		fill_behind(s, f);
	f->batch[f->now].state = BATCH_EMPTY;
	f->batch[f->now].count = 0;
	f->now = !f->now;
	f->chosen = false;
	f->sent = 0;
	return true;
}

size_t
scout_next(struct scout_entry **ret, int *error, struct scout *s)
{
	struct scout_folder *f = s->open;
	struct batch *b = NULL;

	pthread_mutex_lock(&s->lock);
	do
		b = turn(s, f) ? &f->batch[f->now] : NULL;
	while (b != NULL && b->count == 0);
	pthread_mutex_unlock(&s->lock);
	*error = b == NULL ? f->error : 0;
	*ret = b == NULL ? NULL : b->entries;
	return b == NULL ? 0 : b->count;
}

void
scout_chosen(struct scout *s)
{
	struct scout_folder *f = s->open;

	pthread_mutex_lock(&s->lock);
	f->chosen = true;
	if ((f->batch[!f->now].state == BATCH_EMPTY && !f->ended) || wanted_of(f) != NULL)
		pthread_cond_broadcast(&s->wanted);
	pthread_mutex_unlock(&s->lock);
}
