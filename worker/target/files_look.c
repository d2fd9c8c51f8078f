/* files_look.c: what a restore of files would change, before anything is changed. */
#include "worker/target/files_look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "worker/archive/beneath.h"
#include "worker/archive/scroll.h"
#include "worker/target/lay.h"
#include "worker/target/merge.h"

/* What a file takes at least, and its entry in a folder. */
enum { BLOCK = 4096, TARGET_MAX = 4096 };

struct look {
	const struct target *t;
	struct lay lay;
	int fd[WALK_ROOTS_MAX];       /* the roots that are there; else -1 */
	int64_t needs[WALK_ROOTS_MAX], inodes[WALK_ROOTS_MAX];
	int64_t inodes_short, inodes_free;    /* where some are missing: so many are wanted */
	struct beneath beneath;
	int64_t in_both, in_target;
	bool single;                  /* the archive has one root, at its top */
	bool *seen;                   /* of the choice */
	const char *stranger;         /* a folder of the archive that the target has not */
	const char *link;             /* of the target, where the archive has a folder */
	size_t link_root;
	struct target_look found;
};

static void
look_close(struct look *k)
{
	for (size_t i = 0; i < WALK_ROOTS_MAX; i++)
		fd_close(&k->fd[i]);
	beneath_release(&k->beneath);
	lay_close(&k->lay);
}

static bool
same_target(int folder, const char *name, const char *target)
{
	char is[TARGET_MAX];
	ssize_t n = readlinkat(folder, name, is, sizeof is);

	return n >= 0 && strlen(target) == (size_t)n && memcmp(is, target, (size_t)n) == 0;
}

static bool
is_same(int folder, const char *name, const struct stat *st, const struct entry *entry)
{
	if (entry->type == ENTRY_LINK)
		return S_ISLNK(st->st_mode) && same_target(folder, name, entry->target);
	return S_ISREG(st->st_mode) && st->st_size == entry->size
	    && st->st_mtim.tv_sec == entry->mtime_s && st->st_mtim.tv_nsec == entry->mtime_ns;
}

static void
compare(struct look *k, size_t root, const char *below, const struct entry *entry)
{
	struct stat st;
	const char *name;
	int folder = k->fd[root] < 0
	    ? -1 : beneath_parent(&name, &k->beneath, k->fd[root], below, NULL);

	if (folder < 0 || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		k->found.added++;
		return;
	}
	k->in_both += !S_ISDIR(st.st_mode);
	k->found.changed += !is_same(folder, name, &st, entry);
}

static const char *
show_path(struct arena *a, const char *path)
{
	CLEANUP_BUF struct buf shown = BUF_INIT;

	manifest_show_path(&shown, path);
	return arena_dup(a, shown.p);
}

static bool
is_link(struct look *k, size_t root, const char *below)
{
	struct stat st;
	const char *name;
	int folder = beneath_parent(&name, &k->beneath, k->fd[root], below, NULL);

	return folder >= 0 && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0
	    && S_ISLNK(st.st_mode);
}

/* What is added would have to go through a link, or take the place of one. */
static void
meet_link(struct look *k, size_t root, const struct entry *entry, const char *below)
{
	struct arena *a = k->t->src->arena;
	const char *name, *path = below;

	if (k->t->mode != RESTORE_ADD || k->link != NULL || k->fd[root] < 0)
		return;
	if (beneath_parent(&name, &k->beneath, k->fd[root], below, NULL) < 0) {
		if (errno != ELOOP && errno != ENOTDIR)
			return;
		for (size_t n = strcspn(below, "/"); below[n] != '\0';
		    n += 1 + strcspn(below + n + 1, "/"))
			if (is_link(k, root, path = arena_dupn(a, below, n)))
				break;
	} else if (entry->type != ENTRY_DIR) {
		return;
	}
	if (is_link(k, root, path)) {
		k->link = show_path(a, path);
		k->link_root = root;
	}
}

