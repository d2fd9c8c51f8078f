/* on_channel_test.c: channels: adding, changing, testing, turning off; and the page that asks. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_channel.h"
#include "cgi/handle/on_channel_form.h"
#include "cgi/handle/on_confirm.h"
#include "lib/store/channels.h"
#include "lib/store/notices.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"
#include "lib/util/seal.h"

/* The places differ by their path alone. */
#define OF_SHOP .path = "/p/shop/-/notifications"
#define OF_LIVE .path = "/p/shop/live/notifications"
#define CREATE OF_SHOP, .run = on_channel_form_create, .args = { "shop" }, .post = true
#define ONE(handler_, id) OF_SHOP, .run = handler_, .args = { "shop", id }
#define ACT(handler_, id) ONE(handler_, id), .post = true
#define SECRET "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

static char *
key_file(struct fixture *f)
{
	return arena_printf(f->a, "%s/worker.key", f->folder);
}

static void
make_key(struct fixture *f)
{
	char hex[SEAL_PUBLIC_HEX_SIZE];

	OK(seal_make_key(hex, key_file(f), &f->e));
	OK(settings_set(f->db, "seal_public_key", hex, &f->e));
}

static struct channel
stored(struct fixture *f, int64_t id)
{
	struct channel c;

	OK(channels_by_id(&c, f->a, f->db, id, &f->e));
	return c;
}

static void
add_slack(struct fixture *f)
{
	CLEANUP_REPLY struct reply rp;

	make_key(f);
	ASK(303, &rp, CREATE,
	    .form = { { "kind", "slack" }, { "name", "Ops" },
	        { "url", "https://hooks.slack.com/services/T0/B0/verysecretab12" },
	        { "event", "backup-failed" }, { "event", "late" }, { "event", "digest" } });
	HEADER(&rp, "Location: /p/shop/-/notifications/1?said=created\r\n");
}

/* PEER-9: per project and event; what opens a channel is locked up at once. */
static void
an_address_is_locked_up_and_never_shown_again(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page, list;
	struct channel c;
	char *text;

	add_slack(f);
	c = stored(f, 1);
	assert_int_equal(c.project, f->project);
	assert_string_equal(c.target, "hooks.slack.com …ab12");
	/* The digest is of the instance. */
	assert_int_equal(c.events, notice_bit(NOTICE_BACKUP_FAILED) | notice_bit(NOTICE_LATE));
	OK(seal_open(&text, f->a, key_file(f), c.sealed, c.sealed_size, &f->e));
	assert_string_equal(text, "https://hooks.slack.com/services/T0/B0/verysecretab12\n");
	ASK(200, &page, ONE(on_channel_form_edit, "1"));
	SAYS(&page, "hooks.slack.com …ab12");
	SAYS_NOT(&page, "verysecret");
	SAYS(&page, "value=\"late\" checked");
	SAYS_NOT(&page, "value=\"recovered\" checked");
	ASK(200, &list, OF_SHOP, .run = on_channel_list, .args = { "shop" });
	SAYS(&list, "hooks.slack.com …ab12");
	SAYS_NOT(&list, "verysecret");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action="
	    "'channel.added' AND detail NOT LIKE '%verysecret%'"), 1);
}

static void
pressed_twice_it_is_one_channel(void **state)
{
	struct fixture *f = *state;

	add_slack(f);
	add_slack(f);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel"), 1);
}

