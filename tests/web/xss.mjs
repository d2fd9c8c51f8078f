/* xss.mjs: open pages that hold hostile text, with the policy switched off, and see whether a canary is called. */
import { end, launch, open, stage, test } from "./browser.mjs";

const { base, cookie, rounds, controls } = stage();
const browser = await launch();
const fired = [];

async function watch(options) {
	const view = await open(browser, base, options);
	await view.context.exposeFunction("canary", (x) => { fired.push(x ?? "called"); });
	view.page.on("dialog", (d) => { fired.push(`dialog ${d.message()}`); d.dismiss(); });
	return view;
}

/* What the address is, or the page itself when it is given as text (a mail). */
async function show(page, target) {
	if (target.html)
		await page.setContent(target.html);
	else
		await page.goto(base + target.path);
	await page.waitForTimeout(20);
}

// Without the policy only the escaping stands between the text and the canary.
const bare = await watch({ cookie, bypassCSP: true });
const guest = await watch({ bypassCSP: true });
for (const round of rounds) {
	await test(`T50 ${round.name}: no canary in ${round.pages.length} pages`, async () => {
		fired.length = 0;
		const found = [];
		for (const target of round.pages) {
			await show(target.guest ? guest.page : bare.page, target);
			if (fired.length)
				found.push(`${target.path ?? "mail"}: ${fired.splice(0).join(", ")}`);
		}
		return found;
	});
}

if (controls) {
	await test("T50 control: the same texts, printed as they are, do call the canary", async () => {
		const quiet = [];
		for (const round of rounds) {
			fired.length = 0;
			await bare.page.setContent(`<!DOCTYPE html><title>x</title><p>${round.text}</p>`);
			await bare.page.waitForTimeout(60);
			if (!fired.length)
				quiet.push(`${round.name} did not`);
		}
		// A round of template words alone calls nothing in a browser.
		return quiet.length > rounds.length / 4 ? quiet : [];
	});

	const strict = await watch({ cookie });
	await test("T50 the policy stops what escaping would have let through", async () => {
		await strict.page.goto(`${base}/help`);
		fired.length = 0;
		await strict.page.evaluate(() => {
			document.body.insertAdjacentHTML("beforeend", '<img src="/nothing" onerror="canary(1)">');
		});
		await strict.page.waitForTimeout(200);
		const reports = await strict.page.evaluate(() => window.cspReports.length);
		return [...fired.map((f) => `canary ${f}`), ...(reports ? [] : ["nothing was reported"])];
	});
}
await browser.close();
end();