static void
take_entry(struct look *k, const struct entry *entry)
{
	const struct target *t = k->t;
	size_t root = 0, length = strcspn(entry->path, "/");
	const char *below = entry->path;

	k->single = k->single || entry->path[0] == '\0';
	if (k->lay.count > 1) {
		for (; root < k->lay.count; root++)
			if (strlen(k->lay.root[root].name) == length
			    && memcmp(k->lay.root[root].name, entry->path, length) == 0)
				break;
		below += length + (entry->path[length] == '/');
	}
	if (root == k->lay.count) {
		if (k->stranger == NULL && entry->path[0])
			k->stranger = show_path(t->src->arena,
			    arena_dupn(t->src->arena, entry->path, length));
		return;
	}
	for (size_t i = 0; i < t->choice_count; i++)
		k->seen[i] = k->seen[i] || strcmp(t->choice[i], entry->path) == 0;
	if (!unpack_chosen(t->choice, t->choice_count, entry->path, false))
		return;
	k->inodes[root] += entry->type != ENTRY_HARDLINK;
	if (entry->type != ENTRY_HARDLINK)
		k->needs[root] += (entry->size + BLOCK - 1) / BLOCK * BLOCK
		    + (entry->type == ENTRY_DIR ? BLOCK : BLOCK / 8);
	meet_link(k, root, entry, below);
	if (entry->type != ENTRY_DIR)
		compare(k, root, below, entry);
}

static int
read_manifest(struct look *k, const struct export_part *from, struct err *e)
{
	CLEANUP_SCROLL struct scroll *scroll = NULL;
	const struct entry *entry = NULL;

	if (scroll_open(&scroll, from->dest, from->manifest, e) != 0)
		return -1;
	do {
		if (scroll_next(&entry, scroll, e) != 0)
			return -1;
		if (entry != NULL)
			take_entry(k, entry);
	} while (entry != NULL);
	return 0;
}

/* -- the target as it is -- */

static int
count_found(void *arg, const struct walk_found *f, struct err *e)
{
	struct look *k = arg;

	(void)e;
	if (S_ISDIR(f->st->st_mode)
	    || !unpack_chosen(k->t->choice, k->t->choice_count, f->path, false))
		return 0;
	k->in_target++;
	k->found.bytes += S_ISREG(f->st->st_mode) ? f->st->st_size : 0;
	return 0;
}

static void
pass_trouble(void *arg, enum walk_trouble kind, const char *path, const char *why)
{
	(void)arg;
	(void)kind;
	(void)path;
	(void)why;
}

static int
walk_target(struct look *k, struct err *e)
{
	const struct walk walk = { .found = count_found, .trouble = pass_trouble, .arg = k };
	struct walk_roots roots = { .count = 0 };

	for (size_t i = 0; i < k->lay.count; i++) {
		struct walk_root *root = &roots.root[roots.count];

		if (k->fd[i] < 0)
			continue;
		*root = (struct walk_root){ .path = k->lay.root[i].path, .fd = k->fd[i] };
		snprintf(root->name, sizeof root->name, "%s", k->lay.root[i].name);
		roots.count++;
	}
	return walk_all(&roots, &walk, e);
}

/* -- why it cannot be done -- */

static const char *
refuse_names(struct look *k)
{
	struct arena *a = k->t->src->arena;

	if (k->lay.count == 1 && !k->single)
		return "The backup has several folders and this service has one. Restore into a"
		       " service with folders of the same names.";
	if (k->lay.count > 1 && k->single)
		return arena_printf(a,
		    "The backup has one folder and this service has %zu. Restore into a service"
		    " with one folder.", k->lay.count);
	if (k->stranger != NULL)
		return arena_printf(a,
		    "The backup has a folder '%s' and this service has none of that name. Add one"
		    " to the service, or restore into another.", k->stranger);
	for (size_t i = 0; i < k->t->choice_count; i++)
		if (!k->seen[i])
			return arena_printf(a, "'%s' is not in the backup.",
			    show_path(a, k->t->choice[i]));
	return NULL;
}

