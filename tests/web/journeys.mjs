/* journeys.mjs: sign-in, create, progress, prepare, download, restore and undo in the browser, each with scripts and
 * without. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { end, expect, launch, open, stage, test } from "./browser.mjs";

const { base, email, password, where, target, content, worker, home } = stage();
const browser = await launch();

/* The form of the page that has this field, and its last button. */
const formWith = (page, field) => page.locator(`main form:has([name="${field}"])`);
const press = (page, field) => formWith(page, field).locator("button").last().click();
const words = async (page) => (await page.locator("main").innerText()).replace(/\s+/g, " ");

/* Until the page says so; without scripts by the links that the page offers. */
async function until(page, js, there, what) {
	const limit = Date.now() + 90_000;
	while (!(await there())) {
		expect(Date.now() < limit, `${what} does not come: ${(await words(page)).slice(0, 600)}`);
		if (js)
			await page.waitForTimeout(200);
		else
			await page.locator("main a", { hasText: /refresh|reload/i }).first().click();
	}
}

/* Stops the worker between two of its transactions: else the catalogue stays locked until it goes on. */
async function stop(page) {
	const free = "import sqlite3, sys\n"
		+ "c = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
		+ "c.execute('BEGIN IMMEDIATE')\nc.execute('ROLLBACK')\n";
	for (let tries = 50; ; tries--) {
		process.kill(worker, "SIGSTOP");
		try {
			execFileSync("/usr/bin/python3", ["-c", free, `${home}/catalog.db`], { stdio: "pipe" });
			return;
		} catch (error) {
			process.kill(worker, "SIGCONT");
			expect(tries > 0 && /locked/.test(error.stderr), `the catalogue is never free: ${error.stderr}`);
			await page.waitForTimeout(100);
		}
	}
}

async function save(page, click) {
	const [download] = await Promise.all([page.waitForEvent("download"), click()]);
	const bytes = readFileSync(await download.path());
	return { name: download.suggestedFilename(), sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length };
}

/* Links of the newest mail, from its plain text. */
function mailedLinks() {
	const mails = readdirSync(`${home}/mail`).filter((n) => n.endsWith(".eml")).sort();
	const text = mails.map((n) => readFileSync(`${home}/mail/${n}`, "latin1")).join("\n")
		.replace(/=\r?\n/g, "").replaceAll("=3D", "=");
	return [...text.matchAll(/\/dl\/[\w-]{43}\/[a-z]*\d+/g)].map((m) => m[0]);
}

/* Every file below a folder by its path, byte for character, with the hash of its bytes; what is no file has none. */
function tree(folder, below = "", found = {}) {
	const path = (name) => Buffer.from(`${folder}/${name}`, "latin1");
	for (const name of readdirSync(path(below), { encoding: "latin1" }).sort().map((n) => below + n)) {
		const st = lstatSync(path(name));
		found[name] = st.isFile() ? createHash("sha256").update(readFileSync(path(name))).digest("hex") : "";
		if (st.isDirectory())
			tree(folder, `${name}/`, found);
	}
	return found;
}

/* What a database says to a question. */
const asked = (path, sql) => execFileSync("python3", ["-c",
	"import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())", path, sql],
	{ encoding: "utf8" }).trim();

const alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/*
 * From the backup's page through What and Where to the page that asks, once the target was looked at: `part` (null: all)
 * in `only` these paths, into `place` (null: where it came from).
 */
async function askRestore(page, js, backup, { part = null, only = "", place = null }) {
	const next = (words) => page.getByRole("button", { name: words, exact: true }).click();
	await page.goto(base + backup);
	await page.locator(`main a[href="${backup}/restore"]`).first().click();
	await page.waitForURL(`**${backup}/restore`);
	for (const box of part ? await page.getByLabel(/^Restore /).all() : [])
		await box.setChecked(await box.evaluate((e) => e.labels[0].innerText) === `Restore ${part}`);
	if (only) {
		await page.locator("fieldset", { hasText: `Restore ${part}` }).getByLabel(/^Only these/).check();
		await page.getByLabel(`Paths of ${part}`).fill(only);
	}
	await next("Next: where");
	expect(await page.locator('[name="place"]:checked').count() === 0, "a place is chosen for everybody");
	await page.check(place ? "#place-other" : "#place-same");
	if (place)
		await page.selectOption("#to", { label: place });
	await next("Use this environment");
	// Elsewhere nothing is chosen for anybody: each part goes into the service of its name.
	for (const box of place ? await page.locator('select[name^="service-"]').all() : [])
		await box.selectOption({ label: (await box.evaluate((e) => e.labels[0].innerText)).trim().split(",")[0] });
	await page.check('[name="mode"][value="replace"]');
	await next("Next: see what will change");
	await page.waitForURL("**/r/r*/confirm");
	await until(page, js, async () => (await page.locator('[name="typed"]').count()) > 0, "the end of the look");
}

