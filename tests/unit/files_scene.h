/* files_scene.h: the folder srv/media, and a backup that is restored into it. */
#ifndef TESTS_UNIT_FILES_SCENE_H
#define TESTS_UNIT_FILES_SCENE_H

#include "tests/unit/packing.h"
#include "worker/target/landings.h"

static const struct target_driver *const files = &tgt_files_driver;

/* What a restore job has in hands. */
struct landing_scene {
	struct place *place;
	struct service service;
	struct source src;
	struct watch watch;
	struct target target;
	struct stored_object data, manifest;
	struct export_part from;
	char root[128];
};

UNUSED static struct stored_object
object_of(const char *key, const struct frame_totals *t)
{
	return (struct stored_object){ .key = key, .raw_bytes = t->raw_bytes,
		.stored_bytes = t->stored_bytes, .raw_sha256 = t->raw_sha256,
		.stored_sha256 = t->stored_sha256 };
}

/* Into <place>/srv/media, from what was packed last. */
UNUSED static void
scene_begin(struct landing_scene *s, struct place *place, enum restore_mode mode)
{
	*s = (struct landing_scene){ .place = place };
	s->watch = (struct watch){ on_bytes, on_say, place };
	s->src = (struct source){ .service = &s->service, .secret = "", .arena = arena_new(),
		.watch = &s->watch };
	snprintf(s->root, sizeof s->root, "%s/srv/media", place->path);
	s->service.settings.roots = s->root;
	s->target = (struct target){ .src = &s->src, .tag = "20261125r7p12", .mode = mode };
	s->data = object_of("a.tar.zst", &place->totals.data);
	s->manifest = object_of("a.manifest.zst", &place->totals.manifest);
	s->from = (struct export_part){ place->dest, &s->data, &s->manifest, &s->watch, NULL };
}

UNUSED static void
scene_close(struct landing_scene *s)
{
	arena_free(s->src.arena);
}
#define SCENE(s, place, mode) \
	CLEANUP(scene_close) struct landing_scene s = { .place = NULL }; \
	scene_begin(&s, place, mode)

UNUSED static void
shell(struct place *place, const char *command)
{
	assert_int_equal(RUN(place->path, "bash", "-ec", command), 0);
}

UNUSED static bool
holds(struct place *place, const char *command)
{
	return RUN(place->path, "bash", "-ec", command) == 0;
}

static const char *
build(struct landing_scene *s)
{
	struct target_built built = { .mark = NULL };
	struct err e = { .text = "" };

	if (files->build(&built, &s->target, &s->from, &e) != 0)
		fail_msg("%s", e.text);
	return built.mark;
}

UNUSED static int64_t
swap(struct landing_scene *s, const char *mark)
{
	struct err e = { .text = "" };
	int64_t kept = -1;

	if (files->swap(&kept, &s->target, mark, &e) != 0)
		fail_msg("%s", e.text);
	return kept;
}

UNUSED static void
unswap(struct landing_scene *s, const char *mark)
{
	struct err e = { .text = "" };

	if (files->unswap(&s->target, mark, &e) != 0)
		fail_msg("%s", e.text);
}

UNUSED static void
drop(struct landing_scene *s)
{
	struct err e = { .text = "" };

	if (files->drop(&s->target, &e) != 0)
		fail_msg("%s", e.text);
}

UNUSED static struct target_look
look(struct landing_scene *s)
{
	struct target_look found = { .bytes = -1 };
	struct err e = { .text = "" };

	if (files->look(&found, &s->target, &s->from, &e) != 0)
		fail_msg("%s", e.text);
	return found;
}

/* Everything of a tree that a person could miss: kinds, modes, owners, times, contents, links. */
#define LIST "list() { (cd \"$1\" && find . -printf '%P %y %m %U %G %T@ %n %l\\n' | sort && " \
	"find . -type f -print0 | sort -z | xargs -0r sha256sum); }; "

UNUSED static int
set_up_srv(void **state)
{
	int rc = set_up(state);

	shell(*state, "mkdir -p srv/media/img srv/media/doc; cd srv/media; echo old > img/a;"
	              "echo gone > img/gone; echo doc > doc/d; chmod 750 .");
	shell(*state, "mkdir -p source/img source/new source/empty; cd source; ln -s a img/link;"
	              "echo restored > img/a; echo n > new/n; ln new/n new/m;"
	              "echo x > $'img/\\xff\\xfe'; chmod 711 .;"
	              "chmod 555 new empty;"
	              "touch -d '2020-02-03 04:05:06.789' img/a img");
	return rc;
}

#endif