static const char *
refuse_root(struct look *k, const struct lay_root *root)
{
	struct arena *a = k->t->src->arena;
	struct statx st;
	struct stat parent;

	if (faccessat(root->parent, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return arena_printf(a, "Nothing can be made in %s, the folder that %s is in: %s,"
		    " then look again.", root->parent_path, root->path, errno == EROFS
		    ? "its file system is read-only. Mount it writable"
		    : "it is not writable for the worker. Allow it");
	if (fstat(root->parent, &parent) != 0
	    || statx(root->parent, root->base, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) != 0)
		return NULL;          /* it is not there yet */
	if (!S_ISDIR(st.stx_mode))
		return arena_printf(a, "%s is not a folder.", root->path);
	if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return arena_printf(a,
		    "%s is a mounted file system and cannot be exchanged in one act. Name a folder"
		    " in it as the service's folder, then look again.", root->path);
	return NULL;
}

/* Roots on one file system share its room. The tightest one is told. */
static int
look_at_room(struct look *k, struct err *e)
{
	dev_t device[WALK_ROOTS_MAX];

	for (size_t i = 0; i < k->lay.count; i++) {
		struct statvfs fs;
		struct stat st;
		int64_t needs = 0, inodes = 0, has;

		if (fstat(k->lay.root[i].parent, &st) != 0
		    || fstatvfs(k->lay.root[i].parent, &fs) != 0)
			return err_sys(e, "look at '%s'", k->lay.root[i].parent_path);
		device[i] = st.st_dev;
		for (size_t j = 0; j <= i; j++) {
			needs += device[j] == st.st_dev ? k->needs[j] : 0;
			inodes += device[j] == st.st_dev ? k->inodes[j] : 0;
		}
		/* A file system that makes inodes as it needs them says that it has none at all. */
		if (fs.f_files > 0 && (int64_t)fs.f_favail < inodes) {
			k->inodes_short = inodes;
			k->inodes_free = (int64_t)fs.f_favail;
		}
		has = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
		if (i == 0 || has - needs < k->found.has - k->found.needs) {
			k->found.needs = needs;
			k->found.has = has;
		}
	}
	return 0;
}

static const char *
refuse_room(struct look *k)
{
	char needs[NUM_TEXT], has[NUM_TEXT];

	if (k->inodes_short > 0) {
		num_count(needs, k->inodes_short);
		num_count(has, k->inodes_free);
		return arena_printf(k->t->src->arena,
		    "The restored files need %s inodes beside the target, one for each, and %s are"
		    " free there. Remove files there, or take a file system with more inodes, then"
		    " look again.", needs, has);
	}
	if (k->found.has >= k->found.needs)
		return NULL;
	num_size(needs, k->found.needs);
	num_size(has, k->found.has);
	return arena_printf(k->t->src->arena,
	    "The restored files need %s beside the target, and %s are free there. Make room, then"
	    " look again.", needs, has);
}

static const char *
refusal(struct look *k)
{
	struct lay_units units;
	const char *why = refuse_names(k);
	struct err e;

	for (size_t i = 0; why == NULL && i < k->lay.count; i++)
		why = refuse_root(k, &k->lay.root[i]);
	if (why == NULL && k->link != NULL
	    && merge_refuse_link(&e, k->lay.root[k->link_root].path, k->link) != 0)
		why = arena_dup(k->t->src->arena, e.text);
	if (why == NULL)
		why = refuse_room(k);
	/* In mode add a chosen path has no place that must be free. */
	if (why == NULL && k->t->mode != RESTORE_ADD
	    && lay_plan(&units, &k->lay, k->t, UINT64_MAX, &e) != 0)
		why = arena_dup(k->t->src->arena, e.text);
	return why;
}

int
files_look_at(struct target_look *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	CLEANUP(look_close) struct look k = { .beneath = BENEATH_INIT };
	struct target clean;

	for (size_t i = 0; i < WALK_ROOTS_MAX; i++)
		k.fd[i] = -1;
	k.t = &clean;
	k.seen = arena_array(t->src->arena, t->choice_count + 1, sizeof k.seen[0]);
	if (lay_clean(&clean, t, e) != 0 || lay_open(&k.lay, t, e) != 0) {
		/* What a person can put right is an answer, not a failure. */
		if (e->kind != ERR_INPUT && e->kind != ERR_CONFLICT)
			return -1;
		*ret = (struct target_look){ .has = -1,
			.refusal = arena_dup(t->src->arena, e->text) };
		return 0;
	}
	k.found.there = true;
	for (size_t i = 0; i < k.lay.count; i++) {
		k.fd[i] = openat(k.lay.root[i].parent, k.lay.root[i].base,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		k.found.there = k.found.there && k.fd[i] >= 0;
	}
	if (read_manifest(&k, from, e) != 0 || walk_target(&k, e) != 0 || look_at_room(&k, e) != 0)
		return -1;
	if (clean.mode != RESTORE_ADD && k.in_target > k.in_both)
		k.found.removed = k.in_target - k.in_both;
	k.found.refusal = refusal(&k);
	*ret = k.found;
	return 0;
}