/* Decide for it and watch it to its end; gives the address of the restore. */
async function confirmRestore(page, js, label) {
	const field = page.locator('[name="typed"]');
	const yes = () => page.getByRole("button", { name: `Yes, restore into ${label}` }).click();
	const realData = page.locator('[name="real_data"]');
	await page.check('[name="consent"]');
	if (await realData.count())
		await realData.check();
	await field.fill("something/else");
	await yes();
	const told = await words(page);
	expect(told.includes(`Type ${label} exactly`), `a wrong name is not refused: ${told.slice(0, 600)}`);
	await field.fill(label);
	await yes();
	await page.waitForURL(/\/r\/r\d+$/);
	const restore = page.url();
	await until(page, js, async () => /^\W*(Done|Restored|Failed)\b/.test(await page.locator("#restore .safety").innerText()),
		"the end of the restore");
	expect(!(await page.locator('main [role="alert"]').count()), `it failed: ${(await words(page)).slice(0, 900)}`);
	return restore;
}

for (const js of [true, false]) {
	const way = js ? "with scripts" : "without scripts";
	const view = await open(browser, base, { javaScriptEnabled: js, acceptDownloads: true });
	const { page, faults } = view;
	let backup = "", download = "", restored = "";
	const staging = () => [tree(`${content}/staging/media`),
		asked(`${content}/staging/shop.sqlite`, "SELECT name FROM sqlite_master")];
	const before = staging();

	await test(`DIV-5 sign-in, ${way}`, async () => {
		await page.goto(`${base}/p/${where}/backups`);
		expect(page.url().includes("/login"), `not asked to sign in: ${page.url()}`);
		await page.fill('[name="email"]', email);
		await page.fill('[name="password"]', password);
		await press(page, "password");
		await page.waitForURL(`**/p/${where}/backups`);
	});

	await test(`DIV-6 DIV-7 create a backup with a note, ${way}`, async () => {
		await stop(page);
		await page.goto(`${base}/p/${where}/backups/new`);
		await page.fill('[name="note"]', `From the browser, ${way}`);
		await press(page, "note");
		await page.waitForURL("**/j/j*");
		expect(/queued/i.test(await words(page)), `not queued: ${await words(page)}`);
	});

	await test(`DIV-5 a form sent after a sign-out elsewhere keeps what was typed, ${way}`, async () => {
		const tab = await open(browser, base, { javaScriptEnabled: js });
		const form = `${base}/p/${where}/backups/new`;
		const enter = async (page) => {
			await page.fill('[name="email"]', email);
			await page.fill('[name="password"]', password);
			await press(page, "password");
			await page.waitForURL(form);
		};
		await tab.page.goto(form);
		await enter(tab.page);
		await tab.page.fill('[name="note"]', "A long thought");
		await tab.context.clearCookies();
		await press(tab.page, "note");
		expect((await words(tab.page)).startsWith("You are signed out"), `not told: ${await words(tab.page)}`);
		const [other] = await Promise.all([tab.context.waitForEvent("page"),
			tab.page.locator("main a", { hasText: "Sign in" }).click()]);
		await enter(other);
		await tab.page.goBack();
		const kept = await tab.page.inputValue('[name="note"]');
		expect(kept === "A long thought", `the note is '${kept}'`);
		await press(tab.page, "note");
		await tab.page.waitForURL("**/j/j*");
		await tab.context.close();
	});

	// Only scripts poll; the job still waits for the worker here.
	if (js)
		await test("DIV-15 a page that polls says so when the session has ended, and stops", async () => {
			const cookies = await view.context.cookies();
			const job = page.url();
			let asked = 0;
			await view.context.clearCookies();
			await page.locator("#connection").waitFor();
			const told = await page.locator("#connection").innerText();
			page.on("request", (r) => { asked += r.url().endsWith("/fragment"); });
			await page.waitForTimeout(2500);
			await page.locator("#connection a").click();
			await page.waitForURL("**/login?next=*");
			const next = await page.inputValue('[name="next"]');
			await view.context.addCookies(cookies);
			await page.goto(job);
			expect(told.startsWith("You are signed out."), `it says: ${told}`);
			expect(asked === 0, `it asked ${asked} times more`);
			expect(base + next === job, `signing in leads to ${next}`);
		});

	await test(`DIV-15 progress shows by itself, ${way}`, async () => {
		if (js)
			await page.evaluate(() => { window.samePage = true; });
		process.kill(worker, "SIGCONT");
		await until(page, js, async () => /\bSucceeded\b|\bReady\b|\bDone\b/.test(await words(page)), "the end of the backup");
		if (js)
			expect(await page.evaluate(() => window.samePage), "the page was loaded anew");
		backup = /\/b\/b\d+/.exec(await page.content())?.[0];
		expect(backup, "the job's page does not lead to its backup");
	});

	await test(`DIV-14 DIV-15 prepare a download, ${way}`, async () => {
		await page.goto(base + backup);
		await page.locator(`a[href="${backup}/download"]`).first().click();
		await page.waitForURL(`**${backup}/download`);
		await press(page, "parts");
		await page.waitForURL(/\/[dj]\/[dj]\d+/);
		await until(page, js, async () => (await page.locator('form[action*="/files/"]').count()) >= 2, "the download");
		download = /\/d\/d\d+/.exec(page.url() + (await page.content()))[0];
	});

	await test(`DIV-17 DIV-18 download the files from the page of the download, ${way}`, async () => {
		await page.goto(base + download);
		const sums = (await page.content()).match(/\b[0-9a-f]{64}\b/g) ?? [];
		const buttons = page.locator('form[action*="/files/"] button');
		const count = await buttons.count();
		expect(count >= 2, `${count} files`);
		for (let i = 0; i < count; i++) {
			const got = await save(page, () => buttons.nth(i).click());
			expect(got.size > 0 && sums.includes(got.sha256), `${got.name}: ${got.sha256} is not on the page`);
		}
	});

	await test(`DIV-16 follow the mailed links as a guest and download, ${way}`, async () => {
		const guest = await open(browser, base, { javaScriptEnabled: js, acceptDownloads: true });
		const limit = Date.now() + 30_000;
		while (mailedLinks().length < (js ? 2 : 4)) {
			expect(Date.now() < limit, "no mail came");
			await page.waitForTimeout(200);
		}
		for (const link of mailedLinks().slice(-2)) {
			await guest.page.goto(base + link);
			const sums = (await guest.page.content()).match(/\b[0-9a-f]{64}\b/g) ?? [];
			const got = await save(guest.page, () => guest.page.locator("main form button").last().click());
			expect(sums.includes(got.sha256), `${got.name}: ${got.sha256} is not on the page`);
		}
		const kept = await guest.context.cookies();
		await guest.context.close();
		expect(kept.length === 0, "a guest was given a cookie");
	});

	await test(`DIV-9 DIV-11 DIV-12 SET-15 restore live into staging, ${way}`, async () => {
		const product = (where) => asked(`${content}${where}/shop.sqlite`, "SELECT * FROM product ORDER BY id");
		const live = [tree(`${content}/media`), product("")];
		await askRestore(page, js, backup, { place: target });
		const told = await words(page);
		for (const word of [target, "will be lost", "product", "500", "Back up the target first"])
			expect(told.includes(word), `"${word}" is not on the page that asks: ${told.slice(0, 1500)}`);
		expect(alike(staging(), before), "the look has changed the target");
		restored = await confirmRestore(page, js, target);
		const { pipe, ...kept } = live[0];
		expect(pipe === "" && alike(staging()[0], kept), `staging has: ${Object.keys(staging()[0])}`);
		expect(product("/staging") === live[1], "the rows of staging are not those of live");
		expect(alike([tree(`${content}/media`), product("")], live), "live was changed");
		expect(/Safety backup b\d+/.test(await words(page)), `no safety backup: ${(await words(page)).slice(0, 900)}`);
	});

	await test(`NEW-2 SET-15 undo of that restore, ${way}`, async () => {
		await page.goto(restored);
		await page.locator("main a", { hasText: "Undo restore" }).click();
		await page.waitForURL(`${restored}/undo`);
		await page.getByRole("button", { name: /^Undo restore r\d+$/ }).click();
		await page.waitForURL(restored);
		await until(page, js, async () => (await words(page)).includes("is as it was before this restore"), "the end of the undo");
		expect(alike(staging(), before), `staging has: ${JSON.stringify(staging())}`);
		expect(!(await page.locator("main a", { hasText: "Undo restore" }).count()), "it can be undone twice");
	});

	await test(`DIV-11 restore of a single folder, ${way}`, async () => {
		const media = `${content}/media`;
		const was = tree(media);
		writeFileSync(`${media}/img/3.svg`, "changed since\n");
		writeFileSync(`${media}/img/since.svg`, "came since\n");
		writeFileSync(`${media}/texts/about.txt`, `About, written anew ${way}\n`);
		const now = tree(media);
		await askRestore(page, js, backup, { part: "Media", only: "img" });
		const told = await words(page);
		expect(told.includes("Only: img") && told.includes("will be lost"), `the choice is not told: ${told.slice(0, 1500)}`);
		await confirmRestore(page, js, where);
		expect(alike(tree(media), { ...was, "texts/about.txt": now["texts/about.txt"] }), `live has: ${Object.keys(tree(media))}`);
	});

	await test(`no fault was reported on the way, ${way}`, () => faults);
	await view.context.close();
}
await browser.close();
end();
