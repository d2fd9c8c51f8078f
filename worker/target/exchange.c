/* exchange.c: a side and the target change places, and back; each unit by one rename. */
#include "worker/target/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"

/* The two places of a unit, opened. */
struct places {
	int target, side;
	const char *target_name, *side_name;
	struct stat target_st, side_st;
	bool in_target, in_side;      /* something is there */
};

static void
places_close(struct places *p)
{
	fd_close(&p->target);
	fd_close(&p->side);
}

static bool
is_unit(bool there, const struct stat *st, const struct lay_unit *unit)
{
	return there && st->st_ino == unit->inode && st->st_dev == unit->device;
}

static int
places_open(struct places *ret, const struct lay *l, const struct lay_unit *unit, struct err *e)
{
	const struct lay_root *root = &l->root[unit->root];
	const char *side = lay_side(root);

	if (lay_folder(&ret->target, &ret->target_name, l, unit, "", e) != 0)
		return -1;
	if (side == NULL && unit->below[0] != '\0')
		return err_set(e, ERR_GONE, "what lies beside %s is not there any more",
		    root->path);
	/* The side of a root that was missing went into its place as a whole. */
	if (lay_folder(&ret->side, &ret->side_name, l, unit, side != NULL ? side : root->fresh, e)
	    != 0)
		return -1;
	ret->in_target =
	    fstatat(ret->target, ret->target_name, &ret->target_st, AT_SYMLINK_NOFOLLOW) == 0;
	ret->in_side = fstatat(ret->side, ret->side_name, &ret->side_st, AT_SYMLINK_NOFOLLOW) == 0;
	return 0;
}

/* What an exchange without the kernel's would be, for a test. */
static int
exchange_in_steps(const struct places *p)
{
	if (renameat(p->target, p->target_name, p->side, "lazarette-between") != 0)
		return -1;
	FAULT("files.between");
	if (renameat(p->side, p->side_name, p->target, p->target_name) != 0)
		return -1;
	return renameat(p->side, "lazarette-between", p->side, p->side_name);
}

static int
rename_places(const struct places *p, const struct lay_unit *unit, bool back)
{
	if (unit->existed && FAULT_CONTROL("files.exchange"))
		return exchange_in_steps(p);
	if (unit->existed)
		return lay_rename(p->side, p->side_name, p->target, p->target_name,
		    RENAME_EXCHANGE);
	if (back)
		return lay_rename(p->target, p->target_name, p->side, p->side_name,
		    RENAME_NOREPLACE);
	return lay_rename(p->side, p->side_name, p->target, p->target_name, RENAME_NOREPLACE);
}

/* The folder around a chosen path keeps its time; that of a root is not ours. */
static int
change_places(const struct places *p, const struct lay_unit *unit, bool back, struct err *e)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(p->target, &st) != 0)
		return err_sys(e, "look at the folder of '%s'", p->target_name);
	if (rename_places(p, unit, back) != 0)
		return err_sys(e, "exchange '%s'", p->target_name);
	FAULT("files.exchanged");
	times[0] = times[1] = st.st_mtim;
	if (unit->below[0] != '\0' && futimens(p->target, times) != 0)
		return err_sys(e, "set the time of the folder of '%s'", p->target_name);
	if (fsync(p->target) != 0 || fsync(p->side) != 0)
		return err_sys(e, "write the folder of '%s' to the disk", p->target_name);
	return 0;
}

static int
swap_unit(const struct lay *l, const struct lay_unit *unit, struct err *e)
{
	CLEANUP(places_close) struct places p = { .target = -1, .side = -1 };
	const char *path = l->root[unit->root].path;

	if (places_open(&p, l, unit, e) != 0)
		return -1;
	if (is_unit(p.in_target, &p.target_st, unit))
		return 0;
	if (!is_unit(p.in_side, &p.side_st, unit))
		return err_set(e, ERR_GONE,
		    "what was built beside %s is not there any more; restore again", path);
	if (p.in_target != unit->existed)
		return err_set(e, ERR_CONFLICT,
		    "'%s' in %s %s since the restore began; restore again", p.target_name, path,
		    p.in_target ? "was made" : "was removed");
	return change_places(&p, unit, false, e);
}

static int
back_unit(const struct lay *l, const struct lay_unit *unit, struct err *e)
{
	CLEANUP(places_close) struct places p = { .target = -1, .side = -1 };
	const char *path = l->root[unit->root].path;

	if (places_open(&p, l, unit, e) != 0)
		return -1;
	/* It went back before. */
	if (is_unit(p.in_side, &p.side_st, unit))
		return 0;
	if (!is_unit(p.in_target, &p.target_st, unit))
		return err_set(e, p.in_side ? ERR_CONFLICT : ERR_NOT_FOUND,
		    "'%s' in %s was exchanged since the restore, so it is left alone",
		    p.target_name, path);
	if (p.in_side != unit->existed)
		return err_set(e, ERR_GONE, "what was kept of %s is not there any more", path);
	return change_places(&p, unit, true, e);
}

/* The side takes its other name, when it is there. */
static int
name_sides(const struct lay *l, bool back, struct err *e)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct lay_root *root = &l->root[i];
		const char *from = back ? root->old : root->fresh;
		const char *to = back ? root->fresh : root->old;

		if (renameat2(root->parent, from, root->parent, to, RENAME_NOREPLACE) != 0) {
			if (errno == ENOENT)
				continue;
			return err_sys(e, "rename '%s/%s'", root->parent_path, from);
		}
		if (fsync(root->parent) != 0)
			return err_sys(e, "write the folder '%s' to the disk", root->parent_path);
	}
	return 0;
}

int
exchange_swap(const struct lay *l, const struct lay_units *units, struct err *e)
{
	for (size_t i = 0; i < units->count; i++)
		if (swap_unit(l, &units->unit[i], e) != 0)
			return -1;
	return name_sides(l, false, e);
}

int
exchange_back(const struct lay *l, const struct lay_units *units, struct err *e)
{
	struct err found;
	int rc = 0;

	/* Last first: a later one may lie in what an earlier one has made. One that is left alone
	 * keeps no other; the first fault is given back. */
	for (size_t i = units->count; i-- > 0;)
		if (back_unit(l, &units->unit[i], &found) != 0) {
			if (rc == 0)
				*e = found;
			rc = -1;
		}
	return rc != 0 ? -1 : name_sides(l, true, e);
}

int
exchange_try(const struct lay_root *root, struct err *e)
{
	int rc;

	/* An empty one is what a worker left that was killed while it tried. */
	if (unlinkat(root->parent, root->old, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return err_sys(e, "remove '%s/%s'", root->parent_path, root->old);
	if (mkdirat(root->parent, root->old, 0700) != 0)
		return err_sys(e, "make the folder '%s/%s'", root->parent_path, root->old);
	FAULT("files.tried");
	rc = renameat2(root->parent, root->fresh, root->parent, root->old, RENAME_EXCHANGE);
	if (rc != 0)
		err_set(e, ERR_CONFLICT,
		    "The file system of %s cannot exchange two folders in one act; restore by"
		    " adding to what is there", root->path);
	if (unlinkat(root->parent, root->old, AT_REMOVEDIR) != 0 && rc == 0)
		return err_sys(e, "remove '%s/%s'", root->parent_path, root->old);
	return rc;
}
