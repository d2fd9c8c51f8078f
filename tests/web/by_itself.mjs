/* by_itself.mjs: a schedule, how long backups stay, and the first page in every state, each with scripts and without.
 * No worker runs: what happened and when is written into the catalogue. */
import { execFileSync } from "node:child_process";
import { axe, end, expect, launch, NARROW, open, stage, test } from "./browser.mjs";

const { base, cookie, where, home, backups, empty } = stage();
const browser = await launch();
const HOUR = 3_600_000, DAY = 24 * HOUR;
const place = `${base}/p/${where}`;
const oldest = backups.slice(0, 2).join(", "), newest = backups[2];

/* -- the catalogue -- */

/* Runs these statements in one transaction and gives the rows of the last one. */
function catalogue(...statements) {
	const program = "import json, sqlite3, sys\n"
		+ "with sqlite3.connect(sys.argv[1], timeout=10) as c:\n"
		+ "    for sql in json.loads(sys.argv[2]):\n        rows = c.execute(sql).fetchall()\nprint(json.dumps(rows))\n";
	return JSON.parse(execFileSync("/usr/bin/python3", ["-c", program, `${home}/catalog.db`, JSON.stringify(statements)],
		{ encoding: "utf8" }));
}

const number = (sql) => catalogue(sql)[0][0];
const taken = (at, id) => `UPDATE backup SET created_at=${at}, started_at=${at}, finished_at=${at + 1000} WHERE id=${id}`;

/* What all begins with: three good backups, the newest of them an hour old, and nothing that would make others. */
function bare() {
	const now = Date.now();
	return [
		...["alarm", "policy", "schedule_run", "schedule_service", "schedule_state"].map((t) => `DELETE FROM ${t}`),
		"UPDATE job SET state='cancelled', worker=NULL, finished_at=1 WHERE state IN ('queued', 'running')",
		"UPDATE backup SET kind='scheduled', state='ready', before_trash='', trashed_at=0, suspicion='', health='good',"
			+ " schedule=NULL",
		"DELETE FROM schedule", "UPDATE environment SET paused=0", `UPDATE worker SET seen_at=${now}`,
		...backups.map((id, i) => taken(now - HOUR - (2 - i) * 10 * DAY, id)),
	];
}

/* And a run every night, of which the next one comes at `next`. */
function nightly(next = Date.now() + DAY / 2) {
	return [...bare(),
		"INSERT INTO schedule (id, uuid, environment, name, cron, created_at) SELECT 1, 'night', id, 'Nightly', '0 2 * * *', 1"
			+ " FROM environment",
		"INSERT INTO schedule_state (schedule, environment, handled_at, next_at) SELECT 1, id,"
			+ ` ${next - DAY}, ${next} FROM environment`];
}

/* -- what a page says -- */

const squeeze = (text) => text.replace(/\s+/g, " ").trim();
const words = async (spot) => squeeze(await spot.innerText());

async function says(spot, text) {
	const told = await words(spot);
	const good = text instanceof RegExp ? text.test(told) : told.includes(text);
	expect(good, `"${text}" is not in: ${told.slice(0, 900)}`);
}

/* A field that was wrong: the sentence beside it, which it names, and what was typed; a number that confirms is typed
 * again. */
async function refused(page, field, sentence, typed) {
	await says(page.locator(`#${field}-fault`), sentence);
	const input = page.locator(`#${field}`);
	expect(await input.inputValue() === typed, `${field} has ${await input.inputValue()}`);
	expect(await input.getAttribute("aria-invalid") === "true", `${field} is not marked`);
	const named = (await input.getAttribute("aria-describedby") ?? "").split(" ");
	expect(named.includes(`${field}-fault`), `${field} does not name it`);
	await says(page.locator(".faults"), sentence);
}

const press = (inside, name) => inside.getByRole("button", { name, exact: true }).click();

/* -- the first page -- */

