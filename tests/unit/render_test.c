/* render_test.c: templates, and every hole of ClearSilver that is closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/util/render.h"

static char folder[] = "/tmp/render_test.XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[256];
	struct err e;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(fd_put_file(path, text, strlen(text), 0600, &e), 0);
}

/* One template, used once: what it prints with x set to `value`. */
static void
expect(const char *template, const char *value, const char *html, const char *text)
{
	static int number;
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	char name[32];
	struct err e;

	snprintf(name, sizeof name, "expect%d.cs", number++);
	put(name, template);
	node_set(tree_root(t), "x", value);
	assert_int_equal(render_html(&out, folder, name, t, &e), 0);
	assert_string_equal(out.p, html);
	buf_clear(&out);
	assert_int_equal(render_text(&out, folder, name, t, &e), 0);
	assert_string_equal(out.p, text);
}

static void
refuses(const char *template, const char *words)
{
	static int number;
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	char name[32];
	struct err e;

	snprintf(name, sizeof name, "refuses%d.cs", number++);
	put(name, template);
	node_set(tree_root(t), "x", "<?cs include!\"/etc/hostname\" ?><b>");
	buf_text(&out, "before");
	assert_int_equal(render_html(&out, folder, name, t, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_non_null(strstr(e.text, words));
	assert_non_null(strstr(e.text, name));
	assert_string_equal(out.p, "before");
}

static void
every_value_is_escaped_in_html_and_none_in_text(void **state UNUSED)
{
	expect("<p title=\"<?cs var:x ?>\">", "a&b<c>d\"e'f",
	    "<p title=\"a&amp;b&lt;c&gt;d&quot;e&#39;f\">", "<p title=\"a&b<c>d\"e'f\">");
	expect("<?cs var:x + '<b>' ?>", "<i>", "&lt;i&gt;&lt;b&gt;", "<i><b>");
	expect("<?cs set:y = x ?><?cs var:y ?>", "<i>", "&lt;i&gt;", "<i>");
	expect("<?cs def:m(v) ?>[<?cs var:v ?>]<?cs /def ?><?cs call:m(x) ?>", "<i>", "[&lt;i&gt;]",
	    "[<i>]");
	expect("<?cs var:string.slice(x, #0, #3) ?>", "<i>", "&lt;i&gt;", "<i>");
	/* A template in a value stays a value. */
	expect("<?cs var:x ?>", "<?cs var:x ?>", "&lt;?cs var:x ?&gt;", "<?cs var:x ?>");
}

static void
text_from_outside_is_clean_utf8_in_the_page(void **state UNUSED)
{
	expect("<?cs var:x ?>", "caf\xc3\xa9 \xf0\x9f\x8e\x82", "caf\xc3\xa9 \xf0\x9f\x8e\x82",
	    "caf\xc3\xa9 \xf0\x9f\x8e\x82");
	expect("<?cs var:x ?>", "a\xff\xc3", "a\xef\xbf\xbd\xef\xbf\xbd",
	    "a\xef\xbf\xbd\xef\xbf\xbd");
	expect("<?cs var:x ?>", "a\x01\x1b[31m\x7f", "a\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd",
	    "a\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd");
	/* What a browser's text area sends. */
	expect("<?cs var:x ?>", "one\r\ntwo\tthree\n", "one\ntwo\tthree\n", "one\ntwo\tthree\n");
	expect("<?cs var:x ?>", "one\rtwo", "one\xef\xbf\xbdtwo", "one\xef\xbf\xbdtwo");
}

static void
commands_that_print_without_escaping_are_refused(void **state UNUSED)
{
	refuses("<?cs uvar:x ?>", "'uvar'");
	refuses("line\n<?cs   UVAR:x ?>", ":2: 'uvar'");
	refuses("<?cs\nalt:x ?>y<?cs /alt ?>", "'alt'");
	refuses("<?cs name:x ?>", "'name'");
	refuses("<?cs escape:\"none\" ?><?cs var:x ?><?cs /escape ?>", "'escape'");
	/* Also where it would not run. */
	refuses("<?cs if:0 ?><?cs uvar:x ?><?cs /if ?>", "'uvar'");
}

static void
commands_that_run_values_as_templates_are_refused(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	refuses("<?cs lvar:x ?>", "'lvar'");
	refuses("<?cs evar:x ?>", "'evar'");
	refuses("<?cs linclude:\"other.cs\" ?>", "'linclude'");
	refuses("<?cs include:\"other.cs\" ?>", "'include without");
	refuses("<?cs include:x ?>", "'include without");
	refuses("<?cs include!x ?>", "'include without");
	put("text_lvar.cs", "<?cs lvar:x ?>");
	assert_int_equal(render_text(&out, folder, "text_lvar.cs", t, &e), -1);
}

static void
names_that_only_begin_like_a_refused_command_are_fine(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	put("names.cs",
	    "<?cs # uvar and alt in a comment ?><?cs var:name ?> <?cs var:alt ?> <?cs each:lvar = "
	    "rows ?>"
	    "<?cs var:lvar.escape ?><?cs /each ?>");
	node_set(tree_root(t), "name", "n");
	node_set(tree_root(t), "alt", "a");
	node_set(node_add(tree_root(t), "rows"), "escape", "e");
	assert_int_equal(render_html(&out, folder, "names.cs", t, &e), 0);
	assert_string_equal(out.p, "n a e");
}

static void
a_missing_template_or_include_is_an_error(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(render_html(&out, folder, "nowhere.cs", t, &e), -1);
	assert_non_null(strstr(e.text, "nowhere.cs"));
	assert_int_equal(out.n, 0);
	refuses("<?cs include!\"nowhere.cs\" ?>", "does not exist");
	refuses("<?cs nonsense:x ?>", "nknown command");
	/* No function that would switch escaping off is registered. */
	refuses("<?cs var:url_escape(x) + x ?>", "nknown function");
}

static void
templates_stay_in_their_folder_and_end(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	refuses("<?cs include!\"/etc/hostname\" ?>", "below the folder");
	refuses("<?cs include!\"../../etc/hostname\" ?>", "below the folder");
	assert_int_equal(render_html(&out, folder, "../x.cs", t, &e), -1);
	put("self.cs", "<?cs include!\"self.cs\" ?>");
	assert_int_equal(render_html(&out, folder, "self.cs", t, &e), -1);
	assert_non_null(strstr(e.text, "include itself"));
}

static void
an_include_shares_macros_and_escaping(void **state UNUSED)
{
	put("macros.cs", "<?cs def:cell(v) ?><td><?cs var:v ?></td><?cs /def ?>");
	expect("<?cs include!\"macros.cs\" ?><?cs call:cell(x) ?>", "<", "<td>&lt;</td>",
	    "<td><</td>");
}

static void
numbers_keep_their_64_bits_when_formatted_here(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	put("numbers.cs", "<?cs var:size ?> <?cs var:least ?> <?cs var:size + #0 ?>");
	node_int(tree_root(t), "size", 5000000000);
	node_int(tree_root(t), "least", INT64_MIN);
	assert_int_equal(render_html(&out, folder, "numbers.cs", t, &e), 0);
	/* The third is why: arithmetic in a template has 32 bits. */
	assert_string_equal(out.p, "5000000000 -9223372036854775808 705032704");
}

static void
a_flag_is_one_or_not_there(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();

	node_flag(tree_root(t), "a.yes", true);
	node_flag(tree_root(t), "a.no", false);
	node_set(tree_root(t), "a.none", NULL);
	node_setf(node_at(tree_root(t), "a"), "word", "%s-%d", "x", 7);
	assert_string_equal(node_get(tree_root(t), "a.yes"), "1");
	assert_null(node_get(tree_root(t), "a.no"));
	assert_null(node_get(tree_root(t), "a.none"));
	assert_string_equal(node_get(tree_root(t), "a.word"), "x-7");
}

static void
lists_count_from_zero_also_when_long(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	put("rows.cs",
	    "<?cs var:subcount(rows) ?> <?cs var:rows.0.n ?> <?cs var:rows.999.n ?>"
	    " <?cs each:r = rows ?><?cs if:first(r) ?><?cs var:r.n ?>-<?cs elif:last(r) ?><?cs "
	    "var:r.n ?><?cs /if ?><?cs /each ?>");
	for (int i = 0; i < 1000; i++)
		node_int(node_add(tree_root(t), "rows"), "n", i);
	assert_int_equal(render_html(&out, folder, "rows.cs", t, &e), 0);
	assert_string_equal(out.p, "1000 0 999 0-999");
}

static void
a_parsed_template_renders_other_trees(void **state UNUSED)
{
	struct err e;

	put("again.cs",
	    "<?cs set:local = x ?><?cs each:r = rows ?><?cs var:r ?>,<?cs /each ?><?cs var:local "
	    "?>");
	for (int i = 0; i < 50; i++) {
		CLEANUP_TREE struct tree *t = tree_new();
		CLEANUP_BUF struct buf out = BUF_INIT;
		char want[32];

		node_int(tree_root(t), "x", i);
		if (i % 2)
			node_set(node_add(tree_root(t), "rows"), "", "r");
		snprintf(want, sizeof want, "%s%d", i % 2 ? "r," : "", i);
		assert_int_equal(render_html(&out, folder, "again.cs", t, &e), 0);
		assert_string_equal(out.p, want);
	}
}

static void
a_changed_template_is_read_again_in_development_only(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	put("inner.cs", "old");
	put("outer.cs", "<?cs include!\"inner.cs\" ?>");
	assert_int_equal(render_html(&out, folder, "outer.cs", t, &e), 0);
	put("inner.cs", "newer");
	assert_int_equal(render_html(&out, folder, "outer.cs", t, &e), 0);
	setenv("LAZARETTE_DEV", "1", 1);
	assert_int_equal(render_html(&out, folder, "outer.cs", t, &e), 0);
	assert_string_equal(out.p, "oldoldnewer");
	put("inner.cs", "<?cs uvar:x ?>");
	assert_int_equal(render_html(&out, folder, "outer.cs", t, &e), -1);
	put("inner.cs", "mended");
	assert_int_equal(render_html(&out, folder, "outer.cs", t, &e), 0);
	unsetenv("LAZARETTE_DEV");
	assert_string_equal(out.p, "oldoldnewermended");
}

static void
a_page_that_grows_without_end_is_stopped(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	put("endless.cs",
	    "<?cs loop:i = #1, #100 ?><?cs each:r = rows ?><?cs var:r ?><?cs /each ?><?cs /loop "
	    "?>");
	for (int i = 0; i < 4; i++) {
		char *big = malloc(100001);

		memset(big, '&', 100000);
		big[100000] = '\0';
		node_set(node_add(tree_root(t), "rows"), "", big);
		free(big);
	}
	assert_int_equal(render_html(&out, folder, "endless.cs", t, &e), -1);
	assert_non_null(strstr(e.text, "larger than 16 MiB"));
	assert_int_equal(out.n, 0);
	/* The loop was left in the middle; the template is fit for the next tree all the same. */
	tree_free(t);
	t = tree_new();
	node_set(node_add(tree_root(t), "rows"), "", "a");
	assert_int_equal(render_html(&out, folder, "endless.cs", t, &e), 0);
	assert_int_equal(out.n, 100);
}

static void
a_huge_value_is_cut_to_valid_text(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	size_t n = (1 << 20) + 100;
	char *big = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		big[i] = i % 2 ? '\xa9' : '\xc3';
	memmove(big + 1, big, n - 1);
	big[0] = 'x';
	big[n] = '\0';
	node_set(tree_root(t), "x", big);
	free(big);
	/* One character lost its second byte at the limit and became U+FFFD. */
	assert_int_equal(strlen(node_get(tree_root(t), "x")), (1 << 20) + 2);
	assert_string_equal(node_get(tree_root(t), "x") + (1 << 20) - 1, "\xef\xbf\xbd");
}

static void
test_data_is_read_but_not_deeper_than_a_page_goes(void **state UNUSED)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf deep = BUF_INIT;
	char path[256];
	struct err e;

	snprintf(path, sizeof path, "%s/data.hdf", folder);
	put("data.hdf",
	    "page {\n  title = A <b>title</b>\n  rows.0.n = 1\n  note << EOM\none\ntwo\nEOM\n}\n");
	assert_int_equal(tree_read(t, path, &e), 0);
	assert_string_equal(node_get(tree_root(t), "page.title"), "A <b>title</b>");
	assert_string_equal(node_get(tree_root(t), "page.rows.0.n"), "1");
	assert_string_equal(node_get(tree_root(t), "page.note"), "one\ntwo\n");
	for (int i = 0; i < 30000; i++)
		buf_text(&deep, "a.");
	buf_text(&deep, "a = 1\n");
	put("data.hdf", deep.p);
	assert_int_equal(tree_read(t, path, &e), -1);
	buf_clear(&deep);
	for (int i = 0; i < 10000; i++)
		buf_text(&deep, "a {\n");
	put("data.hdf", deep.p);
	assert_int_equal(tree_read(t, path, &e), -1);
	put("data.hdf", "a = 1\n#include \"/etc/passwd\"\n");
	assert_int_equal(tree_read(t, path, &e), -1);
	put("data.hdf", "no sense\n");
	assert_int_equal(tree_read(t, path, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	snprintf(path, sizeof path, "%s/none.hdf", folder);
	assert_int_equal(tree_read(t, path, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static int
make_folder(void **state UNUSED)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state UNUSED)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		closedir(d);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_is_escaped_in_html_and_none_in_text),
		cmocka_unit_test(text_from_outside_is_clean_utf8_in_the_page),
		cmocka_unit_test(commands_that_print_without_escaping_are_refused),
		cmocka_unit_test(commands_that_run_values_as_templates_are_refused),
		cmocka_unit_test(names_that_only_begin_like_a_refused_command_are_fine),
		cmocka_unit_test(a_missing_template_or_include_is_an_error),
		cmocka_unit_test(templates_stay_in_their_folder_and_end),
		cmocka_unit_test(an_include_shares_macros_and_escaping),
		cmocka_unit_test(numbers_keep_their_64_bits_when_formatted_here),
		cmocka_unit_test(a_flag_is_one_or_not_there),
		cmocka_unit_test(lists_count_from_zero_also_when_long),
		cmocka_unit_test(a_parsed_template_renders_other_trees),
		cmocka_unit_test(a_changed_template_is_read_again_in_development_only),
		cmocka_unit_test(a_page_that_grows_without_end_is_stopped),
		cmocka_unit_test(a_huge_value_is_cut_to_valid_text),
		cmocka_unit_test(test_data_is_read_but_not_deeper_than_a_page_goes),
	};

	return cmocka_run_group_tests_name("render", tests, make_folder, remove_folder);
}
