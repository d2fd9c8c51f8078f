/* journeys.mjs: sign-in, create, progress, prepare and download in the browser, each with scripts and without. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { end, expect, launch, open, stage, test } from "./browser.mjs";

const { base, email, password, where, worker, home } = stage();
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

for (const js of [true, false]) {
	const way = js ? "with scripts" : "without scripts";
	const view = await open(browser, base, { javaScriptEnabled: js, acceptDownloads: true });
	const { page, faults } = view;
	let backup = "", download = "";

	await test(`DIV-5 sign-in, ${way}`, async () => {
		await page.goto(`${base}/p/${where}/backups`);
		expect(page.url().includes("/login"), `not asked to sign in: ${page.url()}`);
		await page.fill('[name="email"]', email);
		await page.fill('[name="password"]', password);
		await press(page, "password");
		await page.waitForURL(`**/p/${where}/backups`);
	});

	await test(`DIV-6 DIV-7 create a backup with a note, ${way}`, async () => {
		process.kill(worker, "SIGSTOP");
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

	await test(`no fault was reported on the way, ${way}`, () => faults);
	await view.context.close();
}
await browser.close();
end();