/* By name: what the catalogue has, the sentence, the word and the reason of the environment; `more` is elsewhere. */
const states = {
	"waiting for the first": {
		sql: () => [...nightly(), "UPDATE backup SET state='deleted'"], sentence: "Waiting for a first backup",
		word: "No backup yet", reason: "Nothing has been backed up yet: the first run is still to come.", bad: true,
	},
	"protected": {
		sql: () => nightly(), sentence: "Everything is backed up", word: "Protected", reason: "No scheduled backup is missing.",
		more: "1 protected",
	},
	"late": {
		sql: () => nightly(Date.now() - HOUR), sentence: "A backup is late", word: "Late",
		reason: /^The backup of .+ UTC is 1 h 0\d m late\.$/, bad: true,
	},
	"at risk": {
		sql: () => nightly(Date.now() - DAY - HOUR), sentence: "A backup needs attention", word: "At risk",
		reason: /^The backup of .+ UTC is 1 d 1 h overdue\.$/, bad: true,
	},
	"suspicious": {
		sql: () => [...nightly(), `UPDATE backup SET suspicion='0 tables' WHERE id=${newest}`],
		sentence: "A backup needs attention", word: "Suspicious", reason: `The last backup, b${newest}, looks wrong.`, bad: true,
	},
	"on demand only": {
		sql: () => bare(), sentence: "Backed up, but on demand only", word: "At risk",
		reason: "No schedule: backups are made on demand.", more: "No run is scheduled: backups are made on demand.",
	},
	"not all backed up": {
		sql: () => [...nightly(), "INSERT INTO schedule_service SELECT 1, id FROM service WHERE slug='database'"],
		sentence: "Backed up, but not all of it", word: "Protected", reason: "Not backed up: Media. No schedule takes it.",
		more: "1 service not backed up",
	},
	"an alarm": {
		sql: () => [...nightly(), "INSERT INTO alarm (kind, subject, text, opened_at) VALUES ('storage', 'main', 'The storage"
			+ ` main is nearly full: 1 GB of 40 GB are free.', ${Date.now() - HOUR})`],
		sentence: "Backed up, but something needs attention", word: "Protected", reason: "No scheduled backup is missing.",
		more: "Attention The storage main is nearly full: 1 GB of 40 GB are free. Since 1 hour ago.", bad: true,
	},
	"paused": {
		sql: () => [...nightly(), "UPDATE environment SET paused=1"], sentence: "Everything is paused", word: "Paused",
		reason: "Paused: no backups can be made.", more: "1 paused",
	},
};