static void
faults_stand_beside_their_fields_and_values_are_kept(void **state)
{
	static const struct { const char *kind, *url, *secret, *words; } wrong[] = {
		{ "slack", "gopher://x/1", "", "must begin with https:// or http://" },
		{ "slack", "file:///etc/passwd", "", "must begin with https:// or http://" },
		{ "slack", "https://", "", "not an address that can be called" },
		{ "slack", "https://a b/", "", "no spaces" },
		{ "slack", "https://me:pw@example.org/", "", "user name or password" },
		{ "ntfy", "https://ntfy.sh/", "", "must end in the topic" },
		{ "ntfy", "https://ntfy.sh/t", "a b", "A token has no spaces" },
		{ "webhook", "https://example.org/", "short", "must begin with whsec_" },
		{ "webhook", "https://example.org/", "whsec_AAAA", "24 to 64 bytes" },
	};
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply mail, none;

	make_key(f);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		CLEANUP_REPLY struct reply rp;

		ASK(422, &rp, CREATE,
		    .form = { { "kind", wrong[i].kind }, { "name", "Kept" },
		        { "url", wrong[i].url }, { "secret", wrong[i].secret },
		        { "event", "late" } });
		SAYS(&rp, wrong[i].words);
		SAYS(&rp, "value=\"Kept\"");
		SAYS(&rp, "value=\"late\" checked");
	}
	ASK(422, &mail, CREATE, .form = { { "kind", "mail" }, { "name", "" },
	    { "target", "not an address" } });
	SAYS(&mail, "href=\"#target\"");
	SAYS(&mail, "href=\"#name\"");
	SAYS(&mail, "Choose at least one event");
	SAYS(&mail, "value=\"not an address\"");
	ASK(422, &none, CREATE, .form = { { "kind", "pigeon" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel"), 0);
}

static void
left_empty_the_address_stays_and_a_new_one_replaces_it(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply kept, changed, stale, alone;
	struct channel c;
	char *text;

	add_slack(f);
	ASK(303, &kept, ACT(on_channel_form_save, "1"),
	    .form = { { "revision", "1" }, { "name", "Ops 2" }, { "event", "recovered" } });
	c = stored(f, 1);
	assert_string_equal(c.name, "Ops 2");
	assert_int_equal(c.events, notice_bit(NOTICE_RECOVERED));
	OK(seal_open(&text, f->a, key_file(f), c.sealed, c.sealed_size, &f->e));
	assert_non_null(strstr(text, "verysecretab12"));
	ASK(303, &changed, ACT(on_channel_form_save, "1"),
	    .form = { { "revision", "2" }, { "name", "Ops 2" }, { "event", "late" },
	        { "url", "http://127.1:8080/x" } });
	assert_string_equal(stored(f, 1).target, "127.0.0.1:8080");
	ASK(422, &stale, ACT(on_channel_form_save, "1"),
	    .form = { { "revision", "1" }, { "name", "Mine" }, { "event", "late" } });
	SAYS(&stale, "Somebody changed this channel");
	SAYS(&stale, "value=\"Mine\"");
	ASK(422, &alone, ACT(on_channel_form_save, "1"),
	    .form = { { "name", "x" }, { "event", "late" }, { "secret", SECRET } });
	SAYS(&alone, "Enter the address again, too");
}

static void
a_test_is_queued_once_per_form_and_shown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply one, two, page, off, refused;

	add_slack(f);
	ASK(303, &one, ACT(on_channel_test, "1"), .form = { { "key", "k1" } });
	ASK(303, &two, ACT(on_channel_test, "1"), .form = { { "key", "k1" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery"), 1);
	ASK(200, &page, ONE(on_channel_form_edit, "1"));
	SAYS(&page, "On its way");
	ASK(303, &off, ACT(on_channel_off, "1"));
	ASK(409, &refused, ACT(on_channel_test, "1"), .form = { { "key", "k2" } });
	SAYS(&refused, "turn it on first");
}

static void
the_log_shows_the_status_and_sends_again(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply test, page, again, foreign;

	add_slack(f);
	ASK(303, &test, ACT(on_channel_test, "1"), .form = { { "key", "k1" } });
	fixture_do(f, "UPDATE delivery SET state='failed', status=404, attempts=10,"
	    " error='answered 404: no_service <b>'");
	ASK(200, &page, ONE(on_channel_form_edit, "1"));
	SAYS(&page, "HTTP 404");
	SAYS(&page, "answered 404: no_service &lt;b&gt;");
	SAYS(&page, "action=\"/p/shop/-/notifications/1/log/1/again\"");
	ASK(303, &again, OF_SHOP, .run = on_channel_again, .args = { "shop", "1", "1" },
	    .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE state='queued' AND"
	    " attempts=0"), 1);
	ASK(404, &foreign, OF_SHOP, .run = on_channel_again, .args = { "shop", "1", "7" },
	    .post = true);
}

static void
a_channel_of_elsewhere_is_not_there(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply edit, act;

	add_slack(f);
	fixture_do(f, "UPDATE channel SET project=NULL");
	ASK(404, &edit, ONE(on_channel_form_edit, "1"));
	ASK(404, &act, ACT(on_channel_test, "1"), .form = { { "key", "k1" } });
}

static void
a_removed_one_is_gone_with_its_secret(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply test, question, rp, gone;

	add_slack(f);
	ASK(303, &test, ACT(on_channel_test, "1"), .form = { { "key", "k1" } });
	ASK(200, &question, ONE(on_channel_remove, "1"));
	SAYS(&question, "Remove Ops");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel WHERE removed_at=0"), 1);
	ASK(303, &rp, ACT(on_channel_remove, "1"));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel WHERE removed_at>0 AND"
	    " sealed IS NULL"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE state='failed'"),
	    1);
	ASK(404, &gone, ONE(on_channel_form_edit, "1"));
}

/* An account's address needs no question; another agrees on a page whose opening agrees to nothing.
 */
static void
an_address_agrees_by_a_button_not_by_being_looked_at(void **state)
{
	static const char token[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply own, other, look, yes, after, wrong, early;
	char hash[HASH_HEX_SIZE];

	ASK(303, &own, CREATE, .form = { { "kind", "mail" }, { "name", "Me" },
	    { "target", "Admin@Example.org" }, { "event", "late" } });
	assert_true(stored(f, 1).confirmed_at > 0);
	ASK(303, &other, CREATE, .form = { { "kind", "mail" }, { "name", "Them" },
	    { "target", "ops@example.net" }, { "event", "late" } });
	assert_int_equal(stored(f, 2).confirmed_at, 0);
	ASK(409, &early, ACT(on_channel_test, "2"), .form = { { "key", "k" } });
	hash_of(hash, token, strlen(token));
	OK(channels_ask(f->db, 2, hash,
	    &(struct outbox_mail){ .message_id = "m@x", .kind = "confirm",
	        .recipient = "ops@example.net", .subject = "?", .message = "x",
	        .message_size = 1 }, &f->e));
	ASK(200, &look, .run = on_confirm_page, .args = { token }, .guest = true);
	SAYS(&look, "ops@example.net");
	SAYS(&look, "Yes, send them");
	assert_int_equal(stored(f, 2).confirmed_at, 0);
	ASK(404, &wrong, .run = on_confirm, .args = { "nonsense" }, .post = true, .guest = true);
	ASK(303, &yes, .run = on_confirm, .args = { token }, .post = true, .guest = true);
	assert_true(stored(f, 2).confirmed_at > 0);
	ASK(200, &after, .run = on_confirm_page, .args = { token }, .guest = true);
	SAYS(&after, "from now on");
	/* Another address is another question. */
	{
		CLEANUP_REPLY struct reply moved;

		ASK(303, &moved, ACT(on_channel_form_save, "2"), .form = { { "name", "Them" },
		    { "target", "else@example.net" }, { "event", "late" } });
		assert_int_equal(stored(f, 2).confirmed_at, 0);
	}
}

static void
a_link_is_dead_after_seven_days(void **state)
{
	static const char token[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply added, late;
	char hash[HASH_HEX_SIZE];

	ASK(303, &added, CREATE, .form = { { "kind", "mail" }, { "name", "Them" },
	    { "target", "ops@example.net" }, { "event", "late" } });
	hash_of(hash, token, strlen(token));
	OK(channels_ask(f->db, 1, hash,
	    &(struct outbox_mail){ .message_id = "m@x", .kind = "confirm",
	        .recipient = "ops@example.net", .subject = "?", .message = "x",
	        .message_size = 1 }, &f->e));
	fixture_do(f, "UPDATE channel SET asked_at=asked_at-604900000");
	ASK(404, &late, .run = on_confirm, .args = { token }, .post = true, .guest = true);
	assert_int_equal(stored(f, 1).confirmed_at, 0);
}

/* Each click was a mail to somebody who may not even know of the console. */
static void
PEER_1_a_question_is_asked_again_after_five_minutes_only(void **state)
{
	const struct outbox_mail question = { .message_id = "m@x", .kind = "confirm",
		.recipient = "ops@example.net", .subject = "?", .message = "x", .message_size = 1 };
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply added, waits, early, late, back;

	ASK(303, &added, CREATE, .form = { { "kind", "mail" }, { "name", "Them" },
	    { "target", "ops@example.net" }, { "event", "late" } });
	ASK(303, &waits, ACT(on_channel_ask, "1"));
	HEADER(&waits, "said=asked-lately");
	OK(channels_ask(f->db, 1, "hash", &question, &f->e));
	ASK(303, &early, ACT(on_channel_ask, "1"));
	HEADER(&early, "said=asked-lately");
	/* The link of the first one lives. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel WHERE confirm_hash='hash'"
	                                   " AND asked_at>0"), 1);
	fixture_do(f, "UPDATE channel SET asked_at=asked_at-301000");
	ASK(303, &late, ACT(on_channel_ask, "1"));
	HEADER(&late, "said=asked\r");
	assert_int_equal(stored(f, 1).asked_at, 0);
	/* A clock that was set back keeps nobody waiting. */
	fixture_do(f, "UPDATE channel SET asked_at=9000000000000");
	ASK(303, &back, ACT(on_channel_ask, "1"));
	HEADER(&back, "said=asked\r");
}

static void
the_form_of_each_kind_asks_for_what_it_needs(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply kinds, hook, ping;

	ASK(200, &kinds, OF_SHOP, .run = on_channel_form_new, .args = { "shop" });
	SAYS(&kinds, "href=\"/p/shop/-/notifications/new?kind=webhook\"");
	ASK(200, &hook, OF_SHOP, .run = on_channel_form_new, .args = { "shop" },
	    .query = { { "kind", "webhook" } });
	SAYS(&hook, "value=\"whsec_");
	SAYS(&hook, "value=\"backup-failed\" checked");
	SAYS_NOT(&hook, "value=\"storage\"");
	ASK(200, &ping, OF_SHOP, .run = on_channel_form_new, .args = { "shop" },
	    .query = { { "kind", "healthchecks" } });
	SAYS(&ping, "value=\"backup-ready\" checked");
	SAYS_NOT(&ping, "value=\"late\"");
}

/* One of the instance and one of the project, by their forms. */
static void
add_above(struct fixture *f)
{
	CLEANUP_REPLY struct reply of_all;

	add_slack(f);
	ASK(303, &of_all, .path = "/notifications", .run = on_channel_form_create, .post = true,
	    .form = { { "kind", "ntfy" }, { "name", "Phones" },
	        { "url", "https://ntfy.example.net/night-watch" }, { "event", "late" } });
	HEADER(&of_all, "Location: /notifications/2?said=created\r\n");
}

/* An environment has channels of its own, under its own address. */
static void
PEER_19_an_environment_has_channels_of_its_own(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply added, page, list, foreign, shop, test, removed, bad;
	struct channel c;

	add_above(f);
	ASK(303, &added, OF_LIVE, .run = on_channel_form_create, .args = { "shop", "live" },
	    .post = true,
	    .form = { { "kind", "slack" }, { "name", "Live only" },
	        { "url", "https://hooks.slack.com/services/T0/B0/alsosecretcd34" },
	        { "event", "backup-failed" }, { "event", "storage" } });
	HEADER(&added, "Location: /p/shop/live/notifications/3?said=created\r\n");
	c = stored(f, 3);
	assert_int_equal(c.project, f->project);
	assert_int_equal(c.environment, f->environment);
	/* A full storage is of the instance. */
	assert_int_equal(c.events, notice_bit(NOTICE_BACKUP_FAILED));
	ASK(200, &page, OF_LIVE, .run = on_channel_form_edit, .args = { "shop", "live", "3" });
	SAYS(&page, "action=\"/p/shop/live/notifications/3\"");
	SAYS(&page, "hooks.slack.com …cd34");
	ASK(200, &list, OF_LIVE, .run = on_channel_list, .args = { "shop", "live" });
	SAYS(&list, "href=\"/p/shop/live/notifications/3\"");
	/* The project's page is of its own, and the environment's act on its own alone. */
	ASK(200, &shop, OF_SHOP, .run = on_channel_list, .args = { "shop" });
	SAYS_NOT(&shop, "Live only");
	ASK(404, &foreign, ONE(on_channel_form_edit, "3"));
	ASK(404, &bad, OF_LIVE, .run = on_channel_off, .args = { "shop", "live", "1" },
	    .post = true);
	assert_true(stored(f, 1).enabled);
	ASK(303, &test, OF_LIVE, .run = on_channel_test, .args = { "shop", "live", "3" },
	    .post = true, .form = { { "key", "k1" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE channel=3 AND body"
	    " LIKE '%\"environment\":\"live\"%'"), 1);
	ASK(303, &removed, OF_LIVE, .run = on_channel_remove, .args = { "shop", "live", "3" },
	    .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action IN"
	    " ('channel.added', 'channel.tested', 'channel.removed') AND environment=1"), 3);
}

static void
PEER_19_the_list_shows_what_is_said_here_beside_what_is_inherited(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply list, off, after, shop, shop_off, both, back, own, nonsense;
	CLEANUP_REPLY struct reply here, same, twice;

	add_above(f);
	ASK(200, &list, OF_LIVE, .run = on_channel_list, .args = { "shop", "live" });
	SAYS(&list, "No channels of its own");
	SAYS(&list, "Phones<span class=\"why\">from this instance</span>");
	SAYS(&list, "Ops<span class=\"why\">from project shop</span>");
	SAYS(&list, "<span class=\"muted\">inherited:</span> <strong>told</strong> <span"
	            " class=\"muted\">from this instance</span>");
	SAYS(&list, "action=\"/p/shop/live/notifications/2/here\"");
	SAYS_NOT(&list, "Use inherited");
	ASK(303, &off, OF_LIVE, .run = on_channel_say, .args = { "shop", "live", "2" },
	    .form = { { "say", "not-here" } });
	HEADER(&off, "Location: /p/shop/live/notifications?said=saved\r\n");
	ASK(200, &after, OF_LIVE, .run = on_channel_list, .args = { "shop", "live" });
	SAYS(&after, "<strong>not here</strong> <span class=\"muted\">set here; otherwise it would"
	             " be told, from this instance</span>");
	SAYS(&after, "Use inherited");
	/* The project says the same: the environment's own says no more than what it inherits. */
	ASK(200, &shop, OF_SHOP, .run = on_channel_list, .args = { "shop" });
	SAYS_NOT(&shop, "not here</strong>");
	ASK(303, &shop_off, OF_SHOP, .run = on_channel_say, .args = { "shop", "2" },
	    .form = { { "say", "not-here" } });
	ASK(200, &both, OF_LIVE, .run = on_channel_list, .args = { "shop", "live" });
	SAYS(&both, "otherwise it would be not here, from project shop");
	ASK(303, &back, OF_LIVE, .run = on_channel_say, .args = { "shop", "live", "2" },
	    .form = { { "say", "inherit" } });
	ASK(200, &own, OF_LIVE, .run = on_channel_list, .args = { "shop", "live" });
	SAYS(&own, "<strong>not here</strong> <span class=\"muted\">from project shop</span>");
	SAYS(&own, "value=\"told\"");
	/* Its address leads whoever signs in after that form to the list, not to a channel that is
	 * none of this level. */
	ASK(303, &here, OF_LIVE, .run = on_channel_here, .args = { "shop", "live", "2" });
	HEADER(&here, "Location: /p/shop/live/notifications\r\n");
	/* Saying what it says already is no event. */
	ASK(303, &same, OF_LIVE, .run = on_channel_say, .args = { "shop", "live", "2" },
	    .form = { { "say", "inherit" } });
	ASK(303, &twice, OF_SHOP, .run = on_channel_say, .args = { "shop", "2" },
	    .form = { { "say", "not-here" } });
	ASK(422, &nonsense, OF_LIVE, .run = on_channel_say, .args = { "shop", "live", "2" },
	    .form = { { "say", "perhaps" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action IN"
	    " ('channel.not_here', 'channel.as_inherited') AND target='Phones'"), 3);
	{
		CLEANUP_REPLY struct reply instance, none;

		/* Nothing is above the instance, and nothing is said of one's own. */
		ASK(404, &instance, .path = "/notifications", .run = on_channel_say,
		    .args = { "2" }, .form = { { "say", "told" } });
		ASK(404, &none, OF_SHOP, .run = on_channel_say, .args = { "shop", "1" },
		    .form = { { "say", "told" } });
	}
}

/* What is switched off below is seen from above. */
static void
PEER_19_a_channel_shows_where_below_it_is_switched_off(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, live, shop, told, list, page, own;

	add_above(f);
	ASK(200, &before, .path = "/notifications", .run = on_channel_list);
	SAYS(&before, "unless switched off there");
	SAYS_NOT(&before, ", since");
	ASK(303, &live, OF_LIVE, .run = on_channel_say, .args = { "shop", "live", "1" },
	    .form = { { "say", "not-here" } });
	ASK(303, &shop, OF_SHOP, .run = on_channel_say, .args = { "shop", "2" },
	    .form = { { "say", "not-here" } });
	ASK(303, &told, OF_LIVE, .run = on_channel_say, .args = { "shop", "live", "2" },
	    .form = { { "say", "told" } });
	ASK(200, &list, .path = "/notifications", .run = on_channel_list);
	SAYS(&list, "not in <a href=\"/p/shop/-/notifications\">shop</a>, since <time");
	SAYS(&list, ", by admin@example.org");
	SAYS(&list, "but told in <a href=\"/p/shop/live/notifications\">shop/live</a>");
	ASK(200, &page, .path = "/notifications/2", .run = on_channel_form_edit, .args = { "2" });
	SAYS(&page, "Not told in <a href=\"/p/shop/-/notifications\">shop</a>");
	ASK(200, &own, OF_SHOP, .run = on_channel_list, .args = { "shop" });
	SAYS(&own, "not in <a href=\"/p/shop/live/notifications\">shop/live</a>");
	SAYS_NOT(&own, ">shop</a>, since");
}

/* Chosen is not told: neither when it is off nor before its address has agreed. */
static void
the_grid_says_yes_of_nobody_who_is_told_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply on, mail, off, list;

	add_slack(f);
	ASK(200, &on, OF_LIVE, .run = on_channel_list, .args = { "shop", "live" });
	SAYS(&on, "</svg> yes");
	SAYS_NOT(&on, "no: ");
	ASK(303, &mail, CREATE, .form = { { "kind", "mail" }, { "name", "Them" },
	    { "target", "ops@example.net" }, { "event", "late" } });
	ASK(303, &off, ACT(on_channel_off, "1"));
	ASK(200, &list, OF_LIVE, .run = on_channel_list, .args = { "shop", "live" });
	SAYS_NOT(&list, "</svg> yes");
	SAYS(&list, "<span class=\"muted\">off</span>");
	SAYS(&list, "<span class=\"muted\">waits for a yes</span>");
	SAYS(&list, "<strong>no: off</strong>");
	SAYS(&list, "<strong>no: waits for a yes</strong>");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("PEER-9", an_address_is_locked_up_and_never_shown_again),
		FIXTURE_TEST(pressed_twice_it_is_one_channel),
		FIXTURE_TEST(faults_stand_beside_their_fields_and_values_are_kept),
		FIXTURE_TEST(left_empty_the_address_stays_and_a_new_one_replaces_it),
		FIXTURE_TEST(a_test_is_queued_once_per_form_and_shown),
		ROW_TEST("PEER-2", the_log_shows_the_status_and_sends_again),
		FIXTURE_TEST(a_channel_of_elsewhere_is_not_there),
		FIXTURE_TEST(a_removed_one_is_gone_with_its_secret),
		FIXTURE_TEST(an_address_agrees_by_a_button_not_by_being_looked_at),
		FIXTURE_TEST(a_link_is_dead_after_seven_days),
		FIXTURE_TEST(PEER_1_a_question_is_asked_again_after_five_minutes_only),
		FIXTURE_TEST(the_form_of_each_kind_asks_for_what_it_needs),
		FIXTURE_TEST(PEER_19_an_environment_has_channels_of_its_own),
		FIXTURE_TEST(PEER_19_the_list_shows_what_is_said_here_beside_what_is_inherited),
		FIXTURE_TEST(PEER_19_a_channel_shows_where_below_it_is_switched_off),
		FIXTURE_TEST(the_grid_says_yes_of_nobody_who_is_told_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
