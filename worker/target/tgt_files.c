/* tgt_files.c: restoring into folders: built beside each, then exchanged with it in one act. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "worker/archive/unpack.h"
#include "worker/target/exchange.h"
#include "worker/target/files_look.h"
#include "worker/target/landings.h"
#include "worker/target/lay.h"
#include "worker/target/merge.h"
#include "worker/target/raze.h"

struct sides {
	struct unpack_root root[WALK_ROOTS_MAX];
	size_t count;
};

static void
sides_close(struct sides *s)
{
	for (size_t i = 0; i < s->count; i++)
		fd_close(&s->root[i].fd);
	s->count = 0;
}

static int
make_side(struct unpack_root *side, const struct lay_root *root, const struct target *t,
    struct err *e)
{
	*side = (struct unpack_root){ root->name, -1 };
	if (raze_tree(root->parent, root->fresh, e) != 0)
		return err_in(e, "in %s", root->parent_path);
	if (mkdirat(root->parent, root->fresh, 0700) != 0)
		return err_sys(e, "make the folder '%s/%s'", root->parent_path, root->fresh);
	if (t->mode != RESTORE_ADD && faccessat(root->parent, root->base, F_OK, 0) == 0
	    && exchange_try(root, e) != 0)
		return -1;
	side->fd = openat(root->parent, root->fresh,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return side->fd >= 0 ? 0 : err_sys(e, "open '%s/%s'", root->parent_path, root->fresh);
}

/* The sides that nothing came into; the target's own folder of that name stays as it is. */
static int
drop_idle(const struct lay *l, uint64_t used, struct err *e)
{
	for (size_t i = 0; i < l->count; i++)
		if ((used >> i & 1) == 0 && raze_tree(l->root[i].parent, l->root[i].fresh, e) != 0)
			return -1;
	return 0;
}

static int
sync_sides(const struct sides *s, const struct lay *l, struct err *e)
{
	for (size_t i = 0; i < s->count; i++)
		if (syncfs(s->root[i].fd) != 0 || fsync(l->root[i].parent) != 0)
			return err_sys(e, "write %s to the disk", l->root[i].path);
	return 0;
}

static int
build_sides(struct target_built *ret, const struct lay *l, const struct target *t,
    const struct export_part *from, struct err *e)
{
	CLEANUP(sides_close) struct sides sides = { .count = 0 };
	const struct unpack_spec spec = { .from = *from, .roots = sides.root,
		.root_count = l->count, .choice = t->choice, .choice_count = t->choice_count,
		.owners = geteuid() == 0 };
	struct unpack_totals made;
	struct lay_units units = { .unit = NULL };

	for (size_t i = 0; i < l->count; i++) {
		sides.count++;
		if (make_side(&sides.root[i], &l->root[i], t, e) != 0)
			return -1;
	}
	if (unpack_tree(&made, &spec, e) != 0)
		return -1;
	if (made.roots == 0)
		return err_set(e, ERR_CONFLICT,
		    "The backup has several folders and this service has one. Restore into a"
		    " service with folders of the same names.");
	if (sync_sides(&sides, l, e) != 0)
		return -1;
	for (size_t i = 0; t->mode == RESTORE_ADD && i < l->count; i++)
		if (merge_look(&l->root[i], e) != 0)
			return -1;
	FAULT("files.built");
	/* What is added needs no mark: what is left in a side is still to be moved. */
	if ((t->mode != RESTORE_ADD && lay_plan(&units, l, t, made.roots, e) != 0)
	    || lay_mark(&ret->mark, l, &units, e) != 0 || drop_idle(l, made.roots, e) != 0)
		return -1;
	ret->files = made.files;
	ret->bytes = made.bytes;
	ret->warnings = made.warnings;
	return 0;
}

static int
build(struct target_built *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	CLEANUP_LAY struct lay l = { .count = 0 };
	struct target_built built = { .mark = "" };
	struct target clean;
	struct err ignored;

	if (lay_clean(&clean, t, e) != 0 || lay_open(&l, t, e) != 0)
		return -1;
	if (build_sides(&built, &l, &clean, from, e) != 0) {
		/* What is left is removed by drop(), too. */
		for (size_t i = 0; i < l.count; i++)
			if (raze_tree(l.root[i].parent, l.root[i].fresh, &ignored) != 0)
				break;
		return -1;
	}
	*ret = built;
	return 0;
}

