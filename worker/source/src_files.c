/* src_files.c: folders. What is in them becomes an archive by worker/archive/pack.h; here they are
 * only counted. */
#include "lib/base/num.h"
#include "worker/archive/pack.h"
#include "worker/source/drivers.h"

/* "3 412 files, 14.2 MB; excludes leave out 12 files or folders; 2 cannot be read" */
static int
check(char **text, const struct source *src, struct err *e)
{
	const struct service_settings *s = &src->service->settings;
	struct pack_spec spec = { .pack_name = "", .watch = src->watch };
	char files[NUM_TEXT], size[NUM_TEXT], excluded[NUM_TEXT], unreadable[NUM_TEXT];
	struct pack_count c;

	spec.root_count = source_lines(&spec.roots, src->arena, s->roots);
	spec.exclude_count = source_lines(&spec.excludes, src->arena, s->excludes);
	if (pack_count(&c, &spec, e) != 0)
		return -1;
	num_count(files, c.files);
	num_size(size, c.bytes);
	num_count(excluded, c.excluded);
	num_count(unreadable, c.unreadable);
	*text = arena_printf(src->arena, "%s file%s, %s", files, c.files == 1 ? "" : "s", size);
	if (spec.exclude_count > 0)
		*text = arena_printf(src->arena, "%s; excludes leave out %s file%s or folder%s",
		    *text, excluded, c.excluded == 1 ? "" : "s", c.excluded == 1 ? "" : "s");
	if (c.unreadable > 0)
		*text = arena_printf(src->arena, "%s; %s cannot be read", *text, unreadable);
	return 0;
}

const struct source_driver src_files_driver = {
	.engine = ENGINE_FILES,
	.check = check,
};
