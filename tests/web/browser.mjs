/* browser.mjs: Debian's chromium, driven by playwright-core, and how the browser tests report. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const WIDE = { width: 1100, height: 900 };
export const NARROW = { width: 320, height: 720 };

export async function launch() {
	// Chromium's sandbox refuses root and nobody else.
	const args = process.getuid() === 0 ? [...flags, "--no-sandbox"] : flags;
	return chromium.launch({ executablePath: "/usr/bin/chromium", args });
}

/* What the test driver (stage.py) tells on stdin: base, cookie, pages and numbers. */
export function stage() {
	return JSON.parse(readFileSync(0, "utf8"));
}

/*
 * A context of somebody signed in (cookie given) or not. Console errors, page errors, failed requests and reports of
 * the content security policy gather in `faults`.
 */
export async function open(browser, base, options = {}) {
	const { cookie, faults = [], ...rest } = options;
	const context = await browser.newContext({ viewport: WIDE, ...rest });
	if (cookie)
		await context.addCookies([{ name: cookie.name, value: cookie.value, url: base }]);
	await context.addInitScript(() => {
		window.cspReports = [];
		document.addEventListener("securitypolicyviolation", (e) =>
			window.cspReports.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
	});
	const page = await context.newPage();
	page.on("console", (m) => {
		// The status of an error page under test is no fault of its own.
		if (m.type() === "error" && !/Failed to load resource: the server responded with a status of 4\d\d/.test(m.text()))
			faults.push(`console: ${m.text()}`);
	});
	page.on("pageerror", (e) => faults.push(`script: ${e.message}`));
	page.on("response", (r) => {
		if (r.status() >= 500 && r.status() !== page.expectedStatus)
			faults.push(`${r.status()} ${r.url()}`);
	});
	return { context, page, faults };
}

/* The violations of axe on the page as it stands, one line each. */
export async function axe(page) {
	await page.evaluate(axeSource);
	const found = await page.evaluate(() => window.axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		resultTypes: ["violations"],
	}));
	return found.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) =>
		`axe ${v.id}: ${v.help}: ${n.html.slice(0, 160)} ${(n.any[0]?.message ?? "").slice(0, 160)}`));
}

let failed = 0;

/* Run one test; its findings (a list of lines, empty when all is well) or its exception make it fail. */
export async function test(name, fn) {
	let findings;
	try {
		findings = (await fn()) ?? [];
	} catch (e) {
		findings = String(e.stack ?? e).split("\n");
	}
	console.log(`${findings.length ? "not ok" : "ok"} - ${name}`);
	for (const line of findings.slice(0, 30))
		console.log(`# ${line}`);
	failed += findings.length > 0;
}

export function end() {
	process.exitCode = failed ? 1 : 0;
}

export function expect(good, words) {
	if (!good)
		throw new Error(words);
}