static int
side_env(const char *const **ret, const struct target *t, struct err *e)
{
	CLEANUP_LAY struct lay l = { .count = 0 };
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char **env = arena_array(t->src->arena, 2, sizeof env[0]);

	if (lay_open(&l, t, e) != 0)
		return -1;
	for (size_t i = 0; i < l.count; i++) {
		struct stat st;

		if (fstatat(l.root[i].parent, l.root[i].fresh, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		buf_printf(&text, "%s%s/%s", text.n > 0 ? "\n" : "", l.root[i].parent_path,
		    l.root[i].fresh);
	}
	env[0] = arena_printf(t->src->arena, "LAZARETTE_SIDE=%s", text.p);
	*ret = env;
	return 0;
}

static int
beside(struct service_settings *ret, const struct target *t, bool swapped, struct err *e)
{
	CLEANUP_LAY struct lay l = { .count = 0 };
	CLEANUP_BUF struct buf roots = BUF_INIT;

	if (lay_open(&l, t, e) != 0)
		return -1;
	for (size_t i = 0; i < l.count; i++)
		buf_printf(&roots, "%s%s/%s", i > 0 ? "\n" : "", l.root[i].parent_path,
		    swapped ? l.root[i].old : l.root[i].fresh);
	*ret = t->src->service->settings;
	ret->roots = arena_dupn(t->src->arena, roots.p, roots.n);
	return 0;
}

static int
swap(int64_t *kept_bytes, const struct target *t, const char *mark, struct err *e)
{
	CLEANUP_LAY struct lay l = { .count = 0 };
	struct lay_units units;
	int64_t kept = 0;

	if (lay_open(&l, t, e) != 0 || lay_read_mark(&units, &l, mark, e) != 0)
		return -1;
	/* A link that came since the look is met before anything is added to any root. */
	for (size_t i = 0; t->mode == RESTORE_ADD && i < l.count; i++)
		if (merge_look(&l.root[i], e) != 0)
			return -1;
	for (size_t i = 0; t->mode == RESTORE_ADD && i < l.count; i++)
		if (merge_root(&l.root[i], e) != 0)
			return -1;
	if (t->mode != RESTORE_ADD && exchange_swap(&l, &units, e) != 0)
		return -1;
	for (size_t i = 0; i < l.count; i++) {
		int64_t bytes;

		if (raze_measure(&bytes, l.root[i].parent, l.root[i].old, e) != 0)
			return -1;
		kept += bytes;
	}
	*kept_bytes = kept;
	return 0;
}

static int
unswap(const struct target *t, const char *mark, struct err *e)
{
	CLEANUP_LAY struct lay l = { .count = 0 };
	struct lay_units units;

	if (t->mode == RESTORE_ADD)
		return err_set(e, ERR_CONFLICT,
		    "Files that were added are taken back by restoring the safety backup");
	if (lay_open(&l, t, e) != 0 || lay_read_mark(&units, &l, mark, e) != 0)
		return -1;
	return exchange_back(&l, &units, e);
}

static int
drop(const struct target *t, struct err *e)
{
	CLEANUP_LAY struct lay l = { .count = 0 };

	/* Where a folder is gone with the one around it, there is nothing to remove. */
	if (lay_open(&l, t, e) != 0 && e->kind != ERR_INPUT && e->kind != ERR_CONFLICT)
		return -1;
	for (size_t i = 0; i < l.count; i++) {
		if (l.root[i].parent < 0)
			continue;
		FAULT("files.drop");
		if (raze_tree(l.root[i].parent, l.root[i].fresh, e) != 0
		    || raze_tree(l.root[i].parent, l.root[i].old, e) != 0)
			return err_in(e, "in %s", l.root[i].parent_path);
	}
	return 0;
}

const struct target_driver tgt_files_driver = {
	.engine = ENGINE_FILES,
	.adds_once = true,
	.look = files_look_at,
	.build = build,
	.side_env = side_env,
	.beside = beside,
	.swap = swap,
	.unswap = unswap,
	.drop = drop,
};