/* On a phone. Axe sees the same in both ways and needs timers, which a page without scripts has not: it looks with them. */
async function narrow(page, path, js) {
	await page.setViewportSize(NARROW);
	await page.goto(path);
	const [scroll, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
	return [...(scroll > inner ? [`scrolls sideways: ${scroll} > ${inner}`] : []), ...(js ? await axe(page) : [])];
}

/* Read first as it is wide. */
async function overview(view, state, js) {
	const { page, faults } = view;
	catalogue(...state.sql());
	await page.setViewportSize({ width: 1100, height: 900 });
	await page.goto(`${base}/`);
	const sentence = await words(page.locator(".hero .lead > .state"));
	expect(sentence === state.sentence, `the sentence is: ${sentence}`);
	const cell = page.locator(`tr:has(a[href="/p/${where}/backups"]) [data-label="State"]`);
	const word = await words(cell.locator(".state").first());
	expect(word === state.word, `the word is: ${word}`);
	await says(cell.locator(".why").first(), state.reason);
	await says(page.locator("main"), state.more ?? state.sentence);
	const listed = await page.getByRole("heading", { name: "Needs attention", exact: true }).count();
	expect(listed === (state.bad ? 1 : 0), `${listed} lists of what needs attention`);
	expect((await page.title()).includes("need attention") === Boolean(state.bad), `the title is ${await page.title()}`);
	return [...(await narrow(page, `${base}/`, js)), ...faults.splice(0)];
}

/* -- the journeys -- */

for (const js of [true, false]) {
	const way = js ? "with scripts" : "without scripts";
	const view = await open(browser, base, { cookie, javaScriptEnabled: js, reducedMotion: "reduce" });
	const { page, faults } = view;
	const preview = page.locator("#preview"), row = page.locator('tr:has-text("Mondays")');

	await test(`SCU-10 a wrong cron has its sentence beside the field, and what was typed stays, ${way}`, async () => {
		catalogue(...bare());
		await page.goto(`${place}/schedule`);
		await page.locator("main a", { hasText: "Another one" }).click();
		await says(preview, "Every day at 02:00");
		await page.fill("#name", "Mondays");
		await page.check("#every-cron");
		await page.fill("#cron", "75 2 * * *");
		if (js)
			await preview.locator(".fault", { hasText: "Minute must be 0–59, you wrote 75" }).waitFor();
		await press(page, "Add schedule");
		await refused(page, "cron", "Minute must be 0–59, you wrote 75", "75 2 * * *");
		expect(await page.inputValue("#name") === "Mondays", "the name is gone");
		expect(number("SELECT count(*) FROM schedule") === 0, "it was saved");
	});

	await test(`SCU-10 the next five runs are seen ${js ? "while one types" : "by [Preview]"}, ${way}`, async () => {
		const runs = preview.locator("li", { hasText: /04:15 \+0[12]:00/ });
		await page.check("#every-week");
		await page.fill("#time", "04:15");
		await page.selectOption("#weekday", "1");
		if (js) {
			await page.evaluate(() => { window.samePage = true; });
			await page.fill("#zone", "Europe/Zurich");
			await runs.nth(4).waitFor();
			expect(await page.evaluate(() => window.samePage), "the page was loaded anew");
		} else {
			await page.fill("#zone", "Europe/Zurich");
			expect(await runs.count() === 0, "it previews without a script");
			await press(page, "Preview");
		}
		expect(await runs.count() === 5, `${await runs.count()} runs: ${await words(preview)}`);
		await says(preview, "Every Monday at 04:15, Europe/Zurich");
		expect(await page.inputValue("#zone") === "Europe/Zurich", "the zone is gone");
		expect(number("SELECT count(*) FROM schedule") === 0, "a preview was saved");
	});

	await test(`SCU-10 saved, it stands in the list, ${way}`, async () => {
		await page.fill("#spread", "0");
		await press(page, "Add schedule");
		await page.waitForURL(`${place}/schedule?said=created`);
		await says(row.locator('[data-label="When"]'), "Every Monday at 04:15, Europe/Zurich 15 4 * * 1");
		await says(row.locator('[data-label="State"]'), /^On$/);
	});

	await test(`SCU-10 a wrong cron in one that is there: refused, and the old one holds, ${way}`, async () => {
		await page.locator("main table a", { hasText: "Mondays" }).click();
		await page.check("#every-cron");
		await page.fill("#cron", "0 2 30 2 *");
		await press(page, "Save");
		await refused(page, "cron", "30 February never happens", "0 2 30 2 *");
		await page.goto(`${place}/schedule`);
		await says(row.locator('[data-label="When"]'), "Every Monday at 04:15");
		expect(catalogue("SELECT cron FROM schedule")[0][0] === "15 4 * * 1", "the old one is gone");
	});

	await test(`PEER-10 retention: a look, a wrong number, the right number, saved, ${way}`, async () => {
		const kept = () => number("SELECT count(*) FROM policy WHERE key='retention'");
		catalogue(...nightly());
		await page.goto(`${place}/retention`);
		await page.check("#preset-last");
		await page.fill("#last_n", "0");
		await press(page, "Show what would go");
		await refused(page, "last_n", "Keep 1 to 1000 of the newest, you wrote 0", "0");
		await page.fill("#last_n", "1");
		await press(page, "Show what would go");
		await says(page.locator("main"), /Saving deletes 2 backups \(.+\) tonight\./);
		await says(page.locator(`tr:has(a[href="/b/b${newest}"]) [data-label="Stays?"]`), /^Stays$/);
		expect(await page.locator('[data-label="Stays?"]', { hasText: "Goes" }).count() === 2, await words(page.locator("main")));
		await page.fill("#typed", "3");
		await press(page, "Save");
		await refused(page, "typed", "Type 2, the number of backups that go; you wrote 3", "");
		expect(await page.inputValue("#last_n") === "1" && kept() === 0, "the wrong number has changed something");
		await page.fill("#typed", "2");
		await press(page, "Save");
		await page.waitForURL(`${place}/retention?said=saved`);
		await says(page.locator("main .lead"), "(set here)");
		expect(kept() === 1, "it was not saved");
		expect(number("SELECT count(*) FROM backup WHERE state='ready'") === 3, "something went at once");
	});

	await test(`PEER-19 days in the trash: a look, a wrong number, the right number, saved, ${way}`, async () => {
		const card = page.locator("section:has(#trash-days)");
		const kept = () => number("SELECT count(*) FROM policy WHERE key='trash-days'");
		catalogue(...nightly(), "UPDATE backup SET state='trashed', before_trash='ready',"
			+ ` trashed_at=${Date.now() - 3 * DAY} WHERE id IN (${oldest})`);
		await page.goto(`${place}/policies`);
		await page.fill("#trash-days", "91");
		await press(card, "Save");
		await refused(page, "trash-days", "Trash must be 1 to 90 days, you wrote 91", "91");
		await page.fill("#trash-days", "1");
		await press(card, "Show what would go");
		await says(card, /Saving deletes 2 backups \(.+\) for good within a day\./);
		await page.fill("#typed", "1");
		await press(card, "Save");
		await refused(page, "typed", "Type 2, the number of backups that go; you wrote 1", "");
		expect(await page.inputValue("#trash-days") === "1" && kept() === 0, "the wrong number has changed something");
		await page.fill("#typed", "2");
		await press(card, "Save");
		await page.waitForURL(`${place}/policies?said=saved`);
		await says(card, /1 days? set here; otherwise it would be 7 days/);
		expect(kept() === 1, "it was not saved");
		expect(number("SELECT count(*) FROM backup WHERE state='trashed'") === 2, "something went at once");
	});

	await test(`PEER-19 keeps of a schedule's own: a look, a wrong number, the right number, saved, ${way}`, async () => {
		const kept = () => catalogue("SELECT keep, notify FROM schedule WHERE id=1")[0].join(" ");
		catalogue(...nightly(), "UPDATE schedule SET keep='forever'", "UPDATE backup SET schedule=1");
		await page.goto(`${place}/schedule`);
		await page.locator("main table a", { hasText: "Nightly" }).click();
		expect(await page.isChecked("#keep-forever") && await page.isChecked("#notify-channels"), "the form forgot");
		await page.check("#keep-last");
		await page.fill("#keep_n", "0");
		expect(!await page.isVisible("#keep_line"), "the other field is in the way");
		await press(page, "Save");
		await refused(page, "keep_n", "Keep 1 to 1000 of the newest, you wrote 0", "0");
		await page.fill("#keep_n", "1");
		await page.check("#notify-failure");
		await press(page, "Preview");
		await says(page.locator("main"), /Saving deletes 2 backups \(.+\) tonight\./);
		await page.fill("#typed", "3");
		await press(page, "Save");
		await refused(page, "typed", "Type 2, the number of backups that go; you wrote 3", "");
		expect(kept() === "forever channels", "the wrong number has changed something");
		await page.fill("#typed", "2");
		await press(page, "Save");
		await page.waitForURL(`${place}/schedule?said=saved`);
		await says(page.locator("main"), "tells of failures alone");
		await says(page.locator("main"), "It keeps the newest one");
		expect(kept() === "last=1 failure", kept());
		return [...(await narrow(page, `${place}/schedule`, js)), ...(await narrow(page, `${base}/s/s1`, js))];
	});

	await test(`PEER-19 a channel of the instance: not here, and as inherited again, ${way}`, async () => {
		const inherited = page.locator('tr:has-text("Night watch")').first(), told = inherited.locator('[data-label="Told here?"]');
		catalogue(...["delivery", "channel_here", "channel_event", "channel"].map((t) => `DELETE FROM ${t}`));
		await page.setViewportSize({ width: 1100, height: 900 });
		await page.goto(`${base}/notifications/new?kind=ntfy`);
		await page.fill("#name", "Night watch");
		await page.fill("#url", "https://ntfy.example.net/night-watch");
		await press(page, "Add channel");
		await page.goto(`${place}/settings`);
		await page.getByRole("link", { name: "Notifications of this environment" }).click();
		await says(page.locator("main"), "No channels of its own");
		await says(told, "inherited: told from this instance");
		await inherited.getByRole("button", { name: /^Not here/ }).click();
		await page.waitForURL(`${place}/notifications?said=saved`);
		await says(told, "not here set here; otherwise it would be told, from this instance");
		expect(number("SELECT count(*) FROM channel_here WHERE told=0 AND level='environment'") === 1, "it was not saved");
		await inherited.getByRole("button", { name: /^Use inherited/ }).click();
		await page.waitForURL(`${place}/notifications?said=saved`);
		await says(told, "inherited: told");
		expect(number("SELECT count(*) FROM channel_here") === 0, "it is still said here");
		/* One of its own, beside it. */
		await page.getByRole("link", { name: "Add a channel" }).click();
		await page.locator("main a", { hasText: "Slack" }).click();
		await page.fill("#name", "Live only");
		await page.fill("#url", "https://hooks.slack.com/services/T0/B0/secretsecret12");
		await press(page, "Add channel");
		await page.waitForURL(/\/notifications\/\d+\?said=created$/);
		expect(page.url().startsWith(`${place}/notifications/`), page.url());
		await page.goto(`${place}/notifications`);
		await says(page.locator("main"), "Live only");
		await page.goto(`${base}/notifications`);
		expect(!(await words(page.locator("main"))).includes("Live only"), "the instance has it, too");
		return narrow(page, `${place}/notifications`, js);
	});

	await test(`no fault was reported on the way, ${way}`, () => faults.splice(0));

	await test(`PEER-26 the first page: empty, ${way}`, async () => {
		const other = await open(browser, empty.base, { cookie: empty.cookie, javaScriptEnabled: js, reducedMotion: "reduce" });
		await other.page.goto(`${empty.base}/`);
		await says(other.page.locator("main"), "Nothing to protect yet");
		expect(await other.page.locator("main a", { hasText: "Add a project" }).count() === 1, "there is no way to begin");
		expect(await other.page.locator(".hero").count() === 0, "it says how safe nothing is");
		const findings = [...(await narrow(other.page, `${empty.base}/`, js)), ...other.faults];
		await other.context.close();
		return findings;
	});
	for (const [name, state] of Object.entries(states))
		await test(`PEER-26 the first page: ${name}, ${way}`, () => overview(view, state, js));
	await view.context.close();
}
await browser.close();
end();
